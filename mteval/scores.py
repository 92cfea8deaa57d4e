"""What a metric says of segments, documents and systems; where there is no score there is ``None``, never 0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ContractError


@dataclass(frozen=True)
class SegmentScores:
    """One metric's scores of one system's segments, in segment order.

    Attributes:
        metric: the metric's name.
        system: the system's name.
        scores: one score a segment, ``None`` where there is none.
        statistics: float64 array of shape [segments, k]: the *segment statistics* from which the metric computes its
            system score for any subset or resample without scoring again. The row of a segment without a score is
            all NaN. ``None`` if nothing was scored.
    """

    metric: str
    system: str
    scores: tuple[float | None, ...]
    statistics: NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for index, score in enumerate(self.scores):
            if score is not None and not math.isfinite(score):
                raise ContractError(
                    f"metric {self.metric}",
                    f"gave {score} for segment {index + 1} of system {self.system}",
                    "report it with that segment: a metric gives a number or no score",
                )
        if self.statistics is not None and len(self.statistics) != len(self.scores):
            raise ContractError(
                f"metric {self.metric}",
                f"gave {len(self.statistics)} rows of statistics for {len(self.scores)} segments",
                "report it: both must be equally many",
            )

    def __len__(self) -> int:
        return len(self.scores)

    def scored(self, rows: Sequence[int] | None = None) -> NDArray[np.float64] | None:
        """The statistics of the segments that have a score.

        Args:
            rows: the positions to choose from; ``None`` for all.

        Returns:
            Shape [segments with a score, k]; ``None`` if there are none.
        """
        if self.statistics is None:
            return None
        if rows is None and None not in self.scores:
            return self.statistics if self.scores else None
        chosen = range(len(self)) if rows is None else rows
        there = [row for row in chosen if self.scores[row] is not None]
        return self.statistics[there] if there else None


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
