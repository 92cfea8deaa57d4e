"""Batches that do not fit into memory: they are halved until they fit, which is said, and stay as small from there."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from mteval.errors import UnavailableError

Sized = TypeVar("Sized")
Result = TypeVar("Result")

_SIGNS = (
    *("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "bad allocation"),
    *("CUBLAS_STATUS_ALLOC_FAILED", "failed to allocate"),
)
"""What the errors of torch, CUDA and CTranslate2 say where memory was refused, on any device."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was refused, main memory or a device's."""
    if isinstance(error, MemoryError):
        return True
    # torch.cuda.OutOfMemoryError is a RuntimeError, and says "CUDA out of memory".
    return isinstance(error, RuntimeError) and any(sign.lower() in str(error).lower() for sign in _SIGNS)


class Halving:
    """Has batches computed, in halves where one did not fit; keeps how much did not, and what is to be told of it.

    Args:
        where: what computes, for errors: ``metric COMET-22``.
        what: what is in a batch, for errors and notices: ``texts``.
    """

    def __init__(self, where: str, what: str) -> None:
        self._where = where
        self._what = what
        self._most = math.inf
        self._told: list[str] = []

    def run(
        self, batch: Sequence[Sized], size: Callable[[Sized], int], compute: Callable[[Sequence[Sized]], list[Result]]
    ) -> list[Result]:
        """What is computed of a batch, in its order.

        Args:
            size: of one, in tokens.
            compute: gives a result for each of a batch; it is asked again where memory was refused.

        Raises:
            UnavailableError: one alone does not fit.
        """
        found: list[Result] = []
        waiting = self.fitting(batch, size)[::-1]
        while waiting:
            part = waiting.pop()
            try:
                found += compute(part)
                continue
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Not within the except clause: as long as there is an error, its frames hold the batch's memory.
            self.refused(part, size)
            waiting += self.fitting(part, size)[::-1]
        return found

    def fitting(self, batch: Sequence[Sized], size: Callable[[Sized], int]) -> list[Sequence[Sized]]:
        """A batch in parts that, by what was refused until now, may fit; it is one part at first."""
        if len(batch) == 1 or len(batch) * max(map(size, batch)) <= self._most:
            return [batch]
        half = -(-len(batch) // 2)
        return [*self.fitting(batch[:half], size), *self.fitting(batch[half:], size)]

    def refused(self, batch: Sequence[Sized], size: Callable[[Sized], int]) -> None:
        """Take note that a batch did not fit, and hand back what memory can be.

        Raises:
            UnavailableError: it is of one alone, or so small already.
        """
        gc.collect()
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()
        longest = max(map(size, batch))
        if len(batch) == 1:
            raise UnavailableError(
                self._where,
                f"one of its {self._what}, of {longest} tokens, does not fit into memory alone",
                "end what else takes memory, or choose another device, a narrower precision or a smaller checkpoint",
            )
        half = -(-len(batch) // 2)
        self._most = half * longest
        self._told.append(
            f"a batch of {len(batch)} {self._what} of up to {longest} tokens did not fit into memory: "
            f"batches are halved, to {self._most} tokens ({half} of those) at most"
        )

    def take_notices(self) -> tuple[str, ...]:
        """What is to be told since it was last asked for."""
        told, self._told = tuple(self._told), []
        return told
