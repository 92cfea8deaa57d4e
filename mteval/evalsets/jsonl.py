"""An eval set in JSON Lines: one segment a line, with references, stored hypotheses and human scores beside it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from mteval.errors import ConfigError, DataError
from mteval.evalsets.base import EvalSetReader
from mteval.files import read_jsonl, resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import Document, EvalSet, Hypotheses, Segment

_LARGEST = 1e300
"""No human score is as large; beyond it numbers are infinite."""

_FIELDS = ("id", "source", "document", "references", "hypotheses", "gold", "lang_pair", "notes")


class JsonLines(EvalSetReader):
    """Reads a file of objects with ``source``, and optionally ``document``, ``references`` {name: text},
    ``hypotheses`` {system: text}, ``gold`` {system: number}, ``id``, ``notes`` and ``lang_pair``.

    Other fields are left alone, unless one looks like a misspelt name of these. Lines without ``document`` are one
    document.

    Args:
        path: the file (``.jsonl``, ``.jsonl.gz`` or ``.jsonl.xz``); ``{lang_pair}``, ``{source}`` and ``{target}`` in
            it are filled in.
        name: the test set's name; ``None`` for the file's.
    """

    def __init__(self, path: str, name: str | None = None) -> None:
        self._path = path
        self._name = name

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(resolve(pair.fill(self._path)), "correct evalset.path"),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        named = pair.fill(self._path)
        path = resolve(named)
        told = "{lang_pair}" in self._path or "{target}" in self._path
        rows = [(where, row) for where, row in read_jsonl(path) if _of_pair(where, row, pair, pairs, told)]
        if not rows:
            raise DataError(str(path), f"holds no segment of {pair}", "give lines with source, or other lang_pairs")
        name = self._name or path.name.split(".jsonl")[0]
        segments, ids, last = [], set(), None
        documents: dict[str, Document] = {}
        for number, (where, row) in enumerate(rows, start=1):
            segment = _segment(where, row, number, name)
            if segment.id in ids:
                raise DataError(where, f"segment id {segment.id!r} is used twice", "give each segment its own id")
            if segment.document != last and segment.document in documents:
                raise DataError(
                    where, f"document {segment.document!r} begins again", "put the lines of a document together"
                )
            ids.add(segment.id)
            last = segment.document
            documents.setdefault(segment.document, Document(segment.document, pair.source))
            segments.append(segment)
        return EvalSet(name, pair, tuple(documents.values()), tuple(segments), _hypotheses(rows))


def _of_pair(where: str, row: Mapping[str, Any], pair: LangPair, pairs: Sequence[LangPair], told: bool) -> bool:
    """Whether a line belongs to a lang pair, by its ``lang_pair``, the file's name or there being only one."""
    if "lang_pair" in row:
        return LangPair.parse(str(row["lang_pair"]), where) == pair
    if len(pairs) > 1 and not told:
        raise ConfigError(
            "evalset.path",
            f"{where} does not say which of the lang pairs {', '.join(map(str, pairs))} it belongs to",
            "choose one as in lang_pairs=[ro-en], write {lang_pair} into the path, or add lang_pair to each line",
        )
    return True


def _segment(where: str, row: Mapping[str, Any], number: int, name: str) -> Segment:
    check_fields(where, row, _FIELDS)
    source = row.get("source")
    if not isinstance(source, str) or not source.strip():
        raise DataError(where, "has no source text", 'write it as "source"')
    document = named(where, row, "document", name)
    notes = row.get("notes")
    return Segment(
        id=named(where, row, "id", f"{document}:{number}"),
        source=source,
        document=document,
        where=where,
        references=references(where, row),
        notes=notes if isinstance(notes, str) else None,
        gold=_numbers(where, row),
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


def _hypotheses(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Hypotheses]:
    given = [(where, texts(where, row, "hypotheses")) for where, row in rows]
    found = {}
    for system in dict.fromkeys(system for _, held in given for system in held):
        for where, held in given:
            if system not in held:
                raise DataError(
                    where,
                    f"no hypothesis of system {system!r}, which other lines have",
                    'write "" where the system gave nothing',
                )
        found[system] = Hypotheses(system, tuple(held[system] for _, held in given))
    return found
