"""Distances within the beam, against sacreBLEU's own class."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import lib_ter

from mteval.metrics.lexical_beam import BeamTable
from mteval.metrics.lexical_distances import Windows
from mteval.metrics.lexical_edits import edits


def table(hypothesis: list[str], reference: list[str]) -> BeamTable:
    return BeamTable.of(np.array(hypothesis)[:, None] == np.array(reference))


def some(generator: random.Random, length: int, words: int) -> list[str]:
    return [str(generator.randrange(words)) for _ in range(length)]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 90), st.integers(1, 90), st.integers(2, 40))
def test_distances_and_alignments_are_sacrebleus(generator: random.Random, length: int, width: int, words: int) -> None:
    hypothesis, reference = some(generator, length, words), some(generator, width, words)
    found = table(hypothesis, reference)
    distance, trace = lib_ter.BeamEditDistance(reference)(hypothesis)
    assert found.distance.tolist() == [distance]
    align, missed, wrong = lib_ter.trace_to_alignment(lib_ter._flip_trace(trace))
    alignment = found.alignment()
    assert alignment.before.tolist() == [[align[at] + 1 for at in range(width)]]
    assert (alignment.wrong.tolist(), alignment.missed.tolist()) == (
        [list(map(bool, wrong))],
        [list(map(bool, missed))],
    )


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 60), st.integers(1, 60))
def test_turned_texts_have_the_distances_of_those_texts(generator: random.Random, length: int, width: int) -> None:
    hypothesis, reference = some(generator, length, 9), some(generator, width, 9)
    ends = [sorted(generator.sample(range(length + 1), 2)) for _ in range(12)]
    turns = [generator.randrange(1, end - start + 1) for start, end in ends]
    starts = np.array([start for start, _ in ends])
    windows = Windows(np.zeros(12, np.int64), starts, np.array([end for _, end in ends]), np.array(turns))
    official = lib_ter.BeamEditDistance(reference)
    found = table(hypothesis, reference).turned(windows)
    for (start, end), turn, distance in zip(ends, turns, found.tolist(), strict=True):
        window = hypothesis[start:end]
        text = [*hypothesis[:start], *window[turn:], *window[:turn], *hypothesis[end:]]
        assert Counter(text) == Counter(hypothesis)
        assert distance == official(text)[0]


@pytest.mark.parametrize(("length", "width"), [(26, 60), (50, 30), (48, 48), (2, 120)])
def test_texts_that_have_little_in_common(length: int, width: int) -> None:
    generator = random.Random(length)
    pairs = [(some(generator, length, 30), some(generator, width, 30)) for _ in range(2)]
    for at, count in edits(pairs):
        assert count == lib_ter.translation_edit_rate(*pairs[at])[0]
