"""Plain texts as source documents whose own source is unknown: a file, or a folder of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mteval.errors import DataError
from mteval.evalsets.documents import MANIFEST, read_manifest, segments_of
from mteval.files import read_text
from mteval.unjudged.base import Told, Unjudged, check_size, language_of

_LONGEST = 64 * 2**20
"""Characters of one text, which is held in memory."""


def read_text_file(lines: Iterable[tuple[str, str]], name: str, told: Told) -> Unjudged:
    """One document from the lines of a text: every line that is not blank is a paragraph, split into sentences.

    Args:
        lines: with their places.
        name: the file's; the document is named after it.

    Raises:
        DataError: the text is blank, or too long for one document.
    """
    kept, size, paragraphs = [], 0, 0
    for where, line in lines:
        kept.append(line)
        size += len(line)
        paragraphs += bool(line.strip())
        check_size(where, name, paragraphs)
        if size > _LONGEST:
            problem = f"the text is longer than {_LONGEST // 2**20} million characters"
            raise DataError(where, problem, "give each text of it a document of its own, in JSON Lines")
    return _document("\n".join(kept), name, told.language)


def read_text_folder(folder: Path, told: Told) -> Iterator[Unjudged]:
    """The texts of a folder: those that its ``manifest.yaml`` names, without page furniture, or else every ``.txt``.

    Raises:
        DataError: there is none, one is blank, or the manifest is wrong.
    """
    manifest = folder / MANIFEST
    if manifest.exists():
        for entry in read_manifest(manifest):
            yield _document(read_text(entry.path), str(entry.path), entry.language, entry.furniture)
        return
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise DataError(str(folder), "holds no .txt file", f"give files by name, or write a {MANIFEST}")
    for path in files:
        yield _document(read_text(path), str(path), told.language)


def _document(text: str, name: str, code: str | None, furniture: Iterable[int] = ()) -> Unjudged:
    language = language_of(code, [text])
    segments = segments_of(text, language.code, name, name, frozenset(furniture))
    body = tuple(segment for segment in segments if not segment.furniture)
    if not body:
        problem = "the document is all page furniture" if segments else "no documents in it: the text is empty"
        raise DataError(name, problem, "give it text, or leave it out")
    check_size(name, name, len(body))
    return Unjudged(name, name, None, language, None, body)
