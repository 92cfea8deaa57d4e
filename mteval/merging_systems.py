"""Which systems of several runs are the same system, and what is known of one that several runs have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mteval.errors import RunError
from mteval.recorded import Recorded
from mteval.report.base import Counting, SystemResult
from mteval.scores import SegmentScores

_Found = tuple[Recorded, SystemResult]


def called(runs: Sequence[Recorded]) -> tuple[dict[Path, dict[str, str]], list[str]]:
    """What each run's systems are called in the merged result, by folder and name, and what must be said of that.

    Systems of one name are one system where kind, signature and hypotheses are the same in every lang pair that both
    runs have.

    Raises:
        RunError: two systems would have one name.
    """
    labels = _labels(runs)
    names: dict[Path, dict[str, str]] = {run.folder: {} for run in runs}
    warnings = []
    for name in dict.fromkeys(name for run in runs for name in _identities(run)):
        variants = _variants([run for run in runs if name in _identities(run)], name)
        for variant in variants:
            new = name if len(variants) == 1 else f"{name}@{labels[variant[0].folder]}"
            for run in variant:
                names[run.folder][name] = new
        if len(variants) > 1:
            told = ", ".join(f"{names[of[0].folder][name]} of {' and '.join(_folders(of))}" for of in variants)
            warnings.append(f"system {name} is not the same in all runs, and has a name for each: {told}")
    _check_names(names)
    return names, warnings


def union(several: Sequence[_Found]) -> tuple[SystemResult, list[str]]:
    """One system that several runs have, with the scores of all metrics that scored it, and what must be said of it."""
    first_run, whole = several[0]
    warnings = []
    scored_by = dict.fromkeys(whole.segment_scores, first_run)
    for run, other in several[1:]:
        for metric, found in other.segment_scores.items():
            if metric not in whole.segment_scores:
                whole = _with_metric(whole, other, metric)
                scored_by[metric] = run
            elif (apart := _apart(whole.segment_scores[metric], found)) is not None:
                kept = scored_by[metric].folder
                warnings.append(
                    f"the scores of {whole.name} by {metric} differ between {kept} and {run.folder}, "
                    f"by up to {apart:.2g}; those of {kept} are kept"
                )
        if whole.verdicts and other.verdicts and _labelled(whole) != _labelled(other):
            warnings.append(
                f"the verdicts on {whole.name} differ between {first_run.folder} and {run.folder}; "
                f"those of {first_run.folder} are kept"
            )
        whole = replace(
            whole,
            verdicts=whole.verdicts or other.verdicts,
            optimised_with=tuple(dict.fromkeys((*whole.optimised_with, *other.optimised_with))),
        )
    return whole, warnings


def _labels(runs: Iterable[Recorded]) -> dict[Path, str]:
    """A short name for each run: that of its folder; the whole path where two folders have one name."""
    names = {run.folder: run.folder.resolve().name for run in runs}
    short = list(names.values())
    return {folder: name if short.count(name) == 1 else str(folder) for folder, name in names.items()}


def _identities(run: Recorded) -> Mapping[str, Mapping[str, object]]:
    """By system and lang pair, what makes a system what it is."""
    found: dict[str, dict[str, object]] = {}
    for pair in run.result.pairs:
        for system in pair.systems:
            identity = (system.kind, system.signature, system.hypotheses.texts)
            found.setdefault(system.name, {})[str(pair.eval_set.pair)] = identity
    return found


def _variants(runs: Iterable[Recorded], name: str) -> list[list[Recorded]]:
    """The runs, those together in which a system of this name is the same."""
    variants: list[tuple[dict[str, object], list[Recorded]]] = []
    for run in runs:
        mine = _identities(run)[name]
        for known, together in variants:
            if all(known.get(pair, identity) == identity for pair, identity in mine.items()):
                together.append(run)
                known.update(mine)
                break
        else:
            variants.append((dict(mine), [run]))
    return [together for _, together in variants]


def _folders(runs: Iterable[Recorded]) -> list[str]:
    return [str(run.folder) for run in runs]


def _check_names(names: Mapping[Path, Mapping[str, str]]) -> None:
    """Make sure that no new name is another system's."""
    old: dict[str, str] = {}
    for folder, renamed in names.items():
        for name, new in renamed.items():
            if old.setdefault(new, name) != name:
                problem = f"holds a system {name} that would be called {new}, as another is"
                raise RunError(str(folder), problem, "rename a run's folder, whose name is made part of it")


def _with_metric(whole: SystemResult, other: SystemResult, metric: str) -> SystemResult:
    """A system with what another run's metric found of it besides."""
    recounted: dict[Counting, dict[str, SegmentScores]] = {
        counting: dict(by_metric) for counting, by_metric in whole.recounted.items()
    }
    for counting, by_metric in other.recounted.items():
        if metric in by_metric:
            recounted.setdefault(counting, {})[metric] = by_metric[metric]
    return replace(
        whole,
        segment_scores={**whole.segment_scores, metric: other.segment_scores[metric]},
        spans={**whole.spans, **({metric: other.spans[metric]} if metric in other.spans else {})},
        truncated={**whole.truncated, **({metric: other.truncated[metric]} if metric in other.truncated else {})},
        recounted=recounted,
    )


def _apart(one: SegmentScores, two: SegmentScores) -> float | None:
    """How far two runs' scores of the same hypotheses are apart at most; ``None`` if they are the same."""
    if one.scores == two.scores:
        return None
    pairs = zip(one.scores, two.scores, strict=True)
    return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0)


def _labelled(system: SystemResult) -> list[tuple[str, str]]:
    return [(verdict.document, verdict.label) for verdict in system.verdicts]
