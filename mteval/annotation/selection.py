"""Which segments are worth a person's time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mteval.annotation.base import Item, Key, Reason
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, SystemResult
from mteval.segment import ErrorSpan
from mteval.stats import Floats

BEFORE = 2
"""Sources that stand before an item's."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Plan:
    """What is to be chosen.

    Attributes:
        segments: how many, of each lang pair.
        random: which share of them is drawn at random, 0 to 1: from these alone means can be estimated without bias.
        checks: how many checks there are for each item, 0 to 1; half of them damaged, half repeated.
        systems: whose hypotheses are judged; none for all that are ranked.
        spans: the metric whose error spans are filled in; ``None`` for the first that gives any.
        threshold: the probability from which a hypothesis is garbled.
        seed: of everything random.
    """

    segments: int
    random: float = 0.3
    checks: float = 0.1
    systems: tuple[str, ...] = ()
    spans: str | None = None
    threshold: float = 0.5
    seed: int = 12345


def chosen(pair: PairResult, cards: Mapping[str, MetricCard], plan: Plan) -> dict[int, Reason]:
    """The positions of the chosen segments in ``EvalSet.scored``, with the reason, the random ones first.

    The rest goes in turn to the segments on which metrics disagree most, on which a verdict is nearest to its
    threshold, and on which the two best systems differ most by the first metric. A segment is chosen once; where there
    are neither metrics nor verdicts all are drawn at random.
    """
    generator = random.Random(f"{plan.seed} {pair.eval_set.pair} {pair.eval_set.name}")
    size = len(pair.eval_set.scored)
    wanted = min(plan.segments, size)
    queues = [(reason, iter(order)) for reason, order in _orders(pair, cards, plan)]
    drawn = generator.sample(range(size), round(plan.random * wanted) if queues else wanted)
    found: dict[int, Reason] = dict.fromkeys(sorted(drawn), "random")
    while len(found) < wanted and queues:
        for queue in tuple(queues):
            reason, order = queue
            row = next((row for row in order if row not in found), None)
            if row is None:
                queues.remove(queue)
            elif len(found) < wanted:
                found[row] = reason
    return found


def _orders(pair: PairResult, cards: Mapping[str, MetricCard], plan: Plan) -> Iterator[tuple[Reason, list[int]]]:
    """For each reason the segments for which it holds, the best first."""
    systems = systems_of(pair, plan)
    ranks = {name: scores for name in cards if (scores := _ranks(systems, name, cards[name])) is not None}
    if len(ranks) > 1:
        stacked = np.stack(list(ranks.values()))
        spread = np.nanmean(np.nanmax(stacked, axis=0) - np.nanmin(stacked, axis=0), axis=0)
        yield "metrics disagree", _descending(spread)
    near = _nearness(pair, systems, plan.threshold)
    if near is not None:
        yield "verdict near its threshold", _descending(near)
    if ranks and len(systems) > 1:
        first = next(iter(ranks.values()))
        best = np.argsort(-np.nanmean(first, axis=1), kind="stable")[:2]
        yield "top systems differ", _descending(np.abs(first[best[0]] - first[best[1]]))


def systems_of(pair: PairResult, plan: Plan) -> tuple[SystemResult, ...]:
    """The systems whose hypotheses are judged."""
    if plan.systems:
        return tuple(system for system in pair.systems if system.name in plan.systems)
    return tuple(system for system in pair.systems if system.kind == "system")


def _ranks(systems: Sequence[SystemResult], metric: str, card: MetricCard) -> Floats | None:
    """A metric's segment scores as shares of the way from the worst to the best: shape [systems, segments]."""
    if not all(metric in system.segment_scores for system in systems):
        return None
    from scipy.stats import rankdata

    scores = np.array([system.segment_scores[metric].numbers for system in systems])
    scores = scores if card.higher_is_better else -scores
    there = ~np.isnan(scores)
    found = np.full(scores.shape, np.nan)
    if there.sum() > 1:
        found[there] = (rankdata(scores[there]) - 1) / (there.sum() - 1)
    return found if there.any() else None


def _nearness(pair: PairResult, systems: Sequence[SystemResult], threshold: float) -> Floats | None:
    """How near the nearest system's verdict on each segment is to the threshold, as a negative distance."""
    found = np.full((len(systems), len(pair.eval_set.scored)), np.nan)
    for at, system in enumerate(systems):
        for verdict in system.verdicts:
            rows = pair.eval_set.rows[verdict.document]
            found[at, list(rows)] = [one.probability for one in verdict.segments]
    if np.isnan(found).all():
        return None
    distance = np.abs(found - threshold)
    return np.asarray(-np.nanmin(np.where(np.isnan(distance), np.inf, distance), axis=0), np.float64)


def _descending(values: Floats) -> list[int]:
    there: NDArray[np.intp] = np.flatnonzero(np.isfinite(values))
    return [int(row) for row in there[np.argsort(-values[there], kind="stable")]]


def items(pair: PairResult, rows: Mapping[int, Reason], plan: Plan) -> list[tuple[Item, Key]]:
    """What annotators are asked, in random order, with what it is; checks among it.

    Hypotheses that are the same are asked about once.
    """
    name = f"{pair.eval_set.pair} {pair.eval_set.name}"
    generator = random.Random(f"{plan.seed} {name} items")
    systems, segments = systems_of(pair, plan), pair.eval_set.scored
    ids = _ids(generator)
    found: list[tuple[Item, Key]] = []
    for row, reason in rows.items():
        segment = segments[row]
        by_text: dict[str, list[SystemResult]] = {}
        for system in systems:
            by_text.setdefault(system.hypotheses.texts[row], []).append(system)
        for text, same in by_text.items():
            before = tuple(segments[one].source for one in _before(pair, row))
            item = Item(next(ids), str(pair.eval_set.pair), before, segment.source, text, _spans(same, row, plan.spans))
            names = tuple(system.name for system in same)
            found.append((item, Key(item.id, item.lang_pair, segment.document, segment.id, names, reason)))
    found += list(_checks(found, ids, generator, plan.checks))
    generator.shuffle(found)
    return found


def _ids(generator: random.Random) -> Iterator[str]:
    """Names that tell nothing, each once."""
    given: set[str] = set()
    while True:
        name = "".join(generator.choice(_ALPHABET) for _ in range(8))
        if name not in given:
            given.add(name)
            yield name


def _before(pair: PairResult, row: int) -> list[int]:
    rows = list(pair.eval_set.rows[pair.eval_set.scored[row].document])
    at = rows.index(row)
    return rows[max(0, at - BEFORE) : at]


def _spans(systems: Sequence[SystemResult], row: int, metric: str | None) -> tuple[ErrorSpan, ...]:
    """The errors that a metric found."""
    for system in systems:
        for name, spans in system.spans.items():
            if metric in (None, name) and (found := spans[row]) is not None:
                return found
    return ()


def _checks(
    found: Sequence[tuple[Item, Key]], ids: Iterator[str], generator: random.Random, share: float
) -> Iterator[tuple[Item, Key]]:
    """Damaged and repeated items, in turn; only a hypothesis of four words or more can be damaged."""
    count = round(share * len(found))
    for number, (item, key) in enumerate(generator.sample(list(found), min(count, len(found)))):
        words = item.hypothesis.split()
        if number % 2 == 0 and len(words) > 3:
            generator.shuffle(words)
            made = replace(item, id=next(ids), hypothesis=" ".join(words), spans=())
            yield made, replace(key, item=made.id, systems=(), reason="check", check="damaged", of=item.id)
        else:
            made = replace(item, id=next(ids))
            yield made, replace(key, item=made.id, reason="check", check="repeated", of=item.id)
