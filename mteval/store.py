"""A store of translations, scores, marks and verdicts, addressed by what made them: resume, share, never recompute.

Each signature has a folder; each process appends to a shard of its own there, so that any number of processes share a
store without locks. A line that a killed process left unfinished is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from mteval.errors import OutputError
from mteval.signature import Signature

VERSION = "v1"


def key_of(*texts: str) -> str:
    """A key for texts that together decide a result; where one ends and the next begins counts."""
    digest = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()[:40]


class Shelf:
    """What the store holds under one signature, and the shard that this process appends to."""

    def __init__(self, folder: Path | None, signature: Signature, wanted: Collection[str]) -> None:
        self._folder = folder
        self._signature = signature
        self._wanted = frozenset(wanted)
        self._shard: TextIO | None = None
        self._held: dict[str, Any] = {}
        if folder is not None and folder.is_dir():
            for shard in sorted(folder.glob("*.jsonl")):
                try:
                    self._read(shard)
                except OSError as error:
                    remedy = "remove it, choose another store with store=FOLDER, or do without with store=null"
                    raise OutputError(str(shard), f"cannot be read ({error.strerror})", remedy) from None

    def _read(self, shard: Path) -> None:
        with shard.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                try:
                    row = json.loads(line)
                    if row["key"] in self._wanted:
                        self._held[row["key"]] = row["value"]
                except (ValueError, TypeError, KeyError, RecursionError):
                    continue  # cut off by a kill, or blank: it is computed again

    def get(self, key: str) -> Any | None:
        """What is held under a key; ``None`` if nothing is."""
        return self._held.get(key)

    def put(self, key: str, value: Any) -> None:
        """Hold a value (anything JSON can write) under a key, at once and for later runs.

        Raises:
            OutputError: the store cannot be written.
        """
        self._held[key] = value
        if self._folder is None:
            return
        try:
            if self._shard is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                name = self._folder / "signature.txt"
                if not name.exists():
                    name.write_text(f"{self._signature}\n", "utf-8")
                shard = self._folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.jsonl"
                self._shard = shard.open("x", encoding="utf-8", newline="\n")
            self._shard.write(json.dumps({"key": key, "value": value}, ensure_ascii=True) + "\n")
            self._shard.flush()  # so that a kill of this process loses nothing that was put
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


class Store:
    """A folder of shelves; without a folder it holds what one run computes, and forgets it."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

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

    def shelf(self, room: str, name: str, signature: Signature, wanted: Collection[str]) -> Shelf:
        """The shelf of one signature.

        Args:
            room: ``translations``, ``scores``, ``marks`` or ``verdicts``.
            name: the class of what made them, to make folders readable.
            signature: everything that changes the result but the texts.
            wanted: the keys that will be asked for; no others are held in memory, however many the store has.
        """
        return Shelf(self._shelf_folder(room, name, signature), signature, wanted)

    def has(self, room: str, name: str, signature: Signature) -> bool:
        """Whether anything is held under one signature."""
        folder = self._shelf_folder(room, name, signature)
        return folder is not None and folder.is_dir()

    def _shelf_folder(self, room: str, name: str, signature: Signature) -> Path | None:
        return None if self.folder is None else self.folder / VERSION / room / f"{name}-{signature.digest}"
