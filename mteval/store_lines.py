"""The lines that a store's shards hold: a key, a checksum and a value, in JSON.

As ``{"key": "6f1d…", "crc": "1c291ca3", "value": [0.5]}``; the checksum is the CRC-32 of the key, a blank and the value
as they are written. Lines without one, which earlier versions wrote, are read as they are.
"""

from __future__ import annotations

import json
import zlib
from typing import Any, NamedTuple

_START = b'{"key": "'
"""How a line begins."""
_CRC, _VALUE = b'", "crc": "', b'", "value": '
_DIGITS = 8


class Row(NamedTuple):
    """What a line says."""

    key: str
    value: Any


def line_of(key: str, value: Any) -> str:
    """A value (anything that JSON can write) under a key, as a line."""
    name, text = json.dumps(key), json.dumps(value, ensure_ascii=True)
    return f'{{"key": {name}, "crc": "{_checksum(name[1:-1].encode(), text.encode())}", "value": {text}}}\n'


def is_torn(line: bytes) -> bool:
    """Whether a line is blank, or its writer was killed before it was whole; nothing is wrong with the store then."""
    return not line.endswith(b"\n") or not line.strip()


def key_in(line: bytes) -> str | None:
    """The key of a line, whose value is not looked at; ``None`` where it cannot be told."""
    end = line.find(b'"', len(_START))
    if not line.rstrip().endswith(b"}"):
        return None
    if line.startswith(_START) and b"\\" not in line[:end]:
        return line[len(_START) : end].decode("utf-8", "replace")
    row = row_in(line)
    return None if row is None else row.key


def row_in(line: bytes) -> Row | None:
    """What a line says; ``None`` if it is damaged: it is no such line, or its checksum is not that of what it holds."""
    try:
        if (sealed := _sealed(line)) is not None:
            key, checksum, value = sealed
            if _checksum(key, value) != checksum:
                return None
            return Row(json.loads(b'"' + key + b'"') if b"\\" in key else key.decode(), json.loads(value))
        row = json.loads(line)
        if set(row) != {"key", "value"}:  # one of another name is damage to a line with a checksum
            return None
        return Row(str(row["key"]), row["value"])
    except (ValueError, TypeError, RecursionError):
        return None


def has_checksum(line: bytes) -> bool:
    """Whether a line can be verified."""
    return _sealed(line) is not None


def _sealed(line: bytes) -> tuple[bytes, str, bytes] | None:
    """Key, checksum and value of a line, as they are written; ``None`` for a line without a checksum."""
    at = line.find(_CRC)
    start = at + len(_CRC)
    end = start + _DIGITS
    value = line[end + len(_VALUE) :].rstrip()
    if not line.startswith(_START) or at < 0 or line[end : end + len(_VALUE)] != _VALUE or not value.endswith(b"}"):
        return None
    return line[len(_START) : at], line[start:end].decode("ascii", "replace"), value[:-1]


def _checksum(key: bytes, value: bytes) -> str:
    return f"{zlib.crc32(key + b' ' + value):0{_DIGITS}x}"
