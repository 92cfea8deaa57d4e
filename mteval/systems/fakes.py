"""Tiny systems for tests, the user's own included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.usage import Usage


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


class TinyProposer(System, Proposer):
    """Proposes the source without one of its words, each time another; it translates by leaving the source as it is.

    Every proposal carries a notice that numbers it, and costs a request.

    Args:
        distinct: after so many proposals the first comes again, as samples of a sure model do.

    Attributes:
        proposed: how many proposals it made, over all calls.
    """

    def __init__(self, distinct: int = 100) -> None:
        self._distinct = distinct
        self.proposed = 0

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
        return Signature.of({"system": "tiny-proposer"})

    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        return Signature.of({"system": "tiny-proposer", "distinct": self._distinct, "proposals": count})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        yield from ((index, Output(segment.source)) for index, segment in enumerate(segments))

    def propose(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        for index, segment in reversed(list(enumerate(segments))):  # any order is allowed
            said = segment.source.split()
            outputs = []
            for number in range(count):
                left_out = number % self._distinct % max(1, len(said))
                text = " ".join(said[:left_out] + said[left_out + 1 :])
                outputs.append(Output(text, (f"proposal {number + 1}",), Usage(requests=1, output_tokens=len(said))))
            self.proposed += count
            yield index, tuple(outputs)

    def close(self) -> None:
        pass
