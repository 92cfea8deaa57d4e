"""Resamples of segment statistics, drawn once for all systems and metrics that have equally many units.

A metric's system score is a function of the column sums of its segment statistics and of how many segments there are,
so a resample is a sum, and all resamples are one matrix product: how often each draw has each unit, times the
statistics of all systems by all metrics, side by side. What is drawn is a *unit*: a segment, or a whole document where
segments of one document must stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Aggregate = Callable[[Floats, Floats], Floats]
"""System scores, shape [draws], from column sums of segment statistics, [draws, k], and counts of segments, [draws]."""

_MORE = 1 + 1e-10
"""By how much a difference must exceed another to be greater, and not the same sum in another order."""

_CELLS = 2**20
"""How many numbers are drawn at once, at least for 64 draws."""
_BLOCK = 2**22
"""How many numbers of a matrix are multiplied at once, at least one of each row."""
_CHUNK = 2**16
"""How many numbers are counted at once, at least those of one draw, so that they stay in the processor's cache."""
_SUMS = 2**23
"""How many sums are held at once, at least those of one batch of draws."""
_EXACT = 2**24
"""Below this, sums of integers are exact in single precision."""


@dataclass(frozen=True)
class Units:
    """What is drawn, as sums.

    Attributes:
        sums: column sums of each unit's segment statistics, shape [units, k].
        counts: how many segments each unit holds, shape [units].
    """

    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, statistics: Floats, blocks: Sequence[int] | None = None) -> Units:
        """Units of segment statistics.

        Args:
            statistics: shape [segments, k].
            blocks: for each segment, which block it belongs to; ``None`` where each segment is a unit by itself.
        """
        if blocks is None:
            return cls(statistics, np.ones(len(statistics)))
        _, at = np.unique(np.asarray(blocks), return_inverse=True)
        sums = np.zeros((at.max() + 1, statistics.shape[1]))
        np.add.at(sums, at, statistics)
        return cls(sums, np.bincount(at).astype(np.float64))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def total(self) -> tuple[Floats, Floats]:
        """The sums and the count of all units together, as one draw: shapes [1, k] and [1]."""
        return self.sums.sum(axis=0, keepdims=True), self.counts.sum(keepdims=True)


def bootstrap(units: Units, aggregate: Aggregate, *, draws: int, seed: int) -> Floats:
    """System scores of bootstrap resamples of one system by one metric; see ``bootstraps``."""
    return bootstraps([(units, aggregate)], draws=draws, seed=seed)[0]


def bootstraps(samples: Sequence[tuple[Units, Aggregate]], *, draws: int, seed: int) -> list[Floats]:
    """System scores of bootstrap resamples (Efron 1979; Koehn 2004 for machine translation).

    Each draws as many units as there are, with replacement.

    Args:
        samples: what is drawn, and what computes the system scores, for each system by each metric.
        draws: how many resamples.
        seed: the same one draws the same units of equally many, whatever the system and the metric, so that scores of
            two systems are paired. The draws are those of sacreBLEU's ``--paired-bs``.

    Returns:
        For each sample, shape [draws].
    """
    found = [np.empty(draws) for _ in samples]
    for size, members in _by_size([units for units, _ in samples]).items():
        columns = _Columns([samples[member][0] for member in members])
        start = 0
        for held in columns.summed(_drawn(size, draws, seed)):
            rows = slice(start, start + len(held))
            for place, member in enumerate(members):
                found[member][rows] = samples[member][1](*columns.of(place, held))
            start += len(held)
    return found


def randomisation_p(units: Sequence[Units], aggregate: Aggregate, *, trials: int, seed: int) -> Floats:
    """The p-values of all pairs of systems by one metric; see ``randomisations``."""
    return randomisations([(units, aggregate)], trials=trials, seed=seed)[0]


def randomisations(tests: Sequence[tuple[Sequence[Units], Aggregate]], *, trials: int, seed: int) -> list[Floats]:
    """The p-values of paired approximate randomisation tests between all systems, as by sacreBLEU's ``--paired-ar``.

    In each trial each unit's outputs are swapped between the two systems or not (Noreen 1989; Riezler and Maxwell
    2005).

    Args:
        tests: for each metric, each system's units, of the same segments, and what computes the system scores.
        trials: how many.
        seed: the same one swaps the same units, whatever the systems and the metric.

    Returns:
        For each metric, shape [systems, systems], symmetric, 1 on the diagonal and for no difference at all.
    """
    swapping = [_Swapping(units, aggregate) for units, aggregate in tests]
    for size, members in _by_size([units[0] for units, _ in tests]).items():
        columns = _Columns([one for member in members for one in tests[member][0]])
        for held in columns.summed(_kept(size, trials, seed)):
            of_system = (columns.of(place, held)[0] for place in range(len(columns)))
            for member in members:
                swapping[member].count(list(islice(of_system, len(tests[member][0]))))
    return [one.p_values(trials) for one in swapping]


class _Swapping:
    """One metric's pairs of systems, and how many trials of each gave a greater difference than there is."""

    def __init__(self, units: Sequence[Units], aggregate: Aggregate) -> None:
        self._aggregate = aggregate
        self._whole = np.stack([one.sums for one in units], axis=1).sum(axis=0)
        self._count = units[0].counts.sum()
        self._systems = len(units)
        self._exceeding = {(a, b): 0 for a in range(len(units)) for b in range(a + 1, len(units))}
        self._observed: dict[tuple[int, int], float] = {}

    def count(self, held: Sequence[Floats]) -> None:
        """Count trials, from the sums of what each system keeps in them, shape [trials, k] each."""
        whole, trials = self._whole, len(held[0])
        for a, b in self._exceeding:
            one = held[a] + (whole[b] - held[b])
            other = held[b] + (whole[a] - held[a])
            # The two systems as they are come along, so that a trial that swaps nothing gives the same to the last bit.
            both = np.concatenate([whole[[a]], whole[[b]], one, other])
            scores = self._aggregate(both, np.full(len(both), self._count))
            observed = self._observed[a, b] = abs(scores[0] - scores[1])
            differences = np.abs(scores[2 : 2 + trials] - scores[2 + trials :])
            self._exceeding[a, b] += int(np.sum(differences > observed * _MORE))

    def p_values(self, trials: int) -> Floats:
        found = np.ones((self._systems, self._systems))
        for (a, b), exceeding in self._exceeding.items():
            if trials and self._observed[a, b] > 0:
                found[a, b] = found[b, a] = (exceeding + 1) / (trials + 1)
        return found


class _Columns:
    """The columns of many units of equally many, side by side.

    Each different one is there once, so that equal ones have equal sums. Of integers it is what is above the first
    that counts: often that is the same in many columns, as n-grams of the next length are one fewer in every segment.
    """

    def __init__(self, units: Sequence[Units]) -> None:
        self._single: list[Floats] = [np.ones(len(units[0]))]
        self._double: list[Floats] = []
        known: dict[bytes, int] = {}
        self._places: list[tuple[list[int], Floats]] = []
        for one in units:
            places, firsts = [], []
            for column in (*one.sums.T, one.counts):
                above = column - column[0]
                exact = bool(np.abs(above).max() * len(above) < _EXACT and (column == np.rint(column)).all())
                values, kind = (above, self._single) if exact else (column, self._double)
                # A column of fractions is counted from the end, until it is known how many others there are.
                new = len(kind) if exact else -1 - len(kind)
                if (place := known.setdefault(blake2b(values.tobytes()).digest(), new)) == new:
                    kind.append(values)
                places.append(place)
                firsts.append(column[0] if exact else 0.0)
            self._places.append((places, np.array(firsts)))

    def __len__(self) -> int:
        return len(self._places)

    def of(self, place: int, held: Floats) -> tuple[Floats, Floats]:
        """The sums, shape [draws, k], and the counts, shape [draws], of one of the units, from the sums of all."""
        places, firsts = self._places[place]
        found = held[:, places] + firsts * held[:, :1]
        return found[:, :-1], found[:, -1]

    def summed(self, batches: Iterator[NDArray[Any]]) -> Iterator[Floats]:
        """The sums of all columns over draws, shape [draws, columns], as many draws together as are well held.

        Args:
            batches: how often each draw has each unit, shape [draws, units].
        """
        held: list[Floats] = []
        for times in batches:
            held.append(self._summed(times))
            if sum(map(np.size, held)) >= _SUMS:
                yield np.concatenate(held)
                held = []
        if held:
            yield np.concatenate(held)

    def _summed(self, times: NDArray[Any]) -> Floats:
        draws, size = times.shape
        single, double = np.zeros((draws, len(self._single))), np.zeros((draws, len(self._double)))
        step = max(1, _BLOCK // max(draws, len(self._single), len(self._double)))
        for start in range(0, size, step):
            rows = slice(start, start + step)
            block = np.array([column[rows] for column in self._single], dtype=np.float32)
            single += times[:, rows].astype(np.float32) @ block.T
            if self._double:
                fractions = np.array([column[rows] for column in self._double])
                double += times[:, rows].astype(np.float64) @ fractions.T
        return np.concatenate([single, double[:, ::-1]], axis=1)


def _by_size(units: Sequence[Units]) -> dict[int, list[int]]:
    """The positions of units by how many they are."""
    found: dict[int, list[int]] = {}
    for at, one in enumerate(units):
        found.setdefault(len(one), []).append(at)
    return found


def _drawn(size: int, draws: int, seed: int) -> Iterator[NDArray[np.uint16]]:
    """How often each draw has each unit, in batches of shape [some, size]."""
    generator = np.random.default_rng(seed)
    some = max(1, _CHUNK // max(size, 1))
    offsets = np.arange(some)[:, None] * size
    for batch in _batches(draws, size):
        times = np.empty((batch, size), np.uint16)  # far more than any unit is ever drawn
        for start in range(0, batch, some):
            rows = min(some, batch - start)
            drawn = generator.choice(size, size=(rows, size), replace=True) + offsets[:rows]
            times[start : start + rows] = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
        yield times


def _kept(size: int, trials: int, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Which units are not swapped in each trial, in batches of shape [some, size]."""
    generator = np.random.default_rng(seed)
    for batch in _batches(trials, size):
        yield generator.integers(2, size=(batch, size), dtype=bool)


def _batches(draws: int, size: int) -> Iterator[int]:
    """So many draws in turn that memory stays small; in multiples of 32, so that batches draw what one draw would."""
    step = max(64, _CELLS // max(size, 1) // 32 * 32)
    for start in range(0, draws, step):
        yield min(step, draws - start)
