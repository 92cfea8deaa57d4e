"""Texts in, verdicts out, as they come: the judging of a run without its systems, in bounded memory; no Hydra."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mteval import judging, reuse
from mteval.errors import MtevalError
from mteval.garble.base import Detector, Signal, Verdict
from mteval.gate import Gate
from mteval.lang import LangPair, base_language
from mteval.metrics.base import Item, Metric, MetricCard, stacked
from mteval.metrics.lexical_base import Lexical
from mteval.scores import SegmentScores
from mteval.scoring import Items
from mteval.segment import Document, EvalSet, Hypotheses
from mteval.store import Store
from mteval.unjudged.base import UNKNOWN, Unjudged
from mteval.usage import Meter

_MOST_DOCUMENTS = 64
_MOST_SEGMENTS = 2_000
"""What is held back at a time, so that a neural metric scores whole batches."""


@dataclass(frozen=True)
class Judges:
    """What passes verdicts.

    Attributes:
        gate: marks hypotheses before any metric sees them.
        metrics: by name; each scores the translations that have what it needs.
        signals: by name; what looks for evidence of garble.
        detector: weighs the evidence.
    """

    gate: Gate
    metrics: Mapping[str, Metric]
    signals: Mapping[str, Signal]
    detector: Detector

    def check(self) -> None:
        """Make sure that every metric can score on this machine.

        Raises:
            UnavailableError: a program, package or checkpoint is missing.
        """
        for metric in self.metrics.values():
            metric.check()

    def judge(self, texts: Iterable[Unjudged]) -> Iterator[tuple[Unjudged, Verdict]]:
        """Pass a verdict on each text, in order.

        A text is judged before the next is read, unless a metric that gains by scoring many segments together
        (any that is not lexical) scores it; then a bounded number of texts is judged together.

        Raises:
            MtevalError: from ``texts``, after every text before it has been judged; or from a metric.
        """
        for window in self._windows(texts):
            prepared = [_eval_set(text) for text in window]
            scores = self._score(prepared)
            for text, eval_set, found in zip(window, prepared, scores, strict=True):
                yield text, self._verdict(text, eval_set, found)

    def doubts(self, text: Unjudged) -> Iterator[str]:
        """Metrics that score a text outside the lang pairs that they were made for, a sentence each."""
        if text.source_language is None:
            return
        pair = f"{base_language(text.source_language.code)}-{base_language(text.language.code)}"
        for metric in self._scoring(_eval_set(text)).values():
            if metric.card.pairs is not None and pair not in metric.card.pairs:
                made_for = ", ".join(metric.card.pairs)
                yield f"{pair}: {metric.card.label} was made for {made_for}; its scores say little here"

    def _windows(self, texts: Iterable[Unjudged]) -> Iterator[list[Unjudged]]:
        window: list[Unjudged] = []
        segments = 0
        waits = False
        try:
            for text in texts:
                window.append(text)
                segments += len(text.segments)
                waits = waits or any(not isinstance(m, Lexical) for m in self._scoring(_eval_set(text)).values())
                if not waits or len(window) >= _MOST_DOCUMENTS or segments >= _MOST_SEGMENTS:
                    yield window
                    window, segments, waits = [], 0, False
        except MtevalError:
            if window:
                yield window
            raise
        if window:
            yield window

    def _scoring(self, eval_set: EvalSet) -> dict[str, Metric]:
        """The metrics that score a text: none a source document, and without a reference only those that need none."""
        if not eval_set.hypotheses:
            return {}
        references = bool(eval_set.reference_names)
        return {name: metric for name, metric in self.metrics.items() if references or not metric.card.needs_reference}

    def _score(self, eval_sets: Sequence[EvalSet]) -> list[dict[str, SegmentScores]]:
        """Segment scores of each of some texts, by metric name."""
        found: list[dict[str, SegmentScores]] = [{} for _ in eval_sets]
        for name, metric in self.metrics.items():
            by_references: dict[int, list[int]] = {}
            for at, eval_set in enumerate(eval_sets):
                if name in self._scoring(eval_set):
                    count = len(eval_set.reference_names) if metric.card.needs_reference else 0
                    by_references.setdefault(count, []).append(at)
            for references, positions in by_references.items():
                items = [_items(eval_sets[at], references, metric.card) for at in positions]
                whole = [item for some in items for item in some]
                scores = iter(reuse.score(name, metric, whole, references, Store(None), _unwatched, Meter()))
                for at, some in zip(positions, items, strict=True):
                    part = [next(scores) for _ in some]
                    (system,) = eval_sets[at].hypotheses
                    values = tuple(score.score for score in part)
                    found[at][name] = SegmentScores(name, system, values, stacked(part))
        return found

    def _verdict(self, text: Unjudged, eval_set: EvalSet, scores: Mapping[str, SegmentScores]) -> Verdict:
        if not eval_set.hypotheses:
            (whole,) = judging.sources(eval_set)
        else:
            (hypotheses,) = eval_set.hypotheses.values()
            marks = self.gate.marks_of([segment.source for segment in eval_set.scored], hypotheses.texts, eval_set.pair)
            translated = judging.Translated(hypotheses, marks, scores, references=True)
            (whole,) = judging.translations(eval_set, translated, self.metrics)
        return judging.judge(whole, self.signals, self.detector)


def _eval_set(text: Unjudged) -> EvalSet:
    """A text as an eval set of one document, and of one system or none, so that it is judged as in a run."""
    if text.system is None or text.source_language is None:
        pair, hypotheses = LangPair(text.language.code, UNKNOWN), {}
    else:
        pair = LangPair(text.source_language.code, text.language.code)
        hypotheses = {text.system: Hypotheses(text.system, text.hypotheses)}
    document = Document(text.document, pair.source)
    return EvalSet(text.file, pair, (document,), text.segments, hypotheses)


def _items(eval_set: EvalSet, references: int, card: MetricCard) -> Sequence[Item]:
    (hypotheses,) = eval_set.hypotheses.values()
    return Items(eval_set, hypotheses.texts, eval_set.reference_names if references else (), card)


def _unwatched(done: int) -> None:
    """No progress is shown: the verdicts themselves are."""
