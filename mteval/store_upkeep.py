"""Upkeep of a store: how large its shelves are, which no run uses, and whether what they hold is whole.

All of it reads a line at a time, and does no harm to a store that other processes read and write.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mteval.errors import OutputError
from mteval.store import SIGNATURE, VERSION
from mteval.store_aside import set_aside_in
from mteval.store_lines import has_checksum, is_torn, key_in, row_in

_REMOVED = ".removed"
BUSY = 3600.0
"""Seconds for which a shelf that was written to or opened is taken to be in use."""


@dataclass(frozen=True)
class ShelfFacts:
    """What is known of one shelf.

    Attributes:
        path: its folder in the store, as ``v1/scores/Chrf-1f2e3d4c5b6a7980``.
        signature: under which its values were made; empty where it does not say.
        shards: how many files its lines are in.
        entries: how many lines hold a value; of two under one key both count.
        size: bytes, all its files together.
        used: when it was last opened or written to, in seconds since 1970.
        aside: how many damaged lines were set aside.
    """

    path: str
    signature: str
    shards: int
    entries: int
    size: int
    used: float
    aside: int


@dataclass(frozen=True)
class Damage:
    """A line that does not hold what was put there.

    Attributes:
        shard: its file.
        line: its number, from 1.
        start: its first byte in the file.
        text: as it is.
        aside: whether it has been set aside before.
    """

    shard: Path
    line: int
    start: int
    text: bytes
    aside: bool


@dataclass(frozen=True)
class Checked:
    """What a look at every line of a store found.

    Attributes:
        lines: how many were looked at.
        unsealed: how many of them have no checksum, since an earlier version wrote them.
        torn: how many were never whole, since their writers were killed.
    """

    lines: int
    unsealed: int
    torn: int


def shelves(store: Path) -> Iterator[Path]:
    """The folders of a store's shelves, in order.

    Raises:
        OutputError: it holds something that this version does not know.
    """
    if not store.is_dir():
        raise OutputError(str(store), "there is no store here", "name it with store=FOLDER, or run something first")
    others = sorted(one.name for one in store.iterdir() if one.is_dir() and one.name != VERSION)
    for name in others:
        if name.startswith("v") and name[1:].isdecimal():
            problem = f"holds {name}, which another version of mteval wrote: this one knows {VERSION}"
            raise OutputError(str(store), problem, f"use that version, or remove {store / name}")
    yield from sorted(one for one in (store / VERSION).glob("*/*") if one.is_dir() and not one.name.startswith("."))


def facts(store: Path) -> Iterator[ShelfFacts]:
    """What is known of each shelf; see ``shelves``."""
    for shelf in shelves(store):
        shards = sorted(shelf.glob("*.jsonl"))
        entries = 0
        for shard in shards:
            with shard.open("rb") as lines:
                entries += sum(key_in(line) is not None for line in lines)
        yield ShelfFacts(
            path=shelf.relative_to(store).as_posix(),
            signature=_signature(shelf),
            shards=len(shards),
            entries=entries,
            size=_size(shelf),
            used=_used(shelf),
            aside=len(set_aside_in(shelf)),
        )


def unused(store: Path, by: Collection[str], days: float) -> Iterator[ShelfFacts]:
    """The shelves that no run uses.

    Args:
        by: the shelves, by their paths, that runs say they used: these stay.
        days: shelves that were opened or written to within so many days stay as well.
    """
    now = time.time()
    for found in facts(store):
        if found.path not in by and now - found.used > max(days * 86400, BUSY):
            yield found


def used_by(record: Path) -> list[str]:
    """The shelves that a run used, by its ``run.json``; none if it does not say."""
    try:
        told = json.loads(record.read_bytes())
        return [str(one) for one in told.get("shelves") or ()]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def delete(store: Path, shelf: ShelfFacts) -> bool:
    """Remove a shelf, unless it has been opened or written to in the meantime.

    It is renamed first, so that no other process ever finds half of it.

    Returns:
        Whether it is gone.

    Raises:
        OutputError: it cannot be removed.
    """
    folder = store / shelf.path
    if not folder.is_dir() or _used(folder) > shelf.used:
        return False
    try:
        shutil.rmtree(folder.rename(folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:12]}{_REMOVED}")))
    except OSError as error:
        raise OutputError(str(folder), f"cannot be removed ({error.strerror})", "check its permissions") from None
    return True


def tidy(store: Path) -> None:
    """Remove what is left of shelves whose removal was cut off."""
    for left in (store / VERSION).glob(f"*/.*{_REMOVED}"):
        with suppress(OSError):
            shutil.rmtree(left)


def verify(store: Path) -> Iterator[Damage | Checked]:
    """Look at every line of a store; what is damaged as it is found, and at last what was looked at."""
    lines = unsealed = torn = 0
    for shelf in shelves(store):
        aside = set_aside_in(shelf)
        for shard in sorted(shelf.glob("*.jsonl")):
            start = 0
            with shard.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    lines += 1
                    if row_in(line) is not None:
                        unsealed += not has_checksum(line)
                    elif is_torn(line):
                        torn += bool(line.strip())
                    else:
                        yield Damage(shard, number, start, line, (shard.name, start) in aside)
                    start += len(line)
    yield Checked(lines, unsealed, torn)


def _signature(shelf: Path) -> str:
    try:
        return (shelf / SIGNATURE).read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def _size(shelf: Path) -> int:
    return sum(file.stat().st_size for file in shelf.iterdir() if file.is_file())


def _used(shelf: Path) -> float:
    return max([shelf.stat().st_mtime, *(file.stat().st_mtime for file in shelf.iterdir())])
