"""How well scores agree with gold scores: correlations, and the share of pairs that are in the same order.

The numbers are those of google-research/mt-metrics-eval. Scores are matrices of shape [systems, segments], NaN where
there is no score. They are compared in *groups*: all together, those of a system, or those of a segment, whose results
are averaged; a group in which nothing can be said (fewer than two scores, or all the same) takes no part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Grouping = Literal["all", "system", "segment"]
"""``none``, ``sys`` and ``item`` in mt-metrics-eval."""

Coefficient = Callable[[Floats, Floats], float]
"""Of gold scores and scores, shape [scores] each: how well they agree; NaN where that cannot be said."""

_CELLS = 2**24
"""How many pairs are held at once."""


@dataclass(frozen=True)
class Groups:
    """Gold scores that are there, in groups, and where in the matrix they stand.

    Attributes:
        gold: one vector a group, of two scores or more.
        places: for each group, the places of its scores in the flattened matrix.
    """

    gold: tuple[Floats, ...]
    places: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, gold: Floats, by: Grouping) -> Groups:
        """The groups of gold scores.

        Args:
            gold: shape [systems, segments], NaN where there is none.
        """
        places = np.arange(gold.size).reshape(gold.shape)
        rows = {"all": places.reshape(1, -1), "system": places, "segment": places.T}[by]
        flat = gold.ravel()
        there = [row[~np.isnan(flat[row])] for row in rows]
        kept = tuple(row for row in there if len(row) > 1)
        return cls(tuple(flat[row] for row in kept), kept)

    def __len__(self) -> int:
        return len(self.gold)

    def scores(self, matrix: Floats) -> tuple[Floats, ...]:
        """Another matrix's scores in the same places, a vector a group.

        Raises:
            ValueError: one of them is not there.
        """
        flat = matrix.ravel()
        found = tuple(flat[row] for row in self.places)
        if any(np.isnan(one).any() for one in found):
            raise ValueError("there is no score where there is a gold score")
        return found

    def average(self, coefficient: Coefficient, matrix: Floats) -> float:
        """A coefficient's mean over the groups in which it says something; NaN if there are none.

        Args:
            matrix: the scores, shape [systems, segments].
        """
        found = [coefficient(gold, scores) for gold, scores in zip(self.gold, self.scores(matrix), strict=True)]
        said = [one for one in found if not np.isnan(one)]
        return float(np.mean(said)) if said else float("nan")


def pearson(gold: Floats, scores: Floats) -> float:
    """Pearson's correlation; NaN where one of the two is constant."""
    if _constant(gold) or _constant(scores):
        return float("nan")
    first, second = gold - gold.mean(), scores - scores.mean()
    together = (first / np.linalg.norm(first)) @ (second / np.linalg.norm(second))
    return float(np.clip(together, -1.0, 1.0))


def _constant(scores: Floats) -> bool:
    return bool((scores == scores[0]).all())


def spearman(gold: Floats, scores: Floats) -> float:
    """Spearman's rank correlation; equal scores share the mean of their ranks."""
    from scipy.stats import rankdata

    return pearson(rankdata(gold), rankdata(scores))


def kendall(gold: Floats, scores: Floats) -> float:
    """Kendall's tau-b."""
    return _kendall(gold, scores, "b")


def kendall_c(gold: Floats, scores: Floats) -> float:
    """Kendall's tau-c, by Stuart."""
    return _kendall(gold, scores, "c")


def _kendall(gold: Floats, scores: Floats, variant: str) -> float:
    from scipy.stats import kendalltau

    if _constant(gold) or _constant(scores):
        return float("nan")
    return float(kendalltau(gold, scores, variant=variant).statistic)


def accuracy(gold: Floats, scores: Floats, tie: float = 0.0) -> float:
    """The share of all pairs that stand in the order of the gold scores, ties included (acc* of Deutsch et al. 2023).

    Args:
        tie: scores that differ by no more are tied.
    """
    agreeing, pairs = 0, len(gold) * (len(gold) - 1) // 2
    step = max(1, _CELLS // len(gold))
    for start in range(0, len(gold), step):
        some = slice(start, start + step)
        by_gold = np.sign(gold[some, None] - gold[None, :])
        found = scores[some, None] - scores[None, :]
        by_scores = np.where(np.abs(found) <= tie, 0.0, np.sign(found))
        agreeing += int(np.triu(by_gold == by_scores, start + 1).sum())
    return agreeing / pairs if pairs else float("nan")


COEFFICIENTS: dict[str, Coefficient] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
    "kendall_c": kendall_c,
    "accuracy": accuracy,
}
