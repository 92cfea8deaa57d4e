"""Shows verdicts one by one on a terminal, or plainly in a pipe: a line a text, then its worst spans in context."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from rich.console import Console
from rich.table import Table as Grid

from mteval.garble.base import Label, Verdict
from mteval.report.base import VerdictStream
from mteval.report.judged import pieces, probability
from mteval.report.plain import counted
from mteval.report.table import MISSING
from mteval.report.tally import LABELS
from mteval.report.terminal_screen import STYLES, Screen
from mteval.unjudged.base import UNKNOWN, Language, Unjudged

_WORST = 3
"""How many segments are named of a text; ``--json`` has them all."""


class TerminalStream(VerdictStream):
    """Prints a line a text as it is judged, in columns whose widths are fixed from the start.

    Args:
        console: knows the width and the letters.
        out: what is written to, each text at once.
        several: whether texts come from several files, so that a document is named with its file.
    """

    def __init__(self, console: Console, out: TextIO, *, several: bool) -> None:
        self._console = console
        self._screen = Screen(console)
        self._out = out
        self._several = several
        self._labels: Counter[Label] = Counter()
        self._hidden = 0
        self._identified = False
        self._unknown = 0
        self._unseen: Counter[str] = Counter()
        self._begun = False

    def write(self, text: Unjudged, verdict: Verdict, *, shown: bool) -> None:
        self._labels[verdict.label] += 1
        languages = [text.language, *([text.source_language] if text.source_language else [])]
        self._unknown += any(language.code == UNKNOWN for language in languages)
        self._unseen.update(signal for signal, _ in verdict.unseen)
        if not shown:
            self._hidden += 1
            return
        self._identified = self._identified or any(language.identified for language in languages)
        with self._console.capture() as captured:
            if not self._begun:
                self._row("Verdict", "Prob.", "Language", "Document", "bold")
            self._row(
                verdict.label,
                probability(verdict.probability),
                "-".join(_code(language) for language in reversed(languages)),
                self._name(text),
                "",
            )
            if verdict.label != "clean":
                for piece in pieces(verdict, text.judged):
                    self._screen.piece(piece)
            if worst := _worst(text, verdict):
                self._screen.below(self._screen.text(worst, "dim"))
        self._begun = True
        self._put(captured.get())

    def end(self) -> None:
        number = self._labels.total()
        said = ", ".join(f"{self._labels[label]} {label}" for label in LABELS)
        with self._console.capture() as captured:
            if self._begun:
                self._screen.gap()
            hidden = f" ({self._hidden} not shown)" if self._hidden else ""
            self._screen.say(f"{counted(number, 'document')}: {said}{hidden}.")
            if self._identified:
                self._screen.say("? the language was read from the text itself; tell it with --lang.", "dim")
            if self._unknown:
                which = f"The language of {counted(self._unknown, 'document')} is not known"
                self._screen.say(f"{which}, so that few signals could look: tell it with --lang.", "dim")
            if self._unseen:
                which = ", ".join(f"{signal} ({times})" for signal, times in self._unseen.most_common())
                self._screen.say(f"Signals that could not look, at so many documents: {which}.", "dim")
                self._screen.say("With --json each document says why.", "dim")
        self._put(captured.get())

    def _row(self, verdict: str, prob: str, language: str, name: str, style: str) -> None:
        grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False, expand=True)
        for width, justify in ((8, "left"), (5, "right"), (8, "left")):
            grid.add_column(width=width, justify=justify, overflow="fold")  # type: ignore[arg-type]
        grid.add_column(ratio=1, overflow="fold")
        cells = ((verdict, style or STYLES.get(verdict, "")), (prob, style), (language, style), (name, style))
        grid.add_row(*(self._screen.text(text, kind) for text, kind in cells))
        self._screen.print(grid)

    def _name(self, text: Unjudged) -> str:
        apart = self._several and not text.document.startswith(text.file)
        name = f"{text.file}:{text.document}" if apart else text.document
        return name if text.system is None else f"{name} ({text.system})"

    def _put(self, shown: str) -> None:
        self._out.write("".join(f"{line.rstrip()}\n" for line in shown.splitlines()))
        self._out.flush()


def _code(language: Language) -> str:
    return MISSING if language.code == UNKNOWN else language.code + ("?" if language.identified else "")


def _worst(text: Unjudged, verdict: Verdict) -> str:
    """Which segments of a text are the worst; empty where there is only one.

    Segments that are suspect are named where their document is not clean, garbled ones in any.
    """
    told = ("garbled",) if verdict.label == "clean" else ("garbled", "suspect")
    bad = sorted((one for one in verdict.segments if one.label in told), key=lambda one: -one.probability)
    if not bad or len(verdict.segments) == 1:
        return ""
    named = ", ".join(
        f"{one.segment.removeprefix(f'{text.document}:')} ({one.label}, {probability(one.probability)})"
        for one in bad[:_WORST]
    )
    more = f" and {len(bad) - _WORST} more" if len(bad) > _WORST else ""
    return f"Worst of {len(verdict.segments)} segments: {named}{more}."
