"""Writes ``leaderboard.md``: the leaderboard and the verdicts, for a repository or a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mteval.files import write_text
from mteval.report.average import AVERAGE_LEGEND, Average, average
from mteval.report.base import Report, RunResult
from mteval.report.differences import DIFFERENCE_LEGEND, Differences, differences
from mteval.report.document_scores import DOCUMENT_LEGEND, DocumentTable, document_table
from mteval.report.judged import FAULT_LEGEND, Judged, Judgement, Piece, judgement
from mteval.report.leaderboard import leaderboard
from mteval.report.plain import plain
from mteval.report.splits import Split, splits
from mteval.report.table import MISSING, Cell, Row, Table

_WIDE = 8
"""How many documents stand side by side in a table of verdicts."""


class Markdown(Report):
    """Writes ``leaderboard.md`` in GitHub's Markdown: a section a lang pair, names and quoted texts escaped."""

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.md"
        tables = leaderboard(result)
        blocks = ["# Leaderboard", *_list("Warnings", [escape(warning) for warning in result.warnings])]
        blocks += _list("Failed", [escape(cell.sentence) for cell in result.failed])
        for table, pair in zip(tables, result.pairs, strict=True):
            between = differences(pair, table, result.metrics, result.baseline)
            blocks += _pair(table, between, splits(pair, table, result.metrics))
            blocks += _documents(document_table(pair, table))
            blocks += _verdicts(judgement(pair, table))
        blocks += _average(average(result))
        write_text(path, "\n\n".join(blocks) + "\n")
        return path


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line, in a table too."""
    text = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", text)
    text = re.sub(r"^(\s*)([-+#=])(?=[-+#=\s]|$)", r"\1\\\2", text)
    return re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)


def code(text: str) -> str:
    """Text in a code span that no backtick in it can end; not for tables, where a bar would."""
    text = plain(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _list(title: str, items: Sequence[str]) -> list[str]:
    return [f"**{title}**", "\n".join(f"- {item}" for item in items)] if items else []


def _grid(header: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    rule = [{"l": ":---", "r": "---:"}[side] for side in align]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def _average(found: Average | None) -> list[str]:
    if found is None:
        return []
    header = ["System", *(escape(column.heading) for column in found.columns)]
    rows = [[escape(row.system), *map(_cell, row.cells)] for row in found.ranked]
    if found.unranked:
        rows.append(["*not ranked:*", *[""] * len(found.columns)])
    rows += [[f"{escape(row.system)} ({row.kind})", *map(_cell, row.cells)] for row in found.unranked]
    grid = _grid(header, "l" + "r" * len(found.columns), rows)
    return [f"## {escape(found.title)}", grid, AVERAGE_LEGEND, *_list("Notes", [escape(note) for note in found.notes])]


def _differences(found: Differences | None) -> list[str]:
    if found is None:
        return []
    header = ["Metric", "System", "Against", "Difference", "p", "Detectable", "People"]
    rows = []
    for row in found.rows:
        text = f"**{row.text}**" if row.significant else row.text
        shown = [text, escape(row.p_text), row.detectable_text, row.agreement_text]
        rows.append([escape(row.heading), escape(row.system), escape(row.other), *shown])
    legend = f"{escape(DIFFERENCE_LEGEND)} **Bold** is significant."
    return [f"### {escape(found.title)}", _grid(header, "lllrrrr", rows), legend]


def _pair(table: Table, between: Differences | None, parts: Sequence[Split]) -> list[str]:
    blocks = [f"## {escape(table.pair)}, {escape(table.eval_set)}", table.size]
    if table.rows:
        blocks += [_scores(table, said=True), f"{escape(table.legend)} **Bold** is the best score."]
    else:
        blocks.append("No system translated this eval set.")
    blocks += _list("Notes", [escape(note) for note in table.notes])
    blocks += _list("Notices", [f"{escape(row.system)}: {escape(text)}" for row in table.rows for text in row.told])
    blocks += _list("Used by", [escape(used) for used in table.used])
    blocks += _list("Declined", [f"{escape(name)}: {escape(reason)}" for name, reason in table.declined.items()])
    blocks += _differences(between)
    blocks += [block for part in parts for block in _part(part)]
    blocks += _list("Metric signatures", [f"{escape(who)}: {code(signature)}" for who, signature in table.signatures])
    blocks += _list("System signatures", [f"{escape(row.system)}: {code(row.signature)}" for row in table.rows])
    return blocks


def _scores(table: Table, said: bool) -> str:
    """A table of scores; with what the gate and the verdicts said, or without."""
    ends = ["Gate marks", "Garbled segments", "Garbled documents"] if said else []
    header = ["Rank", "System", *(escape(c.heading) for c in table.columns), *ends]
    rows = [_row(row, said) for row in table.ranked]
    if table.unranked:
        rows.append(["", "*not ranked:*", *[""] * (len(header) - 2)])
    rows += [_row(row, said) for row in table.unranked]
    return _grid(header, "rl" + "r" * len(table.columns) + ("lrr" if said else ""), rows)


def _part(part: Split) -> list[str]:
    """The scores over some documents alone, if they are others, and what they show."""
    finding = [escape(text) for text in part.finding]
    if part.table is None:
        return [f"### {part.title}", *finding] if finding else []
    return [f"### {part.title}", part.caption, _scores(part.table, said=False), *finding]


def _row(row: Row, said: bool) -> list[str]:
    name = escape(row.system) + (f" ({row.kind_words})" if row.kind_words else "")
    ends = [row.marks_text, *(escape(text) for text in row.garbled_texts)] if said else []
    return [row.rank_text, name, *(_cell(cell) for cell in row.cells), *ends]


def _cell(cell: Cell) -> str:
    score = (f"**{cell.text}**" if cell.best else cell.text) + escape(cell.mark)
    return f"{score} {cell.bracket}" if cell.bracket else score


def _documents(scores: DocumentTable) -> list[str]:
    rows = [
        [escape("" if at else block.heading), escape(system), *row]
        for block in scores.blocks
        for at, (system, row) in enumerate(block.rows.items())
    ]
    header = ["Metric", "System", *(escape(document) for document in scores.documents)]
    grid = _grid(header, "ll" + "r" * len(scores.documents), rows)
    return ["### Document scores", grid, DOCUMENT_LEGEND] if rows else []


def _verdicts(verdicts: Judgement) -> list[str]:
    blocks = []
    if verdicts.listed_sources:
        header = ["Source document", "Language", "Origin", "Verdict", "Probability", "Strongest evidence"]
        blocks += ["### Source documents", _grid(header, "llllrl", [_source(one) for one in verdicts.listed_sources])]
    if verdicts.listed_documents:
        blocks.append("### Translated documents")
    for documents in verdicts.batches(_WIDE):
        rows = [
            [escape(system), *(escape(row[document].mark) if document in row else MISSING for document in documents)]
            for system, row in verdicts.systems.items()
        ]
        header = ["System", *(escape(document) for document in documents)]
        blocks.append(_grid(header, "l" * len(header), rows))
    if verdicts.blamed:
        blocks.append(escape(FAULT_LEGEND))
    blocks += [block for one in verdicts.listed for block in _translation(one)]
    return blocks + _list("Not shown", [escape(text) for text in verdicts.unlisted + verdicts.unseen])


def _source(one: Judged) -> list[str]:
    document = one.document
    evidence = "<br>".join([*(_piece(piece) for piece in one.pieces), *([one.held_back] if one.held_back else [])])
    facts = [document.id, document.language, document.origin.replace("_", " "), one.verdict.label, one.probability]
    return [*(escape(fact) for fact in facts), evidence or MISSING]


def _translation(one: Judged) -> list[str]:
    title = f"**{escape(one.verdict.system or '')}, {escape(one.verdict.document)}: {one.verdict.label}**"
    blame = f"; {one.blame}" if one.blame else ""
    pieces = [_piece(piece) for piece in one.pieces] + ([one.held_back] if one.held_back else [])
    head = f"{title}, probability {escape(one.probability)}{blame}"
    return [head, *(["\n".join(f"- {piece}" for piece in pieces)] if pieces else [])]


def _piece(piece: Piece) -> str:
    message = escape(piece.evidence.message)
    if piece.passage is None:
        return message
    before, marked, after = (escape(part) for part in (piece.passage.before, piece.passage.marked, piece.passage.after))
    where = f" ({escape(piece.evidence.segment)})" if piece.evidence.segment else ""
    return f"{message}{where} “{before}{f'<b>{marked}</b>' if marked else ''}{after}”"
