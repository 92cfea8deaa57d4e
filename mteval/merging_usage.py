"""What several runs used of services that count, taken together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mteval.recorded import Recorded
from mteval.usage import Usage


@dataclass
class _Used:
    """What one system or metric used in one lang pair.

    Attributes:
        total: what its results took, those of all runs.
        spent: how much of that these runs paid.
        scored: by run, the systems that a metric scored.
    """

    total: Usage = field(default_factory=Usage)
    spent: Usage = field(default_factory=Usage)
    scored: list[frozenset[str]] = field(default_factory=list)


def usage_of(runs: Sequence[Recorded], names: Mapping[Path, Mapping[str, str]]) -> list[dict[str, Any]]:
    """What the runs used, a row for each lang pair and system or metric, as a run's record holds them.

    A system that is the same in several runs has the same results in all, which count once. What a metric took counts
    for each run; where runs have scored the same systems that is the most that it can be, and the row says so.

    Args:
        names: what each run's systems are called in the merged result.
    """
    found: dict[tuple[str, str, str], _Used] = {}
    for run in runs:
        for pair, kind, name, row in _rows(run):
            called = names[run.folder].get(name, name) if kind == "system" else name
            used = found.setdefault((pair, kind, called), _Used())
            total = Usage(**row["total"])
            used.spent += Usage(**row["this_run"])
            if kind == "metric":
                used.total += total
                used.scored.append(_scored(run, pair, name, names[run.folder]))
            elif total.requests > used.total.requests:
                used.total = total
    for used in found.values():
        if used.spent.requests > used.total.requests:  # runs without a common store made the same results twice
            used.total = used.spent
    return [
        {
            "lang_pair": pair,
            kind: name,
            "total": used.total.row,
            "this_run": used.spent.row,
            **({"at_most": True} if len(frozenset().union(*used.scored)) < sum(map(len, used.scored)) else {}),
        }
        for (pair, kind, name), used in found.items()
    ]


def _rows(run: Recorded) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for row in run.result.record.get("usage", ()):
        kind = "system" if "system" in row else "metric"
        yield row["lang_pair"], kind, row[kind], row


def _scored(run: Recorded, pair: str, metric: str, names: Mapping[str, str]) -> frozenset[str]:
    """The systems that a run scored by a metric, as they are called in the merged result."""
    (found,) = (one for one in run.result.pairs if str(one.eval_set.pair) == pair)
    return frozenset(names[system.name] for system in found.systems if metric in system.segment_scores)
