"""From a metric's scores of items to those of documents and systems, in every way of counting; no text is scored."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import overload

import numpy as np
from numpy.typing import NDArray

from mteval.comparison import Comparisons, Resampling, compare
from mteval.errors import ContractError
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard, combined, stacked
from mteval.report.base import COUNTINGS, Counting, PairResult, Sources, SystemResult, View
from mteval.scores import DocumentScores, SegmentScores, SystemScore
from mteval.segment import EvalSet
from mteval.stats import bootstrap_interval


class Items(Sequence[Item]):
    """What a metric sees of a system's hypotheses, one item a segment; each is made when it is asked for.

    Args:
        texts: the hypotheses, aligned with ``eval_set.scored``.
        references: the names of the references that it sees.
        card: the metric's; it says whether it is told the languages, and how many segments before each it looks at.
    """

    def __init__(self, eval_set: EvalSet, texts: Sequence[str], references: Sequence[str], card: MetricCard) -> None:
        self._eval_set = eval_set
        self._texts = texts
        self._references = references
        self._context = card.context
        self._pair = eval_set.pair if card.sees_languages else None

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            return [self._item(row) for row in range(*at.indices(len(self)))]
        return self._item(range(len(self))[at])

    def _item(self, row: int) -> Item:
        if not self._context:
            return self._bare(row, ())
        of_document = self._eval_set.rows[self._eval_set.scored[row].document]
        place = bisect_left(of_document, row)
        before = of_document[max(0, place - self._context) : place]
        return self._bare(row, tuple(self._bare(one, ()) for one in before))

    def _bare(self, row: int, context: tuple[Item, ...]) -> Item:
        segment = self._eval_set.scored[row]
        references = tuple(segment.references[name] for name in self._references)
        return Item(segment.source, self._texts[row], references, context, self._pair)


def segment_scores(metric: str, system: str, items: Sequence[ItemScore]) -> SegmentScores:
    """One metric's scores of one system's segments, with their statistics.

    Args:
        metric: the metric's name.
        system: the system's name.
        items: one a segment, in segment order.
    """
    return SegmentScores(metric, system, tuple(item.score for item in items), stacked(items))


def document_scores(found: SegmentScores, metric: Metric, eval_set: EvalSet) -> DocumentScores:
    """One metric's scores of one system's documents."""
    scores = {
        document: None if (statistics := found.scored(rows)) is None else combined(metric, statistics)
        for document, rows in eval_set.rows.items()
    }
    return DocumentScores(found.metric, found.system, scores)


def system_score(
    found: SegmentScores,
    metric: Metric,
    signature: str,
    resampling: Resampling,
    documents: Sequence[str],
    rows: Sequence[int] | None = None,
) -> SystemScore:
    """One metric's score of one system, with its interval.

    Args:
        found: the segments' scores.
        metric: what made them; it combines their statistics, and scores nothing.
        signature: what they were made under.
        documents: the document of each segment.
        rows: the positions of the segments that it is made of; ``None`` for all.

    Raises:
        ContractError: the metric gave no finite number.
    """
    statistics = found.scored(rows)
    if statistics is None:
        return SystemScore(found.metric, found.system, None, None, 0, signature)
    chosen = range(len(found)) if rows is None else rows
    blocks = resampling.blocks([documents[row] for row in chosen if found.scores[row] is not None])
    aggregate = partial(_aggregate, found.metric, metric)
    interval = bootstrap_interval(statistics, aggregate, draws=resampling.draws, seed=resampling.seed, blocks=blocks)
    sums, count = statistics.sum(axis=0, keepdims=True), np.array([float(len(statistics))])
    score = float(aggregate(sums, count)[0])
    return SystemScore(found.metric, found.system, score, interval, len(statistics), signature)


def with_scores(
    pair: PairResult, metrics: Mapping[str, Metric], signatures: Mapping[str, str], resampling: Resampling
) -> PairResult:
    """The same result with all that follows from its segment scores: system scores, comparisons, and views.

    Args:
        pair: its systems have their segment scores, recounted ones among them; its sources are judged.
        metrics: what made the scores, by name; they combine statistics, and score nothing.
        signatures: what they were made under, by metric name.
        resampling: how intervals and tests are made.
    """
    rows_of: dict[Sources, Sequence[int] | None] = {"all": None, **{one: pair.rows_by[one] for one in pair.split}}
    views: dict[tuple[Counting, Sources], View] = {}
    for counting in COUNTINGS:
        if counting == "raw" or any(system.recounted.get(counting) for system in pair.systems):
            for sources, rows in rows_of.items():
                unchanged = views.get(("raw", sources))
                views[counting, sources] = _view(pair, metrics, signatures, resampling, counting, rows, unchanged)
    raw = views.pop(("raw", "all"))
    systems = tuple(
        replace(
            system,
            scores=raw.scores[system.name],
            document_scores={
                name: document_scores(found, metrics[name], pair.eval_set)
                for name, found in system.segment_scores.items()
            },
        )
        for system in pair.systems
    )
    return replace(pair, systems=systems, comparisons=raw.comparisons, views=views)


def _view(
    pair: PairResult,
    metrics: Mapping[str, Metric],
    signatures: Mapping[str, str],
    resampling: Resampling,
    counting: Counting,
    rows: Sequence[int] | None,
    raw: View | None,
) -> View:
    """The scores and comparisons in one way of counting; what no recount changes is ``raw``'s, and not made again."""
    documents = [segment.document for segment in pair.eval_set.scored]
    counted = {system.name: _counted(system, counting) for system in pair.systems}
    changed = {system.name: frozenset(system.recounted.get(counting, {})) for system in pair.systems}
    scores = {
        system: {
            name: system_score(one, metrics[name], signatures[name], resampling, documents, rows)
            if raw is None or name in changed[system]
            else raw.scores[system][name]
            for name, one in found.items()
        }
        for system, found in counted.items()
    }
    ranked = [system.name for system in pair.systems if system.kind == "system"]
    comparisons: dict[str, Comparisons] = {}
    for name, metric in metrics.items():
        if raw is not None and not any(name in changed[system] for system in ranked):
            compared = raw.comparisons.get(name)
        else:
            found = [counted[system][name] for system in ranked if name in counted[system]]
            aggregate = partial(_aggregate, name, metric)
            compared = compare(found, aggregate, metric.card.higher_is_better, documents, resampling, rows)
        if compared is not None:
            comparisons[name] = compared
    return View(scores, comparisons)


def _counted(system: SystemResult, counting: Counting) -> Mapping[str, SegmentScores]:
    """A system's segment scores in one way of counting, by metric name."""
    return {**system.segment_scores, **system.recounted.get(counting, {})}


def _aggregate(
    name: str, metric: Metric, sums: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    scores = metric.aggregate(sums, counts)
    if scores.shape != (len(sums),) or not np.isfinite(scores).all():
        bad = next((float(score) for score in scores.ravel() if not math.isfinite(score)), scores.shape)
        raise ContractError(f"metric {name}", f"gave {bad} for a system", "report it with the eval set")
    return scores
