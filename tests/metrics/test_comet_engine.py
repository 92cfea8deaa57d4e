"""Tests of how a COMET model is loaded and asked: what is done once, and what is not done at all."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest

from mteval.metrics import comet_runner as comet_room
from mteval.metrics.base import Item
from mteval.metrics.comet_checkpoint import CometCheckpoint
from mteval.metrics.comet_fakes import KINDS
from mteval.metrics.comet_mapped import give_back, mapped
from tests.tiny_comet import Write, checkpoint, comet, official, scores

__all__ = ["checkpoint"]

SOURCES = ["O menino foi para a rua.", "Casa.", "a água da cidade não é para o tempo", "un copil în oraș"]
REFERENCES = ["The child was in the street.", "House.", "the water of the city", "a child in the city"]
HYPOTHESES = [
    ["The child went to the street.", "House.", "the water of the city is not for the time", "a child"],
    ["A child, street.", "House.", "water", "a child in the city and in the city"],
    ["The child went to the street.", "Casa.", "the water of the city", "child with a book in the rain"],
]
ITEMS = [
    Item(source, text, (reference,))
    for system in HYPOTHESES
    for source, text, reference in zip(SOURCES, system, REFERENCES, strict=True)
]


def samples(needs_reference: bool) -> list[dict[str, str]]:
    one = [{"src": item.source, "mt": item.hypothesis} for item in ITEMS]
    return [{**s, "ref": i.references[0]} for s, i in zip(one, ITEMS, strict=True)] if needs_reference else one


@pytest.mark.parametrize("budget", [1, 24, 1024])
@pytest.mark.parametrize(
    ("kind", "needs"),
    [("regression", True), ("referenceless", False), ("unified_qe", False), ("unified", True), ("xcomet", True)],
)
def test_systems_together_are_official_whatever_the_batches(
    checkpoint: Write, monkeypatch: pytest.MonkeyPatch, kind: str, needs: bool, budget: int
) -> None:
    monkeypatch.setattr(comet_room, "_CPU_TOKENS", budget)
    monkeypatch.setattr(comet_room, "_GROUP", 5)
    ours = [score.score for score in scores(comet(checkpoint(kind), needs_reference=needs), ITEMS)]
    theirs = official(checkpoint(kind), samples(needs)).scores
    assert max(theirs) - min(theirs) > 0.01
    assert ours == pytest.approx(theirs, abs=2e-6, rel=0)


@pytest.mark.parametrize(("kind", "needs"), [("regression", True), ("referenceless", False)])
def test_each_text_is_encoded_once(checkpoint: Write, monkeypatch: pytest.MonkeyPatch, kind: str, needs: bool) -> None:
    metric = comet(checkpoint(kind), needs_reference=needs)
    encoder = metric._model.encoder
    prepared: list[str] = []
    prepare = encoder.prepare_sample

    def watched(texts: list[str]) -> Any:
        prepared.extend(texts)
        return prepare(texts)

    monkeypatch.setattr(encoder, "prepare_sample", watched)
    scores(metric, ITEMS)
    texts = {text for i in ITEMS for text in (i.source, i.hypothesis, *(i.references if needs else ()))}
    assert sorted(prepared) == sorted(texts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loaded_weights_are_those_of_comet_and_stay_in_the_file(checkpoint: Write, kind: str) -> None:
    import torch
    from comet import load_from_checkpoint

    ckpt = checkpoint(kind) / "checkpoints" / "model.ckpt"
    before = hashlib.sha256(ckpt.read_bytes()).hexdigest()
    ours = CometCheckpoint(str(checkpoint(kind)), None, None, False, "x").load()
    theirs = load_from_checkpoint(str(ckpt))
    expected = theirs.state_dict()
    assert list(ours.state_dict()) == list(expected)
    assert all(torch.equal(weight, expected[name]) for name, weight in ours.state_dict().items())
    buffers = dict(theirs.named_buffers())
    assert all(torch.equal(one, buffers[name]) for name, one in ours.named_buffers())
    needs = False not in CometCheckpoint(str(checkpoint(kind)), None, None, False, "x").reference_modes
    scores(comet(checkpoint(kind), needs_reference=needs, precision="bf16"), ITEMS)
    assert hashlib.sha256(ckpt.read_bytes()).hexdigest() == before


def test_weights_in_half_precision_are_loaded_in_full(checkpoint: Write, tmp_path: Path) -> None:
    import shutil

    import torch

    folder = Path(shutil.copytree(checkpoint("regression"), tmp_path / "half"))
    ckpt = folder / "checkpoints" / "model.ckpt"
    contents = torch.load(ckpt, weights_only=True)
    contents["state_dict"] = {name: weight.half() for name, weight in contents["state_dict"].items()}
    torch.save(contents, ckpt)
    ours = [score.score for score in scores(comet(folder, needs_reference=True), ITEMS)]
    assert ours == pytest.approx(official(folder, samples(True)).scores, abs=2e-6, rel=0)


def test_in_bf16_products_alone_lose_precision(checkpoint: Write) -> None:
    import torch

    model = comet(checkpoint("unified"), precision="bf16")._model
    brief = {name for name, weight in model.named_parameters() if weight.dtype == torch.bfloat16}
    assert brief and all(".encoder.layer." in name and "LayerNorm" not in name for name in brief)
    assert {w.dtype for n, w in model.named_parameters() if n not in brief} == {torch.float32}


def test_the_last_layer_makes_the_first_token_alone_and_only_where_nothing_else_is_asked(checkpoint: Write) -> None:
    tokens = {}
    for kind in ("unified_qe", "xcomet"):
        encoder = comet(checkpoint(kind))._model.encoder
        batch = encoder.prepare_sample(["a rua"])
        layers = encoder(batch["input_ids"], batch["attention_mask"])["all_layers"]
        assert layers[0].shape[1] == batch["input_ids"].shape[1] > 1
        tokens[kind] = layers[-1].shape[1] == 1
    assert tokens == {"unified_qe": True, "xcomet": False}


@pytest.mark.skipif(sys.platform != "linux", reason="pages are given back on Linux alone")
def test_in_bf16_the_file_is_not_kept_in_memory_and_the_weights_are_right(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "weights"
    torch.save(torch.full((1024, 1024), 3.0), path)  # 4 MiB
    weight = torch.load(path, weights_only=True, mmap=True)
    copied = torch.full((1024, 1024), 3.0)
    files = mapped()
    assert float(weight.sum()) == 3 * 2**20  # now its pages are in memory
    before = resident(path)
    give_back([(weight.data_ptr(), weight.nbytes), (copied.data_ptr(), copied.nbytes)], files)
    assert resident(path) < before - 3900
    assert torch.equal(weight, copied)  # what is no file's is left alone, and what is comes from it again


def resident(path: Path) -> int:
    """KiB of a file's mappings that are in memory."""
    kept = 0
    here = False
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if "-" in line.split(maxsplit=1)[0]:
            here = line.endswith(str(path))
        elif here and line.startswith("Rss:"):
            kept += int(line.split()[1])
    return kept
