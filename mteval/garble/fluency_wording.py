"""Signs that a text is worded as bad MT or damaged text is, and not as people word it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Family, Gauge, Text
from mteval.garble.fluency import span
from mteval.garble.fluency_model import Floats, enough, model, numbered, why_blind
from mteval.garble.fluency_tokens import Token
from mteval.garble.settings import check_least, check_number
from mteval.lang import base_language

_KINDS: Mapping[str, str] = {
    "rule_based": "is worded as rule-based MT words it and people rarely do",
    "broken": "has words in an order or a form in which people rarely put them",
}


@dataclass(frozen=True)
class OddWording(Gauge):
    """Gauges the odds that a line is bad text of one kind rather than written by a person.

    The weights of short sequences of words that ship for the language were trained on text by people against text of
    that kind. The gauge is the logarithm of the odds where both are equally frequent. Output of good neural systems
    reads as people's does.

    Lines of fewer than four words are not gauged.

    Args:
        kind: ``rule_based``, the output of rule-based MT (Portuguese, English), or ``broken``, text with words swapped,
            lost, added, left untranslated or in a wrong form (Portuguese, Romanian, English).
        low: a line with a higher gauge shows evidence, of strength 0 at this bound.
        hopeless: the gauge at which strength is 1.
        least: lines of fewer tokens show no evidence.
        models: a folder with models of one's own, made by ``recipes/garble``; ``None`` for those that ship.

    Raises:
        ConfigError: there is no such kind, a bound is no number, ``hopeless`` is not above ``low``, or ``least`` is
            below 2.
    """

    kind: str
    low: float = 1.0
    hopeless: float = 6.0
    least: int = 4
    models: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ConfigError("garble.odd_wording.kind", f"there is no {self.kind!r}", f"use {' or '.join(_KINDS)}")
        low = check_number("garble.odd_wording.low", self.low)
        if not check_number("garble.odd_wording.hopeless", self.hopeless) > low:
            raise ConfigError("garble.odd_wording.hopeless", f"it is not above low ({low})", "give a higher bound")
        check_least("garble.odd_wording.least", self.least, 2)

    @property
    def family(self) -> Family:
        return "fluency"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        reason = why_blind(language, [line.text for line in text.lines], self.models)
        if reason is None and (found := model(language, self.models)) is not None and self.kind not in found.wordings:
            return f"no model of {self.kind.replace('_', '-')} wording for {language}"
        return reason

    def gauge(self, text: Text) -> tuple[float | None, ...]:
        return tuple(log_odds if enough(found) else None for found, log_odds, _ in self._read(text))

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line, (found, log_odds, shares) in zip(text.lines, self._read(text), strict=True):
            if len(found) < self.least or log_odds <= self.low:
                continue
            strength = min(1.0, (log_odds - self.low) / (self.hopeless - self.low))
            start, end = span(found, shares)
            odds = f"{math.exp(log_odds):.0f}" if log_odds < 7 else "over 1000"
            message = f"“{line.text[start:end]}” {_KINDS[self.kind]} (odds of the line: {odds} to 1)."
            yield Evidence(name, self.family, line.segment, start, end, strength, message)

    def _read(self, text: Text) -> Iterator[tuple[Sequence[Token], float, Floats]]:
        """Each line's tokens, its log-odds, and each token's share in them."""
        language = base_language(text.language)
        for line in text.lines:
            yield _read_line(line.text, language, self.kind, self.models)


@lru_cache(maxsize=1024)
def _read_line(text: str, language: str, kind: str, folder: str | None) -> tuple[Sequence[Token], float, Floats]:
    """What ``_read`` says of a line, which is gauged and looked at; the shares are not to be changed."""
    language_model = model(language, folder)
    if language_model is None or kind not in language_model.wordings:
        raise ValueError(f"blind to {language}")
    wording = language_model.wordings[kind]
    found, numbers = numbered(text, language, folder)
    shares = wording.shares(numbers) / math.sqrt(max(4, len(found)))
    # the end of a line has a share too, and no place
    return found, float(shares.sum()) + wording.bias, shares[: len(found)]
