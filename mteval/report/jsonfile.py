"""Writes ``leaderboard.json``: the leaderboard for programs, every number in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mteval.comparison import Comparisons
from mteval.files import dump_json, write_text
from mteval.report.average import Average, average
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.differences import Difference, every_difference, to_baseline
from mteval.report.document_scores import document_scores
from mteval.report.judged import Judgement, judgement
from mteval.report.leaderboard import leaderboard, views
from mteval.report.splits import Split, splits
from mteval.report.table import Row, Table
from mteval.report.tally import Tally


class Json(Report):
    """Writes ``leaderboard.json``: by lang pair the metrics with their signatures, the rows from the top down, scores
    and labels of each system's documents, labels of source documents, notes, and who declined; ``null`` is no number,
    never 0.

    Of each lang pair ``headline`` is the metric that ranks; ``rank`` is shared by systems that cannot be told apart,
    ``place`` is by the score alone. ``comparisons`` holds all pairs of systems by metric; ``views`` the scores in other
    ways of counting. ``average`` is the average over lang pairs, ``null`` where it makes no sense.

    ``clean_sources`` holds the scores over the documents whose source is clean; its ``systems`` are ``null`` where that
    is all of them or none. ``failed`` holds the cells of a sweep that gave no result, with their overrides and the
    reason. Where there are both, ``original_sources`` and ``translated_sources`` hold those over the
    documents whose source was first written in its language, and whose source is itself a translation.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.json"
        whole = {
            "pairs": [
                _pair(table, pair, result) for table, pair in zip(leaderboard(result), result.pairs, strict=True)
            ],
            "average": _average(average(result)),
            "baseline": result.baseline,
            "warnings": list(result.warnings),
            "failed": [asdict(cell) for cell in result.failed],
        }
        write_text(path, dump_json(whole, indent=2) + "\n")
        return path


def _pair(table: Table, pair: PairResult, result: RunResult) -> dict[str, Any]:
    verdicts = judgement(pair, table)
    found = to_baseline(pair, table, result.metrics, result.baseline) if result.baseline else None
    by_document = {system.name: document_scores(system) for system in pair.systems}
    return {
        "lang_pair": table.pair,
        "eval_set": table.eval_set,
        "documents": table.documents,
        "segments": table.segments,
        "furniture_left_out": table.left_out,
        "headline": table.headline,
        "testing": table.testing,
        "metrics": [
            {
                "metric": column.metric,
                "label": column.label,
                "higher_is_better": column.higher_is_better,
                "decimals": column.decimals,
            }
            for column in table.columns
        ],
        "systems": [_row(table, row, verdicts) | {"document_scores": by_document[row.system]} for row in table.rows],
        "sources": {
            judged.verdict.document: {
                "language": judged.document.language,
                "origin": judged.document.origin,
                "verdict": judged.verdict.label,
                "probability": judged.verdict.probability,
            }
            for judged in verdicts.sources
        },
        "comparisons": {
            name: _comparisons(pair.comparisons[name], found.rows)
            for name, found in every_difference(pair, table, result.metrics).items()
        },
        "baseline": [_difference(row) for row in found.rows] if found else None,
        "views": [
            {"counting": counting, "sources": sources, "systems": _places(of_view)}
            for (counting, sources), of_view in views(pair, result.metrics).items()
            if (counting, sources) != ("raw", "all")
        ],
        **{f"{part.sources}_sources": _part(part) for part in splits(pair, table, result.metrics)},
        "declined": dict(table.declined),
        "notes": list(table.notes),
    }


def _part(part: Split) -> dict[str, Any]:
    return {
        "documents": list(part.documents),
        "segments": part.segments,
        "finding": list(part.finding),
        "systems": None if part.table is None else _places(part.table),
    }


def _places(table: Table) -> list[dict[str, Any]]:
    """Where each system stands in one view, with its scores."""
    return [
        {
            "rank": row.rank,
            "place": row.place,
            "system": row.system,
            "kind": row.kind,
            "scores": _scores(table, row),
        }
        for row in table.rows
    ]


def _comparisons(compared: Comparisons, rows: Sequence[Difference]) -> dict[str, Any]:
    how = compared.resampling
    return {
        "test": how.test,
        "level": how.level,
        "bootstrap_draws": how.draws,
        "randomisation_trials": how.trials,
        "seed": how.seed,
        "unit": compared.unit,
        "units": compared.units,
        "segments": compared.segments,
        "pairs": [
            _difference(row)
            | {
                "bootstrap_p": found.bootstrap_p,
                "randomisation_p": found.randomisation_p,
                "differing_units": found.differing,
            }
            for row in rows
            if (found := compared.between(row.system, row.other)) is not None
        ],
    }


def _difference(row: Difference) -> dict[str, Any]:
    return {
        "metric": row.metric,
        "system": row.system,
        "other": row.other,
        "difference": row.difference,
        "p_holm": row.p_value,
        "significant": row.significant,
        "detectable": row.detectable,
        "human_agreement": row.agreement,
    }


def _average(found: Average | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "lang_pairs": list(found.pairs),
        "systems": [
            {
                "system": row.system,
                "kind": row.kind,
                "scores": {
                    column.metric: {"score": cell.score, "best": cell.best, "starred": cell.starred}
                    for column, cell in zip(found.columns, row.cells, strict=True)
                },
            }
            for row in (*found.ranked, *found.unranked)
        ],
        "notes": list(found.notes),
    }


def _row(table: Table, row: Row, verdicts: Judgement) -> dict[str, Any]:
    documents = verdicts.systems.get(row.system, {})
    return {
        "rank": row.rank,
        "place": row.place,
        "system": row.system,
        "kind": row.kind,
        "signature": row.signature,
        "scores": _scores(table, row),
        "marks": dict(row.marks),
        "segments": _tally(row.garbled_segments),
        "documents": _tally(row.garbled_documents),
        "verdicts": {document: judged.verdict.label for document, judged in documents.items()},
        "truncated": dict(row.truncated),
        "notices": list(row.notices),
    }


def _scores(table: Table, row: Row) -> dict[str, Any]:
    return {
        column.metric: {
            "score": cell.score,
            "low": cell.interval[0] if cell.interval else None,
            "high": cell.interval[1] if cell.interval else None,
            "best": cell.best,
            "rank": cell.standing.rank if cell.standing else None,
            "place": cell.standing.place if cell.standing else None,
            "tied": cell.tied,
            "starred": cell.starred,
            "segments": cell.segments,
            "signature": cell.signature,
        }
        for column, cell in zip(table.columns, row.cells, strict=True)
    }


def _tally(found: Tally | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {**{str(label): count for label, count in found.counts.items()}, "garbled_share": found.share}
