"""What a difference means to people: how often they would rank two systems in the same order as a metric does."""

from __future__ import annotations

from mteval.metrics.base import MetricCard

UNCALIBRATED = "uncalibrated"
"""Stands where no fit was published for a metric in this setting."""


def agreement(card: MetricCard, difference: float) -> float | None:
    """The estimated share of human rankings that agree with the order by this metric.

    By the sigmoid fits of MT-Thresholds (Kocmi et al. 2024, "Navigating the Metrics Maze"), made on pairs of systems of
    WMT and of Microsoft; they know nothing of the test set's size, so a difference must be significant first.

    Args:
        card: the metric's.
        difference: between two system scores, on the metric's scale.

    Returns:
        0.5 to 1; a fit that says less than a coin toss is taken for one. ``None`` where no fit exists.
    """
    if card.thresholds is None:
        return None
    import mt_thresholds

    return max(0.5, float(mt_thresholds.accuracy(abs(difference) * card.points, card.thresholds)) / 100)


def agreement_text(value: float | None) -> str:
    """The share as a table shows it: ``82%``, ``uncalibrated``, or ``chance``."""
    if value is None:
        return UNCALIBRATED
    return "chance" if value <= 0.5 else f"{100 * value:.0f}%"
