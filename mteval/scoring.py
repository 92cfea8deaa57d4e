"""From a metric's scores of items to those of systems, over all segments or some; nothing here scores a text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ContractError
from mteval.metrics.base import ItemScore, Metric, stacked
from mteval.report.base import PairResult
from mteval.scores import SegmentScores, SystemScore
from mteval.stats import bootstrap_interval


@dataclass(frozen=True)
class Resampling:
    """How confidence intervals are made.

    Attributes:
        draws: bootstrap resamples; 0 for no intervals.
        seed: the same one draws the same segments for every system and metric.
    """

    draws: int
    seed: int


def segment_scores(metric: str, system: str, items: Sequence[ItemScore]) -> SegmentScores:
    """One metric's scores of one system's segments, with their statistics.

    Args:
        metric: the metric's name.
        system: the system's name.
        items: one a segment, in segment order.
    """
    return SegmentScores(metric, system, tuple(item.score for item in items), stacked(items))


def system_score(
    found: SegmentScores,
    metric: Metric,
    signature: str,
    resampling: Resampling,
    rows: Sequence[int] | None = None,
) -> SystemScore:
    """One metric's score of one system, with its interval.

    Args:
        found: the segments' scores.
        metric: what made them; it combines their statistics, and scores nothing.
        signature: what they were made under.
        rows: the positions of the segments that it is made of; ``None`` for all.

    Raises:
        ContractError: the metric gave no finite number.
    """
    aggregate = partial(_aggregate, found.metric, metric)
    statistics = found.scored(rows)
    if statistics is None:
        return SystemScore(found.metric, found.system, None, None, 0, signature)
    interval = bootstrap_interval(statistics, aggregate, draws=resampling.draws, seed=resampling.seed)
    return SystemScore(found.metric, found.system, aggregate(statistics), interval, len(statistics), signature)


def with_clean_scores(pair: PairResult, metrics: Mapping[str, Metric], resampling: Resampling) -> PairResult:
    """The same result, with each system's scores over the documents whose source is clean.

    Where all sources are clean, or none is, there is nothing to tell apart, and it is returned as it is.
    """
    rows = pair.clean_rows
    if len(rows) in (0, len(pair.eval_set.scored)):
        return pair
    systems = []
    for system in pair.systems:
        clean = {
            name: system_score(found, metrics[name], system.scores[name].signature, resampling, rows)
            for name, found in system.segment_scores.items()
        }
        systems.append(replace(system, clean_scores=clean))
    return replace(pair, systems=tuple(systems))


def _aggregate(name: str, metric: Metric, statistics: NDArray[np.float64]) -> float:
    score = metric.aggregate(statistics)
    if not math.isfinite(score):
        raise ContractError(f"metric {name}", f"gave {score} for a system", "report it with the eval set")
    return score
