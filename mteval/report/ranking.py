"""Who is better by one metric: ranks, the best score, and whether the scores can be compared at all.

``scores`` are always one metric's, by system name; a system that the metric said nothing of is absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mteval.report.base import SystemResult
from mteval.scores import SystemScore

Scores = Mapping[str, SystemScore]


def scores_of(metric: str, systems: Iterable[SystemResult]) -> Scores:
    """One metric's scores of some systems."""
    return {system.name: system.scores[metric] for system in systems if metric in system.scores}


def signatures(scores: Scores) -> dict[str, tuple[str, ...]]:
    """Each signature, with the names of the systems that were scored under it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, score in scores.items():
        found[score.signature] = (*found.get(score.signature, ()), name)
    return found


def comparable(scores: Scores) -> bool:
    """Whether all that have a score were scored under one signature."""
    return len({score.signature for score in scores.values() if score.score is not None}) <= 1


def best(scores: Scores, higher_is_better: bool) -> float | None:
    """The best score of at least two; ``None`` where there are fewer."""
    there = [score.score for score in scores.values() if score.score is not None]
    if len(there) < 2:
        return None
    return max(there) if higher_is_better else min(there)


def ranks(scores: Scores, higher_is_better: bool) -> dict[str, int]:
    """Ranks from 1, by system name; equal scores share one and the next is passed over; none without a score."""
    there = {name: score.score for name, score in scores.items() if score.score is not None}
    order = sorted(there.values(), reverse=higher_is_better)
    return {name: order.index(score) + 1 for name, score in there.items()}
