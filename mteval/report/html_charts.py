"""What the page's charts draw, counted beforehand: however many segments there are, a chart has a few hundred marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, SystemResult
from mteval.report.table import Table

_BARS = 24
"""About how many bars a distribution has, and how many steps each axis of one metric against another."""

_LENGTHS = 6
"""How many groups of sources by length there are at most."""

_Numbers = NDArray[np.float64]


def charts_data(pair: PairResult, table: Table, metrics: Mapping[str, MetricCard]) -> dict[str, Any]:
    """What the charts of one lang pair draw; canaries, nonsense by design, are left out.

    Returns:
        Lists by metric are in config order, lists by system in the order of the leaderboard; ``None`` where a metric
        gave no segment scores.
    """
    by_name = {system.name: system for system in pair.systems}
    rows = [row for row in table.rows if row.kind != "canary"]
    systems = [by_name[row.system] for row in rows]
    scores = [[_scores(system, name) for system in systems] for name in metrics]
    bins = [_bins(every) for every in scores]
    lengths = np.array([len(segment.source) for segment in pair.eval_set.scored], dtype=np.float64)
    groups = _groups(lengths)
    return {
        "pair": str(pair.eval_set.pair),
        "systems": [{"name": row.system, "kind": row.kind} for row in rows],
        "metrics": [
            {"label": column.label, "higher": column.higher_is_better, "decimals": column.decimals}
            for column in table.columns
        ],
        "intervals": [
            [[cell.score, *(cell.interval or (None, None))] for cell in (row.cells[number] for row in rows)]
            for number in range(len(table.columns))
        ],
        "distributions": [
            None if bin_ is None else {"low": bin_[0], "step": bin_[1], "systems": [_counted(s, *bin_) for s in every]}
            for every, bin_ in zip(scores, bins, strict=True)
        ],
        "against": [
            _against(x, y, scores[x], scores[y], x_bins, y_bins)
            for x, x_bins in enumerate(bins)
            for y, y_bins in enumerate(bins)
            if x < y and x_bins is not None and y_bins is not None
        ],
        "lengths": {
            "groups": [[int(low), int(high), int(_within(lengths, low, high).sum())] for low, high in groups],
            "means": [
                [[_mean(found, _within(lengths, low, high)) for low, high in groups] for found in every]
                for every in scores
            ],
        },
    }


def _scores(system: SystemResult, metric: str) -> _Numbers | None:
    """A system's segment scores, NaN where there is none; ``None`` if there are none at all."""
    found = system.segment_scores.get(metric)
    return None if found is None or np.isnan(found.numbers).all() else found.numbers


def _bins(every: Sequence[_Numbers | None]) -> tuple[float, float, int] | None:
    """Lower end, width and number of bars of one metric's scores; its few farthest scores do not stretch them."""
    found = [scores[~np.isnan(scores)] for scores in every if scores is not None]
    if not found:
        return None
    low, high = (float(end) for end in np.percentile(np.concatenate(found), (0.5, 99.5)))
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / _BARS
    power = 10.0 ** np.floor(np.log10(raw))
    step = float(next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999))
    first = float(np.floor(low / step + 1e-9))
    number = int(np.ceil(high / step - 1e-9) - first) or 1
    return round(first * step, 10), round(step, 10), number


def _index(scores: _Numbers, low: float, step: float, number: int) -> NDArray[np.int64]:
    """The bar of each score; those beyond the ends are counted in the last ones."""
    at: NDArray[np.int64] = np.clip(np.floor((scores - low) / step + 1e-9), 0, number - 1).astype(np.int64)
    return at


def _counted(scores: _Numbers | None, low: float, step: float, number: int) -> dict[str, Any] | None:
    if scores is None:
        return None
    there = scores[~np.isnan(scores)]
    counts = np.bincount(_index(there, low, step, number), minlength=number)
    quartiles = np.percentile(there, (0, 25, 50, 75, 100))
    return {"counts": counts.tolist(), "quartiles": [round(float(value), 6) for value in quartiles]}


def _against(
    x: int,
    y: int,
    x_scores: Sequence[_Numbers | None],
    y_scores: Sequence[_Numbers | None],
    x_bins: tuple[float, float, int],
    y_bins: tuple[float, float, int],
) -> dict[str, Any]:
    """Two metrics' scores of the same hypotheses, counted in a grid, and how far they agree; by system."""
    cells: list[list[list[int]]] = []
    agreement: list[list[float] | None] = []
    for xs, ys in zip(x_scores, y_scores, strict=True):
        if xs is None or ys is None:
            cells.append([])
            agreement.append(None)
            continue
        both = ~(np.isnan(xs) | np.isnan(ys))
        at = _index(xs[both], *x_bins) * y_bins[2] + _index(ys[both], *y_bins)
        places, counts = np.unique(at, return_counts=True)
        cells.append([[int(p // y_bins[2]), int(p % y_bins[2]), int(c)] for p, c in zip(places, counts, strict=True)])
        agreement.append(_agreement(xs[both], ys[both]))
    return {"x": x, "y": y, "xBins": x_bins, "yBins": y_bins, "cells": cells, "agreement": agreement}


def _agreement(xs: _Numbers, ys: _Numbers) -> list[float] | None:
    """Pearson's and Spearman's correlation; ``None`` of fewer than three scores, or where all are the same."""
    if len(xs) < 3 or np.ptp(xs) == 0 or np.ptp(ys) == 0:
        return None
    return [round(float(np.corrcoef(one, other)[0, 1]), 4) for one, other in ((xs, ys), (_ranked(xs), _ranked(ys)))]


def _ranked(values: _Numbers) -> _Numbers:
    """Ranks from 0, the mean rank where values are the same."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    ranks: _Numbers = (after - (counts + 1) / 2)[inverse]
    return ranks


def _groups(lengths: _Numbers) -> list[tuple[float, float]]:
    """The shortest and the longest source of groups that are about equally large, in characters, by length."""
    if not len(lengths):
        return []
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _LENGTHS + 1), method="nearest"))
    if len(edges) == 1:
        return [(float(edges[0]), float(edges[0]))]
    lows = [edges[0], *(edge + 1 for edge in edges[1:-1])]
    return [(float(low), float(high)) for low, high in zip(lows, edges[1:], strict=True)]


def _within(lengths: _Numbers, low: float, high: float) -> NDArray[np.bool_]:
    return (lengths >= low) & (lengths <= high)


def _mean(scores: _Numbers | None, chosen: NDArray[np.bool_]) -> float | None:
    if scores is None:
        return None
    there = scores[chosen & ~np.isnan(scores)]
    return round(float(there.mean()), 6) if len(there) else None
