"""The edits of TER on token sequences that are hard to count, against sacreBLEU's own function."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import lib_ter

from mteval.metrics import lexical_edits
from mteval.metrics.lexical_edits import edits, in_beam

Pair = tuple[list[str], list[str]]


def check(pairs: Sequence[Pair]) -> None:
    found = list(edits(pairs))
    assert sorted(at for at, _ in found) == list(range(len(pairs)))
    for at, count in found:
        assert count == lib_ter.translation_edit_rate(*pairs[at])[0], pairs[at]


@pytest.fixture(autouse=True)
def counted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of a single short pair is counted here too."""
    monkeypatch.setattr(lexical_edits, "_LITTLE", 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text("abc", max_size=12), st.text("abc", max_size=12)), max_size=6))
def test_few_words_that_come_again_and_again(pairs: list[tuple[str, str]]) -> None:
    check([(list(hypothesis), list(reference)) for hypothesis, reference in pairs])


def moved(generator: random.Random, words: list[str], times: int) -> list[str]:
    found = list(words)
    for _ in range(times):
        start, size = generator.randrange(len(found)), generator.randrange(1, 13)
        block = found[start : start + size]
        rest = found[:start] + found[start + size :]
        target = generator.randrange(len(rest) + 1)
        found = [*rest[:target], *block, *rest[target:]]
        if generator.random() < 0.5:
            found[generator.randrange(len(found))] = "other"
    return found


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([3, 24, 25, 26, 40, 63, 64, 65, 70]), st.integers(1, 5))
def test_runs_of_words_that_moved(generator: random.Random, length: int, times: int) -> None:
    """Up to more words than a machine word has bits, and than the beam is wide."""
    reference = [str(generator.randrange(length)) for _ in range(length)]
    check([(moved(generator, reference, times), reference), (moved(generator, reference, 1), reference)])


@pytest.mark.parametrize(
    ("hypothesis", "reference"),
    [
        ([], []),
        (["a"], []),
        ([], ["a"] * 3),
        (["a"], ["a"]),
        (["a"] * 30, ["a"] * 70),
        (["a", "b"] * 20, ["b", "a"] * 21),  # more candidates than sacreBLEU tries
        (["x"] * 2, [str(word) for word in range(90)]),
        ([str(word) for word in range(90)], ["5", "4"]),
        ([str(word) for word in range(60)], [str(word) for word in range(59, -1, -1)]),  # the beam matters
        ([str(word) for word in range(40, 80)] + ["x"] * 40, [str(word) for word in range(80)]),  # too far to be moved
    ],
    ids=str,
)
def test_the_edges(hypothesis: list[str], reference: list[str]) -> None:
    check([(hypothesis, reference), (["b"], ["a", "b"])])


def test_batches_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(3)
    pairs = []
    for length in (5, 9, 30, 12, 70, 20, 66):
        reference = [str(generator.randrange(length)) for _ in range(length)]
        pairs.append((moved(generator, reference, 3), reference))
    whole = dict(edits(pairs))
    monkeypatch.setattr(lexical_edits, "_CELLS", 1)
    assert dict(edits(pairs)) == whole == {at: dict(edits([pair]))[0] for at, pair in enumerate(pairs)}


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(25, 90), st.integers(1, 90))
def test_in_the_beam_the_distance_is_sacrebleus(generator: random.Random, width: int, length: int) -> None:
    reference = [str(generator.randrange(12)) for _ in range(width)]
    hypothesis = [str(generator.randrange(12)) for _ in range(length)]
    shift = generator.randrange(20)
    hypothesis[shift : shift + width] = reference[: max(0, length - shift)]
    row = list(range(width + 1))
    for word in hypothesis:
        above, row = row, [row[0] + 1]
        for at, other in enumerate(reference):
            row.append(min(above[at] + (word != other), above[at + 1] + 1, row[at] + 1))
    sizes = (np.array([len(hypothesis)]), np.array([width]), np.array([row[-1]]))
    official = lib_ter.BeamEditDistance(reference)(hypothesis)[0]
    assert official >= row[-1]
    if in_beam(*sizes).all():
        assert official == row[-1]


def test_little_is_left_to_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical_edits, "_LITTLE", 10)
    asked: list[Sequence[str]] = []

    def spy(hypothesis: Sequence[str], reference: Sequence[str]) -> int:
        asked.append(hypothesis)
        return 7

    monkeypatch.setattr(lexical_edits, "_official", spy)
    assert dict(edits([(["a", "b"], ["b", "c"])])) == {0: 7}
    assert dict(edits([(["a"] * 4, ["b", "c", "d"])])) == {0: 4}
    assert asked == [["a", "b"]]
