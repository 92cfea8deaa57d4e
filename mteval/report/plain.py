"""Texts and counts as a page shows them, whatever its format."""

from __future__ import annotations

import re

# Control characters, those that turn the direction of the text around them, and halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """The text on one line, with nothing in it that a terminal or a page would obey instead of showing.

    Each run of white space is one space; control characters, direction overrides and lone surrogates are U+FFFD.
    """
    return _UNPRINTABLE.sub("\ufffd", re.sub(r"\s+", " ", text))


def printable(text: str) -> str:
    """The text with each such character replaced, and no longer or shorter for it, so that spans stay where they are.

    White space of any kind but plain spaces is a space; the rest is U+FFFD.
    """
    return _UNPRINTABLE.sub(lambda found: " " if found[0].isspace() else "\ufffd", text)


def words(name: str) -> str:
    """An identifier in words: ``wrong_language`` is ``wrong language``."""
    return name.replace("_", " ").replace("html", "HTML")


def counted(number: int, thing: str) -> str:
    """A number and its thing: ``1 segment``, ``2 segments``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
