"""A whole document in one question: segments between numbered tags, and answers that are read strictly by number."""

from __future__ import annotations

import re
from collections.abc import Sequence

FORMAT = 1
"""How documents are written; a change makes other translations, and adds 1."""


class Misaligned(Exception):
    """An answer that does not give every number once, in order; says what it gives."""


def tag_for(sources: Sequence[str]) -> str:
    """The name of a tag that no source holds: ``seg``, or one like it."""
    text, tag = "\n".join(sources), "seg"
    while re.search(rf"</?{tag}\b", text):
        tag += "x"
    return tag


def numbered(texts: Sequence[str], tag: str) -> str:
    """Texts to the letter, between tags that count them from 1: ``<seg id="1">…</seg>``, a line each."""
    return "\n".join(f'<{tag} id="{number}">{text}</{tag}>' for number, text in enumerate(texts, start=1))


def read_numbered(answer: str, count: int, tag: str) -> tuple[list[str], str]:
    """The texts of an answer, and whatever stands outside the tags.

    Args:
        count: how many there must be.

    Raises:
        Misaligned: they are not exactly that many, numbered from 1 in order, each with its end.
    """
    texts: list[str] = []
    outside: list[str] = []
    inside: str | None = None
    at = 0
    for found in re.finditer(
        rf"<{tag}\s{{1,9}}id\s{{0,9}}=\s{{0,9}}[\"']?(\d{{1,9}})[\"']?\s{{0,9}}>|</{tag}>", answer
    ):
        between, number = answer[at : found.start()], found.group(1)
        at = found.end()
        if (number is None) is (inside is None):
            problem = f"a tag that does not fit after segment {len(texts)} ({found.group()})"
            raise Misaligned(problem)
        if number is None:
            texts.append(between.strip())
            inside = None
            continue
        if int(number) != len(texts) + 1:
            raise Misaligned(f"number {int(number)} where {len(texts) + 1} is due, of {count}")
        outside.append(between.strip())
        inside = number
    if inside is not None:
        raise Misaligned(f"no end of segment {inside}, of {count}")
    if len(texts) != count:
        raise Misaligned(f"{len(texts)} segments, not {count}")
    outside.append(answer[at:].strip())
    return texts, " ".join(filter(None, outside))


def asked_again(problem: str, count: int, tag: str) -> str:
    """What is said to an answer that cannot be read.

    Args:
        problem: what a ``Misaligned`` says.
    """
    return (
        f"That answer cannot be used: it has {problem}. Answer again with exactly {count} segments, each between its "
        f'own tags, from <{tag} id="1"> to <{tag} id="{count}">, in order, and with nothing else.'
    )
