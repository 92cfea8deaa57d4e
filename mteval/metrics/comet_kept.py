"""Keeping the memory that one batch frees for the next, where a CPU computes: the system hands out each page anew else.

In bf16 that takes about a tenth of the time. Only the C library of most Linux systems, glibc, can be told so. Batches
differ in size, so that what one has freed fits the next ones less and less; after a few, all of it goes back.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Batch = TypeVar("Batch")

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as <malloc.h> numbers them
_KEPT = 512 * 2**20  # bytes
_LARGEST = 32 * 2**20  # bytes; glibc takes no more. Freed blocks that are larger always go back.
_FEW = 12_288  # tokens, after which freed memory goes back
_PRIMITIVES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
_OWN_CHOICE = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed() -> None:
    """Have the C library keep up to half a GiB of what is freed from here on; who has told it otherwise has the say.

    oneDNN keeps a program for each shape of a product, 1,024 unless it is told; no batch's shapes come again.
    """
    os.environ.setdefault(_PRIMITIVES, "32")
    _trim()
    _tell({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: _KEPT})


def handing_back(batches: Iterable[Batch], budget: int, device: str) -> Iterator[Batch]:
    """Batches as they are given; where a CPU computes, freed memory goes back to the system after every few.

    Args:
        budget: how many tokens a batch has, about.
        device: the type of that which computes, as torch names it; of others the system's memory holds little.
    """
    if device != "cpu":
        yield from batches
        return
    few = max(1, _FEW // budget)
    for number, batch in enumerate(batches, start=1):
        yield batch
        if number % few == 0:
            _trim()


def hand_back_freed() -> None:
    """Give freed memory back to the system, and keep no more from here on than glibc comes to keep by itself."""
    _tell({_TRIM_THRESHOLD: 2 * _LARGEST})
    _trim()


def _trim() -> None:
    if (trim := _glibc("malloc_trim")) is not None:
        trim(0)


def _tell(settings: dict[int, int]) -> None:
    if not any(name in os.environ for name in _OWN_CHOICE) and (mallopt := _glibc("mallopt")) is not None:
        for key, size in settings.items():
            mallopt(key, size)


def _glibc(name: str) -> Callable[..., Any] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)  # musl has neither
