"""Scores by document: what is shown of them, and that every format shows the same."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from mteval.errors import ContractError
from mteval.report.base import RunResult
from mteval.report.document_scores import MOST, DocumentTable, document_table
from mteval.report.fakes import fake_result
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.leaderboard import leaderboard
from mteval.report.markdown import Markdown
from mteval.report.terminal import show
from mteval.scores import DocumentScores
from mteval.segment import Document

SHOWN = [
    ["BLEU ↑", "opus", "41.3", "20.6"],
    ["BLEU ↑", "apertium", "17.9", "9.0"],
    ["BLEU ↑", "silent", "–", "–"],
    ["TER ↓", "opus", "38.5", "19.2"],
    ["TER ↓", "apertium", "66.0", "33.0"],
    ["CometKiwi-22 ↑", "opus", "0.831", "0.416"],
    ["CometKiwi-22 ↑", "apertium", "0.550", "0.275"],
    ["CometKiwi-22 ↑", "silent", "0.600", "0.300"],
    ["CometKiwi-22 ↑", "human", "0.880", "0.440"],
]
"""What the fake result's table holds; metrics that did not score a system have no row of it."""


def with_documents(number: int, name: str = "d{}") -> RunResult:
    """The fake result with so many documents; each has the score of its number."""
    result = fake_result()
    (pair,) = result.pairs
    ids = [name.format(at) for at in range(number)]
    systems = tuple(
        replace(
            system,
            document_scores={
                metric: DocumentScores(metric, system.name, dict(zip(ids, map(float, range(number)), strict=True)))
                for metric in system.scores
            },
        )
        for system in pair.systems
    )
    eval_set = replace(
        pair.eval_set,
        documents=tuple(Document(one, "pt") for one in ids),
        segments=tuple(replace(segment, document=ids[0]) for segment in pair.eval_set.segments),
    )
    return replace(result, pairs=(replace(pair, eval_set=eval_set, systems=systems),))


def table(result: RunResult) -> DocumentTable:
    return document_table(result.pairs[0], leaderboard(result)[0])


def printed(result: RunResult) -> str:
    file = io.StringIO()
    show(result, Console(file=file, width=80, color_system=None, _environ={}))
    return file.getvalue()


def filled(rows: list[list[str]]) -> list[list[str]]:
    """Rows in which a metric that is left out is that of the row above."""
    last = ""
    for row in rows:
        row[0] = last = row[0] or last
    return rows


def test_metrics_stand_under_one_another_and_canaries_are_left_out() -> None:
    found = table(fake_result())
    assert found.documents == ("p1", "p2")
    assert [[b.heading, system, *row] for b in found.blocks for system, row in b.rows.items()] == SHOWN


@pytest.mark.parametrize(("documents", "shown"), [(1, False), (2, True), (MOST, True), (MOST + 1, False)])
def test_one_document_or_too_many_are_not_shown(documents: int, shown: bool) -> None:
    assert bool(table(with_documents(documents)).blocks) == shown
    assert ("Document scores" in printed(with_documents(documents))) == shown


def test_json_holds_every_number_in_full(tmp_path: Path) -> None:
    (pair,) = json.loads(Json().write(fake_result(), tmp_path).read_text("utf-8"))["pairs"]
    found = {row["system"]: row["document_scores"] for row in pair["systems"]}
    assert found["opus"]["kiwi"] == {"p1": 0.8312, "p2": 0.4156}
    assert found["silent"] == {"bleu": {"p1": None, "p2": None}, "kiwi": {"p1": 0.6, "p2": 0.3}}
    assert set(found) == {"opus", "apertium", "silent", "human", "shuffled"}


def test_the_terminal_shows_them() -> None:
    lines = printed(fake_result()).split("Document scores")[1].split("\n\n")[0].splitlines()[2:]
    assert filled([[line[:15].strip(), *line[15:].split()] for line in lines]) == SHOWN


@pytest.mark.parametrize("name", ["d{}", "a-document-with-a-name-that-is-too-long-for-any-column-{}"])
@pytest.mark.parametrize("documents", [2, 7, MOST])
def test_no_line_is_longer_than_80_and_no_number_is_cut(documents: int, name: str) -> None:
    text = printed(with_documents(documents, name))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "…" not in text.split("Document scores", 1)[1]
    for at in range(documents):
        assert len(re.findall(rf"\b{at}\.000\b", text)) == 4  # CometKiwi-22 of four systems


def test_markdown_shows_them(tmp_path: Path) -> None:
    text = Markdown().write(fake_result(), tmp_path).read_text("utf-8")
    lines = text.split("| Metric | System | p1 | p2 |")[1].split("\n\n")[0].splitlines()[2:]
    assert filled([[cell.strip() for cell in line.strip("|").split("|")] for line in lines]) == SHOWN
    assert "### Document scores" in text


class Cells(HTMLParser):
    """The texts of the cells of the table of document scores, without its head."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.inside = dict(attributes).get("class") == "document-scores"
        elif self.inside and tag == "tr":
            self.rows.append([])
        elif self.inside and tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "table"

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_html_shows_them(tmp_path: Path) -> None:
    parser = Cells()
    parser.feed(Html().write(fake_result(), tmp_path).read_text("utf-8"))
    head, *rows = parser.rows
    assert head == ["Metric", "System", "p1", "p2"]
    assert filled([row if len(row) == 4 else ["", *row] for row in rows]) == SHOWN


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ContractError, match="metric bleu: gave nan for document p1 of system opus"):
        DocumentScores("bleu", "opus", {"p1": float("nan"), "p2": None})
