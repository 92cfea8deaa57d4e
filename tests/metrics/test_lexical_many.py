"""Many items at once: the statistics of each are those that sacreBLEU extracts from it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from mteval.metrics import lexical, lexical_base, lexical_ngrams
from mteval.metrics.base import Item, Metric
from mteval.metrics.lexical import Bleu, Chrf, Ter

CASES: list[tuple[Metric, Any]] = [
    (Bleu(), sacrebleu.BLEU()),
    (Bleu(max_ngram_order=7, lowercase=True), sacrebleu.BLEU(max_ngram_order=7, lowercase=True)),
    (Chrf(word_order=2), sacrebleu.CHRF(word_order=2)),
    (Chrf(whitespace=True, eps_smoothing=True), sacrebleu.CHRF(whitespace=True, eps_smoothing=True)),
    (Ter(), sacrebleu.TER()),
]
WORDS = st.lists(st.sampled_from(["a", "b", "Ab", "(c", "d.", "…", "\ud800", "  ", "漢字", "e\n"]), max_size=9)
TEXTS = st.one_of(st.text(max_size=30), WORDS.map(" ".join))


@pytest.fixture(autouse=True, scope="module")
def few_are_many() -> Iterator[None]:
    """So that a single text is counted here too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexical_base, "_FEW", 0)
        yield


def check(ours: Metric, theirs: Any, items: Sequence[Item]) -> None:
    found = list(ours.score(items))
    assert sorted(at for at, _ in found) == list(range(len(items)))
    for at, score in found:
        streams = [[one] for one in items[at].references]
        (expected,) = theirs._extract_corpus_statistics([items[at].hypothesis], streams)
        assert score.statistics == tuple(map(float, expected)), items[at]
        assert all(type(number) is float for number in score.statistics)


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=lambda case: type(case).__name__)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(TEXTS, min_size=1, max_size=3), st.lists(TEXTS, min_size=1, max_size=4)),
        min_size=1,
        max_size=4,
    )
)
def test_any_number_of_references_and_systems(
    ours: Metric, theirs: Any, segments: list[tuple[list[str], list[str]]]
) -> None:
    check(ours, theirs, [Item("x", text, tuple(references)) for references, texts in segments for text in texts])


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=lambda case: type(case).__name__)
def test_many_windows_and_more_n_grams_than_a_number_holds(
    ours: Metric, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexical_base, "_TEXTS", 3)
    monkeypatch.setattr(lexical_ngrams, "_WIDEST", 600)
    texts = [
        "the cat sat on the mat",
        "a cat sat on the red mat",
        "The the the cat",
        "sat",
        "on the mat the cat sat",
        "",
    ]
    check(ours, theirs, [Item("x", one, (other,)) for one in texts for other in texts])


def test_few_texts_are_left_to_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical_base, "_FEW", 3)
    texts = ["the cat", "the mat sat", "a cat"]
    monkeypatch.setattr(Bleu, "_one_by_one", lambda self, texts: ((at, (7.0,) * 10) for at in range(len(texts))))
    for count, used in ((2, True), (3, False)):
        found = dict(Bleu().score([Item("x", one, ("the cat sat",)) for one in texts[:count]]))
        assert (found[0].statistics == (7.0,) * 10) == used


def test_equal_items_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []

    def spy(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[tuple[int, int]]:
        counted.extend(pairs)
        return [(at, 1) for at in range(len(pairs))]

    monkeypatch.setattr(lexical, "edits", spy)
    items = [Item("one", "a b", ("c d",)), Item("x", "e", ("c d",)), Item("other", "a b", ("c d",))]
    scores = dict(Ter().score(items))
    assert counted == [(["a", "b"], ["c", "d"]), (["e"], ["c", "d"])]
    assert [scores[at].score for at in range(3)] == [50, 50, 50]


def test_what_is_finished_is_given_before_the_rest_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical_base, "_TEXTS", 2)
    began = []

    def spy(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[tuple[int, int]]:
        began.append(len(pairs))
        return [(at, 1) for at in range(len(pairs))]

    monkeypatch.setattr(lexical, "edits", spy)
    found = Ter().score([Item("x", word, (reference,)) for word in "ab" for reference in "cde"])
    positions = [next(found)[0] for _ in range(2)]
    assert positions == [0, 3]  # of one reference
    assert began == [2]
