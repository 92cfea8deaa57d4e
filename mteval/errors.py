"""Errors that a user can act on: each names the place, the problem and the remedy, in one line.

The tree::

    MtevalError
    ├── ConfigError            a config key, a value or a combination of them
    ├── DataError              what a user's file holds
    │   ├── EncodingError      bytes that are not UTF-8
    │   ├── ParityError        things that must be equally many, and are not
    │   ├── MissingReferenceError  a reference that is missing or belongs to another segmentation
    │   ├── ComparabilityError scores or runs that cannot stand in one table
    │   └── RunError           a run's folder that cannot be read back
    ├── UnavailableError       a program, package or checkpoint that this machine lacks
    │   └── GatedError         a checkpoint behind a licence that must be accepted first
    ├── ContractError          a plug-in that broke its promise (too few outputs, NaN, …)
    └── OutputError            a folder or file that cannot be written
"""

from __future__ import annotations


class MtevalError(Exception):
    """An error with a place, a problem and a remedy.

    Args:
        where: the file and line (``refs/000.jsonl:12``), or the config key (``lang_pairs``).
        problem: what is wrong there, without a full stop.
        remedy: what the user can do about it, without a full stop.
    """

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        self.where = where
        self.problem = problem
        self.remedy = remedy
        super().__init__(where, problem, remedy)

    def __str__(self) -> str:
        line = f"{self.where}: {self.problem}; {self.remedy}"
        return " ".join(line.split())


class ConfigError(MtevalError):
    """A config key, a value or a combination of them is wrong."""


class DataError(MtevalError):
    """A user's file holds something that cannot be used."""


class EncodingError(DataError):
    """A file is not UTF-8."""


class ParityError(DataError):
    """Two things that must be equally many are not."""


class MissingReferenceError(DataError):
    """A reference is missing or belongs to another segmentation."""


class ComparabilityError(DataError):
    """Scores or runs that cannot stand in one table."""


class RunError(DataError):
    """A run's folder cannot be read back: it is half-written, edited by hand or written by another version."""


class UnavailableError(MtevalError):
    """A program, package or checkpoint is not to be had on this machine."""


class GatedError(UnavailableError):
    """A checkpoint is behind a licence that must be accepted first."""


class ContractError(MtevalError):
    """A plug-in broke its promise: too few outputs, a score that is not a number, ..."""


class OutputError(MtevalError):
    """A folder or file cannot be written."""
