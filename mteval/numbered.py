"""Texts in numbered lines, ``[1] …``, which tell a language model where each begins, and which it must give back."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE = re.compile(r"\[(\d+)\](?:[ \t]+(.*))?")


def numbered(texts: Sequence[str]) -> str:
    """Texts one a line, each after its number from 1; a line break inside a text is written as a space."""
    return "\n".join(f"[{number}] {' '.join(text.split())}" for number, text in enumerate(texts, start=1))


def parse_numbered(text: str, count: int) -> list[str] | None:
    """The texts of numbered lines.

    Blank lines, and blanks around lines, are passed over; nothing else is mended.

    Args:
        text: what a language model answered.
        count: how many there must be.

    Returns:
        The texts in order; ``None`` unless the numbers run from 1 to ``count`` and each line has one.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    if len(found) != count:
        return None
    texts = []
    for number, match in enumerate(found, start=1):
        if match is None or int(match[1]) != number:
            return None
        texts.append(match[2] or "")
    return texts
