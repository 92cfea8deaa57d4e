"""Several runs as one, so that their systems stand in one leaderboard; what is not comparable is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mteval.errors import ComparabilityError
from mteval.merging_shards import origin, origins
from mteval.merging_systems import called, union
from mteval.merging_usage import usage_of
from mteval.metrics.base import MetricCard
from mteval.recorded import Recorded
from mteval.report.base import PairResult, RunResult, SystemResult
from mteval.report.plain import counted
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.signature import difference

_APART = "report these runs apart"
_ORDER = ("system", "reference", "canary")


@dataclass(frozen=True)
class _Part:
    """One run's share of a lang pair, its systems already named as in the merged result."""

    run: Recorded
    pair: PairResult


def merge(runs: Sequence[Recorded]) -> Recorded:
    """Several runs as one.

    A lang pair that several have must be the same eval set, and a metric the same in all. A system of one name that is
    the same in several runs is kept once; one that differs is renamed in each, ``NAME@RUN``. What is kept of two things
    that differ, and what is missing, is said in the warnings.

    Args:
        runs: at least one; settings of intervals and tests are the first's.

    Raises:
        ComparabilityError: runs cannot stand in one leaderboard; it names what differs, and where.
        RunError: two systems would have one name.
    """
    signatures = _signatures(runs)
    cards = _cards(runs)
    names, warnings = called(runs)
    parts: dict[str, list[_Part]] = {}
    for run in runs:
        for pair in run.result.pairs:
            renamed = _renamed(pair, names[run.folder])
            parts.setdefault(str(pair.eval_set.pair), []).append(_Part(run, renamed))
    pairs = []
    for of_pair in parts.values():
        merged, said = _pair(of_pair, cards)
        pairs.append(merged)
        warnings += said
    told = [warning for run in runs for warning in run.result.warnings]
    result = RunResult(
        pairs=tuple(pairs),
        metrics=cards,
        record={
            "merged_from": [one for run in runs for one in origins(run)],
            "metric_configs": _metric_configs(runs),
            **({"usage": used} if (used := usage_of(runs, names)) else {}),
        },
        warnings=tuple(dict.fromkeys([*told, *warnings, *_versions(runs)])),
        failed=tuple(dict.fromkeys(cell for run in runs for cell in run.result.failed)),
    )
    return Recorded(runs[0].folder, result, signatures, {}, runs[0].resampling)


def _cards(runs: Sequence[Recorded]) -> dict[str, MetricCard]:
    """The metrics of all runs, in order of first appearance, each with its one card."""
    cards: dict[str, MetricCard] = {}
    first: dict[str, Recorded] = {}
    for run in runs:
        for metric, card in run.result.metrics.items():
            if (other := cards.setdefault(metric, card)) != card:
                mine, theirs = vars(card), vars(other)
                key = next(key for key in mine if mine[key] != theirs[key])
                told = f"{key}: {theirs[key]} in {first[metric].folder}, {mine[key]} in {run.folder}"
                raise ComparabilityError(f"metric {metric}", f"is not one metric in all runs ({told})", _APART)
            first.setdefault(metric, run)
    return cards


def _signatures(runs: Sequence[Recorded]) -> dict[str, dict[str, str]]:
    """Each metric's one signature, by lang pair; lang pairs may differ in how many references they have alone."""
    signatures: dict[str, dict[str, str]] = {}
    first: dict[tuple[str, str | None], tuple[Recorded, str]] = {}
    for run in runs:
        for pair, by_metric in run.signatures.items():
            merged = signatures.setdefault(pair, {})
            for metric, signature in by_metric.items():
                bare = "|".join(part for part in signature.split("|") if not part.startswith("nrefs:"))
                for key, mine in (((metric, None), bare), ((metric, pair), signature)):
                    other, theirs = first.setdefault(key, (run, mine))
                    if theirs != mine:
                        told = difference(theirs, mine, f"in {other.folder}", f"in {run.folder}")
                        problem = f"was not made under one signature ({told})"
                        remedy = f"{_APART}, or run one of them again with the other's settings"
                        raise ComparabilityError(f"metric {metric}", problem, remedy)
                merged[metric] = signature
    return signatures


def _renamed(pair: PairResult, names: Mapping[str, str]) -> PairResult:
    """A lang pair with its systems called as in the merged result."""
    eval_set = pair.eval_set
    given = {names[name]: replace(found, system=names[name]) for name, found in eval_set.hypotheses.items()}
    systems = tuple(_called(system, names[system.name]) for system in pair.systems)
    return replace(pair, eval_set=replace(eval_set, hypotheses=given), systems=systems)


def _called(system: SystemResult, name: str) -> SystemResult:
    if system.name == name:
        return system
    return replace(
        system,
        name=name,
        hypotheses=replace(system.hypotheses, system=name),
        segment_scores={metric: replace(found, system=name) for metric, found in system.segment_scores.items()},
        recounted={
            counting: {metric: replace(found, system=name) for metric, found in by_metric.items()}
            for counting, by_metric in system.recounted.items()
        },
        verdicts=tuple(replace(verdict, system=name) for verdict in system.verdicts),
    )


def _pair(parts: Sequence[_Part], cards: Mapping[str, MetricCard]) -> tuple[PairResult, list[str]]:
    """One lang pair of several runs, and what must be said of it."""
    first = parts[0]
    by_name: dict[str, list[tuple[Recorded, SystemResult]]] = {}
    given: dict[str, Hypotheses] = {}
    declined: dict[str, str] = {}
    for part in parts:
        _check_eval_set(first, part)
        for system in part.pair.systems:
            by_name.setdefault(system.name, []).append((part.run, system))
        given |= {name: one for name, one in part.pair.eval_set.hypotheses.items() if name not in given}
        declined |= {name: reason for name, reason in part.pair.declined.items() if name not in declined}
    name = str(first.pair.eval_set.pair)
    warnings: list[str] = []
    systems = []
    for several in by_name.values():
        merged, said = union(several)
        systems.append(merged)
        warnings += [f"{name}: {warning}" for warning in said]
    systems.sort(key=lambda system: _ORDER.index(system.kind))
    documents, told = _documents(parts)
    warnings += [f"{name}: {said}" for said in told]
    result = PairResult(
        replace(first.pair.eval_set, documents=documents, hypotheses=given),
        tuple(systems),
        {name: reason for name, reason in declined.items() if name not in by_name},
        next((part.pair.sources for part in parts if part.pair.sources), ()),
    )
    if len(parts) > 1:
        warnings += [f"{name}: {said}" for said in (*_sources(parts), *_missing(result, cards))]
    return result, warnings


def _check_eval_set(first: _Part, other: _Part) -> None:
    """Make sure that two runs have the same segments, in the same order, with the same references."""
    one, two = first.pair.eval_set, other.pair.eval_set
    runs = f"{first.run.folder} and {other.run.folder}"

    def refuse(what: str, left: object, right: object) -> ComparabilityError:
        told = f"{what}: {left} in {first.run.folder}, {right} in {other.run.folder}"
        return ComparabilityError(runs, f"{one.pair} is not the same eval set ({told})", _APART)

    if one.name != two.name:
        raise refuse("name", one.name, two.name)
    if _body(one) != _body(two):
        raise refuse("page furniture", *("included" if s.include_furniture else "left out" for s in (one, two)))
    for mine, theirs in zip(one.segments, two.segments, strict=False):
        if mine.id != theirs.id:
            raise refuse("a segment", mine.id, theirs.id)
        for what, left, right in _facts(mine, theirs):
            if left != right:
                raise refuse(f"{what} of segment {mine.id}", _short(left), _short(right))
    if len(one.segments) != len(two.segments):
        raise refuse("segments", len(one.segments), len(two.segments))
    if [document.id for document in one.documents] != [document.id for document in two.documents]:
        raise refuse("documents", *(", ".join(document.id for document in s.documents) for s in (one, two)))


def _documents(parts: Sequence[_Part]) -> tuple[tuple[Document, ...], list[str]]:
    """The first run's documents, each with its original language from the first run that knows it, and what must be
    said of that.

    Raises:
        ComparabilityError: two runs name different languages; then their scores over original sources would not be of
            the same documents.
    """
    documents, told = list(parts[0].pair.eval_set.documents), []
    for part in parts[1:]:
        learnt = 0
        for at, (mine, theirs) in enumerate(zip(documents, part.pair.eval_set.documents, strict=True)):
            if mine.origlang is None and theirs.origlang is not None:
                documents[at] = replace(mine, origlang=theirs.origlang)
                learnt += 1
            elif theirs.origlang is not None and theirs.origlang != mine.origlang:
                raise ComparabilityError(
                    f"{parts[0].run.folder} and {part.run.folder}",
                    f"document {mine.id} of {part.pair.eval_set.pair} was first written in {mine.origlang} in one, and "
                    f"in {theirs.origlang} in the other",
                    _APART,
                )
        if learnt:
            told.append(f"the original language of {counted(learnt, 'document')} is taken from {part.run.folder}")
    return tuple(documents), told


def _body(eval_set: EvalSet) -> bool:
    """Whether page furniture counts; where there is none, that makes no difference."""
    return eval_set.include_furniture and any(segment.furniture for segment in eval_set.segments)


def _facts(one: Segment, two: Segment) -> Iterator[tuple[str, object, object]]:
    yield "source", one.source, two.source
    yield "document", one.document, two.document
    yield "page furniture", one.furniture, two.furniture
    for name in dict.fromkeys((*one.references, *two.references)):
        yield f"reference {name}", one.references.get(name, "none"), two.references.get(name, "none")


def _short(value: object) -> str:
    text = str(value)
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def _sources(parts: Sequence[_Part]) -> Iterator[str]:
    """That the runs judge the source documents differently, once for each run that does."""
    judged = [part for part in parts if part.pair.sources]
    for part in judged[1:]:
        kept = {verdict.document: verdict.label for verdict in judged[0].pair.sources}
        for verdict in part.pair.sources:
            if (label := kept.get(verdict.document)) != verdict.label:
                yield (
                    f"source document {verdict.document} is {label} in {judged[0].run.folder} and {verdict.label} in "
                    f"{part.run.folder}; the verdicts on sources are those of {judged[0].run.folder}"
                )
                break
        else:
            if part.pair.sources != judged[0].pair.sources:
                yield (
                    f"the evidence against source documents differs between {judged[0].run.folder} and "
                    f"{part.run.folder}; that of {judged[0].run.folder} is shown"
                )


def _missing(pair: PairResult, cards: Mapping[str, MetricCard]) -> Iterator[str]:
    """The metrics that a system's runs did not have, where others' did."""
    for metric, card in cards.items():
        asked = [system for system in pair.systems if not (card.needs_reference and system.kind == "reference")]
        lacking = [system.name for system in asked if metric not in system.segment_scores]
        if lacking:
            yield f"{card.label} is missing for {', '.join(lacking)}: their runs did not score with it"


def _metric_configs(runs: Sequence[Recorded]) -> dict[str, Any]:
    """What each metric was built from, where a run says it; the first that does."""
    found: dict[str, Any] = {}
    for run in runs:
        found = {**run.result.record.get("metric_configs", {}), **found}
    return found


def _versions(runs: Sequence[Recorded]) -> Iterator[str]:
    by_version: dict[str, list[str]] = {}
    for run in runs:
        by_version.setdefault(str(origin(run)["mteval"]), []).append(str(run.folder))
    if len(by_version) > 1:
        told = ", ".join(f"{version} in {' and '.join(folders)}" for version, folders in by_version.items())
        yield f"the runs were made by different versions of mteval: {told}"
