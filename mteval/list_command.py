"""``mteval list``: what there is to choose from, as the configs themselves say it."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import ConfigError, MtevalError
from mteval.files import dump_json
from mteval.options import Option, group_named, groups, is_list, options_of, strangers

if TYPE_CHECKING:
    from mteval.metrics.base import MetricCard
    from mteval.report.terminal_screen import Screen

_HELP = """\
Say what there is to choose from: what ships, and what lies in folders of your
own. Nothing is loaded or downloaded.

A GROUP is one of the config's: systems, metrics, evalset (or evalsets),
lang_pairs, garble, report, tracking, experiment, gate, detector. Without one,
all groups are named with how many options each has.
"""
_NOTES = """\
exit codes: 0; 2 for what can be mended
"""
ANY_PAIR = "any other two language codes, the source first, as in lang_pairs=[de-cs]"


def list_options(arguments: Sequence[str]) -> int:
    """List options, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    parser = parser_of("mteval list", "[GROUP ...]", _HELP, _NOTES, overrides=False)
    parser.add_argument("--json", action="store_true", help="one JSON object, with all that is known of each option")
    options = parsed(parser, arguments)
    try:
        for folder in options.config_dir:
            if not folder.is_dir():
                remedy = "give the folder that holds your configs"
                raise ConfigError("--config-dir", f"no such folder {str(folder)!r}", remedy)
        chosen = list(dict.fromkeys(map(group_named, options.given)))
        if options.json:
            _print_json(chosen or groups(), options.config_dir)
        else:
            _show(chosen, options.config_dir)
    except MtevalError as error:
        return fail(error)
    for folder in strangers(options.config_dir):
        told = f"{folder}: no group has this name, so nothing in it can be chosen; call it one of {', '.join(groups())}"
        print(f"mteval: warning: {told}", file=sys.stderr)
    return 0


def _print_json(chosen: Sequence[str], config_dirs: Sequence[Path]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as JSON is, whatever the terminal's letters
    found = {}
    for group in chosen:
        options = options_of(group, config_dirs)
        cards = _cards(options, config_dirs) if group == "metrics" else {}
        found[group] = [_row(option, cards) for option in options]
    print(dump_json(found, indent=2))


def _row(option: Option, cards: Mapping[str, MetricCard | str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": option.name,
        "about": option.about,
        "comment": list(option.comment),
        "entries": list(option.entries),
        "example": list(option.example),
        "default": option.default,
        "own": option.own is not None,
        "hidden": option.hidden,
        "file": str(option.file),
        "problem": option.problem,
    }
    if option.group == "metrics":
        row["metrics"] = {}
        for entry in () if option.hidden else option.entries:
            card = cards.get(entry)
            row["metrics"][entry] = (
                {"problem": card}
                if card is None or isinstance(card, str)
                else {
                    "label": card.label,
                    "needs_reference": card.needs_reference,
                    "higher_is_better": card.higher_is_better,
                    "low": card.low,
                    "high": card.high,
                    "licence": card.licence,
                    "gated": card.gated,
                    "pairs": None if card.pairs is None else list(card.pairs),
                }
            )
    return row


def _show(chosen: Sequence[str], config_dirs: Sequence[Path]) -> None:
    from rich.console import Console

    from mteval.report.terminal_screen import Screen

    console = Console()
    screen = Screen(console)
    if not chosen:
        _show_groups(screen, config_dirs)
    for number, group in enumerate(chosen):
        if number:
            screen.gap()
        _show_group(group, screen, config_dirs, wrapped=console.is_terminal)


def _show_groups(screen: Screen, config_dirs: Sequence[Path]) -> None:
    grid = screen.grid()
    for heading in ("Group", "Options", "Chosen with"):
        grid.add_column(heading, justify="right" if heading == "Options" else "left")
    for group in groups():
        count = sum(not option.hidden for option in options_of(group, config_dirs))
        more = " and any" if group == "lang_pairs" else ""
        grid.add_row(*map(screen.text, (group, f"{count}{more}", _how(group))))
    screen.print(grid)
    screen.gap()
    screen.say("mteval list GROUP names the options of one.")


def _how(group: str) -> str:
    return f"{group}=[NAME,...]" if is_list(group) else f"{group}=NAME"


def _show_group(group: str, screen: Screen, config_dirs: Sequence[Path], *, wrapped: bool) -> None:
    options = options_of(group, config_dirs)
    screen.say(f"{group}: choose with {_how(group)}", "bold")
    screen.gap()
    rows = _rows(group, config_dirs)
    if wrapped:
        _show_rows(rows, screen)
    else:  # a line an option, however long it is, so that other programs can search them
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (screen.text(cell).plain.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
    told = []
    if any(option.default for option in options):
        told.append("* what a run has unless told otherwise")
    if any(option.own for option in options):
        told.append("+ your own")
    if group == "metrics":
        told.append("↑ higher is better, ↓ lower is better")
    if told:
        screen.gap()
        screen.say("; ".join(told), "dim")


def _show_rows(rows: Sequence[tuple[str, ...]], screen: Screen) -> None:
    grid = screen.grid()
    grid.add_column("Name", width=min(max(4, *(len(row[0]) for row in rows)), 26), overflow="fold")
    facts = [2, 9] if len(rows[0]) > 2 else []  # licences need more room; pipes and --json have them
    for width in facts:
        grid.add_column("Needs" if width > 2 else "", width=width)
    grid.add_column("What it is", ratio=1, overflow="fold")
    for name, *more, about in rows:
        grid.add_row(*map(screen.text, (name, *more[: len(facts)], about)))
    screen.print(grid)


def _rows(group: str, config_dirs: Sequence[Path]) -> list[tuple[str, ...]]:
    """Each option of a group: its name, for metrics their facts, and what it is."""
    options = options_of(group, config_dirs)
    cards = _cards(options, config_dirs) if group == "metrics" else {}
    rows = [
        (f"{one.name}{_marks(one)}", *(_facts(one, cards) if group == "metrics" else ()), _about(one))
        for one in options
    ]
    return [*rows, ("SOURCE-TARGET", ANY_PAIR)] if group == "lang_pairs" else rows


def _marks(option: Option) -> str:
    return f"{' *' if option.default else ''}{' +' if option.own else ''}"


def _about(option: Option) -> str:
    """What an option is, with the names that it defines where they are others than its own."""
    if option.problem is not None:
        return option.problem
    if option.hidden:
        return "is never read: an option of the same name comes before it; rename the file"
    more = f" ({', '.join(option.entries)})" if option.entries not in ((), (option.name,)) else ""
    keys = [override.partition("=")[0] for override in option.example]
    return f"{option.about or 'its file does not say'}{more}{f'; set {chr(32).join(keys)}' if keys else ''}"


def _facts(option: Option, cards: Mapping[str, MetricCard | str]) -> tuple[str, str, str]:
    """Which way is better, what it needs, and the licence, of what an option's first metric is."""
    found = [card for entry in option.entries if not isinstance(card := cards.get(entry), str | None)]
    if option.hidden or not found:
        return "", "", ""
    needs = dict.fromkeys("reference" if card.needs_reference else "source" for card in found)
    licences = dict.fromkeys(f"{card.licence}{', gated' if card.gated else ''}" for card in found)
    better = dict.fromkeys("↑" if card.higher_is_better else "↓" for card in found)
    return "".join(better), ", ".join(needs), ", ".join(licences)


def _cards(options: Sequence[Option], config_dirs: Sequence[Path]) -> dict[str, MetricCard | str]:
    """By name, the card of each metric, or why it cannot be built; nothing is loaded by that."""
    from mteval.building import build_options
    from mteval.metrics.base import Metric

    built = build_options(options, [], config_dirs)
    return {name: found.card if isinstance(found, Metric) else str(found) for (_, name), found in built.items()}
