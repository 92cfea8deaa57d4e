from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mteval.errors import ConfigError, DataError, EncodingError, ParityError
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Segment
from mteval.systems.stored import Stored

RO_EN = LangPair("ro", "en")
EVAL_SET = EvalSet(
    "set",
    RO_EN,
    (Document("d", "ro"),),
    tuple(Segment(f"d:{i}", text, "d", f"set:{i}") for i, text in enumerate(["unu", "doi"], start=1)),
)


def hypotheses(system: Stored) -> list[str]:
    assert system.declines(EVAL_SET) is None
    found = dict(system.translate(EVAL_SET.scored, RO_EN, {}))
    return [found[0].text, found[1].text]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.txt", "one\ntwo\n"),
        ("h.txt", "one\r\ntwo"),
        ("h.tsv", "source\thypothesis\nunu\tone\ndoi\ttwo\n"),
        ("h.tsv", "hypothesis\tscore\none\t1\ntwo\t2\n"),
        ("h.jsonl", '{"hypothesis": "one"}\n{"hypothesis": "two", "source": "doi"}\n'),
    ],
)
def test_every_format_is_read(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode())
    assert hypotheses(Stored(str(file))) == ["one", "two"]
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert hypotheses(Stored(str(packed))) == ["one", "two"]


def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "h.txt"
    file.write_bytes("  “a\u2028b”\t&#39; \n\n".encode())
    assert hypotheses(Stored(str(file))) == ["  “a\u2028b”\t&#39; ", ""]


def test_the_path_may_name_the_lang_pair(tmp_path: Path) -> None:
    (tmp_path / "ro-en.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert hypotheses(Stored(str(tmp_path / "{lang_pair}.txt"))) == ["one", "two"]
    other = EvalSet("set", LangPair("pt", "en"), EVAL_SET.documents, EVAL_SET.segments)
    assert "pt-en.txt" in (Stored(str(tmp_path / "{source}-{target}.txt")).declines(other) or "")


@pytest.mark.parametrize(
    ("name", "raw", "error", "message"),
    [
        ("h.txt", b"one\n", ParityError, "1 hypotheses for 2 segments of set"),
        ("h.txt", b"one\ntwo\nthree\n", ParityError, "3 hypotheses for 2 segments of set"),
        ("h.txt", b"one\n\xff\n", EncodingError, r"h\.txt:2: byte 0xff"),
        ("h.tsv", b"hyp\none\ntwo\n", DataError, r"h\.tsv:1: no column 'hypothesis'; name one of hyp"),
        ("h.tsv", b"source\thypothesis\nunu\tone\ndoi\n", DataError, r"h\.tsv:3: 1 cells for 2 columns"),
        ("h.tsv", b"source\thypothesis\nunu\tone\ntrei\ttwo\n", ParityError, r"h\.tsv:3: .* not that of segment d:2"),
        ("h.tsv", b"hypothesis\thypothesis\na\tb\n", DataError, r"h\.tsv:1: 2 columns are named 'hypothesis'"),
        ("h.tsv", b"", DataError, r"h\.tsv:1: no column 'hypothesis'"),
        ("h.jsonl", b'{"hypothesis": "one"}\n{"hyp": "two"}\n', DataError, r"h\.jsonl:2: no text in 'hypothesis'"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, raw: bytes, error: type[Exception], message: str) -> None:
    file = tmp_path / name
    file.write_bytes(raw)
    with pytest.raises(error, match=message):
        Stored(str(file)).declines(EVAL_SET)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Stored(str(tmp_path / "h.txt")).declines(EVAL_SET)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown format"):
        Stored("h.docx")
