"""The leaderboards that the page's switch chooses from: other ways of counting the same hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mteval.metrics.base import MetricCard
from mteval.report.base import Counting, PairResult, Sources
from mteval.report.leaderboard import views
from mteval.report.splits import Split
from mteval.report.table import Table

_TITLES: Mapping[Counting, str] = {"raw": "", "gated": "gated", "decoded": "HTML entities decoded"}
_CAPTIONS: Mapping[Counting, str] = {
    "raw": "",
    "gated": (
        "Here a hypothesis counts as nothing where the gate says that it is empty, copied, looped, in the wrong "
        "language or a refusal."
    ),
    "decoded": "Here hypotheses are scored with the HTML entities decoded that the gate marked.",
}

_ASKED: Mapping[Sources, str] = {
    "all": "",
    "clean": "&source=clean",
    "original": "&written=original",
    "translated": "&written=translated",
}
"""What the explorer is asked for, to show the segments of these documents alone."""


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

    @property
    def asked(self) -> str:
        """What the explorer is asked for, to show the segments that count here; the end of an address."""
        return _ASKED[self.sources]


def leaderboard_views(
    pair: PairResult, metrics: Mapping[str, MetricCard], parts: Sequence[Split]
) -> tuple[LeaderboardView, ...]:
    """All ways of counting that differ, the scores as produced over all documents first."""
    captions: dict[Sources, str] = {part.sources: part.caption for part in parts}
    return tuple(
        LeaderboardView(
            counting,
            sources,
            table,
            ", ".join(filter(None, (_TITLES[counting], "" if sources == "all" else f"{sources} sources only"))),
            " ".join(filter(None, (_CAPTIONS[counting], captions.get(sources, "")))),
        )
        for (counting, sources), table in views(pair, metrics).items()
    )
