"""Whether one metric agrees better with the gold scores than another one, and within which bounds it agrees.

PERM-BOTH (Deutsch et al. 2021): in each draw the standardised scores of the two metrics are exchanged at random places,
and the difference of their coefficients is computed anew. Where differences below a threshold are ties, each pair's
order is exchanged in place of scores, since each metric has a threshold of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import Coefficient, Floats, Groups, mean
from mteval.stats import interval
from mteval.tie_calibration import Pairs

DRAWS = 1000
_EARLY = 0.02, 0.5


def exchanged_scores(
    groups: Groups,
    coefficient: Coefficient,
    better: Floats,
    worse: Floats,
    *,
    draws: int = DRAWS,
    seed: int,
    block: int | None = None,
) -> float:
    """The p-value of the hypothesis that the first metric's coefficient is greater than the second's.

    Args:
        groups: the gold scores.
        better, worse: the two metrics' scores, shape [systems, segments].
        seed: of NumPy's ``RandomState``; the draws are those of mt-metrics-eval after ``numpy.random.seed`` with it.
        block: after each so many draws the test ends if its p-value is below 0.02 or above 0.5, as in mt-metrics-eval;
            ``None`` to draw on.
    """
    generator = np.random.RandomState(seed)
    first, second = (_standardised(groups.scores(one)) for one in (worse, better))

    def gain(better: Floats, worse: Floats) -> float:
        found = [mean(groups.values(coefficient, one)) for one in (better, worse)]
        return float(np.subtract(*np.nan_to_num(found)))

    difference, beyond = gain(second, first), 0
    for done in range(1, draws + 1):
        kept = generator.binomial(1, 0.5, len(first)).astype(bool)
        beyond += gain(np.where(kept, second, first), np.where(kept, first, second)) >= difference
        if block and done % block == 0 and not _EARLY[0] <= beyond / done <= _EARLY[1]:
            return beyond / done
    return beyond / draws


def _standardised(scores: Floats) -> Floats:
    spread = scores.std()
    return np.asarray((scores - scores.mean()) / spread if spread else scores * 0, np.float64)


def exchanged_pairs(
    groups: Groups,
    pairs: Pairs,
    better: Floats,
    worse: Floats,
    ties: tuple[float, float],
    *,
    draws: int = DRAWS,
    seed: int,
) -> float:
    """The same for the accuracy of pairs with thresholds for ties.

    Args:
        pairs: those of the groups.
        ties: the two metrics' thresholds.
    """
    generator = np.random.RandomState(seed)
    right = [pairs.right(one, tie).astype(np.float64) for one, tie in zip((better, worse), ties, strict=True)]
    gains = (right[0] - right[1]) * pairs.weight
    difference, beyond = float(gains.sum()), 0
    sizes = [(size, len(list(same))) for size, same in groupby(groups.sizes)]
    places = [np.triu_indices(size, 1) for size, _ in sizes]
    for _ in range(draws):
        kept = [
            generator.binomial(1, 0.5, (many, size, size))[:, one, other].ravel()
            for (size, many), (one, other) in zip(sizes, places, strict=True)
        ]
        signs = np.concatenate(kept) * 2.0 - 1.0
        beyond += float(signs @ gains) >= difference - 1e-12  # equal but for the rounding of sums
    return beyond / draws


Drawn = Callable[[Floats], Floats]
"""From how often each draw has each segment, shape [draws, segments], to what is said of each draw, shape [draws]."""

_BATCH = 50
"""Draws that are made together."""


def bounds(
    of: Drawn, segments: int, units: Sequence[Sequence[int]], *, draws: int, seed: int
) -> tuple[float, float] | None:
    """A percentile confidence interval by the bootstrap over segments, all systems' scores of each together.

    Args:
        of: what is to be said of draws.
        segments: how many there are.
        units: the positions of the segments that are drawn together: each alone, or a document's.

    Returns:
        Its ends; ``None`` if something is said of fewer than nine draws of ten.
    """
    unit_of = np.empty(segments, np.intp)
    for number, rows in enumerate(units):
        unit_of[list(rows)] = number
    generator = np.random.default_rng(seed)
    found = []
    for start in range(0, draws, _BATCH):
        chosen = generator.integers(0, len(units), (min(_BATCH, draws - start), len(units)))
        times = np.stack([np.bincount(one, minlength=len(units)) for one in chosen])
        found.append(of(times[:, unit_of].astype(np.float64)))
    values = np.concatenate(found)
    said = values[~np.isnan(values)]
    return interval(said) if len(said) >= 0.9 * draws else None


def of_means(values: Floats) -> Drawn:
    """The mean of what is said of each segment, shape [segments], NaN where nothing is."""
    there = ~np.isnan(values)

    def of(times: Floats) -> Floats:
        counts = times[:, there].sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(times[:, there] @ values[there] / counts)

    return of


def of_pairs(right: NDArray[np.bool_]) -> Drawn:
    """The share of pairs that are right, of which a segment makes one with itself where it is drawn twice.

    Args:
        right: shape [segments, segments], which pairs are.
    """
    single = right.astype(np.float32)

    def of(times: Floats) -> Floats:
        drawn = times.sum(axis=1)
        both = np.asarray(((times.astype(np.float32) @ single) * times).sum(axis=1), np.float64)
        return np.asarray((both - drawn) / (drawn * (drawn - 1)))

    return of


def of_scores(coefficient: Callable[[Floats, Floats], float], gold: Floats, scores: Floats) -> Drawn:
    """Any coefficient of gold scores and scores, shape [systems, segments] each."""

    def of(times: Floats) -> Floats:
        rows = [np.repeat(np.arange(gold.shape[1]), one.astype(np.intp)) for one in times]
        return np.array([coefficient(gold[:, some], scores[:, some]) for some in rows])

    return of
