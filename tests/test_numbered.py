"""Numbered lines: what is written is read back, and nothing that is misaligned is."""

from __future__ import annotations

import pytest

from mteval.numbered import numbered, parse_numbered


def test_texts_are_numbered_and_read_back() -> None:
    texts = ["Olá.", "[1] não é o primeiro", "linha\ncortada  aqui", "3. três", ""]
    written = numbered(texts)
    assert written.splitlines()[2] == "[3] linha cortada aqui"
    assert parse_numbered(written, 5) == [*texts[:2], "linha cortada aqui", *texts[3:]]
    assert parse_numbered(f"\n{written}\n\n", 5) == parse_numbered(written.replace("\n", "\n\n  "), 5)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[1] one",
        "[1] one\n[3] two",
        "[2] one\n[1] two",
        "[1] one\n[1] two",
        "[1] one\n[2] two\n[3] three",
        "Here you are:\n[1] one\n[2] two",
        "[1] one\nmore of one\n[2] two",
        "1. one\n2. two",
        "[1]one\n[2]two",
        "[1] one [2] two",
    ],
)
def test_what_is_misaligned_is_not_read(answer: str) -> None:
    assert parse_numbered(answer, 2) is None
