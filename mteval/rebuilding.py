"""From the lines of a run's files back to what was found: texts, segment scores, marks, spans and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mteval.garble.base import Evidence, SegmentVerdict, Verdict
from mteval.gate import Mark
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.report.base import COUNTINGS, Counting, PairResult, SystemResult
from mteval.report.statistics_file import Arrays, raw_scores, recounted_scores
from mteval.scores import SegmentScores
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Part, Segment

Row = Mapping[str, Any]


def card(said: Row) -> MetricCard:
    """A metric's card, as ``run.json`` holds it."""
    settings: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return MetricCard(**settings)


def pair_result(
    said: Row, lines: Sequence[tuple[str, Row]], verdicts: Sequence[Row], arrays: Arrays, metrics: Sequence[str]
) -> PairResult:
    """What was found in one lang pair, but for what follows from segment scores.

    Args:
        said: what ``run.json`` says of it.
        lines: of ``segments.jsonl``, each with its place.
        verdicts: the lines of ``verdicts.jsonl``.
        arrays: what ``statistics.npz`` holds.
        metrics: the run's, by name, in order.

    Raises:
        KeyError, TypeError, ValueError, MtevalError: these do not hold what belongs there, or do not fit together.
    """
    scored = [row for _, row in lines if said["include_furniture"] or not row["furniture"]]
    about = {row["system"]: row for row in said["systems"]}
    systems = tuple(
        replace(
            _system(said["lang_pair"], name, about[name], scored, arrays, metrics),
            verdicts=_verdicts(verdicts, name),
            optimised_with=tuple(said["optimised_with"][name]),
        )
        for name in said["ran"]
    )
    by_name = {system.name: system for system in systems}
    eval_set = EvalSet(
        name=said["eval_set"],
        pair=LangPair(*said["lang_pair"].split("-")),
        documents=tuple(Document(**document) for document in said["document_list"]),
        segments=tuple(_segment(where, row) for where, row in lines),
        hypotheses={name: by_name[name].hypotheses for name in said["given"]},
        include_furniture=said["include_furniture"],
        part=_part(said["shard"]) if "shard" in said else None,
    )
    return PairResult(eval_set, systems, said["declined"], _verdicts(verdicts, None))


def _part(said: Row) -> Part:
    return Part(**{**said, "references": tuple(said["references"])})


def _segment(where: str, row: Row) -> Segment:
    return Segment(
        id=row["segment"],
        source=row["source"],
        document=row["document"],
        where=where,
        paragraph=row["paragraph"],
        start=row["start"],
        end=row["end"],
        furniture=row["furniture"],
        references=row["references"],
        notes=row["notes"],
        gold=row["gold"],
    )


def _system(
    pair: str, name: str, about: Row, rows: Sequence[Row], arrays: Arrays, metrics: Iterable[str]
) -> SystemResult:
    """One system, but for its verdicts."""
    found = [metric for metric in metrics if rows and metric in rows[0]["scores"][name]]
    scores = {metric: tuple(row["scores"][name][metric] for row in rows) for metric in found}
    spans = {metric: tuple(_spans(row["spans"][name].get(metric)) for row in rows) for metric in found}
    cut = {metric: tuple(at for at, row in enumerate(rows) if metric in row["truncated"][name]) for metric in found}
    notices = tuple(about["notices"])
    return SystemResult(
        name=name,
        kind=about["kind"],
        signature=about["signature"],
        hypotheses=Hypotheses(name, tuple(row["hypotheses"][name] for row in rows), notices),
        marks=tuple(tuple(Mark(**mark) for mark in row["marks"][name]) for row in rows),
        scores={},
        segment_scores={metric: raw_scores(arrays, pair, name, metric, scores[metric]) for metric in found},
        spans={metric: given for metric, given in spans.items() if any(one is not None for one in given)},
        truncated={metric: positions for metric, positions in cut.items() if positions},
        notices=notices,
        recounted=_recounted(arrays, pair, name, found),
    )


def _recounted(
    arrays: Arrays, pair: str, system: str, metrics: Iterable[str]
) -> dict[Counting, dict[str, SegmentScores]]:
    found: dict[Counting, dict[str, SegmentScores]] = {}
    for counting in COUNTINGS:
        for metric in metrics:
            one = recounted_scores(arrays, pair, system, metric, counting)
            if one is not None:
                found.setdefault(counting, {})[metric] = one
    return found


def _spans(given: Sequence[Row] | None) -> tuple[ErrorSpan, ...] | None:
    return None if given is None else tuple(ErrorSpan(**span) for span in given)


def _verdicts(rows: Iterable[Row], system: str | None) -> tuple[Verdict, ...]:
    """The verdicts on one system's documents, or on the source documents."""
    return tuple(_verdict(row) for row in rows if row["system"] == system)


def _verdict(row: Row) -> Verdict:
    return Verdict(
        row["document"],
        row["system"],
        row["verdict"],
        row["probability"],
        tuple(Evidence(**{key: value for key, value in one.items() if key != "text"}) for one in row["evidence"]),
        tuple((one["signal"], one["reason"]) for one in row["unseen"]),
        tuple(SegmentVerdict(one["segment"], one["verdict"], one["probability"]) for one in row["segments"]),
    )
