"""The leaderboard, one table a lang pair, before any format: every format shows these rows and these numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mteval.gate import MARK_KINDS, Mark, MarkKind
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, RunResult, SystemResult
from mteval.report.plain import counted, words
from mteval.report.ranking import best, comparable, ranks, scores_of, signatures
from mteval.report.tally import Tally, tally
from mteval.scores import SystemScore
from mteval.systems.base import Kind

MISSING = "–"
"""How a table for people shows that there is no number."""

KIND_WORDS: Mapping[Kind, str] = {"system": "", "reference": "reference: upper bound", "canary": "canary: nonsense"}
_TOLD = 5
"""How many notices of a system a page shows."""

LEGEND = (
    "↑ higher is better, ↓ lower is better; [low, high] is the score's 95% bootstrap confidence interval; – no score. "
    "Systems are ranked by the first metric; below the line nothing is ranked. "
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
    """

    score: float | None
    interval: tuple[float, float] | None
    decimals: int
    best: bool = False
    segments: int | None = None
    signature: str | None = None

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
        rank: from 1; ``None`` for what is not ranked. Equal scores share a rank, and the next one is passed over.
        signature: the system's own.
        cells: one a column.
        marks: how many of its segments bear a mark of each kind; every kind is there.
        garbled_segments: its segments by their verdict; ``None`` where none was judged by itself.
        garbled_documents: its documents by theirs; ``None`` where none was judged.
        truncated: by metric name, how many segments the metric did not see whole.
        notices: what must not pass in silence.
    """

    rank: int | None
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
    def rank_text(self) -> str:
        """The rank as a table shows it; empty for what is never ranked."""
        if self.kind != "system":
            return ""
        return MISSING if self.rank is None else str(self.rank)

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
        notes: what a reader must know before believing the numbers, a sentence each.
        declined: systems that do not translate this eval set, with the reason.
    """

    pair: str
    eval_set: str
    documents: int
    segments: int
    left_out: int
    columns: tuple[Column, ...]
    ranked: tuple[Row, ...]
    unranked: tuple[Row, ...]
    notes: tuple[str, ...]
    declined: Mapping[str, str]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, from the top down."""
        return self.ranked + self.unranked

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


def leaderboard(result: RunResult) -> tuple[Table, ...]:
    """One table a lang pair, in config order."""
    return tuple(table_of(pair, result.metrics) for pair in result.pairs)


def table_of(pair: PairResult, metrics: Mapping[str, MetricCard]) -> Table:
    """The leaderboard of one lang pair."""
    columns = tuple(
        Column(
            name, _label(name, metrics), card.higher_is_better, card.decimals, signatures(scores_of(name, pair.systems))
        )
        for name, card in metrics.items()
    )
    systems = [system for system in pair.systems if system.kind == "system"]
    scores = {column.metric: scores_of(column.metric, systems) for column in columns}
    mixed = [column.metric for column in columns if not comparable(scores[column.metric])]
    top = {c.metric: best(scores[c.metric], c.higher_is_better) for c in columns if c.metric not in mixed}
    first = columns[0] if columns and columns[0].metric not in mixed else None
    places = ranks(scores[first.metric], first.higher_is_better) if first else {}
    ranked = sorted(systems, key=lambda system: places.get(system.name, len(systems) + 1))
    unranked = [system for kind in ("reference", "canary") for system in pair.systems if system.kind == kind]
    return Table(
        pair=str(pair.eval_set.pair),
        eval_set=pair.eval_set.name,
        documents=len(pair.eval_set.documents),
        segments=len(pair.eval_set.scored),
        left_out=len(pair.eval_set.segments) - len(pair.eval_set.scored),
        columns=columns,
        ranked=tuple(_row(system, places.get(system.name), columns, top) for system in ranked),
        unranked=tuple(_row(system, None, columns, {}) for system in unranked),
        notes=tuple(_notes(pair, columns, mixed)),
        declined=dict(pair.declined),
    )


def _label(name: str, metrics: Mapping[str, MetricCard]) -> str:
    """A metric's label; its name in the config where another metric has the same label."""
    label = metrics[name].label
    return label if [card.label for card in metrics.values()].count(label) == 1 else name


def _cell(found: SystemScore | None, column: Column, top: float | None) -> Cell:
    if found is None:
        return Cell(None, None, column.decimals)
    is_best = top is not None and found.score == top
    segments = None if found.score is None else found.segments
    return Cell(found.score, found.interval, column.decimals, is_best, segments, found.signature)


def _row(system: SystemResult, rank: int | None, columns: Iterable[Column], top: Mapping[str, float | None]) -> Row:
    return Row(
        rank=rank,
        system=system.name,
        kind=system.kind,
        signature=system.signature,
        cells=tuple(_cell(system.scores.get(c.metric), c, top.get(c.metric)) for c in columns),
        marks=_count(system.marks),
        garbled_segments=tally(segment.label for verdict in system.verdicts for segment in verdict.segments),
        garbled_documents=tally(verdict.label for verdict in system.verdicts),
        truncated={metric: len(positions) for metric, positions in system.truncated.items() if positions},
        notices=system.notices,
    )


def _count(marks: Iterable[Iterable[Mark]]) -> dict[MarkKind, int]:
    kinds = [{mark.kind for mark in segment} for segment in marks]
    return {kind: sum(kind in segment for segment in kinds) for kind in MARK_KINDS}


def _notes(pair: PairResult, columns: Iterable[Column], mixed: Sequence[str]) -> Iterable[str]:
    total = len(pair.eval_set.scored)
    for column in columns:
        if column.metric in mixed:
            yield (
                f"{column.label} was made under different signatures for different systems: "
                "it ranks nothing, and no score of it is marked as best."
            )
        scores = [s.scores[column.metric] for s in pair.systems if column.metric in s.scores]
        partial = [f"{s.system} {s.segments}" for s in scores if s.score is not None and s.segments < total]
        if partial:
            yield f"{column.label} scored fewer than the {counted(total, 'segment')}: {', '.join(partial)}."
        cut = {s.name: len(s.truncated.get(column.metric, ())) for s in pair.systems}
        number = sum(cut.values())
        if number:
            who = ", ".join(f"{name} {count}" for name, count in cut.items() if count)
            are = "is" if number == 1 else "are"
            yield f"{counted(number, 'segment')} {are} longer than {column.label} takes, and not seen whole: {who}."
