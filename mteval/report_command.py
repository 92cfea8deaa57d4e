"""``mteval report``: one leaderboard of runs that are done; nothing is translated, scored or judged again."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import ConfigError, MtevalError

if TYPE_CHECKING:
    from mteval.config import Reporting
    from mteval.metrics.base import Metric
    from mteval.recorded import Recorded

KEYS = (
    *("report", "output", "overwrite", "seed", "bootstrap_draws", "significance", "baseline", "people"),
    *("offline", "allow", "tracking"),
)
"""The config's groups and keys that a report heeds; those of a run alone are refused."""

_OVERRIDE = re.compile(r"\+{0,2}([A-Za-z_]\w*)((?:[.@/][^=]*)?)=.*", re.DOTALL)

_HELP = """\
Put runs into one leaderboard, from what their folders hold: nothing is
translated, scored or judged again, and nothing is downloaded.

A RUN is the folder of a run, or one that holds runs, as a sweep's does. Of one
run it is the run's report anew, with other formats, tests or a baseline.

Runs are refused that are not comparable: other segments, sources or references
in one lang pair, or a metric under another signature (version, precision,
checkpoint). A system that is the same in several runs is kept once; one that
differs, as in a sweep over its settings, stands there as NAME@RUN. Shards of
one eval set (mteval run shard=1/8) are joined, and must all be there.
"""
_CONFIG = """\
KEY=VALUE is one of:
  baseline=NAME               differences to one system, with significance
  people=[meta.json]          say how well metrics agree with people
  report=[markdown,csv]       the formats
  output=FOLDER               reports/ and the time, otherwise
  overwrite=true              replace what is already there
  seed= bootstrap_draws= significance.test=randomisation|bootstrap
  significance.trials= significance.level= significance.unit=
                              those of the runs, where they agree, otherwise
  tracking=[mlflow]           log it to an experiment tracker
  offline=true                do without a network
  allow=[PACKAGE]             packages whose metrics may be built

exit codes: 0; 2 for what can be mended; 130 for Ctrl-C
"""


def report(arguments: Sequence[str]) -> int:
    """Report on runs, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    options = parsed(parser_of("mteval report", "RUN ...", _HELP, _CONFIG), arguments)
    sys.argv = ["mteval report", *arguments]  # what the record says of the command

    try:
        _report(*_runs_and_overrides(options.given), options.config_dir)
    except MtevalError as error:
        return fail(error)
    return 0


def _runs_and_overrides(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is given, as folders and as overrides of the config.

    Raises:
        ConfigError: an override is of something that only a run has, or there is no folder.
    """
    runs, overrides = [], []
    for one in given:
        found = None if Path(one).exists() else _OVERRIDE.fullmatch(one)
        if found is None:
            runs.append(one)
        elif found.group(1) in KEYS:
            overrides.append(one)
        else:
            problem = "a report scores nothing, and heeds nothing of that"
            raise ConfigError(found.group(1), problem, f"override one of {', '.join(KEYS)}, or run again")
    if not runs:
        raise ConfigError("mteval report", "no run is named", "name a run's folder, or one that holds runs")
    return runs, overrides


def _report(given: Sequence[str], overrides: Sequence[str], config_dirs: Sequence[Path]) -> None:
    from mteval.composition import compose
    from mteval.config import build_metrics, build_reporting
    from mteval.errors import RunError
    from mteval.merging import merge
    from mteval.merging_shards import joined
    from mteval.reading_runs import metrics_of, read_runs
    from mteval.run_search import FEW

    config = compose([f"output={time.strftime('reports/%Y-%m-%d_%H-%M-%S')}", *overrides], config_dirs)
    runs, failed = read_runs(given)
    metrics = metrics_of(runs, partial(build_metrics, config))
    try:
        whole = joined(runs)
    except RunError as error:
        if not failed:
            raise
        told = f"{error.problem} (failed: {'; '.join(cell.sentence for cell in failed[:FEW])})"
        raise RunError(error.where, told, error.remedy) from None  # a shard is missing because its cell failed
    runs = [replace(run, result=replace(run.result, pairs=())) for run in runs]  # shards are not held beside the whole
    merged = merge(whole)
    merged = replace(merged, result=replace(merged.result, failed=(*merged.result.failed, *failed)))
    reporting, warnings = _settled(runs, merged, overrides, partial(build_reporting, config))
    if any(run.folder.resolve() == reporting.output.resolve() for run in runs):
        problem = f"{reporting.output} is one of the runs that are reported on"
        raise ConfigError("output", problem, "choose another with output=FOLDER")
    sets = {str(one): one for run in runs for one in run.result.record.get("people", ())}
    _write(merged, metrics, replace(reporting, people=reporting.people or list(sets.values())), warnings)


def _settled(
    runs: Sequence[Recorded],
    merged: Recorded,
    overrides: Sequence[str],
    build: Callable[[Mapping[str, Any]], Reporting],
) -> tuple[Reporting, list[str]]:
    """What the report is made with, and what must be said of that: what the overrides leave open is as in the runs.

    Raises:
        ConfigError: the baseline is no system that is ranked.
    """
    from mteval.config_significance import keys_of
    from mteval.plan import check_baseline

    said = [{**keys_of(run.resampling), "baseline": run.result.baseline} for run in runs]
    open_keys = [key for key in said[0] if not _is_given(key, overrides)]
    agreed = {key: said[0][key] for key in open_keys if all(of_run[key] == said[0][key] for of_run in said)}
    reporting = build(agreed)
    used = {**keys_of(reporting.resampling), "baseline": reporting.baseline}
    warnings = [_differing(key, runs, said, used[key]) for key in open_keys if key not in agreed]
    ranked = [s.name for pair in merged.result.pairs for s in pair.systems if s.kind == "system"]
    if "baseline" in agreed and reporting.baseline is not None and reporting.baseline not in ranked:
        warnings.append(f"no system has the name of the runs' baseline, {reporting.baseline}: there is none here")
        reporting = replace(reporting, baseline=None)
    check_baseline(reporting.baseline, ranked)
    return reporting, warnings


def _is_given(key: str, overrides: Sequence[str]) -> bool:
    """Whether a key is among the overrides, by itself or as part of a group."""
    given = (override.lstrip("+").partition("=")[0] for override in overrides)
    return any(key == one or key.startswith(f"{one}.") for one in given)


def _differing(key: str, runs: Sequence[Recorded], said: Sequence[Mapping[str, Any]], used: object) -> str:
    told = ", ".join(f"{_word(of_run[key])} in {run.folder}" for run, of_run in zip(runs, said, strict=True))
    return f"the runs do not have the same {key} ({told}); here it is {_word(used)}"


def _word(value: object) -> str:
    return "none" if value is None else str(value)


def _write(merged: Recorded, metrics: Mapping[str, Metric], reporting: Reporting, warnings: Sequence[str]) -> None:
    """Make all that follows from the segment scores anew, and write it into a folder of its own."""
    from mteval.delivery import check, deliver
    from mteval.environment import environment
    from mteval.recorded import scored
    from mteval.report.record import settings_of
    from mteval.run_folder import RunFolder, forget_if_empty

    check(reporting.trackers)
    output = reporting.output
    existed = [one for one in (output.absolute(), *output.absolute().parents) if one.exists()]
    record = {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "environment": environment(),
        **settings_of(reporting.resampling),
        **merged.result.record,
        **({"people": reporting.people} if reporting.people else {}),
    }
    try:
        with RunFolder(output, reporting.overwrite) as folder:
            result = scored(merged, metrics, reporting.resampling)
            told = (*result.warnings, *warnings)
            result = replace(result, record=record, warnings=told, baseline=reporting.baseline)
            deliver(result, reporting.reports, reporting.trackers, folder)
    finally:
        forget_if_empty(output, existed)
