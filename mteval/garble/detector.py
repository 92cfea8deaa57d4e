"""From evidence to a verdict: a probability from the families' strengths, and a label from the probability."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from mteval.errors import ConfigError
from mteval.garble.base import Detector, Evidence, Family, Label, Observations, SegmentVerdict, Text, Verdict
from mteval.garble.settings import check_number, check_strength

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class NoisyOr(Detector):
    """Combines families by noisy-or: the text is clean only if no family's signs come from garbling.

    There are two kinds of families. *Artefacts* (surface, repetition, language, grammar, consistency) are counted:
    their strengths are added, what people's texts of that length show by accident is taken off, and the rest saturates,
    for each family, at a cap below ``garbled``. So no single artefact, nor any number of one family's, makes a text
    garbled. *Deciding* families (fluency, adequacy, reference, gate) speak of whole texts: their strength is the share
    of the document that they cover, or that of their evidence on the document as a whole, so an empty, looped or copied
    translation is garbled by itself.

    Missing is not clean: a signal that could not look takes no part in the probability and is named in the verdict's
    ``unseen``.

    Args:
        suspect: the probability from which a text is suspect.
        garbled: the probability from which it is garbled.
        cap: the probability at which an artefact family saturates; below ``garbled``.
        deciding_caps: the probability at which each deciding family saturates.
        scale: the sum of strengths at which an artefact family reaches 63% of its cap.
        accidents: the sum of strengths that a family shows by accident in each 1,000 words.
        words: texts up to so many words are judged alike; in longer ones the scale grows with the root of their length.

    Raises:
        ConfigError: a setting is out of range, or the thresholds are not in order, or a family is unknown.
    """

    suspect: float = 0.35
    garbled: float = 0.6
    cap: float = 0.5
    deciding_caps: Mapping[str, float] | None = None
    scale: float = 0.4
    accidents: float = 0.25
    words: int = 200

    def __post_init__(self) -> None:
        for key in ("suspect", "garbled", "cap"):
            check_strength(f"detector.{key}", getattr(self, key))
        if not self.suspect < self.garbled:
            raise ConfigError("detector.suspect", f"{self.suspect} is not below garbled", "give a lower threshold")
        if not self.cap < self.garbled:
            remedy = f"give a cap below {self.garbled}, so that one family alone never decides"
            raise ConfigError("detector.cap", f"{self.cap} is not below garbled", remedy)
        for family, cap in self.deciding.items():
            if family not in get_args(Family):
                families = ", ".join(get_args(Family))
                raise ConfigError(f"detector.deciding_caps.{family}", "there is no such family", f"use {families}")
            check_strength(f"detector.deciding_caps.{family}", cap)
        for key in ("scale", "words"):
            if check_number(f"detector.{key}", getattr(self, key)) <= 0:
                raise ConfigError(f"detector.{key}", f"{getattr(self, key)} is too small", "give a number above 0")
        if check_number("detector.accidents", self.accidents) < 0:
            raise ConfigError("detector.accidents", f"{self.accidents} is negative", "give 0 or more")

    @property
    def deciding(self) -> Mapping[str, float]:
        return (
            {"gate": 1.0, "fluency": 0.8, "adequacy": 0.8, "reference": 0.8}
            if self.deciding_caps is None
            else self.deciding_caps
        )

    def judge(self, text: Text, seen: Observations) -> Verdict:
        """Decide; all evidence is kept, the strongest first."""
        evidence = tuple(sorted(seen.evidence, key=lambda e: -e.strength))
        probability = self._probability(text, evidence)
        by_segment: dict[str | None, list[Evidence]] = {}
        for e in evidence:
            by_segment.setdefault(e.segment, []).append(e)
        segments = []
        for line in text.lines:
            alone = self._probability(replace(text, lines=(line,)), by_segment.get(line.segment, ()))
            segments.append(SegmentVerdict(line.segment, self.label(alone), alone))
        label = self.label(probability)
        return Verdict(text.document, text.system, label, probability, evidence, seen.unseen, tuple(segments))

    def _probability(self, text: Text, evidence: Sequence[Evidence]) -> float:
        clean = 1.0
        for family in dict.fromkeys(e.family for e in evidence):
            clean *= 1 - self.family_strength(family, [e for e in evidence if e.family == family], text)
        return 1 - clean

    def label(self, probability: float) -> Label:
        """The label of a probability."""
        if probability >= self.garbled:
            return "garbled"
        return "suspect" if probability >= self.suspect else "clean"

    def family_strength(self, family: str, evidence: Iterable[Evidence], text: Text) -> float:
        """The probability that one family's evidence comes from garbling, 0 to the family's cap."""
        cap = self.deciding.get(family)
        if cap is not None:
            return cap * _share(evidence, text)
        count = sum(len(_WORD.findall(line.text)) for line in text.lines)
        excess = sum(e.strength for e in evidence) - self.accidents * count / 1000
        scale = self.scale * math.sqrt(max(1.0, count / self.words))
        return self.cap * (1 - math.exp(-max(0.0, excess) / scale))


def _share(evidence: Iterable[Evidence], text: Text) -> float:
    """How much of a document its deciding evidence covers, weighed by strength and by what its segments hold.

    A segment weighs as many characters as its source (or, without one, its text) has, so that an empty hypothesis
    counts for what it leaves out.
    """
    weights = {line.segment: len(line.source or line.text) + 1 for line in text.lines}
    strongest: dict[str | None, float] = {}
    for e in evidence:
        strongest[e.segment] = max(e.strength, strongest.get(e.segment, 0.0))
    whole = strongest.pop(None, 0.0)
    covered = sum(weights.get(segment or "", 0) * strength for segment, strength in strongest.items())
    return max(whole, covered / max(1, sum(weights.values())))
