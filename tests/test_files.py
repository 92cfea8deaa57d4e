from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import pytest

from mteval.errors import DataError, EncodingError, OutputError, ParityError
from mteval.files import (
    check_parity,
    packaged,
    read_jsonl,
    read_lines,
    read_text,
    read_yaml,
    resolve,
    write_jsonl,
    write_text,
)


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes(b"bom\nol" + b"\xe1\n")
    with pytest.raises(EncodingError, match=r"latin\.txt:2: byte 0xe1 is not UTF-8"):
        read_text(file)


def test_only_newlines_end_lines(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("a\u2028b\x0cc\x85d\r\n\r\ne".encode())
    assert read_lines(file) == ["a\u2028b\x0cc\x85d", "", "e"]


def test_a_last_newline_makes_no_line(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("a\n\n", encoding="utf-8")
    assert read_lines(file) == ["a", ""]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_jsonl_is_read_through_compression(tmp_path: Path, suffix: str) -> None:
    raw = b'{"source": "ol\xc3\xa1"}\n\n{"source": "b"}\n'
    packed = {"": raw, ".gz": gzip.compress(raw), ".xz": lzma.compress(raw)}[suffix]
    file = tmp_path / f"x.jsonl{suffix}"
    file.write_bytes(packed)
    assert list(read_jsonl(file)) == [(f"{file}:1", {"source": "olá"}), (f"{file}:3", {"source": "b"})]


@pytest.mark.parametrize(
    "line",
    [
        '{"a": ',
        "[1]",
        '"text"',
        '{"a": "\\ud800"}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 100_000,
    ],
    ids=["cut", "list", "text", "surrogate", "twice", "nan", "digits", "deep"],
)
def test_a_line_that_is_no_object_of_text_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(f'{{"a": "\\ud83d\\ude00"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.jsonl:2: "):
        list(read_jsonl(file))


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_broken_compression_is_named(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"x.jsonl{suffix}"
    whole = gzip.compress(b"x" * 999) if suffix == ".gz" else lzma.compress(b"x" * 999)
    file.write_bytes(whole[:-9])
    with pytest.raises(DataError, match="broken compression"):
        read_text(file)
    file.write_bytes(whole[:12] + b"\xff\x00\xff\x17" + whole[16:])
    with pytest.raises(DataError, match="broken compression"):
        read_text(file)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_text(tmp_path / "none")
    with pytest.raises(DataError, match="directory"):
        read_text(tmp_path)


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\nb: [1\nc: 2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.yaml:3: not YAML"):
        read_yaml(file)
    file.write_text("a: 1\nb:\n  c: 1\n  c: 2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.yaml:4: not YAML \(the key 'c' is there twice\)"):
        read_yaml(file)


@pytest.mark.parametrize("text", ["a: [1:\na, {b: c}:]\nd: ", "? [a]\n: b\n", "d: 2001-99-99\n", "[" * 5000])
def test_yaml_that_python_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.yaml.*: not YAML"):
        read_yaml(file)


def test_parity(tmp_path: Path) -> None:
    check_parity("x", 2, 2, "hypotheses", "segments")
    with pytest.raises(ParityError, match="x: 1 hypotheses for 2 segments"):
        check_parity("x", 1, 2, "hypotheses", "segments")


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "new" / "x.jsonl"
    write_jsonl(file, [{"a": "ș"}])
    assert file.read_bytes() == '{"a": "ș"}\n'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        write_jsonl(file, [{"a": "kept?"}, {"a": float("nan")}])
    assert json.loads(file.read_text("utf-8")) == {"a": "ș"}
    assert list(file.parent.iterdir()) == [file]
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(file / "below" / "y", "text")


def test_packaged_folders_are_there() -> None:
    assert (packaged("configs") / "run.yaml").is_file()
    assert resolve("package:seeds") == packaged("seeds")
    assert resolve("~/x") == Path.home() / "x"
