"""What a leaderboard's table is made of, before any format: cells, columns, rows, and what their marks mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mteval.gate import MarkKind
from mteval.report.plain import counted, words
from mteval.report.ranking import Standing
from mteval.report.tally import Tally
from mteval.systems.base import Kind

MISSING = "–"
"""How a table for people shows that there is no number."""

KIND_WORDS: Mapping[Kind, str] = {"system": "", "reference": "reference: upper bound", "canary": "canary: nonsense"}
_TOLD = 5
"""How many notices of a system a page shows."""

STARRED = "*"
"""Stands by a score of a metric that the system was optimised with."""

TIED = "†"
"""Stands by a score that cannot be told apart from the best."""

TIED_LEGEND = f"{TIED} cannot be told apart from the best."
STARRED_LEGEND = f"{STARRED} the system was optimised with this metric or one of its family: it is not ranked by it."

LEGEND = (
    "↑ higher is better, ↓ lower is better; [low, high] is the score's 95% bootstrap confidence interval; – no score. "
    "Below the line nothing is ranked. "
    "Gate marks count segments that no metric can be trusted on. "
    "Garbled segments and documents are those whose verdict is garbled, each judged by itself."
)


@dataclass(frozen=True)
class Cell:
    """One metric's score of one system.

    Attributes:
        score: ``None`` where there is none.
        interval: lower and upper end of its confidence interval, if one was computed.
        decimals: how many a table shows.
        best: whether no ranked system does better, of at least two that have a score.
        segments: how many segments the score is made of; ``None`` without a score.
        signature: what it was made under; ``None`` where the metric said nothing of the system.
        standing: where the system stands by this metric alone; ``None`` for what is not ranked by it.
        tied: whether it is not the best, and cannot be told apart from it.
        starred: whether the system was optimised with this metric or one of its family.
    """

    score: float | None
    interval: tuple[float, float] | None
    decimals: int
    best: bool = False
    segments: int | None = None
    signature: str | None = None
    standing: Standing | None = None
    tied: bool = False
    starred: bool = False

    @property
    def mark(self) -> str:
        """What stands by the score: ``TIED``, ``STARRED``, both or nothing."""
        return (TIED if self.tied else "") + (STARRED if self.starred else "")

    @property
    def text(self) -> str:
        """The score as a table shows it."""
        return MISSING if self.score is None else f"{self.score:z.{self.decimals}f}"

    @property
    def bracket(self) -> str:
        """The interval as a table shows it, ``[28.1, 34.0]``; empty without one."""
        if self.score is None or self.interval is None:
            return ""
        low, high = self.interval
        return f"[{low:z.{self.decimals}f}, {high:z.{self.decimals}f}]"


@dataclass(frozen=True)
class Column:
    """One metric.

    Attributes:
        metric: its name in the config.
        signatures: each signature, with the names of the systems that were scored under it.
    """

    metric: str
    label: str
    higher_is_better: bool
    decimals: int
    signatures: Mapping[str, tuple[str, ...]]

    @property
    def heading(self) -> str:
        """The label, and which way is better."""
        return f"{self.label} {'↑' if self.higher_is_better else '↓'}"


@dataclass(frozen=True)
class Row:
    """One system.

    Attributes:
        standing: its place and rank by the metric that ranks; ``None`` for what is not ranked.
        signature: the system's own.
        cells: one a column.
        marks: how many of its segments bear a mark of each kind; every kind is there.
        garbled_segments: its segments by their verdict; ``None`` where none was judged by itself.
        garbled_documents: its documents by theirs; ``None`` where none was judged.
        truncated: by metric name, how many segments the metric did not see whole.
        notices: what must not pass in silence.
    """

    standing: Standing | None
    system: str
    kind: Kind
    signature: str
    cells: tuple[Cell, ...]
    marks: Mapping[MarkKind, int]
    garbled_segments: Tally | None
    garbled_documents: Tally | None
    truncated: Mapping[str, int]
    notices: tuple[str, ...]

    @property
    def rank(self) -> int | None:
        """The rank, from 1, which systems that cannot be told apart share; ``None`` for what is not ranked."""
        return self.standing.rank if self.standing else None

    @property
    def place(self) -> int | None:
        """The place by the score alone, from 1; ``None`` for what is not ranked."""
        return self.standing.place if self.standing else None

    @property
    def rank_text(self) -> str:
        """The rank as a table shows it, ``1`` or ``2–4``; empty for what is never ranked."""
        if self.kind != "system":
            return ""
        return MISSING if self.standing is None else self.standing.text

    @property
    def told(self) -> tuple[str, ...]:
        """The notices that a page shows: a few, and how many more there are; ``run.json`` has all."""
        left = len(self.notices) - _TOLD
        more = (f"{left} more such notices are in run.json",) if left > 0 else ()
        return (*self.notices[:_TOLD], *more)

    @property
    def kind_words(self) -> str:
        """Why it is not ranked; empty for a system."""
        return KIND_WORDS[self.kind]

    @property
    def marks_text(self) -> str:
        """The gate's marks in words: ``2 copied, 1 empty``."""
        return ", ".join(f"{count} {words(kind)}" for kind, count in self.marks.items() if count) or "none"

    @property
    def garbled_texts(self) -> tuple[str, str]:
        """How many of its segments, and of its documents, are garbled: ``12 of 32 (38%)``."""
        segments, documents = self.garbled_segments, self.garbled_documents
        return segments.text if segments else MISSING, documents.text if documents else MISSING


@dataclass(frozen=True)
class Table:
    """The leaderboard of one lang pair.

    Attributes:
        segments: how many are scored.
        left_out: how many were left out as page furniture.
        ranked: systems, the best first; those that the first metric did not score come last.
        unranked: references, then canaries.
        headline: the metric that ranks; ``None`` if there is none.
        testing: how ranks were made, a sentence; empty without a test.
        notes: what a reader must know before believing the numbers, a sentence each.
        declined: systems that do not translate this eval set, with the reason.
        used: what was used of services that count, a line for each system and metric that did.
    """

    pair: str
    eval_set: str
    documents: int
    segments: int
    left_out: int
    columns: tuple[Column, ...]
    ranked: tuple[Row, ...]
    unranked: tuple[Row, ...]
    headline: str | None
    testing: str
    notes: tuple[str, ...]
    declined: Mapping[str, str]
    used: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, from the top down."""
        return self.ranked + self.unranked

    @property
    def legend(self) -> str:
        """What the marks mean, how ranks were made, and what is below the line."""
        marks = {cell.mark for row in self.rows for cell in row.cells}
        said = [
            LEGEND,
            self.testing,
            TIED_LEGEND if any(TIED in mark for mark in marks) else "",
            STARRED_LEGEND if any(STARRED in mark for mark in marks) else "",
        ]
        return " ".join(one for one in said if one)

    @property
    def lines(self) -> tuple[int, ...]:
        """After how many ranked rows a line is drawn: between rank clusters, where there are any."""
        ranks = [row.rank for row in self.ranked]
        ends = [at for at in range(1, len(ranks)) if ranks[at] is not None and ranks[at] != ranks[at - 1]]
        return tuple(ends) if len(set(ranks)) < len(ranks) else ()

    @property
    def size(self) -> str:
        """What was scored, as a sentence."""
        size = f"{counted(self.documents, 'document')}, {counted(self.segments, 'segment')} scored"
        return (
            f"{size}; {counted(self.left_out, 'segment')} left out as page furniture." if self.left_out else f"{size}."
        )

    @property
    def signatures(self) -> tuple[tuple[str, str], ...]:
        """Each metric's label (and the systems, where not all share a signature) and its signature."""
        return tuple(
            (f"{column.label} ({', '.join(systems)})" if len(column.signatures) > 1 else column.label, signature)
            for column in self.columns
            for signature, systems in column.signatures.items()
        )
