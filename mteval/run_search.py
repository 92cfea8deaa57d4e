"""Finds the runs in a folder: the folder itself, or all that lie below it, as a sweep's cells do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mteval.errors import RunError
from mteval.run_folder import ITS_MARK, refuse_unfinished

_SWEEP = "multirun.yaml"
"""Lies beside the numbered cells of a sweep."""


def find_runs(path: Path, cells: Callable[[Path], int]) -> list[Path]:
    """The folders of the runs at or below a folder, in order: cell 2 before cell 10.

    Args:
        cells: how many numbered cells a sweep has, by its ``multirun.yaml``; 0 where that does not tell.

    Raises:
        RunError: there is none, or one of them is half-written or missing among a sweep's cells.
    """
    if not path.is_dir():
        problem = "a file, not the folder of a run" if path.exists() else "no such folder"
        raise RunError(str(path), problem, "name the folder of a run, or one that holds runs")
    try:
        found = list(_below(path, cells, frozenset()))
    except OSError as error:
        raise RunError(str(path), f"cannot be read ({error})", "check its permissions") from None
    if not found:
        problem = f"neither it nor a folder below it holds a run (there is no {ITS_MARK})"
        raise RunError(str(path), problem, "name the folder of a run, or one that holds runs")
    return found


def _below(folder: Path, cells: Callable[[Path], int], above: frozenset[Path]) -> Iterator[Path]:
    if (folder / ITS_MARK).is_file():
        yield folder
        return
    refuse_unfinished(folder)
    here = folder.resolve()
    if here in above:
        return  # a link that leads back up
    inside = sorted((one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")), key=_order)
    runs = {one: list(_below(one, cells, above | {here})) for one in inside}
    if (folder / _SWEEP).is_file():
        _check_cells(folder, cells(folder / _SWEEP), runs)
    for found in runs.values():
        yield from found


def _check_cells(sweep: Path, cells: int, runs: Mapping[Path, list[Path]]) -> None:
    """Make sure that no cell is missing: one that failed has left no folder, or an empty one."""
    numbers = [int(one.name) for one in runs if one.name.isdecimal()]
    for number in range(max(cells, max(numbers, default=-1) + 1)):
        cell = sweep / str(number)
        if not runs.get(cell):
            problem = "this cell of the sweep holds no run: it failed or was stopped"
            raise RunError(str(cell), problem, "run it again, or name the other cells one by one")


def _order(folder: Path) -> list[tuple[int, str]]:
    """Sorts numbers in names by their size."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", folder.name)]
