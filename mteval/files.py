"""Readers and writers of plain formats: strict UTF-8, one error that names the file and line, writes that are whole."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import re
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import yaml

from mteval.errors import DataError, EncodingError, OutputError, ParityError

PACKAGED = "package:"
"""A path that begins with this is looked up in what ships with mteval: ``package:seeds``."""

LONGEST_LINE = 64 * 2**20
"""Bytes of a line that is read as a stream; a longer one is refused, since it must be held in memory."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def packaged(name: str) -> Path:
    """Where a folder that ships with mteval lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.exists() else package.parent / name


def resolve(path: str) -> Path:
    """A user's path: ``~`` is expanded, and ``package:`` names what ships with mteval."""
    if path.startswith(PACKAGED):
        return packaged(path.removeprefix(PACKAGED))
    if "\0" in path:
        raise DataError(repr(path), "no file can have that name", "correct the path")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(path, str(error), "write the path in full") from None


def read_bytes(path: Path) -> bytes:
    """Read a file, decompressing ``.gz`` and ``.xz``.

    Raises:
        DataError: it is not there, is a folder, cannot be read, or its compression is broken.
    """
    with _reading(str(path)):
        raw = path.read_bytes()
        if path.suffix == ".gz":
            return gzip.decompress(raw)
        if path.suffix == ".xz":
            return lzma.decompress(raw)
    return raw


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """What can go wrong while a file is read, as one error that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(name, "no such file", "check the path") from None
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError) as error:
        raise DataError(name, f"broken compression ({error})", "fetch or compress the file again") from None
    except OSError as error:
        raise DataError(name, error.strerror or "cannot be read", "check the path and its permissions") from None


def open_stream(path: Path) -> BinaryIO:
    """Open a file to be read a line at a time, decompressing ``.gz`` and ``.xz``.

    Raises:
        DataError: it is not there, is a folder or cannot be read.
    """
    with _reading(str(path)):
        if path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(path))
        if path.suffix == ".xz":
            return cast(BinaryIO, lzma.open(path))
        return path.open("rb")


def stream_lines(file: BinaryIO, name: str, longest: int | None = LONGEST_LINE) -> Iterator[tuple[str, str]]:
    """The lines of a UTF-8 stream, each with its place (``file:line``) and as soon as it is there; none is kept.

    Lines end as in ``read_lines``, and lose their ends as there.

    Args:
        name: the file's, for places and errors.
        longest: how many bytes a line may have; ``None`` for any.

    Raises:
        EncodingError: a line is not UTF-8.
        DataError: the stream cannot be read, or a line is longer than ``longest``.
    """
    number = 0
    while True:
        with _reading(name):
            raw = file.readline(-1 if longest is None else longest + 1)
        if not raw:
            return
        number += 1
        where = f"{name}:{number}"
        if longest is not None and len(raw) > longest:
            problem = f"the line is longer than {longest // 2**20} MiB"
            raise DataError(where, problem, "break the text into lines")
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _not_utf8(where, raw[error.start]) from None
        yield where, (line.removeprefix("\ufeff") if number == 1 else line).removesuffix("\n").removesuffix("\r")


def read_text(path: Path) -> str:
    """Read a UTF-8 file as it is: no newline is translated; a byte order mark at its start is left out.

    Raises:
        EncodingError: it is not UTF-8; names the line and the byte.
        DataError: it cannot be read.
    """
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _not_utf8(f"{path}:{line}", raw[error.start]) from None


def _not_utf8(where: str, byte: int) -> EncodingError:
    remedy = "convert the file, for example with: iconv -f WINDOWS-1252 -t UTF-8"
    return EncodingError(where, f"byte 0x{byte:02x} is not UTF-8", remedy)


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, without their line ends (``\\n`` or ``\\r\\n``).

    Only these end a line: U+2028, form feeds and the like are text, so that line counts agree with ``wc -l``.
    """
    text = read_text(path)
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def read_json(path: Path) -> Any:
    """Read a file that holds one JSON value.

    Raises:
        DataError: it is not there, or is no JSON.
    """
    try:
        return json.loads(read_text(path), parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}", f"not JSON ({error.msg})", "export it again") from None
    except (ValueError, RecursionError) as error:
        raise DataError(str(path), f"not JSON that can be used ({error})", "export it again") from None


def read_jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place (``file:line``) and as soon as its line is read; blank
    lines are passed over.

    Raises:
        DataError: a line is not one JSON object.
    """
    with open_stream(path) as file:
        for where, line in stream_lines(file, str(path), longest=None):
            if line.strip():
                yield where, parse_object(line, where)


def parse_object(line: str, where: str) -> dict[str, Any]:
    """The JSON object that a line holds.

    Args:
        where: the line's place, for errors.

    Raises:
        DataError: it is not one JSON object, or holds a key twice, a number that is none, or text that is none.
    """
    try:
        row = json.loads(line, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg} at column {error.colno})"
        raise DataError(where, problem, "write one object a line") from None
    except (ValueError, RecursionError) as error:
        raise DataError(where, f"not JSON that can be used ({error})", "correct the line") from None
    if not isinstance(row, dict):
        raise DataError(where, f"a JSON {type(row).__name__}, not an object", "write one object a line")
    if _SURROGATE.search(line) and not is_text(dump_json(row)):
        raise DataError(where, "holds half of a surrogate pair, which is no text", "write the whole character")
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


class _UniqueKeys(yaml.SafeLoader):
    """Reads YAML, and refuses a key that is there twice, where the plain loader would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:  # another is no key, as the plain loader says
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def is_text(text: str) -> bool:
    """Whether a string is text that UTF-8 can hold: without lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read_yaml(path: Path) -> Any:
    """A YAML file's value.

    Raises:
        DataError: it is not YAML.
    """
    try:
        return yaml.load(read_text(path), _UniqueKeys)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # of impossible dates, and of what is nested too deep
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise DataError(where, f"not YAML ({getattr(error, 'problem', None) or 'broken'})", "correct it") from None


def check_parity(where: str, got: int, expected: int, what: str, against: str) -> None:
    """Raise unless two things are equally many.

    Args:
        where: the file that is too short or too long.
        what: what it holds: ``hypotheses``.
        against: what it must match: ``segments of seeds pt-en``.
    """
    if got != expected:
        raise ParityError(where, f"{got} {what} for {expected} {against}", "give exactly one a segment, in order")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all; see ``write_bytes``."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; see ``writing``."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file that is written whole or not at all: under another name first, and renamed into place at the end.

    Raises:
        OutputError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")  # machines may share a folder
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise OutputError(
            str(path), f"cannot be written ({error.strerror})", "choose another folder with output=FOLDER"
        ) from None
    finally:
        partial.unlink(missing_ok=True) if path.parent.is_dir() else None


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON Lines file whole or not at all, a row at a time."""
    with writing(path) as file:
        for row in rows:
            file.write(f"{dump_json(row)}\n".encode())


def dump_json(value: object, *, indent: int | None = None) -> str:
    """JSON that keeps letters as they are and refuses NaN, which is not JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
