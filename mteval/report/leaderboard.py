"""The leaderboard, one table a lang pair, before any format: every format shows these rows and these numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mteval.gate import MARK_KINDS, Mark, MarkKind
from mteval.metrics.base import MetricCard
from mteval.report.base import Counting, PairResult, RunResult, Sources, SystemResult
from mteval.report.notes import notes, testing
from mteval.report.people import notes as notes_of_people
from mteval.report.ranking import (
    Standing,
    best,
    check_comparable,
    headline,
    interferes,
    rankable,
    scores_of,
    signatures,
    standings,
)
from mteval.report.table import Cell, Column, Row, Table
from mteval.report.tally import tally
from mteval.report.views import through
from mteval.scores import SystemScore
from mteval.usage import said


def leaderboard(result: RunResult) -> tuple[Table, ...]:
    """One table a lang pair, in config order.

    Raises:
        ComparabilityError: scores of one table were made under different signatures.
    """
    used, runs = result.record.get("usage", ()), "these runs" if "merged_from" in result.record else "this run"
    sets = result.record.get("people", ())
    tables = []
    for pair in result.pairs:
        table = table_of(pair, result.metrics)
        of_people = notes_of_people(sets, pair.eval_set.pair, result.metrics)
        told = said(used, str(pair.eval_set.pair), runs)
        tables.append(replace(table, used=told, notes=(*table.notes, *of_people)))
    return tuple(tables)


def views(pair: PairResult, metrics: Mapping[str, MetricCard]) -> Mapping[tuple[Counting, Sources], Table]:
    """The leaderboard of one lang pair in every way of counting that differs, the raw scores over all documents first.

    Raises:
        ComparabilityError: as ``leaderboard``.
    """
    others = {view: table_of(through(pair, *view), metrics) for view in pair.views}
    return {("raw", "all"): table_of(pair, metrics), **others}


def table_of(pair: PairResult, metrics: Mapping[str, MetricCard]) -> Table:
    """The leaderboard of one lang pair.

    Raises:
        ComparabilityError: as ``leaderboard``.
    """
    columns = tuple(
        Column(
            name, _label(name, metrics), card.higher_is_better, card.decimals, signatures(scores_of(name, pair.systems))
        )
        for name, card in metrics.items()
    )
    systems = [system for system in pair.systems if system.kind == "system"]
    told: dict[str, dict[str, Standing]] = {}
    top: dict[str, float | None] = {}
    for column in columns:
        card = metrics[column.metric]
        check_comparable(column.label, scores_of(column.metric, pair.systems))
        told[column.metric] = standings(pair, column.metric, card)
        top[column.metric] = best(rankable(pair, column.metric, card), card.higher_is_better)
    ranking = headline(metrics, systems)
    order = told[ranking] if ranking else {}
    ranked = sorted(systems, key=lambda system: order[system.name].place if system.name in order else len(systems) + 1)
    unranked = [system for kind in ("reference", "canary") for system in pair.systems if system.kind == kind]

    def row(system: SystemResult) -> Row:
        cells = tuple(_cell(system, column, metrics, told[column.metric], top[column.metric]) for column in columns)
        return _row(system, order.get(system.name), cells)

    labels = {column.metric: column.label for column in columns}
    return Table(
        pair=str(pair.eval_set.pair),
        eval_set=pair.eval_set.name,
        documents=len(pair.eval_set.documents),
        segments=len(pair.eval_set.scored),
        left_out=len(pair.eval_set.segments) - len(pair.eval_set.scored),
        columns=columns,
        ranked=tuple(map(row, ranked)),
        unranked=tuple(map(row, unranked)),
        headline=ranking,
        testing=testing(pair, labels, ranking),
        notes=tuple(notes(pair, metrics, labels, ranking)),
        declined=dict(pair.declined),
    )


def _label(name: str, metrics: Mapping[str, MetricCard]) -> str:
    """A metric's label; its name in the config where another metric has the same label."""
    label = metrics[name].label
    return label if [card.label for card in metrics.values()].count(label) == 1 else name


def _cell(
    system: SystemResult,
    column: Column,
    metrics: Mapping[str, MetricCard],
    told: Mapping[str, Standing],
    top: float | None,
) -> Cell:
    found: SystemScore | None = system.scores.get(column.metric)
    if found is None:
        return Cell(None, None, column.decimals)
    standing = told.get(system.name)
    is_best = top is not None and standing is not None and found.score == top
    return Cell(
        score=found.score,
        interval=found.interval,
        decimals=column.decimals,
        best=is_best,
        segments=None if found.score is None else found.segments,
        signature=found.signature,
        standing=standing,
        tied=top is not None and standing is not None and standing.rank == 1 and not is_best,
        starred=found.score is not None and interferes(metrics[column.metric], system),
    )


def _row(system: SystemResult, standing: Standing | None, cells: tuple[Cell, ...]) -> Row:
    return Row(
        standing=standing,
        system=system.name,
        kind=system.kind,
        signature=system.signature,
        cells=cells,
        marks=_count(system.marks),
        garbled_segments=tally(segment.label for verdict in system.verdicts for segment in verdict.segments),
        garbled_documents=tally(verdict.label for verdict in system.verdicts),
        truncated={metric: len(positions) for metric, positions in system.truncated.items() if positions},
        notices=system.notices,
    )


def _count(marks: Iterable[Iterable[Mark]]) -> dict[MarkKind, int]:
    found = Counter(kind for segment in marks if segment for kind in {mark.kind for mark in segment})
    return {kind: found[kind] for kind in MARK_KINDS}
