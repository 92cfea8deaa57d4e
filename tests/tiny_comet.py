"""Tiny COMET checkpoints for test files that ask them what COMET itself says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mteval.metrics.base import Item, ItemScore
from mteval.metrics.comet import Comet
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.metrics.comet_quiet import quiet

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes the tiny checkpoint of a kind, once."""
    folder = tmp_path_factory.mktemp("comet")

    def write(kind: str) -> Path:
        there = folder / kind
        return there if there.exists() else write_comet_checkpoint(there, kind, seed=2)

    return write


def comet(checkpoint: Path | str, **settings: Any) -> Comet:
    given = {"label": "COMET", "needs_reference": False, "licence": "Apache-2.0", "device": "cpu", **settings}
    return Comet(checkpoint=str(checkpoint), **given)


def scores(metric: Comet, items: Sequence[Item]) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda pair: pair[0])]


def official(folder: Path, samples: list[dict[str, str]], context: bool = False) -> Any:
    """What ``comet.load_from_checkpoint(ckpt).predict(samples, gpus=0)`` says, with ``enable_context()`` before it."""
    with quiet():
        from comet import load_from_checkpoint

        model = load_from_checkpoint(str(folder / "checkpoints" / "model.ckpt"))
        if context:
            model.enable_context()
        return model.predict(samples, batch_size=3, gpus=0, progress_bar=False)
