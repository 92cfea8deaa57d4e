"""Tests of what memory a COMET model takes beside its weights: what its batches need, and what is kept between them."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mteval.metrics import comet_kept, comet_pooling
from mteval.metrics.base import Item
from mteval.metrics.comet_kept import hand_back_freed, handing_back, keep_freed
from tests.tiny_comet import Write, checkpoint, comet, scores

__all__ = ["checkpoint"]

_FAULTS = """
import ctypes, resource
from mteval.metrics.comet_kept import hand_back_freed, keep_freed
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]

def faults():  # of eight batches, each of which fills and frees eight blocks of 16 MiB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        blocks = [library.malloc(16 << 20) for _ in range(8)]
        for block in blocks:
            ctypes.memset(block, 1, 16 << 20)
        for block in blocks:
            library.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

faults()
found = [faults()]
keep_freed()
faults()
found += [faults(), resident()]
hand_back_freed()
print(*found, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told what to keep")
def test_freed_memory_is_kept_for_the_next_batch_until_it_is_handed_back() -> None:
    without, kept, before, after = faults({})
    assert kept < without / 20
    assert after < before - 100  # MiB


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone can be told what to keep")
def test_whoever_has_told_it_something_else_has_the_say() -> None:
    without, kept, *_ = faults({"MALLOC_TRIM_THRESHOLD_": "65536"})
    assert kept > without / 2


def faults(environment: dict[str, str]) -> list[int]:
    command = [sys.executable, "-c", _FAULTS]
    there = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=there | environment)
    return [int(number) for number in shown.stdout.split()]


def test_what_is_kept_goes_back_after_every_few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(comet_kept, "_trim", lambda: told.append(len(given)))
    given: list[str] = []
    for batch in handing_back(iter("abcdefghi"), 3072, "cpu"):
        given += batch
    assert ("".join(given), told) == ("abcdefghi", [4, 8])
    assert list(handing_back("ab", 10**6, "cpu")) == ["a", "b"]
    assert len(told) == 4
    assert list(handing_back("ab", 10**6, "cuda")) == ["a", "b"]
    assert len(told) == 4


@pytest.mark.parametrize(("kind", "needs"), [("regression", True), ("unified_qe", False)])
def test_batches_of_either_kind_hand_back(
    checkpoint: Write, monkeypatch: pytest.MonkeyPatch, kind: str, needs: bool
) -> None:
    metric = comet(checkpoint(kind), needs_reference=needs)
    assert metric._model is not None
    told: list[int] = []
    monkeypatch.setattr(comet_kept, "_FEW", 1)
    monkeypatch.setattr(comet_kept, "_trim", lambda: told.append(1))
    scores(metric, [Item("o rio", "the river", ("a river",) if needs else ())])
    assert told == [1]


def test_no_other_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: SimpleNamespace())  # as musl, which has neither function
    keep_freed()
    hand_back_freed()
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", None)
    keep_freed()
    hand_back_freed()


@pytest.mark.parametrize("norm", [False, True])
def test_a_few_texts_are_mixed_at_a_time_and_exactly_as_all_together(
    checkpoint: Write, monkeypatch: pytest.MonkeyPatch, norm: bool
) -> None:
    import torch
    from comet.modules import LayerwiseAttention

    monkeypatch.setattr(comet_pooling, "_MIXED", 10)
    mix = LayerwiseAttention(num_layers=3, layer_norm=norm, layer_weights=[0.1, 0.7, 0.2])
    generator = torch.Generator().manual_seed(1)
    layers = [torch.randn(7, 4, 5, generator=generator) for _ in range(3)]
    mask = torch.ones(7, 4, dtype=torch.long)
    mask[2:, 3] = 0
    sizes: list[int] = []
    mix.register_forward_hook(lambda _, given, __: sizes.append(len(given[1])))
    whole = mix(layers, mask)
    model = SimpleNamespace(layerwise_attention=mix)
    comet_pooling.mix_few(model)
    assert torch.equal(model.layerwise_attention(layers, mask), whole)
    assert sizes == [7, 2, 2, 2, 1]
    assert comet(checkpoint("regression"), needs_reference=True)._model.layerwise_attention.mix is not None
