"""A tiny metric for tests, the user's own included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.needs import Need
from mteval.signature import Signature


class LengthRatio(Metric):
    """Characters of the hypothesis to characters of the source, at most 1; it counts the items that it scores.

    Args:
        pairs: the lang pairs that its card names; ``None`` for any.

    Attributes:
        scored: how many items ``score`` was asked for, over all calls.
    """

    def __init__(self, pairs: tuple[str, ...] | None = None) -> None:
        self.scored = 0
        self._pairs = pairs

    @property
    def card(self) -> MetricCard:
        return MetricCard("length ratio", False, True, 0, 1, 3, "Apache-2.0", pairs=self._pairs)

    def check(self) -> None:
        pass

    def needs(self) -> tuple[Need, ...]:
        return ()

    def signature(self, references: int) -> Signature:
        return Signature.of({"metric": "length-ratio", "version": 1})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        for index, item in reversed(list(enumerate(items))):  # any order is allowed
            self.scored += 1
            ratio = min(1.0, len(item.hypothesis) / len(item.source))
            yield index, ItemScore(ratio, (ratio,))

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return sums[:, 0] / counts

    def nothing(self, item: Item) -> ItemScore:
        return ItemScore(0.0, (0.0,))

    def close(self) -> None:
        pass
