"""A small run's result, made by hand, for tests of whatever writes results down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mteval.garble.base import Evidence, Label, SegmentVerdict, Verdict
from mteval.gate import Mark
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, RunResult, SystemResult, View
from mteval.scores import DocumentScores, SegmentScores, SystemScore
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Segment

METRICS: Mapping[str, MetricCard] = {
    "bleu": MetricCard("BLEU", True, True, 0.0, 100.0, 1, "Apache-2.0"),
    "ter": MetricCard("TER", True, False, 0.0, None, 1, "Apache-2.0"),
    "kiwi": MetricCard("CometKiwi-22", False, True, 0.0, 1.0, 3, "CC-BY-NC-SA-4.0", gated=True),
}
SIGNATURES: Mapping[str, str] = {
    "bleu": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
    "ter": "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0",
    "kiwi": "checkpoint:wmt22-cometkiwi-da|revision:1ad785194e391eebc6c53e2d0776cada8f83179a|precision:fp32",
}


def _segment(document: str, paragraph: int, source: str, reference: str) -> Segment:
    where = f"{document}.txt:{paragraph}"
    return Segment(
        f"{document}:{paragraph}.1", source, document, where, paragraph, 0, len(source), references={"human": reference}
    )


def fake_eval_set() -> EvalSet:
    """Two Portuguese documents, the second badly garbled: four segments to score, and one of page furniture."""
    return EvalSet(
        "tiny",
        LangPair("pt", "en"),
        (Document("p1", "pt", origin="person"), Document("p2", "pt", origin="machine_translation")),
        (
            _segment("p1", 1, "O gato preto está na casa.", "The black cat is in the house."),
            Segment(
                "p1:2.1",
                "A chuva começou cedo & não parou.",
                "p1",
                "p1.txt:2",
                references={"human": "The rain started early and did not stop."},
                notes="The reference is kept short.",
                gold={"opus": 91.5},
            ),
            Segment("p1:3.1", "Partilhar | Comentar", "p1", "p1.txt:3", paragraph=3, start=60, end=80, furniture=True),
            _segment(
                "p2", 1, "O líder norte -coreano prometeu cooperar.", "The North Korean leader promised to cooperate."
            ),
            _segment("p2", 2, "Kim Kim Jong Un, disse que sim.", "Kim Jong Un said yes."),
        ),
    )


def _scores(
    system: str, found: Mapping[str, tuple[float | None, tuple[float, float] | None]], segments: int = 4
) -> dict[str, SystemScore]:
    return {
        metric: SystemScore(metric, system, score, interval, 0 if score is None else segments, SIGNATURES[metric])
        for metric, (score, interval) in found.items()
    }


def _clean_scores(system: str, **scores: float | None) -> dict[str, SystemScore]:
    """Scores of the first document alone."""
    return _scores(system, {metric: (score, None) for metric, score in scores.items()}, 2)


def _segments(document: str, *labels: Label) -> tuple[SegmentVerdict, ...]:
    """Verdicts on a document's two segments."""
    probabilities: Mapping[Label, float] = {"clean": 0.02, "suspect": 0.5, "garbled": 0.96}
    rows = range(1, 3)
    return tuple(
        SegmentVerdict(f"{document}:{row}.1", label, probabilities[label])
        for row, label in zip(rows, labels, strict=True)
    )


def _segment_scores(system: str, *kiwi: float | None) -> dict[str, SegmentScores]:
    return {"kiwi": SegmentScores("kiwi", system, kiwi)}


def _opus(name: str, hypothesis: str) -> SystemResult:
    return SystemResult(
        name=name,
        kind="system",
        signature="class:HuggingFace|model:opus-mt-ROMANCE-en|beams:6",
        hypotheses=Hypotheses(
            name,
            ("The black cat is in the house.", "The rain began early and didn't stop.", hypothesis, "Kim said yes."),
        ),
        marks=((), (), (), ()),
        scores=_scores(
            name, {"bleu": (41.26, (38.04, 44.5)), "ter": (38.5, (31.0, 45.25)), "kiwi": (0.8312, (0.8101, 0.8525))}
        ),
        segment_scores=_segment_scores(name, 0.91, 0.88, 0.71, 0.82),
        spans={"kiwi": (None, (), (ErrorSpan(4, 12, "accuracy", "major", 0.75),), ())},
        verdicts=(
            Verdict("p1", name, "clean", 0.04, (), segments=_segments("p1", "clean", "clean")),
            Verdict(
                "p2",
                name,
                "suspect",
                0.55,
                (Evidence("short", "adequacy", "p2:1.1", 4, 19, 0.5, "Leaves out what the source says."),),
                unseen=(("perplexity", "no language model for en"),),
                segments=_segments("p2", "garbled", "clean"),
            ),
        ),
    )


def _apertium() -> SystemResult:
    looped = "Kim Kim Kim Kim disse que sim."
    return SystemResult(
        name="apertium",
        kind="system",
        signature="class:Apertium|mode:pt-en|version:3.8.3",
        hypotheses=Hypotheses("apertium", ("The cat black is in the house.", "", "The leader norte -coreano.", looped)),
        marks=(
            (),
            (Mark("empty", "Nothing was produced.", 0, 0),),
            (),
            (
                Mark("looped", "Says “Kim” 4 times.", 0, 15),
                Mark("copied", "Copies “disse”.", 16, 21),
                Mark("copied", "Copies “sim”.", 26, 29),
            ),
        ),
        scores=_scores(
            "apertium", {"bleu": (17.94, (12.0, 24.06)), "ter": (66.0, (55.5, 78.0)), "kiwi": (0.5498, (0.4, 0.6999))}
        ),
        segment_scores=_segment_scores("apertium", 0.74, None, 0.6, 0.31),
        truncated={"kiwi": (2, 3)},
        verdicts=(
            Verdict(
                "p1",
                "apertium",
                "suspect",
                0.61,
                (Evidence("empty", "gate", "p1:2.1", None, None, 0.8, "Nothing was produced."),),
                segments=_segments("p1", "clean", "garbled"),
            ),
            Verdict(
                "p2",
                "apertium",
                "garbled",
                0.98,
                (
                    Evidence("loop", "repetition", "p2:2.1", 0, 15, 0.95, "Says “Kim” 4 times in a row."),
                    Evidence("untranslated", "language", "p2:2.1", 16, 29, 0.8, "Left in Portuguese."),
                    Evidence("loop", "repetition", "p2:2.1", 0, 7, 0.7, "Says “Kim” twice."),
                    Evidence("hyphen", "surface", "p2:1.1", 11, 25, 0.6, "A space stands before a hyphen."),
                ),
                segments=_segments("p2", "suspect", "garbled"),
            ),
        ),
        notices=("1 source was cut at 512 tokens.",),
    )


def _sources() -> tuple[Verdict, ...]:
    return (
        Verdict(
            "p1",
            None,
            "clean",
            0.03,
            (),
            unseen=(("perplexity", "no language model for pt"),),
            segments=_segments("p1", "clean", "clean"),
        ),
        Verdict(
            "p2",
            None,
            "garbled",
            0.97,
            (
                Evidence("hyphen", "surface", "p2:1.1", 8, 22, 0.9, "A space stands before a hyphen."),
                Evidence("doubled", "repetition", "p2:2.1", 0, 7, 0.7, "A word is said twice."),
                Evidence("register", "language", None, None, None, 0.3, "Reads like a translation throughout."),
            ),
            segments=_segments("p2", "suspect", "garbled"),
        ),
    )


def _with_document_scores(system: SystemResult) -> SystemResult:
    """The system with document scores: its own score on the first document, half as much on the second."""
    return replace(
        system,
        document_scores={
            metric: DocumentScores(
                metric, system.name, {"p1": found.score, "p2": None if found.score is None else found.score / 2}
            )
            for metric, found in system.scores.items()
        },
    )


def fake_result(name: str = "opus", hypothesis: str = "The northern leader promised.") -> RunResult:
    """A run in one lang pair, with all that a report must show.

    Two systems that the first metric ranks (``apertium`` runs first and ranks last) and one that it cannot score, a
    reference, a canary, a system that declined; intervals, document scores, gate marks, verdicts, error spans,
    truncations, warnings.
    The first document's source is clean, and the ranks there are the same; the second one's is garbled.

    Args:
        name: of the system that ranks first.
        hypothesis: its translation of segment ``p2:1.1``, quoted as evidence from its fifth character on.
    """
    eval_set = fake_eval_set()
    nothing = ((), (), (), ())
    people = tuple(segment.references["human"] for segment in eval_set.scored)
    shuffled = ("house The in cat.", "stop early The.", "Korean to The.", "yes Kim.")
    silent = ("A black cat.", "It rained.", "He promised.", "Yes.")
    systems = (
        SystemResult(
            "shuffled",
            "canary",
            "class:Shuffled|seed:1",
            Hypotheses("shuffled", shuffled),
            nothing,
            _scores("shuffled", {"bleu": (2.5, None), "ter": (101.0, None), "kiwi": (0.2, (0.1, 0.3))}),
            _segment_scores("shuffled", 0.2, 0.2, 0.2, 0.2),
            verdicts=tuple(
                Verdict(one, "shuffled", "garbled", 0.99, (), segments=_segments(one, "garbled", "garbled"))
                for one in ("p1", "p2")
            ),
        ),
        _apertium(),
        SystemResult(
            "silent",
            "system",
            "class:Stored|file:silent.jsonl",
            Hypotheses("silent", silent),
            nothing,
            _scores("silent", {"bleu": (None, None), "kiwi": (0.6, None)}),
            _segment_scores("silent", 0.6, 0.6, 0.6, 0.6),
        ),
        _opus(name, hypothesis),
        SystemResult(
            "human",
            "reference",
            "class:Reference|name:human",
            Hypotheses("human", people),
            nothing,
            _scores("human", {"kiwi": (0.8801, (0.87, 0.89))}),
            _segment_scores("human", 0.9, 0.87, 0.87, 0.88),
            verdicts=tuple(
                Verdict(one, "human", "clean", probability, (), segments=_segments(one, "clean", "clean"))
                for one, probability in (("p1", 0.01), ("p2", 0.1))
            ),
        ),
    )
    opus = _scores(name, {"bleu": (52.4, (48.0, 57.5)), "ter": (29.5, None), "kiwi": (0.895, None)}, 2)
    clean = {
        "shuffled": _clean_scores("shuffled", bleu=3.1, ter=97.0, kiwi=0.2),
        "apertium": _clean_scores("apertium", bleu=24.1, ter=58.0, kiwi=0.74),
        "silent": _clean_scores("silent", bleu=None, kiwi=0.6),
        name: opus,
        "human": _clean_scores("human", kiwi=0.89),
    }
    pair = PairResult(
        eval_set,
        tuple(map(_with_document_scores, systems)),
        {"grammar": "no mode for pt-en"},
        _sources(),
        views={("raw", "clean"): View(clean)},
    )
    return RunResult(
        pairs=(pair,),
        metrics=METRICS,
        record={"mteval": "0.1.0", "seed": 12345, "device": "cpu"},
        warnings=("BLEU scores a segment at a time with effective order.",),
    )
