"""From texts to verdicts: every signal looks, the detector weighs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mteval.garble.base import Detector, Gauge, Line, Observations, Signal, SourceSignal, Text, Verdict
from mteval.gate import Mark
from mteval.metrics.base import Metric, combined
from mteval.scores import SegmentScores
from mteval.segment import EvalSet, Hypotheses


@dataclass(frozen=True)
class Translated:
    """What is known of one system's translation of an eval set; sequences are aligned with ``EvalSet.scored``.

    Attributes:
        hypotheses: what the system produced.
        marks: what the gate saw, a tuple a segment.
        scores: segment scores by metric name.
        references: whether it may be compared with the human references (which a reference itself may not).
    """

    hypotheses: Hypotheses
    marks: Sequence[tuple[Mark, ...]]
    scores: Mapping[str, SegmentScores]
    references: bool


def judge(text: Text, signals: Mapping[str, Signal], detector: Detector) -> Verdict:
    """Let every signal look at a text, and weigh what they saw."""
    asked = {
        name: signal for name, signal in signals.items() if text.system is None or not isinstance(signal, SourceSignal)
    }
    unseen = {name: reason for name, signal in asked.items() if (reason := signal.blind(text))}
    seeing = {name: signal for name, signal in asked.items() if name not in unseen}
    evidence = tuple(e for name, signal in seeing.items() for e in signal.look(name, text))
    gauges = {name: signal.gauge(text) for name, signal in seeing.items() if isinstance(signal, Gauge)}
    return detector.judge(text, Observations(evidence, gauges, tuple(unseen.items())))


def sources(
    eval_set: EvalSet, made: Sequence[Translated] = (), metrics: Mapping[str, Metric] | None = None
) -> list[Text]:
    """The source documents, as texts to judge; page furniture is left out.

    Args:
        made: what ranked systems made of them.
        metrics: by name, what scored it; those that need a reference are not heeded.
    """
    free = {name: metric for name, metric in (metrics or {}).items() if not metric.card.needs_reference}
    texts = []
    for document in eval_set.documents:
        rows = eval_set.rows[document.id]
        segments = [eval_set.scored[row] for row in rows]
        lines = tuple(Line(segment.id, segment.source) for segment in segments)
        translations = {one.hypotheses.system: tuple(one.hypotheses.texts[row] for row in rows) for one in made}
        scores = {
            name: {
                one.hypotheses.system: combined(metric, statistics)
                for one in made
                if name in one.scores and (statistics := one.scores[name].scored(rows)) is not None
            }
            for name, metric in free.items()
        }
        text = Text(document.id, None, eval_set.pair.source, None, lines)
        texts.append(replace(text, translations=translations, translation_scores=scores))
    return texts


def translations(eval_set: EvalSet, translated: Translated, metrics: Mapping[str, Metric]) -> list[Text]:
    """One system's documents, as texts to judge."""
    texts = []
    for document in eval_set.documents:
        rows = eval_set.rows[document.id]
        lines = []
        for row in rows:
            segment = eval_set.scored[row]
            scores = {name: score for name, s in translated.scores.items() if (score := s.scores[row]) is not None}
            references = tuple(segment.references.values()) if translated.references else ()
            text = translated.hypotheses.texts[row]
            lines.append(Line(segment.id, text, segment.source, references, translated.marks[row], scores))
        scores = {
            name: combined(metrics[name], statistics)
            for name, found in translated.scores.items()
            if (statistics := found.scored(rows)) is not None
        }
        system, pair = translated.hypotheses.system, eval_set.pair
        texts.append(Text(document.id, system, pair.target, pair.source, tuple(lines), scores))
    return texts
