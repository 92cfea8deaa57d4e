"""Pairwise accuracy with tie calibration (Deutsch et al. 2023).

The threshold up to which differences are ties is the one that agrees best with the gold scores, so that a metric is not
punished for never giving the same score twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import Floats, Groups

MOST_PAIRS = 2 * 10**7
"""How many pairs are looked at; more would not fit into a laptop's memory."""


class TooManyPairsError(ValueError):
    """There are more pairs than are looked at."""


@dataclass(frozen=True)
class Pairs:
    """All pairs of scores within their groups.

    Attributes:
        first, second: places of each pair in the flattened matrix.
        order: the sign of the difference of its gold scores.
        weight: what it counts for in the mean of the groups' accuracies.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    order: NDArray[np.int8]
    weight: Floats

    @classmethod
    def of(cls, groups: Groups) -> Pairs:
        """The pairs of groups, group after group.

        Raises:
            TooManyPairsError: there are more than ``MOST_PAIRS``.
        """
        total = sum(len(stack) * stack.shape[1] * (stack.shape[1] - 1) // 2 for stack in groups.stacks)
        if total > MOST_PAIRS:
            raise TooManyPairsError(f"{total:,} pairs are more than {MOST_PAIRS:,}")
        firsts, seconds, weights, numbers, done = [], [], [], [], 0
        for stack in groups.stacks:
            one, other = np.triu_indices(stack.shape[1], 1)
            firsts.append(stack[:, one].ravel())
            seconds.append(stack[:, other].ravel())
            weights.append(np.full(len(firsts[-1]), 1 / len(one) / len(groups)))
            numbers.append(np.repeat(groups.order[done : done + len(stack)], len(one)))
            done += len(stack)
        if not firsts:
            nothing = np.empty(0, np.intp)
            return cls(nothing, nothing, np.empty(0, np.int8), np.empty(0))
        in_order = np.argsort(np.concatenate(numbers), kind="stable")
        first, second, weight = (np.concatenate(found)[in_order] for found in (firsts, seconds, weights))
        order = np.sign(groups.gold[first] - groups.gold[second]).astype(np.int8)
        return cls(groups.places[first], groups.places[second], order, weight)

    def __len__(self) -> int:
        return len(self.first)

    def right(self, matrix: Floats, tie: float) -> NDArray[np.bool_]:
        """Which pairs a metric orders as the gold scores do, ties included.

        Args:
            matrix: the metric's scores, shape [systems, segments].
            tie: scores that differ by no more are tied.
        """
        difference = self._difference(matrix)
        found = np.where(np.abs(difference) <= tie, 0, np.sign(difference)).astype(np.int8)
        return np.equal(found, self.order)

    def _difference(self, matrix: Floats) -> Floats:
        flat = matrix.ravel()
        return flat[self.first] - flat[self.second]

    def accuracy(self, matrix: Floats, tie: float) -> float:
        """The mean accuracy of the groups; NaN for no pairs."""
        return float(self.weight[self.right(matrix, tie)].sum()) if len(self) else float("nan")

    def calibrated(self, matrix: Floats) -> tuple[float, float]:
        """The greatest accuracy that a threshold for ties gives, and the least such threshold; NaN for no pairs.

        The thresholds tried are 0 and the differences that there are.
        """
        if not len(self):
            return float("nan"), float("nan")
        difference = self._difference(matrix)
        distance = np.abs(difference)
        # By becoming a tie a pair gets right if its gold scores are tied, and wrong if it was right and they are not.
        gain = (self.order == 0).astype(np.int8) - (np.sign(difference).astype(np.int8) == self.order)
        order = np.argsort(distance, kind="stable")
        distance, gain = distance[order], np.cumsum(gain[order] * self.weight[order])
        last = np.r_[distance[1:] != distance[:-1], True]  # all pairs that differ by so much become ties together
        thresholds, gains = np.r_[0.0, distance[last]], np.r_[0.0, gain[last]]
        best = float(gains.max())
        at = int(np.flatnonzero(gains >= best - 1e-12)[0])  # equal but for the rounding of sums
        return self.accuracy(matrix, float(thresholds[at])), float(thresholds[at])
