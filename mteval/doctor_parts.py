"""What a check-up finds: parts of a run or of the machine, and the facts that decide whether each can run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ready", "lacking", "unknown", "unused"]
"""``unused``: it takes no part, as a system that translates none of the lang pairs."""


@dataclass(frozen=True)
class Fact:
    """One thing that was looked for.

    Attributes:
        what: what it is: ``checkpoint facebook/m2m100_418M``.
        found: whether it is there, or will be when the run asks for it; ``None`` where that cannot be told.
        said: what was found, or what is wrong with it; without a full stop.
        remedy: what to do where it is not found, without a full stop.
        telling: whether what was found is worth a word where nothing lacks.
        download: bytes that a run fetches first; ``None`` for none, or where that is not known.
        memory: bytes that it takes when loaded; ``None`` for none, or where that is not known.
    """

    what: str
    found: bool | None
    said: str
    remedy: str = ""
    telling: bool = True
    download: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Part:
    """A system, a metric, the eval set, or a part of the machine.

    Attributes:
        group: as in the config: ``systems``; ``machine`` or ``versions`` for what is no part of a config.
        facts: what was looked for.
        notes: what a reader should know besides, a sentence each, without a full stop.
        unused: whether it takes no part in the run.
    """

    group: str
    name: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...] = ()
    unused: bool = False

    @property
    def state(self) -> State:
        """Whether it can run."""
        if self.unused:
            return "unused"
        found = [fact.found for fact in self.facts]
        return "lacking" if False in found else "unknown" if None in found else "ready"

    @property
    def row(self) -> dict[str, Any]:
        """As JSON holds it."""
        facts = [asdict(fact) for fact in self.facts]
        return {
            "group": self.group,
            "name": self.name,
            "state": self.state,
            "facts": facts,
            "notes": list(self.notes),
        }


def in_state(parts: Iterable[Part], state: State) -> list[Part]:
    """Those of a state."""
    return [part for part in parts if part.state == state]


def amount(size: int) -> str:
    """A number of bytes as people read it, in steps of a thousand: ``2.46 GB``."""
    number, unit = float(size), "bytes"
    for bigger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, bigger
    return f"{size} bytes" if unit == "bytes" else f"{number:.3g} {unit}"
