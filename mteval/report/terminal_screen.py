"""What is printed on a terminal, or plainly in a pipe: sentences and evidence, no wider than can be read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import Box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from mteval.report.judged import Piece
from mteval.report.plain import plain
from mteval.report.table import Cell

_PIPED = 80
_MOST = 100
"""A wider terminal is not filled: long lines are hard to read."""

STYLES = {"garbled": "bold red", "suspect": "yellow", "clean": "green"}
_ASCII = str.maketrans({"↑": "^", "↓": "v", "–": "-", "…": "...", "“": '"', "”": '"', "’": "'", "‘": "'", "†": "+"})

_DRAWN = Box("    \n    \n ── \n    \n ── \n ── \n    \n    \n")
_TYPED = Box("    \n    \n -- \n    \n -- \n -- \n    \n    \n", ascii=True)


def named(system: str, kind: str) -> str:
    """A system's name, with what it is if it is not ranked."""
    return system if kind == "system" else f"{system} ({kind})"


class Screen:
    """A console, with the widths, letters and styles of mteval's pages."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.width = min(console.width, _MOST if console.is_terminal else _PIPED)

    @property
    def draws(self) -> bool:
        """Whether lines can be drawn, not only typed."""
        return self._console.is_terminal and self._console.encoding.lower().startswith("utf")

    def print(self, shown: RenderableType) -> None:
        """Print anything, no wider than the screen."""
        self._console.print(shown, width=self.width)

    def say(self, text: str, style: str = "") -> None:
        """Print a sentence."""
        self.print(self.text(text, style))

    def gap(self) -> None:
        """Print an empty line."""
        self._console.print()

    def text(self, text: str, style: str = "") -> Text:
        """One line of text in letters that the console can print; nothing in it is obeyed."""
        text = plain(text)
        if not self._console.encoding.lower().startswith("utf"):
            text = text.translate(_ASCII).encode(self._console.encoding, "replace").decode(self._console.encoding)
        return Text(text, style=style, overflow="fold")

    def grid(self) -> Grid:
        """An empty table, without edges."""
        box = _DRAWN if self.draws else _TYPED
        return Grid(box=box, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")

    def score(self, cell: Cell) -> Text:
        """A score with its marks, in bold if it is the best."""
        return self.text(cell.text, "bold" if cell.best else "").append_text(self.text(cell.mark))

    def piece(self, piece: Piece) -> None:
        """Print a piece of evidence, with its span marked where it stands, below the text that it speaks of."""
        text = self.text(piece.evidence.message)
        if (passage := piece.passage) is not None:
            whole = not (passage.before or passage.after)
            marked = passage.marked if whole else f"[{passage.marked}]"
            parts: Sequence[tuple[str, str]] = (
                (f" “{passage.before}", ""),
                (marked, "bold"),
                (f"{passage.after}”", ""),
            )
            for part, style in parts:
                text.append_text(self.text(part, style))
        self.below(text)

    def below(self, text: Text) -> None:
        """Print a text that belongs to the line before it, set in."""
        self.print(Padding(text, (0, 0, 0, 4)))
