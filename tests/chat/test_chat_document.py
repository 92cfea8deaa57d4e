"""Numbered segments: what is written is read back, and nothing that is misaligned is."""

from __future__ import annotations

import time

import pytest

from mteval.chat.document import Misaligned, numbered, read_numbered, tag_for


def test_texts_are_numbered_and_read_back() -> None:
    texts = ["Olá.", "[1] não é o primeiro", "linha\ncortada  aqui", "3. três", "", '<seg id="1">um</seg>']
    tag = tag_for(texts)
    written = numbered(texts, tag)
    assert written.splitlines()[2:4] == ['<segx id="3">linha', "cortada  aqui</segx>"]
    assert read_numbered(written, 6, tag) == (texts, "")
    assert read_numbered(f"\n{written}\n\n", 6, tag) == read_numbered(written.replace("\n<", "\n\n  <"), 6, tag)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        '<seg id="1">one</seg>',
        '<seg id="1">one</seg><seg id="3">two</seg>',
        '<seg id="2">one</seg><seg id="1">two</seg>',
        '<seg id="1">one</seg><seg id="1">two</seg>',
        '<seg id="1">one</seg><seg id="2">two</seg><seg id="3">three</seg>',
        '<seg id="1">one<seg id="2">two</seg>',
        '<seg id="1">one</seg><seg id="2">two',
        '<seg id="1">one</seg>two</seg>',
        "1. one\n2. two",
        "<seg>one</seg><seg>two</seg>",
        '<segx id="1">one</segx><segx id="2">two</segx>',
        "[1] one\n[2] two",
    ],
)
def test_what_is_misaligned_is_not_read(answer: str) -> None:
    with pytest.raises(Misaligned):
        read_numbered(answer, 2, "seg")


def test_numbers_are_read_strictly_and_in_linear_time() -> None:
    texts = ["um", "", "dois <b> & 3\n4"]
    assert read_numbered(numbered(texts, "seg"), 3, "seg") == (texts, "")
    assert read_numbered("<seg id='1'> a </seg>\n<seg id = 2>b</seg>", 2, "seg") == (["a", "b"], "")
    assert tag_for(["a <seg id> b", "</segx>"]) == "segxx"
    started = time.perf_counter()
    for text in ('<seg id="1">' * 50_000, "<seg " * 100_000, "</seg>" * 50_000, "<seg id=" + "1" * 500_000):
        with pytest.raises(Misaligned):
            read_numbered(text, 2, "seg")
    assert time.perf_counter() - started < 2
