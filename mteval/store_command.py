"""``mteval store``: what the store holds, what of it no run uses, and whether it is whole."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mteval.command_line import fail, parsed, parser_of
from mteval.doctor_parts import amount
from mteval.errors import ConfigError, MtevalError, OutputError, RunError
from mteval.files import dump_json, resolve
from mteval.store_aside import set_aside
from mteval.store_upkeep import Checked, Damage, ShelfFacts, delete, facts, tidy, unused, used_by, verify

_HELP = """\
Look after the store of translations, scores, gate marks and verdicts.

  ls       what each shelf (all that is held under one signature) takes up
  gc       shelves that no run in the folders RUNS used, and that nobody opened
           for --days; it only names them, until --delete removes them
  verify   compare every line with its checksum; damaged lines are named, and
           set aside (noted, and never used) with --set-aside
"""
_NOTES = """\
The store is that of a run (~/.cache/mteval, or MTEVAL_STORE), or
store=FOLDER. All of it can be done while runs use the store: a shelf that
was in use within the last hour is never removed, and what is removed is
computed again when it is needed. A run itself passes over damaged lines,
says so, sets them aside and computes anew what they held.

exit codes: 0; 1 if verify found damage that nobody had set aside; 2 for what
can be mended
"""
_COMMANDS = ("ls", "gc", "verify")
_DAYS = 30.0


def store(arguments: Sequence[str]) -> int:
    """Look after the store, with the command line's arguments.

    Returns:
        The exit code: 0, 1 if ``verify`` found damage that nobody had set aside, or 2 for what a user can mend.
    """
    parser = parser_of("mteval store", "ls|gc|verify [RUNS ...]", _HELP, _NOTES)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--days", type=float, default=_DAYS, metavar="N", help=f"of gc; {_DAYS:g} unless told")
    parser.add_argument("--delete", action="store_true", help="of gc: remove what it names")
    parser.add_argument("--set-aside", action="store_true", help="of verify: set aside what it names")
    options = parsed(parser, arguments)
    try:
        command, *operands = options.given or [""]
        if command not in _COMMANDS:
            raise ConfigError("mteval store", f"{command or 'nothing'} is no command", "choose ls, gc or verify")
        overrides = [one for one in operands if one.startswith("store=")]
        runs = [one for one in operands if one not in overrides]
        if runs and command != "gc":
            raise ConfigError(f"mteval store {command}", f"takes no folder of runs ({runs[0]})", "leave it out")
        folder = _folder(overrides, options.config_dir)
        if command == "verify":
            return _verify(folder, options.set_aside, options.json)
        if command == "gc":
            if not options.days >= 0:
                raise ConfigError("--days", f"{options.days:g} is no number of days", "give 0 or more")
            _gc(folder, runs, options.days, options.delete, options.json)
        else:
            _ls(list(facts(folder)), options.json)
    except MtevalError as error:
        return fail(error)
    return 0


def _folder(overrides: Sequence[str], config_dirs: Sequence[Path]) -> Path:
    from mteval.composition import compose

    chosen = compose(overrides, config_dirs).store
    if chosen is None:
        raise ConfigError("store", "is null: there is no store", "name one with store=FOLDER")
    return resolve(str(chosen))


def _ls(found: Sequence[ShelfFacts], as_json: bool) -> None:
    if as_json:
        for one in found:
            print(dump_json(asdict(one)))
        return
    _show(found)


def _gc(store: Path, runs: Sequence[str], days: float, remove: bool, as_json: bool) -> None:
    records: list[Path] = []
    for folder in map(Path, runs):
        if not folder.is_dir():
            raise RunError(str(folder), "no such folder", "name the folder of a run, or one that holds runs")
        records += sorted(folder.rglob("run.json"))
    used = [used_by(record) for record in records]
    found = list(unused(store, {path for paths in used for path in paths or ()}, days))
    for record, paths in zip(records, used, strict=True):
        if paths is None:
            print(
                f"mteval: warning: {record}: does not say which shelves its run used, so these do not stay for it",
                file=sys.stderr,
            )
    if remove:
        found = [one for one in found if delete(store, one)]
        tidy(store)
    if as_json:
        for one in found:
            print(dump_json({**asdict(one), "removed": remove}))
        return
    if found:
        _show(found)
    count = f"{len(found)} {'shelf' if len(found) == 1 else 'shelves'}, {amount(sum(one.size for one in found))}"
    of_runs = f"used by none of {len(records)} runs, and " if runs else ""
    since = f"{of_runs}not opened for {days:g} days" if days else f"{of_runs}not opened for an hour"
    print(f"{'Removed' if remove else 'Unused'}: {count} ({since}).")
    if found and not remove:
        print("Add --delete to remove them.")


def _verify(store: Path, putting_aside: bool, as_json: bool) -> int:
    damaged = known = 0
    for found in verify(store):
        if isinstance(found, Checked):
            _tell_checked(found, damaged, known, as_json)
            continue
        damaged += 1
        known += found.aside
        if putting_aside and not found.aside:
            _set_aside(found)
        if as_json:
            aside = found.aside or putting_aside
            told = {"shard": str(found.shard), "line": found.line, "start": found.start, "set_aside": aside}
            print(dump_json(told))
        else:
            now = "set aside" if putting_aside else "a run that needs it will set it aside"
            said = "set aside already" if found.aside else now
            print(f"{found.shard}:{found.line}: damaged (from byte {found.start}); {said}")
    return 1 if damaged > known else 0


def _set_aside(found: Damage) -> None:
    try:
        set_aside(found.shard, found.start, found.text)
    except OSError as error:
        problem = f"nothing can be set aside ({error.strerror})"
        raise OutputError(str(found.shard.parent), problem, "check its permissions") from None


def _tell_checked(checked: Checked, damaged: int, known: int, as_json: bool) -> None:
    if as_json:
        print(dump_json({**asdict(checked), "damaged": damaged}))
        return
    told = {
        "had been set aside": known,
        "without a checksum, of an earlier version": checked.unsealed,
        "that a killed process left unfinished": checked.torn,
    }
    more = "".join(f"; {count} {what}" for what, count in told.items() if count)
    print(f"{checked.lines} lines, {damaged} damaged{more}.")


def _show(found: Sequence[ShelfFacts]) -> None:
    from rich.console import Console

    from mteval.report.terminal_screen import Screen

    screen = Screen(Console(file=sys.stdout))
    grid = screen.grid()
    for name in ("Entries", "Size"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("Last used", no_wrap=True)
    grid.add_column("Shelf, and under which signature", ratio=1, overflow="fold")
    for one in found:
        aside = f"\n{one.aside} damaged, set aside" if one.aside else ""
        last = time.strftime("%Y-%m-%d", time.localtime(one.used))
        told = screen.text(f"{one.path}", "bold")
        told.append_text(screen.text(f"\n{one.signature}{aside}"))
        grid.add_row(f"{one.entries:,}", amount(one.size), last, told)
    screen.print(grid)
    if len(found) > 1:
        screen.say(f"{len(found)} shelves, {amount(sum(one.size for one in found))}")
