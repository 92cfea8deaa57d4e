"""All pairs of systems compared; p-values against sacreBLEU's own paired tests on the same texts, seed and draws."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from sacrebleu import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from mteval.comparing import compare
from mteval.comparison import ENOUGH_DOCUMENTS, Comparison, Comparisons, Resampling
from mteval.files import packaged, read_jsonl
from mteval.metrics.base import Item, ItemScore, Metric
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Bleu, Chrf, Ter
from mteval.scores import SegmentScores
from mteval.scoring import segment_scores

OURS = {"BLEU": Bleu(), "chrF2": Chrf(), "TER": Ter()}
SEED, DRAWS = 4321, 400


@cache
def texts() -> tuple[dict[str, list[str]], list[str]]:
    """The seeds' references, and three systems that garble some of their words; the third copies the second."""
    references = [
        str(row["reference"])
        for file in sorted(packaged("references").glob("*-en/*.jsonl"))
        for _, row in read_jsonl(file)
    ]
    generator = random.Random(5)

    def worse(text: str, share: float) -> str:
        words = [word for word in text.split() if generator.random() > share / 2]
        return " ".join("the" if generator.random() < share / 2 else word for word in words) or "the"

    good, bad = ([worse(text, share) for text in references] for share in (0.3, 0.36))
    return {"good": good, "bad": bad, "twin": bad}, references


def scores(metric: Metric, system: str, hypotheses: Sequence[str], references: Sequence[str]) -> SegmentScores:
    items = [Item("x", hypothesis, (reference,)) for hypothesis, reference in zip(hypotheses, references, strict=True)]
    return segment_scores("m", system, [score for _, score in sorted(metric.score(items), key=lambda one: one[0])])


@cache
def ours(label: str) -> Comparisons:
    hypotheses, references = texts()
    metric = OURS[label]
    found = [scores(metric, name, given, references) for name, given in hypotheses.items()]
    resampling = Resampling(DRAWS, SEED, trials=DRAWS)
    compared = compare(found, metric.aggregate, metric.card.higher_is_better, ["d"] * len(references), resampling)
    assert compared is not None
    return compared


def pair(compared: Comparisons, first: str, second: str) -> Comparison:
    found = compared.between(first, second)
    assert found is not None
    return found


@pytest.mark.parametrize("test", ["bs", "ar"])
def test_p_values_are_sacrebleus(test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SACREBLEU_SEED", str(SEED))
    hypotheses, references = texts()
    metrics = {
        "BLEU": BLEU(references=[references]),
        "CHRF": CHRF(references=[references]),
        "TER": TER(references=[references]),
    }
    named = [(name, hypotheses[name]) for name in ("good", "bad")]
    _, theirs = PairedTest(named, metrics, references=None, test_type=test, n_samples=DRAWS)()
    for label in OURS:
        found = pair(ours(label), "bad", "good")
        assert (found.bootstrap_p if test == "bs" else found.randomisation_p) == theirs[label][1].p_value
        assert found.difference == pytest.approx(theirs[label][1].score - theirs[label][0].score)
    assert any(0.001 < theirs[label][1].p_value < 0.9 for label in OURS)


def test_identical_systems_are_not_told_apart() -> None:
    """Where sacreBLEU gives the least p-value that there is."""
    for label in OURS:
        twins = pair(ours(label), "bad", "twin")
        assert (twins.difference, twins.bootstrap_p, twins.randomisation_p) == (0, 1, 1)
        assert not ours(label).better("bad", "twin") and not ours(label).better("twin", "bad")
        assert twins.detectable == 0


def test_holm_counts_all_pairs_and_a_baselines_its_own() -> None:
    compared = ours("chrF2")
    raw = pair(compared, "good", "bad").randomisation_p
    assert raw is not None and raw < 0.05
    assert compared.adjusted("good", "bad") == compared.adjusted("bad", "good") == pytest.approx(min(1, 3 * raw))
    assert compared.against("good") == pytest.approx({"bad": 2 * raw, "twin": 2 * raw})
    assert compared.clusters(["good", "bad", "twin"]) == {"good": 0, "bad": 1, "twin": 1}


def test_a_comparison_is_the_same_from_either_side() -> None:
    there, back = pair(ours("TER"), "good", "bad"), pair(ours("TER"), "bad", "good")
    assert there.difference == -back.difference < 0
    assert (there.bootstrap_p, there.detectable) == (back.bootstrap_p, back.detectable)
    assert ours("TER").better("good", "bad")  # lower is better


def of(system: str, *points: float | None) -> SegmentScores:
    return segment_scores("length", system, [ItemScore(p, () if p is None else (p,)) for p in points])


@pytest.mark.parametrize(("differing", "p"), [(1, 1.0), (5, 1 / 16), (6, 1 / 32), (40, 1 / 10001)])
def test_a_handful_of_segments_decides_nothing_by_randomisation(differing: int, p: float) -> None:
    """All that differ are for the same system, so no trial exceeds the difference, and sacreBLEU says the least."""
    one = [0.5] * 60
    other = [0.6] * differing + one[differing:]
    compared = compare(
        [of("a", *one), of("b", *other)], LengthRatio().aggregate, True, "d" * 60, Resampling(0, 1, 10000)
    )
    assert compared is not None
    found = pair(compared, "b", "a")
    assert (found.differing, found.randomisation_p) == (differing, 1 / 10001)
    assert compared.p_value(found) == compared.adjusted("a", "b") == p
    assert compared.better("b", "a") == (differing > 5)


def test_systems_are_compared_over_the_segments_that_all_have() -> None:
    found = [of("a", 1.0, None, 0.5), of("b", 0.5, 0.9, 0.5), of("c", None, None, None)]
    compared = compare(found, LengthRatio().aggregate, True, "xyz", Resampling(10, 1, trials=10))
    assert compared is not None
    assert (compared.systems, compared.segments) == (("a", "b"), 2)
    assert pair(compared, "a", "b").difference == pytest.approx(0.25)
    assert compared.between("a", "c") is None
    assert compare(found[1:], LengthRatio().aggregate, True, "xyz", Resampling(10, 1)) is None


def test_without_draws_nothing_is_significant() -> None:
    compared = compare([of("a", 1, 1), of("b", 0, 0)], LengthRatio().aggregate, True, "xx", Resampling(0, 1))
    assert compared is not None
    assert pair(compared, "a", "b") == Comparison("a", "b", 1.0, None, None, None, 2)
    assert compared.adjusted("a", "b") is None
    assert not compared.better("a", "b")


@pytest.mark.parametrize(
    ("documents", "unit", "drawn", "units"),
    [
        (ENOUGH_DOCUMENTS, None, "document", ENOUGH_DOCUMENTS),
        (ENOUGH_DOCUMENTS - 1, None, "segment", 3 * ENOUGH_DOCUMENTS - 3),
        (ENOUGH_DOCUMENTS, "segment", "segment", 3 * ENOUGH_DOCUMENTS),
        (4, "document", "document", 4),
    ],
)
def test_whole_documents_are_drawn_where_there_are_enough(documents: int, unit, drawn: str, units: int) -> None:  # type: ignore[no-untyped-def]
    points = np.random.default_rng(1).random((2, 3 * documents))
    found = [of("a", *points[0].tolist()), of("b", *points[1].tolist())]
    of_document = [str(row // 3) for row in range(3 * documents)]
    compared = compare(found, LengthRatio().aggregate, True, of_document, Resampling(10, 1, unit=unit))
    assert compared is not None
    assert (compared.unit, compared.units, compared.segments) == (drawn, units, 3 * documents)
