"""Resampling over segment statistics, with numpy alone; nothing here scores a text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""The nominal coverage of confidence intervals."""


def bootstrap_interval(
    statistics: NDArray[np.float64],
    aggregate: Callable[[NDArray[np.float64]], float],
    *,
    draws: int,
    seed: int,
) -> tuple[float, float] | None:
    """Percentile bootstrap confidence interval of a system score (Efron 1979; Koehn 2004 for machine translation).

    Args:
        statistics: segment statistics, shape [segments, k].
        aggregate: computes the system score from statistics of shape [any number of segments, k].
        draws: how many resamples.
        seed: the same seed draws the same segments, whatever the metric, so that systems are resampled alike.

    Returns:
        Lower and upper end, or ``None`` with fewer than two segments or no draws.
    """
    count = len(statistics)
    if count < 2 or draws < 1:
        return None
    generator = np.random.default_rng(seed)
    scores = [aggregate(statistics[generator.integers(0, count, count)]) for _ in range(draws)]
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
