"""All pairs of systems compared by one metric: how far apart they are, whether by chance, and what would be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from mteval.stats import clusters, holm

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
