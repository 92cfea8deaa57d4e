"""Every pair of systems by one metric, as a table of rows against columns: who wins, and whether by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult
from mteval.report.differences import Difference, row_of
from mteval.report.table import Table

MATRIX_LEGEND = (
    "Each cell is the row's system less the column's: better or worse where the difference is significant, ≈ where the "
    "two cannot be told apart."
)

Outcome = Literal["better", "worse", "≈"]


@dataclass(frozen=True)
class Entry:
    """One system against another.

    Attributes:
        outcome: of the first; ``≈`` where they cannot be told apart.
    """

    difference: Difference
    outcome: Outcome


@dataclass(frozen=True)
class Matrix:
    """One metric's table.

    Attributes:
        heading: the metric's label, and which way is better.
        systems: those that were compared, in the order of the leaderboard.
        rows: by system, an entry a system; ``None`` against itself.
    """

    heading: str
    systems: tuple[str, ...]
    rows: Mapping[str, tuple[Entry | None, ...]]


def matrices(pair: PairResult, table: Table, metrics: Mapping[str, MetricCard]) -> tuple[Matrix, ...]:
    """What a page shows of all pairs of systems: one table a metric that compared any, in config order."""
    headings = {column.metric: column.heading for column in table.columns}
    return tuple(_matrix(pair, table, metrics, name, headings[name]) for name in metrics if name in pair.comparisons)


def _matrix(pair: PairResult, table: Table, metrics: Mapping[str, MetricCard], name: str, heading: str) -> Matrix:
    compared = pair.comparisons[name]
    systems = tuple(row.system for row in table.ranked if row.system in compared.systems)

    def entry(one: str, other: str) -> Entry | None:
        found = compared.between(one, other)
        if found is None:
            return None
        outcome: Outcome = "better" if compared.better(one, other) else "worse" if compared.better(other, one) else "≈"
        return Entry(row_of(table, metrics, compared, found, compared.adjusted(one, other)), outcome)

    return Matrix(heading, systems, {one: tuple(entry(one, other) for other in systems) for one in systems})
