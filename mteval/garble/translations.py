"""Signs that a source document is garbled, from what systems make of it: they disagree, and none translates it well."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Family, SourceSignal, Text
from mteval.garble.settings import check_least, check_number, check_strength
from mteval.metrics.base import Item, combined
from mteval.metrics.lexical import Chrf


@dataclass(frozen=True)
class Disagreement(SourceSignal):
    """Sees that the systems that translate a source document do not say the same.

    What counts is the agreement of the two systems that agree most, so that one bad system blames no source: chrF2 of
    one's translation of the document against the other's, the mean of both directions.

    Args:
        low: evidence begins where even those two agree less than this, 0 to 100.
        hopeless: the agreement at which the evidence has its full strength.
        strength: the full strength; systems may disagree for reasons of their own.
        systems: so many are compared with each other, the first that ran.

    Raises:
        ConfigError: a bound is no number, ``hopeless`` is not below ``low``, the strength is not above 0 and up to 1,
            or fewer than two systems are to be compared.
    """

    low: float
    hopeless: float
    strength: float = 0.5
    systems: int = 6

    def __post_init__(self) -> None:
        _check("disagreement", self.low, self.hopeless, self.strength)
        check_least("garble.disagreement.systems", self.systems, 2)

    @property
    def family(self) -> Family:
        return "adequacy"

    def blind(self, text: Text) -> str | None:
        return None if len(text.translations) > 1 else "fewer than two systems translate it"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        compared = dict(list(text.translations.items())[: self.systems])
        found = _held_against_each_other(compared)
        best, said = -1.0, ""
        for one, other in itertools.combinations(compared, 2):
            if (agreement := (found[one, other] + found[other, one]) / 2) > best:
                best, said = agreement, f"{one} and {other}"
        if best < self.low:
            strength = self.strength * min(1.0, (self.low - best) / (self.low - self.hopeless))
            message = f"No two systems translate the document alike; {said} agree most, with a chrF of {best:.0f}."
            yield Evidence(name, self.family, None, None, None, strength, message)


@dataclass(frozen=True)
class PoorTranslations(SourceSignal):
    """Sees that a metric that needs no reference scores every system's translation of a source document low.

    What counts is the best system, so that bad systems blame no source.

    Args:
        metric: the metric's name in the config; higher is better.
        low: evidence begins where even the best score is lower than this.
        hopeless: the score at which the evidence has its full strength.
        strength: the full strength; all systems that run may be bad.

    Raises:
        ConfigError: the metric has no name, a bound is no number, ``hopeless`` is not below ``low``, or the strength is
            not above 0 and up to 1.
    """

    metric: str
    low: float
    hopeless: float
    strength: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise ConfigError("garble.poor_translations.metric", f"{self.metric!r} names no metric", "give its name")
        _check("poor_translations", self.low, self.hopeless, self.strength)

    @property
    def family(self) -> Family:
        return "adequacy"

    def blind(self, text: Text) -> str | None:
        return None if text.translation_scores.get(self.metric) else f"no translation has a {self.metric} score"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        system, best = max(text.translation_scores[self.metric].items(), key=lambda item: item[1])
        if best < self.low:
            strength = self.strength * min(1.0, (self.low - best) / (self.low - self.hopeless))
            message = f"No system translates the document well; {system} does best, with a {self.metric} of {best:.3g}."
            yield Evidence(name, self.family, None, None, None, strength, message)


def _held_against_each_other(translations: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], float]:
    """chrF2 of each system's translation of a document with another's as its reference, by their names."""
    chrf = Chrf()
    pairs = list(itertools.permutations(translations, 2))
    items = [
        Item("", ours, (theirs,))
        for one, other in pairs
        for ours, theirs in zip(translations[one], translations[other], strict=True)
    ]
    scores = dict(chrf.score(items))
    statistics = np.array([scores[at].statistics for at in range(len(items))])
    return {
        pair: combined(chrf, of_pair) for pair, of_pair in zip(pairs, np.split(statistics, len(pairs)), strict=True)
    }


def _check(signal: str, low: object, hopeless: object, strength: object) -> None:
    bound = check_number(f"garble.{signal}.low", low)
    if not check_number(f"garble.{signal}.hopeless", hopeless) < bound:
        raise ConfigError(f"garble.{signal}.hopeless", f"it is not below low ({bound})", "give a lower bound")
    check_strength(f"garble.{signal}.strength", strength)
