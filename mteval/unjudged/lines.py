"""JSON Lines as texts to judge: documents, or their segments with hypotheses, a line each, as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mteval.errors import DataError, MtevalError
from mteval.evalsets.documents import segments_of
from mteval.evalsets.jsonl import check_fields, named, references, texts
from mteval.files import parse_object
from mteval.lang import LangPair, check_code
from mteval.segment import Segment
from mteval.unjudged.base import Language, Told, Unjudged, check_size, language_of

UNNAMED = "hypothesis"
"""The system of a hypothesis whose line names none."""

_TEXTS = ("text", "lines", "source")
_FIELDS = (
    *("document", *_TEXTS, "hypothesis", "system", "hypotheses", "reference", "references"),
    *("language", "source_language", "lang_pair", "id", "gold", "notes"),
)


@dataclass(frozen=True)
class _Row:
    """What one line says.

    Attributes:
        where: its place.
        document: the document's id.
        id: the segment's; ``None`` to number it.
        kind: which of ``text``, ``lines`` and ``source`` it has.
        pieces: a text, or segments.
        hypotheses: of a ``source``, by system.
        alone: it asks for a verdict on its ``source`` too.
        references: of a ``source``, by name.
        language: of texts and hypotheses, as far as the line says it.
        source_language: of a ``source``, likewise.
    """

    where: str
    document: str
    id: str | None
    kind: str
    pieces: tuple[str, ...]
    hypotheses: Mapping[str, str]
    alone: bool
    references: Mapping[str, str]
    language: str | None
    source_language: str | None


def read_json_lines(lines: Iterable[tuple[str, str]], name: str, told: Told) -> Iterator[Unjudged]:
    """The texts of a stream of JSON Lines, each as soon as its last line is known.

    A line has one of these, which say what is judged:

    - ``text``: a source document, or a further part of one; split into paragraphs by line, then into sentences;
    - ``lines``: its segments, as they are;
    - ``source``: one segment of it; with ``hypothesis`` (and ``system``), one segment of a translation is judged
      instead; with ``hypotheses`` {system: text}, as in an eval set, one of each system's and the source itself.

    Consecutive lines with the same ``document`` are one document; without it each line is one, and does not wait for
    the next. A document's name that comes again later is another document: none is held longer than it lasts.

    Args:
        lines: with their places; blank ones are passed over.
        name: the file's.

    Raises:
        DataError: a line cannot be used; names it. Every document before its own has been yielded.
    """
    empty = True
    for rows in _documents(lines, told):
        empty = False
        yield from _texts(rows, name)
    if empty:
        raise DataError(name, "no documents in it", 'write one a line, as in {"text": "…"}')


def _documents(lines: Iterable[tuple[str, str]], told: Told) -> Iterator[list[_Row]]:
    """The rows of one document after the other; of the one that a broken line belongs to, none."""
    rows: list[_Row] = []
    size = 0
    document: str | None = None
    try:
        for where, line in lines:
            document = None
            if not line.strip():
                continue
            found = parse_object(line, where)
            document = named(where, found, "document", where)
            row = _row(where, document, found, told)
            if rows and rows[-1].document != document:
                complete, rows, size = rows, [], 0
                yield complete
            rows.append(row)
            size += len(row.pieces)
            check_size(where, document, size)
            if "document" not in found:
                complete, rows, size = rows, [], 0
                yield complete
    except MtevalError:
        if rows and rows[-1].document != document:
            yield rows
        raise
    if rows:
        yield rows


def _row(where: str, document: str, found: Mapping[str, Any], told: Told) -> _Row:
    """One line, checked."""
    check_fields(where, found, _FIELDS)
    kinds = [kind for kind in _TEXTS if kind in found]
    if len(kinds) != 1:
        problem = f"has both {kinds[0]} and {kinds[1]}" if kinds else f"has none of {', '.join(_TEXTS)}"
        raise DataError(where, problem, 'write "text", or "source" and "hypothesis"')
    hypotheses = _hypotheses(where, found)
    if hypotheses and kinds != ["source"]:
        raise DataError(where, "has a hypothesis and no source", 'write the source as "source", or the text as "text"')
    if "system" in found and "hypothesis" not in found:
        raise DataError(where, "names a system and has no hypothesis of it", 'write it as "hypothesis", with "source"')
    if "lang_pair" in found and kinds != ["source"]:
        raise DataError(where, "has a lang pair and no source", 'write "language" for the language of a text')
    source, language = _languages(where, found)
    if hypotheses:
        source, language = source or told.source, language or told.language
    else:
        own = (source, language) if kinds == ["source"] else (language, source)
        source = language = own[0] or own[1] or (told.source if kinds == ["source"] else None) or told.language
    return _Row(
        where=where,
        document=document,
        id=named(where, found, "id", "") if "id" in found else None,
        kind=kinds[0],
        pieces=_pieces(where, kinds[0], found[kinds[0]]),
        hypotheses=hypotheses,
        alone="hypothesis" not in found,
        references=_references(where, found) if hypotheses else {},
        language=language,
        source_language=source,
    )


def _pieces(where: str, kind: str, value: Any) -> tuple[str, ...]:
    pieces = value if kind == "lines" else [value]
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        written = '["TEXT", …]' if kind == "lines" else '"TEXT"'
        raise DataError(
            where, f"{kind} is no {'list of texts' if kind == 'lines' else 'text'}", f'write "{kind}": {written}'
        )
    if not any(piece.strip() for piece in pieces):
        raise DataError(where, f"{kind} is empty", "give it text, or leave the line out")
    return tuple(pieces)


def _hypotheses(where: str, found: Mapping[str, Any]) -> dict[str, str]:
    if "hypothesis" not in found:
        return texts(where, found, "hypotheses")
    if "hypotheses" in found:
        raise DataError(where, "has both hypothesis and hypotheses", "leave one of the two out")
    if not isinstance(found["hypothesis"], str):
        raise DataError(where, "hypothesis is no text", 'write "" where the system gave nothing')
    return {named(where, found, "system", UNNAMED): found["hypothesis"]}


def _references(where: str, found: Mapping[str, Any]) -> dict[str, str]:
    if "reference" not in found:
        return references(where, found)
    if "references" in found:
        raise DataError(where, "has both reference and references", "leave one of the two out")
    return references(where, {"references": {"reference": found["reference"]}})


def _languages(where: str, found: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The languages of source and target, as far as a line says them."""
    pair = LangPair.parse(str(found["lang_pair"]), where) if "lang_pair" in found else None
    source, target = (pair.source, pair.target) if pair else (None, None)
    if "source_language" in found:
        source = check_code(found["source_language"], f"{where}: source_language")
    if "language" in found:
        target = check_code(found["language"], f"{where}: language")
    return source, target


def _texts(rows: Sequence[_Row], name: str) -> Iterator[Unjudged]:
    """What is to be judged of one document: the source, then each system's translation."""
    if sources := [row for row in rows if row.alone]:
        yield _source(sources, name)
    beside = [row for row in sources if row.hypotheses]
    for system in dict.fromkeys(system for row in rows for system in row.hypotheses):
        if any(system in row.hypotheses for row in beside):
            for row in beside:
                if system not in row.hypotheses:
                    problem = f"no hypothesis of system {system!r}, which other lines of its document have"
                    raise DataError(row.where, problem, 'write "" where the system gave nothing')
        yield _translation([row for row in rows if system in row.hypotheses], system, name)


def _source(rows: Sequence[_Row], name: str) -> Unjudged:
    language = _language([(row.where, row.source_language) for row in rows], [p for row in rows for p in row.pieces])
    segments: list[Segment] = []
    before = 0
    for row in rows:
        if row.kind == "text":
            after = max((segment.paragraph or 0 for segment in segments), default=0)
            segments += segments_of(row.pieces[0], language.code, row.document, name, after=after)
        else:
            segments += _numbered(row, before)
        before += len(row.pieces)
    return _checked(Unjudged(name, rows[0].document, None, language, None, tuple(segments)), rows[-1].where)


def _translation(rows: Sequence[_Row], system: str, name: str) -> Unjudged:
    hypotheses = tuple(row.hypotheses[system] for row in rows)
    source_language = _language([(r.where, r.source_language) for r in rows], [row.pieces[0] for row in rows])
    language = _language([(row.where, row.language) for row in rows], hypotheses)
    segments = tuple(segment for number, row in enumerate(rows) for segment in _numbered(row, number))
    text = Unjudged(name, rows[0].document, system, language, source_language, segments, hypotheses)
    return _checked(text, rows[-1].where)


def _numbered(row: _Row, before: int) -> Iterator[Segment]:
    """A row's pieces as segments, named as it says or by their number in the document; blank lines are none."""
    for number, piece in enumerate(row.pieces, start=before + 1):
        if piece.strip():
            given = row.id if row.kind == "source" else None
            yield Segment(
                given or f"{row.document}:{number}", piece, row.document, row.where, references=row.references
            )


def _language(said: Sequence[tuple[str, str | None]], pieces: Sequence[str]) -> Language:
    """The language that the rows of one text say, or else the one that they are found to be in."""
    code: str | None = None
    for where, one in said:
        if code is not None and one is not None and one != code:
            raise DataError(where, f"is in {one}, and its document in {code}", "give each language its own document")
        code = code or one
    return language_of(code, pieces)


def _checked(text: Unjudged, where: str) -> Unjudged:
    """The text, unless two of its segments have one name or it is too long."""
    check_size(where, text.document, len(text.segments))
    seen: set[str] = set()
    for segment in text.segments:
        if segment.id in seen:
            raise DataError(segment.where, f"segment id {segment.id!r} is used twice", "give each segment its own id")
        seen.add(segment.id)
    return text
