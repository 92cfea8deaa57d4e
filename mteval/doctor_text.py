"""A check-up as it is printed: grouped, one part a line, with what lacks and its remedy below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table as Grid

from mteval.doctor_parts import Fact, Part, State, in_state
from mteval.report.terminal_screen import Screen

TITLES: Mapping[str, str] = {
    "systems": "Systems",
    "metrics": "Metrics",
    "evalset": "Eval set",
    "lang_pairs": "Lang pairs",
    "tracking": "Tracking",
    "machine": "Machine",
    "versions": "Versions",
}
"""By group, in the order in which they are shown."""

_MARKS: Mapping[State, tuple[str, str]] = {
    "ready": ("✓", "+"),
    "lacking": ("✗", "x"),
    "unknown": ("?", "?"),
    "unused": ("–", "-"),
}
_STYLES: Mapping[State, str] = {"ready": "green", "lacking": "bold red", "unknown": "yellow", "unused": "dim"}
_LONGEST_NAME = 20
_MOST_NAMED = 3


def show(parts: Sequence[Part], console: Console) -> None:
    """Print what was found, and in the last line what follows."""
    screen = Screen(console)
    typed = not console.encoding.lower().startswith("utf")
    width = min(_LONGEST_NAME, max(len(part.name) for part in parts))
    for group, title in TITLES.items():
        chosen = [part for part in parts if part.group == group]
        if chosen:
            screen.say(title, "bold")
            screen.print(_grid(chosen, screen, width, typed))
            screen.gap()
    screen.say(summary(parts), "bold")


def summary(parts: Sequence[Part]) -> str:
    """What follows from all that was found, in a sentence."""
    lacking, unknown = in_state(parts, "lacking"), len(in_state(parts, "unknown"))
    told = f"; {unknown} unknown" if unknown else ""
    if not lacking:
        return f"{'Nothing is known to lack' if unknown else 'Everything can run'}{told}."
    names = f": {', '.join(part.name for part in lacking)}" if len(lacking) <= _MOST_NAMED else ""
    verb = "lacks" if len(lacking) == 1 else "lack"
    return f"{len(lacking)} of {len(parts)} {verb} something{names}{told}."


def _grid(parts: Sequence[Part], screen: Screen, width: int, typed: bool) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False)
    grid.add_column(width=1)
    grid.add_column(width=7)
    grid.add_column(width=width, overflow="fold")
    grid.add_column(ratio=1, overflow="fold")
    for part in parts:
        style = _STYLES[part.state]
        mark, word = screen.text(_MARKS[part.state][typed], style), screen.text(part.state, style)
        first, *more = _lines(part, "->" if typed else "→")
        grid.add_row(mark, word, screen.text(part.name), screen.text(first))
        for line in more:
            grid.add_row("", "", "", screen.text(line))
    return grid


def _lines(part: Part, arrow: str) -> list[str]:
    """What is said of a part: what was found in one line, then what was not, each with its remedy, then notes."""
    there = [fact for fact in part.facts if fact.found]
    lines = ["; ".join(_said(fact, part) for fact in there)] if there else []
    for fact in part.facts:
        if not fact.found:
            differs = fact.found is None and part.state == "lacking"
            lines.append(f"{'unknown: ' if differs else ''}{_said(fact, part)}")
            if fact.remedy:
                lines.append(f"{arrow} {fact.remedy}")
    return [*lines, *part.notes] or ["needs nothing besides mteval"]


def _said(fact: Fact, part: Part) -> str:
    if fact.found and not fact.telling:
        return fact.what
    if fact.what == part.name:
        return fact.said
    return f"{fact.what}: {fact.said}" if fact.said else fact.what
