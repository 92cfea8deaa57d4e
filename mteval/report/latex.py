"""Writes ``leaderboard.tex``: a table for a paper, one a lang pair."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mteval.files import write_text
from mteval.report.base import Report, RunResult
from mteval.report.blame import Blame, blame
from mteval.report.leaderboard import MISSING, Cell, Row, Table, leaderboard
from mteval.report.plain import plain

_INTERVALS = 3
"""With more metrics than this the intervals no longer fit a page, and are left to the other formats."""

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
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}


class Latex(Report):
    """Writes ``leaderboard.tex``: one ``table`` a lang pair, to be put into a paper with ``\\input``; and another over
    clean sources, where only some are.

    It needs the package booktabs, and an engine or encoding that reads UTF-8 (T1 fonts for quotation marks). The
    signatures stand below the table; intervals are left out where there are more than three metrics.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.tex"
        head = "% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc} in the preamble.\n"
        blocks = [head]
        for table, pair in zip(leaderboard(result), result.pairs, strict=True):
            split = blame(pair, table, result.metrics)
            blocks.append(_table(table, [*result.warnings, *split.finding]))
            blocks += [_clean_sources(split, split.table)] if split.table else []
        write_text(path, "\n".join(blocks))
        return path


def escape(text: str) -> str:
    """Text that LaTeX prints as it is; a signature may break after a bar."""
    return re.sub(r"[\\{}$&#%_^~<>|`\"\[\]–↑↓]", lambda found: _ESCAPES[found.group()], plain(text)).replace(
        "--", "-{}-"
    )


def _table(table: Table, notes: Sequence[str]) -> str:
    size = escape(table.size).rstrip(".")
    lines = [
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{escape(table.pair)}, {escape(table.eval_set)}: {size}. {_legend(table)}}}",
        rf"  \label{{tab:{_label(table)}}}",
        *(_tabular(table, said=True) if table.rows else [r"  No system translated this eval set."]),
        *_notes(table, notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _clean_sources(split: Blame, table: Table) -> str:
    """The table over clean sources; its signatures and its finding stand below the table over all documents."""
    lines = [
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{escape(table.pair)}, {escape(table.eval_set)}, clean sources: {split.size}. "
        rf"Signatures are those of Table~\ref{{tab:{_label(table)}}}. {_legend(table)}}}",
        rf"  \label{{tab:{_label(table)}-clean}}",
        *_tabular(table, said=False),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _label(table: Table) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", f"{table.pair}-{table.eval_set}".lower())


def _legend(table: Table) -> str:
    legend = "Best score in bold; below the line nothing is ranked."
    if not any(cell.bracket for row in table.rows for cell in row.cells):
        return legend
    if len(table.columns) > _INTERVALS:
        return f"{legend} Confidence intervals are in leaderboard.csv."
    return f"{legend} In brackets: 95\\% bootstrap confidence intervals."


def _tabular(table: Table, said: bool) -> list[str]:
    """A table of scores; with what the gate and the verdicts said, or without."""
    ends = ["Gate marks", r"\shortstack[r]{Garbled\\segments}", r"\shortstack[r]{Garbled\\documents}"] if said else []
    header = ["", "System", *(escape(c.heading) for c in table.columns), *ends]
    align = f"rl{'r' * len(table.columns)}{'lrr' if said else ''}"
    lines = [rf"  \begin{{tabular}}{{{align}}}", r"    \toprule", _line(header), r"    \midrule"]
    lines += [_row(row, len(table.columns), said) for row in table.ranked]
    if table.ranked and table.unranked:
        lines.append(r"    \midrule")
    lines += [_row(row, len(table.columns), said) for row in table.unranked]
    return [*lines, r"    \bottomrule", r"  \end{tabular}"]


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _row(row: Row, metrics: int, said: bool) -> str:
    name = escape(row.system) + (f" ({row.kind})" if row.kind_words else "")
    rank = row.rank_text.replace(MISSING, "--")
    scores = [_cell(cell, metrics) for cell in row.cells]
    ends = [escape(text) for text in (row.marks_text, *row.garbled_texts)] if said else []
    return _line([rank, name, *scores, *ends])


def _cell(cell: Cell, metrics: int) -> str:
    score = cell.text.replace(MISSING, "--")
    if score.startswith("-") and cell.score is not None:
        score = f"$-${score[1:]}"
    if cell.best:
        score = rf"\textbf{{{score}}}"
    bracket = cell.bracket.replace("-", "$-$") if metrics <= _INTERVALS else ""
    return rf"{score} {{\scriptsize {bracket}}}" if bracket else score


def _notes(table: Table, notes: Sequence[str]) -> list[str]:
    texts = [f"{escape(who)}: {escape(signature)}" for who, signature in table.signatures]
    texts += [f"System {escape(row.system)}: {escape(row.signature)}" for row in table.rows]
    texts += [escape(text) for text in (*table.notes, *notes)]
    texts += [f"{escape(row.system)}: {escape(notice)}" for row in table.rows for notice in row.told]
    texts += [f"Declined: {escape(name)} ({escape(reason)})." for name, reason in table.declined.items()]
    if not texts:
        return []
    return (
        [r"  \par\medskip", r"  \begin{minipage}{\linewidth}\footnotesize\raggedright"]
        + [rf"    {text}\par" for text in texts]
        + [r"  \end{minipage}"]
    )
