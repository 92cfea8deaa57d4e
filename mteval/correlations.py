"""How well scores agree with gold scores: correlations, and the share of pairs that are in the same order.

The numbers are those of google-research/mt-metrics-eval. Scores are matrices of shape [systems, segments], NaN where
there is no score. They are compared in *groups*: all together, those of a system, or those of a segment, whose results
are averaged; a group in which nothing can be said (fewer than two scores, or all the same) takes no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Grouping = Literal["all", "system", "segment"]
"""``none``, ``sys`` and ``item`` in mt-metrics-eval."""

Coefficient = Callable[[Floats, Floats], Floats]
"""Of gold scores and scores, shape [groups, scores] each: for each group how well they agree, NaN where that cannot be
said."""

_CELLS = 2**22
"""How many pairs are held at once."""


@dataclass(frozen=True)
class Groups:
    """Gold scores that are there, in groups of two or more.

    Attributes:
        gold: group after group, shape [scores].
        places: where each stands in the flattened matrix, shape [scores].
        stacks: groups of one size together: the positions of their scores in ``gold``, shape [groups, size] each.
        order: for the groups of all stacks, one after the other, which group it is.
    """

    gold: Floats
    places: NDArray[np.intp]
    stacks: tuple[NDArray[np.intp], ...]
    order: NDArray[np.intp]

    @classmethod
    def of(cls, gold: Floats, by: Grouping) -> Groups:
        """The groups of gold scores.

        Args:
            gold: shape [systems, segments], NaN where there is none.
        """
        places = np.arange(gold.size).reshape(gold.shape)
        rows = {"all": places.reshape(1, -1), "system": places, "segment": places.T}[by]
        there = ~np.isnan(gold.ravel()[rows])
        rows, there = rows[there.sum(axis=1) > 1], there[there.sum(axis=1) > 1]
        sizes = there.sum(axis=1)
        starts = np.cumsum(sizes) - sizes
        stacks, order = [], []
        for size in np.unique(sizes):
            same = np.flatnonzero(sizes == size)
            stacks.append(starts[same, None] + np.arange(size))
            order.append(same)
        kept = rows[there]
        return cls(gold.ravel()[kept], kept, tuple(stacks), np.concatenate(order) if order else np.empty(0, np.intp))

    def __len__(self) -> int:
        return len(self.order)

    @property
    def sizes(self) -> list[int]:
        """How many scores each group holds, in order."""
        found = np.empty(len(self), np.intp)
        found[self.order] = np.concatenate(
            [np.full(len(stack), stack.shape[1]) for stack in self.stacks] or [self.order]
        )
        return [int(size) for size in found]

    def scores(self, matrix: Floats) -> Floats:
        """Another matrix's scores in the same places: shape [scores].

        Raises:
            ValueError: one of them is not there.
        """
        found = matrix.ravel()[self.places]
        if np.isnan(found).any():
            raise ValueError("there is no score where there is a gold score")
        return found

    def values(self, coefficient: Coefficient, scores: Floats) -> Floats:
        """What a coefficient says of each group: shape [groups].

        Args:
            scores: as ``scores`` gives them.
        """
        found = np.empty(len(self))
        done = 0
        for stack in self.stacks:
            found[self.order[done : done + len(stack)]] = coefficient(self.gold[stack], scores[stack])
            done += len(stack)
        return found

    def average(self, coefficient: Coefficient, matrix: Floats) -> float:
        """A coefficient's mean over the groups in which it says something; NaN if there are none.

        Args:
            matrix: the scores, shape [systems, segments].
        """
        return mean(self.values(coefficient, self.scores(matrix)))


def mean(values: Floats) -> float:
    """The mean of what are numbers; NaN if none is."""
    said = values[~np.isnan(values)]
    return float(np.mean(said)) if len(said) else float("nan")


def pearson(gold: Floats, scores: Floats) -> Floats:
    """Pearson's correlation; NaN where one of the two is constant."""
    first, second = (one - one.mean(axis=1, keepdims=True) for one in (gold, scores))
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second))
    found = np.clip((first * second).sum(axis=1), -1.0, 1.0)
    return np.where(_constant(gold) | _constant(scores), np.nan, found)


def _constant(scores: Floats) -> NDArray[np.bool_]:
    return np.asarray((scores == scores[:, :1]).all(axis=1))


def spearman(gold: Floats, scores: Floats) -> Floats:
    """Spearman's rank correlation; equal scores share the mean of their ranks."""
    from scipy.stats import rankdata

    return pearson(rankdata(gold, axis=1), rankdata(scores, axis=1))


def kendall(gold: Floats, scores: Floats) -> Floats:
    """Kendall's tau-b."""
    if gold.shape[1] > _FEW:
        return _by_scipy(gold, scores, "b")
    found = np.empty(len(gold))
    for some in _slices(gold):
        first, second = _signs(gold[some]), _signs(scores[some])
        together = (first * second).sum(axis=1, dtype=np.int64)
        apart = [(one != 0).sum(axis=1) for one in (first, second)]
        with np.errstate(invalid="ignore", divide="ignore"):
            found[some] = together / np.sqrt(apart[0]) / np.sqrt(apart[1])
    return found


def kendall_c(gold: Floats, scores: Floats) -> Floats:
    """Stuart's tau-c."""
    return _by_scipy(gold, scores, "c")


def _by_scipy(gold: Floats, scores: Floats, variant: str) -> Floats:
    from scipy.stats import kendalltau

    says_nothing = _constant(gold) | _constant(scores)
    found = [
        np.nan if nothing else float(kendalltau(one, other, variant=variant).statistic)
        for one, other, nothing in zip(gold, scores, says_nothing, strict=True)
    ]
    return np.array(found, np.float64)


_FEW = 200
"""Up to so many scores in a group all pairs are looked at; more would take more time than sorting them."""


def _slices(gold: Floats) -> Iterator[slice]:
    """So many groups in turn that memory stays small."""
    step = max(1, _CELLS // gold.shape[1] ** 2)
    return (slice(start, start + step) for start in range(0, len(gold), step))


def _signs(scores: Floats, tie: float = 0.0) -> NDArray[np.int8]:
    """The sign of the difference of each pair of scores, shape [groups, pairs]."""
    one, other = np.triu_indices(scores.shape[1], 1)
    difference = scores[:, one] - scores[:, other]
    return np.where(np.abs(difference) <= tie, 0, np.sign(difference)).astype(np.int8)


def accuracy(gold: Floats, scores: Floats) -> Floats:
    """The share of all pairs that stand in the order of the gold scores, ties included (Deutsch et al. 2023)."""
    return accuracy_with_ties(gold, scores, 0.0)


def accuracy_with_ties(gold: Floats, scores: Floats, tie: float) -> Floats:
    """The same.

    Args:
        tie: scores that differ by no more are tied.
    """
    found = np.empty(len(gold))
    for some in _slices(gold):
        found[some] = (_signs(gold[some]) == _signs(scores[some], tie)).mean(axis=1)
    return found


COEFFICIENTS: Mapping[str, Coefficient] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
    "accuracy": accuracy,
}
