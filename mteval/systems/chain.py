"""Two systems joined through a language: what the first translates into it, the second translates out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mteval.gate import words
from mteval.lang import LangPair, check_code, same_language
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_counts
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.parts import card_of, in_order, nested, part_of, spans, whole

_WORDS = 4
"""A text of fewer words may rightly be the same in another language: a name, a number."""


class Chain(System):
    """Translates with one system into a language between, and with another from there; either may be a chain itself.

    From a language into itself, as in ``pt-pt`` through ``en``, it is a round trip.

    Args:
        first: translates the source, nested under its name as ``configs/systems`` has it.
        second: translates what the first made of it, nested likewise.
        via: the language between.
        chunk: segments that go through both before their hypotheses are handed on.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(self, first: Mapping[str, System], second: Mapping[str, System], via: str, chunk: int = 100) -> None:
        self._first_name, self._first = part_of("first", first, System)
        self._second_name, self._second = part_of("second", second, System)
        self._via = check_code(via, "via")
        check_counts(("chunk", chunk))
        self._chunk = chunk

    @property
    def card(self) -> SystemCard:
        return card_of((self._first, self._second))

    def declines(self, eval_set: EvalSet) -> str | None:
        """Why one of the two does not translate its part of the way.

        What the second will be given is not known yet: it is asked of the same segments in another lang pair.
        """
        if any(same_language(self._via, end) for end in (eval_set.pair.source, eval_set.pair.target)):
            return f"{eval_set.pair} has {self._via} at one end already"
        bare = [replace(segment, references={}, notes=None, gold={}) for segment in eval_set.segments]
        into, out = self._legs(eval_set.pair)
        for name, system, pair in ((self._first_name, self._first, into), (self._second_name, self._second, out)):
            if reason := system.declines(replace(eval_set, pair=pair, segments=tuple(bare), hypotheses={})):
                return f"{name} ({pair}): {reason}"
        return None

    def check(self, pair: LangPair) -> None:
        into, out = self._legs(pair)
        self._first.check(into)
        self._second.check(out)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        into, out = self._legs(pair)
        return tuple(dict.fromkeys((*self._first.needs(into), *self._second.needs(out))))

    def signature(self, pair: LangPair) -> Signature:
        into, out = self._legs(pair)
        return Signature.of(
            {
                "system": "chain",
                "via": self._via,
                "first": nested(self._first_name, self._first.signature(into)),
                "second": nested(self._second_name, self._second.signature(out)),
            }
        )

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        into, out = self._legs(pair)
        for span in spans(segments, self.card, self._chunk):
            asked = [segments[position] for position in span]
            found = self._first.translate(asked, into, {})
            between = in_order(found, len(asked), f"system {self._first_name} ({into})")
            given = [
                replace(segment, source=output.text, start=None, end=None, references={}, notes=None, gold={})
                for segment, output in zip(asked, between, strict=True)
            ]
            found = self._second.translate(given, out, {})
            for index, output in whole(found, len(given), f"system {self._second_name} ({out})"):
                yield span[index], self._joined(asked[index], between[index], output, into, out)

    def close(self) -> None:
        self._first.close()
        self._second.close()

    def _legs(self, pair: LangPair) -> tuple[LangPair, LangPair]:
        return LangPair(pair.source, self._via), LangPair(self._via, pair.target)

    def _joined(self, segment: Segment, between: Output, output: Output, into: LangPair, out: LangPair) -> Output:
        """What came of a segment, with what both systems say of it and what both cost."""
        notices = [f"{self._first_name} ({into}): {notice}" for notice in between.notices]
        if between.text.strip() == segment.source.strip() and len(words(segment.source)) >= _WORDS:
            notices.append(f"{self._first_name} ({into}): the text in {self._via} is the source itself")
        notices += [f"{self._second_name} ({out}): {notice}" for notice in output.notices]
        return Output(output.text, tuple(notices), between.usage + output.usage)
