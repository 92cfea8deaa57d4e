"""Shows a run's result on a terminal, or plainly in a pipe: the leaderboard, then what is garbled and why."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mteval.report.average import average
from mteval.report.base import RunResult
from mteval.report.differences import differences
from mteval.report.document_scores import DocumentTable, document_table
from mteval.report.judged import FAULT_LEGEND, Judged, Judgement, judgement
from mteval.report.leaderboard import leaderboard
from mteval.report.plain import plain
from mteval.report.splits import Split, splits
from mteval.report.table import MISSING, STARRED, STARRED_LEGEND, TIED, TIED_LEGEND, Cell, Row, Table
from mteval.report.terminal_differences import show_average, show_differences
from mteval.report.terminal_screen import STYLES, Screen, named

_PIECES = 2
"""How many pieces of evidence a source document is shown with."""

_NAME, _MARKS, _SHARE, _GAP = 12, 12, 9, 2
"""The least widths of a name, the gate's marks and a share of texts; between columns."""

_TITLE = len("Document scores")


def show(result: RunResult, console: Console) -> None:
    """Print the leaderboard and the verdicts of each lang pair, and the warnings last, where they are seen.

    No line is longer than the console, or than 80 characters where the output is piped; names wrap and are never cut.
    Signatures are left to the files.
    """
    screen = Screen(console)
    page = _Page(screen)
    told = False
    for table, pair in zip(leaderboard(result), result.pairs, strict=True):
        page.leaderboard(table)
        told = (
            show_differences(differences(pair, table, result.metrics, result.baseline), screen, legend=not told) or told
        )
        for part in splits(pair, table, result.metrics):
            page.part(part)
        page.documents(document_table(pair, table))
        page.verdicts(judgement(pair, table), table)
    show_average(average(result), screen)
    for cell in result.failed:
        screen.say(f"Failed: {cell.sentence}", "red")
    for warning in result.warnings:
        screen.say(f"Warning: {warning}", "yellow")


class _Page:
    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def leaderboard(self, table: Table) -> None:
        """Print one lang pair's table; in parts where its columns are too many to stand side by side."""
        self._screen.say(f"{table.pair}, {table.eval_set}", "bold")
        self._screen.say(table.size)
        self._screen.gap()
        parts, brackets = self._parts(table)
        whole = len(parts) == 1 and self._room(table, tail=True) >= _needed(table, parts[0], brackets)
        for part in parts:
            self._part(table, part, brackets, tail=whole)
        if parts and not whole:
            self._tail(table)
        if parts:
            if table.testing:
                self._screen.say(table.testing)
            intervals = any(cell.bracket for row in table.rows for cell in row.cells)
            told = "below a score, its 95% confidence interval" if brackets else "confidence intervals left out"
            self._screen.say(
                f"↑ higher is better, ↓ lower is better; {MISSING} no score{f'; {told}' if intervals else ''}."
                f"{_marks_legend(table)}",
                "dim",
            )
        else:
            self._screen.say("No system translated this eval set.")
        for note in table.notes:
            self._screen.say(note)
        for row in table.rows:
            for notice in row.told:
                self._screen.say(f"{row.system}: {notice}")
        for used in table.used:
            self._screen.say(f"Used by {used}")
        for name, reason in table.declined.items():
            self._screen.say(f"{name} declined: {reason}")
        self._screen.gap()

    def part(self, part: Split) -> None:
        """Print one lang pair's table over some documents alone, if it is another one, and what that shows."""
        if part.table:
            self._screen.say(f"{part.title}: {part.size}", "bold")
            self._screen.gap()
            columns, brackets = self._parts(part.table)
            for one in columns:
                self._part(part.table, one, brackets, tail=False)
        for text in part.finding:
            self._screen.say(text)
        if part.finding:
            self._screen.gap()

    def documents(self, scores: DocumentTable) -> None:
        """Print one lang pair's scores by document: metric under metric, document beside document."""
        if not scores.blocks:
            return
        metric = min(max(cell_len(plain(block.heading)) for block in scores.blocks), 24)
        name = min(max(cell_len(plain(system)) for block in scores.blocks for system in block.rows), 24)
        texts = [text for block in scores.blocks for row in block.rows.values() for text in row]
        longest = max(cell_len(plain(document)) for document in scores.documents)
        each = max(min(longest, 16), *map(len, texts))
        side = max(1, (self._screen.width - max(metric, _TITLE) - max(name, _NAME) - _GAP) // (each + _GAP))
        for start in range(0, len(scores.documents), side):
            grid = self._screen.grid()
            grid.add_column("Document scores", width=max(metric, _TITLE), overflow="fold")
            grid.add_column("System", width=max(name, _NAME), overflow="fold")
            for document in scores.documents[start : start + side]:
                grid.add_column(self._screen.text(document), width=each, justify="right", overflow="fold")
            for block in scores.blocks:
                for at, (system, row) in enumerate(block.rows.items()):
                    cells = map(self._screen.text, row[start : start + side])
                    grid.add_row(self._screen.text("" if at else block.heading), self._screen.text(system), *cells)
            self._screen.print(grid)
            self._screen.gap()

    def verdicts(self, verdicts: Judgement, table: Table) -> None:
        """Print one lang pair's verdicts: the source documents with evidence, then a table of translations."""
        if verdicts.listed_sources:
            self._screen.say("Source documents", "bold")
        for one in verdicts.listed_sources:
            self._source(one)
        if verdicts.listed_sources:
            self._screen.gap()
        name = min(max((cell_len(plain(row.system)) for row in table.rows), default=0), 24)
        longest = max((cell_len(plain(document)) for document in verdicts.listed_documents), default=0)
        each = min(max(longest, len("suspect*")), 16)
        for documents in verdicts.batches(max(1, (self._screen.width - name) // (each + _GAP))):
            grid = self._screen.grid()
            grid.add_column(self._screen.text("Translations"), width=max(name, _NAME), overflow="fold")
            for document in documents:
                grid.add_column(self._screen.text(document), width=each, overflow="fold")
            for system, row in verdicts.systems.items():
                grid.add_row(self._screen.text(system), *(self._label(row.get(document)) for document in documents))
            self._screen.print(grid)
            self._screen.gap()
        if verdicts.blamed:
            self._screen.say(FAULT_LEGEND, "dim")
        for text in verdicts.unlisted + verdicts.unseen:
            self._screen.say(text, "dim")
        if verdicts.blamed or verdicts.unlisted or verdicts.unseen:
            self._screen.gap()

    def _room(self, table: Table, tail: bool) -> int:
        """How wide all metrics together may be, beside the name and, in the same table, marks and shares."""
        return self._screen.width - _rank(table) - _NAME - _GAP - (_MARKS + 2 * _SHARE + 3 * _GAP if tail else 0)

    def _parts(self, table: Table) -> tuple[list[range], bool]:
        """Which metrics stand side by side, and whether with their intervals, which go before the metrics are split."""
        if not table.rows:
            return [], False
        every = range(len(table.columns))
        if _needed(table, every, True) <= self._room(table, tail=False):
            return [every], True
        parts, start = [], 0
        for at in every:
            if at > start and _needed(table, range(start, at + 1), False) > self._room(table, tail=False):
                parts.append(range(start, at))
                start = at
        return [*parts, range(start, len(every))], False

    def _part(self, table: Table, part: range, brackets: bool, tail: bool) -> None:
        longest = max(len("System"), *(cell_len(plain(_name(row))) for row in table.rows))
        spare = self._room(table, tail) - _needed(table, part, brackets)
        grid = self._screen.grid()
        grid.add_column("#", width=_rank(table), justify="right", overflow="fold")
        grid.add_column("System", width=min(longest, _NAME + max(spare, 0)), overflow="fold")
        for at in part:
            heading, width = self._screen.text(table.columns[at].heading), _width(table, at, brackets)
            grid.add_column(heading, width=width, justify="right", overflow="fold")
        if tail:
            grid.add_column("Gate marks", width=_MARKS, overflow="fold")
            grid.add_column("Garbled segments", width=_SHARE, justify="right", overflow="fold")
            grid.add_column("Garbled documents", width=_SHARE, justify="right", overflow="fold")
        for rows in (table.ranked, table.unranked):
            for row in rows:
                ends = [self._marks(row, "\n"), *self._shares(row)] if tail else []
                scores = [self._cell(row.cells[at], brackets) for at in part]
                grid.add_row(self._screen.text(row.rank_text), self._screen.text(_name(row)), *scores, *ends)
            grid.add_section()
        self._screen.print(grid)
        self._screen.gap()

    def _tail(self, table: Table) -> None:
        """Marks and shares of garbled texts in a table of their own, below that of the scores."""
        longest = max(len("System"), *(cell_len(plain(_name(row))) for row in table.rows))
        grid = self._screen.grid()
        grid.add_column("System", width=min(longest, 24), overflow="fold")
        grid.add_column("Gate marks", overflow="fold")
        for heading, at in (("Garbled segments", 0), ("Garbled documents", 1)):
            width = max(_SHARE, *(len(row.garbled_texts[at]) for row in table.rows))
            grid.add_column(heading, width=width, justify="right", overflow="fold")
        for rows in (table.ranked, table.unranked):
            for row in rows:
                grid.add_row(self._screen.text(_name(row)), self._marks(row, ", "), *self._shares(row))
            grid.add_section()
        self._screen.print(grid)
        self._screen.gap()

    def _cell(self, cell: Cell, brackets: bool) -> Text:
        score = self._screen.score(cell)
        if brackets and cell.bracket:
            score.append_text(Text("\n")).append_text(self._screen.text(_interval(cell), "dim"))
        return score

    def _marks(self, row: Row, between: str) -> Text:
        return Text(between).join(self._screen.text(mark) for mark in row.marks_text.split(", "))

    def _shares(self, row: Row) -> Iterable[Text]:
        for texts in (row.garbled_segments, row.garbled_documents):
            if texts is None:
                yield self._screen.text(MISSING)
            else:
                yield self._screen.text(texts.text, STYLES["garbled"] if texts.garbled else "")

    def _label(self, one: Judged | None) -> Text:
        return self._screen.text(MISSING) if one is None else self._screen.text(one.mark, STYLES[one.verdict.label])

    def _source(self, one: Judged) -> None:
        head = self._screen.text(f"{one.verdict.document} ({one.facts}): ")
        head.append_text(self._screen.text(one.verdict.label, STYLES[one.verdict.label]))
        head.append_text(self._screen.text(f", probability {one.probability}"))
        self._screen.print(head)
        if one.verdict.label != "clean":
            for piece in one.pieces[:_PIECES]:
                self._screen.piece(piece)


def _name(row: Row) -> str:
    return named(row.system, row.kind)


def _rank(table: Table) -> int:
    """How wide ranks are."""
    return max(2, *(len(row.rank_text) for row in table.rows))


def _marks_legend(table: Table) -> str:
    """What the marks by the scores mean, if there are any."""
    marks = "".join(cell.mark for row in table.rows for cell in row.cells)
    return "".join(f" {said}" for mark, said in ((TIED, TIED_LEGEND), (STARRED, STARRED_LEGEND)) if mark in marks)


def _interval(cell: Cell) -> str:
    return cell.bracket[1:-1].replace(", ", "–")


def _width(table: Table, at: int, brackets: bool) -> int:
    """How wide a metric's column must be for no number to wrap."""
    heading = plain(table.columns[at].heading)
    words = max(min(cell_len(heading), 8), min(max(map(cell_len, heading.split())), 12))
    return max(words, *_lengths((row.cells[at] for row in table.rows), brackets))


def _needed(table: Table, part: range, brackets: bool) -> int:
    """How wide some metrics' columns are together, gaps included."""
    return sum(_width(table, at, brackets) + _GAP for at in part)


def _lengths(cells: Iterable[Cell], brackets: bool) -> Iterable[int]:
    for cell in cells:
        yield max(len(cell.text + cell.mark), len(_interval(cell)) if brackets else 0)
