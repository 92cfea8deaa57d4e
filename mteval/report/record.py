"""Writes ``run.json``: what was run, with what, and under which signatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mteval.comparison import Resampling
from mteval.files import dump_json, write_text
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.leaderboard import leaderboard
from mteval.report.table import Table

FORMAT = 1
"""The format of a run's folder, which whoever reads one must know; a change that an old reader would misread adds 1."""

FILES = ("segments.jsonl", "verdicts.jsonl", "statistics.npz")
"""What a run is read back from, beside ``run.json``."""


_DECIDED_BY_SIZE = "document where there are enough of them"


class Record(Report):
    """Writes ``run.json``: the run's record, with ``format``, ``metrics``, ``pairs``, ``warnings``, ``baseline``,
    ``files`` and ``digest`` beside it.

    It is written last, since ``files`` holds the SHA-256 of the run's other files (``FILES``, as far as they are
    there), and ``digest`` that of the record itself. ``metrics`` holds each metric's card; ``pairs`` holds, by lang
    pair, each metric's signatures with the systems that were scored under them, each system's signature, notices and
    truncation counts, who declined, and what else is needed to make the result anew: the documents, which hypotheses
    came with the eval set, each system's scores, what it was optimised with, and of a ``shard`` what part of which eval
    set it is. ``failed`` holds the cells of a sweep that gave no result, where there are any. A record's own key of one
    of these names gives way.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "run.json"
        own: dict[str, Any] = {
            "metrics": {name: asdict(card) for name, card in result.metrics.items()},
            "pairs": [_pair(table, pair) for table, pair in zip(leaderboard(result), result.pairs, strict=True)],
            "warnings": list(result.warnings),
            "baseline": result.baseline,
            **({"failed": [asdict(cell) for cell in result.failed]} if result.failed else {}),
            "files": {name: sha256_of(folder / name) for name in FILES if (folder / name).is_file()},
        }
        record = {key: value for key, value in result.record.items() if key not in {*own, "failed", "format", "digest"}}
        whole = {"format": FORMAT, **record, **own}
        whole["digest"] = digest_of(json.loads(dump_json(whole)))
        write_text(path, dump_json(whole, indent=2) + "\n")
        return path


def settings_of(resampling: Resampling) -> dict[str, Any]:
    """How intervals and tests are made, as a record says it."""
    return {
        "seed": resampling.seed,
        "bootstrap_draws": resampling.draws,
        "randomisation_trials": resampling.trials,
        "significance": {
            "test": resampling.test,
            "level": resampling.level,
            "unit": resampling.unit or _DECIDED_BY_SIZE,
        },
    }


def resampling_of(record: Mapping[str, Any]) -> Resampling:
    """How a record says that intervals and tests were made.

    Raises:
        KeyError: it does not say it.
    """
    chosen = record["significance"]
    return Resampling(
        draws=record["bootstrap_draws"],
        seed=record["seed"],
        trials=record["randomisation_trials"],
        test=chosen["test"],
        level=chosen["level"],
        unit=None if chosen["unit"] == _DECIDED_BY_SIZE else chosen["unit"],
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(record: Mapping[str, Any]) -> str:
    """The SHA-256 of what a ``run.json`` says, its own digest left out, however it is indented and ordered."""
    rest = {key: value for key, value in record.items() if key != "digest"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _pair(table: Table, pair: PairResult) -> dict[str, Any]:
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
        "include_furniture": pair.eval_set.include_furniture,
        "document_list": [
            {"id": document.id, "language": document.language, "origin": document.origin, "origlang": document.origlang}
            for document in pair.eval_set.documents
        ],
        **({"shard": asdict(pair.eval_set.part)} if pair.eval_set.part is not None else {}),
        "ran": [system.name for system in pair.systems],
        "given": list(pair.eval_set.hypotheses),
        "optimised_with": {system.name: list(system.optimised_with) for system in pair.systems},
        "scores": {
            system.name: {metric: found.score for metric, found in system.scores.items()} for system in pair.systems
        },
    }
