"""What the gate marked, as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength
from mteval.gate import MARK_KINDS

# An HTML entity is a broken character, which its own signal sees; it does not spoil a whole hypothesis.
STRENGTHS: Mapping[str, float] = MappingProxyType(
    {
        "empty": 1.0,
        "copied": 0.9,
        "wrong_language": 0.9,
        "looped": 0.9,
        "refusal": 0.9,
        "chatter": 0.4,
        "length_ratio": 0.4,
    }
)


@dataclass(frozen=True)
class GateMarks(Signal):
    """Turns the gate's marks (empty, copied, wrong language, looped, refusal, chatter, length) into evidence.

    Args:
        strengths: by kind of mark; kinds left out are not reported.

    Raises:
        ConfigError: a kind is unknown, or a strength is not above 0 and up to 1.
    """

    strengths: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for kind, strength in (self.strengths or {}).items():
            if kind not in MARK_KINDS:
                kinds = ", ".join(MARK_KINDS)
                raise ConfigError(f"garble.gate_marks.strengths.{kind}", "the gate has no such mark", f"use {kinds}")
            check_strength(f"garble.gate_marks.strengths.{kind}", strength)

    @property
    def family(self) -> Family:
        return "gate"

    def blind(self, text: Text) -> str | None:
        return "the gate looks at translations only" if text.system is None else None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        strengths = STRENGTHS if self.strengths is None else self.strengths
        for line in text.lines:
            for mark in line.marks:
                if mark.kind in strengths:
                    strength = float(strengths[mark.kind])
                    yield Evidence(name, self.family, line.segment, mark.start, mark.end, strength, mark.message)
