"""A human reference shown as if a system had written it: the upper bound for metrics that see no reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard


class Reference(System):
    """Hands out a human reference. It is never ranked, and no metric scores it against itself.

    Args:
        name: which reference; ``None`` for the first that every segment has.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name

    @property
    def card(self) -> SystemCard:
        return SystemCard("reference")

    def declines(self, eval_set: EvalSet) -> str | None:
        if self._name is None:
            return None if eval_set.reference_names else "the eval set has no reference"
        return None if self._name in eval_set.reference_names else f"the eval set has no reference {self._name}"

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"reference": self._name or "first"})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        shared = (name for name in segments[0].references if all(name in s.references for s in segments))
        name = self._name or next(shared)
        for index, segment in enumerate(segments):
            yield index, Output(segment.references[name])

    def close(self) -> None:
        pass
