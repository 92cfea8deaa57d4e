"""Meta-evaluation: how well metrics agree with people, on segments and on systems, and which of them agree better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import COEFFICIENTS, Floats, Grouping, Groups, accuracy, accuracy_with_ties, mean
from mteval.errors import DataError
from mteval.metric_tests import Drawn, bounds, exchanged_pairs, exchanged_scores, of_means, of_pairs, of_scores
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, SystemResult
from mteval.soft_accuracy import soft_pairwise_accuracy
from mteval.stats import clusters, holm
from mteval.tie_calibration import Pairs, TooManyPairsError

Level = Literal["segment", "system"]

FEWEST_SYSTEMS = 3
"""With fewer systems than this nothing is said of how metrics order them."""

ENOUGH_DOCUMENTS = 30
"""From so many documents on, whole documents are drawn."""

_SLOW = 100
"""Draws after which a test that is slow may stop, since its p-value is clear."""


@dataclass(frozen=True)
class Settings:
    """How metrics are judged.

    Attributes:
        higher_is_better: whether a higher gold score is a better one; HTER is not.
        draws: of the bootstrap that gives intervals, and of the tests between metrics; 0 for neither.
        seed: of both.
        level: of significance, after Holm's correction.
    """

    higher_is_better: bool = True
    draws: int = 1000
    seed: int = 12345
    level: float = 0.05


@dataclass(frozen=True)
class Found:
    """What one coefficient says of one metric.

    Attributes:
        value: ``None`` where it cannot be said.
        interval: its 95% confidence interval, over segments or documents drawn with replacement.
        tie: for accuracy, up to which difference scores are tied.
        rank: by this coefficient; metrics that cannot be told apart share one. ``None`` where none were tested.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    tie: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Question:
    """One coefficient on one level.

    Attributes:
        by: how scores are grouped.
        name: as a table's head has it.
    """

    level: Level
    name: str
    by: Grouping = "all"

    @property
    def key(self) -> str:
        return f"{self.level} {self.name}"


@dataclass(frozen=True)
class Judged:
    """How well metrics agree with people in one lang pair.

    Attributes:
        pair: the lang pair, and the eval set's name.
        systems: those that have gold scores.
        segments: how many segments have any.
        scores: how many gold scores there are.
        found: by question and metric.
        p_values: by question, for each two metrics the p-value that the one with the greater coefficient agrees better
            by chance, with Holm's correction.
        notices: what must be said, a sentence each.
    """

    pair: str
    eval_set: str
    systems: tuple[str, ...]
    segments: int
    scores: int
    found: Mapping[Question, Mapping[str, Found]]
    p_values: Mapping[Question, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Matrices:
    """Gold scores and metrics' scores, shape [systems, segments], such that higher is better in all."""

    systems: tuple[str, ...]
    gold: Floats
    metrics: Mapping[str, Floats]
    documents: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def units(self) -> Sequence[Sequence[int]]:
        """The positions of the segments that are drawn together."""
        by_document: dict[str, list[int]] = {}
        for row, document in enumerate(self.documents):
            by_document.setdefault(document, []).append(row)
        if ENOUGH_DOCUMENTS <= len(by_document) < len(self.documents):
            return list(by_document.values())
        return [[row] for row in range(len(self.documents))]


def judge(pair: PairResult, cards: Mapping[str, MetricCard], settings: Settings) -> Judged | None:
    """How well the metrics of a run agree with the gold scores of one lang pair; ``None`` if it has none.

    Args:
        cards: the metrics', by name.

    Raises:
        DataError: the gold scores are of no system that ran, or no metric scored what has one.
    """
    if not any(segment.gold for segment in pair.eval_set.scored):
        return None
    found = _matrices(pair, cards, settings)
    questions = list(_questions(len(found.systems)))
    answers: dict[Question, dict[str, Found]] = {}
    p_values: dict[Question, Mapping[tuple[str, str], float]] = {}
    notices = list(found.notices)
    for question in questions:
        try:
            asked = _Asked(question, found, settings)
        except TooManyPairsError as error:
            notices.append(f"{question.key}: {error}, and it is left out")
            continue
        answers[question] = {name: asked.answer(name) for name in found.metrics}
        p_values[question] = asked.tests(answers[question]) if settings.draws else {}
        answers[question] = _ranked(answers[question], p_values[question], settings.level)
    return Judged(
        str(pair.eval_set.pair),
        pair.eval_set.name,
        found.systems,
        int((~np.isnan(found.gold)).any(axis=0).sum()),
        int((~np.isnan(found.gold)).sum()),
        answers,
        p_values,
        tuple(notices),
    )


def _questions(systems: int) -> Iterator[Question]:
    """What is asked: with several systems, segments' scores are also compared among the systems of one segment, which
    says whether a metric chooses the better translation; with one that cannot be asked."""
    yield Question("segment", "pearson")
    yield Question("segment", "spearman")
    if systems > 1:
        yield Question("segment", "kendall", "segment")
        yield Question("segment", "accuracy", "segment")
    else:
        yield Question("segment", "kendall")
        yield Question("segment", "accuracy")
    if systems >= FEWEST_SYSTEMS:
        yield from (Question("system", name) for name in ("pearson", "kendall", "accuracy", "soft accuracy"))


class _Asked:
    """One question, to be answered for each metric."""

    def __init__(self, question: Question, found: _Matrices, settings: Settings) -> None:
        self._question = question
        self._found = found
        self._settings = settings
        self._tied = question.level == "segment" and question.name == "accuracy"
        self._coefficient = COEFFICIENTS.get(question.name, accuracy)
        self._groups = Groups.of(found.gold, question.by)
        self._pairs = Pairs.of(self._groups) if self._tied else None
        self._ties: dict[str, float] = {}

    def answer(self, metric: str) -> Found:
        """What the coefficient says of a metric, with its interval."""
        scores, tie = self._found.metrics[metric], None
        if self._pairs is not None:
            value, tie = self._pairs.calibrated(scores)
            self._ties[metric] = tie
        else:
            value = self._value(self._found.gold, scores)
        if np.isnan(value):
            return Found(None)
        settings = self._settings
        if not settings.draws:
            return Found(value, None, tie)
        size = self._found.gold.shape[1]
        drawn = bounds(self._drawn(scores, tie), size, self._found.units, draws=settings.draws, seed=settings.seed)
        return Found(value, drawn, tie)

    def _value(self, gold: Floats, scores: Floats) -> float:
        if self._question.level == "system":
            return _of_systems(self._question.name, gold, scores)
        return Groups.of(gold, self._question.by).average(self._coefficient, scores)

    def _drawn(self, scores: Floats, tie: float | None) -> Drawn:
        """What is said of draws of segments; the threshold for ties stays."""
        gold = self._found.gold
        if self._question.by == "segment":
            coefficient = self._coefficient if tie is None else partial(accuracy_with_ties, tie=tie)
            values = np.full(gold.shape[1], np.nan)
            values[(~np.isnan(gold)).sum(axis=0) > 1] = self._groups.values(coefficient, self._groups.scores(scores))
            return of_means(values)
        if tie is not None:
            return of_pairs(_right(gold[0], scores[0], tie))  # of one system, or segments would be compared as above
        return of_scores(self._value, gold, scores)

    def tests(self, answers: Mapping[str, Found]) -> Mapping[tuple[str, str], float]:
        """For each two metrics, the better one first, how likely it is better by chance; corrected for so many."""
        there = {name: found.value for name, found in answers.items() if found.value is not None}
        order = sorted(there, key=lambda name: -there[name])
        found = {pair: p for pair in combinations(order, 2) if (p := self._p_value(*pair)) is not None}
        return dict(zip(found, holm(list(found.values())), strict=True))

    def _p_value(self, better: str, worse: str) -> float | None:
        one, other = (self._found.metrics[name] for name in (better, worse))
        settings = self._settings
        if self._question.level == "system":
            if self._question.name == "soft accuracy":
                return None  # no test of it was published
            gold, *means = (_means(part, self._found.gold) for part in (self._found.gold, one, other))
            groups = Groups.of(gold[None], "all")
            parts = means[0][None], means[1][None]
            return exchanged_scores(groups, self._coefficient, *parts, draws=settings.draws, seed=settings.seed)
        if self._pairs is not None:
            ties = self._ties[better], self._ties[worse]
            return exchanged_pairs(
                self._groups, self._pairs, one, other, ties, draws=settings.draws, seed=settings.seed
            )
        return exchanged_scores(
            self._groups, self._coefficient, one, other, draws=settings.draws, seed=settings.seed, block=_SLOW
        )


def _right(gold: Floats, scores: Floats, tie: float) -> NDArray[np.bool_]:
    """Which pairs of segments stand in the order of their gold scores: shape [segments, segments]."""
    difference = scores[:, None] - scores[None, :]
    by_scores = np.where(np.abs(difference) <= tie, 0, np.sign(difference))
    return np.equal(by_scores, np.sign(gold[:, None] - gold[None, :]))


def _means(scores: Floats, gold: Floats) -> Floats:
    """Each system's mean over the segments that all systems have a gold score of: shape [systems]."""
    return np.asarray(scores[:, ~np.isnan(gold).any(axis=0)].mean(axis=1), np.float64)


def _of_systems(name: str, gold: Floats, scores: Floats) -> float:
    """A coefficient of systems, by their means."""
    if np.isnan(gold).any(axis=0).all():
        return float("nan")
    if name == "soft accuracy":
        return soft_pairwise_accuracy(gold, scores)
    return mean(COEFFICIENTS[name](_means(gold, gold)[None], _means(scores, gold)[None]))


def _ranked(answers: Mapping[str, Found], p_values: Mapping[tuple[str, str], float], level: float) -> dict[str, Found]:
    """The same answers with ranks, where all metrics were tested against one another."""
    there = [name for name, found in answers.items() if found.value is not None]
    order = sorted(there, key=lambda name: -(answers[name].value or 0.0))
    if len(order) < 2 or len(p_values) < len(order) * (len(order) - 1) // 2:
        return dict(answers)

    def told_apart(above: int, below: int) -> bool:
        return p_values[order[above], order[below]] < level

    ranks = dict(zip(order, clusters(len(order), told_apart), strict=True))
    return {name: Found(found.value, found.interval, found.tie, ranks.get(name)) for name, found in answers.items()}


def _matrices(pair: PairResult, cards: Mapping[str, MetricCard], settings: Settings) -> _Matrices:
    where = f"{pair.eval_set.name} {pair.eval_set.pair}"
    segments = pair.eval_set.scored
    named = dict.fromkeys(name for segment in segments for name in segment.gold)
    judged = [system for system in pair.systems if system.name in named]
    if not judged:
        problem = f"the gold scores are of {', '.join(named)}, none of which ran"
        raise DataError(where, problem, "run the systems that people judged, as systems=[stored]")
    notices = []
    if lost := [name for name in named if name not in {system.name for system in judged}]:
        notices.append(f"gold scores of {', '.join(lost)} are left out: no such system ran")
    gold = np.array([[segment.gold.get(system.name, np.nan) for segment in segments] for system in judged], np.float64)
    gold = gold if settings.higher_is_better else -gold
    metrics = {}
    for name, card in cards.items():
        scores = np.array([_scores(system, name, len(segments)) for system in judged])
        if np.isnan(scores[~np.isnan(gold)]).all():
            notices.append(f"{name} scored nothing that has a gold score, and is left out")
            continue
        metrics[name] = scores if card.higher_is_better else -scores
    if not metrics:
        raise DataError(where, "no metric scored what has a gold score", "choose metrics with metrics=[…]")
    lacking = ~np.isnan(gold) & np.any([np.isnan(scores) for scores in metrics.values()], axis=0)
    if lacking.any():
        without = [name for name, scores in metrics.items() if np.isnan(scores[~np.isnan(gold)]).any()]
        notices.append(
            f"{int(lacking.sum())} gold scores are left out for all metrics: {', '.join(without)} did not score them"
        )
        gold = np.where(lacking, np.nan, gold)
    there: NDArray[np.bool_] = ~np.isnan(gold).all(axis=0)
    documents = [segment.document for segment, one in zip(segments, there, strict=True) if one]
    kept = {name: scores[:, there] for name, scores in metrics.items()}
    names = tuple(system.name for system in judged)
    return _Matrices(names, gold[:, there], kept, tuple(documents), tuple(notices))


def _scores(system: SystemResult, metric: str, segments: int) -> Floats:
    found = system.segment_scores.get(metric)
    return np.full(segments, np.nan) if found is None else found.numbers
