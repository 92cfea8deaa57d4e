"""What a metric says of segments, documents and systems; where there is no score there is ``None``, never 0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ContractError

Floats = NDArray[np.float16] | NDArray[np.float32] | NDArray[np.float64]
"""Numbers of any of the widths that ``narrowest`` chooses from."""

_CHUNK = 4096
"""Scores that are made Python's numbers together, so that a million of them never are at once."""


def narrowest(numbers: NDArray[np.float64]) -> np.dtype[Any]:
    """The narrowest floating-point type that holds numbers exactly, as float16 does whole ones up to 2048.

    The segment statistics of lexical metrics are small counts, and there may be millions of them.
    """
    with np.errstate(over="ignore"):
        for kind in (np.float16, np.float32):
            if np.array_equal(numbers.astype(kind), numbers, equal_nan=True):
                return np.dtype(kind)
    return np.dtype(np.float64)


class Points(Sequence[float | None]):
    """Segment scores in eight bytes each: a sequence of numbers, and of ``None`` where there is none.

    Args:
        numbers: float64 array of shape [segments], NaN where there is no score.
    """

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> float | None: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[float | None, ...]: ...
    def __getitem__(self, at: int | slice) -> float | tuple[float | None, ...] | None:
        if isinstance(at, slice):
            return tuple(Points(self.numbers[at]))
        number: float = self.numbers.item(at)
        return None if math.isnan(number) else number

    def __iter__(self) -> Iterator[float | None]:
        for start in range(0, len(self.numbers), _CHUNK):
            for number in self.numbers[start : start + _CHUNK].tolist():
                yield None if math.isnan(number) else number

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Points):
            return np.array_equal(self.numbers, other.numbers, equal_nan=True)
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True)
class SegmentScores:
    """One metric's scores of one system's segments, in segment order.

    Attributes:
        metric: the metric's name.
        system: the system's name.
        scores: one score a segment, ``None`` where there is none; kept as ``Points``.
        statistics: array of shape [segments, k]: the *segment statistics* from which the metric computes its system
            score for any subset or resample without scoring again. The row of a segment without a score is all NaN.
            ``None`` if nothing was scored. It may be of a narrower type than float64 that holds the same numbers, so
            make it float64 before computing with it, as ``of`` and ``scored`` do.
    """

    metric: str
    system: str
    scores: Sequence[float | None]
    statistics: Floats | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.scores, Points):
            for index, score in enumerate(self.scores):
                if score is not None and math.isnan(score):
                    self._refuse(index, score)
            points = Points(np.array([math.nan if score is None else score for score in self.scores], np.float64))
            object.__setattr__(self, "scores", points)
        if np.isinf(self.numbers).any():
            index = int(np.flatnonzero(np.isinf(self.numbers))[0])
            self._refuse(index, self.numbers.item(index))
        if self.statistics is not None and len(self.statistics) != len(self.scores):
            raise ContractError(
                f"metric {self.metric}",
                f"gave {len(self.statistics)} rows of statistics for {len(self.scores)} segments",
                "report it: both must be equally many",
            )

    def _refuse(self, index: int, score: float) -> None:
        raise ContractError(
            f"metric {self.metric}",
            f"gave {score} for segment {index + 1} of system {self.system}",
            "report it with that segment: a metric gives a number or no score",
        )

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def numbers(self) -> NDArray[np.float64]:
        """The scores as an array of shape [segments], NaN where there is none."""
        assert isinstance(self.scores, Points)
        return self.scores.numbers

    def of(self, rows: Sequence[int] | None = None) -> NDArray[np.float64]:
        """The statistics of segments that have a score; not to be written into.

        Args:
            rows: the segments' positions; ``None`` for all.
        """
        assert self.statistics is not None  # they have scores
        chosen = self.statistics if rows is None else self.statistics[np.array(rows, np.intp)]
        return chosen.astype(np.float64, copy=False)

    def scored(self, rows: Sequence[int] | None = None) -> NDArray[np.float64] | None:
        """The statistics of the segments that have a score; not to be written into.

        Args:
            rows: the positions to choose from; ``None`` for all.

        Returns:
            Shape [segments with a score, k]; ``None`` if there are none.
        """
        if self.statistics is None:
            return None
        chosen = slice(None) if rows is None else np.array(rows, np.intp)
        there = ~np.isnan(self.numbers[chosen])
        if not there.any():
            return None
        found = self.statistics[chosen] if there.all() else self.statistics[chosen][there]
        return found.astype(np.float64, copy=False)


@dataclass(frozen=True)
class DocumentScores:
    """One metric's scores of one system's documents, each made of the statistics of the document's own segments.

    Attributes:
        metric: the metric's name.
        system: the system's name.
        scores: by the document's id, in document order; ``None`` where no segment of it has a score.
    """

    metric: str
    system: str
    scores: Mapping[str, float | None]

    def __post_init__(self) -> None:
        for document, score in self.scores.items():
            if score is not None and not math.isfinite(score):
                raise ContractError(
                    f"metric {self.metric}",
                    f"gave {score} for document {document} of system {self.system}",
                    "report it with that document: a metric gives a number or no score",
                )


@dataclass(frozen=True)
class SystemScore:
    """One metric's score of one system over an eval set.

    Attributes:
        score: ``None`` where the metric could not score the system.
        interval: lower and upper end of the bootstrap confidence interval, if one was computed.
        segments: how many segments the score is made of.
        signature: the setting it was made under; scores with different signatures cannot be compared.
    """

    metric: str
    system: str
    score: float | None
    interval: tuple[float, float] | None
    segments: int
    signature: str
