"""A run's folder: claimed before anything is translated, filled when everything is written."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable, Collection
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self, TextIO

from mteval.errors import OutputError, RunError
from mteval.report.record import FILES

ITS_MARK = "run.json"
"""A folder that holds this file holds a run; it is put there last."""

_ITS_OWN = (
    *("segments.jsonl", "verdicts.jsonl", "statistics.npz", ".hydra"),
    *(f"leaderboard.{suffix}" for suffix in ("html", "md", "tex", "csv", "json")),
    *("leaderboard-segments-*.html", "mt-metrics-eval"),
)
"""Patterns of what a run writes."""

FAILED = "failed.json"
"""What a cell of a sweep that failed leaves in place of a run."""

_LOCK, _PARTIAL = ".mteval-running", ".mteval-partial"
_ELSEWHERE = "choose another with output=FOLDER"


class RunFolder:
    """The folder that a run is written into; entering it claims it, so that no other run writes there.

    Args:
        path: where it is; it may exist and be empty.
        overwrite: replace the files of a run that is already there. Other files there are left alone.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path = path
        self._overwrite = overwrite

    def __enter__(self) -> Self:
        """Make sure, before anything is translated, that the run can be written.

        Raises:
            OutputError: the folder holds something that is not to be overwritten, another run writes into it, or it
                cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            there = [file for file in self.path.iterdir() if file.name not in (_LOCK, _PARTIAL, FAILED)]
            if there and not (self.path / ITS_MARK).is_file():
                raise OutputError(str(self.path), "the folder is not empty and holds no run", _ELSEWHERE)
            if there and not self._overwrite:
                raise OutputError(str(self.path), "the folder holds a run", f"{_ELSEWHERE}, or overwrite=true")
            self._claim()
            (self.path / FAILED).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(str(self.path), error.strerror or str(error), _ELSEWHERE) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path / _PARTIAL, ignore_errors=True)
        (self.path / _LOCK).unlink(missing_ok=True)

    def fill(self, write: Callable[[Path], None]) -> tuple[PurePath, ...]:
        """Let a run be written beside what is there, and put it in place once that is done.

        Args:
            write: writes every file of the run into the folder that it is given.

        Returns:
            Every file of the run, relative to its folder, in order.

        Raises:
            OutputError: it cannot be written; what was there before is there still.
        """
        partial = self.path / _PARTIAL
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            write(partial)
            files = sorted(file.relative_to(partial) for file in partial.rglob("*") if file.is_file())
            new = sorted(partial.iterdir(), key=lambda file: file.name == ITS_MARK)
            (self.path / ITS_MARK).unlink(missing_ok=True)  # until the new one is there, this is no finished run
            for file in new:
                if (self.path / file.name).is_dir():
                    shutil.rmtree(self.path / file.name)
                file.replace(self.path / file.name)
            names = {file.name for file in new}
            for stale in [file for pattern in _ITS_OWN for file in self.path.glob(pattern) if file.name not in names]:
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
            return tuple(files)
        except OSError as error:
            raise OutputError(str(self.path), error.strerror or str(error), _ELSEWHERE) from None

    def _claim(self) -> None:
        lock = self.path / _LOCK
        mine = f"{socket.gethostname()} {os.getpid()} {_job()}".rstrip()
        try:
            with lock.open("x", encoding="utf-8") as file:
                file.write(mine)
        except FileExistsError:
            if not _take_over(lock, mine):
                host, process, _ = _owner(lock)
                told = f" (process {process} on {host})" if process else ", and has just begun"
                remedy = f"{_ELSEWHERE}, or remove {lock} if that run is gone"
                raise OutputError(str(self.path), f"another run writes into it{told}", remedy) from None


def release(path: Path, job: str) -> None:
    """Give a run's folder free of a cluster's job that is known to be over, and did not do so itself.

    Args:
        path: the folder.
        job: its number, with that of its task if it is one of an array: ``3_1``.
    """
    lock = path / _LOCK
    if lock.is_file() and _owner(lock)[2].split(":")[1:2] == [job]:
        lock.unlink(missing_ok=True)


def _take_over(lock: Path, mine: str) -> bool:
    """Make a lock mine if its run was killed. Of several processes that try it at a time, one does."""
    try:
        with lock.open("r+", encoding="utf-8") as file:
            if not _held_alone(file):
                return False
            host, process, job = _owner(lock)
            here = host == socket.gethostname() and process.isdigit()
            dead = _is_before(job, _job()) or (here and not _alive(int(process)))
            if not dead or not os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                return False  # a live run's, or no longer the file that is there
            file.truncate()
            file.write(mine)
            return True
    except FileNotFoundError:
        return False  # who held it has just ended


def _held_alone(file: TextIO) -> bool:
    """Keep other processes from taking a lock over while this one does; whether none of them is at it.

    Where there are no such locks, on this file system or at all, what the file says must do.
    """
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            return False
    return True


def forget_if_empty(path: Path, existed: Collection[Path]) -> None:
    """Remove a folder and those above it as far as they are empty and were not there before.

    Args:
        path: the folder.
        existed: absolute paths of folders that are to stay.
    """
    for folder in (path.absolute(), *path.absolute().parents):
        if folder in existed:
            return
        try:
            folder.rmdir()
        except OSError:
            return


def refuse_unfinished(path: Path) -> None:
    """Make sure that nothing of a run that is not finished is left in a folder.

    Raises:
        RunError: something is.
    """
    if left := unfinished(path):
        raise RunError(str(path), f"holds no finished run: {left}", "wait until it is done, or run it again")


def unfinished(path: Path) -> str | None:
    """What a run that is not finished has left in a folder, in words; ``None`` if nothing is left of one."""
    lock = path / _LOCK
    if lock.is_file():
        host, process, _ = _owner(lock)
        if host != socket.gethostname() or not process.isdigit():
            return f"a run still writes into it (process {process} on {host}), or was killed half-way"
        return (
            f"a run still writes into it (process {process})" if _alive(int(process)) else "its run was killed half-way"
        )
    if (path / _PARTIAL).is_dir():
        return "its run was killed while its files were written"
    left = [name for name in FILES if (path / name).is_file()]
    return f"it is half-written, with {left[0]} and no {ITS_MARK}" if left and not (path / ITS_MARK).exists() else None


def _owner(lock: Path) -> tuple[str, str, str]:
    """Whose a lock is: host, process, and the cluster's job, which is empty where there is none."""
    words = lock.read_text("utf-8", errors="replace").split(" ")
    host, process, job, *_ = [*words, "", "", ""]
    return host, process, job


def _job() -> str:
    """The job of Slurm that this process belongs to, and how often it has been queued again; empty if there is none."""
    told = os.environ
    if not (job := told.get("SLURM_JOB_ID", "")):
        return ""
    if task := told.get("SLURM_ARRAY_TASK_ID", ""):
        job = f"{told.get('SLURM_ARRAY_JOB_ID', job)}_{task}"
    return f"{told.get('SLURM_CLUSTER_NAME', 'slurm')}:{job}:{told.get('SLURM_RESTART_COUNT', '0')}"


def _is_before(job: str, other: str) -> bool:
    """Whether one is the other before Slurm killed it and queued it again, on whatever host that was."""
    (name, _, times), (same, _, more) = job.rpartition(":"), other.rpartition(":")
    return bool(name) and name == same and times.isdigit() and more.isdigit() and int(times) < int(more)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
