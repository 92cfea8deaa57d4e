"""Machine translation that a person corrected, as a test set: the machine's own text is a system's output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mteval import needs
from mteval.errors import DataError
from mteval.evalsets.base import EvalSetReader
from mteval.files import check_parity, read_jsonl, resolve
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Hypotheses, Segment

REFERENCE = "post_edit"
"""The name under which the post-edits stand as references."""

_Row = tuple[str, Mapping[str, Any]]
"""A line of a file: where it is, and what it holds."""


@dataclass(frozen=True)
class _Pairing:
    """A segment, and what the machine made of it."""

    segment: Segment
    hypothesis: str


class PostEdited(EvalSetReader):
    """Reads two folders of JSON Lines, one file a document, one line a segment, both in the same order.

    Each line holds ``segment`` (the segment's id) and ``source`` (the machine's text), the same letters in both files.
    Beside them, ``translations`` hold ``reference``: what the text says, by a person, in the language that the machine
    is taken to have translated from; ``post_edits`` hold ``post_edit``: what a person would have written instead of
    the machine, and optionally ``note``.

    In the eval set ``reference`` is the source, ``source`` the hypothesis and ``post_edit`` the reference. Every file
    of ``post_edits`` is a document; a translation without one is passed over.

    Args:
        name: the test set's name.
        system: the name of the system that the machine's text counts as.
        translations, post_edits: the folders; ``{lang_pair}``, ``{source}`` and ``{target}`` in them are filled in, and
            ``package:references`` is the folder of references that ships with mteval.
    """

    def __init__(self, name: str, system: str, translations: str, post_edits: str) -> None:
        self._name = name
        self._system = system
        self._translations = translations
        self._post_edits = post_edits

    def needs(self, pair: LangPair) -> tuple[needs.Need, ...]:
        folders = {"translations": self._translations, "post_edits": self._post_edits}
        return tuple(needs.file(resolve(pair.fill(path)), f"correct evalset.{key}") for key, path in folders.items())

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        post_edits = _folder(self._post_edits, "post_edits", pair)
        translations = _folder(self._translations, "translations", pair)
        files = sorted(post_edits.glob("*.jsonl"))
        if not files:
            raise DataError(str(post_edits), "holds no .jsonl file", "add one file a document")
        found: dict[str, _Pairing] = {}
        for file in files:
            for one in _document(translations / file.name, file):
                if one.segment.id in found:
                    raise DataError(
                        one.segment.where,
                        f"segment id {one.segment.id!r} is used twice",
                        "give each segment its own id, in both files",
                    )
                found[one.segment.id] = one
        hypotheses = Hypotheses(self._system, tuple(one.hypothesis for one in found.values()))
        return EvalSet(
            name=self._name,
            pair=pair,
            documents=tuple(Document(file.stem, pair.source, origin="person") for file in files),
            segments=tuple(one.segment for one in found.values()),
            hypotheses={self._system: hypotheses},
        )


def _folder(path: str, argument: str, pair: LangPair) -> Path:
    folder = resolve(pair.fill(path))
    if not folder.is_dir():
        raise DataError(
            str(folder), f"no such folder for {pair}", f"correct evalset.{argument}, or choose other lang_pairs"
        )
    return folder


def _document(translations: Path, post_edits: Path) -> list[_Pairing]:
    """One document's segments, from its two files.

    Raises:
        DataError: the files do not hold the same segments, or a text is missing.
    """
    translated, edited = list(read_jsonl(translations)), list(read_jsonl(post_edits))
    if not edited:
        raise DataError(str(post_edits), "holds no segment", "write one a line, or take the file out of the folder")
    pairings = [_pairing(one, other, post_edits.stem) for one, other in zip(translated, edited, strict=False)]
    check_parity(str(post_edits), len(edited), len(translated), "post-edits", f"translations in {translations}")
    return pairings


def _pairing(translated: _Row, edited: _Row, document: str) -> _Pairing:
    where, row = edited
    segment, machine = _text(edited, "segment"), _text(edited, "source")
    if _text(translated, "segment") != segment:
        raise DataError(
            where,
            f"is of segment {segment!r}, and {translated[0]} of {translated[1]['segment']!r}",
            "put the same segments into both files, in the same order",
        )
    if _text(translated, "source") != machine:
        raise DataError(
            where,
            f"the source of segment {segment!r} is not that of {translated[0]}",
            "post-edit the text as it is now, and repeat it letter by letter",
        )
    note = row.get("note")
    return _Pairing(
        Segment(
            id=segment,
            source=_text(translated, "reference"),
            document=document,
            where=where,
            references={REFERENCE: _text(edited, "post_edit")},
            notes=note if isinstance(note, str) else None,
        ),
        machine,
    )


def _text(line: _Row, field: str) -> str:
    where, row = line
    text = row.get(field)
    if not isinstance(text, str) or not text.strip():
        raise DataError(where, f"has no {field}", f'write it as "{field}": "TEXT"')
    return text
