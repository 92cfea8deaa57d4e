"""Many texts in the memory of their letters alone."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

_ENCODING, _ERRORS = "utf-8", "surrogatepass"


class Texts(Sequence[str]):
    """A sequence of texts that takes their bytes and eight more of each, where a string takes fifty more, and two to
    four bytes a letter if one of its letters is not Latin. Each is made a string when it is asked for.

    Args:
        texts: in order; they are taken one by one.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", (0,))
        for text in texts:
            self.append(text)

    def append(self, text: str) -> None:
        """Put a text at the end, while nobody else holds the sequence."""
        self._bytes += text.encode(_ENCODING, _ERRORS)
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        row = at + len(self) if at < 0 else at
        if not 0 <= row < len(self):
            raise IndexError(at)
        return self._bytes[self._ends[row] : self._ends[row + 1]].decode(_ENCODING, _ERRORS)

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Texts):
            return self._ends == other._ends and self._bytes == other._bytes
        if not isinstance(other, Sequence) or isinstance(other, str) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


class Chosen(Sequence[str]):
    """Some texts of many, none of them copied.

    Args:
        texts: all of them.
        rows: the positions of those that are meant.
    """

    def __init__(self, texts: Sequence[str], rows: Sequence[int]) -> None:
        self._texts = texts
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(self._texts[row] for row in self._rows[at])
        return self._texts[self._rows[at]]
