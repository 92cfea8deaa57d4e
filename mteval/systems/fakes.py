"""A tiny system for tests, the user's own included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard


class UpperCase(System):
    """Gives the source in capitals; it counts the segments that it translates.

    Attributes:
        translated: how many segments ``translate`` was asked for, over all calls.
    """

    def __init__(self) -> None:
        self.translated = 0

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"system": "upper-case", "version": 1})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for index, segment in reversed(list(enumerate(segments))):  # any order is allowed
            self.translated += 1
            yield index, Output(segment.source.upper())

    def close(self) -> None:
        pass
