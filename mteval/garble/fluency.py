"""Signs that a text is unlikely in its language: words that people do not put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Family, Gauge, Text
from mteval.garble.fluency_model import Floats, enough, model, numbered, why_blind
from mteval.garble.fluency_tokens import Token
from mteval.garble.settings import check_least, check_number
from mteval.lang import base_language


@dataclass(frozen=True)
class UnlikelyWords(Gauge):
    """Gauges how well the words of a line go together, by the trigram model that ships for its language.

    The gauge is SLOR, the syntactic log-odds ratio (Pauls and Klein, 2012; Lau, Clark and Lappin, 2017): how much
    likelier, in nats a token, the words before make each word than its frequency alone does. Rare words do not lower
    it; words in a wrong order or form do. Text by people has about 1.

    Lines of fewer than four words are not gauged.

    Args:
        low: a line with a lower gauge shows evidence, of strength 0 at this bound.
        hopeless: the gauge at which strength is 1.
        least: lines of fewer tokens show no evidence.
        models: a folder with models of one's own, made by ``recipes/garble``; ``None`` for those that ship.

    Raises:
        ConfigError: a bound is no number, ``hopeless`` is not below ``low``, or ``least`` is below 2.
    """

    low: float = 0.4
    hopeless: float = -0.6
    least: int = 10
    models: str | None = None

    def __post_init__(self) -> None:
        low = check_number("garble.unlikely_words.low", self.low)
        if not check_number("garble.unlikely_words.hopeless", self.hopeless) < low:
            raise ConfigError("garble.unlikely_words.hopeless", f"it is not below low ({low})", "give a lower bound")
        check_least("garble.unlikely_words.least", self.least, 2)

    @property
    def family(self) -> Family:
        return "fluency"

    def blind(self, text: Text) -> str | None:
        return why_blind(base_language(text.language), [line.text for line in text.lines], self.models)

    def gauge(self, text: Text) -> tuple[float | None, ...]:
        return tuple(float(gains.mean()) if enough(found) else None for found, gains in self._gains(text))

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line, (found, gains) in zip(text.lines, self._gains(text), strict=True):
            if len(found) < self.least or (mean := float(gains.mean())) >= self.low:
                continue
            strength = min(1.0, (self.low - mean) / (self.low - self.hopeless))
            # the end of a line has a gain too, and no place
            start, end = span(found, -gains[: len(found)])
            message = (
                f"In “{line.text[start:end]}”, the words are no likelier for standing together "
                f"(the line gains {mean:.2f} nats a word; people's text about 1)."
            )
            yield Evidence(name, self.family, line.segment, start, end, strength, message)

    def _gains(self, text: Text) -> Iterator[tuple[Sequence[Token], Floats]]:
        language = base_language(text.language)
        for line in text.lines:
            yield _gains_of(line.text, language, self.models)


@lru_cache(maxsize=1024)
def _gains_of(text: str, language: str, folder: str | None) -> tuple[Sequence[Token], Floats]:
    """A line's tokens and what each gains, which is gauged and looked at; the gains are not to be changed."""
    language_model = model(language, folder)
    if language_model is None:
        raise ValueError(f"blind to {language}")
    found, numbers = numbered(text, language, folder)
    return found, language_model.trigrams.gains(numbers)


def span(found: Sequence[Token], badness: Floats, most: int = 8) -> tuple[int, int]:
    """The characters of the worst run of tokens: the run with the greatest sum, with one token before it for context.

    Args:
        found: a line's tokens, at least one.
        badness: of each, positive where it speaks against the line.
        most: tokens of a run, at most.
    """
    best, first, last = float("-inf"), 0, 0
    for start in range(len(found)):
        total = 0.0
        for end in range(start, min(len(found), start + most)):
            total += float(badness[end])
            if total > best:
                best, first, last = total, start, end
    return found[max(0, first - 1)].start, found[last].end
