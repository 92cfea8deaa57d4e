"""Keeping the memory that one batch frees for the next, where a CPU computes: the system hands out each page anew else.

In bf16 that takes about a seventh of the time. Only the C library of most Linux systems, glibc, can be told so.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as <malloc.h> numbers them
_KEPT = 512 * 2**20  # bytes
_LARGEST = 32 * 2**20  # bytes; glibc takes no more. Freed blocks that are larger always go back.
_OWN_CHOICE = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed() -> None:
    """Have the C library keep up to half a GiB of freed memory; whoever has told it something else has the say."""
    _tell({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: _KEPT})


def hand_back_freed() -> None:
    """Give freed memory back to the system, and keep no more from here on than glibc comes to keep by itself."""
    _tell({_TRIM_THRESHOLD: 2 * _LARGEST})
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
