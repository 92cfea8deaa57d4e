"""What follows from resampled scores: intervals, p-values, what is detectable, corrections and clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
"""The nominal coverage of confidence intervals."""

POWER = 0.8
"""How often the smallest detectable difference is found, where it is there."""


def interval(scores: Floats) -> tuple[float, float]:
    """The percentile confidence interval of bootstrap scores: its lower and upper end.

    Args:
        scores: shape [draws], at least one.
    """
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


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
