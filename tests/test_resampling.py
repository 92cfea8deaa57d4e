"""What is drawn together is what would be drawn alone, one resample after another."""

from __future__ import annotations

import numpy as np
import pytest

from mteval import resampling
from mteval.resampling import Units, bootstrap, bootstraps, randomisation_p, randomisations

Floats = np.ndarray  # of float64


def mean(sums: Floats, counts: Floats) -> Floats:
    return sums[:, 0] / counts


def ratio(sums: Floats, counts: Floats) -> Floats:
    return sums[:, 0] / (sums[:, 1] + counts)


def integers(seed: int, size: int, high: int = 50, width: int = 1) -> Units:
    return Units.of(np.random.default_rng(seed).integers(0, high, (size, width)).astype(float))


def reals(seed: int, size: int) -> Units:
    return Units.of(np.random.default_rng(seed).normal(0, 1, (size, 1)))


@pytest.mark.parametrize(("size", "draws"), [(2, 70), (33, 500), (700, 40)])
def test_the_draws_are_numpys_choice_of_units(size: int, draws: int) -> None:
    units = integers(3, size, width=2)
    chosen = np.random.default_rng(11).choice(size, size=(draws, size), replace=True)
    expected = ratio(units.sums[chosen].sum(axis=1), np.full(draws, float(size)))
    np.testing.assert_array_equal(bootstrap(units, ratio, draws=draws, seed=11), expected)


def test_drawn_side_by_side_each_has_what_it_has_alone() -> None:
    blocks = [row // 3 for row in range(90)]
    in_blocks = Units.of(np.random.default_rng(1).integers(0, 9, (90, 2)).astype(float), blocks)
    samples = [
        (integers(1, 60), mean),
        (integers(2, 60, width=2), ratio),
        (in_blocks, ratio),
        (integers(3, 30, width=2), ratio),
        (integers(1, 60), mean),
    ]
    together = bootstraps(samples, draws=300, seed=2)
    for (units, aggregate), scores in zip(samples, together, strict=True):
        np.testing.assert_array_equal(scores, bootstrap(units, aggregate, draws=300, seed=2))
    assert not np.array_equal(together[0], together[1])
    tests = [([integers(at, 60) for at in range(3)], mean), ([in_blocks, integers(5, 30, width=2)], ratio)]
    alone = [randomisation_p(units, aggregate, trials=300, seed=2) for units, aggregate in tests]
    for found, expected in zip(randomisations(tests, trials=300, seed=2), alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_drawing_in_batches_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    units = [integers(at, 33) for at in range(3)]
    at_once = bootstrap(units[0], mean, draws=500, seed=7), randomisation_p(units, mean, trials=500, seed=7)
    monkeypatch.setattr(resampling, "_CELLS", 1)
    monkeypatch.setattr(resampling, "_BLOCK", 1)
    monkeypatch.setattr(resampling, "_CHUNK", 1)
    batched = bootstrap(units[0], mean, draws=500, seed=7), randomisation_p(units, mean, trials=500, seed=7)
    np.testing.assert_array_equal(batched[0], at_once[0])
    np.testing.assert_array_equal(batched[1], at_once[1])


def test_sums_are_exact_where_single_precision_is_too_coarse() -> None:
    """Integers, some too great for it, and fractions that it would round."""
    great = Units.of(np.array([[2.0**30 + 1], [2.0**30 + 3], [5.0]]))
    small = Units.of(np.array([[0.1], [0.2], [0.7]]))
    chosen = np.random.default_rng(4).choice(3, size=(50, 3), replace=True)
    found, rounded = bootstraps([(great, mean), (small, mean)], draws=50, seed=4)
    np.testing.assert_array_equal(found, great.sums[chosen].sum(axis=1)[:, 0] / 3)
    np.testing.assert_allclose(rounded, small.sums[chosen].sum(axis=1)[:, 0] / 3, rtol=1e-15)


def test_equal_systems_have_equal_scores_to_the_last_bit() -> None:
    """Wherever they stand among others."""
    samples = [(reals(at if at % 5 else 0, 101), mean) for at in range(23)]
    found = bootstraps(samples, draws=97, seed=1)
    for at in range(0, 23, 5):
        np.testing.assert_array_equal(found[at], found[0])
    assert len({scores.tobytes() for scores in found}) == 23 - 4
