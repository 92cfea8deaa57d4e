"""A spreadsheet: one row an item, to be filled in by hand, in any program that opens CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mteval.annotation.base import CATEGORIES, SEVERITIES, AnnotationFormat, Item, Judgment, Protocol, severity_of
from mteval.errors import DataError
from mteval.files import read_text, write_text
from mteval.segment import ErrorSpan
from mteval.spreadsheets import bare, guarded

NAME = "sheet.csv"
_COLUMNS = ("item", "context", "source", "translation", "errors", "score", "annotator")
_ERROR = re.compile(r"\s*(?P<severity>\w+)(?:\s*\[(?P<category>[^\]]*)\])?\s*:\s*(?P<text>.*\S)\s*", re.DOTALL)
OMISSION = "[missing]"
"""Stands for what a translation leaves out."""


class Sheet(AnnotationFormat):
    """Writes ``sheet.csv``, and reads it when ``errors``, ``score`` and ``annotator`` are filled in.

    Errors are written one a line, as ``major: the words`` or, by MQM, ``minor [Fluency/Grammar]: the words``; the words
    are looked for in the translation from left to right, after those of the line before. ``[missing]`` stands for what
    is left out.
    """

    def write(self, items: Sequence[Item], protocol: Protocol, folder: Path) -> tuple[Path, ...]:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for item in items:
            errors = "\n".join(_written(span, item.hypothesis, protocol) for span in item.spans)
            cells = [item.id, " ".join(item.before), item.source, item.hypothesis, errors, "", ""]
            rows.writerow([guarded(cell) for cell in cells])
        write_text(path := folder / NAME, text.getvalue())
        return (path,)

    def reads(self, path: Path) -> bool:
        return path.suffix.lower() == ".csv"

    def read(self, path: Path) -> Iterator[Judgment]:
        rows = csv.reader(io.StringIO(read_text(path)), strict=True)
        try:
            head = next(rows, [])
            if missing := [column for column in _COLUMNS if column not in head]:
                raise DataError(f"{path}:1", f"has no column {missing[0]!r}", "give back the sheet that was written")
            for row in rows:
                where = f"{path}:{rows.line_num}"
                if len(row) != len(head):
                    raise DataError(where, f"has {len(row)} cells, the head {len(head)}", "mend that row")
                told = dict(zip(head, map(bare, row), strict=True))
                if told["annotator"].strip():
                    yield _judgment(where, told)
        except csv.Error as error:
            raise DataError(f"{path}:{rows.line_num}", f"is no CSV ({error})", "save it as CSV again") from None


def _judgment(where: str, told: dict[str, str]) -> Judgment:
    score = told["score"].strip().replace(",", ".")
    try:
        number = float(score) if score else None
    except ValueError:
        raise DataError(where, f"the score {told['score']!r} is no number", "write one from 0 to 100") from None
    if number is not None and not 0 <= number <= 100:
        raise DataError(where, f"the score {told['score']} is not from 0 to 100", "correct it")
    spans, after = [], 0
    for line in filter(str.strip, told["errors"].splitlines()):
        span = _span(where, line, told["translation"], after)
        spans.append(span)
        after = span.end if span.end > span.start else after
    return Judgment(where, told["item"].strip(), told["annotator"].strip(), number, tuple(spans))


def _span(where: str, line: str, text: str, after: int) -> ErrorSpan:
    found = _ERROR.fullmatch(line)
    if found is None or found["severity"].lower() not in SEVERITIES:
        remedy = f"write SEVERITY: WORDS, with {' or '.join(SEVERITIES)}"
        raise DataError(where, f"the error {line!r} cannot be read", remedy)
    words, category = found["text"], (found["category"] or "").strip()
    if words == OMISSION:
        return ErrorSpan(len(text), len(text), category, found["severity"].lower())
    start = text.find(words, after)
    start = text.find(words) if start < 0 else start
    if start < 0:
        raise DataError(where, f"the words {words!r} are not in the translation", "copy them from there")
    return ErrorSpan(start, start + len(words), category, found["severity"].lower())


def _written(span: ErrorSpan, text: str, protocol: Protocol) -> str:
    severity = severity_of(span)
    category = f" [{span.category if span.category in CATEGORIES else ''}]" if protocol == "mqm" else ""
    return f"{severity}{category}: {' '.join(text[span.start : span.end].split()) or OMISSION}"
