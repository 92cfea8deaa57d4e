"""Writes ``leaderboard.html``: the leaderboard and the verdicts on one page that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mteval.files import write_text
from mteval.report.base import Report, RunResult
from mteval.report.blame import CLEAN_LEGEND, blame
from mteval.report.document_scores import DOCUMENT_LEGEND, document_table
from mteval.report.judged import FAULT_LEGEND, judgement
from mteval.report.leaderboard import MISSING, leaderboard
from mteval.report.plain import plain

_WIDE = 8
"""How many documents stand side by side in a table of verdicts."""


class Html(Report):
    """Writes ``leaderboard.html``: no script, nothing fetched, light and dark; every text from outside is escaped."""

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.html"
        page = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=lambda value: plain(value) if type(value) is str else value,
        ).get_template("leaderboard.html.jinja")
        pairs = [
            (table, judgement(pair, table), str(pair.eval_set.pair.target), blame(pair, table, result.metrics))
            for table, pair in zip(leaderboard(result), result.pairs, strict=True)
        ]
        documents = [document_table(pair, table) for (table, *_), pair in zip(pairs, result.pairs, strict=True)]
        text = page.render(
            pairs=pairs,
            warnings=result.warnings,
            clean_legend=CLEAN_LEGEND,
            documents=documents,
            document_legend=DOCUMENT_LEGEND,
            missing=MISSING,
            fault=FAULT_LEGEND,
            wide=_WIDE,
        )
        write_text(path, text)
        return path
