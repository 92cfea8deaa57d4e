"""Many texts in little memory are still the texts."""

from __future__ import annotations

import sys

import pytest

from mteval.texts import Texts

SOME = ("olá", "", "line\nand \u2028", "șapte 🙂", "half \ud83d")


def test_they_are_the_texts_that_were_given() -> None:
    texts = Texts(iter(SOME))
    assert (len(texts), tuple(texts), texts[-1], texts[1:3]) == (5, SOME, SOME[-1], SOME[1:3])
    assert SOME == texts == Texts(list(SOME)) != SOME[:-1]
    assert texts != Texts([*SOME[:-1], "half"])
    assert hash(texts) == hash(SOME)
    assert Texts("ab") != "ab"
    for at in (5, -6):
        with pytest.raises(IndexError):
            texts[at]


def test_they_take_their_bytes_and_eight_more_each() -> None:
    texts = Texts(f"text {number:05} ș" for number in range(10_000))
    assert sys.getsizeof(texts._bytes) + sys.getsizeof(texts._ends) < 1.3 * 10_000 * (len("text 00000 ș".encode()) + 8)
