"""What a service was asked for and what that cost: requests, tokens, characters, money."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """What was used of a service that counts.

    Attributes:
        requests: answers that came, however often each was tried.
        input_tokens, output_tokens: as the service counts them.
        characters: of source text, where that is what the service charges for.
        cost: in US dollars, by the prices in the config; ``None`` where they are not known.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Both together; what costs an unknown sum makes the sum unknown."""
        costs = [one.cost for one in (self, other) if one.requests]
        known = [cost for cost in costs if cost is not None]
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.characters + other.characters,
            sum(known) if costs and len(known) == len(costs) else None,
        )

    @property
    def row(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class Meter:
    """Counts what results cost when they were made, and how much of that this run paid.

    Attributes:
        total: of all results, those from the store included.
        spent: of those that this run made.
    """

    def __init__(self) -> None:
        self.total = Usage()
        self.spent = Usage()

    def count(self, usage: Usage, *, made_now: bool) -> None:
        """Count one result."""
        self.total += usage
        if made_now:
            self.spent += usage

    @property
    def row(self) -> dict[str, Any] | None:
        """As ``run.json`` holds it; ``None`` if nothing was counted."""
        return {"total": self.total.row, "this_run": self.spent.row} if self.total.requests else None
