"""Writes ``leaderboard.tex``: a table for a paper, one a lang pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mteval.files import write_text
from mteval.report.average import Average, AverageRow, average
from mteval.report.base import Report, RunResult
from mteval.report.differences import Differences, differences
from mteval.report.leaderboard import leaderboard
from mteval.report.plain import plain
from mteval.report.splits import Split, splits
from mteval.report.table import MISSING, STARRED, TIED, Cell, Row, Table

_INTERVALS = 4
"""With more metrics than this the intervals no longer fit a page, and are left to the other formats."""

_SMALL = r"  \centering\small"
_MANY = 4
"""So many metrics are set in smaller letters, to fit the width of a page."""

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}\allowbreak{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    "[": r"{[}",
    "]": r"{]}",
    "–": r"\textendash{}",
    "†": r"\textdagger{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}


class Latex(Report):
    """Writes ``leaderboard.tex``: one ``table`` a lang pair, to be put into a paper with ``\\input``; and another over
    clean sources, where only some are, and over original and translated ones, where there are both.

    It needs the package booktabs, and an engine or encoding that reads UTF-8 (T1 fonts for quotation marks). The
    signatures stand below the table; intervals are left out where there are more than four metrics.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.tex"
        head = "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc} in the preamble.\n"
        blocks = [head]
        for table, pair in zip(leaderboard(result), result.pairs, strict=True):
            parts = splits(pair, table, result.metrics)
            told = [*(f"Failed: {cell.sentence}" for cell in result.failed), *result.warnings]
            blocks.append(_table(table, [*told, *(text for part in parts for text in part.finding)]))
            between = differences(pair, table, result.metrics, result.baseline)
            blocks += [_differences(table, between)] if between else []
            blocks += [_part(part, part.table) for part in parts if part.table]
        mean = average(result)
        blocks += [_average(mean)] if mean else []
        write_text(path, "\n".join(blocks))
        return path


def escape(text: str) -> str:
    """Text that LaTeX prints as it is; a signature may break after a bar."""
    return re.sub(r"[\\{}$&#%_^~<>|`\"\[\]–†↑↓]", lambda found: _ESCAPES[found.group()], plain(text)).replace(
        "--", "-{}-"
    )


def _table(table: Table, notes: Sequence[str]) -> str:
    size = escape(table.size).rstrip(".")
    caption = f"{escape(table.pair)}, {escape(table.eval_set)}: {size}. {_legend(table)}"
    body = _tabular(table, said=True) if table.rows else [r"  No system translated this eval set."]
    return _floating(caption, _label(table), [*body, *_notes(table, notes)], _size(table))


def _part(part: Split, table: Table) -> str:
    """The table over some documents alone; its signatures and its finding stand below the table over all documents."""
    caption = (
        f"{escape(table.pair)}, {escape(table.eval_set)}, {part.title.lower()}: {part.size}. "
        rf"Signatures are those of Table~\ref{{tab:{_label(table)}}}. {_legend(table)}"
    )
    return _floating(caption, f"{_label(table)}-{part.sources}", _tabular(table, said=False), _size(table))


def _size(table: Table) -> str:
    """How large the letters are, and how far apart the columns; smaller where there are many metrics."""
    many = len(table.columns) >= _MANY
    return r"  \centering\footnotesize\setlength{\tabcolsep}{3pt}" if many else _SMALL


def _differences(table: Table, found: Differences) -> str:
    """Differences to the baseline or between neighbours; significant ones in bold."""
    rows = [
        [
            *(escape(text) for text in (row.heading, row.system, row.other)),
            _number(row.text, bold=row.significant),
            escape(row.p_text).replace(escape(MISSING), "--"),
            row.detectable_text.replace(MISSING, "--"),
            escape(row.agreement_text),
        ]
        for row in found.rows
    ]
    title = f"{escape(table.pair)}, {escape(table.eval_set)}: {escape(found.title[0].lower() + found.title[1:])}."
    legend = (
        "Bold: significant, with Holm's correction. Detectable: what one test shows four times in five. People: "
        "estimated agreement with human rankings (MT-Thresholds)."
    )
    header = ["Metric", "System", "Against", "Difference", "$p$", "Detectable", "People"]
    body = _ruled("lllrrrr", header, map(_line, rows))
    return _floating(f"{title} {legend}", f"{_label(table)}-differences", body)


def _average(found: Average) -> str:
    """The averages over lang pairs."""

    def line(row: AverageRow) -> str:
        name = escape(row.system) + (f" ({row.kind})" if row.kind != "system" else "")
        return _line([name, *map(_cell, row.cells)])

    header = ["System", *(escape(column.heading) for column in found.columns)]
    lines = [*map(line, found.ranked), *([r"    \midrule"] if found.unranked else []), *map(line, found.unranked)]
    notes = "".join(f" {escape(note)}" for note in found.notes)
    caption = f"{escape(found.title)}; each lang pair weighs the same.{notes}"
    return _floating(caption, "average", _ruled("l" + "r" * len(found.columns), header, lines))


def _floating(caption: str, label: str, body: Sequence[str], size: str = _SMALL) -> str:
    """A table that has its own place on a page.

    Args:
        size: how large its letters are.
    """
    lines = [
        r"\begin{table}",
        size,
        rf"  \caption{{{caption}}}",
        rf"  \label{{tab:{label}}}",
        *body,
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _ruled(align: str, header: Sequence[str], lines: Iterable[str]) -> list[str]:
    """A header and the lines below it, between rules."""
    return [
        rf"  \begin{{tabular}}{{{align}}}",
        r"    \toprule",
        _line(header),
        r"    \midrule",
        *lines,
        r"    \bottomrule",
        r"  \end{tabular}",
    ]


def _label(table: Table) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", f"{table.pair}-{table.eval_set}".lower())


def _legend(table: Table) -> str:
    legend = "Best score in bold; below the last line nothing is ranked."
    legend += " Short lines part rank clusters." if table.lines else ""
    marks = "".join(cell.mark for row in table.rows for cell in row.cells)
    legend += r" \textdagger{}: cannot be told apart from the best." if TIED in marks else ""
    legend += " *: optimised with this metric or its family." if STARRED in marks else ""
    if not any(cell.bracket for row in table.rows for cell in row.cells):
        return legend
    if len(table.columns) > _INTERVALS:
        return f"{legend} Confidence intervals are in leaderboard.csv."
    return f"{legend} In brackets: 95\\% bootstrap confidence intervals."


def _tabular(table: Table, said: bool) -> list[str]:
    """A table of scores; with what the verdicts said, or without. Intervals stand below their scores."""
    ends = [r"\shortstack[r]{Garbled\\segments}", r"\shortstack[r]{Garbled\\documents}"] if said else []
    header = ["", "System", *(escape(c.heading) for c in table.columns), *ends]
    align = f"rl{'r' * len(table.columns)}{'rr' if said else ''}"
    lines: list[str] = []
    intervals = len(table.columns) <= _INTERVALS
    for at, row in enumerate(table.ranked):
        lines += [r"    \cmidrule{1-2}"] if at in table.lines else []
        lines += _row(row, said, intervals)
    if table.ranked and table.unranked:
        lines.append(r"    \midrule")
    for row in table.unranked:
        lines += _row(row, said, intervals)
    return _ruled(align, header, lines)


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _row(row: Row, said: bool, intervals: bool) -> list[str]:
    name = escape(row.system) + (f" ({row.kind})" if row.kind_words else "")
    rank = row.rank_text.replace(MISSING, "--")
    ends = [escape(text) for text in row.garbled_texts] if said else []
    lines = [_line([rank, name, *map(_cell, row.cells), *ends])]
    brackets = [cell.bracket.replace("-", "$-$") for cell in row.cells]
    if intervals and any(brackets):
        small = [rf"{{\scriptsize {bracket}}}" if bracket else "" for bracket in brackets]
        lines.append(_line(["", "", *small, *[""] * len(ends)]))
    return lines


def _cell(cell: Cell) -> str:
    score = "--" if cell.score is None else _number(cell.text, bold=cell.best)
    return score + cell.mark.replace(TIED, r"\textdagger{}")


def _number(text: str, *, bold: bool) -> str:
    """A number with a true minus sign, in bold or not."""
    signed = f"$-${text[1:]}" if text.startswith("-") else text
    return rf"\textbf{{{signed}}}" if bold else signed


def _notes(table: Table, notes: Sequence[str]) -> list[str]:
    texts = [f"{escape(who)}: {escape(signature)}" for who, signature in table.signatures]
    texts += [f"System {escape(row.system)}: {escape(row.signature)}" for row in table.rows]
    marked = [f"{escape(row.system)} {escape(row.marks_text)}" for row in table.rows if any(row.marks.values())]
    texts += [f"Gate marks: {'; '.join(marked)}."] if marked else []
    texts += [escape(text) for text in (table.testing, *table.notes, *notes) if text]
    texts += [f"{escape(row.system)}: {escape(notice)}" for row in table.rows for notice in row.told]
    texts += [f"Declined: {escape(name)} ({escape(reason)})." for name, reason in table.declined.items()]
    if not texts:
        return []
    return (
        [r"  \par\medskip", r"  \begin{minipage}{\linewidth}\footnotesize\raggedright"]
        + [rf"    {text}\par" for text in texts]
        + [r"  \end{minipage}"]
    )
