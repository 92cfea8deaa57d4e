"""Finds the runs in a folder: the folder itself, or all that lie below it, as a sweep's cells do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mteval import failed_cells
from mteval.errors import RunError
from mteval.report.base import FailedCell
from mteval.run_folder import FAILED, ITS_MARK, refuse_unfinished, unfinished

Cells = Callable[[Path], Sequence[tuple[str, ...]]]
"""What each numbered cell of a sweep has of its own, by its ``multirun.yaml``; nothing where that does not tell."""

SWEEP = "multirun.yaml"
"""Lies beside the numbered cells of a sweep."""

_NO_RECORD = "it left no record: it has not begun yet, or was stopped from outside (killed, cancelled, out of memory)"
FEW = 5
"""How many failed cells an error names, at most."""


@dataclass(frozen=True)
class Found:
    """What lies in a folder.

    Attributes:
        runs: the folders of the runs, in order: cell 2 before cell 10.
        failed: cells of sweeps that gave no result, in order.
    """

    runs: tuple[Path, ...]
    failed: tuple[FailedCell, ...]


def find_runs(path: Path, cells: Cells) -> Found:
    """The runs at or below a folder, and the cells of sweeps there that gave no result.

    Raises:
        RunError: there is no run; or one that belongs to no sweep is half-written.
    """
    found = look(path, cells)
    if found.runs:
        return found
    if found.failed:
        told = "; ".join(cell.sentence for cell in found.failed[:FEW])
        more = len(found.failed) - FEW
        problem = f"every cell of the sweep failed: {told}{f'; and {more} more' if more > 0 else ''}"
        raise RunError(str(path), problem, "mend what is named, and run them again")
    problem = f"neither it nor a folder below it holds a run (there is no {ITS_MARK})"
    raise RunError(str(path), problem, "name the folder of a run, or one that holds runs")


def look(path: Path, cells: Cells) -> Found:
    """The same as ``find_runs`` says, though it be nothing.

    Raises:
        RunError: there is no such folder; or a run that belongs to no sweep is half-written.
    """
    if not path.is_dir():
        problem = "a file, not the folder of a run" if path.exists() else "no such folder"
        raise RunError(str(path), problem, "name the folder of a run, or one that holds runs")
    try:
        found = list(_below(path, cells, frozenset()))
    except OSError as error:
        raise RunError(str(path), f"cannot be read ({error})", "check its permissions") from None
    return Found(
        tuple(one for one in found if isinstance(one, Path)),
        tuple(one for one in found if isinstance(one, FailedCell)),
    )


def _below(
    folder: Path, cells: Cells, above: frozenset[Path], cell: tuple[str, ...] | None = None
) -> Iterator[Path | FailedCell]:
    """Runs and failed cells at or below a folder.

    Args:
        cell: if the folder is a sweep's cell, what it has of its own.
    """
    if (folder / FAILED).is_file():  # before what an earlier run may have left there: it is not what was asked for last
        told = failed_cells.recorded(folder)
        reason = f"it failed, and its {FAILED} cannot be read" if told is None else told["reason"]
        yield FailedCell(str(folder), cell or tuple(told["overrides"] if told else ()), reason)
        return
    if (folder / ITS_MARK).is_file():
        yield folder
        return
    if cell is None:
        refuse_unfinished(folder)
    elif left := unfinished(folder):
        yield FailedCell(str(folder), cell, left)
        return
    here = folder.resolve()
    if here in above:
        return  # a link that leads back up
    inside = sorted((one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")), key=_order)
    if not (folder / SWEEP).is_file():
        for one in inside:
            yield from _below(one, cells, above | {here})
        return
    known = cells(folder / SWEEP)
    numbers = [int(one.name) for one in inside if one.name.isdecimal()]
    numbered = range(max(len(known), max(numbers, default=-1) + 1))
    everything = {*inside, *(folder / str(number) for number in numbered)}
    for one in sorted(everything, key=_order):
        number = int(one.name) if one.name.isdecimal() else None
        own = known[number] if number is not None and number < len(known) else ()
        found = list(_below(one, cells, above | {here}, own)) if one.is_dir() else []
        if not found and number is not None:
            found = [FailedCell(str(one), own, _NO_RECORD)]
        yield from found


def _order(folder: Path) -> list[tuple[int, str]]:
    """Sorts numbers in names by their size."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", folder.name)]
