"""From evidence and gauges to a calibrated probability that a text is garbled, and to a label."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mteval.errors import ConfigError
from mteval.garble.base import Detector, Evidence, Label, Observations, SegmentVerdict, Text, Verdict
from mteval.garble.detector import NoisyOr
from mteval.garble.detector_calibration import Calibration, Thresholds, read
from mteval.garble.settings import check_strength
from mteval.lang import base_language

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Weighed:
    """What a text's observations amount to, before calibration.

    Attributes:
        language: of the text, its base code.
        words: how many the text has.
        ways: by name, the probability that the text is garbled in that way.
        families: by family of evidence that no way has weighed, the probability that it comes from garbling.
    """

    language: str
    words: int
    ways: Mapping[str, float]
    families: Mapping[str, float]


@dataclass(frozen=True)
class Calibrated(Detector):
    """Calls a text garbled if it is so in any of several ways, each of which has gauges of its own.

    Gauges (how fluent a line is, and its scores by metrics) go through logistic regressions, one a way of being
    garbled: worded as rule-based MT, with broken wording, unfaithful by quality estimation, far from the reference. A
    way whose gauges are not at hand (no source, no reference, a language without a model) takes no part, and the
    verdict's ``unseen`` says so; nothing is taken for a zero. Artefacts (torn hyphens, doubled words, …) go through a
    noisy-or whose families saturate. All are joined by noisy-or, and the result is calibrated, so that of texts with a
    probability of 0.8 about four in five are garbled where garbled and other texts are equally frequent.

    No single kind of artefact decides: without the strongest family of artefacts, what remains must still make the text
    suspect, or it is suspect at most.

    Args:
        artefacts: weighs the evidence that no way speaks of.
        calibration: a JSON file; ``null`` for the one that ships, whose figures say what it was calibrated on.
        suspect, garbled: thresholds of the probability; ``null`` for those of the calibration.

    Raises:
        ConfigError: the calibration cannot be read, or thresholds are out of range or order.
    """

    artefacts: NoisyOr = field(default_factory=NoisyOr)
    calibration: str | None = None
    suspect: float | None = None
    garbled: float | None = None

    def __post_init__(self) -> None:
        for key in ("suspect", "garbled"):
            if getattr(self, key) is not None:
                check_strength(f"detector.{key}", getattr(self, key))
        for found in self.learnt.thresholds:
            suspect, garbled = self._given(found)
            if not suspect < garbled:
                raise ConfigError("detector.suspect", f"{suspect} is not below garbled", "give a lower threshold")

    @property
    def learnt(self) -> Calibration:
        """What the calibration's file holds."""
        return read(self.calibration)

    def _given(self, found: Thresholds) -> tuple[float, float]:
        suspect = found.suspect if self.suspect is None else self.suspect
        return suspect, found.garbled if self.garbled is None else self.garbled

    def judge(self, text: Text, seen: Observations) -> Verdict:
        """Decide; all evidence is kept, the strongest first."""
        evidence = tuple(sorted(seen.evidence, key=lambda e: -e.strength))
        label, probability = self.decide(self.weigh(text, evidence, seen.gauges))
        by_segment: dict[str | None, list[Evidence]] = {}
        for e in evidence:
            by_segment.setdefault(e.segment, []).append(e)
        segments = []
        for row, line in enumerate(text.lines):
            gauges = {name: values[row : row + 1] for name, values in seen.gauges.items()}
            weighed = self.weigh(replace(text, lines=(line,)), by_segment.get(line.segment, ()), gauges)
            segments.append(SegmentVerdict(line.segment, *self.decide(weighed)))
        return Verdict(text.document, text.system, label, probability, evidence, seen.unseen, tuple(segments))

    def weigh(self, text: Text, evidence: Sequence[Evidence], gauges: Mapping[str, Sequence[float | None]]) -> Weighed:
        """Put numbers to what was observed of a text.

        Args:
            text: what was looked at.
            evidence: everything that was seen in it.
            gauges: by signal name, a number a line.
        """
        words = [len(_WORD.findall(line.text)) for line in text.lines]
        found = means(gauges, words)
        language = base_language(text.language)
        able = [way for way in self.learnt.of(language) if way.gauges.keys() <= found.keys()]
        weighed = {name for way in able for name in way.gauges}
        families: dict[str, list[Evidence]] = {}
        for e in evidence:
            if e.signal not in weighed:
                families.setdefault(e.family, []).append(e)
        strengths = {family: self.artefacts.family_strength(family, own, text) for family, own in families.items()}
        ways = {way.name: way.probability(found, sum(words)) for way in able}
        return Weighed(language, sum(words), ways, strengths)

    def decide(self, weighed: Weighed) -> tuple[Label, float]:
        """The label, and the calibrated probability."""
        suspect, garbled = self._given(self.learnt.thresholds_of(weighed.language, weighed.words))
        worded = self.learnt.calibrated(weighed.ways, weighed.words)

        def probable(families: Mapping[str, float]) -> float:
            seen = 1 - math.prod(1 - p for p in families.values())
            return joined(worded, seen, suspect, garbled, self.artefacts)

        probability = probable(weighed.families)
        if probability < suspect:
            return "clean", probability
        artefacts = [family for family in weighed.families if family not in self.artefacts.deciding]
        if artefacts:
            strongest = max(artefacts, key=lambda family: weighed.families[family])
            if probable({family: p for family, p in weighed.families.items() if family != strongest}) < suspect:
                return "suspect", min(probability, math.nextafter(garbled, 0))
        return ("garbled" if probability >= garbled else "suspect"), probability


def joined(worded: float, seen: float, suspect: float, garbled: float, artefacts: NoisyOr) -> float:
    """The probability that a text is garbled by its gauges or by its artefacts.

    Artefacts are not calibrated by themselves: their own thresholds stand for the same rates of false positives as
    those of the calibrated probability.

    Args:
        worded: the calibrated probability by the gauges.
        seen: the probability by the artefacts.
        suspect, garbled: thresholds of the calibrated probability.
        artefacts: knows the artefacts' own thresholds.
    """
    scale = (0.0, artefacts.suspect, artefacts.garbled, 1.0)
    return 1 - (1 - worded) * (1 - float(np.interp(seen, scale, (0.0, suspect, garbled, 1.0))))


def means(gauges: Mapping[str, Sequence[float | None]], words: Sequence[int]) -> dict[str, float]:
    """The mean of each gauge over the lines that it has a number for, weighed by the square roots of their words."""
    found = {}
    for name, values in gauges.items():
        known = [
            (value, math.sqrt(max(1, count))) for value, count in zip(values, words, strict=True) if value is not None
        ]
        if known:
            found[name] = sum(value * weight for value, weight in known) / sum(weight for _, weight in known)
    return found
