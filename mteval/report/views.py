"""A lang pair's result seen in another way of counting: with other scores, or as if it held some documents alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mteval.report.base import Counting, PairResult, Sources, SystemResult
from mteval.segment import LazySegments, Segment
from mteval.texts import Chosen


def through(pair: PairResult, counting: Counting, sources: Sources) -> PairResult:
    """The same result in one of its other views, as if that were all there is.

    Raises:
        KeyError: the pair has no such view.
    """
    view = pair.views[counting, sources]
    systems = tuple(replace(system, scores=view.scores[system.name]) for system in pair.systems)
    seen = replace(pair, systems=systems, comparisons=view.comparisons, views={})
    return seen if sources == "all" else _on(seen, sources)


def _on(pair: PairResult, sources: Sources) -> PairResult:
    """The same result, as if the eval set held some documents alone."""
    kept, rows = frozenset(pair.documents_by[sources]), pair.rows_by[sources]
    eval_set = replace(
        pair.eval_set,
        documents=tuple(document for document in pair.eval_set.documents if document.id in kept),
        segments=_of_documents(pair.eval_set.segments, kept),
        hypotheses={},
    )

    def only(system: SystemResult) -> SystemResult:
        return replace(
            system,
            hypotheses=replace(system.hypotheses, texts=Chosen(system.hypotheses.texts, rows)),
            marks=tuple(system.marks[row] for row in rows),
            segment_scores={},
            spans={},
            truncated={metric: _moved(cut, rows) for metric, cut in system.truncated.items()},
            verdicts=tuple(verdict for verdict in system.verdicts if verdict.document in kept),
            recounted={},
        )

    judged = tuple(verdict for verdict in pair.sources if verdict.document in kept)
    return replace(pair, eval_set=eval_set, systems=tuple(only(system) for system in pair.systems), sources=judged)


def _of_documents(segments: Sequence[Segment], kept: frozenset[str]) -> Sequence[Segment]:
    if isinstance(segments, LazySegments):
        return segments.of_documents(kept)
    return tuple(segment for segment in segments if segment.document in kept)


def _moved(positions: Iterable[int], rows: Sequence[int]) -> tuple[int, ...]:
    """Where some segments are found among ``rows``; those that are not there are left out."""
    at = {row: index for index, row in enumerate(rows)}
    return tuple(at[position] for position in positions if position in at)
