"""GEMBA: a language model as a judge, by direct assessment, by MQM error spans, or by error span annotation (ESA).

Kocmi and Federmann 2023a ("Large Language Models Are State-of-the-Art Evaluators of Translation Quality") and 2023b
("GEMBA-MQM: Detecting Translation Quality Error Spans with GPT-4"). The prompts stand in the configs; answers are read
by ``gemba_answers``. An answer that cannot be read gives no score, and says so; it is not asked for again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mteval.chat.base import Reply
from mteval.chat.client import ChatClient
from mteval.chat.prompt import LANGUAGES, checked_names, names_of
from mteval.chat.template import digest
from mteval.chat.turns import Turns
from mteval.errors import ConfigError, ContractError, MissingReferenceError
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.gemba_answers import WORST, points_off, read_errors, read_score, spans_of
from mteval.needs import Need
from mteval.segment import ErrorSpan
from mteval.signature import Signature
from mteval.usage import Usage

READER = 1
"""The version of how answers are read, which is part of the signature; a change that reads one otherwise adds 1."""

_PLACES = (*LANGUAGES, "source", "hypothesis", "reference")
_TOGETHER = 64
_SHOWN = 80


class Gemba(Metric, ABC):
    """What the three judges share: who judges, what it is shown, and how its scores make a system's.

    Args:
        client: the model that judges, with its endpoint and decoding.
        label: how the metric is written in a table.
        messages: the prompt's turns, as ``Turns`` takes them, with places for ``{source}``, ``{hypothesis}``,
            ``{reference}``, ``{source_language}`` and ``{target_language}``. With a place for the reference it needs
            one; with several references the score is the mean of those against each, and spans are those found against
            the first.
        licence: of the judge, as far as it has one.
        language_names: the name of a language by its code, where the usual English one is not wanted.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        client: ChatClient,
        label: str,
        messages: Sequence[Mapping[str, str]],
        licence: str = "as the model's",
        language_names: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(client, ChatClient):
            raise ConfigError("client", f"{client!r} is no client", "write _target_: mteval.chat.client.ChatClient")
        for key, text in (("label", label), ("licence", licence)):
            if not isinstance(text, str) or not text.strip():
                raise ConfigError(key, f"{text!r} is not a text", "write it in quotes")
        self._client = client
        self._label = label
        self._licence = licence
        self._names = checked_names(language_names)
        self._prompt = Turns(messages, "messages", _PLACES, ("hypothesis",))

    @property
    def card(self) -> MetricCard:
        low, high = self._scale()
        return MetricCard(
            label=self._label,
            needs_reference="reference" in self._prompt.places,
            higher_is_better=True,
            low=low,
            high=high,
            decimals=2,
            licence=self._licence,
            family="gemba",
            sees_languages=True,
            model=self._client.model,
        )

    def check(self) -> None:
        """Make sure that the judge can be asked.

        Raises:
            UnavailableError: the client's library, its key or its endpoint is not to be had.
        """
        self._client.check()

    def needs(self) -> tuple[Need, ...]:
        return self._client.needs()

    def signature(self, references: int) -> Signature:
        settings: dict[str, object] = {"gemba": type(self).__name__}
        settings |= {name: turns.digest for name, turns in self._prompts().items()}
        settings |= {"language_names": digest(self._names) if self._names else "usual", "reader": READER}
        if self.card.needs_reference:
            settings["nrefs"] = references
        return Signature.of(settings | self._client.settings)

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Have items judged, equal ones once; see ``Metric.score``.

        Raises:
            MissingReferenceError: an item lacks the reference that the prompt shows.
            ContractError: an item does not say its languages.
            ConfigError: a language that the prompt names has no name.
            UnavailableError, ConfigError: as the client's ``ask`` does; what was answered before is yielded first.
        """
        same: dict[Item, list[int]] = {}
        languages: dict[LangPair, dict[str, str]] = {}
        places = frozenset(place for turns in self._prompts().values() for place in turns.places)
        for position, item in enumerate(items):
            if item.pair is None:
                raise ContractError(f"metric {self._label}", "is not told the languages", "report it")
            if self.card.needs_reference and not item.references:
                problem = f"item {position + 1} has no reference"
                raise MissingReferenceError(
                    f"metric {self._label}", problem, "give every segment one, or choose a judge that sees none"
                )
            if item.pair not in languages:
                languages[item.pair] = names_of(item.pair, self._names, places)
            same.setdefault(item, []).append(position)
        unlike = list(same)
        for start in range(0, len(unlike), _TOGETHER):
            some = unlike[start : start + _TOGETHER]
            shown = [(item, number) for item in some for number in range(self._times(item))]
            judged: dict[Item, dict[int, ItemScore]] = {}
            for at, found in self._judge([_texts(item, number, languages) for item, number in shown]):
                item, number = shown[at]
                of_item = judged.setdefault(item, {})
                of_item[number] = found
                if len(of_item) == self._times(item):
                    whole = _mean([of_item[one] for one in sorted(of_item)])
                    yield from ((position, whole) for position in same[item])

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore | None:
        """The low end of the scale."""
        low, _ = self._scale()
        return ItemScore(low, (low,))

    def close(self) -> None:
        pass

    def _times(self, item: Item) -> int:
        return len(item.references) if self.card.needs_reference else 1

    @abstractmethod
    def _scale(self) -> tuple[float, float]:
        """The ends of the scale, the worse first."""

    @abstractmethod
    def _prompts(self) -> dict[str, Turns]:
        """All that it is shown, by what signatures call it."""

    @abstractmethod
    def _judge(self, shown: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, ItemScore]]:
        """Judge each of some items, given as the texts that fill a prompt's places."""


class GembaDa(Gemba):
    """GEMBA-DA and its like: the model gives a score from 0 to 100, against a reference or without."""

    def _scale(self) -> tuple[float, float]:
        return 0.0, 100.0

    def _prompts(self) -> dict[str, Turns]:
        return {"prompt": self._prompt}

    def _judge(self, shown: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, ItemScore]]:
        for at, reply in self._client.ask([self._prompt.filled(texts) for texts in shown], _names(shown)):
            yield at, _scored(reply, read_score(reply.text), None)


class GembaMqm(Gemba):
    """GEMBA-MQM: the model names errors and what they are; the score is what they take off, from -25 to 0."""

    def _scale(self) -> tuple[float, float]:
        return -float(WORST), 0.0

    def _prompts(self) -> dict[str, Turns]:
        return {"prompt": self._prompt}

    def _judge(self, shown: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, ItemScore]]:
        for at, reply in self._client.ask([self._prompt.filled(texts) for texts in shown], _names(shown)):
            errors = read_errors(reply.text)
            if errors is None:
                yield at, _scored(reply, None, None)
            else:
                yield at, _scored(reply, float(0 - points_off(errors)), spans_of(errors, shown[at]["hypothesis"]))


class GembaEsa(Gemba):
    """GEMBA-ESA: the model marks major and minor errors, is shown what it marked, and gives a score from 0 to 100.

    A first answer that cannot be read is shown to it as it is, as in GEMBA; the item then has no spans.

    Args:
        client, label, messages, licence, language_names: as for the others.
        scoring: the turns of the second question, with a place for ``{errors}``: the first answer.
    """

    def __init__(
        self,
        client: ChatClient,
        label: str,
        messages: Sequence[Mapping[str, str]],
        scoring: Sequence[Mapping[str, str]],
        licence: str = "as the model's",
        language_names: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(client, label, messages, licence, language_names)
        self._scoring = Turns(scoring, "scoring", (*_PLACES, "errors"), ("hypothesis", "errors"))

    def _scale(self) -> tuple[float, float]:
        return 0.0, 100.0

    def _prompts(self) -> dict[str, Turns]:
        return {"prompt": self._prompt, "scoring": self._scoring}

    def _judge(self, shown: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, ItemScore]]:
        names = _names(shown)
        marked = dict(self._client.ask([self._prompt.filled(texts) for texts in shown], names))
        again = [{**texts, "errors": marked[at].text} for at, texts in enumerate(shown)]
        for at, reply in self._client.ask([self._scoring.filled(texts) for texts in again], names):
            first = marked[at]
            errors = read_errors(first.text, ("major", "minor"))
            spans = None if errors is None else spans_of(errors, shown[at]["hypothesis"])
            told = list(first.notices)
            if errors is None:
                told.append(f"the judge's error spans could not be read (“{_short(first.text)}”)")
            yield at, _scored(reply, read_score(reply.text), spans, told, first.usage)


def _texts(item: Item, reference: int, languages: Mapping[LangPair, Mapping[str, str]]) -> dict[str, str]:
    """What fills a prompt's places for one item against one of its references."""
    assert item.pair is not None
    return {
        "source": item.source,
        "hypothesis": item.hypothesis,
        "reference": item.references[reference] if item.references else "",
        **languages[item.pair],
    }


def _names(shown: Sequence[Mapping[str, str]]) -> list[str]:
    """What each question is about, for errors."""
    return [f"the hypothesis “{_short(texts['hypothesis'])}”" for texts in shown]


def _scored(
    reply: Reply,
    score: float | None,
    spans: tuple[ErrorSpan, ...] | None,
    notices: Sequence[str] = (),
    usage: Usage | None = None,
) -> ItemScore:
    """What one answer says of an item; a score of none is told."""
    told = [*notices, *reply.notices]
    if score is None:
        told.append(f"the judge's answer could not be read, so there is no score (“{_short(reply.text)}”)")
    statistics = () if score is None else (score,)
    return ItemScore(score, statistics, spans, notices=tuple(told), usage=reply.usage + (usage or Usage()))


def _mean(found: Sequence[ItemScore]) -> ItemScore:
    """One item's scores against each of its references as one; none if any is none."""
    if len(found) == 1:
        return found[0]
    scores = [one.score for one in found if one.score is not None]
    score = sum(scores) / len(scores) if len(scores) == len(found) else None
    usage = sum((one.usage for one in found), Usage())
    told = tuple(notice for one in found for notice in one.notices)
    return ItemScore(score, () if score is None else (score,), found[0].spans, notices=told, usage=usage)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
