"""The checkpoint that ships: what COMET makes of it, what it weighs, and that nonsense scores low."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml

from mteval.files import packaged, read_jsonl
from mteval.metrics.base import Item
from mteval.metrics.comet import Comet
from mteval.metrics.comet_quiet import quiet

ROOT = Path(__file__).parents[2]
FOLDER = packaged("metrics/checkpoints/comet-qe-mini")
CARD = (FOLDER / "README.md").read_text("utf-8")
ITEMS = [
    Item("O ministro disse na terça-feira que o acordo não será assinado.", hypothesis)
    for hypothesis in (
        "The minister said on Tuesday that the agreement will not be signed.",
        "The minister told on Tuesday what the accord not will be signed.",
        "agreement the signed Tuesday be not said on minister will that the",
        "The minister the minister the minister the minister the minister the minister",
        "O ministro disse na terça-feira que o acordo não será assinado.",
        "A cat sleeps on the warm roof of the old house.",
        "",
    )
]


@pytest.fixture(scope="module")
def shipped() -> Comet:
    (settings,) = yaml.safe_load((ROOT / "configs/metrics/comet_qe_mini.yaml").read_text("utf-8")).values()
    del settings["_target_"]
    return Comet(**settings | {"device": "cpu"})


@pytest.fixture(scope="module")
def scores(shipped: Comet) -> list[float]:
    """Of ``ITEMS``, made where no connection can be."""

    def refuse(*_: Any) -> None:
        raise AssertionError("nothing may be looked for at a hub")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", refuse)
        found = {position: item.score for position, item in shipped.score(ITEMS)}
    return [float(found[position] or 0.0) for position in range(len(ITEMS))]


def test_comet_s_own_loader_scores_the_same(scores: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)  # its settings name the encoder by a path within the folder
    with quiet():
        from comet import load_from_checkpoint

        model = load_from_checkpoint("checkpoints/model.ckpt", local_files_only=True, strict=True)
        samples = [{"src": item.source, "mt": item.hypothesis} for item in ITEMS]
        theirs = model.predict(samples, batch_size=2, gpus=0, progress_bar=False).scores
    assert scores == pytest.approx(theirs, abs=1e-5, rel=0)


def test_a_good_translation_scores_high_and_nonsense_low(scores: list[float]) -> None:
    good, rough, *nonsense = scores
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert good > 0.75
    assert good > rough > max(nonsense)
    assert max(nonsense) < 0.5


def test_nonsense_on_the_seeds_scores_below_the_reference(default_run: tuple[Path, str]) -> None:
    lines = [row for _, row in read_jsonl(default_run[0] / "segments.jsonl")]
    rows = [row["scores"] for row in lines if row["scores"]]
    assert len(rows) == 70
    kinds = ("canary_copy", "canary_loop", "canary_shuffle")
    of = {name: [row[name]["comet_qe_mini"] for row in rows] for name in ("reference", *kinds)}
    for nonsense in kinds:
        above = [good > bad for good, bad in zip(of["reference"], of[nonsense], strict=True)]
        assert fmean(above) > 0.9, nonsense
        assert fmean(of[nonsense]) < fmean(of["reference"]) - 0.2


def test_it_weighs_at_most_30_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 30_000_000


def test_it_moves(tmp_path: Path, scores: list[float]) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "elsewhere")
    metric = Comet(checkpoint=str(folder), label="moved", needs_reference=False, licence="none", device="cpu")
    found = dict(metric.score(ITEMS[:2]))
    assert [found[0].score, found[1].score] == pytest.approx(scores[:2], abs=1e-6)


def test_every_figure_of_the_card_was_measured() -> None:
    measured = (ROOT / "benchmarks" / "comet_qe_mini.md").read_text("utf-8")
    rows = [line for line in CARD.split("## Figures")[1].split("\n## ")[0].splitlines() if line.startswith("| ")]
    figures = re.findall(r"\d+\.\d+(?: \(\d\.\d+–\d\.\d+\))?", "\n".join(rows))
    assert len(figures) > 20
    assert [figure for figure in figures if figure not in measured] == []
