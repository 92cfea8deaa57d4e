"""What people are asked to judge, what they say, and the contract of the formats in between."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mteval.segment import ErrorSpan

Protocol = Literal["esa", "mqm"]
"""``esa``: errors of two severities, and a score from 0 to 100 (Kocmi et al. 2024); ``mqm``: errors with categories."""

Reason = Literal["random", "metrics disagree", "verdict near its threshold", "top systems differ", "check"]
"""Why a segment was chosen; ``check`` for what is there to see whether an annotator looks."""

SEVERITIES = ("minor", "major")
CATEGORIES = (
    *("Accuracy/Mistranslation", "Accuracy/Addition", "Accuracy/Omission", "Accuracy/Untranslated"),
    *("Fluency/Grammar", "Fluency/Spelling", "Fluency/Punctuation", "Fluency/Register", "Fluency/Character encoding"),
    *("Terminology", "Style/Awkward", "Locale convention", "Source error", "Other"),
)
"""Those of MQM as WMT uses it (Freitag et al. 2021)."""


@dataclass(frozen=True)
class Item:
    """One translation that somebody is asked to judge. Nothing in it tells which system made it.

    Attributes:
        id: stands for it in every format; it tells nothing.
        before: the sources of the segments before it in its document, a few, in order.
        spans: errors that are filled in, for the annotator to mend.
    """

    id: str
    lang_pair: str
    before: tuple[str, ...]
    source: str
    hypothesis: str
    spans: tuple[ErrorSpan, ...] = ()


@dataclass(frozen=True)
class Key:
    """What an item is, which annotators must not see.

    Attributes:
        item: its id.
        systems: those that gave this hypothesis, several if they gave the same.
        reason: why its segment was chosen.
        check: for a check what it is: ``damaged``, an item whose words were put into random order; or ``repeated``, an
            item that is there twice; ``None`` for no check.
        of: the item that a check was made from.
    """

    item: str
    lang_pair: str
    document: str
    segment: str
    systems: tuple[str, ...]
    reason: Reason
    check: Literal["damaged", "repeated"] | None = None
    of: str | None = None


@dataclass(frozen=True)
class Judgment:
    """What one annotator says of one item.

    Attributes:
        where: its place in the file, for errors.
        score: 0 to 100; ``None`` where the protocol asks for none.
        spans: the errors marked; a span of an omission is empty, at the end.
    """

    where: str
    item: str
    annotator: str
    score: float | None
    spans: tuple[ErrorSpan, ...]


def severity_of(span: ErrorSpan) -> str:
    """An error's severity as annotators know it; one that is none of theirs is the worst."""
    severity = span.severity.lower()
    return severity if severity in SEVERITIES else SEVERITIES[-1]


class AnnotationFormat(ABC):
    """Writes items as a tool for annotation takes them, and reads back what people said there."""

    @abstractmethod
    def write(self, items: Sequence[Item], protocol: Protocol, folder: Path) -> tuple[Path, ...]:
        """Write the files of a tool into a folder that is there.

        Raises:
            OutputError: they cannot be written.
        """

    @abstractmethod
    def reads(self, path: Path) -> bool:
        """Whether a file looks like what the tool writes."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Judgment]:
        """The judgments that a file holds.

        Raises:
            DataError: it is damaged, or does not hold what the tool writes.
        """
