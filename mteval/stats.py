"""Resampling over segment statistics, with numpy alone; nothing here scores a text.

A metric's system score is a function of the column sums of its segment statistics and of how many segments there are,
so a resample is a sum, and a thousand of them are one matrix product. What is drawn is a *unit*: a segment, or a whole
document where segments of one document must stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Aggregate = Callable[[Floats, Floats], Floats]
"""System scores, shape [draws], from column sums of segment statistics, [draws, k], and counts of segments, [draws]."""

LEVEL = 0.95
"""The nominal coverage of confidence intervals."""

POWER = 0.8
"""How often the smallest detectable difference is found, where it is there."""

_MORE = 1 + 1e-10
"""By how much a difference must exceed another to be greater, and not the same sum in another order."""

_CELLS = 2**24
"""How many numbers are drawn at once, at least for 32 draws: 128 MB of them."""


@dataclass(frozen=True)
class Units:
    """What is drawn, as sums.

    Attributes:
        sums: column sums of each unit's segment statistics, shape [units, k].
        counts: how many segments each unit holds, shape [units].
    """

    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, statistics: Floats, blocks: Sequence[int] | None = None) -> Units:
        """Units of segment statistics.

        Args:
            statistics: shape [segments, k].
            blocks: for each segment, which block it belongs to; ``None`` where each segment is a unit by itself.
        """
        if blocks is None:
            return cls(statistics, np.ones(len(statistics)))
        _, at = np.unique(np.asarray(blocks), return_inverse=True)
        sums = np.zeros((at.max() + 1, statistics.shape[1]))
        np.add.at(sums, at, statistics)
        return cls(sums, np.bincount(at).astype(np.float64))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def total(self) -> tuple[Floats, Floats]:
        """The sums and the count of all units together, as one draw: shapes [1, k] and [1]."""
        return self.sums.sum(axis=0, keepdims=True), self.counts.sum(keepdims=True)


def bootstrap(units: Units, aggregate: Aggregate, *, draws: int, seed: int) -> Floats:
    """System scores of bootstrap resamples (Efron 1979; Koehn 2004 for machine translation).

    Each draws as many units as there are, with replacement.

    Args:
        units: what is drawn.
        aggregate: computes the system scores.
        draws: how many resamples.
        seed: the same one draws the same units of equally many, whatever the system and the metric, so that scores of
            two systems are paired. The draws are those of sacreBLEU's ``--paired-bs``.

    Returns:
        Shape [draws].
    """
    size = len(units)
    generator = np.random.default_rng(seed)
    scores = [np.empty(0)]
    for some in _batches(draws, size):
        drawn = generator.choice(size, size=(some, size), replace=True)
        offsets = np.arange(some)[:, None] * size
        times = np.bincount((drawn + offsets).ravel(), minlength=some * size).reshape(some, size).astype(np.float64)
        scores.append(aggregate(times @ units.sums, times @ units.counts))
    return np.concatenate(scores)


def interval(scores: Floats) -> tuple[float, float]:
    """The percentile confidence interval of bootstrap scores: its lower and upper end.

    Args:
        scores: shape [draws], at least one.
    """
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def bootstrap_interval(
    statistics: Floats,
    aggregate: Aggregate,
    *,
    draws: int,
    seed: int,
    blocks: Sequence[int] | None = None,
) -> tuple[float, float] | None:
    """Percentile bootstrap confidence interval of a system score.

    Args:
        statistics: segment statistics, shape [segments, k].
        aggregate: computes system scores.
        draws: how many resamples.
        seed: the same one draws the same units.
        blocks: for each segment, the block that it is drawn with; ``None`` where segments are drawn one by one.

    Returns:
        Lower and upper end, or ``None`` with fewer than two units or no draws.
    """
    units = Units.of(statistics, blocks)
    if len(units) < 2 or draws < 1:
        return None
    return interval(bootstrap(units, aggregate, draws=draws, seed=seed))


def bootstrap_p(first: Floats, second: Floats, difference: float) -> float:
    """The p-value of a paired bootstrap test, as sacreBLEU's ``--paired-bs`` computes it.

    Args:
        first, second: paired bootstrap scores of two systems, shape [draws] each.
        difference: between their scores.

    Returns:
        The share of draws whose absolute difference exceeds the mean absolute difference by more than ``difference``,
        plus-one smoothed. It is 1 for no difference at all, where sacreBLEU says 1 / (draws + 1).
    """
    found = np.abs(second - first)
    return _p_value(found - found.mean(), difference)


def randomisation_p(units: Sequence[Units], aggregate: Aggregate, *, trials: int, seed: int) -> Floats:
    """The p-values of paired approximate randomisation tests between all systems, as by sacreBLEU's ``--paired-ar``.

    In each trial each unit's outputs are swapped between the two systems or not (Noreen 1989; Riezler and Maxwell
    2005).

    Args:
        units: each system's, of the same segments.
        aggregate: computes system scores.
        trials: how many.
        seed: the same one swaps the same units, whatever the systems and the metric.

    Returns:
        Shape [systems, systems], symmetric, 1 on the diagonal and for no difference at all.
    """
    systems, size, width = len(units), len(units[0]), units[0].sums.shape[1]
    sums = np.stack([one.sums for one in units], axis=1).reshape(size, systems * width)
    whole = sums.sum(axis=0).reshape(systems, width)
    count = units[0].counts.sum()
    pairs = [(a, b) for a in range(systems) for b in range(a + 1, systems)]
    exceeding = dict.fromkeys(pairs, 0)
    observed: dict[tuple[int, int], float] = {}
    generator = np.random.default_rng(seed)
    for some in _batches(trials, size):
        kept = generator.integers(2, size=(some, size), dtype=bool).astype(np.float64) @ sums
        held = kept.reshape(some, systems, width)
        for a, b in pairs:
            one = held[:, a] + (whole[b] - held[:, b])
            other = held[:, b] + (whole[a] - held[:, a])
            # The two systems as they are come along, so that a trial that swaps nothing gives the same to the last bit.
            both = np.concatenate([whole[[a]], whole[[b]], one, other])
            scores = aggregate(both, np.full(len(both), count))
            observed[a, b] = abs(scores[0] - scores[1])
            differences = np.abs(scores[2 : 2 + some] - scores[2 + some :])
            exceeding[a, b] += int(np.sum(differences > observed[a, b] * _MORE))
    found = np.ones((systems, systems))
    for a, b in pairs:
        if trials and observed[a, b] > 0:
            found[a, b] = found[b, a] = (exceeding[a, b] + 1) / (trials + 1)
    return found


def _p_value(found: Floats, difference: float) -> float:
    if difference == 0:
        return 1.0
    return float((np.sum(found > abs(difference)) + 1) / (len(found) + 1))


def detectable(differences: Floats, *, level: float) -> float:
    """The smallest true difference that a two-sided test would find with probability ``POWER``.

    Args:
        differences: between paired bootstrap scores of two systems, shape [draws]; their spread is the standard error.
        level: the test's level, as 0.05.

    Returns:
        (z at 1 - level / 2 + z at ``POWER``) standard errors, by the normal approximation (Card et al. 2020 on power in
        natural language processing).
    """
    normal = NormalDist()
    return float((normal.inv_cdf(1 - level / 2) + normal.inv_cdf(POWER)) * np.std(differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment for so many tests at once (Holm 1979), in the order given; never above 1."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for step, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - step) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def clusters(systems: int, told_apart: Callable[[int, int], bool]) -> list[int]:
    """Rank clusters as at WMT: a line is drawn wherever every system above is told apart from every system below.

    Args:
        systems: how many, numbered from the best on.
        told_apart: whether a better system is significantly better than a worse one.

    Returns:
        Each system's cluster, numbered from 0.
    """
    found: list[int] = []
    for below in range(systems):
        line = below > 0 and all(told_apart(a, b) for a in range(below) for b in range(below, systems))
        found.append(found[-1] + line if found else 0)
    return found


def _batches(draws: int, size: int) -> Iterator[int]:
    """So many draws in turn that memory stays small; in multiples of 32, so that batches draw what one draw would."""
    step = max(32, _CELLS // max(size, 1) // 32 * 32)
    for start in range(0, draws, step):
        yield min(step, draws - start)
