"""Writes ``leaderboard.json``: the leaderboard for programs, every number in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mteval.files import dump_json, write_text
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.blame import Blame, blame
from mteval.report.document_scores import document_scores
from mteval.report.judged import Judgement, judgement
from mteval.report.leaderboard import Row, Table, leaderboard
from mteval.report.tally import Tally


class Json(Report):
    """Writes ``leaderboard.json``: by lang pair the metrics with their signatures, the rows from the top down, scores
    and labels of each system's documents, labels of source documents, notes, and who declined; ``null`` is no number,
    never 0.

    ``clean_sources`` holds the scores over the documents whose source is clean; its ``systems`` are ``null`` where that
    is all of them or none.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.json"
        tables = zip(leaderboard(result), result.pairs, strict=True)
        pairs = [
            _pair(table, judgement(pair, table), blame(pair, table, result.metrics), pair) for table, pair in tables
        ]
        write_text(path, dump_json({"pairs": pairs, "warnings": list(result.warnings)}, indent=2) + "\n")
        return path


def _pair(table: Table, verdicts: Judgement, split: Blame, pair: PairResult) -> dict[str, Any]:
    by_document = {system.name: document_scores(system) for system in pair.systems}
    return {
        "lang_pair": table.pair,
        "eval_set": table.eval_set,
        "documents": table.documents,
        "segments": table.segments,
        "furniture_left_out": table.left_out,
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
        "clean_sources": _clean_sources(split),
        "declined": dict(table.declined),
        "notes": list(table.notes),
    }


def _clean_sources(split: Blame) -> dict[str, Any]:
    table = split.table
    return {
        "documents": list(split.documents),
        "segments": split.segments,
        "finding": list(split.finding),
        "systems": None
        if table is None
        else [
            {"rank": row.rank, "system": row.system, "kind": row.kind, "scores": _scores(table, row)}
            for row in table.rows
        ],
    }


def _row(table: Table, row: Row, verdicts: Judgement) -> dict[str, Any]:
    documents = verdicts.systems.get(row.system, {})
    return {
        "rank": row.rank,
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
            "segments": cell.segments,
            "signature": cell.signature,
        }
        for column, cell in zip(table.columns, row.cells, strict=True)
    }


def _tally(found: Tally | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {**{str(label): count for label, count in found.counts.items()}, "garbled_share": found.share}
