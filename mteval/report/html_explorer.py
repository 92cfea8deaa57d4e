"""The segment explorer's data, in one part that goes into the page, or in several that go into pages beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, RunResult
from mteval.report.html_pack import pack
from mteval.report.html_segments import explorer_data
from mteval.report.table import Table


@dataclass(frozen=True)
class Part:
    """Some segments of one lang pair, packed.

    Attributes:
        pair, eval_set: whose they are.
        rows: their positions in ``EvalSet.scored``.
        of: how many segments the lang pair has.
        data: what the explorer shows of them; see ``explorer_data``.
    """

    pair: str
    eval_set: str
    rows: range
    of: int
    data: Markup

    @property
    def title(self) -> str:
        """Which segments these are: ``pt-en, seeds: segments 1 to 500 of 997``."""
        return f"{self.pair}, {self.eval_set}: segments {self.rows.start + 1:,} to {self.rows.stop:,} of {self.of:,}"

    @property
    def beyond(self) -> str:
        """What comes after these and is nowhere in the explorer, a sentence; empty if nothing does."""
        if self.rows.stop == self.of:
            return ""
        return f"Here are the first {self.rows.stop:,} of {self.of:,} segments; segments.jsonl holds all."


def whole_parts(result: RunResult, tables: Iterable[Table], most: int | None = None) -> tuple[Part, ...]:
    """One part a lang pair, with all its segments, or with the first ``most`` where there are more."""
    return tuple(
        _part(pair, result.metrics, table, range(len(pair.eval_set.scored))[:most])
        for pair, table in zip(result.pairs, tables, strict=True)
    )


def divided(result: RunResult, tables: Iterable[Table], whole: Iterable[Part], room: int) -> tuple[Part, ...]:
    """The same segments in parts that are small enough, in order; a single segment is never divided.

    Args:
        result: the run's result.
        tables: its leaderboard.
        whole: its segments, one part a lang pair.
        room: how many bytes a part may have.
    """
    parts: list[Part] = []
    for pair, table, one in zip(result.pairs, tables, whole, strict=True):
        pending = [one]
        while pending:
            part = pending.pop()
            pieces = min(-(-len(part.data) // max(room, 1)), len(part.rows))
            if pieces <= 1:
                parts.append(part)
                continue
            step = -(-len(part.rows) // pieces)
            cuts = range(part.rows.start, part.rows.stop, step)
            rows = [range(cut, min(cut + step, part.rows.stop)) for cut in cuts]
            pending += [_part(pair, result.metrics, table, some) for some in reversed(rows)]
    return tuple(parts)


def _part(pair: PairResult, metrics: Mapping[str, MetricCard], table: Table, rows: range) -> Part:
    data = Markup(pack(explorer_data(pair, metrics, table, rows)))
    return Part(str(pair.eval_set.pair), pair.eval_set.name, rows, len(pair.eval_set.scored), data)
