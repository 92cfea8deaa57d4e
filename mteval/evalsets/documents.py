"""A folder of texts as a test set: paragraphs, then sentences, each of which knows where it stood."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import sentencex

from mteval.errors import ConfigError, DataError, MissingReferenceError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.rows import checked_origlang, origlang_of
from mteval.files import read_bytes, read_jsonl, read_text, read_yaml, resolve
from mteval.lang import LangPair, base_language, check_code
from mteval.needs import Need, file
from mteval.segment import Document, EvalSet, Origin, Segment

MANIFEST = "manifest.yaml"


@dataclass(frozen=True)
class Entry:
    """What the manifest says of one document."""

    id: str
    path: Path
    language: str
    origin: Origin
    furniture: frozenset[int]
    origlang: str | None = None


def sentences(text: str, language: str) -> Iterator[tuple[int, int, int]]:
    """Where the sentences of a text are, by the rules of sentencex (Wikimedia) for its language.

    Every line that is not blank is a paragraph. White space around a sentence belongs to none.

    Yields:
        Line number (from 1), start and end (exclusive) in characters of ``text``.
    """
    offset = 0
    for number, line in enumerate(text.split("\n"), start=1):
        for boundary in sentencex.get_sentence_boundaries(base_language(language), line) if line.strip() else ():
            start, end = int(boundary["start_index"]), int(boundary["end_index"])
            piece = line[start:end]
            if piece.strip():
                start += len(piece) - len(piece.lstrip())
                end -= len(piece) - len(piece.rstrip())
                yield number, offset + start, offset + end
        offset += len(line) + 1


def segments_of(
    text: str, language: str, document: str, file: str, furniture: Collection[int] = (), after: int = 0
) -> list[Segment]:
    """A text's sentences as segments, named by document, paragraph and sentence: ``000:2.1``.

    Args:
        document: the document's id.
        file: where the text is, for error messages.
        furniture: numbers of the lines that are page furniture.
        after: how many paragraphs of the document went before this text.
    """
    segments = []
    paragraph, last, sentence = after, 0, 0
    for line, start, end in sentences(text, language):
        if line != last:
            paragraph, last, sentence = paragraph + 1, line, 0
        sentence += 1
        segments.append(
            Segment(
                id=f"{document}:{paragraph}.{sentence}",
                source=text[start:end],
                document=document,
                where=f"{file}:{line}",
                paragraph=paragraph,
                start=start,
                end=end,
                furniture=line in furniture,
            )
        )
    return segments


class DocumentFolder(EvalSetReader):
    """Reads a folder of UTF-8 texts, one document a file.

    ``manifest.yaml`` in the folder says of each document its ``file``, ``language``, ``origin`` (``person``,
    ``machine_translation`` or ``unknown``), which lines are page ``furniture`` (``3`` or ``8-79``, counted from 1) and
    optionally its ``sha256`` and ``origlang``, the language that it was first written in. Without a manifest every
    ``.txt`` file is a document in ``language``.

    Args:
        name: the test set's name.
        path: the folder; ``package:seeds`` is the one that ships with mteval.
        references: folders of references by name; each holds ``LANG_PAIR/DOCUMENT.jsonl``, an object with ``segment``,
            ``source``, ``reference`` and optionally ``note`` for each body segment, in order.
        language: the texts' language where there is no manifest; ``None`` for the source of the only lang pair.
        include_furniture: translate and score page furniture like body text.
        origlang: the language that texts were first written in of which the manifest does not say it; ``None`` for
            unknown.
    """

    def __init__(
        self,
        name: str,
        path: str,
        references: Mapping[str, str] | None = None,
        language: str | None = None,
        include_furniture: bool = False,
        origlang: str | None = None,
    ) -> None:
        self._name = name
        self._path = resolve(path)
        self._references = {key: resolve(folder) for key, folder in (references or {}).items()}
        self._language = None if language is None else check_code(language, "evalset.language")
        self._include_furniture = include_furniture
        self._origlang = checked_origlang(origlang)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        folders = {"evalset.path": self._path}
        folders |= {f"evalset.references.{name}": folder for name, folder in self._references.items()}
        return tuple(file(folder, f"correct {key}") for key, folder in folders.items())

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        entries = self._entries(pair, pairs)
        chosen = [entry for entry in entries if entry.language == pair.source]
        if not chosen:
            languages = ", ".join(sorted({entry.language for entry in entries}))
            raise ConfigError(
                f"lang_pairs.{pair}",
                f"{self._path} has no document in {pair.source}",
                f"choose lang pairs whose source is {languages}",
            )
        documents: list[Document] = []
        segments: list[Segment] = []
        for entry in chosen:
            document, found = self._document(entry)
            documents.append(document)
            segments.extend(self._with_references(found, entry, pair))
        return EvalSet(
            name=self._name,
            pair=pair,
            documents=tuple(documents),
            segments=tuple(segments),
            include_furniture=self._include_furniture,
        )

    def _entries(self, pair: LangPair, pairs: Sequence[LangPair]) -> list[Entry]:
        if not self._path.is_dir():
            raise DataError(str(self._path), "no such folder", "give a folder of texts as evalset.path")
        manifest = self._path / MANIFEST
        if manifest.exists():
            return list(read_manifest(manifest))
        if self._language is None and len({p.source for p in pairs}) > 1:
            raise ConfigError(
                "evalset.language",
                f"{self._path} has no {MANIFEST} and the lang pairs have several source languages",
                "give evalset.language, or write a manifest",
            )
        files = sorted(self._path.glob("*.txt"))
        if not files:
            raise DataError(str(self._path), "holds no .txt file", f"add texts, or name them in {MANIFEST}")
        language = self._language or pair.source
        return [Entry(path.stem, path, language, "unknown", frozenset()) for path in files]

    def _document(self, entry: Entry) -> tuple[Document, list[Segment]]:
        text = read_text(entry.path)
        segments = segments_of(text, entry.language, entry.id, str(entry.path), entry.furniture)
        if all(segment.furniture for segment in segments):
            problem = "is all page furniture" if segments else "is empty"
            raise DataError(str(entry.path), f"the document {problem}", "give it text, or take it out of the folder")
        return Document(entry.id, entry.language, text, entry.origin, entry.origlang or self._origlang), segments

    def _with_references(self, segments: Sequence[Segment], entry: Entry, pair: LangPair) -> Iterator[Segment]:
        body = [segment for segment in segments if not segment.furniture]
        given: dict[str, dict[str, str]] = {segment.id: {} for segment in body}
        notes: dict[str, str] = {}
        for name, folder in self._references.items():
            if not folder.is_dir():
                raise MissingReferenceError(str(folder), "no such folder", f"correct evalset.references.{name}")
            if not (folder / str(pair)).is_dir():
                continue  # no reference of this name in this lang pair; metrics that need one will say so
            for segment, reference, note in read_references(folder / str(pair) / f"{entry.id}.jsonl", body):
                given[segment.id][name] = reference
                if note:
                    notes[segment.id] = note
        for segment in segments:
            yield replace(segment, references=given.get(segment.id, {}), notes=notes.get(segment.id))


def read_references(path: Path, body: Sequence[Segment]) -> Iterator[tuple[Segment, str, str | None]]:
    """A reference file's rows with the segments that they translate.

    The file is tied to the text: each row repeats its segment's source, so that a changed text or segmentation is an
    error, never a shift.

    Args:
        path: JSON Lines with ``segment``, ``source``, ``reference`` and optionally ``note``.
        body: the segments of the document that are not page furniture.

    Yields:
        Segment, reference and note, in order.

    Raises:
        MissingReferenceError: the file, a reference or a segment is missing, or it was made for another segmentation.
    """
    remedy = "translate the segments as they are now, or correct the row"
    if not path.exists():
        raise MissingReferenceError(str(path), "no such file", "every document of a lang pair needs its references")
    rows = list(read_jsonl(path))
    for segment, (where, row) in zip(body, rows, strict=False):
        if row.get("source") != segment.source:
            raise MissingReferenceError(
                where,
                f"the reference is for another segmentation: its source is not that of segment {segment.id} "
                f"({segment.where})",
                remedy,
            )
        reference, note = row.get("reference"), row.get("note")
        if not isinstance(reference, str) or not reference.strip():
            raise MissingReferenceError(where, f"segment {segment.id} has no reference", "write its translation")
        yield segment, reference, note if isinstance(note, str) else None
    if len(rows) != len(body):
        raise MissingReferenceError(
            f"{path}:{min(len(rows), len(body)) + 1}", f"{len(rows)} references for {len(body)} body segments", remedy
        )


def read_manifest(path: Path) -> Iterator[Entry]:
    """What a folder's manifest says of its documents.

    Raises:
        DataError: it is no manifest, or a text is not the one that it describes.
        ConfigError: a language is unknown.
    """
    manifest = read_yaml(path)
    documents = manifest.get("documents") if isinstance(manifest, dict) else None
    if not isinstance(documents, dict) or not documents:
        raise DataError(str(path), "names no documents", "write them under the key documents")
    for key, row in documents.items():
        where = f"{path}: documents.{key}"
        if not isinstance(key, str) or not key:
            raise DataError(where, f"{key!r} is no text", "write the document's name in quotes")
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise DataError(where, "names no file", "add file: NAME.txt")
        unknown = set(row) - {"file", "language", "origin", "origlang", "furniture", "sha256", "note"}
        if unknown:
            raise DataError(where, f"unknown key {sorted(map(str, unknown))[0]!r}", "correct or remove it")
        origin = row.get("origin", "unknown")
        if origin not in get_args(Origin):
            raise DataError(where, f"unknown origin {origin!r}", f"choose one of {', '.join(get_args(Origin))}")
        text = path.parent / resolve(row["file"])
        if text.resolve().parent != path.parent.resolve():
            raise DataError(where, f"{row['file']} is not in the manifest's own folder", "name a file beside it")
        digest = row.get("sha256")
        if digest is not None and hashlib.sha256(read_bytes(text)).hexdigest() != digest:
            raise DataError(str(text), "is not the text that the manifest describes", f"restore it, or mend {path}")
        language = check_code(row.get("language"), f"{where}.language")
        lines = _lines(row.get("furniture", []), where, read_text(text).count("\n") + 1)
        yield Entry(str(key), text, language, origin, lines, origlang_of(where, row.get("origlang")))


def _lines(ranges: Any, where: str, count: int) -> frozenset[int]:
    """Line numbers, of a text of so many lines, from a list such as ``[1, 3, 8-79]``."""
    lines: set[int] = set()
    for given in ranges if isinstance(ranges, list) else [ranges]:
        found = re.fullmatch(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?", str(given))
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise DataError(f"{where}.furniture", f"{given!r} is no line number", "write lines as 3 or 8-79")
        if last > count:
            raise DataError(f"{where}.furniture", f"{given!r} is past the text's {count} lines", "correct it")
        lines.update(range(first, last + 1))
    return frozenset(lines)
