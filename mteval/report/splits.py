"""Scores over some documents alone: those with a clean source, which no source can be blamed for, and those whose
source was written in its language or is itself a translation; and whether ranks change there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult
from mteval.report.leaderboard import table_of
from mteval.report.notes import translationese
from mteval.report.plain import counted
from mteval.report.table import Table
from mteval.report.views import through

Part = Literal["clean", "original", "translated"]

PART_TITLES: Mapping[Part, str] = {
    "clean": "Clean sources",
    "original": "Original sources",
    "translated": "Translated sources",
}
PART_LEGENDS: Mapping[Part, str] = {
    "clean": "Here only documents whose source is clean are scored, so that no source is to blame for a score.",
    "original": "Here only documents are scored whose source was first written in its language.",
    "translated": "Here only documents are scored whose source is itself a translation (translationese).",
}

_GAINS = 5
"""Of how many systems a page says whom they overtake."""


@dataclass(frozen=True)
class Split:
    """One lang pair's scores over some documents alone.

    Attributes:
        sources: which documents.
        documents: their ids.
        segments: how many scored segments they hold.
        of_documents, of_segments: how many there are in all.
        table: the leaderboard over these documents alone; ``None`` where it would be the whole one or an empty one, or
            where nothing was scored.
        finding: what a reader must know, a sentence each; none where nothing is known of the sources.
    """

    sources: Part
    documents: tuple[str, ...]
    segments: int
    of_documents: int
    of_segments: int
    table: Table | None
    finding: tuple[str, ...]

    @property
    def title(self) -> str:
        """Which documents, in words."""
        return PART_TITLES[self.sources]

    @property
    def size(self) -> str:
        """How much of the eval set they are: ``1 of 2 documents, 12 of 32 segments``."""
        documents = f"{len(self.documents)} of {counted(self.of_documents, 'document')}"
        return f"{documents}, {self.segments} of {counted(self.of_segments, 'segment')}"

    @property
    def caption(self) -> str:
        """How much they are, and what that means."""
        return f"{self.size}. {PART_LEGENDS[self.sources]}"


def splits(pair: PairResult, whole: Table, metrics: Mapping[str, MetricCard]) -> tuple[Split, ...]:
    """All parts of one lang pair's documents: those with a clean source first, and where there are both, those whose
    source is original and those whose source is translated.

    Args:
        pair: what was found.
        whole: its leaderboard over all documents.
        metrics: the metrics' cards by name; systems are ranked by the first.
    """
    others: tuple[Part, ...] = ("original", "translated")
    parts = ("clean", *(part for part in others if ("raw", part) in pair.views))
    return tuple(_split(pair, part, whole, metrics) for part in parts)


def _split(pair: PairResult, part: Part, whole: Table, metrics: Mapping[str, MetricCard]) -> Split:
    rows, every = pair.rows_by[part], len(pair.eval_set.scored)
    scored = bool(whole.rows and whole.columns)
    table: Table | None = None
    finding: tuple[str, ...] = ()
    if part == "clean" and pair.sources and len(rows) in (0, every):
        finding = (_alike(all_clean=bool(rows), scored=scored),)
    elif scored and (part != "clean" or pair.sources):
        seen = through(pair, "raw", part)
        table = table_of(seen, metrics)
        told = {*whole.notes, *translationese(seen)}
        changes = _changes(whole, table, PART_TITLES[part].lower())
        finding = (*changes, *(note for note in table.notes if note not in told))
    documents = sum(1 for found in pair.eval_set.rows.values() if found)
    return Split(part, pair.documents_by[part], len(rows), documents, every, table, finding)


def _alike(*, all_clean: bool, scored: bool) -> str:
    """What is to be said where no source is another than the others."""
    if all_clean:
        return "All sources are clean."
    return "No source is clean, so no score is the systems' own." if scored else "No source is clean."


def _changes(whole: Table, part: Table, where: str) -> Iterable[str]:
    """Whether the order of systems is another in a part, and who has no place there; a sentence each."""
    before = {row.system: row.place for row in whole.ranked if row.place is not None}
    after = {row.system: row.place for row in part.ranked if row.place is not None}
    both = [name for name in after if name in before]
    gains = [f"{name} {gain}" for name in both if (gain := _gain(name, both, before, after))]
    if len(both) < 2:
        yield f"Fewer than two systems are ranked on {where}, so no place can change there."
    elif gains:
        left = len(gains) - _GAINS
        more = [f"{left} more gain on others"] if left > 0 else []
        yield f"On {where}, {'; '.join([*gains[:_GAINS], *more])}."
    else:
        yield f"The order of systems is the same on {where}."
    if lost := [name for name in before if name not in after]:
        yield f"{_and(lost)} {'has' if len(lost) == 1 else 'have'} no {_label(part)} on {where}."


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
