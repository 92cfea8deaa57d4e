"""Garble verdicts against people: whether segments that people found bad are those that are called garbled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import Floats
from mteval.metric_tests import bounds, of_scores
from mteval.report.base import PairResult

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Detection:
    """How well verdicts on segments find what people found bad.

    Attributes:
        bad: how many of the segments' hypotheses that have a gold score and a verdict people found bad.
        hypotheses: how many there are.
        flagged: how many of them are called garbled.
        found: how many of those are bad.
        roc_area: how often a bad one has the greater probability of being garbled than another, ties counting half.
        average_precision: the mean of precision where each bad one is found, by falling probability.
        roc: the curve, from none to all: false positive rate and true positive rate.
        precisions: the curve: recall and precision.
    """

    bad: int
    hypotheses: int
    flagged: int
    found: int
    roc_area: float
    roc_interval: tuple[float, float] | None
    average_precision: float
    precision_interval: tuple[float, float] | None
    roc: tuple[tuple[float, float], ...]
    precisions: tuple[tuple[float, float], ...]

    @property
    def precision(self) -> float | None:
        """Of those called garbled, the share that is bad; ``None`` if none is."""
        return self.found / self.flagged if self.flagged else None

    @property
    def recall(self) -> float:
        """Of the bad ones, the share that is called garbled."""
        return self.found / self.bad


def roc_area(bad: Bools, probabilities: Floats) -> float:
    """The area under the ROC curve: how often a bad one has the greater probability, ties counting half.

    Args:
        bad, probabilities: shape [hypotheses].

    Returns:
        NaN where all or none are bad.
    """
    from scipy.stats import rankdata

    many, others = int(bad.sum()), int((~bad).sum())
    if not many or not others:
        return float("nan")
    return float((rankdata(probabilities)[bad].sum() - many * (many + 1) / 2) / (many * others))


def average_precision(bad: Bools, probabilities: Floats) -> float:
    """The mean, over the bad ones, of precision among those with as great a probability or a greater one."""
    if not bad.any():
        return float("nan")
    counts, found = _steps(bad, probabilities)
    gained = np.diff(np.r_[0, found])
    return float((gained * found / counts).sum() / bad.sum())


def _steps(bad: Bools, probabilities: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By falling probability, where it changes: how many have it or a greater one, and how many of them are bad."""
    order = np.argsort(-probabilities, kind="stable")
    last = np.r_[np.flatnonzero(np.diff(probabilities[order])), len(order) - 1]
    return last + 1, np.cumsum(bad[order])[last]


def detection(
    pair: PairResult, systems: Sequence[str], bad_at: float, *, higher_is_better: bool, draws: int, seed: int
) -> Detection | None:
    """How well the verdicts of a run find hypotheses that people found bad.

    Args:
        systems: those that have gold scores.
        bad_at: a gold score as bad as this, or worse, is that of a bad hypothesis.

    Returns:
        ``None`` where no segment has both, or where people found all or none of them bad.
    """
    segments = pair.eval_set.scored
    gold = np.full((len(systems), len(segments)), np.nan)
    probabilities, labels = np.full(gold.shape, np.nan), np.zeros(gold.shape, np.bool_)
    for at, system in enumerate(one for one in pair.systems if one.name in systems):
        gold[at] = [segment.gold.get(system.name, np.nan) for segment in segments]
        for verdict in system.verdicts:
            for row, one in zip(pair.eval_set.rows[verdict.document], verdict.segments, strict=True):
                probabilities[at, row], labels[at, row] = one.probability, one.label == "garbled"
    there = ~np.isnan(gold) & ~np.isnan(probabilities)
    worse = gold <= bad_at if higher_is_better else gold >= bad_at
    bad, found = worse[there], probabilities[there]
    if bad.all() or not bad.any():
        return None
    rows = np.flatnonzero(there.any(axis=0))

    def interval(area: bool) -> tuple[float, float] | None:
        def of(gold_drawn: Floats, drawn: Floats) -> float:
            some = ~np.isnan(drawn)
            return (roc_area if area else average_precision)(gold_drawn[some] > 0, drawn[some])

        said = np.where(there, probabilities, np.nan)[:, rows]
        given = of_scores(of, worse[:, rows].astype(np.float64), said)
        return bounds(given, len(rows), [[row] for row in range(len(rows))], draws=draws, seed=seed) if draws else None

    counts, hits = _steps(bad, found)
    false, true = (counts - hits) / (~bad).sum(), hits / bad.sum()
    return Detection(
        int(bad.sum()),
        len(bad),
        int(labels[there].sum()),
        int((labels[there] & bad).sum()),
        roc_area(bad, found),
        interval(area=True),
        average_precision(bad, found),
        interval(area=False),
        ((0.0, 0.0), *zip(false.tolist(), true.tolist(), strict=True)),
        tuple(zip(true.tolist(), (hits / counts).tolist(), strict=True)),
    )
