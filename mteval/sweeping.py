"""What a sweep (``mteval run -m``) says at its end: which of its cells failed, and why."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection
from importlib.util import find_spec
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

_JOBS = ".submitit"
"""Where in a sweep's folder the launchers' configs have submitit keep its jobs."""


class Sweeps(Callback):
    """Hydra's callback that remembers where the sweeps of this process are.

    Attributes:
        begun: their folders.
    """

    begun: ClassVar[list[Path]] = []

    def on_multirun_start(self, config: DictConfig, **more: Any) -> None:
        sweep = Path(config.hydra.sweep.dir).absolute()
        self.begun.append(sweep)
        if "submitit" in str(config.hydra.launcher.get("_target_")) and find_spec("submitit") is not None:
            from mteval.launched import install

            install(sweep)


def explained(error: Exception) -> UnavailableError | None:
    """What a launcher that could not be had, or that takes no job, comes to in words; ``None`` for another error."""
    found = re.search(r"Unknown plugin class : '(hydra_plugins\.hydra_(\w+?)_launcher\.\w+\.\w+)'", str(error))
    if found is not None:
        needed = package(f"hydra-{found.group(2)}-launcher", "cluster")
        return UnavailableError("hydra/launcher", f"{needed.name} is {needed.detail}", needed.remedy)
    if 'Could not detect "srun"' in str(error):
        remedy = "run it where sbatch and srun are, or choose hydra/launcher=joblib"
        return UnavailableError("hydra/launcher", "there is no Slurm on this machine", remedy)
    if type(error).__module__.partition(".")[0] == "submitit":  # the jobs themselves say what ends them
        said = re.findall(r"^sbatch: (?:error|fatal): (.+)$", str(error), re.MULTILINE) or str(error).splitlines()[:1]
        remedy = "check the hydra.launcher keys, and whether sbatch works here"
        return UnavailableError("hydra/launcher", f"Slurm takes no job: {'; '.join(said)}", remedy)
    return None


def given_up(error: Exception) -> bool:
    """Whether joblib has given up on a sweep, since a process of it was killed; if so it is said."""
    if not Sweeps.begun or type(error).__name__ != "TerminatedWorkerError":
        return False
    signals = re.findall(r"SIG\w+", str(error))
    how = f" ({', '.join(dict.fromkeys(signals))})" if signals else ""
    print(
        f"mteval: a process of the sweep was killed{how}, as when memory runs out, and joblib has stopped the others; "
        "add overwrite=true to run it again, with fewer at a time by hydra.launcher.n_jobs=",
        file=sys.stderr,
    )
    return True


def forget_unbegun(existed: Collection[Path]) -> None:
    """Remove what Hydra wrote of sweeps of which no cell has begun, since one of them cannot be composed.

    Args:
        existed: absolute paths of folders that are to stay.
    """
    for sweep in Sweeps.begun:
        jobs = sweep / _JOBS
        if jobs.is_dir() and not any(file.is_dir() for file in jobs.iterdir()):
            shutil.rmtree(jobs)  # no job was taken
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
