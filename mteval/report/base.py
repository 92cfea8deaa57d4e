"""What a run found, and the contract of what writes it down."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mteval.comparison import Comparisons
from mteval.garble.base import Verdict
from mteval.gate import Mark
from mteval.metrics.base import MetricCard
from mteval.scores import DocumentScores, SegmentScores, SystemScore
from mteval.segment import ErrorSpan, EvalSet, Hypotheses
from mteval.systems.base import Kind
from mteval.unjudged.base import Unjudged

Counting = Literal["raw", "gated", "decoded"]
"""What counts as a hypothesis: the text as it was produced (``raw``); nothing, where the gate says that it is empty,
copied, looped, in the wrong language or a refusal (``gated``); or the text with the HTML entities decoded that the gate
marked (``decoded``)."""

COUNTINGS: tuple[Counting, ...] = ("raw", "gated", "decoded")

Sources = Literal["all", "clean", "original", "translated"]
"""Which documents count: all, those whose source is clean, those whose source was written in its language
(``original``), or those whose source is itself a translation (``translated``: translationese)."""


@dataclass(frozen=True)
class View:
    """The same hypotheses, scored in one way of counting.

    Attributes:
        scores: by system name, then by metric name.
        comparisons: of ranked systems, by metric name; a metric is absent where fewer than two have a score.
    """

    scores: Mapping[str, Mapping[str, SystemScore]]
    comparisons: Mapping[str, Comparisons] = field(default_factory=dict)


@dataclass(frozen=True)
class SystemResult:
    """Everything found of one system on one eval set; each sequence is aligned with ``EvalSet.scored``.

    Attributes:
        name: the system's name.
        kind: whether it is ranked.
        signature: every setting that changes its output.
        hypotheses: what it produced.
        marks: what the gate saw, a tuple a segment.
        scores: system scores by metric name; a metric that did not score it (the reference against itself) is absent.
        segment_scores: segment scores by metric name.
        spans: error spans by metric name, a tuple a segment (``None`` where the metric gave none), for metrics that
            give any.
        truncated: by metric name, the positions of segments that the metric did not see whole.
        verdicts: one a document, in document order; none if no signal was there to look.
        notices: what must not pass in silence, a sentence each.
        document_scores: document scores by metric name.
        recounted: by way of counting, segment scores by metric name where they are other than ``segment_scores``;
            ``raw`` is never there.
        optimised_with: metrics and families of metrics that it was made to score well by, as its config declares.
    """

    name: str
    kind: Kind
    signature: str
    hypotheses: Hypotheses
    marks: tuple[tuple[Mark, ...], ...]
    scores: Mapping[str, SystemScore]
    segment_scores: Mapping[str, SegmentScores]
    spans: Mapping[str, tuple[tuple[ErrorSpan, ...] | None, ...]] = field(default_factory=dict)
    truncated: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    notices: tuple[str, ...] = ()
    document_scores: Mapping[str, DocumentScores] = field(default_factory=dict)
    recounted: Mapping[Counting, Mapping[str, SegmentScores]] = field(default_factory=dict)
    optimised_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairResult:
    """Everything found in one lang pair.

    Attributes:
        eval_set: what was translated.
        systems: in the order in which they ran.
        declined: systems that do not translate this eval set, with the reason.
        sources: verdicts on the source documents, in document order; none if no signal was there to look.
        comparisons: of ranked systems by the scores in ``systems``, by metric name; a metric is absent where fewer than
            two have a score.
        views: the other ways of counting, where they differ from the raw scores over all documents.
    """

    eval_set: EvalSet
    systems: tuple[SystemResult, ...]
    declined: Mapping[str, str]
    sources: tuple[Verdict, ...]
    comparisons: Mapping[str, Comparisons] = field(default_factory=dict)
    views: Mapping[tuple[Counting, Sources], View] = field(default_factory=dict)

    @cached_property
    def documents_by(self) -> Mapping[Sources, tuple[str, ...]]:
        """By which documents count, the ids of those that hold a segment to score, in document order.

        A suspect source is not clean, and neither is one that was not judged; a source whose original language is not
        known is neither original nor translated.
        """
        clean = {verdict.document for verdict in self.sources if verdict.label == "clean"}
        there = [document for document in self.eval_set.documents if self.eval_set.rows[document.id]]
        return {
            "all": tuple(one.id for one in there),
            "clean": tuple(one.id for one in there if one.id in clean),
            "original": tuple(one.id for one in there if one.translated is False),
            "translated": tuple(one.id for one in there if one.translated is True),
        }

    @cached_property
    def rows_by(self) -> Mapping[Sources, Sequence[int]]:
        """By which documents count, the positions of their segments in ``EvalSet.scored``, in order."""
        rows, every = self.eval_set.rows, range(len(self.eval_set.scored))
        return {
            sources: every
            if sum(len(rows[document]) for document in documents) == len(every)
            else tuple(sorted(row for document in documents for row in rows[document]))
            for sources, documents in self.documents_by.items()
        }

    @cached_property
    def split(self) -> tuple[Sources, ...]:
        """Which documents are worth scores of their own: ``clean`` where only some are, ``original`` and ``translated``
        where there are both."""
        found: list[Sources] = []
        if len(self.rows_by["clean"]) not in (0, len(self.eval_set.scored)):
            found.append("clean")
        if self.rows_by["original"] and self.rows_by["translated"]:
            found += ["original", "translated"]
        return tuple(found)


@dataclass(frozen=True)
class FailedCell:
    """A cell of a sweep that gave no result.

    Attributes:
        cell: its folder, as the user names it.
        overrides: what it has of its own, as ``systems=[nllb]``; empty where that is not known.
        reason: why there is no result, in one line.
    """

    cell: str
    overrides: tuple[str, ...]
    reason: str

    @property
    def sentence(self) -> str:
        """Which cell, and why, in one line."""
        own = f" ({' '.join(self.overrides)})" if self.overrides else ""
        return f"{self.cell}{own}: {self.reason}"


@dataclass(frozen=True)
class RunResult:
    """Everything a run found.

    Attributes:
        pairs: a result a lang pair, in config order.
        metrics: the metrics' cards by name, in config order; the first is the one that systems are ordered by.
        record: what ``run.json`` says besides: versions, seed, timing, device, config.
        warnings: what must not pass in silence, a sentence each.
        baseline: the system that the others are compared to; ``None`` for none.
        failed: cells of the sweeps it was merged from that gave no result.
    """

    pairs: tuple[PairResult, ...]
    metrics: Mapping[str, MetricCard]
    record: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    baseline: str | None = None
    failed: tuple[FailedCell, ...] = ()


class Report(ABC):
    """Writes a run's result in one format."""

    @abstractmethod
    def write(self, result: RunResult, folder: Path) -> Path:
        """Write one file into an existing folder, whole or not at all.

        Returns:
            The file.

        Raises:
            OutputError: it cannot be written.
        """


class VerdictStream(ABC):
    """Shows verdicts one by one, as they are passed, on texts that belong to no run."""

    @abstractmethod
    def write(self, text: Unjudged, verdict: Verdict, *, shown: bool) -> None:
        """Show one verdict at once.

        Args:
            shown: false for one that the user does not ask for, and which only counts.
        """

    @abstractmethod
    def end(self) -> None:
        """Say what is to be said after the last verdict."""
