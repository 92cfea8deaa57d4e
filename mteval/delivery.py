"""Hands over a result: writes its folder, shows it, and says where its best page is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from mteval.report.base import Report, RunResult
from mteval.report.record import Record
from mteval.report.segments import Segments
from mteval.report.statistics_file import Statistics
from mteval.report.terminal import show
from mteval.report.verdicts import Verdicts
from mteval.run_folder import RunFolder

_ALWAYS = (Segments(), Verdicts(), Statistics(), Record())
"""What every folder of a run holds; the record comes last, since it holds the hashes of the others."""


def deliver(
    result: RunResult, reports: Mapping[str, Report], folder: RunFolder, beside: Callable[[Path], None] | None = None
) -> None:
    """Write a result into the folder that was claimed for it, and show it.

    Args:
        reports: the formats that were asked for, by name.
        beside: writes whatever else the folder is to hold.

    Raises:
        OutputError: it cannot be written.
    """
    written: list[str] = []

    def write(partial: Path) -> None:
        written.extend(report.write(result, partial).name for report in (*reports.values(), *_ALWAYS))
        if beside is not None:
            beside(partial)

    folder.fill(write)
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
