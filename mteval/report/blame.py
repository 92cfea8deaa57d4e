"""Blame is split: the scores over clean sources alone, which no source can be blamed for, and whether ranks change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult
from mteval.report.leaderboard import table_of
from mteval.report.plain import counted
from mteval.report.table import Table
from mteval.report.views import through

CLEAN_LEGEND = "Here only documents whose source is clean are scored, so that no source is to blame for a score."

_GAINS = 5
"""Of how many systems a page says whom they overtake."""


@dataclass(frozen=True)
class Blame:
    """What one lang pair's scores owe to its sources.

    Attributes:
        documents: ids of the documents whose source is clean; suspect and garbled ones are left out.
        segments: how many scored segments they hold.
        of_documents, of_segments: how many there are in all.
        table: the leaderboard over these documents alone; ``None`` where all sources are clean or none is, or where
            nothing was scored.
        finding: what a reader must know, a sentence each; none where no source was judged.
    """

    documents: tuple[str, ...]
    segments: int
    of_documents: int
    of_segments: int
    table: Table | None
    finding: tuple[str, ...]

    @property
    def size(self) -> str:
        """How much of the eval set is clean: ``1 of 2 documents, 12 of 32 segments``."""
        documents = f"{len(self.documents)} of {counted(self.of_documents, 'document')}"
        return f"{documents}, {self.segments} of {counted(self.of_segments, 'segment')}"


def blame(pair: PairResult, whole: Table, metrics: Mapping[str, MetricCard]) -> Blame:
    """Split the blame for one lang pair's scores.

    Args:
        pair: what was found.
        whole: its leaderboard over all documents.
        metrics: the metrics' cards by name; systems are ranked by the first.
    """
    rows, every = pair.clean_rows, len(pair.eval_set.scored)
    scored = bool(whole.rows and whole.columns)
    table: Table | None = None
    finding: tuple[str, ...] = ()
    if pair.sources and len(rows) == every:
        finding = ("All sources are clean.",)
    elif pair.sources and not rows:
        finding = ("No source is clean, so no score is the systems' own." if scored else "No source is clean.",)
    elif pair.sources and scored:
        table = table_of(through(pair, "raw", "clean"), metrics)
        finding = (*_changes(whole, table), *(note for note in table.notes if note not in whole.notes))
    documents = sum(1 for found in pair.eval_set.rows.values() if found)
    return Blame(pair.clean_documents, len(rows), documents, every, table, finding)


def _changes(whole: Table, clean: Table) -> Iterable[str]:
    """Whether the order of systems is another on clean sources, and who has no place there; a sentence each."""
    before = {row.system: row.place for row in whole.ranked if row.place is not None}
    after = {row.system: row.place for row in clean.ranked if row.place is not None}
    both = [name for name in after if name in before]
    gains = [f"{name} {gain}" for name in both if (gain := _gain(name, both, before, after))]
    if len(both) < 2:
        yield "Fewer than two systems are ranked on clean sources, so no place can change there."
    elif gains:
        left = len(gains) - _GAINS
        more = [f"{left} more gain on others"] if left > 0 else []
        yield f"On clean sources, {'; '.join([*gains[:_GAINS], *more])}."
    else:
        yield "The order of systems is the same on clean sources."
    if lost := [name for name in before if name not in after]:
        yield f"{_and(lost)} {'has' if len(lost) == 1 else 'have'} no {_label(clean)} on clean sources."


def _label(table: Table) -> str:
    """The label of the metric that ranks."""
    return next((column.label for column in table.columns if column.metric == table.headline), "score")


def _gain(name: str, ranked: Sequence[str], before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Whom a system gains on, in words; empty if it gains on nobody."""
    ahead = [other for other in ranked if before[name] > before[other]]
    level = [other for other in ranked if before[name] == before[other]]
    gains = {
        "overtakes": [other for other in ahead if after[name] < after[other]],
        "draws level with": [other for other in ahead if after[name] == after[other]],
        "pulls ahead of": [other for other in level if after[name] < after[other]],
    }
    return _and([f"{verb} {_and(others)}" for verb, others in gains.items() if others])


def _and(names: Sequence[str]) -> str:
    """Names, listed as in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
