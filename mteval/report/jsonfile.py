"""Writes ``leaderboard.json``: the leaderboard for programs, every number in full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mteval.files import dump_json, write_text
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.document_scores import document_scores
from mteval.report.judged import Judgement, judgement
from mteval.report.leaderboard import Row, Table, leaderboard


class Json(Report):
    """Writes ``leaderboard.json``: by lang pair the metrics with their signatures, the rows from the top down, scores
    and labels of each system's documents, labels of source documents, notes, and who declined; ``null`` is no number,
    never 0."""

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.json"
        tables = zip(leaderboard(result), result.pairs, strict=True)
        pairs = [_pair(table, judgement(pair, table), pair) for table, pair in tables]
        write_text(path, dump_json({"pairs": pairs, "warnings": list(result.warnings)}, indent=2) + "\n")
        return path


def _pair(table: Table, verdicts: Judgement, pair: PairResult) -> dict[str, Any]:
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
        "declined": dict(table.declined),
        "notes": list(table.notes),
    }


def _row(table: Table, row: Row, verdicts: Judgement) -> dict[str, Any]:
    documents = verdicts.systems.get(row.system, {})
    return {
        "rank": row.rank,
        "system": row.system,
        "kind": row.kind,
        "signature": row.signature,
        "scores": {
            column.metric: {
                "score": cell.score,
                "low": cell.interval[0] if cell.interval else None,
                "high": cell.interval[1] if cell.interval else None,
                "best": cell.best,
                "segments": cell.segments,
                "signature": cell.signature,
            }
            for column, cell in zip(table.columns, row.cells, strict=True)
        },
        "marks": dict(row.marks),
        "documents": dict(row.verdicts) if row.verdicts is not None else None,
        "verdicts": {document: judged.verdict.label for document, judged in documents.items()},
        "truncated": dict(row.truncated),
        "notices": list(row.notices),
    }
