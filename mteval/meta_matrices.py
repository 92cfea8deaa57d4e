"""What people and metrics say of the same hypotheses, side by side as matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mteval.comparison import Resampling
from mteval.correlations import Floats
from mteval.errors import DataError
from mteval.metrics.base import Metric
from mteval.report.base import PairResult, SystemResult


@dataclass(frozen=True)
class Matrices:
    """Gold scores and metrics' scores, such that higher is better in all.

    Attributes:
        gold, metrics: shape [systems, segments].
        of_systems: by metric, its system scores of draws of the segments that all systems have a gold score of; shape
            [draws, systems] from how often each draw has each segment, [draws, segments].
        documents: each segment's.
    """

    systems: tuple[str, ...]
    gold: Floats
    metrics: Mapping[str, Floats]
    of_systems: Mapping[str, Callable[[Floats], Floats]]
    documents: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def common(self) -> NDArray[np.intp]:
        """The positions of the segments that all systems have a gold score of."""
        return np.flatnonzero(~np.isnan(self.gold).any(axis=0))

    def gold_of_systems(self, times: Floats) -> Floats:
        """The systems' mean gold scores in draws of segments, as ``of_systems`` has it."""
        chosen = times[:, self.common]
        with np.errstate(invalid="ignore"):
            return np.asarray(chosen @ self.gold[:, self.common].T / chosen.sum(axis=1, keepdims=True))

    @property
    def units(self) -> Sequence[Sequence[int]]:
        """The positions of the segments that are drawn together."""
        found: dict[int, list[int]] = {}
        for row, block in enumerate(Resampling(draws=0, seed=0).blocks(self.documents) or range(len(self.documents))):
            found.setdefault(block, []).append(row)
        return list(found.values())


def matrices(pair: PairResult, metrics: Mapping[str, Metric], *, higher_is_better: bool) -> Matrices:
    """What is to be compared of one lang pair.

    Args:
        metrics: by name; they combine segment statistics, and score nothing.
        higher_is_better: whether a higher gold score is a better one.

    Raises:
        DataError: the gold scores are of no system that ran, or no metric scored what has one.
    """
    where = f"{pair.eval_set.name} {pair.eval_set.pair}"
    segments = pair.eval_set.scored
    named = dict.fromkeys(name for segment in segments for name in segment.gold)
    judged = [system for system in pair.systems if system.name in named]
    if not judged:
        problem = f"the gold scores are of {', '.join(named)}, none of which ran"
        raise DataError(where, problem, "run the systems that people judged, as systems=[stored]")
    notices = []
    if lost := [name for name in named if name not in {system.name for system in judged}]:
        notices.append(f"gold scores of {', '.join(lost)} are left out: no such system ran")
    gold = np.array([[segment.gold.get(system.name, np.nan) for segment in segments] for system in judged], np.float64)
    found = {}
    for name in metrics:
        scores = np.array([_scores(system, name, len(segments)) for system in judged])
        if np.isnan(scores[~np.isnan(gold)]).all():
            notices.append(f"{name} scored nothing that has a gold score, and is left out")
        else:
            found[name] = scores
    if not found:
        raise DataError(where, "no metric scored what has a gold score", "choose metrics with metrics=[…]")
    lacking = ~np.isnan(gold) & np.any([np.isnan(scores) for scores in found.values()], axis=0)
    if lacking.any():
        without = [name for name, scores in found.items() if np.isnan(scores[~np.isnan(gold)]).any()]
        notices.append(
            f"{int(lacking.sum())} gold scores are left out for all metrics: {', '.join(without)} did not score them"
        )
        gold = np.where(lacking, np.nan, gold)
    rows = np.flatnonzero(~np.isnan(gold).all(axis=0))
    common = np.flatnonzero(~np.isnan(gold[:, rows]).any(axis=0))
    return Matrices(
        tuple(system.name for system in judged),
        (gold if higher_is_better else -gold)[:, rows],
        {name: scores[:, rows] * _sign(metrics[name]) for name, scores in found.items()},
        {name: partial(_of_systems, metrics[name], judged, name, rows[common], common) for name in found},
        tuple(segments[int(row)].document for row in rows),
        tuple(notices),
    )


def _sign(metric: Metric) -> float:
    return 1.0 if metric.card.higher_is_better else -1.0


def _of_systems(
    metric: Metric,
    systems: Sequence[SystemResult],
    name: str,
    rows: NDArray[np.intp],
    common: NDArray[np.intp],
    times: Floats,
) -> Floats:
    """A metric's system scores of draws of segments, as it computes them itself: shape [draws, systems].

    Args:
        rows: the segments that all systems have a gold score of, among all.
        common: the same, among those that ``times`` counts.
    """
    chosen = times[:, common]
    counts = chosen.sum(axis=1)
    found = np.full((len(times), len(systems)), np.nan)
    for at, system in enumerate(systems):
        some = counts > 0
        if some.any():
            statistics = system.segment_scores[name].of(rows.tolist())
            found[some, at] = metric.aggregate(chosen[some] @ statistics, counts[some])
    return found * _sign(metric)


def _scores(system: SystemResult, metric: str, segments: int) -> Floats:
    found = system.segment_scores.get(metric)
    return np.full(segments, np.nan) if found is None else found.numbers
