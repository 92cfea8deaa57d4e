"""A run's folder: checked before anything is translated, put in its place when everything is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mteval.errors import OutputError

ITS_MARK = "run.json"
"""A folder that holds this file holds a run."""

_ITS_OWN = (ITS_MARK, ".hydra", "segments.jsonl", "verdicts.jsonl")
_ITS_OWN_STEM = "leaderboard"
_ELSEWHERE = "choose another with output=FOLDER"


class RunFolder:
    """The folder that a run is written into.

    Args:
        path: where it is; it may exist and be empty.
        overwrite: replace the files of a run that is already there. Other files there are left alone.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path = path
        self._overwrite = overwrite

    def check(self) -> None:
        """Make sure that the run can be written, before anything is translated.

        Raises:
            OutputError: the folder holds something that is not to be overwritten, or cannot be written.
        """
        if self.path.is_dir() and any(self.path.iterdir()):
            if not (self.path / ITS_MARK).is_file():
                raise OutputError(str(self.path), "the folder is not empty and holds no run", _ELSEWHERE)
            if not self._overwrite:
                raise OutputError(str(self.path), "the folder holds a run", f"{_ELSEWHERE}, or overwrite=true")
        there = next(folder for folder in (self.path, *self.path.absolute().parents) if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise OutputError(str(self.path), "the folder cannot be written", _ELSEWHERE)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder beside it to write into, which takes its place once everything is written, and not before.

        Raises:
            OutputError: it cannot be written.
        """
        partial = self.path.absolute().with_name(f".{self.path.absolute().name}.{os.getpid()}.part")
        try:
            partial.mkdir(parents=True)
            yield partial
            self._put_in_place(partial)
        except OSError as error:
            raise OutputError(str(self.path), error.strerror or str(error), _ELSEWHERE) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def forget_if_empty(self) -> None:
        """Remove the folder, and the one that it is in, if they are empty: a run that came to nothing leaves none."""
        with suppress(OSError):
            self.path.rmdir()
            self.path.absolute().parent.rmdir()

    def _put_in_place(self, partial: Path) -> None:
        if not self._overwrite or not self.path.exists():
            partial.rename(self.path)
            return
        for old in self.path.iterdir():
            if old.name in _ITS_OWN or old.stem == _ITS_OWN_STEM:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for new in sorted(partial.iterdir(), key=lambda file: file.name == ITS_MARK):  # its mark comes last
            new.rename(self.path / new.name)
