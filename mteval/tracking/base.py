"""The contract of a tracker, which enters finished runs into a tracking service, and what of a run is entered."""

from __future__ import annotations

import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TypeVar

from mteval.errors import ConfigError
from mteval.report.base import RunResult
from mteval.report.leaderboard import leaderboard

Key = tuple[str, ...]
"""What a value belongs to, from the whole to the part: ``("pt-en", "opus", "bleu")``."""

INSTALL = "pip install 'mteval[tracking]'"
GARBLED_SHARE = "garbled_share"
"""What the share of a system's segments whose verdict is garbled is called, beside its metrics."""

_LONGEST_PART = 80
"""Bytes of one part of a name; three of them stay below MLflow's 250 characters and any file system's 255 bytes."""
_DIGEST = 8

Value = TypeVar("Value")


class Tracker(ABC):
    """Enters finished runs into a tracking service: one ``mteval run`` is one run there.

    Constructors are cheap and check every setting; the service's library is imported no sooner than by ``check``.
    """

    @abstractmethod
    def check(self) -> None:
        """Make sure, before anything is translated, that a run can be logged; no run is begun by that.

        Raises:
            UnavailableError: the library is missing, or the service cannot be reached.
            ConfigError: what a setting names cannot be used.
        """

    @abstractmethod
    def log(self, result: RunResult, folder: Path, files: Sequence[PurePath]) -> str:
        """Log a run whose folder has been filled: its parameters, its numbers and its files.

        Args:
            folder: the run's.
            files: those that the run wrote, relative to the folder; others in it are the user's own.

        Returns:
            Where it can be found, in a few words for people.

        Raises:
            Exception: whatever the library raises; the caller says that the run itself is safe.
        """


def parameters(result: RunResult) -> dict[Key, str]:
    """What a run was made of: eval set, lang pairs, seed, and each metric's signature in each lang pair."""
    tables = leaderboard(result)
    found: dict[Key, str] = {
        ("eval_set",): ", ".join(dict.fromkeys(table.eval_set for table in tables)),
        ("lang_pairs",): ", ".join(table.pair for table in tables),
    }
    if (seed := result.record.get("seed")) is not None:
        found["seed",] = str(seed)
    for table in tables:
        found |= {
            ("signature", table.pair, column.metric): "; ".join(column.signatures)
            for column in table.columns
            if column.signatures
        }
    return found


def numbers(result: RunResult) -> dict[Key, float]:
    """A run's system scores, and each system's share of garbled segments, by lang pair and system.

    Where there is no score, or no segment was judged, there is no entry.

    Raises:
        ConfigError: a metric has the name of the share.
    """
    if GARBLED_SHARE in result.metrics:
        problem = "trackers log the share of garbled segments under that name"
        raise ConfigError(f"metrics.{GARBLED_SHARE}", problem, "give the metric another name")
    found: dict[Key, float] = {}
    for table in leaderboard(result):
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                if cell.score is not None:
                    found[table.pair, row.system, column.metric] = cell.score
            if row.garbled_segments is not None:
                found[table.pair, row.system, GARBLED_SHARE] = row.garbled_segments.share
    return found


def named(values: Mapping[Key, Value], refused: str) -> dict[str, Value]:
    """Values under names that a library takes: the parts of each key, joined by slashes.

    In a part, what the library refuses is written as ``_``. A part that would then read like another one, whatever its
    case, or be longer than 80 bytes ends in eight digits of its SHA-256, so that no two values share a name.

    Args:
        refused: a regular expression for what a part may not hold; a slash is always refused.
    """
    parts = {part for key in values for part in key}
    plain = {part: re.sub(f"/|{refused}", "_", part) or "_" for part in parts}
    alike = Counter(name.casefold() for name in plain.values())
    safe = {
        part: name
        if alike[name.casefold()] == 1 and len(name.encode()) <= _LONGEST_PART
        else _marked(name, hashlib.sha256(part.encode()).hexdigest()[:_DIGEST])
        for part, name in plain.items()
    }
    return {"/".join(safe[part] for part in key): value for key, value in values.items()}


def _marked(name: str, digest: str) -> str:
    return name.encode()[: _LONGEST_PART - _DIGEST - 1].decode(errors="ignore") + "_" + digest


def name_of(folder: Path) -> str:
    """What a run is called after its folder; one run of a sweep has the sweep's name before its number."""
    return f"{folder.parent.name}/{folder.name}" if folder.name.isdecimal() else folder.name


def check_folder(folder: Path, key: str) -> None:
    """Make sure that a folder can be written into, or made, without making it.

    Args:
        key: the setting that names it, for errors.

    Raises:
        ConfigError: it cannot.
    """
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
    except OSError as error:
        raise ConfigError(key, f"{folder} cannot be reached ({error.strerror})", "name another folder") from None
    if not there.is_dir():
        raise ConfigError(key, f"{there} is no folder", "name a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(key, f"{there} cannot be written", "name another folder")


def first_line(error: Exception) -> str:
    """What a library's error says first, with its kind; a long line is cut."""
    line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {line if len(line) <= 200 else line[:199] + '…'}"
