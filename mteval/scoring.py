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

from mteval.comparing import Compared, UnitPool
from mteval.comparison import Comparisons, Resampling
from mteval.errors import ContractError
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard, combined, stacked
from mteval.report.base import COUNTINGS, Counting, PairResult, Sources, SystemResult, View
from mteval.resampling import Aggregate, Floats, Units, bootstraps, randomisations
from mteval.scores import DocumentScores, SegmentScores, SystemScore
from mteval.segment import EvalSet
from mteval.stats import interval


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
    drawing = _Drawing(resampling, documents)
    drawing.sample(found, metric, rows)
    drawing.draw()
    return drawing.score(found, metric, signature, rows)


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
    shown: list[tuple[Counting, Sources]] = [
        (counting, sources)
        for counting in COUNTINGS
        if counting == "raw" or any(system.recounted.get(counting) for system in pair.systems)
        for sources in rows_of
    ]
    drawing = _Drawing(resampling, list(pair.eval_set.documents_of_scored))
    for counting, sources in shown:
        for system in pair.systems:
            for name, found in _counted(system, counting).items():
                drawing.sample(found, metrics[name], rows_of[sources])
        for name, metric in metrics.items():
            drawing.compare(_ranked(pair, name, counting), metric, rows_of[sources])
    drawing.draw()
    views: dict[tuple[Counting, Sources], View] = {}
    for counting, sources in shown:
        rows = rows_of[sources]
        scores = {
            system.name: {
                name: drawing.score(found, metrics[name], signatures[name], rows)
                for name, found in _counted(system, counting).items()
            }
            for system in pair.systems
        }
        compared = {
            name: drawing.comparisons(_ranked(pair, name, counting), metric, rows) for name, metric in metrics.items()
        }
        views[counting, sources] = View(scores, {name: one for name, one in compared.items() if one is not None})
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


def _ranked(pair: PairResult, metric: str, counting: Counting) -> tuple[SegmentScores, ...]:
    """The segment scores of the systems that are ranked, by one metric in one way of counting."""
    counted = [_counted(system, counting) for system in pair.systems if system.kind == "system"]
    return tuple(of_system[metric] for of_system in counted if metric in of_system)


class _Drawing:
    """All that is resampled of one lang pair: first it is named, then all is drawn, then it is told.

    What is asked for again, as the scores that no recount changes, is the same, and not made again.

    Args:
        resampling: how intervals and tests are made.
        documents: the document of each segment.
    """

    def __init__(self, resampling: Resampling, documents: Sequence[str]) -> None:
        self._resampling = resampling
        self._documents = documents
        self._pool = UnitPool(documents, resampling)
        self._samples: dict[int, tuple[Units, Aggregate]] = {}
        self._compared: dict[object, tuple[Compared | None, Aggregate]] = {}
        self._scores: dict[object, SystemScore] = {}
        self._comparisons: dict[object, Comparisons] = {}
        self._drawn: dict[int, Floats] = {}
        self._swapped: dict[int, Floats] = {}

    def sample(self, found: SegmentScores, metric: Metric, rows: Sequence[int] | None) -> None:
        """Name a system's scores by one metric, of all segments or some, for an interval."""
        if (units := self._units(found, rows)) is not None:
            self._samples.setdefault(id(units), (units, partial(_aggregate, found.metric, metric)))

    def compare(self, found: Sequence[SegmentScores], metric: Metric, rows: Sequence[int] | None) -> None:
        """Name systems' scores by one metric, for comparisons in pairs."""
        key = _identity(found, rows)
        if key not in self._compared:
            aggregate = partial(_aggregate, found[0].metric if found else "", metric)
            compared = Compared.of(found, self._pool, rows)
            self._compared[key] = compared, aggregate
            if compared is not None and compared.tested:
                for units in compared.units:
                    self._samples.setdefault(id(units), (units, aggregate))

    def draw(self) -> None:
        """Draw all that was named, once."""
        how = self._resampling
        if how.draws:
            samples = list(self._samples.values())
            drawn = bootstraps(samples, draws=how.draws, seed=how.seed)
            self._drawn = {id(units): scores for (units, _), scores in zip(samples, drawn, strict=True)}
        if how.trials:
            tests = [(one, aggregate) for one, aggregate in self._compared.values() if one is not None and one.tested]
            swapped = randomisations([(one.units, way) for one, way in tests], trials=how.trials, seed=how.seed)
            self._swapped = {id(one): p_values for (one, _), p_values in zip(tests, swapped, strict=True)}

    def score(self, found: SegmentScores, metric: Metric, signature: str, rows: Sequence[int] | None) -> SystemScore:
        """One metric's score of one system, with its interval.

        Raises:
            ContractError: the metric gave no finite number.
        """
        key = _identity([found], rows)
        if key not in self._scores:
            statistics = found.scored(rows)
            if statistics is None:
                self._scores[key] = SystemScore(found.metric, found.system, None, None, 0, signature)
            else:
                sums, count = statistics.sum(axis=0, keepdims=True), np.array([float(len(statistics))])
                score = float(_aggregate(found.metric, metric, sums, count)[0])
                drawn = self._drawn.get(id(self._units(found, rows)))
                low_high = None if drawn is None else interval(drawn)
                self._scores[key] = SystemScore(found.metric, found.system, score, low_high, len(statistics), signature)
        return self._scores[key]

    def comparisons(
        self, found: Sequence[SegmentScores], metric: Metric, rows: Sequence[int] | None
    ) -> Comparisons | None:
        """All pairs of systems by one metric; ``None`` if there are no two to compare."""
        key = _identity(found, rows)
        compared, aggregate = self._compared[key]
        if compared is None:
            return None
        if key not in self._comparisons:
            drawn = [self._drawn[id(units)] for units in compared.units] if self._drawn and compared.tested else []
            swapped = self._swapped.get(id(compared))
            self._comparisons[key] = compared.concluded(
                aggregate, metric.card.higher_is_better, self._resampling, drawn, swapped
            )
        return self._comparisons[key]

    def _units(self, found: SegmentScores, rows: Sequence[int] | None) -> Units | None:
        """What is drawn; ``None`` if there are fewer than two."""
        chosen = range(len(found)) if rows is None else rows
        there = [row for row in chosen if found.scores[row] is not None]
        units = self._pool.of(found, there) if there else None
        return units if units is not None and len(units) > 1 else None


def _identity(found: Sequence[SegmentScores], rows: Sequence[int] | None) -> object:
    """What tells these scores and rows from others; both live as long as what they are told by."""
    return tuple(map(id, found)), id(rows)


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
