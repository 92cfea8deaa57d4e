"""Files of checkpoints that were cut short: each is named before anything is loaded, and whole ones are let be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mteval.checkpoint import find, need
from mteval.checkpoint_files import damage
from mteval.errors import UnavailableError
from mteval.systems.huggingface_fakes import write_m2m100, write_marian, write_nllb

FILES = {
    "marian": ("config.json", "generation_config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json"),
    "m2m100": ("added_tokens.json", "sentencepiece.bpe.model", "special_tokens_map.json", "tokenizer_config.json"),
    "nllb": ("tokenizer.json",),
    "torch": ("pytorch_model.bin",),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import torch
    from safetensors.torch import load_file

    folder = tmp_path_factory.mktemp("whole")
    made = {
        name: write(folder / name)
        for name, write in (("marian", write_marian), ("m2m100", write_m2m100), ("nllb", write_nllb))
    }
    made["torch"] = Path(shutil.copytree(made["nllb"], folder / "torch"))
    weights = made["torch"] / "model.safetensors"
    torch.save(load_file(weights), made["torch"] / "pytorch_model.bin")
    weights.unlink()
    return made


@pytest.fixture
def copy(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: Path(shutil.copytree(folders[name], tmp_path / name))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in FILES.items() for file in files])
def test_a_file_that_was_cut_short_is_named(copy: Callable[[str], Path], name: str, file: str, share: float) -> None:
    folder = copy(name)
    raw = (folder / file).read_bytes()
    (folder / file).write_bytes(raw.rstrip()[: int(share * len(raw.rstrip()))])
    expected = f"{file} is cut off" if share else f"{file} is empty"
    with pytest.raises(UnavailableError, match=expected) as caught:
        find(str(folder), None)
    assert "\n" not in str(caught.value) and f"remove it from {folder}" in str(caught.value)
    found = need(str(folder), None)
    assert not found.found and found.detail.startswith(expected)


@pytest.mark.parametrize("name", FILES)
def test_whole_checkpoints_are_let_be(folders: dict[str, Path], name: str) -> None:
    assert find(str(folders[name]), None).folder == folders[name]
    assert need(str(folders[name]), None).found


def test_a_large_vocabulary_is_looked_at_where_it_ends(tmp_path: Path) -> None:
    text = "{" + ",\n".join(f'"{number:08}": {number}' for number in range(60_000)) + "}\n"
    path = tmp_path / "vocab.json"
    path.write_text(text)
    assert path.stat().st_size > 2**20 and damage(path) is None
    path.write_text(text[:-4])
    assert damage(path) == "vocab.json is cut off"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("tokenizer.model", b"IQ== 0\nIg== 1\n"),  # tiktoken's, which is text
        ("pytorch_model.bin", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."),  # as torch wrote before 1.6, no zip
        ("train_log.json", b'{"step": 1}\n{"step": 2}\n'),  # lines of JSON that nobody reads
    ],
)
def test_what_it_does_not_know_it_takes_for_whole(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    assert damage(tmp_path / name) is None


def test_a_shard_that_was_cut_short_is_named(copy: Callable[[str], Path]) -> None:
    from transformers import AutoModelForSeq2SeqLM

    folder = copy("nllb")
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    assert find(str(folder), None)
    last = sorted(folder.glob("model-*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.raises(UnavailableError, match=f"{last.name} is cut off: it has"):
        find(str(folder), None)
