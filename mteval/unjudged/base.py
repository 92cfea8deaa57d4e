"""Texts that are to be judged without a run: what is known of one before any signal looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mteval.errors import DataError
from mteval.gate import words
from mteval.identification import identify
from mteval.segment import Segment

UNKNOWN = "und"
"""The code of a language that is not known (BCP 47: undetermined)."""

MOST_SEGMENTS = 100_000
"""Segments of one document, which is held in memory until it ends."""

_LEAST_WORDS = 6
"""Of a shorter text the language is not identified; the gate asks for as many."""

_MARGIN = 0.5
"""How much likelier than the next a language must be."""

_ENOUGH = 5_000
"""Characters from which a text's language is identified; more would only take longer."""


@dataclass(frozen=True)
class Language:
    """A text's language.

    Attributes:
        code: ``UNKNOWN`` where nobody says it and it could not be identified.
        identified: it was read from the text itself, not told.
    """

    code: str = UNKNOWN
    identified: bool = False


@dataclass(frozen=True)
class Told:
    """The languages of texts that do not say theirs.

    Attributes:
        language: of texts and hypotheses; ``None`` to identify it.
        source: of the sources that hypotheses translate; likewise.
    """

    language: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Unjudged:
    """A source document, or one system's translation of a document.

    Attributes:
        file: where it was found.
        document: the document's id.
        system: who translated it; ``None`` for a source document.
        language: the language of what is judged.
        source_language: of what it translates; ``None`` for a source document.
        segments: in order; a source document's own segments, or the sources that were translated.
        hypotheses: one a segment; empty for a source document.
    """

    file: str
    document: str
    system: str | None
    language: Language
    source_language: Language | None
    segments: tuple[Segment, ...]
    hypotheses: tuple[str, ...] = ()

    @property
    def judged(self) -> dict[str, str]:
        """The text that is judged, by segment id."""
        if self.system is None:
            return {segment.id: segment.source for segment in self.segments}
        return {segment.id: text for segment, text in zip(self.segments, self.hypotheses, strict=True)}


def language_of(code: str | None, texts: Sequence[str]) -> Language:
    """A text's language: the code that it is given, or else the one that its letters and words speak for.

    It is told apart from the commonest languages that MT of European languages strays into, by n-gram statistics, and
    stays ``UNKNOWN`` where the text is short or two languages are about as likely.
    """
    if code is not None:
        return Language(code)
    kept, size = [], 0
    for text in texts:
        kept.append(text[: _ENOUGH - size])
        size += len(kept[-1])
        if size >= _ENOUGH:
            break
    whole = "\n".join(kept)
    if len(words(whole)) < _LEAST_WORDS:
        return Language()
    likely = [*identify(whole, frozenset()).items(), ("", 0.0)]
    (best, probability), (_, second) = likely[:2]
    return Language(best, identified=True) if probability - second >= _MARGIN else Language()


def check_size(where: str, document: str, segments: int) -> None:
    """Refuse a document that is too long to be held in memory.

    Raises:
        DataError: it has more than ``MOST_SEGMENTS`` segments; names the remedy.
    """
    if segments > MOST_SEGMENTS:
        problem = f"document {document!r} has more than {MOST_SEGMENTS:,} segments"
        remedy = "give each text a document of its own, in JSON Lines, since a document is held in memory"
        raise DataError(where, problem, remedy)
