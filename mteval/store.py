"""A store of translations, scores, marks and verdicts, addressed by what made them: resume, share, never recompute.

Each signature has a folder; each process appends to a shard of its own there, so that any number of processes share a
store without locks, on a network's file system too. A line that a killed process left unfinished is passed over; one
that is damaged is set aside, told, and what it held is computed again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from mteval.errors import OutputError
from mteval.files import write_text
from mteval.signature import Signature
from mteval.store_aside import SET_ASIDE, set_aside, set_aside_in
from mteval.store_lines import is_damaged, is_torn, key_in, line_of, row_in

VERSION = "v1"

_BYTES = 20
"""Of a key that ``key_of`` makes."""

_LINES = 65536
"""Lines of a shard that are looked through together."""

_PLACE = np.dtype([("key", np.int64), ("start", np.int64), ("size", np.int32), ("shard", np.int32)])
"""Where a line stands: the hash of its key, its first byte, how many it has, and the shard."""


def key_of(*texts: str) -> str:
    """A key for texts that together decide a result; where one ends and the next begins counts."""
    digest = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()[: 2 * _BYTES]


class Keys(Sequence[str]):
    """Keys that ``key_of`` made, in 20 bytes each.

    Args:
        keys: in order; they are taken one by one.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        raw = bytearray()
        for key in keys:
            raw += bytes.fromhex(key)
        self._raw = bytes(raw)

    def __len__(self) -> int:
        return len(self._raw) // _BYTES

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(at)
        return self._raw[at * _BYTES : (at + 1) * _BYTES].hex()


SIGNATURE = "signature.txt"
"""What a shelf's folder says whose it is in; its time of change is when the shelf was last opened."""


class Shelf:
    """What the store holds under one signature, and the shard that this process appends to.

    In memory is where each value stands, and no value: 24 bytes for each that was asked for.

    Args:
        folder: its own; ``None`` to hold nothing.
        wanted: the keys that will be asked for.
        tell: is told of each damaged line, by its shard and its place.
    """

    def __init__(
        self,
        folder: Path | None,
        signature: Signature,
        wanted: Iterable[str],
        tell: Callable[[Path, int], None] = lambda shard, place: None,
    ) -> None:
        self._folder = folder
        self._signature = signature
        self._tell = tell
        self._shard: FileIO | None = None
        self._aside = set_aside_in(folder) if folder is not None else set()
        self._shards = sorted(folder.glob("*.jsonl")) if folder is not None and folder.is_dir() else []
        self._places = np.empty(0, _PLACE)
        if self._shards:
            with suppress(OSError):
                os.utime(self._shards[0].parent / SIGNATURE)
            asked = np.unique(np.fromiter(map(hash, wanted), np.int64))
            found = [some for at, shard in enumerate(self._shards) for some in self._read(at, shard, asked)]
            places = np.concatenate([self._places, *found])[::-1]  # of two lines of one key the last one holds
            self._places = places[np.unique(places["key"], return_index=True)[1]]
            if len(self._places) < len(asked):  # what is missing may stand here under a key that was damaged
                for shard in self._shards:
                    self._look_over(shard)

    def _look_over(self, shard: Path) -> None:
        """Set aside every damaged line of a shard, whether it is wanted or not."""
        place = 0
        with _reading(shard), shard.open("rb") as lines:
            for line in lines:
                if is_damaged(line):
                    self._set_aside(shard, place, line)
                place += len(line)

    def _read(self, at: int, shard: Path, asked: NDArray[np.int64]) -> Iterator[NDArray[np.void]]:
        """Where the wanted values of a shard stand, some at a time."""
        found: list[tuple[int, int, int, int]] = []
        aside = self._aside
        place = 0
        with _reading(shard), shard.open("rb") as lines:
            for line in lines:
                if (key := key_in(line)) is not None:
                    if not aside or (shard.name, place) not in aside:
                        found.append((hash(key), place, len(line), at))
                elif not is_torn(line):
                    self._set_aside(shard, place, line)
                place += len(line)
                if len(found) == _LINES:
                    yield _among(found, asked)
                    found.clear()
        yield _among(found, asked)

    def get(self, key: str) -> Any | None:
        """What was held under a key when the shelf was opened; ``None`` if nothing was."""
        return self.get_all([key])[0]

    def get_all(self, keys: Sequence[str]) -> list[Any | None]:
        """What was held under each of some keys when the shelf was opened; ``None`` where nothing was."""
        values: list[Any | None] = [None] * len(keys)
        if not len(self._places):
            return values
        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        at = np.minimum(np.searchsorted(self._places["key"], hashes), len(self._places) - 1)
        held = np.flatnonzero(self._places["key"][at] == hashes)
        places = self._places[at[held]]
        order = np.lexsort((places["start"], places["shard"]))
        for shard, some in groupby(order.tolist(), key=lambda one: int(places["shard"][one])):
            with _reading(self._shards[shard]), self._shards[shard].open("rb") as lines:
                for one in some:
                    start = int(places["start"][one])
                    lines.seek(start)
                    line = lines.read(int(places["size"][one]))
                    if (row := row_in(line)) is None:
                        self._set_aside(self._shards[shard], start, line)
                    elif row[0] == keys[int(held[one])]:
                        values[int(held[one])] = row[1]
        return values

    def _set_aside(self, shard: Path, start: int, line: bytes) -> None:
        """Note a damaged line, so that it is neither looked up nor told again, and tell of it."""
        if (shard.name, start) in self._aside:
            return
        self._aside.add((shard.name, start))
        self._tell(shard, start)
        with suppress(OSError):  # of a store that is read-only it can only be told
            set_aside(shard, start, line)

    def put(self, key: str, value: Any) -> None:
        """Keep a value (anything JSON can write) under a key for later runs; this shelf does not hold it.

        Raises:
            OutputError: the store cannot be written.
        """
        if self._folder is None:
            return
        try:
            if self._shard is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                name = self._folder / SIGNATURE
                if not name.exists():
                    write_text(name, f"{self._signature}\n")
                shard = self._folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.jsonl"
                self._shard = shard.open("xb", buffering=0)  # so that a kill of this process loses nothing that was put
            line = line_of(key, value).encode()
            if self._shard.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise OutputError(
                str(self._folder),
                f"the store cannot be written ({error.strerror})",
                "free space there, choose another folder with store=FOLDER, or do without with store=null",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shard is not None:
            self._shard.close()
            self._shard = None


def _among(found: list[tuple[int, int, int, int]], asked: NDArray[np.int64]) -> NDArray[np.void]:
    places = np.array(found, _PLACE)
    return places[np.isin(places["key"], asked)]


@contextmanager
def _reading(shard: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        pass  # its shelf was removed in the meantime, as one that no run uses: what it held is computed again
    except OSError as error:
        remedy = "remove it, choose another store with store=FOLDER, or do without with store=null"
        raise OutputError(str(shard), f"cannot be read ({error.strerror})", remedy) from None


class Store:
    """A folder of shelves; without a folder it keeps nothing.

    Attributes:
        used: the shelves that were opened, as their folders' paths in it.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.used: list[str] = []
        self._damaged: dict[Path, list[int]] = {}

    @property
    def warnings(self) -> list[str]:
        """What was found damaged, a sentence for each shard."""
        return [
            f"the store's {shard} is damaged in {len(places)} {'line' if len(places) == 1 else 'lines'} (the first at "
            f"byte {min(places)}): set aside in {SET_ASIDE} beside it, and computed again"
            for shard, places in self._damaged.items()
        ]

    def check(self) -> None:
        """Make sure that the store can be written.

        Raises:
            OutputError: it cannot.
        """
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            writable = os.access(self.folder, os.W_OK)
            problem = "it is read-only"
        except OSError as error:
            writable, problem = False, error.strerror or str(error)
        if not writable:
            remedy = "choose another folder with store=FOLDER, or do without with store=null"
            raise OutputError(str(self.folder), f"the store cannot be written ({problem})", remedy)

    def shelf(self, room: str, name: str, signature: Signature, wanted: Iterable[str]) -> Shelf:
        """The shelf of one signature.

        Args:
            room: ``translations``, ``scores``, ``golden``, ``marks`` or ``verdicts``.
            name: the class of what made them, to make folders readable.
            signature: everything that changes the result but the texts.
            wanted: the keys that will be asked for; of others nothing is in memory, however many the store has.
        """
        if self.folder is None:
            return Shelf(None, signature, wanted)
        path = f"{VERSION}/{room}/{name}-{signature.digest}"
        if path not in self.used:
            self.used.append(path)
        return Shelf(self.folder / path, signature, wanted, self._tell)

    def _tell(self, shard: Path, place: int) -> None:
        self._damaged.setdefault(shard, []).append(place)
