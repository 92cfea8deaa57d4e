"""What sacreBLEU's metrics share here: segment statistics of many texts at once, and a score from their sum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mteval.errors import MissingReferenceError
from mteval.metrics.base import Item, ItemScore, Metric
from mteval.signature import Signature

Texts = tuple[str, tuple[str, ...]]
"""A hypothesis and its references."""

_FEW = 4
"""With fewer texts than this at once, sacreBLEU is the faster one to count n-grams."""

_TEXTS = 2048
_CHARACTERS = 2**19
"""How much text is scored together, at most, unless one text alone is longer."""


class Lexical(Metric, ABC):
    """A metric of sacreBLEU: its statistics a segment, and its score from their sum."""

    @abstractmethod
    def _build(self, *, sentence: bool) -> Any:
        """The sacreBLEU metric; for sentences it may need other settings than for corpora."""

    @abstractmethod
    def _unsigned(self) -> Mapping[str, object]:
        """Settings that sacreBLEU's signature leaves out, where they are not its defaults."""

    @abstractmethod
    def _plain_scores(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """sacreBLEU's formula for many rows of sums at once; NaN where it goes another way than the common one."""

    @abstractmethod
    def _statistics(self, texts: Sequence[Texts]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """The segment statistics of a bounded number of different texts, those of one reference together.

        Yields:
            A position and what sacreBLEU gives it, as they are finished.
        """

    @staticmethod
    def _few(texts: Sequence[Texts]) -> bool:
        """Whether ``_one_by_one`` is the faster way."""
        return len(texts) < _FEW

    def _one_by_one(self, texts: Sequence[Texts]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """The same as ``_statistics``, by sacreBLEU itself."""
        for at, (hypothesis, references) in enumerate(texts):
            (found,) = self._corpus._extract_corpus_statistics([hypothesis], [[one] for one in references])
            yield at, tuple(map(float, found))

    @cached_property
    def _corpus(self) -> Any:
        return self._build(sentence=False)

    @cached_property
    def _sentence(self) -> Any:
        return self._build(sentence=True)

    def check(self) -> None:
        _ = self._corpus

    def signature(self, references: int) -> Signature:
        metric = self._corpus
        settings: Mapping[str, Any] = metric._SIGNATURE_TYPE({**vars(metric), "num_refs": references}).info
        words = {True: "yes", False: "no"}
        shown = {k: words[v] if isinstance(v, bool) else v for k, v in settings.items() if v is not None}
        version = shown.pop("version")  # sacreBLEU prints it last
        return Signature.of({**shown, **self._unsigned(), "version": version})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        for index, item in enumerate(items):
            if not item.references:
                raise MissingReferenceError(
                    f"segment {index + 1}", "has no reference", "give one, or choose a metric that needs none"
                )
        for positions in _together(items):
            texts: dict[Texts, list[int]] = {}
            for at in positions:
                texts.setdefault((items[at].hypothesis, items[at].references), []).append(at)
            distinct = list(texts)
            for number, statistics in self._statistics(distinct):
                found = ItemScore(self._sentence._compute_score_from_stats(list(statistics)).score, statistics)
                for at in texts[distinct[number]]:
                    yield at, found

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """See ``Metric.aggregate``; sacreBLEU itself scores one set alone, and those that need smoothing."""
        scores = np.full(len(sums), np.nan) if len(sums) == 1 else self._plain_scores(sums)
        for row in np.flatnonzero(np.isnan(scores)):
            # A list, since sacreBLEU's add-k smoothing writes into what it is given.
            scores[row] = self._corpus._compute_score_from_stats(sums[row].tolist()).score
        return scores

    def nothing(self, item: Item) -> ItemScore:
        """What an empty hypothesis gets."""
        ((_, score),) = self.score([Item(item.source, "", item.references)])
        return score

    def close(self) -> None:
        pass


def _together(items: Sequence[Item]) -> Iterator[list[int]]:
    """Positions of items in bounded numbers, those with the same references together; in order of the first of each."""
    hashes = np.fromiter((hash(item.references) for item in items), np.int64, len(items))
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    some: list[int] = []
    characters = 0
    for at in np.argsort(first[group], kind="stable").tolist():
        length = len(items[at].hypothesis) + sum(map(len, items[at].references))
        if some and (len(some) == _TEXTS or characters + length > _CHARACTERS):
            yield some
            some, characters = [], 0
        some.append(at)
        characters += length
    if some:
        yield some
