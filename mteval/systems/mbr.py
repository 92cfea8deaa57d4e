"""Minimum Bayes risk decoding and reranking: of many hypotheses the one that a metric likes best.

Kumar and Byrne 2004 ("Minimum Bayes-Risk Decoding for Statistical Machine Translation"), Freitag et al. 2022 ("High
Quality Rather than High Model Probability") and Fernandes et al. 2022 ("Quality-Aware Decoding"). A system that chooses
by a metric gains by that metric, and by others of its family, more than people would agree to: its card names them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mteval.errors import ConfigError, ContractError
from mteval.lang import LangPair, base_language
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.families import family_of
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.mbr_pool import Candidate, Pool
from mteval.systems.parts import in_order, part_of
from mteval.usage import Usage

_ITEMS = 20_000
"""How many items the metric gets at once: enough for it to sort into batches, few enough to hold."""


@dataclass(frozen=True)
class _Segment:
    """A segment whose hypothesis is to be chosen.

    Attributes:
        blank: what the metric sees of it, without a hypothesis.
        counts: how often each text is among the candidates, in their order.
        items: what the metric must score to tell them apart; none where all candidates are one text.
    """

    position: int
    blank: Item
    candidates: Sequence[Candidate]
    counts: Mapping[str, int]
    items: Sequence[Item]


class _Chooser(System, ABC):
    """Chooses one of a segment's candidates by a metric; of equally good ones the first.

    The candidates stand in the order of the systems, those of one system in the order in which it proposes them.
    """

    def __init__(
        self, systems: Mapping[str, System], metric: Mapping[str, Metric], count: int = 8, chunk: int = 64
    ) -> None:
        self._pool = Pool(systems, count, chunk)
        _, self._metric = part_of("metric", metric, Metric)
        card = self._metric.card
        if problem := self._unfit(card):
            raise ConfigError("metric", f"{card.label} {problem}", "name another metric")
        if card.context:
            problem = f"{card.label} looks at {card.context} segments before each, and candidates have none"
            raise ConfigError("metric", problem, "name one that looks at segments alone")

    @abstractmethod
    def _unfit(self, card: MetricCard) -> str | None:
        """Why a metric cannot be chosen by, in words; ``None`` if it can."""

    @property
    @abstractmethod
    def _references(self) -> int:
        """How many references an item has."""

    @abstractmethod
    def _items(self, blank: Item, counts: Mapping[str, int]) -> Iterable[Item]:
        """What must be scored to choose between texts, of which there are at least two.

        Args:
            blank: what the metric sees of the segment, without a hypothesis.
        """

    @abstractmethod
    def _worth(
        self, blank: Item, text: str, counts: Mapping[str, int], scores: Mapping[Item, ItemScore]
    ) -> float | None:
        """What a text is worth on the metric's scale; ``None`` where the metric says nothing of it."""

    @property
    def card(self) -> SystemCard:
        label, family = self._metric.card.label, self._metric.card.family
        both = family != "other" and family_of(label) != family
        return self._pool.card((label, family) if both else (label,))

    def declines(self, eval_set: EvalSet) -> str | None:
        card, pair = self._metric.card, eval_set.pair
        if card.pairs is not None and f"{base_language(pair.source)}-{base_language(pair.target)}" not in card.pairs:
            return f"{card.label}, which it chooses by, was made for {', '.join(card.pairs)}"
        return self._pool.declines(eval_set)

    def check(self, pair: LangPair) -> None:
        self._pool.check(pair)
        self._metric.check()

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return tuple(dict.fromkeys((*self._pool.needs(pair), *self._metric.needs())))

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of(
            {
                "system": type(self).__name__.lower(),
                "count": self._pool.count,
                "systems": self._pool.signature(pair),
                "metric": f"({str(self._metric.signature(self._references)).replace('|', ',')})",
            }
        )

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        told = pair if self._metric.card.sees_languages else None
        for chunk in self._pool.candidates(segments, pair):
            group: list[_Segment] = []
            held = 0
            for position, candidates in chunk:
                counts = Counter(candidate.output.text for candidate in candidates)
                blank = Item(segments[position].source, "", pair=told)
                items = tuple(self._items(blank, counts)) if len(counts) > 1 else ()
                if held and held + len(items) > _ITEMS:
                    yield from self._chosen(group)
                    group, held = [], 0
                group.append(_Segment(position, blank, candidates, counts, items))
                held += len(items)
            yield from self._chosen(group)

    def close(self) -> None:
        self._pool.close()
        self._metric.close()

    def _chosen(self, group: Sequence[_Segment]) -> Iterator[tuple[int, Output]]:
        """The outputs of some segments, whose items are scored together and each once."""
        asked = list(dict.fromkeys(item for one in group for item in one.items))
        who = f"metric {self._metric.card.label}"
        scores = dict(zip(asked, in_order(self._metric.score(asked) if asked else (), len(asked), who), strict=True))
        for item, found in scores.items():
            if found.score is not None and not math.isfinite(found.score):
                problem = f"gave {found.score} for the hypothesis “{item.hypothesis[:60]}”"
                raise ContractError(who, problem, "report it with that segment")
        unpaid = {item: found.usage for item, found in scores.items()}
        for one in group:
            chosen, notices = self._best(one, scores)
            usage = sum((candidate.output.usage for candidate in one.candidates), Usage())
            usage += sum((unpaid.pop(item, Usage()) for item in one.items), Usage())
            told = tuple(f"{chosen.system}: {notice}" for notice in chosen.output.notices)
            yield one.position, Output(chosen.output.text, (*told, *notices), usage)

    def _best(self, one: _Segment, scores: Mapping[Item, ItemScore]) -> tuple[Candidate, tuple[str, ...]]:
        """The candidate that is chosen, and what must be said of how it was."""
        if not one.items:
            return one.candidates[0], ()
        label, sign = self._metric.card.label, 1 if self._metric.card.higher_is_better else -1
        worth = {text: self._worth(one.blank, text, one.counts, scores) for text in one.counts}
        known = {text: sign * value for text, value in worth.items() if value is not None}
        best = max(known, key=lambda text: known[text], default=one.candidates[0].output.text)
        notices = []
        found = [scores[item] for item in one.items]
        if missing := sum(score.score is None for score in found):
            taken = "" if known else ": the first candidate was taken"
            notices.append(f"{label} gave {missing} of {len(found)} scores of candidates as none{taken}")
        if cut := sum(score.truncated for score in found):
            notices.append(f"{label} did not see the whole text for {cut} of {len(found)} scores of candidates")
        return next(candidate for candidate in one.candidates if candidate.output.text == best), tuple(notices)


class Mbr(_Chooser):
    """Takes the candidate that is most like all others: each of them serves once as the reference.

    What a candidate is worth is the mean of the metric's scores against every other candidate, equal ones as often as
    they were drawn. A pair that the metric gives no score is left out of the mean; a candidate without any score is
    not chosen, unless none has one.

    Args:
        systems: what the candidates are from, by name, each nested as ``configs/systems`` has it.
        metric: what compares them, nested likewise under its name: one that needs a reference.
        count: how many hypotheses a system proposes, where it can; others give the one that they would translate with.
        chunk: segments whose candidates are made and held at once. Systems and metric are in memory together.

    Raises:
        ConfigError: a setting is wrong, or the metric sees no reference.
    """

    def _unfit(self, card: MetricCard) -> str | None:
        return None if card.needs_reference else "sees no reference, so it cannot compare candidates"

    @property
    def _references(self) -> int:
        return 1

    def _items(self, blank: Item, counts: Mapping[str, int]) -> Iterable[Item]:
        return (
            replace(blank, hypothesis=text, references=(other,))
            for text in counts
            for other in counts
            if text != other or counts[text] > 1
        )

    def _worth(
        self, blank: Item, text: str, counts: Mapping[str, int], scores: Mapping[Item, ItemScore]
    ) -> float | None:
        total, weights = [], 0
        for other, times in counts.items():
            weight = times - (other == text)
            if weight and (score := scores[replace(blank, hypothesis=text, references=(other,))].score) is not None:
                total.append(weight * score)
                weights += weight
        return math.fsum(total) / weights if weights else None


class Rerank(_Chooser):
    """Takes the candidate that a reference-free metric scores best.

    A candidate that the metric gives no score is not chosen, unless none has one.

    Args:
        systems: what the candidates are from, by name, each nested as ``configs/systems`` has it.
        metric: what scores them, nested likewise under its name: one that needs no reference.
        count: how many hypotheses a system proposes, where it can; others give the one that they would translate with.
        chunk: segments whose candidates are made and held at once. Systems and metric are in memory together.

    Raises:
        ConfigError: a setting is wrong, or the metric needs a reference.
    """

    def _unfit(self, card: MetricCard) -> str | None:
        return "needs a reference, which a candidate does not have" if card.needs_reference else None

    @property
    def _references(self) -> int:
        return 0

    def _items(self, blank: Item, counts: Mapping[str, int]) -> Iterable[Item]:
        return (replace(blank, hypothesis=text) for text in counts)

    def _worth(
        self, blank: Item, text: str, counts: Mapping[str, int], scores: Mapping[Item, ItemScore]
    ) -> float | None:
        return scores[replace(blank, hypothesis=text)].score
