"""Writes ``leaderboard.html``: all that a run found on one page that needs nothing else, and opens from a disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mteval.errors import ConfigError
from mteval.files import write_text
from mteval.report.average import AVERAGE_LEGEND, average
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.differences import DIFFERENCE_LEGEND, Differences, differences
from mteval.report.document_scores import DOCUMENT_LEGEND, DocumentTable, document_table
from mteval.report.html_charts import charts_data
from mteval.report.html_explorer import Part, divided, whole_parts
from mteval.report.html_matrix import MATRIX_LEGEND, Matrix, matrices
from mteval.report.html_pack import pack
from mteval.report.html_record import what_was_done
from mteval.report.html_scripts import TEMPLATES, scripts, style
from mteval.report.html_verdicts import Readings, readings
from mteval.report.html_views import LeaderboardView, leaderboard_views
from mteval.report.judged import FAULT_LEGEND, Judgement, judgement
from mteval.report.leaderboard import leaderboard
from mteval.report.plain import plain, printable
from mteval.report.splits import Split, splits
from mteval.report.table import MISSING, Table

LIMIT = 30_000_000
"""How many bytes a page may have."""

_WIDE = 8
"""How many documents stand side by side in a table of verdicts."""

_NAMES = 20_000
"""How many bytes the names and titles in a page of segments may take."""


@dataclass(frozen=True)
class _Page:
    """What the page shows of one lang pair.

    Attributes:
        charts: what the charts draw, packed.
        part: the explorer's segments; ``None`` where they are in ``files``.
        files: pages of segments beside this one, with their titles.
        beyond: what the explorer does not show, a sentence; empty if it shows all.
    """

    table: Table
    views: tuple[LeaderboardView, ...]
    verdicts: Judgement
    readings: tuple[Readings, ...]
    splits: tuple[Split, ...]
    between: Differences | None
    matrices: tuple[Matrix, ...]
    documents: DocumentTable
    charts: Markup
    part: Part | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    beyond: str = ""


class Html(Report):
    """Writes ``leaderboard.html``: nothing is fetched, light and dark, and no text from outside is ever obeyed.

    Where the page would grow beyond ``LIMIT`` the segments go into pages beside it,
    ``leaderboard-segments-1.html`` and so on.

    Args:
        segments: how many segments of a lang pair can be looked through, the first ones; ``None`` for all. Of more the
            page says that ``segments.jsonl`` holds them; every number, chart and verdict is of all.

    Raises:
        ConfigError: it is no number of segments.
    """

    def __init__(self, segments: int | None = 20_000) -> None:
        if segments is not None and segments < 1:
            problem, remedy = f"{segments} is no number of segments", "write 1 or more, or null for all"
            raise ConfigError("report.html.segments", problem, remedy)
        self._most = segments

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "leaderboard.html"
        tables = leaderboard(result)
        parts = whole_parts(result, tables, self._most)
        pages = [_page(pair, table, result) for pair, table in zip(result.pairs, tables, strict=True)]
        text = _leaderboard(
            result, [replace(page, part=part, beyond=part.beyond) for page, part in zip(pages, parts, strict=True)]
        )
        if len(text.encode("utf-8")) > LIMIT:
            room = LIMIT - len(_segments(Part("", "", range(0), 0, Markup()), {}).encode("utf-8"))
            files = {
                f"leaderboard-segments-{number}.html": part
                for number, part in enumerate(divided(result, tables, parts, room - _NAMES), start=1)
            }
            for name, part in files.items():
                write_text(folder / name, _segments(part, files))
            text = _leaderboard(
                result,
                [
                    replace(page, files=_files_of(whole, files), beyond=whole.beyond)
                    for page, whole in zip(pages, parts, strict=True)
                ],
            )
        write_text(path, text)
        return path


def _files_of(whole: Part, files: Mapping[str, Part]) -> dict[str, str]:
    """The pages of one lang pair's segments, with their titles."""
    return {name: part.title for name, part in files.items() if part.pair == whole.pair}


def _page(pair: PairResult, table: Table, result: RunResult) -> _Page:
    verdicts = judgement(pair, table)
    parts = splits(pair, table, result.metrics)
    return _Page(
        table=table,
        views=leaderboard_views(pair, result.metrics, parts),
        verdicts=verdicts,
        readings=readings(pair, verdicts),
        splits=parts,
        between=differences(pair, table, result.metrics, result.baseline),
        matrices=matrices(pair, table, result.metrics),
        documents=document_table(pair, table),
        charts=Markup(pack(charts_data(pair, table, result.metrics))),
    )


def _leaderboard(result: RunResult, pages: Sequence[_Page]) -> str:
    return _render(
        "leaderboard.html.jinja",
        charts=True,
        pairs=pages,
        warnings=result.warnings,
        failed=[cell.sentence for cell in result.failed],
        difference_legend=DIFFERENCE_LEGEND,
        matrix_legend=MATRIX_LEGEND,
        average=average(result),
        average_legend=AVERAGE_LEGEND,
        document_legend=DOCUMENT_LEGEND,
        missing=MISSING,
        fault=FAULT_LEGEND,
        wide=_WIDE,
        record=what_was_done(result.record),
    )


def _segments(part: Part, files: Mapping[str, Part]) -> str:
    """A page of segments, which leads to the one before it and the one after it."""
    names = list(files)
    at = next((index for index, name in enumerate(names) if files[name] is part), None)
    near = {} if at is None else {"Previous": at - 1, "Next": at + 1}
    neighbours = {
        word: (names[index], files[names[index]].title) for word, index in near.items() if 0 <= index < len(names)
    }
    return _render("segments.html.jinja", charts=False, part=part, neighbours=neighbours)


def _render(template: str, *, charts: bool, **values: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: plain(value) if type(value) is str else value,
    )
    environment.filters["lines"] = lambda text: Markup("\n").join(printable(line) for line in text.splitlines())
    return environment.get_template(template).render(scripts=scripts(charts=charts), style=style(), **values)
