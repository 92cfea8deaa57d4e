"""What the page's segment explorer shows, as compact data: an array a segment for texts, one a column for numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mteval.garble.base import Evidence, SegmentVerdict, Verdict
from mteval.gate import MARK_KINDS
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, SystemResult
from mteval.report.html_pack import Offsets
from mteval.report.judged import segment_verdicts
from mteval.report.plain import words
from mteval.report.table import Table
from mteval.report.tally import LABELS
from mteval.segment import Segment

_LABELS = tuple(reversed(LABELS))
"""As the page counts them, from the best on."""


_WRITTEN: Mapping[bool | None, str | None] = {None: None, False: "original", True: "translated"}


def explorer_data(pair: PairResult, metrics: Mapping[str, MetricCard], table: Table, rows: range) -> dict[str, Any]:
    """Everything that was found of some scored segments of one lang pair.

    Args:
        pair: what was found.
        metrics: the metrics' cards by name.
        table: its leaderboard, whose order systems are in.
        rows: positions in ``EvalSet.scored``, one after the other.

    Returns:
        ``texts`` holds an array a segment: its source, its references in the order of ``references`` (``null`` where
        it has none), the hypotheses in the order of ``systems``. ``written`` says of each document whether its source
        is original or translated, and is only there where that is known of any. Each system's columns have an entry a
        segment, or are objects by position where few segments have an entry. Positions count from 0 within ``rows``;
        spans count UTF-16 units.
    """
    segments = [pair.eval_set.scored[row] for row in rows]
    documents = list(dict.fromkeys(segment.document for segment in segments))
    numbers = {document: index for index, document in enumerate(documents)}
    references = list(dict.fromkeys(name for segment in segments for name in segment.references))
    verdicts = segment_verdicts(pair.sources)
    by_name = {system.name: system for system in pair.systems}
    systems = [by_name[row.system] for row in table.rows]
    labels = {column.metric: column.label for column in table.columns}
    written = {one.id: one.translated for one in pair.eval_set.documents if one.translated is not None}
    return {
        "pair": str(pair.eval_set.pair),
        "languages": [str(pair.eval_set.pair.source), str(pair.eval_set.pair.target)],
        "first": rows.start,
        "total": len(pair.eval_set.scored),
        "labels": list(_LABELS),
        "markKinds": [words(kind) for kind in MARK_KINDS],
        "metrics": [
            {"label": labels[name], "higher": card.higher_is_better, "decimals": card.decimals}
            for name, card in metrics.items()
        ],
        "documents": documents,
        **({"written": [_WRITTEN[written.get(document)] for document in documents]} if written else {}),
        "references": references,
        "ids": [segment.id for segment in segments],
        "document": [numbers[segment.document] for segment in segments],
        "notes": {index: segment.notes for index, segment in enumerate(segments) if segment.notes},
        "sourceVerdicts": _verdicts(verdicts, segments),
        "sourceEvidence": _evidence(pair.sources, segments, [segment.source for segment in segments]),
        "texts": [
            [
                segment.source,
                *(segment.references.get(name) for name in references),
                *(system.hypotheses.texts[row] for system in systems),
            ]
            for row, segment in zip(rows, segments, strict=True)
        ],
        "systems": [_system(system, metrics, segments, rows) for system in systems],
    }


def _system(
    system: SystemResult, metrics: Mapping[str, MetricCard], segments: Sequence[Segment], rows: range
) -> dict[str, Any]:
    texts = [system.hypotheses.texts[row] for row in rows]
    offsets = [Offsets(text) for text in texts]
    cut = [frozenset(system.truncated.get(metric, ())) for metric in metrics]
    return {
        "name": system.name,
        "kind": system.kind,
        "scores": [_scores(system, metric, card.decimals, rows) for metric, card in metrics.items()],
        "gold": {
            index: segment.gold[system.name] for index, segment in enumerate(segments) if system.name in segment.gold
        },
        "marks": {
            index: [
                [MARK_KINDS.index(mark.kind), mark.message, offsets[index](mark.start), offsets[index](mark.end)]
                for mark in system.marks[row]
            ]
            for index, row in enumerate(rows)
            if system.marks[row]
        },
        "spans": {
            index: found for index, row in enumerate(rows) if (found := _spans(system, metrics, row, offsets[index]))
        },
        "truncated": {
            index: found
            for index, row in enumerate(rows)
            if (found := [number for number, positions in enumerate(cut) if row in positions])
        },
        "verdicts": _verdicts(segment_verdicts(system.verdicts), segments),
        "evidence": _evidence(system.verdicts, segments, texts),
    }


def _scores(system: SystemResult, metric: str, decimals: int, rows: range) -> list[float | None] | None:
    """One more decimal than a table shows is enough to sort by; ``None`` if the metric did not score the system."""
    found = system.segment_scores.get(metric)
    if found is None:
        return None
    return [None if (score := found.scores[row]) is None else round(score, decimals + 1) for row in rows]


def _spans(system: SystemResult, metrics: Iterable[str], row: int, at: Offsets) -> list[Any]:
    """The error spans in one hypothesis: start, end, severity, category, confidence, the metric's number."""
    return [
        [at(span.start), at(span.end), span.severity, span.category, span.confidence, number]
        for number, metric in enumerate(metrics)
        for span in (system.spans[metric][row] if metric in system.spans else None) or ()
    ]


def _verdicts(found: Mapping[str, SegmentVerdict], segments: Iterable[Segment]) -> dict[str, Any]:
    """A label's number and a probability a segment, each ``None`` where it was not judged by itself."""
    chosen = [found.get(segment.id) for segment in segments]
    return {
        "label": [None if one is None else _LABELS.index(one.label) for one in chosen],
        "probability": [None if one is None else round(one.probability, 3) for one in chosen],
    }


def _evidence(
    verdicts: Iterable[Verdict], segments: Sequence[Segment], texts: Sequence[str]
) -> dict[int, list[list[Any]]]:
    """What was seen in each segment, the strongest first: the sentence, the strength, start and end."""
    at = {segment.id: index for index, segment in enumerate(segments)}
    found: dict[int, list[Evidence]] = {}
    for verdict in verdicts:
        for piece in verdict.evidence:
            if piece.segment in at:
                found.setdefault(at[piece.segment], []).append(piece)
    return {index: _pieces(found[index], Offsets(texts[index])) for index in sorted(found)}


def _pieces(evidence: Iterable[Evidence], at: Offsets) -> list[list[Any]]:
    return [
        [
            piece.message,
            round(piece.strength, 2),
            None if piece.start is None else at(piece.start),
            None if piece.end is None else at(piece.end),
        ]
        for piece in sorted(evidence, key=lambda piece: -piece.strength)
    ]
