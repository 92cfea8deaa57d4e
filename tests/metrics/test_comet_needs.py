"""What a COMET metric says it needs: in a folder, in the hub's cache or nowhere; found without a network or loading."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mteval.files import packaged
from mteval.metrics.comet_fakes import write_ckpt
from mteval.needs import Need, lacking
from tests.tiny_comet import Write, checkpoint, comet

__all__ = ["checkpoint"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and no way to the hub itself."""
    from huggingface_hub import constants

    def refuse(*_: Any) -> None:
        raise AssertionError("nothing may be asked of the hub")

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tmp_path / "hub"


def put(cache: Path, name: str, folder: Path) -> Path:
    """Put a folder into the cache as a model's main branch."""
    model = cache / f"models--{name.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text(COMMIT)
    there = model / "snapshots" / COMMIT
    shutil.copytree(folder, there, ignore=shutil.ignore_patterns("encoder"))
    return there


def named(folder: Path, encoder: str, model: str = "XLM-RoBERTa") -> Path:
    """A checkpoint whose settings, in both places that have them, name another encoder."""
    import torch

    contents = torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True)
    changes = {"pretrained_model": encoder, "encoder_model": model}
    write_ckpt(folder, contents["state_dict"], contents["hyper_parameters"] | changes)
    settings = yaml.safe_load((folder / "hparams.yaml").read_text("utf-8"))
    (folder / "hparams.yaml").write_text(yaml.safe_dump(settings | changes), "utf-8")
    return folder


@pytest.fixture
def copy(checkpoint: Write, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint("referenceless"), tmp_path / "copy"))


def told(need: Need) -> tuple[str, str, bool | None, str]:
    return need.kind, need.name, need.found, need.detail


def test_a_folder_has_all(copy: Path, cache: Path) -> None:
    size = (copy / "checkpoints" / "model.ckpt").stat().st_size
    own, encoder = comet(copy).needs()
    assert told(own) == ("checkpoint", str(copy), True, f"in {copy}")
    assert (own.memory, own.hub, own.gated) == (size, None, False)
    assert told(encoder)[1:3] == ("encoder", True)
    assert comet(copy, precision="fp16").needs()[0].memory == size // 2
    assert lacking(comet(copy / "checkpoints" / "model.ckpt").needs()) == []


def test_what_ships_has_all(cache: Path) -> None:
    assert lacking(comet("package:metrics/checkpoints/comet-qe-mini").needs()) == []


def test_the_hub_s_cache_has_all(copy: Path, cache: Path) -> None:
    put(cache, "tiny/encoder", copy / "encoder")
    there = put(cache, "tiny/qe", named(copy, "tiny/encoder"))
    own, encoder = comet("tiny/qe", gated=True).needs()
    assert told(own) == ("checkpoint", "tiny/qe", True, f"in {there}")
    assert (own.hub, own.gated, own.files) == ("tiny/qe", True, ("hparams.yaml", "checkpoints/model.ckpt"))
    assert own.memory == (copy / "checkpoints" / "model.ckpt").stat().st_size
    assert encoder.found and encoder.name == encoder.hub == "tiny/encoder"
    assert "config.json" in encoder.files and "tokenizer.json" in encoder.files


def test_a_checkpoint_that_is_nowhere(cache: Path, tmp_path: Path) -> None:
    (own,) = comet("tiny/qe", gated=True, revision="v2").needs()  # which encoder it has is not known
    assert told(own) == ("checkpoint", "tiny/qe", False, "not in the hub's cache")
    assert (own.hub, own.revision, own.gated, own.memory) == ("tiny/qe", "v2", True, None)
    assert own.remedy == (
        "set checkpoint to a local folder that holds hparams.yaml and checkpoints/model.ckpt, "
        "or use the open checkpoint Unbabel/wmt20-comet-qe-da"
    )
    (own,) = comet(tmp_path / "nowhere").needs()
    assert not own.found and own.hub is None
    assert own.detail == f"no {tmp_path / 'nowhere' / 'checkpoints' / 'model.ckpt'}"


def test_a_half_downloaded_checkpoint_is_not_there(copy: Path, cache: Path) -> None:
    (put(cache, "tiny/qe", copy) / "checkpoints" / "model.ckpt").unlink()
    assert [need.found for need in comet("tiny/qe").needs()] == [False]


def test_a_revision_that_is_not_in_the_cache(copy: Path, cache: Path) -> None:
    put(cache, "tiny/qe", copy)
    assert [need.found for need in comet("tiny/qe", revision="v2").needs()] == [False]
    assert comet("tiny/qe", revision=COMMIT).needs()[0].found


def test_an_encoder_that_is_not_in_the_cache(copy: Path, cache: Path) -> None:
    own, encoder = comet(named(copy, "tiny/encoder")).needs()
    assert own.found
    assert told(encoder) == ("checkpoint", "tiny/encoder", False, "its tokenizer is not in the hub's cache")
    assert encoder.hub == "tiny/encoder"
    assert encoder.remedy == ("set local_encoder to a folder that holds the config.json and tokenizer of tiny/encoder")
    _, encoder = comet(copy, local_encoder=str(copy / "encoder")).needs()
    assert encoder.found and encoder.hub is None


def test_an_encoder_s_folder_that_is_not_whole_or_not_there(copy: Path, cache: Path) -> None:
    (copy / "encoder" / "tokenizer.json").unlink()
    _, encoder = comet(copy, local_encoder=str(copy / "encoder")).needs()
    assert told(encoder)[2:] == (False, f"{copy / 'encoder'} lacks config.json or a tokenizer")
    _, encoder = comet(named(copy, str(copy / "gone"))).needs()
    assert told(encoder)[2:] == (False, f"{copy / 'gone'} lacks config.json or a tokenizer")
    assert encoder.hub is None, "a path is not a model of the hub's"


def test_the_tokenizer_that_comet_always_takes_from_the_hub(copy: Path, cache: Path) -> None:
    needs = comet(named(copy, str(copy / "encoder"), "MiniLM")).needs()
    assert [(need.name, need.found) for need in needs[1:]] == [("encoder", True), ("xlm-roberta-base", False)]
    put(cache, "xlm-roberta-base", copy / "encoder")
    assert lacking(comet(copy).needs()) == []


def test_a_checkpoint_that_cannot_be_read_says_so(copy: Path, cache: Path) -> None:
    (copy / "checkpoints" / "model.ckpt").write_bytes(b"no zip")
    own, file = comet(copy).needs()
    assert own.found
    assert told(file) == ("file", str(copy), False, "model.ckpt is cut off, or no file that torch saved")
    assert file.remedy == "copy or download it again"
    (copy / "hparams.yaml").write_text("class_identifier: ranking_metric")
    shutil.copy(packaged("metrics/checkpoints/comet-qe-mini") / "checkpoints" / "model.ckpt", copy / "checkpoints")
    _, file = comet(copy).needs()
    assert told(file)[2:] == (False, "its hparams.yaml has the class_identifier 'ranking_metric'")


def test_offline_needs_are_the_same(copy: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache, "tiny/encoder", copy / "encoder")
    put(cache, "tiny/qe", named(copy, "tiny/encoder"))
    online = comet("tiny/qe").needs()
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    assert comet("tiny/qe").needs() == online
    comet("tiny/qe").check()
    assert lacking(comet("tiny/other").needs())


def test_what_a_hub_model_needs_is_found_without_torch(tmp_path: Path) -> None:
    script = f"""
import sys
from huggingface_hub import constants
constants.HF_HUB_CACHE = {str(tmp_path)!r}
from mteval.metrics.comet import Comet
metric = Comet(checkpoint="Unbabel/wmt22-comet-da", label="X", needs_reference=True, licence="x")
assert [need.found for need in metric.needs()] == [False]
assert not {{"torch", "comet", "transformers"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
