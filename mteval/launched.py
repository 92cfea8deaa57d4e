"""Jobs that submitit runs for a sweep: all are waited for, and one that ended without a word is told in its cell."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import submitit
from hydra.core.utils import JobReturn, JobStatus
from submitit.core.core import InfoWatcher
from submitit.core.utils import UncompletedJobError

from mteval import failed_cells
from mteval.errors import MtevalError, RunError
from mteval.report.plain import plain
from mteval.run_folder import FAILED, ITS_MARK, release

_GONE = "GONE"
"""The state of a job that Slurm's queue no longer shows."""

_ENDED = {
    "BOOT_FAIL": "its node did not start",
    "CANCELLED": "was cancelled",
    "COMPLETED": "ended without a result",
    "DEADLINE": "passed its deadline",
    "FAILED": "ended without a result, as when its process is killed",
    "NODE_FAIL": "its node failed",
    "OUT_OF_MEMORY": "ran out of memory",
    "TIMEOUT": "ran out of time",
    _GONE: "ended without a result, and Slurm no longer says how",
}
"""States of Slurm from which a job comes back only if a person queues it again, in words."""

_HELP = {"OUT_OF_MEMORY": "hydra.launcher.mem_gb=", "TIMEOUT": "hydra.launcher.timeout_min="}


class Queue(InfoWatcher):
    """Asks Slurm's queue how its jobs are: that needs no accounting, and shows a job for minutes after its end.

    submitit's own watcher asks ``sacct``; where a cluster keeps no accounts it waits for a dead job for ever.
    """

    def __init__(self) -> None:
        super().__init__(delay_s=60)  # Slurm forgets a job after 300 seconds, unless MinJobAge says otherwise
        self._missed: set[str] = set()

    def _make_command(self) -> list[str] | None:
        waiting = self._registered - self._finished
        return ["squeue", "--me", "-h", "-r", "-t", "all", "-o", "%i|%T"] if waiting else None

    def read_info(self, string: bytes | str) -> dict[str, dict[str, str]]:
        text = string if isinstance(string, str) else string.decode()
        shown = dict(line.strip().split("|", 1) for line in text.splitlines() if "|" in line)
        found: dict[str, dict[str, str]] = {}
        for job in self._registered - self._finished:
            if (state := shown.get(job)) is not None:
                self._missed.discard(job)
                # Slurm has a dozen states of a job that is still to end, of which submitit knows six.
                found[job] = {"State": state if state in _ENDED else "RUNNING"}
            elif job in self._missed:  # missed twice: right after sbatch a job may not be shown yet
                found[job] = {"State": _GONE}
            else:
                self._missed.add(job)
        return found

    def get_state(self, job_id: str, mode: str = "standard") -> str:
        return self.get_info(job_id, mode=mode).get("State", "UNKNOWN")


@dataclass(frozen=True)
class Cell:
    """A cell of a sweep and its job; Hydra's launcher asks it for results, as it would the job.

    Attributes:
        job: it was submitted just now.
        folder: the cell's.
        overrides: those of the cell.
        since: when it was submitted, by the clock of the file system.
    """

    job: submitit.Job[Any]
    folder: Path
    overrides: tuple[str, ...]
    since: float

    def results(self) -> list[Any]:
        """What the job gave. If it gave nothing its cell's folder says so, and the sweep's other jobs go on."""
        try:
            return self.job.results()
        except UncompletedJobError as error:
            release(self.folder, self.job.job_id)
            if not any(self._has_written(name) for name in (ITS_MARK, FAILED)):
                self._record(self._reason(str(error)))
            return [JobReturn(status=JobStatus.COMPLETED)]

    def _has_written(self, name: str) -> bool:
        """Whether the job has written a file of the cell's; what lies there may be of an earlier run."""
        file = self.folder / name
        return file.exists() and file.stat().st_mtime >= self.since

    def _reason(self, error: str) -> RunError:
        """What ended the job, by what Slurm says or, if it could still say so itself, by its own words."""
        here, log = Path.cwd(), self.job.paths.stderr
        shown = log.relative_to(here) if log.is_relative_to(here) else log
        ours = isinstance(self.job, submitit.SlurmJob)
        where = f"{'job' if ours else 'process'} {self.job.job_id}"
        state = "TIMEOUT" if "timed-out too many times" in error else self.job.state
        remedy = f"give it more with {_HELP[state]}, or see {shown}" if state in _HELP else f"see {shown}"
        trace = re.search(r"^-{10,}\n(.*)\n-{10,}$", error, re.DOTALL | re.MULTILINE)
        if trace is not None and "failed during processing" in error and state not in _HELP:
            return RunError(where, f"ended by {trace.group(1).strip().splitlines()[-1]}", remedy)
        return RunError(where, _ENDED.get(state, "ended without a result, as when it is killed"), remedy)

    def _record(self, reason: RunError) -> None:
        try:
            failed_cells.record(self.folder, self.overrides, reason)
        except (MtevalError, OSError):
            print(f"mteval: {plain(f'{self.folder}: {reason}')}", file=sys.stderr)


class Executor(submitit.AutoExecutor):
    """submitit's executor, whose jobs are cells.

    Attributes:
        sweep: the folder of the sweep that is launched.
    """

    sweep: ClassVar[Path]

    def map_array(self, fn: Callable[..., Any], *iterable: Iterable[Any]) -> list[Any]:
        """Submit a job for each cell, as Hydra's launcher asks for it.

        Args:
            iterable: the cells' overrides, a constant, their numbers, and more that is not of interest here.
        """
        columns = [list(column) for column in iterable]
        overrides: Sequence[Sequence[str]] = columns[0]
        numbers: Sequence[int] = columns[2]
        jobs = super().map_array(fn, *columns)
        return [
            Cell(job, self.sweep / str(number), _of_task(own), job.paths.submitted_pickle.stat().st_mtime)
            for job, own, number in zip(jobs, overrides, numbers, strict=True)
        ]


def _of_task(overrides: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in overrides if not re.match(r"[+~]*hydra[./=]", one))


def install(sweep: Path) -> None:
    """Have Hydra's launchers of submitit wait for every job of a sweep, and tell of those that gave nothing.

    They take the first dead job for the end of the sweep, and leave no seam for another way but submitit's own names.

    Args:
        sweep: its folder.
    """
    Executor.sweep = sweep
    submitit.AutoExecutor = Executor  # type: ignore[misc]
    submitit.SlurmJob.watcher = Queue()  # type: ignore[assignment]
