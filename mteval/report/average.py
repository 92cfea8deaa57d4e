"""Averages over lang pairs, before any format, where they make sense: one metric, one language to translate into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mteval.report.base import RunResult
from mteval.report.leaderboard import leaderboard
from mteval.report.table import Cell, Column, Table
from mteval.systems.base import Kind

AVERAGE_LEGEND = "Each lang pair weighs the same. Averages have no interval and no test: ranks are those in each pair."


@dataclass(frozen=True)
class AverageRow:
    """One system's averages.

    Attributes:
        cells: one a column, without interval.
    """

    system: str
    kind: Kind
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Average:
    """The averages over lang pairs.

    Attributes:
        pairs: the lang pairs that each number is the mean of.
        columns: the metrics that are averaged.
        ranked: systems, the best by the metric that ranks first.
        unranked: references, then canaries.
        notes: what is not averaged, and why, a sentence each.
    """

    pairs: tuple[str, ...]
    columns: tuple[Column, ...]
    ranked: tuple[AverageRow, ...]
    unranked: tuple[AverageRow, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is, with the pairs."""
        return f"Average over {', '.join(self.pairs)}"


def average(result: RunResult) -> Average | None:
    """The averages over all lang pairs of a run; each pair weighs the same, however many segments it has.

    A metric is averaged if it was made under one signature in all pairs; a system, if it ran in all of them.

    Returns:
        ``None`` for fewer than two lang pairs, pairs into different languages, pairs that different metrics rank, or
        no system that ran in all.
    """
    tables = leaderboard(result)
    targets = {pair.eval_set.pair.target for pair in result.pairs}
    if len(tables) < 2 or len(targets) > 1 or len({table.headline for table in tables}) > 1:
        return None
    same = [len({one for table in tables for one in table.columns[at].signatures}) == 1 for at in _each(tables)]
    kept = [at for at in _each(tables) if same[at]]
    every = list(dict.fromkeys(row.system for table in tables for row in table.rows))
    found = {name: _row(tables, name, kept) for name in every}
    rows = [row for row in found.values() if row is not None and any(cell.score is not None for cell in row.cells)]
    ranked = [row for row in rows if row.kind == "system"]
    if not ranked:
        return None
    notes = [
        f"{tables[0].columns[at].label} is not averaged: its signature is another in each lang pair."
        for at in _each(tables)
        if not same[at]
    ]
    if left := [name for name in every if name not in {row.system for row in rows}]:
        notes.append(f"Without a score in every lang pair, and not here: {', '.join(left)}.")
    columns = tuple(tables[0].columns[at] for at in kept)
    return Average(
        pairs=tuple(table.pair for table in tables),
        columns=columns,
        ranked=_ordered(ranked, columns, tables[0].headline),
        unranked=tuple(row for kind in ("reference", "canary") for row in rows if row.kind == kind),
        notes=tuple(notes),
    )


def _each(tables: Sequence[Table]) -> range:
    return range(len(tables[0].columns))


def _row(tables: Sequence[Table], system: str, kept: Sequence[int]) -> AverageRow | None:
    """One system's averages; ``None`` if it did not run in every lang pair, or not as the same kind."""
    found = [row for table in tables for row in table.rows if row.system == system]
    if len(found) < len(tables) or len({row.kind for row in found}) > 1:
        return None
    cells = []
    for at in kept:
        each = [row.cells[at] for row in found]
        scores = [cell.score for cell in each if cell.score is not None]
        mean = sum(scores) / len(scores) if len(scores) == len(tables) else None
        cells.append(Cell(mean, None, each[0].decimals, starred=mean is not None and any(c.starred for c in each)))
    return AverageRow(system, found[0].kind, tuple(cells))


def _ordered(rows: Sequence[AverageRow], columns: Sequence[Column], headline: str | None) -> tuple[AverageRow, ...]:
    """Systems, the best by the metric that ranks first, with the best of each column marked, starred scores apart."""
    marked = [list(row.cells) for row in rows]
    order = [0.0] * len(rows)
    for at, column in enumerate(columns):
        sign = -1 if column.higher_is_better else 1
        fair = {index: cell[at].score for index, cell in enumerate(marked) if not cell[at].starred}
        there = {index: sign * score for index, score in fair.items() if score is not None}
        for index, value in there.items():
            marked[index][at] = replace(marked[index][at], best=len(there) > 1 and value == min(there.values()))
        if column.metric == headline:
            order = [there.get(index, float("inf")) for index in range(len(rows))]
    placed = sorted(range(len(rows)), key=lambda index: order[index])
    return tuple(replace(rows[index], cells=tuple(marked[index])) for index in placed)
