"""Segment scores are kept in eight bytes each, and read as numbers and ``None``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mteval.errors import ContractError
from mteval.scores import Points, SegmentScores, narrowest


def test_scores_are_numbers_and_none() -> None:
    found = SegmentScores("m", "s", (0.5, None, 1.0))
    assert found.scores == (0.5, None, 1.0)
    assert (found.scores[1], found.scores[-1], found.scores[1:], list(found.scores)) == (
        None,
        1.0,
        (None, 1.0),
        [0.5, None, 1.0],
    )
    assert found == SegmentScores("m", "s", [0.5, None, 1.0]) != SegmentScores("m", "s", (0.5, None, 2.0))
    assert hash(found) == hash(SegmentScores("m", "s", Points(np.array([0.5, math.nan, 1.0]))))
    np.testing.assert_array_equal(found.numbers, [0.5, math.nan, 1.0])
    assert len(found.scores) == len(tuple(Points(np.zeros(5000)))) - 4997


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_with_its_place(score: float) -> None:
    with pytest.raises(ContractError, match=f"gave {score} for segment 2 of system s"):
        SegmentScores("m", "s", (0.5, score))


def test_the_statistics_of_what_has_a_score() -> None:
    table = np.array([[1.0], [math.nan], [3.0]])
    found = SegmentScores("m", "s", (1.0, None, 3.0), table)
    assert [None if (some := found.scored(rows)) is None else some.tolist() for rows in (None, (1, 2), (1,), ())] == [
        [[1.0], [3.0]],
        [[3.0]],
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([0.0, 7.0, 2048.0, math.nan], np.float16),
        ([0.5, 2049.0], np.float32),
        ([70_000.0], np.float32),
        ([2.0**24 + 1], np.float64),
        ([0.1], np.float64),
        ([1e300], np.float64),
    ],
)
def test_the_narrowest_type_that_loses_nothing(numbers: list[float], kind: type[np.floating[Any]]) -> None:
    table = np.array(numbers)
    assert narrowest(table) == kind
    np.testing.assert_array_equal(table.astype(kind).astype(np.float64), table)


@pytest.mark.parametrize("rows", [None, range(50)])
def test_narrow_statistics_are_computed_with_as_float64(rows: Sequence[int] | None) -> None:
    found = SegmentScores("m", "s", (1.0,) * 50, np.full((50, 1), 2048, np.float16))  # their sum is no float16
    for table in (found.of(rows), found.scored(rows)):
        assert table is not None
        assert table.dtype == np.float64
        assert table.sum() == 50 * 2048
