"""Writes ``run.json``: what was run, with what, and under which signatures."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mteval.files import dump_json, write_text
from mteval.report.base import Report, RunResult
from mteval.report.leaderboard import Table, leaderboard


class Record(Report):
    """Writes ``run.json``: the run's record, with ``metrics``, ``pairs`` and ``warnings`` beside it.

    ``metrics`` holds each metric's card; ``pairs`` holds, by lang pair, each metric's signatures with the systems that
    were scored under them, each system's signature, notices and truncation counts, and who declined. A record's own
    key of one of these three names gives way.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "run.json"
        metrics = {name: asdict(card) for name, card in result.metrics.items()}
        pairs = [_pair(table) for table in leaderboard(result)]
        whole = {**result.record, "metrics": metrics, "pairs": pairs, "warnings": list(result.warnings)}
        write_text(path, dump_json(whole, indent=2) + "\n")
        return path


def _pair(table: Table) -> dict[str, Any]:
    return {
        "lang_pair": table.pair,
        "eval_set": table.eval_set,
        "documents": table.documents,
        "segments": table.segments,
        "furniture_left_out": table.left_out,
        "metric_signatures": {
            column.metric: [
                {"signature": signature, "systems": list(systems)} for signature, systems in column.signatures.items()
            ]
            for column in table.columns
        },
        "systems": [
            {
                "system": row.system,
                "kind": row.kind,
                "signature": row.signature,
                "truncated": dict(row.truncated),
                "notices": list(row.notices),
            }
            for row in table.rows
        ],
        "declined": dict(table.declined),
        "notes": list(table.notes),
    }
