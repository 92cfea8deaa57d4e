"""What services were asked for in a run, and what that cost, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mteval.report.base import RunResult
from mteval.report.plain import counted


def costs(result: RunResult) -> tuple[str, ...]:
    """A line for each system and metric that asked a service; none where none did.

    What the store had was paid by an earlier run, which the line says.
    """
    return tuple(_lines(result.record.get("usage", ())))


def _lines(rows: Any) -> Iterator[str]:
    for row in rows:
        name = row.get("system") or row.get("metric")
        where = f"{row['run']}: " if "run" in row else ""
        total, now = row["total"], row["this_run"]
        if total == now:
            paid = ""
        elif not now["requests"]:
            paid = "; all of it is from the store, and this run paid nothing"
        else:
            paid = f"; of which this run {_said(now)}"
        yield f"{where}{row['lang_pair']}, {name}: {_said(total)}{paid}"


def _said(usage: Mapping[str, Any]) -> str:
    parts = [f"{usage['requests']:,} {'request' if usage['requests'] == 1 else 'requests'}"]
    if usage["input_tokens"] or usage["output_tokens"]:
        parts.append(f"{usage['input_tokens']:,} tokens in and {usage['output_tokens']:,} out")
    if usage["characters"]:
        parts.append(counted(usage["characters"], "character"))
    cost = usage["cost"]
    parts.append("cost not known" if cost is None else f"{cost:,.2f} USD" if cost >= 0.01 else f"{cost:.6f} USD")
    return ", ".join(parts)
