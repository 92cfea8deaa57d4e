"""How far annotators agree, which of them stand apart, and what their judgments say of the systems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist

import numpy as np

from mteval.correlations import pearson
from mteval.metric_tests import bounds
from mteval.stats import POWER, Floats

DRAWS = 1000
FEWEST_COMMON = 5
"""Items that an annotator must share with others to be compared with them."""


def alpha(scores: Floats) -> float:
    """Krippendorff's alpha for scores on an interval scale (Krippendorff 2011).

    Args:
        scores: shape [annotators, items], NaN where somebody did not judge.

    Returns:
        1 for full agreement, 0 for that of chance; NaN if no item was judged twice, or all scores are the same.
    """
    return float(_alphas(scores, np.ones((1, scores.shape[1])))[0])


def _alphas(scores: Floats, times: Floats) -> Floats:
    """Alpha of draws of items, shape [draws], from how often each draw has each item, shape [draws, items]."""
    there = ~np.isnan(scores)
    counts = there.sum(axis=0)
    paired = counts > 1
    filled, counts = np.where(there, scores, 0.0)[:, paired], counts[paired].astype(np.float64)
    filled = np.where(there[:, paired], filled - filled.sum() / max(counts.sum(), 1), 0.0)
    sums, squares = filled.sum(axis=0), (filled**2).sum(axis=0)
    times = times[:, paired]
    # Sums of squared differences: within items, over ordered pairs, by an item's number of others; and of all.
    within = times @ (2 * (counts * squares - sums**2) / (counts - 1))
    values = times @ counts
    among = 2 * (values * (times @ squares) - (times @ sums) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1 - (values - 1) * within / among
    return np.where((values > 1) & (among > 0), found, np.nan)


def alpha_interval(scores: Floats, *, draws: int = DRAWS, seed: int) -> tuple[float, float] | None:
    """The 95% confidence interval of alpha, by the bootstrap over items; ``None`` where it says something in fewer than
    nine draws of ten."""
    items = scores.shape[1]
    return bounds(partial(_alphas, scores), items, [[item] for item in range(items)], draws=draws, seed=seed)


@dataclass(frozen=True)
class Annotator:
    """One annotator beside the others.

    Attributes:
        judgments: how many there are, checks aside.
        mean: of the scores.
        correlation: with the mean of the others on items that both judged; ``None`` for too few.
        alpha_without: of the others alone.
        damaged: of the damaged items, on how many the score was below that of the item itself, and how many there were.
        repeated: the mean absolute difference between an item's scores and its repetition's; ``None`` for none.
    """

    name: str
    judgments: int
    mean: float
    correlation: float | None
    alpha_without: float | None
    damaged: tuple[int, int]
    repeated: float | None

    def outlying(self, alpha: float | None) -> str | None:
        """Why the annotator stands apart, in words; ``None`` if not.

        Args:
            alpha: that of all.
        """
        caught, asked = self.damaged
        if asked and caught / asked < 0.5:
            return f"saw {caught} of {asked} damaged translations"
        if self.correlation is not None and self.correlation < 0.2:
            return f"correlates by {self.correlation:.2f} with the others"
        if alpha is not None and self.alpha_without is not None and self.alpha_without - alpha > 0.1:
            return f"without them alpha is {self.alpha_without:.2f}, not {alpha:.2f}"
        return None


def correlation(scores: Floats, at: int) -> float | None:
    """One annotator's correlation with the mean of the others, over items that both judged."""
    others = np.delete(scores, at, axis=0)
    both = ~np.isnan(scores[at]) & (~np.isnan(others)).any(axis=0)
    if both.sum() < FEWEST_COMMON:
        return None
    found = float(pearson(scores[at, both][None], np.nanmean(others[:, both], axis=0)[None])[0])
    return None if math.isnan(found) else found


@dataclass(frozen=True)
class Settled:
    """What people's judgments say of two systems.

    Attributes:
        better, worse: by mean gold score over the segments of both.
        difference: of their means.
        probability: that the better one is better, by the bootstrap over segments.
        segments: how many both were judged on.
        more: how many more such segments would show a difference of that size four times in five at p < 0.05; 0 if they
            are enough, ``None`` if there is no difference.
    """

    better: str
    worse: str
    difference: float
    probability: float
    segments: int
    more: int | None


def settled(gold: Mapping[str, Sequence[float | None]], *, draws: int = DRAWS, seed: int) -> list[Settled]:
    """What gold scores say of each two systems.

    Args:
        gold: by system, a score for each segment, ``None`` where there is none.
    """
    found = []
    names = list(gold)
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            pairs = [(a, b) for a, b in zip(gold[first], gold[second], strict=True) if a is not None and b is not None]
            if not pairs:
                continue
            differences = np.array([a - b for a, b in pairs], np.float64)
            mean = float(differences.mean())
            better, worse = (first, second) if mean >= 0 else (second, first)
            drawn = np.random.default_rng(seed).integers(0, len(differences), (draws, len(differences)))
            means = differences[drawn].mean(axis=1) * (1 if mean >= 0 else -1)
            probability = float(np.mean(means > 0) + np.mean(means == 0) / 2)
            found.append(Settled(better, worse, abs(mean), probability, len(pairs), _more(differences)))
    return found


def _more(differences: Floats) -> int | None:
    """How many more differences such as these it takes."""
    mean, spread = abs(float(differences.mean())), float(differences.std(ddof=1)) if len(differences) > 1 else math.nan
    if mean == 0 or math.isnan(spread):
        return None
    normal = NormalDist()
    needed = ((normal.inv_cdf(0.975) + normal.inv_cdf(POWER)) * spread / mean) ** 2
    return max(0, math.ceil(needed) - len(differences))
