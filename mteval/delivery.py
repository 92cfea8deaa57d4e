"""Hands over a result: writes its folder, shows it, says where its best page is, and logs it with trackers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from rich.console import Console

from mteval.errors import MtevalError, OutputError
from mteval.report.base import Report, RunResult
from mteval.report.plain import plain
from mteval.report.record import Record
from mteval.report.segments import Segments
from mteval.report.statistics_file import Statistics
from mteval.report.terminal import show
from mteval.report.verdicts import Verdicts
from mteval.run_folder import RunFolder
from mteval.tracking.base import Tracker, first_line

_ALWAYS = (Segments(), Verdicts(), Statistics())
"""What every folder of a run holds, beside its record, which comes last: it holds the hashes of the others."""


def check(trackers: Mapping[str, Tracker]) -> None:
    """Make sure, before anything is made, that every tracker can log it.

    Raises:
        UnavailableError: one cannot.
    """
    for tracker in trackers.values():
        tracker.check()


def deliver(
    result: RunResult,
    reports: Mapping[str, Report],
    trackers: Mapping[str, Tracker],
    folder: RunFolder,
    beside: Callable[[Path], None] | None = None,
) -> None:
    """Write a result into the folder that was claimed for it, show it, and log it.

    Args:
        reports: the formats that were asked for, by name.
        trackers: what logs it besides, by name.
        beside: writes whatever else the folder is to hold.

    Raises:
        OutputError: it cannot be written, or not logged.
    """
    written: list[str] = []

    def write(partial: Path) -> None:
        seconds: dict[str, float] = {}
        for report in (*reports.values(), *_ALWAYS):
            started = time.perf_counter()
            written.append(report.write(result, partial).name)
            seconds[f"report {written[-1]}"] = round(time.perf_counter() - started, 3)
        written.append(Record().write(_with_seconds(result, seconds), partial).name)
        if beside is not None:
            beside(partial)

    files = folder.fill(write)
    screen = Console()
    show(result, screen)
    best = next((name for name in written if name.endswith(".html")), written[0])
    shown = os.path.relpath(folder.path / best)
    screen.print(
        f"Report: {folder.path / best if shown.startswith('..') else shown}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    for logged in _track(trackers, result, folder.path, files):
        screen.print(f"Logged: {plain(logged)}", soft_wrap=True, highlight=False, markup=False)


def _with_seconds(result: RunResult, seconds: Mapping[str, float]) -> RunResult:
    """The same result, whose record says how long reports took, if it says how long anything took."""
    if "seconds" not in result.record:
        return result
    return replace(result, record={**result.record, "seconds": {**result.record["seconds"], **seconds}})


def _track(
    trackers: Mapping[str, Tracker], result: RunResult, folder: Path, files: Sequence[PurePath]
) -> Iterator[str]:
    """Log a finished run with every tracker, and say of each where the run is found.

    Raises:
        OutputError: some could not log it, which is said after the others have.
    """
    failed: dict[str, str] = {}
    for name, tracker in trackers.items():
        try:
            where = tracker.log(result, folder, files)
        except Exception as error:  # whatever its library raises, the run is not lost
            failed[f"tracking.{name}"] = str(error) if isinstance(error, MtevalError) else first_line(error)
        else:
            yield where
    if failed:
        raise OutputError(
            ", ".join(failed),
            f"the run is whole in {folder}, but it was not logged ({'; '.join(failed.values())})",
            f"correct that and run again with output={folder} overwrite=true; what the store holds is not made again",
        )
