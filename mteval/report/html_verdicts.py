"""Judged documents as texts to read: every segment where it stands, with each piece of evidence marked in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mteval.garble.base import Evidence, Label
from mteval.report.base import PairResult
from mteval.report.judged import FEW, Judged, Judgement, strongest
from mteval.report.plain import plain
from mteval.report.tally import LABELS

_PIECES = 20
"""How many pieces of evidence are shown of one text."""

_WHOLE = 40
"""How many segments a document may have to be shown whole; of longer ones, what bears evidence and its neighbours."""


@dataclass(frozen=True)
class Run:
    """A stretch of a text that the same pieces of evidence speak of.

    Attributes:
        evidence: their numbers; none where nothing was seen.
        ends: those of them that end with it.
    """

    text: str
    evidence: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """One segment of a text that is read.

    Attributes:
        label: the verdict on it by itself; ``None`` without one.
        whole: the numbers of evidence that speaks of all of it.
        after_gap: whether segments before it are left out.
    """

    segment: str
    runs: tuple[Run, ...]
    label: Label | None
    whole: tuple[int, ...]
    after_gap: bool


@dataclass(frozen=True)
class Reading:
    """One judged text.

    Attributes:
        judged: its verdict.
        language: what it is meant to be in.
        evidence: what is marked, numbered from 1.
        lines: its segments.
        ends_early: whether segments after the last line are left out.
    """

    judged: Judged
    language: str
    evidence: tuple[tuple[int, Evidence], ...]
    lines: tuple[Line, ...]
    ends_early: bool

    @property
    def held_back(self) -> str:
        """How much evidence is not shown; empty if all is."""
        left = len(self.judged.verdict.evidence) - len(self.evidence)
        return f"{left} more in verdicts.jsonl" if left else ""


@dataclass(frozen=True)
class Readings:
    """One document: its source, and what systems made of it.

    Attributes:
        source: ``None`` where sources were not judged.
        translations: in the order of the leaderboard.
    """

    document: str
    source: Reading | None
    translations: tuple[Reading, ...]

    @property
    def tally(self) -> str:
        """How the systems fared, in words: ``garbled 2, clean 1``; canaries, nonsense by design, are counted too."""
        labels = [reading.judged.verdict.label for reading in self.translations]
        return ", ".join(f"{labels.count(label)} {label}" for label in LABELS if label in labels)


def readings(pair: PairResult, verdicts: Judgement) -> tuple[Readings, ...]:
    """The documents that a page lists, in document order."""
    listed = {*verdicts.listed_documents, *(one.verdict.document for one in verdicts.listed_sources)}
    documents = [document.id for document in pair.eval_set.documents if document.id in listed][:FEW]
    by_name = {system.name: system for system in pair.systems}
    scored = pair.eval_set.scored
    rows = [row for document in documents for row in pair.eval_set.rows[document]]
    originals = {scored[row].id: scored[row].source for row in rows}
    texts = {name: {scored[row].id: by_name[name].hypotheses.texts[row] for row in rows} for name in verdicts.systems}
    sources = {one.verdict.document: one for one in verdicts.sources}
    segments = {document: [scored[row].id for row in pair.eval_set.rows[document]] for document in documents}
    source_language, target_language = str(pair.eval_set.pair.source), str(pair.eval_set.pair.target)
    return tuple(
        Readings(
            document,
            _reading(sources[document], source_language, segments[document], originals)
            if document in sources
            else None,
            tuple(
                _reading(row[document], target_language, segments[document], texts[name])
                for name, row in verdicts.systems.items()
                if document in row
            ),
        )
        for document in documents
    )


def _reading(judged: Judged, language: str, segments: Sequence[str], texts: Mapping[str, str]) -> Reading:
    numbered = tuple(enumerate(strongest(judged.verdict.evidence, _PIECES), start=1))
    found: dict[str, list[tuple[int, Evidence]]] = {}
    for number, piece in numbered:
        if piece.segment is not None:
            found.setdefault(piece.segment, []).append((number, piece))
    labels = {one.segment: one.label for one in judged.verdict.segments}
    shown = _shown(segments, found)
    lines = tuple(
        Line(
            segments[row],
            _runs(texts.get(segments[row], ""), found.get(segments[row], ())),
            labels.get(segments[row]),
            tuple(number for number, piece in found.get(segments[row], ()) if piece.start is None),
            after_gap=row > (shown[index - 1] + 1 if index else 0),
        )
        for index, row in enumerate(shown)
    )
    return Reading(judged, language, numbered, lines, bool(shown) and shown[-1] + 1 < len(segments))


def _shown(segments: Sequence[str], found: Mapping[str, object]) -> list[int]:
    """The positions of the segments to show."""
    every = range(len(segments))
    if len(segments) <= _WHOLE:
        return list(every)
    near = {row + step for row in every if segments[row] in found for step in (-1, 0, 1)}
    return [row for row in every if row in near][:_WHOLE]


def _runs(text: str, evidence: Iterable[tuple[int, Evidence]]) -> tuple[Run, ...]:
    """The text cut wherever a piece of evidence starts or ends."""
    spans = [
        (number, min(max(piece.start, 0), len(text)), len(text) if piece.end is None else min(piece.end, len(text)))
        for number, piece in evidence
        if piece.start is not None
    ]
    spans = [span for span in spans if span[1] < span[2]]
    cuts = sorted({0, len(text), *(start for _, start, _ in spans), *(end for *_, end in spans)})
    return tuple(
        Run(
            plain(text[start:end]),
            tuple(number for number, first, last in spans if first <= start and end <= last),
            tuple(number for number, first, last in spans if first <= start and end == last),
        )
        for start, end in pairwise(cuts)
    )
