"""Shards of one eval set, each a run of its own, as the one run that they are parts of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mteval.errors import ComparabilityError, RunError
from mteval.recorded import Recorded
from mteval.recorded_lines import RecordedSegments, RecordedTexts
from mteval.report.base import COUNTINGS, Counting, PairResult, SystemResult
from mteval.scores import Points, SegmentScores
from mteval.segment import EvalSet, Hypotheses, Part
from mteval.spilled import Spilled
from mteval.usage import Usage


def joined(runs: Sequence[Recorded]) -> list[Recorded]:
    """The runs, those that are shards of one eval set by the same systems joined to one run of the whole.

    It is what a run of the whole would have been: segments, statistics, marks and verdicts one shard after the other.

    Raises:
        ComparabilityError: shards of one eval set are missing, or are there twice; or they are of several eval sets,
            or of several numbers of shards. It names them.
    """
    groups: dict[object, list[Recorded]] = {}
    for run in runs:
        groups.setdefault(_whose(run), []).append(run)
    return [
        run
        for whose, together in groups.items()
        for run in ([_joined(_checked(together))] if whose is not None else together)
    ]


def origin(run: Recorded) -> dict[str, Any]:
    """Where a run's results come from, as the record of what it is made part of says it."""
    environment = run.result.record.get("environment", {})
    return {
        "folder": str(run.folder),
        "command": environment.get("command"),
        "started": run.result.record.get("started"),
        "mteval": environment.get("packages", {}).get("mteval"),
        "config": run.result.record.get("config"),
    }


def origins(run: Recorded) -> Sequence[Mapping[str, Any]]:
    """The same of every shard of a joined run; of any other run its own."""
    found: Sequence[Mapping[str, Any]] | None = run.result.record.get("shards")
    return [origin(run)] if found is None else found


def _whose(run: Recorded) -> object:
    """What shards that belong together have in common; ``None`` for a run of whole eval sets."""
    if all(pair.eval_set.part is None for pair in run.result.pairs):
        return None
    systems = tuple(
        (str(pair.eval_set.pair), tuple((one.name, one.kind, one.signature) for one in pair.systems))
        for pair in run.result.pairs
    )
    return systems, tuple(run.result.metrics)


def _checked(runs: Sequence[Recorded]) -> list[Recorded]:
    """Shards in their order, once it is known that they are all there are of one eval set."""
    first = runs[0]
    for run in runs:
        for one, other in zip(first.result.pairs, run.result.pairs, strict=True):
            _check_same_whole(first, _of(first, one), run, _of(run, other), str(one.eval_set.pair))
    of = _of(first, first.result.pairs[0]).of
    by_number: dict[int, Recorded] = {}
    for run in runs:
        number = _of(run, run.result.pairs[0]).number
        if (other_run := by_number.setdefault(number, run)) is not run:
            where = f"{other_run.folder} and {run.folder}"
            raise ComparabilityError(where, f"both are shard {number}/{of} of the same systems", "name one of the two")
    if missing := [number for number in range(1, of + 1) if number not in by_number]:
        which = f"shards {_ranges(missing)} of {of} are" if len(missing) > 1 else f"shard {missing[0]}/{of} is"
        whose = ", ".join(dict.fromkeys(system.name for pair in first.result.pairs for system in pair.systems))
        problem = f"{which} missing beside it (systems {whose})"
        raise ComparabilityError(str(by_number[min(by_number)].folder), problem, "run what is missing, or name it too")
    ordered = [by_number[number] for number in range(1, of + 1)]
    for at in range(len(first.result.pairs)):
        _check_whole([(run, run.result.pairs[at]) for run in ordered])
    return ordered


def _of(run: Recorded, pair: PairResult) -> Part:
    """Which part of its eval set a lang pair of a shard is."""
    part = pair.eval_set.part
    if part is None:
        raise RunError(str(run.folder), f"is no shard of {pair.eval_set.pair}, as it is of others", "run it again")
    return part


def _check_same_whole(first: Recorded, one: Part, second: Recorded, other: Part, pair: str) -> None:
    """Make sure that two parts are of one eval set in one division."""
    where = f"{first.folder} and {second.folder}"
    if one.of != other.of:
        told = f"{one.number}/{one.of} in {first.folder}, {other.number}/{other.of} in {second.folder}"
        remedy = "report on the shards of one division, or run the others again"
        raise ComparabilityError(where, f"the shards of {pair} are not of one division ({told})", remedy)
    for what in ("name", "documents", "segments", "digest"):
        left, right = getattr(one, what), getattr(other, what)
        if left != right:
            told = f"{what}: {left} in {first.folder}, {right} in {second.folder}"
            problem = f"the shards of {pair} are not of one eval set ({told})"
            raise ComparabilityError(where, problem, "run all shards with one eval set")


def _check_whole(parts: Sequence[tuple[Recorded, PairResult]]) -> None:
    """Make sure that each part begins where the one before it ends, and that there is nothing behind the last."""
    before, remedy = 0, "run all shards with one version of mteval"
    for run, pair in parts:
        part, size = _of(run, pair), len(pair.eval_set.scored)
        if size and part.start != before:
            said = f"begins after {part.start} segments, and the shards before it hold {before}"
            raise RunError(str(run.folder), f"shard {part.number}/{part.of} of {pair.eval_set.pair} {said}", remedy)
        before += size
    if before != part.segments:
        said = f"the shards of {pair.eval_set.pair} hold {before} of {part.segments} segments"
        raise RunError(str(run.folder), said, remedy)


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers in words: ``2, 5–7 and 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    told = [f"{one[0]}" if len(one) == 1 else f"{one[0]}–{one[-1]}" for one in runs]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _joined(runs: Sequence[Recorded]) -> Recorded:
    first = runs[0]
    pairs = tuple(_pair([run.result.pairs[at] for run in runs]) for at in range(len(first.result.pairs)))
    signatures: dict[str, dict[str, str]] = {}
    for run in runs:
        for pair, by_metric in run.signatures.items():
            for metric, signature in by_metric.items():
                if (other := signatures.setdefault(pair, {}).setdefault(metric, signature)) != signature:
                    told = f"{other} in {first.folder}, {signature} in {run.folder}"
                    problem = f"was not made under one signature ({told})"
                    raise ComparabilityError(f"metric {metric}", problem, "run all shards under the same settings")
    record = {
        **{key: value for key, value in first.result.record.items() if key not in ("seconds", "usage")},
        "shards": [origin(run) for run in runs],
        **({"usage": used} if (used := _usage(runs)) else {}),
    }
    result = replace(
        first.result,
        pairs=pairs,
        record=record,
        warnings=tuple(dict.fromkeys([*(told for run in runs for told in run.result.warnings), *_versions(runs)])),
        failed=tuple(dict.fromkeys(cell for run in runs for cell in run.result.failed)),
    )
    return Recorded(first.folder, result, signatures, {}, first.resampling)


def _versions(runs: Sequence[Recorded]) -> Iterator[str]:
    versions = dict.fromkeys(str(origin(run)["mteval"]) for run in runs)
    if len(versions) > 1:
        yield f"the shards were made by different versions of mteval: {', '.join(versions)}"


def _usage(runs: Sequence[Recorded]) -> list[dict[str, Any]]:
    """What all shards used of services that count, a row for each lang pair and system or metric."""
    total: dict[tuple[str, str, str], tuple[Usage, Usage]] = {}
    for run in runs:
        for row in run.result.record.get("usage", ()):
            kind = "system" if "system" in row else "metric"
            key = (row["lang_pair"], kind, row[kind])
            whole, spent = total.get(key, (Usage(), Usage()))
            total[key] = (whole + Usage(**row["total"]), spent + Usage(**row["this_run"]))
    return [
        {"lang_pair": pair, kind: name, "total": whole.row, "this_run": spent.row}
        for (pair, kind, name), (whole, spent) in total.items()
    ]


def _pair(parts: Sequence[PairResult]) -> PairResult:
    """One lang pair of all shards."""
    first = parts[0].eval_set
    part = first.part
    assert part is not None  # or these were no shards
    sizes = [len(one.eval_set.scored) for one in parts]
    segments = RecordedSegments.joined([_segments(one) for one in parts])
    eval_set = EvalSet(
        name=part.name,
        pair=first.pair,
        documents=tuple({one.id: one for found in parts for one in found.eval_set.documents}.values()),
        segments=segments,
        include_furniture=first.include_furniture,
    )
    metrics = list(dict.fromkeys(name for one in parts for system in one.systems for name in system.segment_scores))
    systems = tuple(
        _system([one.systems[at] for one in parts], sizes, metrics, eval_set) for at in range(len(parts[0].systems))
    )
    given = {system.name: system.hypotheses for system in systems if system.name in first.hypotheses}
    return PairResult(
        replace(eval_set, hypotheses={name: given[name] for name in first.hypotheses}),
        systems,
        parts[0].declined,
        tuple(verdict for one in parts for verdict in one.sources),
    )


def _segments(part: PairResult) -> RecordedSegments:
    assert isinstance(part.eval_set.segments, RecordedSegments)  # as of every run that was read back
    return part.eval_set.segments


def _system(
    parts: Sequence[SystemResult], sizes: Sequence[int], metrics: Sequence[str], eval_set: EvalSet
) -> SystemResult:
    """One system of all shards."""
    first = parts[0]
    mine = [name for name in metrics if any(name in one.segment_scores for one in parts)]
    raw = [one.segment_scores for one in parts]
    recounted: dict[Counting, dict[str, SegmentScores]] = {}
    for counting in COUNTINGS:
        found = [one.recounted.get(counting, {}) for one in parts]
        for name in mine:
            if any(name in one for one in found):  # elsewhere they are the raw ones
                of_all = [{**whole, **own} for whole, own in zip(raw, found, strict=True)]
                recounted.setdefault(counting, {})[name] = _scores(first.name, name, of_all, sizes)
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    cut = {
        name: tuple(start + at for start, one in zip(starts, parts, strict=True) for at in one.truncated.get(name, ()))
        for name in mine
    }
    notices = _notices([notice for one in parts for notice in one.notices], mine, eval_set)
    assert isinstance(eval_set.scored, RecordedSegments)
    return replace(
        first,
        hypotheses=Hypotheses(first.name, RecordedTexts(eval_set.scored, first.name), notices),
        marks=tuple(mark for one in parts for mark in one.marks),
        segment_scores={name: _scores(first.name, name, raw, sizes) for name in mine},
        spans={
            name: tuple(
                spans for one, size in zip(parts, sizes, strict=True) for spans in one.spans.get(name, (None,) * size)
            )
            for name in mine
            if any(name in one.spans for one in parts)
        },
        truncated={name: positions for name, positions in cut.items() if positions},
        verdicts=tuple(verdict for one in parts for verdict in one.verdicts),
        notices=notices,
        recounted=recounted,
    )


def _scores(
    system: str, metric: str, parts: Sequence[Mapping[str, SegmentScores]], sizes: Sequence[int]
) -> SegmentScores:
    """One metric's segment scores of all shards; of one in which nothing has a score they are not numbers."""
    widths = {found.statistics.shape[1] for one in parts if (found := one.get(metric)) and found.statistics is not None}
    numbers = np.full(sum(sizes), np.nan)
    statistics = Spilled.empty((sum(sizes), max(widths))) if widths else None
    before = 0
    for one, size in zip(parts, sizes, strict=True):
        mine, found = slice(before, before + size), one.get(metric)
        numbers[mine] = np.nan if found is None else found.numbers
        if statistics is not None:
            statistics[mine] = np.nan if found is None or found.statistics is None else found.statistics
        before += size
    return SegmentScores(metric, system, Points(numbers), statistics)


def _notices(told: Sequence[str], metrics: Sequence[str], eval_set: EvalSet) -> tuple[str, ...]:
    """What was said of the shards in the order of a run of the whole: of hypotheses first, then metric by metric."""
    heads = {name: [notice.partition(f", metric {name}: ") for notice in told] for name in metrics}
    asked = {head.removeprefix("segment ") for found in heads.values() for head, middle, _ in found if middle}
    ids = {segment.id for segment in eval_set.scored if segment.id in asked} if asked else set()
    by: dict[str | None, list[str]] = {None: [], **{name: [] for name in metrics}}
    for at, notice in enumerate(told):
        said_by = (name for name in metrics if heads[name][at][0].removeprefix("segment ") in ids)
        by[next(said_by, None)].append(notice)
    return tuple(notice for found in by.values() for notice in found)
