"""Scores over some documents alone, clean, original or translated sources, and what every format says of them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mteval.garble.base import Label
from mteval.report.base import Report, RunResult, View
from mteval.report.comma import Csv
from mteval.report.fakes import SIGNATURES, fake_result
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.leaderboard import leaderboard
from mteval.report.markdown import Markdown
from mteval.report.splits import Split, splits
from mteval.report.terminal import show
from mteval.scores import SystemScore

SAME = "The order of systems is the same on clean sources."
OVERTAKES = "On clean sources, apertium overtakes opus."
ALL = "All sources are clean."
NONE = "No source is clean, so no score is the systems' own."


def split(result: RunResult) -> Split:
    """What is said of clean sources, where nothing is known of the language that any was first written in."""
    (found,) = splits(result.pairs[0], leaderboard(result)[0], result.metrics)
    return found


def with_sources(*labels: Label) -> RunResult:
    """The fake run, with other verdicts on its two source documents."""
    result = fake_result()
    (pair,) = result.pairs
    sources = tuple(replace(one, label=label) for one, label in zip(pair.sources, labels, strict=True))
    views = pair.views if "clean" in labels and set(labels) != {"clean"} else {}
    return replace(result, pairs=(replace(pair, sources=sources, views=views),))


def with_clean_bleu(result: RunResult | None = None, **scores: float | None) -> RunResult:
    """The fake run, with other scores on clean sources by its first metric."""
    result = result or fake_result()
    (pair,) = result.pairs

    def bleu(system: str) -> SystemScore:
        return SystemScore("bleu", system, scores[system], None, 2, SIGNATURES["bleu"])

    clean = {
        system: {**found, "bleu": bleu(system)} if system in scores else found
        for system, found in pair.views["raw", "clean"].scores.items()
    }
    return replace(result, pairs=(replace(pair, views={("raw", "clean"): View(clean)}),))


def with_bleu(**scores: float | None) -> RunResult:
    """The fake run, with other scores over all documents by its first metric."""
    result = fake_result()
    (pair,) = result.pairs
    systems = tuple(
        replace(one, scores={**one.scores, "bleu": replace(one.scores["bleu"], score=scores[one.name])})
        if one.name in scores
        else one
        for one in pair.systems
    )
    return replace(result, pairs=(replace(pair, systems=systems),))


def terminal(result: RunResult) -> str:
    file = io.StringIO()
    show(result, Console(file=file, width=80, color_system=None, _environ={}))
    return file.getvalue()


def test_the_table_holds_the_documents_with_a_clean_source_alone() -> None:
    found = split(fake_result())
    assert (found.documents, found.size) == (("p1",), "1 of 2 documents, 2 of 4 segments")
    assert found.table is not None
    assert [(row.rank, row.system, row.cells[0].text) for row in found.table.rows] == [
        (1, "opus", "52.4"),
        (2, "apertium", "24.1"),
        (None, "silent", "–"),
        (None, "human", "–"),
        (None, "shuffled", "3.1"),
    ]
    opus, apertium = found.table.ranked[:2]
    assert (opus.cells[0].best, opus.cells[0].interval, opus.cells[0].segments) == (True, (48.0, 57.5), 2)
    assert apertium.marks_text == "1 empty"  # what else was marked is in the other document
    assert apertium.garbled_texts == ("1 of 2 (50%)", "0 of 1 (0%)")
    assert apertium.truncated == {}
    assert found.table.size == "1 document, 2 segments scored; 1 segment left out as page furniture."


def test_what_was_truncated_is_counted_among_the_documents_that_are_left() -> None:
    result = fake_result()
    (pair,) = result.pairs
    cut = tuple(replace(one, truncated={"kiwi": (1, 2)}) if one.name == "apertium" else one for one in pair.systems)
    found = split(replace(result, pairs=(replace(pair, systems=cut),)))
    assert found.table is not None
    assert found.table.ranked[1].truncated == {"kiwi": 1}
    assert "1 segment is longer than CometKiwi-22 takes, and not seen whole: apertium 1." in found.finding


def test_ranks_that_stay_are_said_to_stay() -> None:
    assert split(fake_result()).finding == (SAME,)


def test_ranks_that_change_are_said_to_change() -> None:
    result = with_clean_bleu(opus=40.0, apertium=45.0)
    assert split(result).finding == (OVERTAKES,)
    table = split(result).table
    assert table is not None
    assert [(row.rank, row.system) for row in table.ranked[:2]] == [(1, "apertium"), (2, "opus")]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((30.0, 20.0, 10.0), (10.0, 20.0, 30.0), "apertium overtakes opus; silent overtakes apertium and opus"),
        ((30.0, 20.0, 10.0), (20.0, 20.0, 10.0), "apertium draws level with opus"),
        ((30.0, 20.0, 20.0), (30.0, 20.0, 10.0), "apertium pulls ahead of silent"),
        ((30.0, 20.0, 10.0), (20.0, 10.0, 20.0), "silent overtakes apertium and draws level with opus"),
    ],
)
def test_every_kind_of_change_is_put_into_words(before: tuple[float, ...], after: tuple[float, ...], said: str) -> None:
    names = ("opus", "apertium", "silent")
    result = with_clean_bleu(with_bleu(**dict(zip(names, before, strict=True))), **dict(zip(names, after, strict=True)))
    (finding,) = split(result).finding
    parts = finding.removeprefix("On clean sources, ").removesuffix(".").split("; ")
    assert sorted(parts) == sorted(said.split("; "))


def test_a_system_that_has_no_score_left_is_named() -> None:
    result = with_clean_bleu(with_bleu(silent=5.0), silent=None)
    assert split(result).finding == (SAME, "silent has no BLEU on clean sources.")


def test_one_system_alone_changes_no_rank() -> None:
    finding = split(with_bleu(apertium=None)).finding
    assert finding == ("Fewer than two systems are ranked on clean sources, so no place can change there.",)


def test_a_source_that_is_suspect_or_was_not_judged_is_not_clean() -> None:
    assert split(with_sources("clean", "suspect")).documents == ("p1",)
    result = fake_result()
    (pair,) = result.pairs
    half = replace(result, pairs=(replace(pair, sources=pair.sources[:1]),))
    assert split(half).documents == ("p1",)


@pytest.mark.parametrize(
    ("labels", "finding", "documents"),
    [
        (("clean", "clean"), ALL, ("p1", "p2")),
        (("garbled", "suspect"), NONE, ()),
        (("suspect", "suspect"), NONE, ()),
    ],
)
def test_without_a_difference_there_is_no_second_table(
    labels: tuple[Label, Label], finding: str, documents: tuple[str, ...]
) -> None:
    found = split(with_sources(*labels))
    assert (found.table, found.finding, found.documents) == (None, (finding,), documents)


def test_where_no_source_was_judged_nothing_is_said() -> None:
    result = fake_result()
    unjudged = replace(result, pairs=(replace(result.pairs[0], sources=()),))
    assert (split(unjudged).table, split(unjudged).finding) == (None, ())
    assert "lean sources" not in terminal(unjudged)


def test_without_metrics_no_score_is_spoken_of() -> None:
    assert split(replace(with_sources("garbled", "garbled"), metrics={})).finding == ("No source is clean.",)
    assert split(replace(fake_result(), metrics={})).finding == ()


@pytest.mark.parametrize("report", [Markdown(), Html(), Latex(), Json()], ids=lambda report: type(report).__name__)
def test_every_format_says_whether_ranks_change(report: Report, tmp_path: Path) -> None:
    def written(result: RunResult) -> str:
        return report.write(result, tmp_path).read_text("utf-8").replace("&#39;", "'")

    assert SAME in written(fake_result())
    assert OVERTAKES in written(with_clean_bleu(opus=40.0, apertium=45.0))
    assert ALL in written(with_sources("clean", "clean"))
    assert NONE in written(with_sources("garbled", "suspect"))
    assert "52.4" in written(fake_result())
    assert "52.4" not in written(with_sources("clean", "clean")) + written(with_sources("garbled", "suspect"))


def test_the_terminal_says_whether_ranks_change() -> None:
    text = terminal(with_clean_bleu(opus=40.0, apertium=45.0))
    assert "Clean sources: 1 of 2 documents, 2 of 4 segments\n" in text
    table = text.split("Clean sources")[1].split(OVERTAKES)[0]
    assert [line.split()[1] for line in table.splitlines() if line[:2] in (" 1", " 2")] == ["apertium", "opus"]
    assert "shuffled (canary)" in table
    assert "Clean sources" not in terminal(with_sources("clean", "clean"))
    assert ALL in terminal(with_sources("clean", "clean"))
    assert NONE in terminal(with_sources("garbled", "suspect"))


def test_the_formats_for_people_size_the_table(tmp_path: Path) -> None:
    for report in (Markdown(), Html(), Latex()):
        assert "1 of 2 documents, 2 of 4 segments" in report.write(fake_result(), tmp_path).read_text("utf-8")


def test_json_holds_the_scores_of_clean_sources(tmp_path: Path) -> None:
    def clean(result: RunResult) -> dict[str, object]:
        (pair,) = json.loads(Json().write(result, tmp_path).read_text("utf-8"))["pairs"]
        return pair["clean_sources"]  # type: ignore[no-any-return]

    found = clean(fake_result())
    assert (found["documents"], found["segments"], found["finding"]) == (["p1"], 2, [SAME])
    systems = found["systems"]
    assert isinstance(systems, list)
    assert [(row["rank"], row["system"]) for row in systems][:2] == [(1, "opus"), (2, "apertium")]
    assert systems[0]["scores"]["bleu"] == {
        "score": 52.4,
        "low": 48.0,
        "high": 57.5,
        "best": True,
        "rank": 1,
        "place": 1,
        "tied": False,
        "starred": False,
        "segments": 2,
        "signature": SIGNATURES["bleu"],
    }
    assert clean(with_sources("clean", "clean"))["systems"] is None


def test_csv_has_no_second_rows_without_a_difference(tmp_path: Path) -> None:
    with Csv().write(with_sources("clean", "clean"), tmp_path).open(encoding="utf-8", newline="") as file:
        assert [row["documents"] for row in csv.DictReader(file)] == ["all"] * 5
