"""Writes ``leaderboard.csv``: one row a lang pair and system, every number in full."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from mteval.files import write_text
from mteval.gate import MARK_KINDS
from mteval.report.base import Report, RunResult
from mteval.report.blame import blame
from mteval.report.leaderboard import Row, Table, leaderboard
from mteval.report.tally import LABELS

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # the last four: full width

Value = str | int | float | None


class Csv(Report):
    """Writes ``leaderboard.csv``.

    Columns: lang_pair, eval_set, documents, system, kind, rank; for each metric its score, ``_low`` and ``_high`` (the
    ends of its confidence interval), ``_segments`` (how many the score is made of) and ``_signature``; the segments
    that bear a gate mark, by kind; the segments and the documents by label, and which share of them is garbled, 0 to 1.
    An empty cell is no number, never 0.

    ``documents`` is ``all`` in the leaderboard's rows. Where only some sources are clean, a system has a second row, in
    which it is ``clean sources`` and all numbers are of those documents alone.

    A text (a name, a signature) that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break is written with an
    apostrophe before it, so that no spreadsheet takes it for a formula; a carriage return is written as a space.
    Numbers are written as they are.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.csv"
        text = io.StringIO()
        sheet = csv.writer(text, lineterminator="\n")
        sheet.writerow([_guard(name) for name in _header(result)])
        for table, pair in zip(leaderboard(result), result.pairs, strict=True):
            clean = blame(pair, table, result.metrics).table
            for documents, part in (("all", table), *([("clean sources", clean)] if clean else [])):
                sheet.writerows([_guard(value) for value in _values(part, documents, row)] for row in part.rows)
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
    header = ["lang_pair", "eval_set", "documents", "system", "kind", "rank"]
    for metric in result.metrics:
        header += [metric, f"{metric}_low", f"{metric}_high", f"{metric}_segments", f"{metric}_signature"]
    header += [f"gate_{kind}" for kind in MARK_KINDS]
    for texts in ("segments", "documents"):
        header += [*(f"{texts}_{label}" for label in LABELS), f"{texts}_garbled_share"]
    return header


def _values(table: Table, documents: str, row: Row) -> list[Value]:
    values: list[Value] = [table.pair, table.eval_set, documents, row.system, row.kind, row.rank]
    for cell in row.cells:
        low, high = cell.interval or (None, None)
        values += [cell.score, low, high, cell.segments, cell.signature]
    values += [row.marks[kind] for kind in MARK_KINDS]
    for tally in (row.garbled_segments, row.garbled_documents):
        values += [tally.counts[label] if tally else None for label in LABELS]
        values.append(tally.share if tally else None)
    return values
