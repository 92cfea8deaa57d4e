"""The lines that a store's shards hold: a key, a checksum and a value, in JSON.

As ``{"key": "6f1d…", "crc": "1c291ca3", "value": [0.5]}``; the checksum is the CRC-32 of the key, a blank and the value
as they are written. Lines without one, which earlier versions wrote, are read as they are.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

_START = b'{"key": "'
"""How a line begins."""
_CRC, _VALUE = b'", "crc": "', b'", "value": '
_DIGITS = 8
_TO_VALUE = len(_CRC) + _DIGITS

Row = tuple[str, Any]
"""What a line says: the key, and the value. A plain tuple, since a named one takes twice the time to make."""


def line_of(key: str, value: Any) -> str:
    """A value (anything that JSON can write) under a key, as a line."""
    name, text = json.dumps(key), json.dumps(value, ensure_ascii=True)
    checksum = _checksum(name[1:-1].encode(), text.encode()).decode()
    return f'{{"key": {name}, "crc": "{checksum}", "value": {text}}}\n'


def is_torn(line: bytes) -> bool:
    """Whether a line is blank, or its writer was killed before it was whole; nothing is wrong with the store then."""
    return not line.endswith(b"\n") or not line.strip()


def key_in(line: bytes) -> str | None:
    """The key of a line, whose value is not looked at; ``None`` where it cannot be told."""
    if line.startswith(_START) and line.endswith(b"}\n"):
        key = line[len(_START) : line.find(b'"', len(_START))]
        if b"\\" not in key:
            return key.decode("utf-8", "replace")
    row = row_in(line)
    return None if row is None else row[0]


def row_in(line: bytes) -> Row | None:
    """What a line says; ``None`` if it is damaged: it is no such line, or its checksum is not that of what it holds."""
    try:
        if (at := _checksum_at(line)) is not None:
            key, value = _sealed(line, at)
            if line[at + len(_CRC) : at + _TO_VALUE] != _checksum(key, value):
                return None
            held, _ = _decode(value.decode())
            return json.loads(b'"' + key + b'"') if b"\\" in key else key.decode(), held
        row = json.loads(line)
        if set(row) != {"key", "value"}:  # one of another name is damage to a line with a checksum
            return None
        return str(row["key"]), row["value"]
    except (ValueError, TypeError, RecursionError):
        return None


def is_damaged(line: bytes) -> bool:
    """Whether a line is neither whole nor torn. Of one with a checksum no value is made, which would take longest."""
    at = _checksum_at(line)
    if at is not None and line[at + len(_CRC) : at + _TO_VALUE] == _checksum(*_sealed(line, at)):
        return False
    return not is_torn(line) and row_in(line) is None


def has_checksum(line: bytes) -> bool:
    """Whether a line can be verified."""
    return _checksum_at(line) is not None


def _checksum_at(line: bytes) -> int | None:
    """Where the key of a line ends and its checksum begins; ``None`` for a line without a checksum."""
    at = line.find(_CRC)
    if at < 0 or not line.startswith(_START) or not line.startswith(_VALUE, at + _TO_VALUE):
        return None
    return at if line.endswith(b"}\n") or line.rstrip().endswith(b"}") else None


def _sealed(line: bytes, at: int) -> tuple[bytes, bytes]:
    """Key and value of a line with a checksum, as they are written."""
    end = -2 if line.endswith(b"}\n") else len(line.rstrip()) - 1
    return line[len(_START) : at], line[at + _TO_VALUE + len(_VALUE) : end]


def _checksum(key: bytes, value: bytes) -> bytes:
    return b"%08x" % zlib.crc32(value, zlib.crc32(key + b" "))


_decode = json.JSONDecoder().raw_decode
"""Makes a value whose checksum is right; ``json.loads`` looks for white space around it and takes longer."""
