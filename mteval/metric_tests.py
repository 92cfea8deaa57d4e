"""Whether one metric agrees better with the gold scores than another one, and within which bounds it agrees.

PERM-BOTH (Deutsch et al. 2021): in each draw the standardised scores of the two metrics are exchanged at random places,
and the difference of their coefficients is computed anew. Where differences below a threshold are ties, each pair's
order is exchanged in place of scores, since each metric has a threshold of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from mteval.correlations import Coefficient, Floats, Groups
from mteval.stats import interval
from mteval.tie_calibration import Pairs

DRAWS = 1000


def exchanged_scores(
    groups: Groups, coefficient: Coefficient, better: Floats, worse: Floats, *, draws: int = DRAWS, seed: int
) -> float:
    """The p-value of the hypothesis that the first metric's coefficient is greater than the second's.

    Args:
        groups: the gold scores.
        better, worse: the two metrics' scores, shape [systems, segments].
        seed: of NumPy's ``RandomState``; the draws are those of mt-metrics-eval after ``numpy.random.seed`` with it.
    """
    generator = np.random.RandomState(seed)
    first, second = (_standardised(groups.scores(one)) for one in (worse, better))
    ends = np.cumsum([len(gold) for gold in groups.gold])[:-1]

    def mean(scores: Floats) -> float:
        found = [coefficient(gold, part) for gold, part in zip(groups.gold, np.split(scores, ends), strict=True)]
        said = [one for one in found if not np.isnan(one)]
        return float(np.average(said)) if said else 0.0

    difference = mean(second) - mean(first)
    beyond = 0
    for _ in range(draws):
        kept = generator.binomial(1, 0.5, len(first)).astype(bool)
        beyond += mean(np.where(kept, second, first)) - mean(np.where(kept, first, second)) >= difference
    return beyond / draws


def _standardised(scores: Sequence[Floats]) -> Floats:
    flat = np.concatenate(scores)
    spread = flat.std()
    return np.asarray((flat - flat.mean()) / spread if spread else flat * 0, np.float64)


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
    sizes = [(size, len(list(same))) for size, same in groupby(len(gold) for gold in groups.gold)]
    places = [np.triu_indices(size, 1) for size, _ in sizes]
    for _ in range(draws):
        kept = [
            generator.binomial(1, 0.5, (many, size, size))[:, one, other].ravel()
            for (size, many), (one, other) in zip(sizes, places, strict=True)
        ]
        signs = np.concatenate(kept) * 2.0 - 1.0
        beyond += float(signs @ gains) >= difference - 1e-12  # equal but for the rounding of sums
    return beyond / draws


def bounds(
    coefficient: Callable[[Floats, Floats], float],
    gold: Floats,
    scores: Floats,
    units: Sequence[Sequence[int]],
    *,
    draws: int,
    seed: int,
) -> tuple[float, float] | None:
    """The percentile confidence interval of a coefficient, by the bootstrap over segments, all systems' together.

    Args:
        coefficient: of gold scores and scores, shape [systems, segments] each.
        units: the positions of the segments that are drawn together: each alone, or a document's.

    Returns:
        Its ends; ``None`` if the coefficient says something in fewer than nine draws of ten.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        chosen = generator.integers(0, len(units), len(units))
        rows = np.concatenate([np.asarray(units[one], np.intp) for one in chosen])
        drawn.append(coefficient(gold[:, rows], scores[:, rows]))
    said = np.array([one for one in drawn if not np.isnan(one)])
    return interval(said) if len(said) >= 0.9 * draws else None
