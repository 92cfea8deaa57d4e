"""The lines of runs' ``segments.jsonl``, which stay in the files: a text is read when it is asked for.

What is held of a segment is where its line begins, which document it is of, and whether it is page furniture. Lines are
read some hundreds at a time, so that going through them in order, all systems side by side, reads each once.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, overload

from mteval.segment import LazySegments, Segment

Row = Mapping[str, Any]

_BLOCK = 256
"""Lines that are read together."""


class RecordedLines:
    """Lines of one lang pair, in one file or, one after the other, in several.

    Args:
        files: each with the number of its first line that counts, and where all that count begin, and the last ends;
            these follow one another.
    """

    def __init__(self, files: Sequence[tuple[Path, int, array[int]]]) -> None:
        self.files = tuple(file for file in files if len(file[2]) > 1)
        self._ends = list(accumulate(len(places) - 1 for _, _, places in self.files))
        self._block: tuple[int, list[Row]] = (0, [])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def row(self, at: int) -> Row:
        """What a line holds."""
        first, rows = self._block
        if not first <= at < first + len(rows):
            first, rows = self._block = self._read(at)
        return rows[at - first]

    def where(self, at: int) -> str:
        """A line's place: its file and number."""
        file, inside = self._place(at)
        path, first, _ = self.files[file]
        return f"{path}:{first + inside}"

    def _place(self, at: int) -> tuple[int, int]:
        file = bisect_right(self._ends, at)
        return file, at - (self._ends[file - 1] if file else 0)

    def _read(self, at: int) -> tuple[int, list[Row]]:
        file, inside = self._place(at)
        path, _, places = self.files[file]
        start = inside - inside % _BLOCK
        end = min(start + _BLOCK, len(places) - 1)
        with path.open("rb") as stream:
            stream.seek(places[start])
            raw = stream.read(places[end] - places[start])
        return at - (inside - start), [json.loads(line) for line in raw.split(b"\n")[: end - start]]


class RecordedSegments(LazySegments):
    """Segments of such lines.

    Args:
        lines: those of all segments of a lang pair, page furniture included.
        documents: the document of each, as a place in ``names``.
        furniture: of each, whether it is page furniture.
        rows: the positions of those that are meant; ``None`` for all.
    """

    def __init__(
        self,
        lines: RecordedLines,
        documents: array[int],
        names: Sequence[str],
        furniture: bytearray,
        rows: Sequence[int] | None = None,
    ) -> None:
        self.lines = lines
        self.rows: Sequence[int] = range(len(lines)) if rows is None else rows
        self._documents = documents
        self._names = names
        self._furniture = furniture

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Segment: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Segment, ...]: ...
    def __getitem__(self, at: int | slice) -> Segment | tuple[Segment, ...]:
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        line = self.rows[at]
        row = self.lines.row(line)
        return Segment(
            id=row["segment"],
            source=row["source"],
            document=row["document"],
            where=self.lines.where(line),
            paragraph=row["paragraph"],
            start=row["start"],
            end=row["end"],
            furniture=row["furniture"],
            references=row["references"],
            notes=row["notes"],
            gold=row["gold"],
        )

    def documents(self) -> Iterator[str]:
        return (self._names[self._documents[row]] for row in self.rows)

    def without_furniture(self) -> RecordedSegments:
        if not any(self._furniture):
            return self
        return self._of(array("Q", (row for row in self.rows if not self._furniture[row])))

    def of_documents(self, chosen: frozenset[str]) -> RecordedSegments:
        places = {place for place, name in enumerate(self._names) if name in chosen}
        return self._of(array("Q", (row for row in self.rows if self._documents[row] in places)))

    def _of(self, rows: Sequence[int]) -> RecordedSegments:
        return RecordedSegments(self.lines, self._documents, self._names, self._furniture, rows)

    @staticmethod
    def joined(parts: Sequence[RecordedSegments]) -> RecordedSegments:
        """The segments of several, one after the other; of each all lines are meant."""
        documents, furniture = array("I"), bytearray()
        names: dict[str, int] = {}
        for part in parts:
            places = [names.setdefault(name, len(names)) for name in part._names]
            documents.extend(places[place] for place in part._documents)
            furniture += part._furniture
        lines = RecordedLines([file for part in parts for file in part.lines.files])
        return RecordedSegments(lines, documents, list(names), furniture)


class RecordedTexts(Sequence[str]):
    """One system's hypotheses in such lines.

    Args:
        segments: those that have one.
        system: its name in the lines.
    """

    def __init__(self, segments: RecordedSegments, system: str) -> None:
        self._segments = segments
        self._system = system

    def __len__(self) -> int:
        return len(self._segments)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        text: str = self._segments.lines.row(self._segments.rows[at])["hypotheses"][self._system]
        return text

    def of(self, segments: RecordedSegments) -> RecordedTexts:
        """The same system's hypotheses of other segments."""
        return RecordedTexts(segments, self._system)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
