"""Agreement of annotators by published figures, and what follows from their judgments."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mteval.annotation.agreement import Annotator, alpha, alpha_interval, correlation, settled

NAN = float("nan")
RELIABILITY = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
"""Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C."""


def test_published_alpha() -> None:
    assert alpha(RELIABILITY) == pytest.approx(0.849, abs=5e-4)
    low, high = alpha_interval(RELIABILITY, seed=1) or (NAN, NAN)
    assert low < 0.849 < high <= 1


def by_hand(scores: np.ndarray) -> float:  # type: ignore[type-arg]
    columns = [[score for score in column if not np.isnan(score)] for column in scores.T]
    columns = [column for column in columns if len(column) > 1]
    values = [score for column in columns for score in column]
    if len(values) < 2 or len(set(values)) < 2:
        return NAN
    within = sum(sum((a - b) ** 2 for a, b in permutations(column, 2)) / (len(column) - 1) for column in columns)
    among = sum((a - b) ** 2 for a, b in permutations(values, 2)) / (len(values) - 1)
    return 1 - within / among


few = st.sampled_from([NAN, 0.0, 1.0, 2.0, 5.0])


@given(st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(few, min_size=n, max_size=n), min_size=1, max_size=8)))
def test_alpha_by_its_definition(columns: list[list[float]]) -> None:
    scores = np.array(columns).T
    assert alpha(scores) == pytest.approx(by_hand(scores), abs=1e-9, nan_ok=True)


def test_agreement_of_chance_is_about_nothing_and_full_agreement_is_one() -> None:
    generator = np.random.default_rng(1)
    assert abs(alpha(generator.normal(size=(4, 500)))) < 0.05
    assert alpha(np.tile(generator.normal(size=20), (3, 1))) == pytest.approx(1)
    assert np.isnan(alpha(np.full((2, 4), 3.0)))


def test_one_who_scores_at_random_stands_apart() -> None:
    generator = np.random.default_rng(1)
    truth = generator.normal(size=60)
    scores = np.stack([*(truth + generator.normal(size=60) / 5 for _ in range(3)), generator.normal(size=60)])
    last, first = correlation(scores, 3), correlation(scores, 0)
    assert last is not None
    assert first is not None
    assert last < 0.2 < 0.7 < first
    assert correlation(scores[:, :3], 0) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, None),
        ({"damaged": (1, 4)}, "saw 1 of 4 damaged translations"),
        ({"correlation": 0.1}, "correlates by 0.10 with the others"),
        ({"alpha_without": 0.75}, "without them alpha is 0.75, not 0.60"),
    ],
)
def test_outliers_are_named_with_the_reason(changed: dict[str, object], why: str | None) -> None:
    plain = {"correlation": 0.7, "alpha_without": 0.62, "damaged": (4, 4)}
    one = Annotator(name="a", judgments=9, mean=70, repeated=1.0, **{**plain, **changed})  # type: ignore[arg-type]
    assert one.outlying(0.6) == why


def test_which_system_is_better_and_how_much_more_it_takes() -> None:
    generator = np.random.default_rng(3)
    base = generator.normal(70, 10, 40)
    gold = {
        "a": [float(one) for one in base + 3 + generator.normal(0, 4, 40)],
        "b": [float(one) for one in base],
        "c": [None, *(float(one) for one in base[1:] + generator.normal(0, 30, 39))],
    }
    found = {(one.better, one.worse): one for one in settled(gold, seed=1)}
    surely = found["a", "b"]
    assert surely.probability > 0.99
    assert surely.more == 0
    doubtful = next(one for pair, one in found.items() if set(pair) == {"b", "c"})
    assert doubtful.segments == 39
    assert doubtful.probability < 0.95
    assert doubtful.more is not None
    assert doubtful.more > 0
    same = settled({"a": [1.0, 2.0], "b": [1.0, 2.0]}, seed=1)[0]
    assert (same.probability, same.more) == (0.5, None)
