"""What the detector learnt from texts that are known to be garbled, or not: read from a file that ships."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from mteval.errors import ConfigError
from mteval.files import resolve

ANY = "*"
"""Stands for every language."""

SCORED = frozenset(("unfaithful", "far_from_reference"))
"""The ways whose gauges are scores by metrics."""

CURVES = ("worded_short", "worded_long", "scored_short", "scored_long")

LONG = 100
"""Words from which a text is long."""


@dataclass(frozen=True)
class Way:
    """One way in which a text is garbled: a logistic regression on the means of some gauges.

    Log-odds are ``intercept + length * l + Σ (weight + slope * l) * (mean - center)``, where ``l`` is the logarithm of
    the text's words over 100, from -2.5 to 3, and a gauge's mean weighs each line by the square root of its words.

    Attributes:
        name: of the way: ``rule_based``.
        language: of the texts it speaks of; ``*`` for any.
        gauges: by signal name: ``center``, ``weight`` and ``slope``.
    """

    name: str
    language: str
    intercept: float
    length: float
    gauges: Mapping[str, Mapping[str, float]]

    def probability(self, means: Mapping[str, float], words: int) -> float:
        """That a text with these means and so many words is garbled in this way; 0 to 1."""
        scale = length(words)
        log_odds = self.intercept + self.length * scale
        for name, gauge in self.gauges.items():
            log_odds += (gauge["weight"] + gauge["slope"] * scale) * (means[name] - gauge["center"])
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, log_odds))))


@dataclass(frozen=True)
class Thresholds:
    """From which probability a text is suspect, and garbled.

    Attributes:
        language: of the texts that are meant; ``*`` for those of languages that have none of their own.
        words: texts of fewer words than this are meant; ``None`` for all that are longer.
    """

    language: str
    words: int | None
    suspect: float
    garbled: float


@dataclass(frozen=True)
class Calibration:
    """The ways of being garbled, and what their probabilities are worth; ``recipes/garble`` made the file that ships.

    Attributes:
        curves: by name, as ``curve_of`` gives it: pairs of a raw probability and the share of texts with it that were
            garbled, in order, from 0 to 1.
        thresholds: for each language those for shorter texts first; all of the same false-positive rate.
    """

    ways: tuple[Way, ...]
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    thresholds: tuple[Thresholds, ...]

    def thresholds_of(self, language: str, words: int) -> Thresholds:
        """The thresholds for a text of so many words."""
        own = [found for found in self.thresholds if found.language == language]
        any_language = [found for found in self.thresholds if found.language == ANY]
        return next(found for found in own or any_language if found.words is None or words < found.words)

    def of(self, language: str) -> tuple[Way, ...]:
        """The ways in which a text of a language can be seen to be garbled."""
        return tuple(way for way in self.ways if way.language in (language, ANY))

    def calibrated(self, ways: Mapping[str, float], words: int) -> float:
        """The share of texts with such probabilities that were garbled, along a line between a curve's points.

        Args:
            ways: by name, the probability of each way that had its gauges; they are joined as if independent.
            words: how many the text has.
        """
        raw = 1 - math.prod(1 - p for p in ways.values())
        curve = self.curves[curve_of(ways, words)]
        low, below = curve[0]
        for high, above in curve[1:]:
            if raw <= high:
                return below + (above - below) * max(0.0, raw - low) / (high - low)
            low, below = high, above
        return below


def curve_of(ways: Collection[str], words: int) -> str:
    """The curve for a text with these ways: judged by its words alone or by scores too, short or long."""
    return f"{'scored' if SCORED & set(ways) else 'worded'}_{'short' if words < LONG else 'long'}"


def length(words: int) -> float:
    """The logarithm of a text's words over 100, from -2.5 to 3."""
    return max(-2.5, min(3.0, math.log(max(1, words) / 100)))


@lru_cache(maxsize=8)
def read(path: str | None = None) -> Calibration:
    """Read a calibration's file.

    Args:
        path: of a JSON file; ``None`` for the one that ships.

    Raises:
        ConfigError: it is none.
    """
    shipped = resources.files("mteval.garble").joinpath("calibration.json")
    where = "detector.calibration" if path is None else path
    try:
        found: dict[str, Any] = json.loads((shipped if path is None else resolve(path)).read_text(encoding="utf-8"))
        ways = tuple(
            Way(one["name"], one["language"], one["intercept"], one["length"], one["gauges"]) for one in found["ways"]
        )
        curves = {kind: tuple((float(raw), float(share)) for raw, share in found["curves"][kind]) for kind in CURVES}
        thresholds = tuple(
            Thresholds(one["language"], one["words"], float(one["suspect"]), float(one["garbled"]))
            for one in found["thresholds"]
        )
        made = Calibration(ways, curves, thresholds)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(where, f"is no calibration ({error})", "give a file such as recipes/garble writes") from error
    for curve in curves.values():
        if len(curve) < 2 or any(a[0] >= b[0] or a[1] > b[1] for a, b in itertools.pairwise(curve)):
            raise ConfigError(where, "a curve of its does not rise", "make it anew with recipes/garble")
    last = {one.language: one.words for one in thresholds}
    if last.get(ANY, 0) is not None or any(words is not None for words in last.values()):
        raise ConfigError(where, "it has no thresholds for long texts", "make it anew with recipes/garble")
    if any(not 0 < one.suspect < one.garbled < 1 for one in thresholds):
        raise ConfigError(where, "its thresholds are not in order", "make it anew with recipes/garble")
    return made
