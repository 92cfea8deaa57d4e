"""Damaged lines of a store, noted beside the shards that they stand in; a shard itself is never changed."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

SET_ASIDE = "set-aside-*.txt"
"""Files of a shelf's lines that were found damaged: an object of JSON each, with the shard, the line's place in it in
bytes, its size, and what it holds (as Latin-1). Each process has one of its own: on a network's file system two that
append to one file write over each other."""


def set_aside(shard: Path, start: int, line: bytes) -> None:
    """Note a shard's damaged line beside it.

    Raises:
        OSError: the shelf cannot be written.
    """
    told = {"shard": shard.name, "start": start, "size": len(line), "line": line.decode("latin-1")}
    with (shard.parent / SET_ASIDE.replace("*", _own(os.getpid()))).open("ab") as file:
        file.write(json.dumps(told).encode() + b"\n")


def set_aside_in(shelf: Path) -> set[tuple[str, int]]:
    """The shards and places of a shelf's lines that were set aside."""
    found = set()
    for file in shelf.glob(SET_ASIDE):
        with suppress(OSError):
            for line in file.read_bytes().splitlines():
                # A note that was cut off is none: its line is found damaged again.
                with suppress(ValueError, KeyError, TypeError):
                    told = json.loads(line)
                    found.add((str(told["shard"]), int(told["start"])))
    return found


@cache
def _own(process: int) -> str:
    """What tells this process from every other one, on whatever machine."""
    return f"{process}-{uuid.uuid4().hex[:12]}"
