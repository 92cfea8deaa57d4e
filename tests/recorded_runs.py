"""Small runs, made by the real evaluation and written by the real writers, for tests of what reads them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mteval.composition import compose
from mteval.config import build
from mteval.evalsets.base import EvalSetReader
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.needs import Need
from mteval.report.base import RunResult
from mteval.report.record import Record
from mteval.report.segments import Segments
from mteval.report.statistics_file import Statistics
from mteval.report.verdicts import Verdicts
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Segment
from mteval.signature import Signature

FAST = ("bootstrap_draws=20", "significance.trials=50", "store=null")
NOTHING = "the metric was asked to do more than combine statistics"


class Words(Metric):
    """Shared words, in percent; with spans, truncation, segments without a score, and a precision in its signature.

    Attributes:
        usable: false makes whatever scores or loads raise.
    """

    usable: ClassVar[bool] = True

    def __init__(self, precision: str = "fp32", decimals: int = 1) -> None:
        self._precision = precision
        self._decimals = decimals

    @property
    def card(self) -> MetricCard:
        return MetricCard("words", True, True, 0, 100, self._decimals, "Apache-2.0", pairs=("pt-en", "ro-en"))

    def check(self) -> None:
        assert Words.usable, NOTHING

    def needs(self) -> tuple[Need, ...]:
        return ()

    def signature(self, references: int) -> Signature:
        assert Words.usable, NOTHING
        return Signature.of({"nrefs": references, "precision": self._precision, "version": "1:2"})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        assert Words.usable, NOTHING
        for at, item in enumerate(items):
            said, meant = item.hypothesis.split(), item.references[0].split()
            if not said:
                yield at, ItemScore(None, ())
                continue
            shared = float(len(set(said) & set(meant)))
            first = ErrorSpan(0, len(said[0]), "accuracy", "major", 0.25)
            spans = (first,) if len(said) > 2 else () if len(said) > 1 else None
            score = 100 * shared / len(meant)
            yield at, ItemScore(score, (shared, float(len(meant))), spans, truncated=len(said) > 6)

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = 100 * sums[:, 0] / sums[:, 1]
        return scores

    def nothing(self, item: Item) -> ItemScore:
        return ItemScore(0.0, (0.0, float(len(item.references[0].split()))))

    def close(self) -> None:
        pass


def _segment(document: str, paragraph: int, source: str, reference: str) -> Segment:
    where, end = f"{document}.txt:{paragraph}", len(source)
    return Segment(f"{document}:{paragraph}.1", source, document, where, paragraph, 0, end, references={"r": reference})


HYPOTHESES: Mapping[str, tuple[str, ...]] = {
    "a": ("The black cat is in the house now.", "", "The leader promised to talk.", "Kim said &quot;yes&quot;."),
    "b": ("Cat black in house.", "The rain began early.", "O líder norte -coreano prometeu conversar.", "Yes."),
}


def eval_set(pair: LangPair, hypotheses: Mapping[str, tuple[str, ...]] = HYPOTHESES) -> EvalSet:
    """Two documents, the second broken, with page furniture, notes and human scores."""
    noted = replace(
        _segment("d1", 2, "A chuva começou cedo e não parou.", "The rain began early and did not stop."),
        notes="Kept short.",
        gold={"a": 71.5},
    )
    return EvalSet(
        "tiny",
        pair,
        (Document("d1", "pt", "text", "person"), Document("d2", "pt")),
        (
            _segment("d1", 1, "O gato preto está na casa.", "The black cat is in the house."),
            noted,
            Segment("d1:3.1", "Partilhar | Comentar", "d1", "d1.txt:3", 3, 60, 80, furniture=True),
            _segment("d2", 1, "O líder norte -coreano prometeu conversar.", "The leader promised to talk."),
            _segment("d2", 2, "Kim Kim disse disse que sim , e e não não .", 'Kim said "yes".'),
        ),
        {name: Hypotheses(name, texts) for name, texts in hypotheses.items()},
    )


@dataclass(frozen=True)
class _One(EvalSetReader):
    hypotheses: Mapping[str, tuple[str, ...]]

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        return eval_set(pair, self.hypotheses)


def words(precision: str = "fp32", decimals: int = 1) -> str:
    """An override that chooses the metric ``Words``."""
    settings = f"_target_: {__name__}.Words, precision: {precision}, decimals: {decimals}"
    return f"+metrics.words={{{settings}}}"


def made(folder: Path, *overrides: str, hypotheses: Mapping[str, tuple[str, ...]] = HYPOTHESES) -> RunResult:
    """A run of systems ``a`` and ``b``, the reference and canaries, in pt-en, with its folder written.

    Args:
        overrides: of the config; the metric is chrF by default, and ``words()`` adds another.
    """
    chosen = ("lang_pairs=[pt-en]", "systems=[reference,canaries]", "metrics=[chrf]", "allow=[tests]")
    signals = "garble=[spacing,doubled_words,detached_hyphens,gate_marks]"
    run = build(compose([*FAST, *chosen, signals, *overrides], []))
    run.evaluation.reader = _One(hypotheses)
    result = run.evaluation.run()
    result = replace(result, record={**result.record, "metric_configs": run.metric_configs})
    write(result, folder)
    return result


def write(result: RunResult, folder: Path) -> None:
    """Write a result's folder as ``mteval run`` does, its reports left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for writer in (Segments(), Verdicts(), Statistics(), Record()):
        writer.write(result, folder)
