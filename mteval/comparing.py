"""Systems compared in pairs: what is drawn of each, once for all that is alike, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from mteval.comparison import Comparison, Comparisons, Resampling, Unit
from mteval.resampling import Aggregate, Floats, Units, bootstraps, randomisations
from mteval.scores import SegmentScores
from mteval.stats import bootstrap_p, detectable


class UnitPool:
    """The units of segment scores, each set of them made once, so that what is alike is drawn once.

    Args:
        documents: the document of each segment.
        resampling: says what a unit is.
    """

    def __init__(self, documents: Sequence[str], resampling: Resampling) -> None:
        self._documents = documents
        self._resampling = resampling
        self._blocks: dict[bytes, list[int] | None] = {}
        self._made: dict[tuple[int, bytes], tuple[SegmentScores, Units]] = {}

    def blocks(self, rows: Sequence[int]) -> list[int] | None:
        """For each of some segments the block that it is drawn with; ``None`` where they are drawn one by one."""
        key = _key(rows)
        if key not in self._blocks:
            self._blocks[key] = self._resampling.blocks([self._documents[row] for row in rows])
        return self._blocks[key]

    def of(self, found: SegmentScores, rows: Sequence[int]) -> Units:
        """The units of some segments, all of which have a score."""
        key = id(found), _key(rows)
        if key not in self._made:
            whole = np.array_equal(rows, np.arange(len(found)))  # then nothing is copied
            self._made[key] = found, Units.of(found.of(None if whole else rows), self.blocks(rows))
        return self._made[key][1]


def _key(rows: Sequence[int]) -> bytes:
    return blake2b(np.asarray(rows, np.int64).data).digest()


@dataclass(frozen=True)
class Compared:
    """What of one metric is to be compared.

    Attributes:
        found: the segment scores of the systems that are compared.
        rows: the segments that all of them have a score of.
        units: each system's, of these segments.
        unit: what they are.
        tested: whether there are enough of them to be resampled.
    """

    found: tuple[SegmentScores, ...]
    rows: tuple[int, ...]
    units: tuple[Units, ...]
    unit: Unit

    @property
    def tested(self) -> bool:
        return len(self.units[0]) > 1

    @classmethod
    def of(cls, found: Sequence[SegmentScores], pool: UnitPool, rows: Sequence[int] | None) -> Compared | None:
        """What is to be compared of some systems; ``None`` for fewer than two that have a score of the same segment.

        Args:
            found: each system's segment scores.
            rows: the positions of the segments that count; ``None`` for all.
        """
        scored = [one for one in found if one.scored(rows) is not None]
        chosen = range(len(found[0]) if found else 0) if rows is None else rows
        common = [row for row in chosen if all(one.scores[row] is not None for one in scored)]
        if len(scored) < 2 or not common:
            return None
        unit: Unit = "segment" if pool.blocks(common) is None else "document"
        return cls(tuple(scored), tuple(common), tuple(pool.of(one, common) for one in scored), unit)

    def concluded(
        self,
        aggregate: Aggregate,
        higher_is_better: bool,
        resampling: Resampling,
        drawn: Sequence[Floats],
        swapped: Floats | None,
    ) -> Comparisons:
        """All pairs, from what was drawn.

        Args:
            drawn: each system's bootstrap scores; empty for none.
            swapped: the p-values of the randomisation tests.
        """
        # All together, so that equal sums give equal scores to the last bit.
        totals = [one.total for one in self.units]
        whole = aggregate(np.concatenate([sums for sums, _ in totals]), np.concatenate([count for _, count in totals]))
        pairs = []
        for a in range(len(self.found)):
            for b in range(a + 1, len(self.found)):
                difference = float(whole[a] - whole[b])
                pairs.append(
                    Comparison(
                        self.found[a].system,
                        self.found[b].system,
                        difference,
                        bootstrap_p(drawn[a], drawn[b], difference) if drawn else None,
                        float(swapped[a, b]) if swapped is not None else None,
                        detectable(drawn[a] - drawn[b], level=resampling.level) if drawn else None,
                        int(np.any(self.units[a].sums != self.units[b].sums, axis=1).sum()),
                    )
                )
        return Comparisons(
            self.found[0].metric,
            tuple(one.system for one in self.found),
            higher_is_better,
            tuple(pairs),
            len(self.rows),
            self.unit,
            len(self.units[0]),
            resampling,
        )


def compare(
    found: Sequence[SegmentScores],
    aggregate: Aggregate,
    higher_is_better: bool,
    documents: Sequence[str],
    resampling: Resampling,
    rows: Sequence[int] | None = None,
) -> Comparisons | None:
    """Compare all pairs of systems by one metric.

    Args:
        found: each system's segment scores.
        aggregate: the metric's.
        documents: the document of each segment.
        rows: the positions of the segments that count; ``None`` for all.

    Returns:
        ``None`` for fewer than two systems that have a score of the same segment.
    """
    compared = Compared.of(found, UnitPool(documents, resampling), rows)
    if compared is None:
        return None
    drawn: Sequence[Floats] = []
    if compared.tested and resampling.draws:
        samples = [(units, aggregate) for units in compared.units]
        drawn = bootstraps(samples, draws=resampling.draws, seed=resampling.seed)
    swapped = None
    if compared.tested and resampling.trials:
        (swapped,) = randomisations([(compared.units, aggregate)], trials=resampling.trials, seed=resampling.seed)
    return compared.concluded(aggregate, higher_is_better, resampling, drawn, swapped)
