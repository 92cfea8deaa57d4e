"""Every format carries the same numbers: each file is parsed back and compared with ``leaderboard.json``."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mteval.report.base import Report
from mteval.report.comma import Csv
from mteval.report.fakes import METRICS, fake_result
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.markdown import Markdown

Rows = dict[str, list[str]]
"""By system name: rank, then of each metric the score and, if there is one, the interval; then marks and shares."""


def expected(folder: Path) -> Rows:
    (pair,) = json.loads(Json().write(fake_result(), folder).read_text("utf-8"))["pairs"]
    rows: Rows = {}
    for row in pair["systems"]:
        unranked = "" if row["kind"] != "system" else "–"
        cells = [unranked if row["rank"] is None else str(row["rank"])]
        for metric in pair["metrics"]:
            found = row["scores"][metric["metric"]]
            cells.append(shown(found, metric["decimals"]))
        marks = [f"{count} {kind.replace('_', ' ')}" for kind, count in row["marks"].items() if count]
        rows[row["system"]] = [*cells, ", ".join(marks) or "none", share(row["segments"]), share(row["documents"])]
    return rows


def shown(found: dict[str, Any], decimals: int) -> str:
    if found["score"] is None:
        return "–"
    text = f"{found['score']:.{decimals}f}"
    if found["best"]:
        text = f"*{text}*"
    return text if found["low"] is None else f"{text} [{found['low']:.{decimals}f}, {found['high']:.{decimals}f}]"


def share(found: dict[str, Any] | None) -> str:
    if found is None:
        return "–"
    total = found["garbled"] + found["suspect"] + found["clean"]
    return f"{found['garbled']} of {total} ({100 * found['garbled_share']:.0f}%)"


def name_first(cells: list[str]) -> tuple[str, list[str]]:
    rank, system, *rest = cells
    return re.sub(r" ?\(?(reference|canary).*", "", system), [rank, *rest]


def from_markdown(folder: Path) -> Rows:
    text = Markdown().write(fake_result(), folder).read_text("utf-8")
    table = text.split("| Rank |")[1].split("\n\n")[0]
    lines = [line for line in table.splitlines()[2:] if "not ranked" not in line]
    cells = [[cell.strip().replace("**", "*") for cell in line.strip("|").split("|")] for line in lines]
    return dict(name_first(row) for row in cells)


def from_latex(folder: Path) -> Rows:
    """Intervals stand in a line of their own below the scores, gate marks in the notes below the table."""
    text = Latex().write(fake_result(), folder).read_text("utf-8")
    body = text.split(r"\midrule", 1)[1].split(r"\bottomrule")[0].replace(r"\midrule", "")
    (marked,) = re.findall(r"Gate marks: (.*)\.\\par", text)
    marks = dict(one.split(" ", 1) for one in marked.split("; "))
    rows: Rows = {}
    name = ""
    for line in body.split("\\\\\n"):
        plain = re.sub(r"\\textbf\{([^}]*)\}", r"*\1*", line)
        plain = re.sub(r"\{\\scriptsize ([^}]*)\}", r"\1", plain)
        plain = plain.replace("--", "–").replace(r"\textendash{}", "–").replace(r"\%", "%")
        cells = [cell.strip() for cell in plain.split("&")]
        if cells[:2] == ["", ""]:
            rows[name] = [
                f"{one} {two}".strip() for one, two in zip(rows[name], ["", *cells[2:5], *[""] * 3], strict=True)
            ]
        elif len(cells) > 1:
            name, rest = name_first(cells)
            rows[name] = [*rest[:-2], marks.get(name, "none"), *rest[-2:]]
    return rows


class Cells(HTMLParser):
    """The texts of the cells of the first table's body rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.bodies = 0
        self.inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.inside = dict(attributes).get("class") == "leaderboard"
        elif self.inside and tag == "tbody":
            self.bodies += 1
        elif self.inside and self.bodies and tag == "tr":
            self.rows.append([])
        elif self.inside and self.bodies and tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "strong":
            self.handle_data("*")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.inside = False
        elif tag == "strong":
            self.handle_data("*")

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def from_html(folder: Path) -> Rows:
    parser = Cells()
    parser.feed(Html().write(fake_result(), folder).read_text("utf-8"))
    return dict(name_first([cell.strip() for cell in row]) for row in parser.rows)


def from_csv(folder: Path) -> Rows:
    rows: Rows = {}
    with Csv().write(fake_result(), folder).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["documents"] != "all":
                continue
            cells = [row["rank"] or ("–" if row["kind"] == "system" else "")]
            for metric, card in METRICS.items():
                low, high = row[f"{metric}_low"], row[f"{metric}_high"]
                score = f"{float(row[metric]):.{card.decimals}f}" if row[metric] else "–"
                bracket = f" [{float(low):.{card.decimals}f}, {float(high):.{card.decimals}f}]" if low else ""
                cells.append(score + bracket)
            marks = {key.removeprefix("gate_"): int(value) for key, value in row.items() if key.startswith("gate_")}
            there = [f"{value} {key.replace('_', ' ')}" for key, value in marks.items() if value]
            cells.append(", ".join(there) or "none")
            for texts in ("segments", "documents"):
                labels = ("garbled", "suspect", "clean")
                counts = {label: int(row[f"{texts}_{label}"]) for label in labels if row[f"{texts}_{label}"]}
                given = {**counts, "garbled_share": float(row[f"{texts}_garbled_share"])} if counts else None
                cells.append(share(given))
            rows[row["system"]] = cells
    return rows


@pytest.mark.parametrize("read", [from_markdown, from_latex, from_html], ids=["markdown", "latex", "html"])
def test_formats_for_people_carry_the_numbers_of_json(read: Callable[[Path], Rows], tmp_path: Path) -> None:
    want = expected(tmp_path)
    got = read(tmp_path)
    assert list(got) == ["opus", "apertium", "silent", "human", "shuffled"]
    assert got == want


def test_csv_carries_the_numbers_of_json(tmp_path: Path) -> None:
    want = {name: [cell.replace("*", "") for cell in cells] for name, cells in expected(tmp_path).items()}
    assert from_csv(tmp_path) == want


@pytest.mark.parametrize(
    "report", [Markdown(), Csv(), Json(), Latex(), Html()], ids=lambda report: type(report).__name__
)
def test_the_folder_holds_one_whole_file(report: Report, tmp_path: Path) -> None:
    path = report.write(fake_result(), tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stem == "leaderboard"


@pytest.mark.parametrize("report", [Markdown(), Json(), Latex(), Html()], ids=lambda report: type(report).__name__)
def test_everything_a_reader_must_know_is_there(report: Report, tmp_path: Path) -> None:
    text = report.write(fake_result(), tmp_path).read_text("utf-8")
    text = text.replace(r"\textbar{}\allowbreak{}", "|").replace(r"\_", "_")
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0" in text
    assert "class:HuggingFace|model:opus-mt-ROMANCE-en|beams:6" in text
    assert "1 source was cut at 512 tokens." in text
    assert "no mode for pt-en" in text
    assert "2 segments are longer than CometKiwi-22 takes" in text
    assert "BLEU scores a segment at a time with effective order." in text


@pytest.mark.parametrize(
    "report", [Markdown(), Csv(), Json(), Latex(), Html()], ids=lambda report: type(report).__name__
)
def test_a_run_of_nothing_is_written(report: Report, tmp_path: Path) -> None:
    result = fake_result()
    alone = replace(result, pairs=(replace(result.pairs[0], systems=(), sources=()),))
    text = report.write(alone, tmp_path).read_text("utf-8")
    assert "opus" not in text
    assert "pt-en" not in report.write(replace(result, pairs=()), tmp_path).read_text("utf-8")
