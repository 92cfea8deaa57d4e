"""From the lines of a run's files back to what was found: texts, segment scores, marks, spans and verdicts."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mteval.garble.base import Evidence, SegmentVerdict, Verdict
from mteval.gate import Mark
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.recorded_lines import RecordedLines, RecordedSegments, RecordedTexts, Row
from mteval.report.base import COUNTINGS, Counting, PairResult, SystemResult
from mteval.report.statistics_file import Arrays, raw_scores, recounted_scores
from mteval.scores import Points, SegmentScores
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Part


def card(said: Row) -> MetricCard:
    """A metric's card, as ``run.json`` holds it."""
    settings: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return MetricCard(**settings)


class Columns:
    """What the lines of ``segments.jsonl`` say of one lang pair, taken as they come; their texts stay in the file.

    Args:
        path: the file.
        said: what ``run.json`` says of the lang pair.
        metrics: the run's, by name, in order.
    """

    def __init__(self, path: Path, said: Row, metrics: Sequence[str]) -> None:
        self._path = path
        self._metrics = tuple(metrics)
        self._include_furniture: bool = said["include_furniture"]
        self._first = 0
        self._places = array("Q")
        self._names: dict[str, int] = {}
        self._documents = array("I")
        self._furniture = bytearray()
        self.of: dict[str, _System] = {name: _System() for name in said["ran"]}

    def add(self, row: Row, number: int, start: int, end: int) -> None:
        """Take the next line.

        Args:
            number: its own, from 1.
            start, end: the bytes where it and the line after it begin.

        Raises:
            KeyError, TypeError, ValueError: it does not follow the last one, or does not hold what belongs there.
        """
        if not self._places:
            self._first = number
            self._places.append(start)
        if number != self._first + len(self._documents):
            raise ValueError(f"line {number} is not beside the other lines of {row['lang_pair']}")
        self._places.append(end)
        self._documents.append(self._names.setdefault(row["document"], len(self._names)))
        self._furniture.append(row["furniture"])
        if self._include_furniture or not row["furniture"]:
            for name, system in self.of.items():
                system.add(row, name, self._metrics)

    @cached_property
    def segments(self) -> RecordedSegments:
        """All segments, page furniture included, once all lines were taken."""
        lines = RecordedLines([(self._path, self._first, self._places)] if self._places else [])
        return RecordedSegments(lines, self._documents, list(self._names), self._furniture)

    @cached_property
    def scored(self) -> RecordedSegments:
        """Those of them that have hypotheses."""
        return self.segments if self._include_furniture else self.segments.without_furniture()


class _System:
    """What the lines say of one system's hypotheses, one a segment."""

    def __init__(self) -> None:
        self.marks: list[tuple[Mark, ...]] = []
        self.scores: dict[str, array[float]] = {}
        self.spans: dict[str, list[tuple[ErrorSpan, ...] | None]] = {}
        self.truncated: dict[str, list[int]] = {}

    def add(self, row: Row, name: str, metrics: Iterable[str]) -> None:
        if not self.marks:
            self.scores = {metric: array("d") for metric in metrics if metric in row["scores"][name]}
        if not isinstance(row["hypotheses"][name], str):
            raise TypeError(f"segment {row['segment']} has no hypothesis of {name}")
        at = len(self.marks)
        self.marks.append(tuple(Mark(**mark) for mark in row["marks"][name]))
        for metric, scores in self.scores.items():
            score = row["scores"][name][metric]
            scores.append(math.nan if score is None else score)
            spans = _spans(row["spans"][name].get(metric))
            if spans is not None or metric in self.spans:
                self.spans.setdefault(metric, [None] * at).append(spans)
            if metric in row["truncated"][name]:
                self.truncated.setdefault(metric, []).append(at)


def pair_result(said: Row, columns: Columns, verdicts: Sequence[Row], arrays: Arrays) -> PairResult:
    """What was found in one lang pair, but for what follows from segment scores.

    Args:
        said: what ``run.json`` says of it.
        columns: what ``segments.jsonl`` says.
        verdicts: the lines of ``verdicts.jsonl``.
        arrays: what ``statistics.npz`` holds.

    Raises:
        KeyError, TypeError, ValueError, MtevalError: these do not hold what belongs there, or do not fit together.
    """
    about = {row["system"]: row for row in said["systems"]}
    systems = tuple(
        replace(
            _system(said["lang_pair"], name, about[name], columns, arrays),
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
        segments=columns.segments,
        hypotheses={name: by_name[name].hypotheses for name in said["given"]},
        include_furniture=said["include_furniture"],
        part=_part(said["shard"]) if "shard" in said else None,
    )
    return PairResult(eval_set, systems, said["declined"], _verdicts(verdicts, None))


def _part(said: Row) -> Part:
    return Part(**{**said, "references": tuple(said["references"])})


def _system(pair: str, name: str, about: Row, columns: Columns, arrays: Arrays) -> SystemResult:
    """One system, but for its verdicts."""
    found, notices = columns.of[name], tuple(about["notices"])
    scores = {metric: Points(np.frombuffer(numbers, np.float64)) for metric, numbers in found.scores.items()}
    return SystemResult(
        name=name,
        kind=about["kind"],
        signature=about["signature"],
        hypotheses=Hypotheses(name, RecordedTexts(columns.scored, name), notices),
        marks=tuple(found.marks),
        scores={},
        segment_scores={metric: raw_scores(arrays, pair, name, metric, points) for metric, points in scores.items()},
        spans={metric: tuple(spans) for metric, spans in found.spans.items()},
        truncated={metric: tuple(positions) for metric, positions in found.truncated.items()},
        notices=notices,
        recounted=_recounted(arrays, pair, name, found.scores),
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
