"""Agreement with gold scores is that of mt-metrics-eval: by its published cases, and by the definitions."""

from __future__ import annotations

from functools import partial
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mteval.correlations import (
    COEFFICIENTS,
    Coefficient,
    Floats,
    Grouping,
    Groups,
    accuracy,
    accuracy_with_ties,
    kendall,
    kendall_c,
    pearson,
    spearman,
)
from mteval.metric_tests import bounds, exchanged_pairs, exchanged_scores, of_means, of_pairs, of_scores
from mteval.soft_accuracy import soft_pairwise_accuracy
from mteval.tie_calibration import MOST_PAIRS, Pairs, TooManyPairsError

NAN = float("nan")


def of(coefficient: Coefficient, gold: Floats, scores: Floats) -> float:
    """A coefficient of one group."""
    (found,) = coefficient(np.asarray(gold, float)[None], np.asarray(scores, float)[None])
    return float(found)


def matrix(systems: int, *scores: float) -> Floats:
    return np.array(scores, np.float64).reshape(systems, -1)


@pytest.mark.parametrize(
    ("coefficient", "by", "expected"),
    [
        (pearson, "all", 0.776),
        (pearson, "system", 0.760),
        (pearson, "segment", 1.0),
        (kendall, "all", 0.552),
        (kendall, "system", 0.575),
        (kendall, "segment", 1.0),
        (kendall_c, "all", 0.556),
        (kendall_c, "system", 0.611),
        (kendall_c, "segment", 1.0),
    ],
)
def test_published_correlations(coefficient: Coefficient, by: Grouping, expected: float) -> None:
    """Those of mt-metrics-eval's ``stats_test.py`` (Apache-2.0)."""
    gold, scores = matrix(2, 1, 2, 3, 4, 5, 6), matrix(2, 2, 1, 4, 3, 3, 7)
    assert Groups.of(gold, by).average(coefficient, scores) == pytest.approx(expected, abs=5e-4)


def test_published_variants_with_ties() -> None:
    """From the same place."""
    gold, scores = np.array([1.0, 2, 2, 3, 4]), np.array([2.0, 1, 1.5, 5, 3])
    assert of(kendall, gold, scores) == pytest.approx(0.316227766)
    assert of(kendall_c, gold, scores) == pytest.approx(0.32)
    assert of(accuracy, gold, scores) == 0.6
    assert of(partial(accuracy_with_ties, tie=2), gold, scores) == 0.4
    groups = Groups.of(gold[None], "all")
    assert Pairs.of(groups).calibrated(scores[None])[0] == 0.7


def test_what_has_no_gold_score_takes_no_part() -> None:
    gold, scores = matrix(2, 1, NAN, 3, 4, 5, 6), matrix(2, 2, 1, 8, 3, 5, 6)
    of_segments = [of(pearson, *map(np.array, pair)) for pair in (((1.0, 4), (2.0, 3)), ((3.0, 6), (8.0, 6)))]
    assert Groups.of(gold, "segment").average(pearson, scores) == pytest.approx(np.mean(of_segments))
    assert len(Groups.of(gold, "segment")) == 2
    assert Groups.of(gold, "all").average(pearson, scores) == pytest.approx(
        stats.pearsonr([1, 3, 4, 5, 6], [2, 8, 3, 5, 6]).statistic
    )
    with pytest.raises(ValueError, match="no score where there is a gold score"):
        Groups.of(gold, "all").average(pearson, matrix(2, 2, 1, NAN, 3, 5, 6))


def test_groups_in_which_nothing_can_be_said_take_no_part() -> None:
    gold, scores = matrix(2, 1, 2, 3, 4, 5, 6), matrix(2, 2, 2, 2, 4, 5, 6)
    assert Groups.of(gold, "system").average(pearson, scores) == pytest.approx(1.0)
    assert np.isnan(Groups.of(matrix(2, 1, 1), "system").average(pearson, matrix(2, 1, 1)))
    assert np.isnan(Groups.of(matrix(1, 1, 1), "all").average(pearson, matrix(1, 1, 2)))


few = st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 7.0])
vectors = st.integers(2, 12).flatmap(
    lambda size: st.tuples(st.lists(few, min_size=size, max_size=size), st.lists(few, min_size=size, max_size=size))
)


def accuracy_by_hand(gold: Floats, scores: Floats, tie: float) -> float:
    right = [
        np.sign(gold[a] - gold[b]) == (0 if abs(scores[a] - scores[b]) <= tie else np.sign(scores[a] - scores[b]))
        for a, b in combinations(range(len(gold)), 2)
    ]
    return float(np.mean(right))


@given(vectors)
def test_coefficients_are_scipys_and_the_definitions(given: tuple[list[float], list[float]]) -> None:
    gold, scores = map(np.array, given)
    if len(set(gold)) > 1 and len(set(scores)) > 1:
        assert of(pearson, gold, scores) == pytest.approx(stats.pearsonr(gold, scores).statistic, abs=1e-12)
        assert of(spearman, gold, scores) == pytest.approx(stats.spearmanr(gold, scores).statistic, abs=1e-12)
        assert of(kendall, gold, scores) == pytest.approx(stats.kendalltau(gold, scores).statistic, abs=1e-12)
    else:
        assert all(np.isnan(of(COEFFICIENTS[name], gold, scores)) for name in ("pearson", "spearman", "kendall"))
    for tie in (0.0, 0.5, 1.0):
        found = of(partial(accuracy_with_ties, tie=tie), gold, scores)
        assert found == pytest.approx(accuracy_by_hand(gold, scores, tie))


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_many_groups_and_large_ones_are_as_each_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    gold, scores = generator.integers(0, 5, (7, 300)).astype(float), generator.normal(size=(7, 300))
    each = [of(COEFFICIENTS[name], *pair) for pair in zip(gold, scores, strict=True)]
    monkeypatch.setattr("mteval.correlations._CELLS", 3 * 300**2)
    monkeypatch.setattr("mteval.correlations._FEW", 300)
    assert COEFFICIENTS[name](gold, scores).tolist() == pytest.approx(each, abs=1e-12)
    holes = np.where(generator.random(gold.shape) < 0.3, NAN, gold)
    groups = Groups.of(holes, "segment")
    found = groups.values(COEFFICIENTS[name], groups.scores(scores))
    there = [~np.isnan(column) for column in holes.T]
    alone = [of(COEFFICIENTS[name], holes[one, at], scores[one, at]) for at, one in enumerate(there) if one.sum() > 1]
    assert found.tolist() == pytest.approx(alone, abs=1e-12, nan_ok=True)
    assert groups.sizes == [int(one.sum()) for one in there if one.sum() > 1]


@pytest.mark.parametrize("by", ["all", "system", "segment"])
@given(vectors)
def test_the_threshold_for_ties_is_the_best_there_is(by: Grouping, given: tuple[list[float], list[float]]) -> None:
    gold, scores = (np.array([one, one[::-1]]) for one in given)
    groups = Groups.of(gold, by)
    pairs = Pairs.of(groups)
    found, tie = pairs.calibrated(scores)
    ends = np.cumsum(groups.sizes)[:-1]
    parts = list(zip(np.split(groups.gold, ends), np.split(groups.scores(scores), ends), strict=True))
    thresholds = {0.0, *(abs(a - b) for _, row in parts for a, b in product(row, row))}
    tried = {one: np.mean([accuracy_by_hand(*part, one) for part in parts]) for one in sorted(thresholds)}
    assert found == pytest.approx(max(tried.values()))
    assert tie == next(one for one, value in tried.items() if value >= max(tried.values()) - 1e-12)
    assert pairs.accuracy(scores, tie) == found


def test_too_many_pairs_are_refused_and_none_says_nothing() -> None:
    size = int((2 * MOST_PAIRS) ** 0.5) + 2
    with pytest.raises(TooManyPairsError):
        Pairs.of(Groups.of(np.zeros((1, size)), "all"))
    nothing = Pairs.of(Groups.of(np.full((2, 2), NAN), "all"))
    assert np.isnan(nothing.calibrated(np.zeros((2, 2)))).all()


def test_soft_accuracy_by_its_definition() -> None:
    generator = np.random.default_rng(5)
    gold, scores = generator.normal(size=(3, 20)), generator.normal(size=(3, 20))
    gold[1, 3] = NAN
    there = [at for at in range(20) if at != 3]
    signs = np.rint(np.random.default_rng(4).random((1000, 19), np.float32)) * 2 - 1
    off = []
    for one, other in combinations(range(3), 2):
        p_values = []
        for found in (gold, scores):
            difference = (found[one] - found[other])[there]
            p_values.append(np.mean([sign @ difference >= difference.sum() for sign in signs]))
        off.append(abs(p_values[0] - p_values[1]))
    assert soft_pairwise_accuracy(gold, scores) == pytest.approx(1 - np.mean(off), abs=1e-9)
    assert soft_pairwise_accuracy(gold, gold) == 1
    assert np.isnan(soft_pairwise_accuracy(gold[:1], scores[:1]))


PUBLISHED = matrix(4, 1, 2, 3, 4, 5, 5, 7, 8), matrix(4, 1, 2, 3, 3, 7, 3, 5, 5), matrix(4, 2, 1, 2, 6, 8, 8, 7, 6)


def by_hand(groups: Groups, coefficient: Coefficient, better: Floats, worse: Floats, draws: int, seed: int) -> float:
    """PERM-BOTH as its authors' tool does it, with NumPy's global generator."""
    np.random.seed(seed)
    first, second = (stats.zscore(groups.scores(one)) for one in (worse, better))
    ends = np.cumsum(groups.sizes)[:-1]

    def mean(scores: Floats) -> float:
        pairs = zip(np.split(groups.gold, ends), np.split(scores, ends), strict=True)
        found = [value for gold, part in pairs if not np.isnan(value := of(coefficient, gold, part))]
        return float(np.average(found)) if found else 0.0

    delta, count = mean(second) - mean(first), 0
    for _ in range(draws):
        kept = np.random.binomial(1, 0.5, len(first))
        one, other = kept * first + (1 - kept) * second, (1 - kept) * first + kept * second
        count += mean(other) - mean(one) >= delta
    return count / draws


@pytest.mark.parametrize("by", ["all", "system", "segment"])
@pytest.mark.parametrize("coefficient", [pearson, kendall, accuracy])
def test_scores_are_exchanged_as_its_authors_do(coefficient: Coefficient, by: Grouping) -> None:
    gold, first, second = PUBLISHED
    groups = Groups.of(gold, by)
    expected = by_hand(groups, coefficient, second, first, 200, 7)
    assert exchanged_scores(groups, coefficient, second, first, draws=200, seed=7) == expected
    assert 0 < expected <= 1


def test_pairs_are_exchanged_one_by_one() -> None:
    gold, first, second = PUBLISHED
    groups = Groups.of(gold, "segment")
    pairs = Pairs.of(groups)
    ties = pairs.calibrated(second)[1], pairs.calibrated(first)[1]
    np.random.seed(3)
    right = [pairs.right(one, tie).reshape(2, 6) for one, tie in zip((second, first), ties, strict=True)]
    delta, count = np.mean(right[0].mean(axis=1)) - np.mean(right[1].mean(axis=1)), 0
    for _ in range(300):
        swapped = [[], []]  # type: list[list[float]]
        for group in range(2):
            kept = np.random.binomial(1, 0.5, (4, 4))[np.triu_indices(4, 1)].astype(bool)
            for at, (mine, others) in enumerate(((0, 1), (1, 0))):
                swapped[at].append(np.where(kept, right[mine][group], right[others][group]).mean())
        count += np.mean(swapped[0]) - np.mean(swapped[1]) >= delta - 1e-12
    assert exchanged_pairs(groups, pairs, second, first, ties, draws=300, seed=3) == count / 300


def test_a_metric_that_agrees_better_is_found_and_one_that_is_the_same_is_not() -> None:
    generator = np.random.default_rng(2)
    gold = generator.normal(size=(4, 60))
    good, bad = gold + generator.normal(size=gold.shape) / 3, gold + 3 * generator.normal(size=gold.shape)
    groups = Groups.of(gold, "segment")
    pairs = Pairs.of(groups)
    ties = pairs.calibrated(good)[1], pairs.calibrated(bad)[1]
    assert exchanged_scores(groups, pearson, good, bad, draws=200, seed=1) < 0.01
    assert exchanged_pairs(groups, pairs, good, bad, ties, draws=200, seed=1) < 0.01
    assert exchanged_scores(groups, pearson, good, good, draws=200, seed=1) == 1


def test_bounds_are_those_of_drawn_segments_however_they_are_computed() -> None:
    generator = np.random.default_rng(2)
    gold = generator.integers(0, 9, (3, 80)).astype(float)
    scores = gold + generator.normal(size=gold.shape)
    groups = Groups.of(gold, "segment")
    values = groups.values(kendall, groups.scores(scores))
    alone, twice = [[at] for at in range(80)], [[at, at + 1] for at in range(0, 80, 2)]

    def by_segment(one: Floats, other: Floats) -> float:
        return Groups.of(one, "segment").average(kendall, other)

    for units in (alone, twice):
        expected = bounds(of_scores(by_segment, gold, scores), 80, units, draws=60, seed=1)
        assert bounds(of_means(values), 80, units, draws=60, seed=1) == pytest.approx(expected)
    difference = np.abs(scores[0][:, None] - scores[0][None, :])
    by_scores = np.where(difference <= 0.5, 0, np.sign(scores[0][:, None] - scores[0][None, :]))
    right = by_scores == np.sign(gold[0][:, None] - gold[0][None, :])

    def with_ties(one: Floats, other: Floats) -> float:
        return of(partial(accuracy_with_ties, tie=0.5), one[0], other[0])

    expected = bounds(of_scores(with_ties, gold[:1], scores[:1]), 80, alone, draws=60, seed=1)
    assert bounds(of_pairs(right), 80, alone, draws=60, seed=1) == pytest.approx(expected)


def test_bounds_hold_the_coefficient_and_say_nothing_where_little_can_be_said() -> None:
    generator = np.random.default_rng(2)
    gold = generator.normal(size=(3, 200))
    scores = gold + generator.normal(size=gold.shape)

    def coefficient(one: Floats, other: Floats) -> float:
        return Groups.of(one, "all").average(pearson, other)

    alone = [[at] for at in range(200)]
    low, high = bounds(of_scores(coefficient, gold, scores), 200, alone, draws=200, seed=1) or (NAN, NAN)
    assert low < coefficient(gold, scores) < high
    assert high - low < 0.2
    assert bounds(of_scores(coefficient, gold, scores), 200, alone, draws=200, seed=1) == (low, high)
    assert bounds(of_scores(coefficient, gold * 0, scores), 200, alone, draws=20, seed=1) is None
