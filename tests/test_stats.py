from __future__ import annotations

import numpy as np

from mteval.stats import bootstrap_interval


def mean(statistics: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(statistics.mean())


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        interval = bootstrap_interval(generator.normal(5, 1, (60, 1)), mean, draws=200, seed=trial)
        assert interval is not None
        covered += interval[0] <= 5 <= interval[1]
    assert 0.88 <= covered / 200 <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    statistics = np.random.default_rng(2).normal(0, 1, (30, 1))
    first = bootstrap_interval(statistics, mean, draws=100, seed=3)
    assert first == bootstrap_interval(statistics, mean, draws=100, seed=3)
    assert first != bootstrap_interval(statistics, mean, draws=100, seed=4)


def test_too_little_to_resample_has_no_interval() -> None:
    assert bootstrap_interval(np.ones((1, 1)), mean, draws=100, seed=0) is None
    assert bootstrap_interval(np.ones((9, 1)), mean, draws=0, seed=0) is None
