"""Differences between systems, before any format: how large, by chance or not, and what they mean to people."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mteval.comparison import Comparison, Comparisons
from mteval.metrics.base import MetricCard
from mteval.report.agreement import agreement, agreement_text
from mteval.report.base import PairResult
from mteval.report.table import MISSING, Table

DIFFERENCE_LEGEND = (
    "p: of the test that ranks, with Holm's correction for these comparisons. Detectable: the smallest difference that "
    "one test would show four times in five. People: the estimated share of human rankings in the same order "
    "(MT-Thresholds, Kocmi et al. 2024), for a difference that is no chance; chance: no better than a coin; "
    "uncalibrated: no fit was published for this metric."
)


@dataclass(frozen=True)
class Difference:
    """Two systems by one metric, as a table shows it.

    Attributes:
        metric: its name in the config.
        heading: its label, and which way is better.
        system, other: the two; the difference is the first's score less the second's.
        p_value: with Holm's correction; ``None`` where nothing was tested.
        significant: whether it is below the level.
        detectable: the smallest difference that one test would find; ``None`` without draws.
        agreement: the estimated share of human rankings that agree, 0.5 to 1; ``None`` where no fit exists.
        decimals: how many a table shows of the metric.
    """

    metric: str
    heading: str
    system: str
    other: str
    difference: float
    p_value: float | None
    significant: bool
    detectable: float | None
    agreement: float | None
    decimals: int

    @property
    def text(self) -> str:
        """The difference, always with its sign."""
        return f"{self.difference:+z.{self.decimals}f}"

    @property
    def p_text(self) -> str:
        """The p-value in three decimals, ``<0.001`` where it is less."""
        if self.p_value is None:
            return MISSING
        return "<0.001" if self.p_value < 0.001 else f"{self.p_value:.3f}"

    @property
    def detectable_text(self) -> str:
        """The detectable difference, as its metric is shown."""
        return MISSING if self.detectable is None else f"{self.detectable:.{self.decimals}f}"

    @property
    def agreement_text(self) -> str:
        """The agreement in percent, or why there is none."""
        return agreement_text(self.agreement)


@dataclass(frozen=True)
class Differences:
    """A table of differences.

    Attributes:
        title: what it holds, in words.
        rows: by metric in config order, then as the leaderboard ranks.
    """

    title: str
    rows: tuple[Difference, ...]


def differences(
    pair: PairResult, table: Table, metrics: Mapping[str, MetricCard], baseline: str | None
) -> Differences | None:
    """What a page shows of one lang pair's differences: to the baseline, or else between neighbours in the ranking.

    Args:
        table: its leaderboard.
        metrics: the metrics' cards by name.
        baseline: the system that the others are compared to; ``None`` for none.

    Returns:
        ``None`` where there is no difference to show.
    """
    if baseline is not None and (found := to_baseline(pair, table, metrics, baseline)) is not None:
        return found
    compared = pair.comparisons.get(table.headline or "")
    if compared is None:
        return None
    placed = [row.system for row in table.ranked if row.standing is not None and row.system in compared.systems]
    rows = [
        row_of(table, metrics, compared, one, compared.adjusted(one.first, one.second))
        for first, second in itertools.pairwise(placed)
        if (one := compared.between(first, second)) is not None
    ]
    absent = f" ({baseline} is not compared here)" if baseline is not None else ""
    return Differences(f"Differences between neighbours{absent}", tuple(rows)) if rows else None


def to_baseline(pair: PairResult, table: Table, metrics: Mapping[str, MetricCard], baseline: str) -> Differences | None:
    """The differences of one lang pair's systems to a baseline, by every metric that compared them.

    Returns:
        ``None`` where the baseline was compared with nothing.
    """
    order = [row.system for row in table.ranked]
    rows = [row for name in metrics for row in _to_baseline(pair, table, metrics, name, order, baseline)]
    return Differences(f"Differences to {baseline}", tuple(rows)) if rows else None


def every_difference(pair: PairResult, table: Table, metrics: Mapping[str, MetricCard]) -> Mapping[str, Differences]:
    """All pairs of systems, by metric name, the better ranked first; p-values are corrected for all of a metric."""
    place = {row.system: at for at, row in enumerate(table.ranked)}
    found = {}
    for name in (name for name in metrics if name in pair.comparisons):
        compared = pair.comparisons[name]
        ordered = [one if place[one.first] < place[one.second] else one.reversed for one in compared.pairs]
        rows = [
            row_of(table, metrics, compared, one, compared.adjusted(one.first, one.second))
            for one in sorted(ordered, key=lambda one: (place[one.first], place[one.second]))
        ]
        found[name] = Differences(f"All pairs by {rows[0].heading}", tuple(rows))
    return found


def _to_baseline(
    pair: PairResult,
    table: Table,
    metrics: Mapping[str, MetricCard],
    metric: str,
    order: Sequence[str],
    baseline: str,
) -> Iterable[Difference]:
    compared = pair.comparisons.get(metric)
    if compared is None:
        return
    adjusted = compared.against(baseline)
    for system in order:
        found = compared.between(system, baseline)
        if found is not None:
            yield row_of(table, metrics, compared, found, adjusted.get(system))


def row_of(
    table: Table, metrics: Mapping[str, MetricCard], compared: Comparisons, found: Comparison, p: float | None
) -> Difference:
    """One comparison as a table shows it.

    Args:
        compared: what it is one of.
        p: its p-value, corrected.
    """
    (column,) = (column for column in table.columns if column.metric == compared.metric)
    return Difference(
        metric=compared.metric,
        heading=column.heading,
        system=found.first,
        other=found.second,
        difference=found.difference,
        p_value=p,
        significant=p is not None and p < compared.resampling.level,
        detectable=found.detectable,
        agreement=agreement(metrics[compared.metric], found.difference),
        decimals=column.decimals,
    )
