"""The leaderboards that the page's switch chooses from: other ways of counting the same hypotheses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mteval.metrics.base import MetricCard
from mteval.report.base import Counting, PairResult, Sources
from mteval.report.blame import CLEAN_LEGEND, Blame
from mteval.report.leaderboard import views
from mteval.report.table import Table

_TITLES: Mapping[Counting, str] = {"raw": "", "gated": "gated", "decoded": "HTML entities decoded"}
_CAPTIONS: Mapping[Counting, str] = {
    "raw": "",
    "gated": (
        "Here a hypothesis counts as nothing where the gate says that it is empty, copied, looped, a refusal or in the "
        "wrong language."
    ),
    "decoded": "Here hypotheses are scored with the HTML entities decoded that the gate marked.",
}


@dataclass(frozen=True)
class LeaderboardView:
    """One way of counting.

    Attributes:
        title: what tells it from the scores as produced over all documents, in words; empty for these.
        caption: what a reader must know of it, sentences.
    """

    counting: Counting
    sources: Sources
    table: Table
    title: str
    caption: str


def leaderboard_views(pair: PairResult, metrics: Mapping[str, MetricCard], split: Blame) -> tuple[LeaderboardView, ...]:
    """All ways of counting that differ, the scores as produced over all documents first."""
    return tuple(
        LeaderboardView(
            counting,
            sources,
            table,
            ", ".join(one for one in (_TITLES[counting], "clean sources only" if sources == "clean" else "") if one),
            " ".join(
                one
                for one in (
                    _CAPTIONS[counting],
                    f"{split.size}. {CLEAN_LEGEND}" if sources == "clean" else "",
                )
                if one
            ),
        )
        for (counting, sources), table in views(pair, metrics).items()
    )
