"""What the metrics say of the systems, put together as it comes: block by block of segments, each system in arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from mteval import recounting, reuse
from mteval.gate import Mark
from mteval.metrics.base import Item, ItemScore, Metric, stacked
from mteval.report.base import Counting
from mteval.scores import Floats, Points, SegmentScores, narrowest
from mteval.scoring import Items
from mteval.segment import ErrorSpan, EvalSet, Hypotheses
from mteval.store import Store
from mteval.usage import Meter

BLOCK = 65536
"""About how many items a metric is given at once, those of all systems on the same segments among them: few enough to
hold what it says of each, and so many that only large eval sets are ever divided."""


@dataclass
class Gathered:
    """What the metrics said of one system, while it is being put together; as ``SystemResult`` has it."""

    segments: dict[str, SegmentScores] = field(default_factory=dict)
    recounted: dict[Counting, dict[str, SegmentScores]] = field(default_factory=dict)
    spans: dict[str, tuple[tuple[ErrorSpan, ...] | None, ...]] = field(default_factory=dict)
    truncated: dict[str, tuple[int, ...]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def gather(
    name: str,
    metric: Metric,
    eval_set: EvalSet,
    hypotheses: Mapping[str, Hypotheses],
    marks: Mapping[str, Sequence[Sequence[Mark]]],
    into: Mapping[str, Gathered],
    store: Store,
    advance: reuse.Advance,
    meter: Meter,
) -> str:
    """Score systems by one metric, and say under which signature.

    Args:
        name: the metric's name.
        hypotheses: of the systems that are scored, by name.
        marks: what the gate saw in them, by system.
        into: takes what the metric says, by system.
        store: keeps scores between runs.
        advance: is told how many more items have a score.
        meter: counts what the scores cost.

    Raises:
        ContractError: the metric did not score every item, or gave something else than a finite number.
    """
    references = eval_set.reference_names if metric.card.needs_reference else ()
    items = {system: Items(eval_set, found.texts, references, metric.card) for system, found in hypotheses.items()}
    columns = {system: _Columns(len(eval_set.scored)) for system in items}
    step = max(1, BLOCK // max(1, len(items)))
    blocks = [
        _Block(tuple(items.values()), range(start, min(start + step, len(eval_set.scored))))
        for start in range(0, len(eval_set.scored), step)
    ]
    scored = reuse.score_blocks(name, metric, blocks, len(references), store, advance, meter) if items else ()
    for block, scores in zip(blocks if items else (), scored, strict=True):
        for start, column in zip(range(0, len(scores), len(block.rows)), columns.values(), strict=True):
            column.add(block.rows, scores[start : start + len(block.rows)])
    for system, column in columns.items():
        column.put(name, eval_set, into[system], system)
    segments = {system: into[system].segments[name] for system in items}
    others: Sequence[tuple[Counting, Mapping[str, SegmentScores]]] = (
        ("gated", recounting.gated(metric, items, marks, segments)),
        ("decoded", recounting.decoded(name, metric, items, marks, segments, store, meter, eval_set.rows.values())),
    )
    for counting, recounted in others:
        for system, one in recounted.items():
            into[system].recounted.setdefault(counting, {})[name] = one
    return str(metric.signature(len(references)))


class _Block(Sequence[Item]):
    """The items of some segments, system after system; each is made when it is asked for.

    Args:
        systems: each system's items.
        rows: the segments' positions.
    """

    def __init__(self, systems: Sequence[Sequence[Item]], rows: range) -> None:
        self._systems = systems
        self.rows = rows

    def __len__(self) -> int:
        return len(self._systems) * len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        system, row = divmod(range(len(self))[at], len(self.rows))
        return self._systems[system][self.rows[row]]

    def __iter__(self) -> Iterator[Item]:
        for system in self._systems:
            for row in self.rows:
                yield system[row]


class _Columns:
    """One metric's scores of one system's segments, block by block.

    Args:
        size: how many segments there are.
    """

    def __init__(self, size: int) -> None:
        self._numbers = np.full(size, np.nan)
        self._statistics: Floats | None = None
        self._spans: list[tuple[ErrorSpan, ...] | None] | None = None
        self._truncated: list[int] = []
        self._told: list[tuple[int, str]] = []

    def add(self, rows: range, scores: Sequence[ItemScore]) -> None:
        """Take the scores of some segments."""
        size, part = len(self._numbers), slice(rows.start, rows.stop)
        self._numbers[part] = [np.nan if score.score is None else score.score for score in scores]
        if (statistics := stacked(scores)) is not None:
            kind = narrowest(statistics)
            if self._statistics is None:
                self._statistics = np.full((size, statistics.shape[1]), np.nan, kind)
            self._statistics = self._statistics.astype(np.promote_types(self._statistics.dtype, kind), copy=False)
            self._statistics[part] = statistics
        if any(score.spans is not None for score in scores):
            self._spans = self._spans or [None] * size
            self._spans[part] = [score.spans for score in scores]
        self._truncated += [row for row, score in zip(rows, scores, strict=True) if score.truncated]
        self._told += [(row, notice) for row, score in zip(rows, scores, strict=True) for notice in score.notices]

    def put(self, metric: str, eval_set: EvalSet, into: Gathered, system: str) -> None:
        """Hand over what came together."""
        into.segments[metric] = SegmentScores(metric, system, Points(self._numbers), self._statistics)
        if self._spans is not None:
            into.spans[metric] = tuple(self._spans)
        if self._truncated:
            into.truncated[metric] = tuple(self._truncated)
        into.notices += [f"segment {eval_set.scored[row].id}, metric {metric}: {notice}" for row, notice in self._told]
