"""An eval set in JSON Lines: one segment a line, with references, stored hypotheses and human scores beside it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mteval.errors import DataError
from mteval.evalsets.base import StreamingReader
from mteval.evalsets.rows import Row, assembled, checked_origlang, is_of_pair, origlang_of
from mteval.evalsets.rows_part import assembled_part
from mteval.files import read_jsonl, resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet
from mteval.shard import Shard

_LARGEST = 1e300
"""No human score is as large; beyond it numbers are infinite."""

_FIELDS = ("id", "source", "document", "references", "hypotheses", "gold", "lang_pair", "notes", "origlang")


class JsonLines(StreamingReader):
    """Reads a file of objects with ``source``, and optionally ``document``, ``references`` {name: text},
    ``hypotheses`` {system: text}, ``gold`` {system: number}, ``id``, ``notes``, ``lang_pair`` and ``origlang`` (the
    language that the document was first written in).

    Other fields are left alone, unless one looks like a misspelt name of these. Lines without ``document`` are one
    document.

    Args:
        path: the file (``.jsonl``, ``.jsonl.gz`` or ``.jsonl.xz``); ``{lang_pair}``, ``{source}`` and ``{target}`` in
            it are filled in.
        name: the test set's name; ``None`` for the file's.
        origlang: the language that documents were first written in whose lines do not say it; ``None`` for unknown.
    """

    def __init__(self, path: str, name: str | None = None, origlang: str | None = None) -> None:
        self._path = path
        self._name = name
        self._origlang = checked_origlang(origlang)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(resolve(pair.fill(self._path)), "correct evalset.path"),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        eval_set = assembled(self._title(pair), pair, self._rows(pair, pairs), self._origlang)
        return self._filled(eval_set, len(eval_set.segments))

    def load_shard(self, pair: LangPair, pairs: Sequence[LangPair], shard: Shard) -> EvalSet:
        found = assembled_part(self._title(pair), pair, lambda: self._rows(pair, pairs), shard, self._origlang)
        return self._filled(found, found.part.segments if found.part else 0)

    def _title(self, pair: LangPair) -> str:
        return self._name or self._file(pair).name.split(".jsonl")[0]

    def _file(self, pair: LangPair) -> Path:
        return resolve(pair.fill(self._path))

    def _rows(self, pair: LangPair, pairs: Sequence[LangPair]) -> Iterator[Row]:
        told = "{lang_pair}" in self._path or "{target}" in self._path
        for where, line in read_jsonl(self._file(pair)):
            if is_of_pair(where, str(line["lang_pair"]) if "lang_pair" in line else None, pair, pairs, told=told):
                yield _row(where, line)

    def _filled(self, eval_set: EvalSet, segments: int) -> EvalSet:
        """An eval set, once it is known to hold a segment."""
        if not segments:
            path, pair = self._file(eval_set.pair), eval_set.pair
            raise DataError(str(path), f"holds no segment of {pair}", "give lines with source, or other lang_pairs")
        return eval_set


def _row(where: str, line: Mapping[str, Any]) -> Row:
    check_fields(where, line, _FIELDS)
    source = line.get("source")
    if not isinstance(source, str) or not source.strip():
        raise DataError(where, "has no source text", 'write it as "source"')
    notes = line.get("notes")
    return Row(
        where=where,
        source=source,
        document=named(where, line, "document", "") if "document" in line else None,
        id=named(where, line, "id", "") if "id" in line else None,
        references=references(where, line),
        hypotheses=texts(where, line, "hypotheses"),
        gold=_numbers(where, line),
        notes=notes if isinstance(notes, str) else None,
        origlang=origlang_of(where, line.get("origlang")),
    )


def check_fields(where: str, row: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a field that looks like a misspelt name of a known one; others are left alone."""
    for field in (name for name in row if name not in known):
        close = difflib.get_close_matches(field, known, n=1, cutoff=0.8)
        if close and close[0] not in row:
            raise DataError(where, f"unknown field {field!r}", f"write {close[0]!r}, or give it another name")


def named(where: str, row: Mapping[str, Any], field: str, otherwise: str) -> str:
    """A field that names something, as a text or a number; ``otherwise`` where the line does not have it."""
    value = row.get(field, otherwise)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise DataError(where, f"{field} {value!r} is no name", "write a text or a number")
    return str(value)


def references(where: str, row: Mapping[str, Any]) -> dict[str, str]:
    """A line's references by name, none of them empty."""
    found = texts(where, row, "references")
    for who, reference in found.items():
        if not reference.strip():
            raise DataError(where, f"reference {who!r} is empty", "write its translation, or leave the name out")
    return found


def texts(where: str, row: Mapping[str, Any], field: str) -> dict[str, str]:
    """A line's texts by name, as ``references`` and ``hypotheses`` hold them."""
    found = row.get(field) or {}
    if not isinstance(found, dict) or "" in found or not all(isinstance(text, str) for text in found.values()):
        raise DataError(where, f"{field} is not an object of texts", f'write "{field}": {{"NAME": "TEXT"}}')
    return found


def _numbers(where: str, row: Mapping[str, Any]) -> dict[str, float]:
    gold = row.get("gold") or {}
    if not isinstance(gold, dict) or not all(
        isinstance(score, int | float) and not isinstance(score, bool) and abs(score) < _LARGEST
        for score in gold.values()
    ):
        raise DataError(where, "gold is not an object of numbers", 'write "gold": {"SYSTEM": 71.5}')
    return {system: float(score) for system, score in gold.items()}
