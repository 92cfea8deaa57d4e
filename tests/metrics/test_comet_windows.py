"""Windows of whole sentences: how texts are cut, and that a score is the mean of COMET's own of the windows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mteval.errors import ConfigError
from mteval.metrics.base import Item
from mteval.metrics.comet_windows import aligned, cut, sentence_spans, windows
from tests.tiny_comet import Write, checkpoint, comet, official, scores

__all__ = ["checkpoint"]

# No sentence ends in a word of one letter, which sentencex takes for an initial.
WORDS = [
    "a casa é de água",
    "o tempo não foi para a rua",
    "rua",
    "na cidade",
    "é uma casa com rua",
    "casa",
    "tempo",
    "foi",
]
OTHERS = ["the house is of water", "time was not with the street", "the", "in the city", "it is a house with", "house"]


def text(*sentences: str) -> str:
    return " ".join(f"{one[0].upper()}{one[1:]}." for one in sentences)


def texts_of(found: Mapping[str, str], spans: list[dict[str, tuple[int, int]]]) -> list[dict[str, str]]:
    return [cut(found, one) for one in spans]


# How texts are cut


def test_sentences_are_those_of_sentencex_and_of_lines() -> None:
    found = "  Uma frase. Outra!\n\nE ainda uma \n東京です。はい。 "
    assert [found[start:end] for start, end in sentence_spans(found)] == [
        *("Uma frase.", "Outra!", "E ainda uma", "東京です。", "はい。")
    ]
    assert sentence_spans(" \n ") == sentence_spans("") == []


def test_as_many_sentences_are_aligned_one_by_one() -> None:
    found = {"src": "Casa. Bbbbbbbbbbbbbbbbbbb b bbbb. Rua.", "mt": "Ddddddddddddd dddd. Street. City."}
    assert texts_of(found, aligned(found)) == [
        {"src": "Casa.", "mt": "Ddddddddddddd dddd."},
        {"src": "Bbbbbbbbbbbbbbbbbbb b bbbb.", "mt": "Street."},
        {"src": "Rua.", "mt": "City."},
    ]


def test_unequally_many_are_cut_at_the_nearest_share_of_the_text() -> None:
    found = {"src": "Aaaa aaaa. Bbbb bbbb. Cccc cccc. Dddd dddd.", "mt": "E e eeee. F f f f f f f f f f ffff."}
    assert texts_of(found, aligned(found)) == [
        {"src": "Aaaa aaaa.", "mt": "E e eeee."},
        {"src": "Bbbb bbbb. Cccc cccc. Dddd dddd.", "mt": "F f f f f f f f f f ffff."},
    ]
    assert aligned({"src": "A. B.", "mt": " "}) == []


def test_the_fewest_windows_of_about_equal_length() -> None:
    found = {"src": text(*["aaaa aaaa"] * 7), "mt": text(*["bbbb"] * 7)}

    def fits(window: Mapping[str, str]) -> bool:
        return len(sentence_spans(window["src"])) <= 4

    assert [len(sentence_spans(one["src"])) for one in texts_of(found, windows(found, fits))] in ([4, 3], [3, 4])
    assert len(windows(found, fits, fewest=3)) == 3
    assert [one["src"] for one in texts_of(found, windows(found, lambda one: len(one["src"]) < 11))] == (
        ["Aaaa aaaa."] * 7
    )
    assert windows(found, lambda _: False) == []
    assert windows({"src": "Aaaa.", "mt": "Bbbb."}, lambda _: True) == []


SENTENCES = st.lists(st.sampled_from([*WORDS, *OTHERS]), min_size=1, max_size=9)


@given(SENTENCES, SENTENCES, SENTENCES, st.integers(10, 80))
def test_windows_hold_every_sentence_once_in_order(one: list[str], two: list[str], three: list[str], most: int) -> None:
    found = {"src": text(*one), "mt": text(*two), "ref": text(*three)}
    blocks = aligned(found)
    assert len(blocks) == min(len(one), len(two), len(three))
    cuts = windows(found, lambda window: max(map(len, window.values())) <= most)
    for spans in (blocks, cuts):
        for name in found if spans else ():
            assert " ".join(piece[name] for piece in texts_of(found, spans)) == found[name]
    assert all(len(piece) <= most for window in texts_of(found, cuts) for piece in window.values())
    longest = max(len(piece) for window in texts_of(found, blocks) for piece in window.values())
    assert bool(cuts) == (len(blocks) > 1 and longest <= most)


# What is scored

SOURCE = text(*WORDS, *WORDS)
HYPOTHESIS = text(*OTHERS, *OTHERS, *OTHERS[:4])  # as many sentences as the source
REFERENCE = text(*OTHERS, *reversed(OTHERS))  # fewer
ITEM = Item(SOURCE, HYPOTHESIS, (REFERENCE,))
SHORT = Item("A casa.", "The house.", ("A house.",))
WAYS = [("regression", True), ("referenceless", False), ("unified_qe", False), ("unified", True), ("unified_ref", True)]
XCOMET = [("xcomet", True), ("xcomet", False)]


def window_samples(item: Item, needs: bool, count: int, seen: tuple[str, ...]) -> list[dict[str, str]]:
    """The item in so many windows, as COMET's samples."""
    whole = {"src": item.source, "mt": item.hypothesis} | ({"ref": item.references[0]} if needs else {})
    chosen = {key: whole[key] for key in seen if key in whole}
    return [{**whole, **one} for one in texts_of(chosen, windows(chosen, lambda _: True, count))]


@pytest.mark.parametrize(("kind", "needs"), WAYS + XCOMET)
def test_a_score_is_the_mean_of_official_scores_of_the_windows(checkpoint: Write, kind: str, needs: bool) -> None:
    metric = comet(checkpoint(kind), needs_reference=needs, windows="sentences", batch_size=2)
    short, found = scores(metric, [SHORT, ITEM])
    (notice,) = found.notices
    count = int(notice.removeprefix("it is longer than the encoder takes, and scored in ").partition(" ")[0])
    assert notice.endswith(f"{count} windows of whole sentences")
    assert not found.truncated
    seen = ("mt", "ref") if kind == "unified_ref" else ("mt", "src", "ref")
    samples = window_samples(ITEM, needs, count, seen)
    assert len(samples) == count > 1
    official_scores = official(checkpoint(kind), samples).scores
    assert found.score == pytest.approx(fmean(official_scores), abs=1e-5)
    assert found.statistics == (found.score,)
    plain = comet(checkpoint(kind), needs_reference=needs)
    as_it_was, cut_off = scores(plain, [SHORT, ITEM])
    assert short.score == pytest.approx(as_it_was.score, abs=1e-6) and short.notices == ()
    assert cut_off.truncated and cut_off.notices == ()
    assert abs(cut_off.score - found.score) > 1e-4
    fewer = window_samples(ITEM, needs, count - 1, seen) if count > 2 else []
    if fewer:
        assert any(one.truncated for one in scores(plain, [item_of(sample) for sample in fewer]))
    assert not any(one.truncated for one in scores(plain, [item_of(sample) for sample in samples]))


def item_of(sample: Mapping[str, str]) -> Item:
    return Item(sample["src"], sample["mt"], (sample["ref"],) if "ref" in sample else ())


@pytest.mark.parametrize(("kind", "needs"), XCOMET)
def test_error_spans_count_characters_of_the_whole_text(checkpoint: Write, kind: str, needs: bool) -> None:
    (found,) = scores(comet(checkpoint(kind), needs_reference=needs, windows="sentences"), [ITEM])
    count = int(found.notices[0].removeprefix("it is longer than the encoder takes, and scored in ").split()[0])
    samples = window_samples(ITEM, needs, count, ("mt", "src", "ref"))
    assert "".join(one["mt"] for one in samples).replace(" ", "") == HYPOTHESIS.replace(" ", "")
    expected, start = [], 0
    for sample, spans in zip(samples, official(checkpoint(kind), samples).metadata.error_spans, strict=True):
        start = HYPOTHESIS.index(sample["mt"], start)
        texts = [(sample["mt"][one["start"] : one["end"]], one) for one in spans if one["start"] < one["end"]]
        expected += [(start + one["start"], wrong, one["severity"]) for wrong, one in texts]
    assert found.spans is not None
    assert [(one.start, HYPOTHESIS[one.start : one.end], one.severity) for one in found.spans] == expected
    assert len({start for start, _, _ in expected}) > 2 and found.spans[-1].start > len(samples[0]["mt"])


def test_several_references_are_cut_each_with_the_rest(checkpoint: Write) -> None:
    metric = comet(checkpoint("regression"), needs_reference=True, windows="sentences", batch_size=3)
    longer = text(*OTHERS, *OTHERS, *OTHERS, *OTHERS, *OTHERS)
    both, one, other = scores(
        metric,
        [
            Item(SOURCE, HYPOTHESIS, (REFERENCE, longer)),
            Item(SOURCE, HYPOTHESIS, (REFERENCE,)),
            Item(SOURCE, HYPOTHESIS, (longer,)),
        ],
    )
    assert both.score == pytest.approx((one.score + other.score) / 2, abs=1e-6)
    counts = [found.notices[0].split("scored in ")[1].split()[0] for found in (one, other)]
    assert counts[0] != counts[1]
    assert both.notices == (
        f"it is longer than the encoder takes, and scored in {counts[0]} and {counts[1]} windows of whole sentences",
    )


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("A " * 90 + ".", "The house. The city."),  # a sentence that is too long by itself
        (SOURCE, "The house"),  # nothing to cut
        (SOURCE, ""),
    ],
)
def test_what_cannot_be_cut_stays_truncated(checkpoint: Write, source: str, hypothesis: str) -> None:
    (found,) = scores(comet(checkpoint("referenceless"), windows="sentences"), [Item(source, hypothesis)])
    (plain,) = scores(comet(checkpoint("referenceless")), [Item(source, hypothesis)])
    assert found.truncated and found.notices == ()
    assert found.score == plain.score


def test_windows_are_in_the_signature_only_where_they_are_asked_for(checkpoint: Write) -> None:
    version = importlib.metadata.version("sentencex")
    with_windows = str(comet(checkpoint("referenceless"), windows="sentences").signature(0))
    assert f"|precision:fp32|windows:sentences@sentencex-{version}|version:" in with_windows
    assert "windows" not in str(comet(checkpoint("referenceless")).signature(0))


@pytest.mark.parametrize("wrong", ["words", True, ["sentences"], 0])
def test_windows_of_something_else_are_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"key windows: is .*; give null, or sentences"):
        comet("some/where", windows=wrong)


def test_windows_and_a_context_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match=r"key windows: is 'sentences'; give null, since there is a context"):
        comet("some/where", windows="sentences", context=1)
