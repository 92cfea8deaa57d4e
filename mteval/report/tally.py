"""How many texts got which verdict, and which share of them is garbled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mteval.garble.base import Label

LABELS: tuple[Label, ...] = ("garbled", "suspect", "clean")


@dataclass(frozen=True)
class Tally:
    """Labels, counted.

    Attributes:
        counts: how many texts got each label; every label is there.
    """

    counts: Mapping[Label, int]

    @property
    def total(self) -> int:
        """How many were judged, at least one."""
        return sum(self.counts.values())

    @property
    def garbled(self) -> int:
        """How many are garbled."""
        return self.counts["garbled"]

    @property
    def share(self) -> float:
        """The share that is garbled, 0 to 1."""
        return self.garbled / self.total

    @property
    def text(self) -> str:
        """What is garbled as a table shows it, ``12 of 32 (38%)``; 0% is none, 100% is all."""
        percent = round(100 * self.share)
        if self.garbled and percent == 0:
            shown = "<1%"
        elif self.garbled < self.total and percent == 100:
            shown = ">99%"
        else:
            shown = f"{percent}%"
        return f"{self.garbled} of {self.total} ({shown})"


def tally(labels: Iterable[Label]) -> Tally | None:
    """Labels, counted; ``None`` if there is none, since nothing was judged."""
    found = list(labels)
    return Tally({label: found.count(label) for label in LABELS}) if found else None
