"""Who is better by one metric: places, ranks, the best score, and whether the scores can be compared at all.

``scores`` are always one metric's, by system name; a system that the metric said nothing of is absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mteval.errors import ComparabilityError
from mteval.metrics.base import MetricCard
from mteval.metrics.families import family_of
from mteval.report.base import PairResult, SystemResult
from mteval.scores import SystemScore
from mteval.signature import difference

Scores = Mapping[str, SystemScore]


@dataclass(frozen=True)
class Standing:
    """Where a system stands by one metric.

    Attributes:
        place: by the score alone, from 1; equal scores share one and the next is passed over.
        rank: the first place of its cluster: systems that cannot be told apart share a rank.
        last: the last place of its cluster.
    """

    place: int
    rank: int
    last: int

    @property
    def text(self) -> str:
        """The rank as a table shows it: ``1``, or ``2–4`` for a cluster."""
        return str(self.rank) if self.rank == self.last else f"{self.rank}–{self.last}"


def scores_of(metric: str, systems: Iterable[SystemResult]) -> Scores:
    """One metric's scores of some systems."""
    return {system.name: system.scores[metric] for system in systems if metric in system.scores}


def signatures(scores: Scores) -> dict[str, tuple[str, ...]]:
    """Each signature, with the names of the systems that were scored under it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, score in scores.items():
        found[score.signature] = (*found.get(score.signature, ()), name)
    return found


def check_comparable(label: str, scores: Scores) -> None:
    """Make sure that all who have a score were scored under one signature.

    Args:
        label: the metric's, for the error.

    Raises:
        ComparabilityError: they were not; it names what differs.
    """
    found = signatures({name: score for name, score in scores.items() if score.score is not None})
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise ComparabilityError(
            f"metric {label}",
            f"was made under different signatures: {difference(one, other, f'for {first[0]}', f'for {second[0]}')}",
            "score these systems under the same settings, or put them into different tables",
        )


def best(scores: Scores, higher_is_better: bool) -> float | None:
    """The best score of at least two; ``None`` where there are fewer."""
    there = [score.score for score in scores.values() if score.score is not None]
    if len(there) < 2:
        return None
    return max(there) if higher_is_better else min(there)


def rankable(pair: PairResult, metric: str, card: MetricCard) -> Scores:
    """One metric's scores of the systems that it may rank: no reference, no canary, and none that it is starred for."""
    return scores_of(metric, [one for one in pair.systems if one.kind == "system" and not interferes(card, one)])


def standings(pair: PairResult, metric: str, card: MetricCard) -> dict[str, Standing]:
    """Where each system that one metric may rank stands by it, the best first.

    Without comparisons, or without a test, only equal scores share a rank.
    """
    compared = pair.comparisons.get(metric)
    scores = rankable(pair, metric, card)
    there = {name: score.score for name, score in scores.items() if score.score is not None}
    sign = -1 if card.higher_is_better else 1
    order = sorted(there, key=lambda name: sign * there[name])
    places = {name: 1 + sum(sign * there[other] < sign * there[name] for other in order) for name in order}
    clusters: Mapping[str, int] = places
    if compared is not None and compared.tested and set(order) <= set(compared.systems):
        clusters = compared.clusters(order)
    found = {}
    for name in order:
        cluster = [at for at, other in enumerate(order, start=1) if clusters[other] == clusters[name]]
        found[name] = Standing(places[name], cluster[0], cluster[-1])
    return found


def interferes(card: MetricCard, system: SystemResult) -> bool:
    """Whether a system was optimised with this metric or one of its family, so that its score is not to be believed."""
    return any(name in (card.label, card.family) or family_of(name) == card.family for name in system.optimised_with)


def headline(metrics: Mapping[str, MetricCard], systems: Sequence[SystemResult]) -> str | None:
    """The metric that ranks systems: the first that scored any of them and with whose family none was optimised.

    Where there is none such, the first that scored any; ``None`` if none did.
    """
    scored = [name for name in metrics if any(found.score is not None for found in scores_of(name, systems).values())]
    free = [name for name in scored if not any(interferes(metrics[name], system) for system in systems)]
    return next(iter(free or scored or metrics), None)
