"""Soft pairwise accuracy of systems (Thompson et al. 2024).

It asks not whether a metric and people put two systems into the same order, but how alike they are in how sure of it
they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import Floats

DRAWS, SEED = 1000, 4
"""Those of mt-metrics-eval."""


def soft_pairwise_accuracy(gold: Floats, scores: Floats, *, draws: int = DRAWS, seed: int = SEED) -> float:
    """One less the mean difference of the p-values that people and a metric give each pair of systems.

    Args:
        gold, scores: shape [systems, segments]; segments in which a gold score is missing take no part.

    Returns:
        0 to 1; NaN for fewer than two systems, or for no segment.
    """
    there = ~np.isnan(gold).any(axis=0)
    if len(gold) < 2 or not there.any():
        return float("nan")
    signs = _signs(int(there.sum()), draws, seed)
    people, metric = (_p_values(one[:, there], signs) for one in (gold, scores))
    return float(1 - np.mean(np.abs(people - metric)))


def _signs(segments: int, draws: int, seed: int) -> NDArray[np.float32]:
    """For each draw which segments keep their system's score (1) and which have it exchanged (-1), in single precision,
    as mt-metrics-eval draws them."""
    drawn = np.random.default_rng(seed).random((draws, segments), np.float32)
    return np.asarray(np.rint(drawn) * 2 - 1, np.float32)


def _p_values(scores: Floats, signs: NDArray[np.float32]) -> Floats:
    """For each pair of systems how often their difference is as great by chance: shape [pairs]."""
    single = scores.astype(np.float32)
    drawn, sums = signs @ single.T, single.sum(axis=1)
    one, other = np.triu_indices(len(scores), 1)
    return np.asarray(np.mean(drawn[:, one] - drawn[:, other] >= sums[one] - sums[other], axis=0), np.float64)
