"""Writes ``segments.jsonl``: all that was found of each segment, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mteval.files import write_jsonl
from mteval.garble.base import SegmentVerdict
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.judged import segment_verdicts
from mteval.segment import Segment


class Segments(Report):
    """Writes ``segments.jsonl``, a line a segment in eval set order.

    A line holds the source, references, notes, gold scores, and by system the hypothesis, each metric's score (``null``
    where there is none), the gate's marks, error spans, the metrics that did not see the segment whole, and the verdict
    on the hypothesis by itself, as ``source_verdict`` is that on the source (``null`` where there is none). Page
    furniture that was left out has a line too, ``"furniture": true``, with no hypotheses. Spans count characters of
    the hypothesis from 0, end exclusive; ``start`` and ``end`` of the line those of the document's text.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "segments.jsonl"
        write_jsonl(path, (row for pair in result.pairs for row in _rows(pair)))
        return path


def _rows(pair: PairResult) -> Iterable[dict[str, Any]]:
    at = 0
    truncated = {s.name: {metric: frozenset(cut) for metric, cut in s.truncated.items()} for s in pair.systems}
    sources = segment_verdicts(pair.sources)
    verdicts = {system.name: segment_verdicts(system.verdicts) for system in pair.systems}
    for segment in pair.eval_set.segments:
        scored = pair.eval_set.include_furniture or not segment.furniture
        row = _row(pair, segment, at if scored else None, truncated)
        row["source_verdict"] = _said(sources.get(segment.id))
        row["verdicts"] = {name: _said(verdicts[name].get(segment.id)) for name in row["hypotheses"]}
        yield row
        at += scored


def _said(verdict: SegmentVerdict | None) -> dict[str, Any] | None:
    return None if verdict is None else {"verdict": verdict.label, "probability": verdict.probability}


def _row(
    pair: PairResult, segment: Segment, at: int | None, truncated: Mapping[str, Mapping[str, frozenset[int]]]
) -> dict[str, Any]:
    systems = pair.systems if at is not None else ()
    index = at or 0
    return {
        "lang_pair": str(pair.eval_set.pair),
        "segment": segment.id,
        "document": segment.document,
        "paragraph": segment.paragraph,
        "start": segment.start,
        "end": segment.end,
        "furniture": segment.furniture,
        "source": segment.source,
        "references": dict(segment.references),
        "notes": segment.notes,
        "gold": dict(segment.gold),
        "hypotheses": {system.name: system.hypotheses.texts[index] for system in systems},
        "scores": {
            system.name: {metric: scores.scores[index] for metric, scores in system.segment_scores.items()}
            for system in systems
        },
        "marks": {system.name: [vars(mark) for mark in system.marks[index]] for system in systems},
        "spans": {
            system.name: {
                metric: [vars(span) for span in found]
                for metric, spans in system.spans.items()
                if (found := spans[index]) is not None
            }
            for system in systems
        },
        "truncated": {
            system.name: [metric for metric, cut in truncated[system.name].items() if index in cut]
            for system in systems
        },
    }
