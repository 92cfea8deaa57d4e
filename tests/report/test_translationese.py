"""An eval set with original and translated sources, from its JSON Lines to every report and back."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from mteval.composition import compose
from mteval.config import build, build_metrics
from mteval.errors import ComparabilityError
from mteval.merging import merge
from mteval.recorded import Recorded, read_run, scored
from mteval.report.base import PairResult, RunResult
from mteval.report.comma import Csv
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.leaderboard import leaderboard
from mteval.report.markdown import Markdown
from mteval.report.splits import splits
from mteval.report.terminal import show
from tests.recorded_runs import FAST, write

GOOD, BAD = "The meeting begins at nine o'clock in the {} hall.", "In the {} hall it begins."
DOCUMENTS = {"d1": "pt", "d2": "en_GB", "d3": "pt_BR", "d4": None, "d5": "fr"}
NOTE = (
    "Translationese: 4 of 10 segments with a source that is itself a translation, 4 with one that was first written in "
    "pt, 2 unknown. Systems can look better on translated sources (Toral et al. 2018)"
)
ORIGINAL, TRANSLATED = "native", "foreign"
"""Systems that are better on sources of that kind."""


def rows() -> Iterator[dict[str, Any]]:
    for document, code in DOCUMENTS.items():
        for number in (1, 2):
            word = f"{document}{number}"
            translated = code in ("en_GB", "fr")
            yield {
                "source": f"A reunião começa às nove na sala {word}.",
                "document": document,
                "references": {"r": GOOD.format(word)},
                "hypotheses": {
                    ORIGINAL: (BAD if translated else GOOD).format(word),
                    TRANSLATED: (GOOD if translated else BAD).format(word),
                },
                "origlang": code,
            }


def made(folder: Path, *overrides: str, **changed: str | None) -> RunResult:
    """A run on it, with its folder written.

    Args:
        changed: the original language of documents where it is to be another.
    """
    folder.mkdir(parents=True)
    lines = [{**row, "origlang": changed.get(row["document"], row["origlang"])} for row in rows()]
    path = folder.parent / "mixed.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    config = ["evalset=jsonl", f"evalset.path={path}", "lang_pairs=[pt-en]", "systems=[]", "metrics=[chrf,bleu]"]
    run = build(compose([*FAST, *config, "garble=[]", *overrides], []))
    result = run.evaluation.run()
    result = replace(result, record={**result.record, "metric_configs": run.metric_configs})
    write(result, folder)
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    folder = tmp_path_factory.mktemp("translationese") / "run"
    return folder, made(folder)


@pytest.fixture
def pair(run: tuple[Path, RunResult]) -> PairResult:
    (found,) = run[1].pairs
    return found


def test_documents_are_told_apart(pair: PairResult) -> None:
    assert pair.split == ("original", "translated")
    assert pair.documents_by["original"] == ("d1", "d3")
    assert pair.documents_by["translated"] == ("d2", "d5")
    assert pair.rows_by["translated"] == (2, 3, 8, 9)
    assert set(pair.views) == {("raw", "original"), ("raw", "translated")}


@pytest.mark.parametrize("sources", ["original", "translated"])
def test_scores_are_those_of_the_segments_that_count(pair: PairResult, sources: Any) -> None:
    there = list(pair.rows_by[sources])
    references = [pair.eval_set.scored[row].references["r"] for row in there]
    for system in pair.systems:
        found = pair.views["raw", sources].scores[system.name]
        texts = [system.hypotheses.texts[row] for row in there]
        assert found["chrf"].score == sacrebleu.corpus_chrf(texts, [references]).score
        assert found["bleu"].score == pytest.approx(sacrebleu.corpus_bleu(texts, [references]).score)
        assert found["chrf"].segments == 4
    compared = pair.views["raw", sources].comparisons["chrf"]
    assert compared.segments == 4


def test_where_there_is_one_kind_alone_there_is_no_split(tmp_path: Path) -> None:
    (original,) = made(tmp_path / "a", d2="pt", d5="pt").pairs
    assert (original.split, dict(original.views)) == ((), {})
    assert not any("Translationese" in note for note in leaderboard(replace_pairs(original))[0].notes)
    (translated,) = made(tmp_path / "b", **dict.fromkeys(DOCUMENTS, "en")).pairs
    assert translated.split == ()
    (note,) = [note for note in leaderboard(replace_pairs(translated))[0].notes if "Translationese" in note]
    assert (
        "10 of 10 segments with a source that is itself a translation, 0 with one that was first written in pt." in note
    )


def replace_pairs(pair: PairResult) -> RunResult:
    """A run of one lang pair, for its table's notes."""
    cards = build(compose(["metrics=[chrf,bleu]"], [])).evaluation.metrics
    return RunResult((pair,), {name: metric.card for name, metric in cards.items()}, {})


def test_what_a_reader_must_know_is_said(run: tuple[Path, RunResult], pair: PairResult) -> None:
    (table,) = leaderboard(run[1])
    assert [row.system for row in table.ranked] == [ORIGINAL, TRANSLATED]
    assert any(note.startswith(NOTE) and "Graham, Haddow & Koehn 2020" in note for note in table.notes)
    clean, original, translated = splits(pair, table, run[1].metrics)
    assert (clean.finding, clean.table) == ((), None)
    assert original.size == translated.size == "2 of 5 documents, 4 of 10 segments"
    assert original.finding[0] == "The order of systems is the same on original sources."
    assert translated.finding[0] == f"On translated sources, {TRANSLATED} overtakes {ORIGINAL}."
    assert not any("Translationese" in text for part in (original, translated) for text in part.finding)


def test_clean_sources_are_another_split(tmp_path: Path) -> None:
    (pair,) = made(tmp_path / "run", "garble=[spacing]").pairs
    assert pair.split == ("original", "translated")  # all are clean
    judged = tuple(replace(v, label="garbled" if v.document == "d1" else "clean") for v in pair.sources)
    assert replace(pair, sources=judged).split == ("clean", "original", "translated")


def test_every_format_shows_both(run: tuple[Path, RunResult], pair: PairResult, tmp_path: Path) -> None:
    result = run[1]
    texts = {w: w.write(result, tmp_path).read_text("utf-8") for w in (Markdown(), Latex(), Html())}
    file = io.StringIO()
    show(result, Console(file=file, width=80, color_system=None, _environ={}))
    everywhere = [*texts.values(), " ".join(file.getvalue().split())]
    for text in everywhere:
        for part in ("original", "translated"):
            score = pair.views["raw", part].scores[TRANSLATED]["chrf"].score
            assert f"{score:.2f}" in text
            assert f"n {part} sources" in text or f"on {part} sources" in text
        assert "2 of 5 documents, 4 of 10 segments" in text
        assert "Translationese: 4 of 10 segments" in text
    markdown, latex, _ = texts.values()
    assert "### Original sources" in markdown
    assert markdown.index("### Original sources") < markdown.index("### Translated sources")
    assert r"\label{tab:pt-en-mixed-original}" in latex
    assert r"\label{tab:pt-en-mixed-translated}" in latex


def test_programs_read_both(run: tuple[Path, RunResult], pair: PairResult, tmp_path: Path) -> None:
    with Csv().write(run[1], tmp_path).open(encoding="utf-8", newline="") as file:
        found = [(row["documents"], row["system"], row["chrf"], row["chrf_segments"]) for row in csv.DictReader(file)]
    kinds = ("all", "original sources", "translated sources")
    assert [kind for kind, *_ in found] == [kind for kind in kinds for _ in range(2)]
    assert found[2][1:] == (ORIGINAL, str(pair.views["raw", "original"].scores[ORIGINAL]["chrf"].score), "4")
    assert found[4][1] == TRANSLATED
    (said,) = json.loads(Json().write(run[1], tmp_path).read_text("utf-8"))["pairs"]
    assert [view["sources"] for view in said["views"]] == ["original", "translated"]
    assert said["translated_sources"]["documents"] == ["d2", "d5"]
    assert [row["system"] for row in said["translated_sources"]["systems"]] == [TRANSLATED, ORIGINAL]
    assert said["original_sources"]["segments"] == 4


def test_nothing_is_written_where_nothing_is_known(tmp_path: Path) -> None:
    result = made(tmp_path / "run", **dict.fromkeys(DOCUMENTS))
    for writer in (Markdown(), Latex(), Csv(), Json()):
        text = writer.write(result, tmp_path).read_text("utf-8").lower()
        assert not [word for word in ("translationese", "original", "translated") if word in text]


def finished(recorded: Recorded) -> RunResult:
    built = build_metrics(compose([], []), recorded.result.record["metric_configs"], "run.json")
    return scored(recorded, built, recorded.resampling)


def test_a_run_is_read_back_with_both(run: tuple[Path, RunResult], pair: PairResult) -> None:
    (again,) = finished(read_run(run[0])).pairs
    assert [document.origlang for document in again.eval_set.documents] == list(DOCUMENTS.values())
    assert again.views == pair.views


def test_merging_keeps_what_any_run_knows(run: tuple[Path, RunResult], pair: PairResult, tmp_path: Path) -> None:
    made(tmp_path / "none", **dict.fromkeys(DOCUMENTS))
    both = merge([read_run(tmp_path / "none"), read_run(run[0])])
    assert both.result.warnings == (f"pt-en: the original language of 4 documents is taken from {run[0]}",)
    (merged,) = finished(both).pairs
    assert merged.views == pair.views
    other = merge([read_run(run[0]), read_run(tmp_path / "none")])
    assert other.result.warnings == ()
    assert finished(other).pairs[0].views == pair.views
    made(tmp_path / "other", d3="es")
    with pytest.raises(ComparabilityError, match=r"document d3 of pt-en was first written in pt_BR in one, and in es"):
        merge([read_run(run[0]), read_run(tmp_path / "other")])


def test_a_run_of_the_original_sources_alone_has_their_scores(pair: PairResult, tmp_path: Path) -> None:
    result = made(tmp_path / "run", "subset.origlang=original")
    (alone,) = result.pairs
    view = pair.views["raw", "original"]
    assert {s.name: s.scores["chrf"].score for s in alone.systems} == {
        name: scores["chrf"].score for name, scores in view.scores.items()
    }
    assert (alone.eval_set.name, alone.split) == ("mixed [origlang=original]", ())
    (warning,) = result.warnings
    assert warning.startswith("pt-en: of mixed only 2 of 5 documents and 4 of 10 segments are evaluated")


@pytest.fixture
def page(run: tuple[Path, RunResult], tmp_path: Path) -> Iterator[Page]:
    where = shutil.which("chromium")
    if where is None:
        pytest.skip("no chromium: run scripts/setup.sh as root")
    path = Html().write(run[1], tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox", "--disable-gpu"])
        complaints: list[str] = []
        opened = browser.new_context(offline=True).new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.set_default_timeout(10_000)
        opened.goto(path.as_uri())
        yield opened
        browser.close()
    assert complaints == []


def test_the_page_switches_between_them(page: Page) -> None:
    names = page.locator(".view:visible tbody th bdi")
    assert names.all_inner_texts() == [ORIGINAL, TRANSLATED]
    page.get_by_label("translated", exact=True).check()
    assert names.all_inner_texts() == [TRANSLATED, ORIGINAL]
    assert "itself a translation (translationese)" in page.locator(".view:visible").inner_text()
    assert page.locator(".views [role=status]").inner_text() == "Shown: scores as produced; translated sources."
    page.get_by_label("original", exact=True).check()
    assert names.all_inner_texts() == [ORIGINAL, TRANSLATED]


def test_the_page_filters_segments_by_them(page: Page) -> None:
    explorer = page.locator(".explorer").first
    explorer.scroll_into_view_if_needed()
    explorer.locator("[role=status]").wait_for()
    explorer.get_by_label("Order").select_option("document")
    explorer.get_by_label("Source text").select_option("translated")
    shown = [one.get_attribute("aria-label") for one in explorer.locator("article.segment").all()]
    assert shown == ["Segment d2:3", "Segment d2:4", "Segment d5:9", "Segment d5:10"]
    assert "written=translated" in page.url
