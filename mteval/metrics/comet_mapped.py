"""Giving back the memory of weights that were mapped from a file, once nothing will read them again."""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Sequence
from pathlib import Path

_MAPS = Path("/proc/self/maps")


def mapped() -> list[tuple[int, int]]:
    """Where in memory files are mapped, each from its first byte to the one after its last; nothing but on Linux."""
    if sys.platform != "linux":
        return []
    found = []
    for line in _MAPS.read_text("utf-8", "surrogateescape").splitlines():
        place, rights, _, _, inode, *_ = line.split(maxsplit=5)
        if inode != "0" and rights.endswith("p"):
            first, _, end = place.partition("-")
            found.append((int(first, 16), int(end, 16)))
    return found


def give_back(weights: Sequence[tuple[int, int]], files: Sequence[tuple[int, int]]) -> None:
    """Let the system drop the pages that lie within weights; whoever reads them after all gets them from the file.

    Args:
        weights: where each begins, and how many bytes it has; what is not in a file's mapping is left alone. They must
            be as they are in the file: what was changed in memory would be lost.
        files: as ``mapped`` tells, while the weights were there.
    """
    if not files:  # no system but Linux is asked
        return
    library = ctypes.CDLL(None)
    for start, size in weights:
        if any(first <= start and start + size <= end for first, end in files):
            page = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
            whole = (start + size - page) // mmap.PAGESIZE * mmap.PAGESIZE
            if whole > 0:
                library.madvise(ctypes.c_void_p(page), ctypes.c_size_t(whole), ctypes.c_int(mmap.MADV_DONTNEED))
