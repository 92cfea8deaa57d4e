"""Damaged lines of a store, noted beside the shards that they stand in; a shard itself is never changed."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

SET_ASIDE = "set-aside.txt"
"""A shelf's lines that were found damaged: an object of JSON each, with the shard, the line's place in it in bytes, its
size, and what it holds (as Latin-1)."""


def set_aside(shard: Path, start: int, line: bytes) -> None:
    """Note a shard's damaged line beside it.

    Raises:
        OSError: the shelf cannot be written.
    """
    told = {"shard": shard.name, "start": start, "size": len(line), "line": line.decode("latin-1")}
    with (shard.parent / SET_ASIDE).open("ab") as file:
        file.write(json.dumps(told).encode() + b"\n")  # at once, so that no other process writes in between


def set_aside_in(shelf: Path) -> set[tuple[str, int]]:
    """The shards and places of a shelf's lines that were set aside."""
    try:
        lines = (shelf / SET_ASIDE).read_bytes().splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        with suppress(ValueError, KeyError, TypeError):  # a note that was cut off: the line is found damaged again
            told = json.loads(line)
            found.add((str(told["shard"]), int(told["start"])))
    return found
