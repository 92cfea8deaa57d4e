"""Runs that are done, read for a command that makes something new of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mteval.composition import cells
from mteval.errors import RunError
from mteval.files import resolve
from mteval.metrics.base import Metric
from mteval.recorded import Recorded, check_scores, read_run
from mteval.report.base import FailedCell
from mteval.run_folder import ITS_MARK
from mteval.run_search import find_runs


def read_runs(given: Sequence[str]) -> tuple[list[Recorded], tuple[FailedCell, ...]]:
    """Every run at or below the folders that are given, once; and the cells of sweeps there that gave no result."""
    found = [find_runs(resolve(one), cells) for one in given]
    folders = {run.resolve(): run for one in reversed(found) for run in reversed(one.runs)}
    failed = dict.fromkeys(cell for one in found for cell in one.failed)
    return [read_run(folder) for folder in reversed(folders.values())], tuple(failed)


def metrics_of(
    runs: Sequence[Recorded], build: Callable[[Mapping[str, Any], str], dict[str, Metric]]
) -> dict[str, Metric]:
    """The runs' metrics, by name, once they are known to give the scores that the runs had."""
    metrics: dict[str, Metric] = {}
    for run in runs:
        where, configs = str(run.folder / ITS_MARK), run.result.record.get("metric_configs")
        if not isinstance(configs, dict) or set(configs) != set(run.result.metrics):
            problem = "does not say what its metrics were built from, since mteval run did not write it"
            raise RunError(where, problem, "run it with mteval run")
        own = build(configs, where)
        check_scores(run, own)
        metrics = {**own, **metrics}
    return metrics
