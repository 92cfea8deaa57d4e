"""What must be there is looked for without loading or asking anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from mteval import checkpoint, needs, network
from mteval.errors import UnavailableError
from mteval.lang import LangPair
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.needs import Need, lacking


def test_a_package_is_there_in_a_version_that_will_do() -> None:
    assert needs.package("numpy>=1").found is True
    old = needs.package("numpy<1", extra="chat")
    assert (old.found, old.remedy) == (False, "pip install 'mteval[chat]'")
    assert "<1 is needed" in old.detail
    assert needs.package("no-such-package>=1").detail == "not installed"


def test_a_program_a_file_and_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert needs.program("sh", "").found
    assert not needs.program("no-such-program", "").found
    assert needs.file(tmp_path, "").found
    assert not needs.file(tmp_path / "none", "").found
    monkeypatch.setenv("MY_KEY", "a-secret")
    there = needs.key("MY_KEY")
    assert there.found
    assert "a-secret" not in repr(there)
    monkeypatch.setenv("MY_KEY", " ")
    assert not needs.key("MY_KEY").found


def test_what_is_unknown_is_not_lacking() -> None:
    found = [Need("endpoint", "a", None), Need("key", "b", False), Need("file", "c", True)]
    assert [need.name for need in lacking(found)] == ["b"]


def test_a_checkpoint_in_a_folder_says_how_much_memory_it_takes(tmp_path: Path) -> None:
    assert checkpoint.need(str(tmp_path), None).detail == "the folder has no config.json"
    header = b'{"w": {"dtype": "U8", "shape": [300], "data_offsets": [0, 300]}}'.ljust(92)
    weights = len(header).to_bytes(8, "little") + header + b"x" * 300
    for name, data in {"config.json": b"{}", "model.safetensors": weights, "tokenizer.json": b"{}"}.items():
        (tmp_path / name).write_bytes(data)
    there = checkpoint.need(str(tmp_path), None, bytes_per_weight=2)
    assert (there.found, there.memory) == (True, 200)


def test_a_checkpoint_of_the_hub_is_looked_for_in_its_cache_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    found = checkpoint.need("org/model", "main", gated=True)
    assert (found.found, found.hub, found.revision, found.gated) == (False, "org/model", "main", True)


def test_offline_is_refused_before_the_hub_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    network.go_offline()
    with pytest.raises(UnavailableError, match="this run is offline"):
        checkpoint.find("org/model", None)


def test_this_machine_itself_is_no_network() -> None:
    for url in ("http://localhost:8000/v1", "http://127.0.0.1", "http://[::1]:80/", "http://x.localhost"):
        assert network.is_local(url)
    for url in ("https://api.openai.com/v1", "http://10.0.0.1", "nonsense", "http://localhost.example.org"):
        assert not network.is_local(url)
    network.check_online("x", "https://api.openai.com/v1")
    network.go_offline()
    network.check_online("x", "http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match=r"needs api\.openai\.com, and this run is offline"):
        network.check_online("x", "https://api.openai.com/v1")


def test_every_plug_in_says_what_it_needs(tmp_path: Path) -> None:
    from mteval.metrics.comet import Comet
    from mteval.systems.apertium import Apertium
    from mteval.systems.huggingface import HuggingFace
    from mteval.systems.stored import Stored

    pair = LangPair("pt", "en")
    modes = Apertium({"pt-en": ["pt-es", "no-such-mode"]}).needs(pair)
    assert [need.name for need in lacking(modes)] == ["mode no-such-mode"]
    assert [need.name for need in lacking(Stored("{source}.txt").needs(pair))] == ["pt.txt"]
    assert lacking(HuggingFace(str(tmp_path)).needs(pair))[0].kind == "checkpoint"
    folder = write_comet_checkpoint(tmp_path / "comet", "referenceless")
    comet = Comet(checkpoint=str(folder), label="x", needs_reference=False, licence="MIT")
    found = comet.needs()
    assert not lacking(found)
    assert len(found) == 2
    assert found[0].memory
