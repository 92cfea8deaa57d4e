"""The contract of garble detection: signals see evidence in a text, and a verdict weighs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mteval.gate import Mark

Label = Literal["clean", "suspect", "garbled"]
Family = Literal[
    "surface", "repetition", "language", "grammar", "consistency", "fluency", "adequacy", "reference", "gate"
]


@dataclass(frozen=True)
class Line:
    """One segment of a text that is judged.

    Attributes:
        segment: the segment's id.
        text: what is judged.
        source: what it translates; ``None`` where the text is itself a source.
        references: human translations of ``source``.
        marks: what the gate saw in ``text``.
        scores: segment scores by metric name, each on its metric's own scale.
    """

    segment: str
    text: str
    source: str | None = None
    references: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """What a verdict is passed on: a source document, or one system's translation of it.

    Attributes:
        document: the document's id.
        system: who translated it; ``None`` for the source document itself.
        language: the language it is meant to be in.
        source_language: the language it was translated from; ``None`` for a source document.
        lines: its segments, page furniture left out.
        scores: document-level scores by metric name.
        translations: of a source document, what ranked systems made of it: by system name, a hypothesis a line.
        translation_scores: of a source document, the document-level scores of those translations by metrics that need
            no reference: by metric name, then by system name.
    """

    document: str
    system: str | None
    language: str
    source_language: str | None
    lines: tuple[Line, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    translations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    translation_scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """One observed sign that a text is garbled.

    Attributes:
        signal: the name of the signal that saw it.
        family: signals of one family see the same kind of sign. Of the families that speak of the whole text (fluency,
            adequacy, reference, gate) one may decide; of those that see single artefacts, one alone never proves a text
            garbled.
        segment: where; ``None`` for a sign of the whole document.
        start, end: characters of that segment's text, end exclusive; ``None`` where the whole segment is meant.
        strength: 0 to 1: how much it says by itself of the segment (or the document) it was seen in.
        message: a sentence a person understands.
    """

    signal: str
    family: Family
    segment: str | None
    start: int | None
    end: int | None
    strength: float
    message: str

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength {self.strength} of {self.signal} is not between 0 and 1")


@dataclass(frozen=True)
class Observations:
    """What the signals made of one text.

    Attributes:
        evidence: everything they saw.
        gauges: by signal name, its number for each line, aligned with the text's lines.
        unseen: signals that could not look (no reference, an unsupported language), with the reason.
    """

    evidence: tuple[Evidence, ...]
    gauges: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    unseen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SegmentVerdict:
    """What was decided of one segment by itself.

    Attributes:
        segment: its id.
        probability: that it is garbled, 0 to 1.
    """

    segment: str
    label: Label
    probability: float


@dataclass(frozen=True)
class Verdict:
    """What was decided of one text.

    Attributes:
        probability: that the text is garbled, 0 to 1.
        evidence: what speaks for it, the strongest first.
        unseen: signals that could not look, with the reason: missing is not the same as clean.
        segments: one a line of the text, each judged by itself, in the text's order.
    """

    document: str
    system: str | None
    label: Label
    probability: float
    evidence: tuple[Evidence, ...]
    unseen: tuple[tuple[str, str], ...] = ()
    segments: tuple[SegmentVerdict, ...] = ()


class Signal(ABC):
    """Sees one kind of evidence."""

    @property
    @abstractmethod
    def family(self) -> Family:
        """The kind of sign it sees."""

    @abstractmethod
    def blind(self, text: Text) -> str | None:
        """Why it cannot look at this text, in words (``no reference``); ``None`` if it can."""

    @abstractmethod
    def look(self, name: str, text: Text) -> Iterable[Evidence]:
        """The evidence it sees.

        Args:
            name: the signal's name in the config, to put into the evidence.
            text: what to look at.
        """


class SourceSignal(Signal):
    """A signal of source documents alone: translations are not its business, and it is not asked of them."""


class Gauge(Signal):
    """A signal that also puts a number on every line, whether or not the line shows any evidence."""

    @abstractmethod
    def gauge(self, text: Text) -> tuple[float | None, ...]:
        """One number a line, on the signal's own scale; ``None`` for a line that it cannot put a number on.

        Args:
            text: one that the signal is not blind to.
        """


class Detector(ABC):
    """Weighs what the signals observed to a verdict."""

    @abstractmethod
    def judge(self, text: Text, seen: Observations) -> Verdict:
        """Decide of the text, and of each of its segments.

        Args:
            text: what was looked at.
            seen: what the signals made of it.
        """
