"""Which conclusions of a run hold whatever is chosen: the metric, its tokenizer and precision, the texts, the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np

from mteval.comparing import Compared, UnitPool, compare
from mteval.comparison import Comparisons, Resampling
from mteval.errors import DataError
from mteval.metrics.base import Metric
from mteval.report.base import COUNTINGS, PairResult
from mteval.resampling import bootstraps
from mteval.scores import SegmentScores
from mteval.scoring import Items, segment_scores

Kind = Literal["metric", "tokenizer", "precision", "gate", "sources"]

Outcome = Literal["same", "lost", "found", "reversed"]
"""What becomes of a conclusion: it stays; a difference is told no more, or told that was not; the other is better."""

WORDS: Mapping[Outcome, str] = {"same": "stays", "lost": "lost", "found": "new", "reversed": "REVERSED"}

_GATES = {"gated": "failures count as nothing", "decoded": "entities decoded"}


@dataclass(frozen=True)
class Variant:
    """One choice other than the run's.

    Attributes:
        name: in words: ``TER``, ``clean sources``.
        comparisons: what follows from it.
    """

    kind: Kind
    name: str
    comparisons: Comparisons


@dataclass(frozen=True)
class Conclusion:
    """What a run says of two systems, and whether it holds.

    Attributes:
        better: by the run's own choices; the better one by its score, where they are not told apart.
        told_apart: whether the difference is significant.
        outcomes: by variant.
        holds: in how many of all draws of units the one is before the other as in the run; ``None`` without draws.
    """

    better: str
    worse: str
    told_apart: bool
    outcomes: Mapping[tuple[Kind, str], Outcome | None]
    holds: float | None


@dataclass(frozen=True)
class Stability:
    """One lang pair.

    Attributes:
        metric: the label of the metric that ranks.
        variants: what was changed.
        conclusions: for each two systems.
    """

    pair: str
    eval_set: str
    metric: str
    variants: tuple[tuple[Kind, str], ...]
    conclusions: tuple[Conclusion, ...]


Rescored = Callable[[PairResult], Iterator[tuple[Kind, str, Metric, Mapping[str, SegmentScores]]]]
"""Scores hypotheses anew in other ways than the run did: the kind, the name, the metric and its scores by system."""


def stability(
    pair: PairResult, metrics: Mapping[str, Metric], resampling: Resampling, rescored: Rescored | None = None
) -> Stability | None:
    """Which conclusions of one lang pair hold; ``None`` for fewer than two ranked systems.

    Args:
        pair: with all that follows from its segment scores.
        metrics: by name; the first that compares the systems draws the run's own conclusions.
        resampling: how the run makes tests.
        rescored: what is scored anew; ``None`` for nothing.
    """
    first = next((name for name in metrics if name in pair.comparisons), None)
    if first is None:
        return None
    own = pair.comparisons[first]
    if not own.tested:
        remedy = "run it with significance.trials, or bootstrap_draws and significance.test=bootstrap"
        raise DataError(f"{pair.eval_set.name} {pair.eval_set.pair}", "the run made no tests", remedy)
    variants = [*_recorded(pair, metrics, first)]
    documents = list(pair.eval_set.documents_of_scored)
    for kind, name, metric, scores in rescored(pair) if rescored is not None else ():
        found = compare(
            [scores[system] for system in own.systems if system in scores],
            metric.aggregate,
            metric.card.higher_is_better,
            documents,
            resampling,
        )
        if found is not None:
            variants.append(Variant(kind, name, found))
    order = _drawn_orders(pair, metrics[first], first, own, resampling)
    conclusions = tuple(_conclusion(own, one, other, variants, order) for one, other in combinations(own.systems, 2))
    label = metrics[first].card.label
    keys = tuple((variant.kind, variant.name) for variant in variants)
    return Stability(str(pair.eval_set.pair), pair.eval_set.name, label, keys, conclusions)


def _recorded(pair: PairResult, metrics: Mapping[str, Metric], first: str) -> Iterator[Variant]:
    """What the run itself holds of other choices."""
    for name, metric in metrics.items():
        if name != first and name in pair.comparisons:
            yield Variant("metric", metric.card.label, pair.comparisons[name])
    for (counting, sources), view in pair.views.items():
        if first not in view.comparisons:
            continue
        if counting in COUNTINGS[1:] and sources == "all":
            yield Variant("gate", _GATES[counting], view.comparisons[first])
        elif counting == "raw":
            yield Variant("sources", f"{sources} sources", view.comparisons[first])


def _drawn_orders(
    pair: PairResult, metric: Metric, name: str, own: Comparisons, resampling: Resampling
) -> Mapping[tuple[str, str], float]:
    """For each two systems how often, in draws of units, the first is the better one."""
    found = [system.segment_scores[name] for system in pair.systems if system.name in own.systems]
    pool = UnitPool(list(pair.eval_set.documents_of_scored), resampling)
    compared = Compared.of(found, pool, None)
    if compared is None or not compared.tested or not resampling.draws:
        return {}
    samples = [(units, metric.aggregate) for units in compared.units]
    drawn = bootstraps(samples, draws=resampling.draws, seed=resampling.seed)
    sign = 1 if own.higher_is_better else -1
    scores = {one.system: sign * values for one, values in zip(compared.found, drawn, strict=True)}
    return {
        (one, other): float(np.mean(scores[one] > scores[other]) + np.mean(scores[one] == scores[other]) / 2)
        for one in scores
        for other in scores
        if one != other
    }


def _conclusion(
    own: Comparisons,
    one: str,
    other: str,
    variants: Sequence[Variant],
    order: Mapping[tuple[str, str], float],
) -> Conclusion:
    pair = own.between(one, other)
    assert pair is not None  # they are of those that were compared
    ahead = pair.difference > 0 if own.higher_is_better else pair.difference < 0
    better, worse = (one, other) if ahead or pair.difference == 0 else (other, one)
    told = own.better(better, worse)
    outcomes = {
        (variant.kind, variant.name): _outcome(told, better, worse, variant.comparisons) for variant in variants
    }
    return Conclusion(better, worse, told, outcomes, order.get((better, worse)))


def _outcome(told: bool, better: str, worse: str, found: Comparisons) -> Outcome | None:
    """What becomes of a conclusion; ``None`` where the variant does not compare the two."""
    if found.between(better, worse) is None:
        return None
    if found.better(worse, better):
        return "reversed" if told else "found"
    if found.better(better, worse):
        return "same" if told else "found"
    return "lost" if told else "same"


def rescore(
    pair: PairResult, ways: Sequence[tuple[Kind, str, str, Metric]]
) -> Iterator[tuple[Kind, str, Metric, Mapping[str, SegmentScores]]]:
    """Score the hypotheses of the ranked systems anew.

    Args:
        ways: the kind, the name, the metric's own name, and the metric as it is to score.
    """
    for kind, name, metric_name, metric in ways:
        references = pair.eval_set.reference_names if metric.card.needs_reference else ()
        if metric.card.needs_reference and not references:
            continue
        scores = {}
        for system in pair.systems:
            if system.kind != "system" or metric_name not in system.segment_scores:
                continue
            items = Items(pair.eval_set, system.hypotheses.texts, references, metric.card)
            found = dict(metric.score(list(items)))
            in_order = [found[position] for position in range(len(items))]
            scores[system.name] = segment_scores(metric_name, system.name, in_order)
        metric.close()
        yield kind, name, metric, scores


def rescoring(ways: Sequence[tuple[Kind, str, str, Metric]]) -> Rescored:
    """``rescore`` in these ways."""
    return partial(rescore, ways=ways)
