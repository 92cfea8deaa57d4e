"""What a service was asked for and what that cost: requests, tokens, characters, money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
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


UNUSED = Usage()
"""Of what asked for nothing."""


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


def said(rows: Iterable[Mapping[str, Any]], pair: str, runs: str = "this run") -> tuple[str, ...]:
    """What was used in one lang pair, a line for each system and metric that used anything.

    Args:
        rows: as ``run.json`` holds them under ``usage``.
        runs: what made the results that are new: ``this run``.

    Returns:
        As ``chat: 120 requests, 34,000 tokens in, 5,200 out, 0.12 USD; of which this run 0``.
    """
    return tuple(_line(row, runs) for row in rows if row["lang_pair"] == pair)


def _line(row: Mapping[str, Any], runs: str) -> str:
    name = row["system"] if "system" in row else f"{row['metric']} (metric)"
    total, spent = Usage(**row["total"]), Usage(**row["this_run"])
    whole = f"{name}: {'at most ' if row.get('at_most') else ''}{_amount(total)}"
    if spent == total:
        return f"{whole}; all in {runs}"
    return f"{whole}; of which {runs} {_amount(spent) if spent.requests else 0}"


def _amount(usage: Usage) -> str:
    parts = [f"{usage.requests:,} request" if usage.requests == 1 else f"{usage.requests:,} requests"]
    if usage.input_tokens or usage.output_tokens:
        parts += [f"{usage.input_tokens:,} tokens in", f"{usage.output_tokens:,} out"]
    if usage.characters:
        parts.append(f"{usage.characters:,} characters")
    if usage.cost is not None:
        parts.append(f"{usage.cost:,.2f} USD" if usage.cost >= 0.095 or not usage.cost else f"{usage.cost:.2g} USD")
    return ", ".join(parts)
