"""Writes ``leaderboard.csv``: one row a lang pair and system, every number in full."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mteval.files import write_text
from mteval.gate import MARK_KINDS
from mteval.report.average import Average, AverageRow, average
from mteval.report.base import Report, RunResult, Sources
from mteval.report.differences import Difference, to_baseline
from mteval.report.leaderboard import views
from mteval.report.table import Row, Table
from mteval.report.tally import LABELS
from mteval.report.views import through
from mteval.spreadsheets import guarded

_SOURCES: Mapping[Sources, str] = {
    "all": "all",
    "clean": "clean sources",
    "original": "original sources",
    "translated": "translated sources",
}

Value = str | int | float | None


class Csv(Report):
    """Writes ``leaderboard.csv``.

    Columns: lang_pair, eval_set, documents, counting, system, kind, rank (shared by systems that cannot be told apart)
    and place (by the score alone); for each metric its score, ``_low`` and ``_high`` (the ends of its confidence
    interval), ``_rank`` (by this metric), ``_segments`` (how many the score is made of), ``_signature``, and where
    there is a baseline ``_difference`` and ``_p`` (to it, with Holm's correction); the segments that bear a gate mark,
    by kind; the segments and the documents by label, and which share of them is garbled, 0 to 1. An empty cell is no
    number, never 0.

    ``documents`` is ``all`` and ``counting`` is ``raw`` in the leaderboard's rows. Where only some sources are clean, a
    system has another row, in which ``documents`` is ``clean sources`` and all numbers are of those documents alone;
    likewise ``original sources`` and ``translated sources`` where there are both, and likewise where ``counting`` is
    ``gated`` (failed hypotheses count as nothing) or ``decoded`` (HTML entities are decoded). Averages over lang pairs
    have the pairs in ``lang_pair``, joined by ``+``, and ``average`` in ``documents``. Where cells of a sweep failed
    there is a column ``failed``, and below the systems a row of each, with the cell and its overrides in ``system``.

    A text (a name, a signature) that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is written with an
    apostrophe before it, so that no spreadsheet takes it for a formula; a carriage return is written as a space.
    Numbers are written as they are.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.csv"
        text = io.StringIO()
        sheet = csv.writer(text, lineterminator="\n")
        sheet.writerow([_guard(name) for name in _header(result)])
        for pair in result.pairs:
            for (counting, sources), table in views(pair, result.metrics).items():
                to_it: Sequence[Difference] = ()
                if result.baseline:
                    of_view = through(pair, counting, sources) if (counting, sources) in pair.views else pair
                    found = to_baseline(of_view, table, result.metrics, result.baseline)
                    to_it = found.rows if found is not None else ()
                for row in table.rows:
                    start = [table.pair, table.eval_set, _SOURCES[sources], counting, row.system, row.kind]
                    values = [*start, row.rank, row.place, *_values(result, table, row, to_it)]
                    values += [None] if result.failed else []
                    sheet.writerow([_guard(value) for value in values])
        mean = average(result)
        if mean is not None:
            for averaged in (*mean.ranked, *mean.unranked):
                sheet.writerow([_guard(value) for value in _average(result, mean, averaged)])
        for cell in result.failed:
            of_cell: list[Value] = [*[None] * 4, " ".join([cell.cell, *cell.overrides]), "failed cell"]
            of_cell += [None] * (len(_header(result)) - len(of_cell) - 1)
            sheet.writerow([_guard(value) for value in [*of_cell, cell.reason]])
        write_text(path, text.getvalue())
        return path


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or a reader would obey and not show, but for tabs and line ends."""


def _guard(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    value = value.replace("\r", " ")  # Python's writer would leave it outside quotation marks
    return guarded(_CONTROL.sub("\ufffd", value))


def _header(result: RunResult) -> list[str]:
    header = ["lang_pair", "eval_set", "documents", "counting", "system", "kind", "rank", "place"]
    for metric in result.metrics:
        header += [metric, *(f"{metric}_{what}" for what in _of_metric(result))]
    header += [f"gate_{kind}" for kind in MARK_KINDS]
    for texts in ("segments", "documents"):
        header += [*(f"{texts}_{label}" for label in LABELS), f"{texts}_garbled_share"]
    return header + (["failed"] if result.failed else [])


def _of_metric(result: RunResult) -> list[str]:
    """What stands beside each metric's score."""
    return ["low", "high", "rank", "segments", "signature", *(["difference", "p"] if result.baseline else [])]


def _values(result: RunResult, table: Table, row: Row, to_it: Sequence[Difference]) -> list[Value]:
    values: list[Value] = []
    for column, cell in zip(table.columns, row.cells, strict=True):
        low, high = cell.interval or (None, None)
        rank = cell.standing.rank if cell.standing else None
        values += [cell.score, low, high, rank, cell.segments, cell.signature]
        if result.baseline:
            own = [one for one in to_it if (one.metric, one.system) == (column.metric, row.system)]
            values += [own[0].difference, own[0].p_value] if own else [None, None]
    values += [row.marks[kind] for kind in MARK_KINDS]
    for tally in (row.garbled_segments, row.garbled_documents):
        values += [tally.counts[label] if tally else None for label in LABELS]
        values.append(tally.share if tally else None)
    return values


def _average(result: RunResult, mean: Average, row: AverageRow) -> list[Value]:
    """One system's averages, in the columns of the scores; the other columns are empty."""
    values: list[Value] = ["+".join(mean.pairs), None, "average", "raw", row.system, row.kind, None, None]
    averaged = {column.metric: cell.score for column, cell in zip(mean.columns, row.cells, strict=True)}
    for metric in result.metrics:
        values += [averaged.get(metric), *[None] * len(_of_metric(result))]
    return values + [None] * (len(_header(result)) - len(values))
