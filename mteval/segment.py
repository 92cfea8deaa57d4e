"""Segments, documents, eval sets, hypotheses and error spans: the texts that everything else speaks of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self

from mteval.errors import ParityError
from mteval.lang import LangPair, base_language

Origin = Literal["person", "machine_translation", "unknown"]


@dataclass(frozen=True)
class ErrorSpan:
    """A piece of a hypothesis that is wrong: characters ``start`` to ``end`` (exclusive), counted from 0."""

    start: int
    end: int
    category: str
    severity: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One aligned unit of text, normally a sentence.

    Attributes:
        id: unique within its eval set, stable between runs: ``000:2.1`` is document 000, paragraph 2, sentence 1.
        source: the text to translate.
        document: the id of its document.
        where: the file and line it came from, for error messages.
        paragraph: counted from 1 within the document; ``None`` where the format has no paragraphs.
        start, end: characters of the document's text that ``source`` spans (end exclusive); ``None`` likewise.
        furniture: page furniture (site header, comment form, link list), not body text.
        references: human translations by name.
        notes: what the reference's author says of this segment.
        gold: human scores by system name.
    """

    id: str
    source: str
    document: str
    where: str
    paragraph: int | None = None
    start: int | None = None
    end: int | None = None
    furniture: bool = False
    references: Mapping[str, str] = field(default_factory=dict)
    notes: str | None = None
    gold: Mapping[str, float] = field(default_factory=dict)


class LazySegments(Sequence[Segment], ABC):
    """Very many segments, each of which is made when it is asked for."""

    @abstractmethod
    def documents(self) -> Iterator[str]:
        """The document of each, without making any."""

    @abstractmethod
    def without_furniture(self) -> Self:
        """Those that are no page furniture."""

    @abstractmethod
    def of_documents(self, chosen: frozenset[str]) -> Self:
        """Those of some documents."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True)
class Document:
    """Consecutive segments that belong together.

    Attributes:
        id: unique within its test set.
        language: the language it is in.
        text: the original, so that a span can be shown where it stood; ``None`` where only segments are known.
        origin: who wrote it.
        origlang: the language it was first written in; ``None`` where that is not known. A source text in another
            language than that is itself a translation (translationese).
    """

    id: str
    language: str
    text: str | None = None
    origin: Origin = "unknown"
    origlang: str | None = None

    @property
    def translated(self) -> bool | None:
        """Whether the text was translated into its language; ``None`` where that is not known."""
        return None if self.origlang is None else base_language(self.origlang) != base_language(self.language)


@dataclass(frozen=True)
class Hypotheses:
    """A system's output, one text a segment, aligned with ``EvalSet.scored``.

    Attributes:
        texts: a tuple, or ``mteval.texts.Texts`` where there may be very many.
        notices: what must not pass in silence, a sentence each that names the segment.
    """

    system: str
    texts: Sequence[str]
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Part:
    """Which part of a larger eval set another one is, and what is true of the whole alone.

    Attributes:
        number: which of the parts, from 1 to ``of``.
        of: how many parts there are.
        name: the whole's name.
        digest: the SHA-256 of all that the whole holds, hypotheses included.
        documents: how many documents the whole has.
        segments: how many of its segments are scored.
        start: how many of those lie before this part.
        within: whether the parts are cut within a document, since the whole is only one.
        references: the names of the references that every scored segment of the whole has, in order.
        partial_references: the others, with how many segments have them.
    """

    number: int
    of: int
    name: str
    digest: str
    documents: int
    segments: int
    start: int
    within: bool
    references: tuple[str, ...]
    partial_references: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EvalSet:
    """A test set in one lang pair.

    Attributes:
        name: the test set's name.
        pair: the languages.
        documents: in order.
        segments: in order, furniture included, each document's segments together; a tuple, or ``LazySegments`` where
            there may be very many.
        hypotheses: stored outputs by system name, aligned with ``scored``.
        include_furniture: whether page furniture is translated and scored like body text.
        notices: what must not pass in silence of how it was read or cut, a sentence each.
        whole: the eval set that it was cut from; ``None`` where nothing was cut. Hypotheses in a file of their own may
            be aligned with that one.
        part: which shard of a larger eval set it is; ``None`` if it is none.
    """

    name: str
    pair: LangPair
    documents: tuple[Document, ...]
    segments: Sequence[Segment]
    hypotheses: Mapping[str, Hypotheses] = field(default_factory=dict)
    include_furniture: bool = False
    notices: tuple[str, ...] = ()
    whole: EvalSet | None = None
    part: Part | None = None

    def __post_init__(self) -> None:
        for name, hypotheses in self.hypotheses.items():
            if len(hypotheses) != len(self.scored):
                raise ParityError(
                    f"{self.name} {self.pair}",
                    f"system {name} has {len(hypotheses)} hypotheses for {len(self.scored)} segments",
                    "give one hypothesis a segment, in order",
                )

    @cached_property
    def scored(self) -> Sequence[Segment]:
        """The segments that are translated, scored and judged: all but furniture, unless that is included."""
        if isinstance(self.segments, LazySegments):
            return self.segments if self.include_furniture else self.segments.without_furniture()
        return tuple(s for s in self.segments if self.include_furniture or not s.furniture)

    @property
    def documents_of_scored(self) -> Iterator[str]:
        """The document of each scored segment."""
        if isinstance(self.scored, LazySegments):
            return self.scored.documents()
        return (segment.document for segment in self.scored)

    @cached_property
    def rows(self) -> Mapping[str, Sequence[int]]:
        """For each document's id, the positions of its segments in ``scored``."""
        rows: dict[str, range] = {document.id: range(0) for document in self.documents}
        apart: dict[str, list[int]] = {}
        for index, document in enumerate(self.documents_of_scored):
            known = rows[document]
            if not known or known.stop == index:
                rows[document] = range(known.start if known else index, index + 1)
            else:
                apart.setdefault(document, []).append(index)
        lazy = isinstance(self.segments, LazySegments)
        return {
            document: found if lazy and document not in apart else (*found, *apart.get(document, ()))
            for document, found in rows.items()
        }

    @cached_property
    def partial_references(self) -> Mapping[str, int]:
        """References that only some scored segments have, which no metric sees, with how many have them; of a shard
        those of the whole."""
        if self.part is not None:
            return self.part.partial_references
        counts = Counter(name for segment in self.scored for name in segment.references)
        return {name: count for name, count in counts.items() if count < len(self.scored)}

    @cached_property
    def reference_names(self) -> tuple[str, ...]:
        """The names of the references that every scored segment has, in order of first appearance; of a shard those
        that every scored segment of the whole has."""
        if self.part is not None:
            return tuple(n for n in self.part.references if all(n in s.references for s in self.scored))
        if not self.scored:
            return ()
        return tuple(n for n in self.scored[0].references if all(n in s.references for s in self.scored))
