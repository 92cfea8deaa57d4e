"""Canaries: nonsense in known ways, so that a leaderboard shows where each metric would rank it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard


class _Canary(System, ABC):
    """A system that spoils another one's hypotheses, or the source.

    Args:
        of: the system whose hypotheses it spoils; ``None`` for the first one.
    """

    def __init__(self, of: str | None = None) -> None:
        self._of = of

    @abstractmethod
    def _spoil(self, segment: Segment, hypothesis: str) -> str:
        """The nonsense made of a segment."""

    @property
    def card(self) -> SystemCard:
        return SystemCard("canary", builds_on=self._of)

    def declines(self, eval_set: EvalSet) -> str | None:
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"canary": type(self).__name__, "of": self._of or "first"})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        name = self._of or next(iter(hypotheses))
        for index, (segment, hypothesis) in enumerate(zip(segments, hypotheses[name], strict=True)):
            yield index, Output(self._spoil(segment, hypothesis))

    def close(self) -> None:
        pass


class Copy(_Canary):
    """The source, untranslated."""

    def _spoil(self, segment: Segment, hypothesis: str) -> str:
        return segment.source


class Shuffle(_Canary):
    """The words of a system's hypothesis in random order, the same at every run."""

    def _spoil(self, segment: Segment, hypothesis: str) -> str:
        said = hypothesis.split()
        random.Random(segment.id).shuffle(said)
        return " ".join(said)


class Loop(_Canary):
    """The first three words of a system's hypothesis, said over and over to its full length."""

    def _spoil(self, segment: Segment, hypothesis: str) -> str:
        said = hypothesis.split()
        phrase = said[:3]
        return " ".join(phrase[index % len(phrase)] for index in range(len(said)))


class Half(_Canary):
    """The first half of a system's hypothesis."""

    def _spoil(self, segment: Segment, hypothesis: str) -> str:
        said = hypothesis.split()
        return " ".join(said[: (len(said) + 1) // 2])
