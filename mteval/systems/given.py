"""Hypotheses that come with an eval set, as a system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Hypotheses, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard


class Given(System):
    """Hands out the hypotheses that an eval set's file holds for one system."""

    def __init__(self, hypotheses: Hypotheses) -> None:
        self._hypotheses = hypotheses

    @property
    def card(self) -> SystemCard:
        return SystemCard()

    def declines(self, eval_set: EvalSet) -> str | None:
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"given": self._hypotheses.system})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        yield from enumerate(map(Output, self._hypotheses.texts))

    def close(self) -> None:
        pass
