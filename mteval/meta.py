"""Meta-evaluation: how well metrics agree with people, on segments and on systems, and which of them agree better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mteval.correlations import COEFFICIENTS, Floats, Grouping, Groups, accuracy, accuracy_with_ties
from mteval.meta_garble import Detection, detection
from mteval.meta_matrices import Matrices, matrices
from mteval.metric_tests import Drawn, bounds, exchanged_pairs, exchanged_scores, of_means, of_pairs, of_scores
from mteval.metrics.base import Metric, MetricCard
from mteval.report.base import PairResult
from mteval.soft_accuracy import soft_pairwise_accuracy
from mteval.stats import clusters, holm
from mteval.tie_calibration import Pairs, TooManyPairsError

Level = Literal["segment", "system"]

SOFT = "soft accuracy"

FEWEST_SYSTEMS = 3
"""With fewer systems than this nothing is said of how metrics order them."""

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
        bad_at: a gold score as bad as this, or worse, is that of a hypothesis that should be called garbled; ``None``
            to leave verdicts alone.
    """

    higher_is_better: bool = True
    draws: int = 1000
    seed: int = 12345
    level: float = 0.05
    bad_at: float | None = None


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
        garbled: how well verdicts find what people found bad; ``None`` where that was not asked, or cannot be said.
    """

    pair: str
    eval_set: str
    systems: tuple[str, ...]
    segments: int
    scores: int
    found: Mapping[Question, Mapping[str, Found]]
    p_values: Mapping[Question, Mapping[tuple[str, str], float]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    garbled: Detection | None = None


def judge(pair: PairResult, metrics: Mapping[str, Metric], settings: Settings) -> Judged | None:
    """How well the metrics of a run agree with the gold scores of one lang pair; ``None`` if it has none.

    Args:
        metrics: by name; they combine segment statistics, and score nothing.

    Raises:
        DataError: the gold scores are of no system that ran, or no metric scored what has one.
    """
    if not any(segment.gold for segment in pair.eval_set.scored):
        return None
    found = matrices(pair, metrics, higher_is_better=settings.higher_is_better)
    questions = list(_questions(len(found.systems)))
    answers: dict[Question, dict[str, Found]] = {}
    p_values: dict[Question, Mapping[tuple[str, str], float]] = {}
    notices = [*_leaks(pair.eval_set.name, {name: metrics[name].card for name in found.metrics}), *found.notices]
    for question in questions:
        try:
            asked = _Asked(question, found, settings)
        except TooManyPairsError as error:
            notices.append(f"{question.key}: {error}, and it is left out")
            continue
        answers[question] = {name: asked.answer(name) for name in found.metrics}
        p_values[question] = asked.tests(answers[question]) if settings.draws else {}
        answers[question] = _ranked(answers[question], p_values[question], settings.level)
    garbled = None
    if settings.bad_at is not None:
        higher, draws, seed = settings.higher_is_better, settings.draws, settings.seed
        garbled = detection(pair, found.systems, settings.bad_at, higher_is_better=higher, draws=draws, seed=seed)
        if garbled is None:
            notices.append("verdicts are not judged: people found all hypotheses that have one bad, or none of them")
    return Judged(
        str(pair.eval_set.pair),
        pair.eval_set.name,
        found.systems,
        int((~np.isnan(found.gold)).any(axis=0).sum()),
        int((~np.isnan(found.gold)).sum()),
        answers,
        p_values,
        tuple(notices),
        garbled,
    )


def _leaks(eval_set: str, cards: Mapping[str, MetricCard]) -> Iterator[str]:
    """Which metrics were trained on an eval set's gold scores, or on others of the same test set; a sentence each."""
    for card in cards.values():
        for name in card.trained_on:
            if re.match(rf"{re.escape(name.lower())}(?![0-9a-z])", eval_set.lower()):
                told = "its agreement here says little of other texts"
                yield f"{card.label} was trained on gold scores of {name}: {told}"


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
        yield from (Question("system", name) for name in ("pearson", "kendall", "accuracy", SOFT))


class _Asked:
    """One question, to be answered for each metric."""

    def __init__(self, question: Question, found: Matrices, settings: Settings) -> None:
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
        elif self._question.level == "system":
            value = float(self._drawn(metric, None)(np.ones((1, self._found.gold.shape[1])))[0])
        else:
            value = self._groups.average(self._coefficient, scores)
        if np.isnan(value):
            return Found(None)
        settings = self._settings
        if not settings.draws:
            return Found(value, None, tie)
        size = self._found.gold.shape[1]
        drawn = bounds(self._drawn(metric, tie), size, self._found.units, draws=settings.draws, seed=settings.seed)
        return Found(value, drawn, tie)

    def _drawn(self, metric: str, tie: float | None) -> Drawn:
        """What is said of draws of segments; the threshold for ties stays."""
        found, question, scores = self._found, self._question, self._found.metrics[metric]
        if question.level == "system":
            if question.name == SOFT:
                return of_scores(soft_pairwise_accuracy, found.gold, scores)
            return lambda times: self._coefficient(found.gold_of_systems(times), found.of_systems[metric](times))
        if question.by == "segment":
            coefficient = self._coefficient if tie is None else partial(accuracy_with_ties, tie=tie)
            values = np.full(found.gold.shape[1], np.nan)
            several = (~np.isnan(found.gold)).sum(axis=0) > 1
            values[several] = self._groups.values(coefficient, self._groups.scores(scores))
            return of_means(values)
        if tie is not None:
            return of_pairs(_right(found.gold[0], scores[0], tie))  # of one system, or segments would be compared
        return of_scores(
            lambda gold, drawn: Groups.of(gold, question.by).average(self._coefficient, drawn), found.gold, scores
        )

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
            if self._question.name == SOFT:
                return None  # no test of it was published
            all_once = np.ones((1, self._found.gold.shape[1]))
            parts = [self._found.of_systems[name](all_once) for name in (better, worse)]
            groups = Groups.of(self._found.gold_of_systems(all_once), "all")
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


def _ranked(answers: Mapping[str, Found], p_values: Mapping[tuple[str, str], float], level: float) -> dict[str, Found]:
    """The same answers with ranks, where all metrics were tested against one another."""
    there = [name for name, found in answers.items() if found.value is not None]
    order = sorted(there, key=lambda name: -(answers[name].value or 0.0))
    if len(order) < 2 or len(p_values) < len(order) * (len(order) - 1) // 2:
        return dict(answers)

    def told_apart(above: int, below: int) -> bool:
        return p_values[order[above], order[below]] < level

    ranks = {name: rank + 1 for name, rank in zip(order, clusters(len(order), told_apart), strict=True)}
    return {name: Found(found.value, found.interval, found.tie, ranks.get(name)) for name, found in answers.items()}
