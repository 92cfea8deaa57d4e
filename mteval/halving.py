"""Batches that memory has no room for are halved, which is told; what follows is no larger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from mteval.errors import UnavailableError

One = TypeVar("One")
Found = TypeVar("Found")

_SAID = (
    *("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed"),
    *("failed to allocate memory", "bad_alloc"),
)
"""What PyTorch and CTranslate2 say in lower letters where there is no memory, on any device."""


class Halving:
    """Computes batches, in halves where memory runs out.

    Args:
        what: whose batches they are, for errors.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._most: int | None = None
        self._told: list[str] = []

    def run(
        self, batch: Sequence[One], size_of: Callable[[One], int], compute: Callable[[Sequence[One]], Sequence[Found]]
    ) -> Iterator[tuple[Sequence[One], Sequence[Found]]]:
        """Parts of a batch, in order, and what was computed of them: mostly there is one.

        Args:
            size_of: how many tokens one of the batch has.

        Raises:
            UnavailableError: there is not even memory for one text alone.
        """
        waiting = [batch]
        while waiting:
            part = waiting.pop(0)
            tokens = len(part) * max(map(size_of, part))
            found = None
            if self._most is None or tokens <= self._most or len(part) == 1:
                try:
                    found = compute(part)
                except (RuntimeError, MemoryError) as error:
                    if not is_out_of_memory(error):
                        raise
            if found is not None:
                yield part, found
                continue
            half = (len(part) + 1) // 2
            if len(part) == 1:
                problem = f"memory ran out on one text of {tokens} tokens"
                raise UnavailableError(
                    self._what, problem, "free some, or choose a smaller checkpoint or precision=bf16"
                )
            if self._most is None or tokens <= self._most:
                self._most = tokens // 2
                self._told.append(
                    f"memory ran out with {tokens} tokens at once: no more than {self._most} from here on"
                )
                _hand_back()
            waiting[:0] = [part[:half], part[half:]]

    def taken(self) -> tuple[str, ...]:
        """What has not been told yet."""
        told = tuple(self._told)
        self._told.clear()
        return told


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory has run out, on whatever device."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAID)


def _hand_back() -> None:
    """Give back what the failed batch has held."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
