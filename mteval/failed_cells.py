"""What a cell of a sweep that failed leaves in its folder: why, so that no report can drop it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mteval.errors import DataError, MtevalError
from mteval.files import dump_json, parse_object, read_text, write_text
from mteval.run_folder import FAILED


def record(folder: Path, overrides: Sequence[str], error: BaseException) -> None:
    """Write into a cell's folder, which may not be there yet, why it failed.

    Args:
        overrides: with which it was run.
        error: what stopped it; if it is no ``MtevalError`` it is a bug, and its traceback is kept.

    Raises:
        OutputError: the folder cannot be written.
    """
    told: dict[str, Any] = {"overrides": list(overrides), "reason": _reason(error)}
    if not isinstance(error, MtevalError):
        told["traceback"] = "".join(traceback.format_exception(error))
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / FAILED, dump_json(told, indent=2) + "\n")


def recorded(folder: Path) -> Mapping[str, Any] | None:
    """What a cell's folder says of its failure: ``reason``, ``overrides`` and, of a bug, ``traceback``; ``None`` if it
    says nothing, or nothing that can be read."""
    path = folder / FAILED
    try:
        told = parse_object(read_text(path), str(path))
    except (DataError, OSError):
        return None
    reason, overrides = told.get("reason"), told.get("overrides")
    if not isinstance(reason, str) or not isinstance(overrides, list):
        return None
    return told if all(isinstance(one, str) for one in overrides) else None


def _reason(error: BaseException) -> str:
    if isinstance(error, MtevalError):
        return str(error)
    said = " ".join(str(error).split())
    return f"a bug in mteval: {type(error).__name__}{f': {said}' if said else ''}; report it with {FAILED}"
