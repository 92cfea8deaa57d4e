"""Files of checkpoints that were cut short, as by a download that ended early or a full disk: found before loading.

``transformers`` goes on without a ``generation_config.json`` that it cannot read, and of others it does not say which
file is at fault.
"""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

_LENGTH = struct.Struct("<Q")
_PARSED = 2**20  # JSON of more bytes than this, as vocabularies are, is only looked at where it ends
_JSON = (
    *("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.json", "shared_vocabulary.json", "chat_template.json"),
)


def damage(path: Path) -> str | None:
    """What is wrong with a file of a checkpoint, in words that name it; ``None`` if nothing is seen at a glance.

    Weights are not read: it is held against what their file says of itself how long that must be. Formats that it does
    not know it takes for whole, unless there is nothing in them.
    """
    size = path.stat().st_size
    if not size:
        return f"{path.name} is empty"
    if path.name in _JSON or path.name.endswith(".index.json"):
        return _of_json(path, size)
    if path.suffix == ".safetensors":
        return _of_safetensors(path, size)
    if path.suffix == ".bin":
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"  # what torch has written since 1.6; a zip's directory is at its end
        return f"{path.name} is cut off" if zipped and not zipfile.is_zipfile(path) else None
    if path.suffix in (".spm", ".model"):
        return _of_sentencepiece(path)
    return None


def _of_json(path: Path, size: int) -> str | None:
    with path.open("rb") as file:
        if size > _PARSED:
            file.seek(-1024, 2)
            return None if file.read().rstrip()[-1:] in (b"}", b"]") else f"{path.name} is cut off"
        try:
            json.loads(file.read())
        except ValueError as error:
            return f"{path.name} is cut off, or no JSON ({error})"
    return None


def _of_safetensors(path: Path, size: int) -> str | None:
    """What is wrong with a file that says at its beginning where in it each weight begins and ends."""
    with path.open("rb") as file:
        told = file.read(_LENGTH.size)
        length = _LENGTH.unpack(told)[0] if len(told) == _LENGTH.size else 0
        header = file.read(length) if length <= size else b""
    try:
        ends = [entry["data_offsets"][1] for name, entry in json.loads(header).items() if name != "__metadata__"]
        whole = _LENGTH.size + len(header) + max(ends, default=0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return f"{path.name} is cut off, or no safetensors"
    return None if size >= whole else f"{path.name} is cut off: it has {size} bytes of {whole}"


def _of_sentencepiece(path: Path) -> str | None:
    """What is wrong with a SentencePiece model, a list of pieces, each after its length; other formats are let be."""
    raw = path.read_bytes()
    if raw[0] != _PIECE:
        return None
    at = 0
    while at < len(raw):
        tag, at = _number(raw, at)
        if tag & 7 == _BYTES:
            length, at = _number(raw, at)
            at += length
        else:  # a model's own fields are all of the one kind
            return None
    return None if at == len(raw) else f"{path.name} is cut off"


_BYTES = 2
_PIECE = 1 << 3 | _BYTES


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """A number as protocol buffers write it, and where it ends; one past the end where it is cut."""
    number = shift = 0
    while at < len(raw):
        number |= (raw[at] & 127) << shift
        shift += 7
        at += 1
        if raw[at - 1] < 128:
            return number, at
    return number, len(raw) + 1
