"""sacreBLEU's own corpus scores, signatures and sentence scores are the golden values.

They are computed here by ``sacrebleu.BLEU(…).corpus_score(hypotheses, [references])`` and the like, which is what
``sacrebleu REFERENCES -i HYPOTHESES`` prints.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from mteval.errors import ConfigError, MissingReferenceError, UnavailableError
from mteval.metrics.base import Item, Metric, combined
from mteval.metrics.lexical import Bleu, Chrf, Ter

HYPOTHESES = [
    "The president of the republic said yesterday that it rains.",
    "",
    "He he he he said no, no .",
    "Kim Jong Un met Lavrov in the city of Wonsan",
    "1.500 soldiers — “heroes” — died; 3 % of them.",
]
REFERENCES = [
    "The President of the Republic said yesterday that it was raining.",
    "Nothing at all.",
    "He said: no, no.",
    "Kim Jong Un met Lavrov in the eastern city of Wonsan.",
    "1,500 soldiers, “heroes”, died: 3% of them.",
]
SECOND = [
    "Yesterday the president of the republic said it was raining.",
    "Nothing.",
    "“No, no,” he said.",
    "In Wonsan, Kim met Lavrov.",
    "1500 soldiers died.",
]

CASES: list[tuple[Metric, Any]] = [
    (Bleu(), sacrebleu.BLEU()),
    (Bleu(tokenize="intl", lowercase=True), sacrebleu.BLEU(tokenize="intl", lowercase=True)),
    (Bleu(smooth_method="floor", smooth_value=0.2), sacrebleu.BLEU(smooth_method="floor", smooth_value=0.2)),
    (Bleu(smooth_method="add-k"), sacrebleu.BLEU(smooth_method="add-k")),
    (Bleu(max_ngram_order=2), sacrebleu.BLEU(max_ngram_order=2)),
    (Chrf(), sacrebleu.CHRF()),
    (Chrf(word_order=2), sacrebleu.CHRF(word_order=2)),
    (Chrf(beta=3, lowercase=True, whitespace=True), sacrebleu.CHRF(beta=3, lowercase=True, whitespace=True)),
    (Chrf(eps_smoothing=True), sacrebleu.CHRF(eps_smoothing=True)),
    (Chrf(4, 1, 1, eps_smoothing=True), sacrebleu.CHRF(4, 1, 1, eps_smoothing=True)),
    (Ter(), sacrebleu.TER()),
    (Ter(normalized=True, no_punct=True, case_sensitive=True), sacrebleu.TER(True, True, False, True)),
]


def items(hypotheses: list[str], *references: list[str]) -> list[Item]:
    return [Item("x", h, r) for h, r in zip(hypotheses, zip(*references, strict=True), strict=True)]


def system_score(metric: Metric, items: list[Item]) -> float:
    statistics = dict(metric.score(items))
    assert sorted(statistics) == list(range(len(items)))
    return combined(metric, np.array([statistics[i].statistics for i in range(len(items))]))


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=lambda case: type(case).__name__)
@pytest.mark.parametrize("references", [[REFERENCES], [REFERENCES, SECOND]], ids=["one", "two"])
def test_system_scores_and_signatures_are_sacrebleus(ours: Metric, theirs: Any, references: list[list[str]]) -> None:
    expected = theirs.corpus_score(HYPOTHESES, references).score
    assert system_score(ours, items(HYPOTHESES, *references)) == expected
    added = ("order:", "smooth_value:", "beta:")
    signed = [part for part in str(ours.signature(len(references))).split("|") if not part.startswith(added)]
    assert "|".join(signed) == str(theirs.get_signature())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(min_size=1, max_size=40)), min_size=1, max_size=6))
def test_system_scores_are_sacrebleus_on_any_text(pairs: list[tuple[str, str]]) -> None:
    hypotheses, references = [h for h, _ in pairs], [r for _, r in pairs]
    smoothed = {"eps_smoothing": True, "whitespace": True}
    for ours, theirs in (
        (Bleu(), sacrebleu.BLEU()),
        (Chrf(word_order=2), sacrebleu.CHRF(word_order=2)),
        (Chrf(**smoothed), sacrebleu.CHRF(**smoothed)),
    ):
        expected = theirs.corpus_score(hypotheses, [references]).score
        assert system_score(ours, items(hypotheses, references)) == expected


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(Bleu(), sacrebleu.BLEU(effective_order=True)), (Chrf(), sacrebleu.CHRF()), (Ter(), sacrebleu.TER())],
    ids=["bleu", "chrf", "ter"],
)
def test_segment_scores_are_sacrebleus(ours: Metric, theirs: Any) -> None:
    for index, found in ours.score(items(HYPOTHESES, REFERENCES)):
        assert found.score == theirs.sentence_score(HYPOTHESES[index], [REFERENCES[index]]).score


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Chrf(), Chrf(beta=1)),
        (Chrf(), Chrf(char_order=5)),
        (Chrf(), Chrf(whitespace=True)),
        (Chrf(), Chrf(eps_smoothing=True)),
        (Bleu(), Bleu(max_ngram_order=2)),
        (Bleu(smooth_method="floor", smooth_value=0.001), Bleu(smooth_method="floor", smooth_value=0.004)),
        (Bleu(), Bleu(lowercase=True)),
        (Ter(), Ter(no_punct=True)),
    ],
)
def test_what_changes_a_score_changes_the_signature(one: Metric, other: Metric) -> None:
    assert one.signature(1) != other.signature(1)
    assert one.signature(1) != one.signature(2)


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=lambda case: type(case).__name__)
def test_many_scores_at_once_are_those_of_each_alone(ours: Metric, theirs: Any) -> None:
    """Sums of random resamples, so small that some need smoothing, and sums of nothing."""
    found = dict(ours.score(items(HYPOTHESES, REFERENCES)))
    statistics = np.array([found[row].statistics for row in range(len(found))])
    times = np.random.default_rng(1).integers(0, 2, (50, len(statistics))).astype(float)
    times[0] = 0
    together = ours.aggregate(times @ statistics, times.sum(axis=1))
    alone = [ours.aggregate(row[None] @ statistics, row[None].sum(axis=1))[0] for row in times]
    assert together == pytest.approx(alone, rel=1e-12)
    assert len(set(alone)) > 5


@pytest.mark.parametrize("smooth", [("exp", None), ("floor", None), ("floor", 0.3), ("none", None), ("add-k", None)])
def test_sums_without_matches_are_smoothed_as_by_sacrebleu(smooth: tuple[str, float | None]) -> None:
    """Counts as of a system that gets next to nothing right: of each order some have matches, none, or no n-grams."""
    method, value = smooth
    random = np.random.default_rng(7)
    total = np.maximum(random.integers(0, 40, (400, 1)) - np.arange(4), 0)
    correct = np.minimum(random.integers(0, 3, (400, 4)) * random.integers(0, 2, (400, 4)), total)
    sums = np.hstack([total[:, :1], random.integers(1, 60, (400, 1)), correct, total]).astype(float)
    ours, theirs = (
        Bleu(smooth_method=method, smooth_value=value),
        sacrebleu.BLEU(smooth_method=method, smooth_value=value),
    )
    expected = [theirs._compute_score_from_stats(row.tolist()).score for row in sums]
    assert ours.aggregate(sums, np.ones(len(sums))) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert len(set(expected)) > 3 and min(expected) == 0


def test_a_hypothesis_that_counts_as_nothing_is_scored_as_an_empty_one() -> None:
    for ours, theirs in ((Bleu(), sacrebleu.BLEU()), (Chrf(), sacrebleu.CHRF()), (Ter(), sacrebleu.TER())):
        given = ours.nothing(Item("x", HYPOTHESES[0], (REFERENCES[0],)))
        assert given.score == theirs.sentence_score("", [REFERENCES[0]]).score


def test_scoring_leaves_no_trace() -> None:
    """sacreBLEU's add-k smoothing adds to the counts it is given; the statistics must stay as they were."""
    metric = Bleu(smooth_method="add-k")
    found = np.array([score.statistics for _, score in metric.score(items(HYPOTHESES, REFERENCES))])
    before = found.copy()
    assert combined(metric, found) == combined(metric, found)
    assert (found == before).all()


def test_cards_say_what_a_reader_must_know() -> None:
    labels = {
        "BLEU": Bleu(),
        "spBLEU": Bleu("flores200"),
        "chrF2": Chrf(),
        "chrF2++": Chrf(word_order=2),
        "chrF1": Chrf(beta=1),
        "chrF3": Chrf(beta=3),
        "TER": Ter(),
    }
    assert list(labels) == [metric.card.label for metric in labels.values()]
    for label, theirs in (("chrF1", sacrebleu.CHRF(beta=1)), ("chrF2++", sacrebleu.CHRF(word_order=2))):
        assert theirs.corpus_score(HYPOTHESES, [REFERENCES]).name == label
    assert [m.card.higher_is_better for m in (Bleu(), Chrf(), Ter())] == [True, True, False]


def test_an_item_without_reference_is_refused() -> None:
    with pytest.raises(MissingReferenceError, match="segment 1: has no reference"):
        list(Bleu().score([Item("a", "b")]))


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"bleu\.smooth_method: unknown value 'kneser'"):
        Bleu(smooth_method="kneser")
    with pytest.raises(UnavailableError, match=r"metric BLEU: its tokenizer is not to be had \(.*\); choose another"):
        Bleu(tokenize="ja-mecab").check()  # needs an extra package
    with pytest.raises(ConfigError, match=r"chrf\.word_order"):
        Chrf(word_order=-1)
    with pytest.raises(ConfigError, match=r"bleu\.tokenize: unknown value 'moses'; choose one of 13a"):
        Bleu(tokenize="moses").check()
