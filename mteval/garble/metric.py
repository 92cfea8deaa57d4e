"""Low scores of a metric, as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Gauge, Text
from mteval.garble.settings import check_least, check_number
from mteval.lang import base_language

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class LowScore(Gauge):
    """Sees that a metric scores a document or a segment low.

    A score at ``low`` has strength 0, one at ``hopeless`` or worse has strength 1, and strength grows evenly between.
    Which way is worse follows from the two, so error rates work too. The gauge of a line is its score.

    Args:
        metric: the metric's name in the config.
        low, hopeless: bounds for a document's score, on the metric's scale.
        segment_low, segment_hopeless: bounds for a segment's score; ``None`` to look at documents alone.
        segment_words: segments whose text and source are both shorter are not judged alone.
        pairs: the lang pairs that the metric was made for; ``None`` for any.
        family: ``reference`` for a metric that compares with a reference, ``adequacy`` for one that needs none.

    Raises:
        ConfigError: the family is another, a bound is no number, both bounds are the same, or the segments' bounds
            point the other way.
    """

    metric: str
    low: float
    hopeless: float
    segment_low: float | None = None
    segment_hopeless: float | None = None
    segment_words: int = 5
    family: Literal["adequacy", "reference"] = "reference"
    pairs: list[str] | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.family not in ("adequacy", "reference"):
            raise ConfigError("garble.low_score.family", f"there is no {self.family!r}", "use adequacy or reference")
        if not isinstance(self.metric, str) or not self.metric:
            raise ConfigError("garble.low_score.metric", f"{self.metric!r} names no metric", "give a metric's name")
        low = check_number("garble.low_score.low", self.low)
        hopeless = check_number("garble.low_score.hopeless", self.hopeless)
        if low == hopeless:
            raise ConfigError("garble.low_score.hopeless", f"it equals low ({low})", "give a worse score")
        if (self.segment_low is None) != (self.segment_hopeless is None):
            raise ConfigError("garble.low_score.segment_low", "one of the segments' bounds is missing", "give both")
        if self.segment_low is not None:
            segment_low = check_number("garble.low_score.segment_low", self.segment_low)
            segment_hopeless = check_number("garble.low_score.segment_hopeless", self.segment_hopeless)
            if (segment_low - segment_hopeless) * (low - hopeless) <= 0:
                raise ConfigError(
                    "garble.low_score.segment_hopeless",
                    f"{segment_hopeless} is not on the same side of segment_low as hopeless is of low",
                    "give a worse score than segment_low",
                )
        check_least("garble.low_score.segment_words", self.segment_words, 1)

    def blind(self, text: Text) -> str | None:
        if text.system is None:
            return "metrics score translations only"
        pair = f"{base_language(text.source_language or '')}-{base_language(text.language)}"
        if self.pairs is not None and pair not in self.pairs:
            return f"{self.metric} was made for {', '.join(self.pairs)} alone"
        if self.metric in text.scores or any(self.metric in line.scores for line in text.lines):
            return None
        return f"no {self.metric} score"

    def gauge(self, text: Text) -> tuple[float | None, ...]:
        return tuple(line.scores.get(self.metric) for line in text.lines)

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        scored = [line.scores[self.metric] for line in text.lines if self.metric in line.scores]
        if self.metric in text.scores or scored:
            whole = self.metric in text.scores
            score = text.scores[self.metric] if whole else fmean(scored)
            strength = _strength(score, self.low, self.hopeless)
            if strength > 0:
                said = "The document's" if whole else f"The mean of {len(scored)} segments'"
                message = f"{said} {self.metric} score is {score:.3g}; below par starts at {self.low:g}."
                yield Evidence(name, self.family, None, None, None, strength, message)
        if self.segment_low is None or self.segment_hopeless is None:
            return
        for line in text.lines:
            if self.metric not in line.scores:
                continue
            if max(len(_WORD.findall(t)) for t in (line.text, line.source or "")) < self.segment_words:
                continue
            score = line.scores[self.metric]
            strength = _strength(score, self.segment_low, self.segment_hopeless)
            if strength > 0:
                message = f"The segment's {self.metric} score is {score:.3g}; below par starts at {self.segment_low:g}."
                yield Evidence(name, self.family, line.segment, None, None, strength, message)


def _strength(score: float, low: float, hopeless: float) -> float:
    return min(1.0, max(0.0, (score - low) / (hopeless - low)))
