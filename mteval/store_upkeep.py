"""Upkeep of a store: how large its shelves are, which no run uses, and whether what they hold is whole.

All of it reads a line at a time, and does no harm to a store that other processes read and write.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mteval.errors import OutputError
from mteval.store import SIGNATURE, VERSION
from mteval.store_aside import set_aside_in
from mteval.store_lines import has_checksum, is_damaged, is_torn, key_in, row_in

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
    """What is known of each shelf; see ``shelves``.

    Raises:
        OutputError: one cannot be read. One that is removed in the meantime is left out.
    """
    for shelf in shelves(store):
        if (found := _facts(store, shelf)) is not None:
            yield found


def _facts(store: Path, shelf: Path) -> ShelfFacts | None:
    """What is known of a shelf; ``None`` if it is there no longer."""
    try:
        used = _used(shelf)  # first: a shelf that is opened while its lines are counted is found younger afterwards
        shards = sorted(shelf.glob("*.jsonl"))
        entries = 0
        for shard in shards:
            with shard.open("rb") as lines:
                entries += sum(key_in(line) is not None for line in lines)
        return ShelfFacts(
            path=shelf.relative_to(store).as_posix(),
            signature=_signature(shelf),
            shards=len(shards),
            entries=entries,
            size=sum(told.st_size for file in shelf.iterdir() if (told := _stat(file)) is not None),
            used=used,
            aside=len(set_aside_in(shelf)),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(shelf, error) from None


def unused(store: Path, by: Collection[str], days: float) -> Iterator[ShelfFacts]:
    """The shelves that no run uses.

    Args:
        by: the shelves, by their paths, that runs say they used: these stay.
        days: shelves that were opened or written to within so many days stay as well.
    """
    now = time.time()
    for shelf in shelves(store):
        with _readable(shelf):
            if shelf.relative_to(store).as_posix() in by or now - _used(shelf) <= max(days * 86400, BUSY):
                continue  # before its lines are counted, which takes long
        if (found := _facts(store, shelf)) is not None:
            yield found


def used_by(record: Path) -> list[str] | None:
    """The shelves that a run used, by its ``run.json``; ``None`` if it does not say, as those of earlier versions."""
    try:
        told = json.loads(record.read_bytes())
        if "merged_from" in told:  # a report on runs, which used none
            return []
        return [str(one) for one in told["shelves"]]
    except (OSError, ValueError, LookupError, TypeError):
        return None


def delete(store: Path, shelf: ShelfFacts) -> bool:
    """Remove a shelf, unless it has been opened or written to in the meantime.

    It is renamed first, so that no other process ever finds half of it.

    Returns:
        Whether it is gone.

    Raises:
        OutputError: it cannot be removed.
    """
    folder = store / shelf.path
    try:
        if not folder.is_dir() or _used(folder) > shelf.used:
            return False
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
    """Look at every line of a store; what is damaged as it is found, and at last what was looked at.

    Raises:
        OutputError: something cannot be read. What is removed in the meantime is passed over.
    """
    lines = unsealed = torn = 0
    for shelf in shelves(store):
        aside = set_aside_in(shelf)
        for shard in sorted(shelf.glob("*.jsonl")):
            start = 0
            with _readable(shard), shard.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    lines += 1
                    if not has_checksum(line) and row_in(line) is not None:
                        unsealed += 1
                    elif is_torn(line) and row_in(line) is None:
                        torn += bool(line.strip())
                    elif is_damaged(line):
                        yield Damage(shard, number, start, line, (shard.name, start) in aside)
                    start += len(line)
    yield Checked(lines, unsealed, torn)


def _signature(shelf: Path) -> str:
    try:
        return (shelf / SIGNATURE).read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""


def _used(shelf: Path) -> float:
    there = [found.st_mtime for file in shelf.iterdir() if (found := _stat(file)) is not None]
    return max([shelf.stat().st_mtime, *there])


def _stat(file: Path) -> os.stat_result | None:
    """What the system says of a file; ``None`` of one that another process has renamed or removed just now."""
    try:
        return file.stat()
    except FileNotFoundError:
        return None


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Pass over what is there no longer, and say in one line what cannot be read."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> OutputError:
    return OutputError(str(path), f"cannot be read ({error.strerror})", "check its permissions, or remove it")
