"""All pairs of systems compared by one metric: how far apart they are, whether by chance, and what would be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from mteval.scores import SegmentScores
from mteval.stats import Aggregate, Units, bootstrap, bootstrap_p, clusters, detectable, holm, randomisation_p

Test = Literal["randomisation", "bootstrap"]
Unit = Literal["segment", "document"]

ENOUGH_DOCUMENTS = 30
"""With fewer documents than this they are no blocks: a resample of a handful of documents says little of any other
handful, and segments are drawn."""


@dataclass(frozen=True)
class Resampling:
    """How confidence intervals and paired tests are made.

    Attributes:
        draws: bootstrap resamples, each of as many units as there are; 0 for no intervals and no bootstrap test.
        trials: of approximate randomisation; 0 for no such test.
        seed: the same one draws the same units for every system and metric.
        test: which of the two tests decides what is significant.
        level: the level of significance, after Holm's correction.
        unit: what is drawn; ``None`` for documents where there are enough of them, and segments otherwise.
    """

    draws: int
    seed: int
    trials: int = 0
    test: Test = "randomisation"
    level: float = 0.05
    unit: Unit | None = None

    def blocks(self, documents: Sequence[str]) -> list[int] | None:
        """For each segment the block that it is drawn with; ``None`` where segments are drawn one by one.

        Args:
            documents: the document of each segment.
        """
        numbers = {document: number for number, document in enumerate(dict.fromkeys(documents))}
        whole = len(numbers) >= ENOUGH_DOCUMENTS if self.unit is None else self.unit == "document"
        return [numbers[document] for document in documents] if whole and len(numbers) < len(documents) else None


@dataclass(frozen=True)
class Comparison:
    """Two systems by one metric.

    Attributes:
        difference: the first's score less the second's, over the segments that all compared systems have a score of.
        bootstrap_p, randomisation_p: p-values of the two paired tests, not corrected; ``None`` where it was not made.
        detectable: the smallest difference that one test at the level would find in 80% of such eval sets; ``None``
            without bootstrap draws.
        differing: in how many units the two have other statistics.
    """

    first: str
    second: str
    difference: float
    bootstrap_p: float | None
    randomisation_p: float | None
    detectable: float | None
    differing: int

    @property
    def reversed(self) -> Comparison:
        """The same, seen from the second."""
        return replace(self, first=self.second, second=self.first, difference=-self.difference)


@dataclass(frozen=True)
class Comparisons:
    """All pairs of systems by one metric.

    Attributes:
        systems: those compared, in the order in which they ran.
        higher_is_better: whether a positive difference is for the first.
        pairs: each pair once.
        segments: how many segments all of them have a score of.
        unit: what was drawn.
        units: how many of them there are.
    """

    metric: str
    systems: tuple[str, ...]
    higher_is_better: bool
    pairs: tuple[Comparison, ...]
    segments: int
    unit: Unit
    units: int
    resampling: Resampling

    def between(self, first: str, second: str) -> Comparison | None:
        """The comparison of two systems, seen from the first; ``None`` if one of them was not compared."""
        return self._found.get((first, second))

    def p_value(self, pair: Comparison) -> float | None:
        """The p-value that decides, not corrected.

        It is the test's own, but for randomisation where few units differ: swapping m units can give no p-value below
        2 / 2^m, whatever the count of trials that *exceed* the difference says.
        """
        if self.resampling.test == "bootstrap":
            return pair.bootstrap_p
        if pair.randomisation_p is None:
            return None
        return max(pair.randomisation_p, min(1.0, 2.0 ** (1 - pair.differing)))

    @property
    def tested(self) -> bool:
        """Whether the test that decides was made of any pair."""
        return bool(self._adjusted)

    def adjusted(self, first: str, second: str) -> float | None:
        """The p-value of the test that decides, with Holm's correction for all pairs; ``None`` without a test."""
        return self._adjusted.get(frozenset((first, second)))

    def against(self, baseline: str) -> Mapping[str, float]:
        """By system, the p-value against a baseline, with Holm's correction for these comparisons alone."""
        found = {
            system: p
            for system in self.systems
            if (pair := self.between(system, baseline)) is not None and (p := self.p_value(pair)) is not None
        }
        return dict(zip(found, holm(list(found.values())), strict=True))

    def better(self, first: str, second: str) -> bool:
        """Whether the first is significantly better, after Holm's correction for all pairs."""
        pair, p = self.between(first, second), self.adjusted(first, second)
        if pair is None or p is None or p >= self.resampling.level:
            return False
        return pair.difference > 0 if self.higher_is_better else pair.difference < 0

    def clusters(self, order: Sequence[str]) -> dict[str, int]:
        """Rank clusters as at WMT, by system, numbered from 0.

        Args:
            order: systems that were compared, the best first.
        """
        found = clusters(len(order), lambda a, b: self.better(order[a], order[b]))
        return dict(zip(order, found, strict=True))

    @cached_property
    def _found(self) -> Mapping[tuple[str, str], Comparison]:
        return {(one.first, one.second): one for pair in self.pairs for one in (pair, pair.reversed)}

    @cached_property
    def _adjusted(self) -> Mapping[frozenset[str], float]:
        tested = [(pair, p) for pair in self.pairs if (p := self.p_value(pair)) is not None]
        adjusted = holm([p for _, p in tested])
        return {frozenset((pair.first, pair.second)): p for (pair, _), p in zip(tested, adjusted, strict=True)}


def compare(
    found: Sequence[SegmentScores],
    aggregate: Aggregate,
    higher_is_better: bool,
    documents: Sequence[str],
    resampling: Resampling,
    rows: Sequence[int] | None = None,
) -> Comparisons | None:
    """Compare all pairs of systems by one metric, in one pass over their segment statistics.

    Args:
        found: each system's segment scores.
        aggregate: the metric's.
        documents: the document of each segment.
        rows: the positions of the segments that count; ``None`` for all.

    Returns:
        ``None`` for fewer than two systems that have a score of the same segment.
    """
    scored = [one for one in found if one.scored(rows) is not None]
    chosen = range(len(documents)) if rows is None else rows
    common = [row for row in chosen if all(one.scores[row] is not None for one in scored)]
    if len(scored) < 2 or not common:
        return None
    blocks = resampling.blocks([documents[row] for row in common])
    units = []
    for one in scored:
        assert one.statistics is not None  # it has a score
        units.append(Units.of(one.statistics[common], blocks))
    # All together, so that equal sums give equal scores to the last bit.
    totals = [one.total for one in units]
    whole = aggregate(np.concatenate([sums for sums, _ in totals]), np.concatenate([count for _, count in totals]))
    enough = len(units[0]) > 1
    draws = resampling.draws if enough else 0
    drawn = [bootstrap(one, aggregate, draws=draws, seed=resampling.seed) for one in units] if draws else []
    swapped = None
    if enough and resampling.trials:
        swapped = randomisation_p(units, aggregate, trials=resampling.trials, seed=resampling.seed)
    pairs = []
    for a in range(len(scored)):
        for b in range(a + 1, len(scored)):
            difference = float(whole[a] - whole[b])
            pairs.append(
                Comparison(
                    scored[a].system,
                    scored[b].system,
                    difference,
                    bootstrap_p(drawn[a], drawn[b], difference) if drawn else None,
                    float(swapped[a, b]) if swapped is not None else None,
                    detectable(drawn[a] - drawn[b], level=resampling.level) if drawn else None,
                    int(np.any(units[a].sums != units[b].sums, axis=1).sum()),
                )
            )
    return Comparisons(
        found[0].metric,
        tuple(one.system for one in scored),
        higher_is_better,
        tuple(pairs),
        len(common),
        "segment" if blocks is None else "document",
        len(units[0]),
        resampling,
    )
