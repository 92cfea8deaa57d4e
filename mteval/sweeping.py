"""What a sweep (``mteval run -m``) says at its end: which of its cells failed, and why."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from mteval import failed_cells
from mteval.composition import cells
from mteval.errors import UnavailableError
from mteval.needs import package
from mteval.report.plain import plain
from mteval.run_folder import forget_if_empty
from mteval.run_search import SWEEP, look


class Sweeps(Callback):
    """Hydra's callback that remembers where the sweeps of this process are.

    Attributes:
        begun: their folders.
    """

    begun: ClassVar[list[Path]] = []

    def on_multirun_start(self, config: DictConfig, **more: Any) -> None:
        self.begun.append(Path(config.hydra.sweep.dir).absolute())


def explained(error: Exception) -> UnavailableError | None:
    """What a launcher that could not be had comes to in words; ``None`` if the error is another one."""
    found = re.search(r"Unknown plugin class : '(hydra_plugins\.hydra_(\w+?)_launcher\.\w+\.\w+)'", str(error))
    if found is None:
        return None
    needed = package(f"hydra-{found.group(2)}-launcher", "cluster")
    return UnavailableError("hydra/launcher", f"{needed.name} is {needed.detail}", needed.remedy)


def given_up(error: Exception) -> bool:
    """Whether submitit has given up on a job, as when it was killed; if so it is said, and that the others go on."""
    if not Sweeps.begun or type(error).__module__.partition(".")[0] != "submitit":
        return False
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    print(f"mteval: {plain(' '.join(lines[:2]) or type(error).__name__)}", file=sys.stderr)
    print("mteval: jobs that are not done go on; a report on the sweep shows what is done by then", file=sys.stderr)
    return True


def forget_unbegun(existed: Collection[Path]) -> None:
    """Remove what Hydra wrote of sweeps of which no cell has begun, since one of them cannot be composed.

    Args:
        existed: absolute paths of folders that are to stay.
    """
    for sweep in Sweeps.begun:
        if sweep.is_dir() and [file.name for file in sweep.iterdir()] == [SWEEP]:
            (sweep / SWEEP).unlink()
            forget_if_empty(sweep, existed)


def tell_failed(sweep: Path) -> int:
    """Say on standard error, a line each, which cells of a sweep gave no result, and how to report on the others.

    Args:
        sweep: its folder.

    Returns:
        The exit code: 0 if there is none, 1 if one failed by a bug in mteval, else 2.
    """
    here = Path.cwd()
    shown = sweep.relative_to(here) if sweep.is_relative_to(here) else sweep
    found = look(shown, cells)
    if not found.failed:
        return 0
    for cell in found.failed:
        print(f"mteval: failed: {plain(cell.sentence)}", file=sys.stderr)
    count = len(found.failed) + len(found.runs)
    others = f"; mteval report {shown} shows the others" if found.runs else ""
    print(f"mteval: {len(found.failed)} of {count} cells failed{others}", file=sys.stderr)
    bugs = [cell for cell in found.failed if "traceback" in (failed_cells.recorded(Path(cell.cell)) or {})]
    return 1 if bugs else 2
