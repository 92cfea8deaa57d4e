"""Runs read back and put together, for commands that look at what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mteval.composition import compose
from mteval.config import build_metrics
from mteval.merging import merge
from mteval.merging_shards import joined
from mteval.metrics.base import Metric
from mteval.reading_runs import metrics_of, read_runs
from mteval.recorded import Recorded
from mteval.report.base import FailedCell


@dataclass(frozen=True)
class Whole:
    """Runs as one.

    Attributes:
        run: all of them in one.
        failed: cells of sweeps that gave no result.
        metrics: what they were scored by, by name, in order.
        build: makes metrics of configs, by name, and of where those come from.
    """

    run: Recorded
    failed: Sequence[FailedCell]
    metrics: Mapping[str, Metric]
    build: Callable[[Mapping[str, Any], str], dict[str, Metric]]


def read_whole(given: Sequence[str], allow: Sequence[str], config_dirs: Sequence[Path]) -> Whole:
    """Read the runs in the folders given, their shards joined.

    Args:
        allow: packages whose metrics may be built, beside mteval's own.

    Raises:
        MtevalError: a folder holds no run, a run is damaged, or they cannot be compared.
    """
    config = compose([f"allow=[{','.join(allow)}]"] if allow else [], config_dirs)
    runs, failed = read_runs(given)
    build = partial(build_metrics, config)
    metrics = metrics_of(runs, build)
    return Whole(merge(joined(runs)), failed, metrics, build)
