"""The contract of a metric: score items one by one, and combine their statistics into a system score."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import ErrorSpan
from mteval.signature import Signature
from mteval.usage import UNUSED, Usage


@dataclass(frozen=True, slots=True)
class Item:
    """What a metric sees of one segment and one system's hypothesis of it.

    Attributes:
        context: the segments before it in its document, the nearest last, as many as ``MetricCard.context`` asks for
            and there are; they have no context of their own.
        pair: the languages, where ``MetricCard.sees_languages`` asks for them.
    """

    source: str
    hypothesis: str
    references: tuple[str, ...] = ()
    context: tuple[Item, ...] = ()
    pair: LangPair | None = None


@dataclass(frozen=True, slots=True)
class ItemScore:
    """What a metric says of one item.

    Attributes:
        score: the segment's score on the metric's scale; ``None`` where the metric has none to give.
        statistics: the numbers from which ``Metric.aggregate`` makes a system score; empty without a score.
        spans: error spans in the hypothesis; ``None`` where the metric gives none at all.
        truncated: the metric did not see the whole text (it is longer than its encoder takes).
        notices: what must not pass in silence, a sentence each: a judge's answer could not be read.
        usage: what a service was asked for to make it.
    """

    score: float | None
    statistics: tuple[float, ...]
    spans: tuple[ErrorSpan, ...] | None = None
    truncated: bool = False
    notices: tuple[str, ...] = ()
    usage: Usage = UNUSED


def stacked(scores: Sequence[ItemScore]) -> NDArray[np.float64] | None:
    """The segment statistics of items, a row each, all NaN where there is no score; ``None`` if no item has one."""
    width = max((len(score.statistics) for score in scores), default=0)
    rows = [score.statistics or (math.nan,) * width for score in scores]
    return np.array(rows, dtype=np.float64).reshape(len(scores), width) if width else None


@dataclass(frozen=True)
class MetricCard:
    """What a reader must know of a metric before believing it.

    Attributes:
        label: how it is written in a table: ``BLEU``, ``chrF++``, ``CometKiwi-22``.
        needs_reference: whether it sees a reference; one that does not is a QE metric.
        higher_is_better: False for error rates.
        low, high: the ends of its scale; ``None`` where it has no bound.
        decimals: how many decimals a table shows.
        licence: of the checkpoint or code, as an SPDX identifier where there is one.
        gated: whether a licence must be accepted at the hub before the checkpoint can be had.
        pairs: the lang pairs that it was made for, as ``pt-en``; ``None`` if it is for any. In others it scores too,
            and the report warns of it.
        family: metrics of one family reward the same; a system that was optimised with one of them is not to be ranked
            by another.
        thresholds: the name under which MT-Thresholds (Kocmi et al. 2024) has a fit of how often a difference agrees
            with people; ``None`` where there is none for this setting.
        points: how many of that fit's points make 1 on this scale, as 100 for COMET.
        languages: base codes of the languages that it, or the encoder under it, was trained on; ``None`` if it knows
            no language from another. Outside them the report warns.
        sees_source: whether it reads the source; of one that does not, the target's language alone matters.
        max_length: how many tokens it sees of a text, or of hypothesis, source and reference together if it joins
            them; ``None`` if there is no limit.
        context: how many segments before each it looks at.
        sees_languages: whether it is told the languages, so that one text scores otherwise in other lang pairs.
        model: the language model that judges, by name; ``None`` if none does.
        trained_on: test sets whose gold scores it was trained on, as its authors say: ``wmt20``, ``mlqe-pe``. On these
            its agreement with people says little of other texts.
    """

    label: str
    needs_reference: bool
    higher_is_better: bool
    low: float | None
    high: float | None
    decimals: int
    licence: str
    gated: bool = False
    pairs: tuple[str, ...] | None = None
    family: str = "other"
    thresholds: str | None = None
    points: float = 1
    languages: tuple[str, ...] | None = None
    sees_source: bool = True
    max_length: int | None = None
    context: int = 0
    sees_languages: bool = False
    model: str | None = None
    trained_on: tuple[str, ...] = ()


class Metric(ABC):
    """Gives hypotheses a quality score.

    Constructors are cheap and check every setting; nothing is loaded or downloaded before ``check`` or first use.
    """

    @property
    @abstractmethod
    def card(self) -> MetricCard:
        """What a reader must know of the metric."""

    @abstractmethod
    def check(self) -> None:
        """Make sure, before anything is translated, that the metric can score on this machine.

        Raises:
            UnavailableError: a program, package or checkpoint is missing.
        """

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """What must be there before it can score, found or not; nothing is loaded, and no network is tried."""

    @abstractmethod
    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable."""

    @abstractmethod
    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, of any number of systems together.

        Yields:
            An item's position and its score, in any order, each position exactly once; in batches as they are
            finished, so that a run that is cut off keeps what it has.
        """

    @abstractmethod
    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """System scores, each from nothing but the sum of segment statistics and the number of segments.

        Args:
            sums: column sums of ``ItemScore.statistics``, a row for each set of segments: shape [sets, k]. A segment
                may be in a set many times; segments without a score are in none.
            counts: how many segments each set holds, at least one: shape [sets].

        Returns:
            Shape [sets]. The score of one set alone is the official tool's to the last digit; those of many sets at
            once may differ from it by rounding, but are the same for the same sums.
        """

    @abstractmethod
    def nothing(self, item: Item) -> ItemScore | None:
        """What it gives an item whose hypothesis counts as no translation, whatever its text is.

        Returns:
            The worst that there is on its scale; ``None`` where the scale has no end.
        """

    @abstractmethod
    def close(self) -> None:
        """Give up what takes memory, such as weights; it is loaded again when it is needed."""


def combined(metric: Metric, statistics: NDArray[np.float64]) -> float:
    """The system score of segments.

    Args:
        metric: what made the statistics.
        statistics: shape [segments, k], at least one row.
    """
    return float(metric.aggregate(statistics.sum(axis=0, keepdims=True), np.array([float(len(statistics))]))[0])
