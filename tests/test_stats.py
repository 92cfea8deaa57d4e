from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mteval.resampling import Units, bootstrap, randomisation_p
from mteval.stats import bootstrap_p, clusters, detectable, holm, interval

Floats = np.ndarray  # of float64


def mean(sums: Floats, counts: Floats) -> Floats:
    return sums[:, 0] / counts


def bootstrap_interval(
    statistics: Floats, *, draws: int, seed: int, blocks: list[int] | None = None
) -> tuple[float, float]:
    return interval(bootstrap(Units.of(statistics, blocks), mean, draws=draws, seed=seed))


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        low, high = bootstrap_interval(generator.normal(5, 1, (60, 1)), draws=200, seed=trial)
        covered += low <= 5 <= high
    assert 0.88 <= covered / 200 <= 0.99


@pytest.mark.parametrize("blocks", [False, True])
def test_whole_documents_are_drawn_where_their_segments_go_together(blocks: bool) -> None:
    """Each document's segments share a shift: intervals of single segments cover too seldom, those of documents do."""
    generator = np.random.default_rng(2)
    covered = 0
    for trial in range(150):
        shifts = np.repeat(generator.normal(0, 1, 40), 10)
        statistics = (shifts + generator.normal(0, 0.3, 400))[:, None]
        of_document = np.repeat(np.arange(40), 10).tolist() if blocks else None
        low, high = bootstrap_interval(statistics, draws=200, seed=trial, blocks=of_document)
        covered += low <= 0 <= high
    assert (covered / 150 > 0.88) if blocks else (covered / 150 < 0.65)


def test_blocks_are_drawn_whole_and_as_many_as_there_are() -> None:
    statistics = np.array([[1.0], [2.0], [4.0], [8.0]])
    drawn = []

    def spy(sums: Floats, counts: Floats) -> Floats:
        drawn.extend(zip(sums[:, 0].tolist(), counts.tolist(), strict=True))
        return mean(sums, counts)

    bootstrap(Units.of(statistics, [7, 7, 7, 3]), spy, draws=100, seed=1)
    assert set(drawn) == {(14.0, 6.0), (15.0, 4.0), (16.0, 2.0)}


def test_the_same_seed_gives_the_same_interval() -> None:
    statistics = np.random.default_rng(2).normal(0, 1, (30, 1))
    first = bootstrap_interval(statistics, draws=100, seed=3)
    assert first == bootstrap_interval(statistics, draws=100, seed=3)
    assert first != bootstrap_interval(statistics, draws=100, seed=4)


def test_no_difference_is_no_finding() -> None:
    same = Units.of(np.random.default_rng(3).normal(0, 1, (40, 1)))
    assert randomisation_p([same, same], mean, trials=200, seed=1).tolist() == [[1, 1], [1, 1]]
    drawn = bootstrap(same, mean, draws=200, seed=1)
    assert bootstrap_p(drawn, drawn, 0.0) == 1.0


def test_few_differing_segments_are_not_told_apart_by_rounding() -> None:
    """With one segment that differs every trial gives the same absolute difference, so none exceeds it."""
    one = np.random.default_rng(4).normal(0, 1, (200, 1))
    other = one.copy()
    other[17] += 0.3
    found = randomisation_p([Units.of(one), Units.of(other)], mean, trials=999, seed=1)
    assert found[0, 1] == 1 / 1000  # as sacreBLEU counts


def test_the_randomisation_test_errs_as_often_as_it_says() -> None:
    generator = np.random.default_rng(6)
    found = [
        randomisation_p(
            [Units.of(generator.normal(0, 1, (50, 1))), Units.of(generator.normal(0, 1, (50, 1)))],
            mean,
            trials=199,
            seed=trial,
        )[0, 1]
        for trial in range(200)
    ]
    assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.10


def test_the_detectable_difference_is_detected_four_times_in_five() -> None:
    generator = np.random.default_rng(8)
    noise = generator.normal(0, 1, (300, 1))
    drawn = bootstrap(Units.of(noise), mean, draws=2000, seed=1)
    smallest = detectable(drawn, level=0.05)
    assert smallest == pytest.approx(2.802 * noise.std() / np.sqrt(300), rel=0.06)
    found = 0
    for _ in range(300):
        sample = generator.normal(smallest, 1, 300)
        found += abs(sample.mean()) / (sample.std(ddof=1) / np.sqrt(300)) > 1.96
    assert 0.72 <= found / 300 <= 0.88


def test_holms_correction_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_correction_keeps_the_order_and_lowers_nothing(values: list[float]) -> None:
    adjusted = holm(values)
    for (p, a), (q, b) in itertools.combinations(zip(values, adjusted, strict=True), 2):
        assert p <= a <= 1
        if p < q:
            assert a <= b


def test_systems_that_cannot_be_told_apart_share_a_cluster() -> None:
    different = {(0, 2), (0, 3), (1, 3), (2, 3)}  # 1 and 2 are alike, and 0 and 1
    assert clusters(4, lambda a, b: (a, b) in different) == [0, 0, 0, 1]
    assert clusters(3, lambda a, b: True) == [0, 1, 2]
    assert clusters(3, lambda a, b: False) == [0, 0, 0]
    assert clusters(0, lambda a, b: True) == []
