"""Packs data into a page: nothing in it can be read as HTML, and it takes little room."""

from __future__ import annotations

import base64
import gzip
import json
from itertools import accumulate

from mteval.report.plain import printable


def pack(value: object) -> str:
    """The value as JSON, compressed, in letters that stand in a page without being escaped.

    Equal values give equal text.

    Args:
        value: what ``json`` takes, without NaN.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(printable(text).encode("utf-8"), compresslevel=9, mtime=0)).decode("ascii")


class Offsets:
    """Where a text's characters are found by a script, which counts a character beyond U+FFFF as two.

    Args:
        text: what the characters are counted in.
    """

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._at: list[int] | None = None
        if any(letter > "\uffff" for letter in text):
            self._at = [0, *accumulate(1 + (letter > "\uffff") for letter in text)]

    def __call__(self, position: int) -> int:
        """The script's count for a position; one outside the text is moved to its nearest end."""
        within = min(max(position, 0), self._length)
        return within if self._at is None else self._at[within]
