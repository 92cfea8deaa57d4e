"""Large arrays in a file without a name, whose memory the system can take back while nobody looks at them."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mteval.errors import OutputError

_IN_MEMORY = 2**26
"""Bytes that a process holds in its memory before any file is made."""

_CHUNK = 2**28
"""Bytes that are mapped together: each mapping keeps a file open, and a process may open some thousand."""


class Spilled:
    """Hands out arrays, beyond the first few in such files in the folder for temporary ones (``TMPDIR``); they end with
    the process."""

    _held: ClassVar[int] = 0
    _chunk: ClassVar[mmap.mmap | None] = None
    _used: ClassVar[int] = 0

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """A float64 array, to be written into.

        Raises:
            OutputError: there is no room for it.
        """
        count = int(np.prod(shape))
        cls._held += 8 * count
        if cls._held <= _IN_MEMORY or not count:
            return np.empty(shape)
        cls.let_go()
        if cls._chunk is None or cls._used + 8 * count > len(cls._chunk):
            size = max(_CHUNK, 8 * count)
            try:
                with tempfile.TemporaryFile() as file:
                    os.posix_fallocate(file.fileno(), 0, size)  # or the process would be killed where room runs out
                    cls._chunk, cls._used = mmap.mmap(file.fileno(), size), 0
            except OSError as error:
                problem = f"no room for {size // 2**20} MiB ({error.strerror})"
                remedy = "name a folder with room in the variable TMPDIR"
                raise OutputError(tempfile.gettempdir(), problem, remedy) from None
        found = np.frombuffer(cls._chunk, np.float64, count, cls._used).reshape(shape)
        cls._used += 8 * count
        return found

    @classmethod
    def let_go(cls) -> None:
        """Take what was written last out of this process's memory; it stays in the file, and comes back when asked."""
        if cls._chunk is not None:
            cls._chunk.madvise(mmap.MADV_DONTNEED)
