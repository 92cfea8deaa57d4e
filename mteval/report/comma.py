"""Writes ``leaderboard.csv``: one row a lang pair and system, every number in full."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from mteval.files import write_text
from mteval.gate import MARK_KINDS
from mteval.report.base import Report, RunResult
from mteval.report.leaderboard import LABELS, Row, Table, leaderboard

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # the last four: full width

Value = str | int | float | None


class Csv(Report):
    """Writes ``leaderboard.csv``.

    Columns: lang_pair, eval_set, system, kind, rank; for each metric its score, ``_low`` and ``_high`` (the ends of
    its confidence interval), ``_segments`` (how many the score is made of) and ``_signature``; the segments that bear a
    gate mark, by kind; the documents by label. An empty cell is no number, never 0.

    A text (a name, a signature) that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is written with an
    apostrophe before it, so that no spreadsheet takes it for a formula; a carriage return is written as a space.
    Numbers are written as they are.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.csv"
        text = io.StringIO()
        sheet = csv.writer(text, lineterminator="\n")
        sheet.writerow([_guard(name) for name in _header(result)])
        for table in leaderboard(result):
            sheet.writerows([_guard(value) for value in _values(table, row)] for row in table.rows)
        write_text(path, text.getvalue())
        return path


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal or a reader would obey and not show, but for tabs and line ends."""


def _guard(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("\ufffd", value.replace("\r", " "))  # Python's writer would leave it outside quotation marks
    return f"'{value}" if value.startswith(_FORMULA) else value


def _header(result: RunResult) -> list[str]:
    header = ["lang_pair", "eval_set", "system", "kind", "rank"]
    for metric in result.metrics:
        header += [metric, f"{metric}_low", f"{metric}_high", f"{metric}_segments", f"{metric}_signature"]
    header += [f"gate_{kind}" for kind in MARK_KINDS]
    return header + [f"documents_{label}" for label in LABELS]


def _values(table: Table, row: Row) -> list[Value]:
    values: list[Value] = [table.pair, table.eval_set, row.system, row.kind, row.rank]
    for cell in row.cells:
        low, high = cell.interval or (None, None)
        values += [cell.score, low, high, cell.segments, cell.signature]
    values += [row.marks[kind] for kind in MARK_KINDS]
    return values + [row.verdicts[label] if row.verdicts is not None else None for label in LABELS]
