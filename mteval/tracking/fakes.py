"""A tracker that keeps what it is told and fails when it is asked to, and a run with odd names, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from mteval.errors import ConfigError, UnavailableError
from mteval.files import dump_json, resolve, write_text
from mteval.report.base import RunResult
from mteval.tracking.base import Tracker, named, numbers, parameters

FAILS_AT = ("never", "check", "log")


class Notebook(Tracker):
    """Writes each run that it is told of into one JSON file.

    Args:
        path: the file; an older run in it is forgotten.
        fails_at: ``check`` or ``log``, for a service that is down then.
    """

    def __init__(self, path: str = "notebook.json", fails_at: str = "never") -> None:
        if fails_at not in FAILS_AT:
            raise ConfigError("fails_at", f"{fails_at!r} is not one of its values", f"choose from {FAILS_AT}")
        self._path = resolve(path)
        self._fails_at = fails_at

    def check(self) -> None:
        if self._fails_at == "check":
            raise UnavailableError("notebook", "it is closed", "open it")

    def log(self, result: RunResult, folder: Path, files: Sequence[PurePath]) -> str:
        if self._fails_at == "log":
            raise ConnectionError("the notebook does not answer\nand never will")
        told = {
            "params": named(parameters(result), " "),
            "metrics": named(numbers(result), " "),
            "files": [file.as_posix() for file in files if (folder / file).is_file()],
        }
        write_text(self._path, dump_json(told, indent=2))
        return f"notebook {self._path}"


def renamed(result: RunResult, names: Mapping[str, str]) -> RunResult:
    """The result with other names for some systems of its first lang pair.

    Args:
        names: new names by old ones.
    """
    pair, *others = result.pairs
    systems = tuple(replace(system, name=names.get(system.name, system.name)) for system in pair.systems)
    return replace(result, pairs=(replace(pair, systems=systems), *others))
