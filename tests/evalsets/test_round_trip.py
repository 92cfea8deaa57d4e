"""Round trips: from the eval set to the report, with Apertium's own modes there and back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mteval import app, report_command
from mteval.config import build
from mteval.errors import ConfigError
from mteval.evalsets.documents import DocumentFolder
from mteval.evalsets.jsonl import JsonLines
from mteval.evalsets.round_trip import RoundTrip
from mteval.files import read_jsonl
from mteval.garble.base import Line, Text
from mteval.garble.language import UntranslatedWords
from mteval.gate import Gate
from mteval.lang import LangPair
from tests.test_configs import composed

PT_PT, PT_EN = LangPair("pt", "pt"), LangPair("pt", "en")
needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)


def test_the_sources_are_the_references() -> None:
    seeds = DocumentFolder("seeds", "package:seeds", {"mteval": "package:references"})
    there, back = seeds.load(PT_EN, [PT_EN]), RoundTrip(seeds, "en").load(PT_PT, [PT_PT])
    assert (back.name, back.pair, back.hypotheses) == ("seeds (round trip)", PT_PT, {})
    assert back.reference_names == ("source",)
    assert [segment.source for segment in back.scored] == [segment.source for segment in there.scored]
    assert all(segment.references == {"source": segment.source} for segment in back.segments)
    assert [segment.id for segment in back.segments] == [segment.id for segment in there.segments]
    assert back.documents == there.documents
    assert all(segment.notes is None and not segment.gold for segment in back.segments)
    assert RoundTrip(seeds, "en").needs(PT_PT) == seeds.needs(PT_EN)


def test_the_other_test_set_is_read_in_a_lang_pair_that_it_has(tmp_path: Path) -> None:
    row = {"source": "um", "references": {"r": "one"}, "hypotheses": {"s": "ein"}, "gold": {"s": 1.0}}
    (tmp_path / "set.pt-de.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    found = RoundTrip(JsonLines(str(tmp_path / "set.{lang_pair}.jsonl")), "de").load(PT_PT, [PT_PT])
    assert found.scored[0].references == {"source": "um"}
    assert not found.hypotheses
    assert not found.scored[0].gold


def test_round_trips_and_translations_are_not_mixed_up() -> None:
    seeds = DocumentFolder("seeds", "package:seeds")
    with pytest.raises(ConfigError, match=r"lang_pairs\.pt-en: a round trip ends .* write lang_pairs=\[pt-pt\]"):
        RoundTrip(seeds, "en").load(PT_EN, [PT_EN])
    with pytest.raises(ConfigError, match=r"evalset\.target: pt-pt is no lang pair"):
        RoundTrip(seeds, "pt").load(PT_PT, [PT_PT])
    with pytest.raises(ConfigError, match=r"evalset\.of: reads no test set"):
        RoundTrip(RoundTrip(seeds, "en"), "en")
    with pytest.raises(ConfigError, match=r"lang_pairs\.pt-pt: source and target are both pt; .* evalset=round_trip"):
        build(composed("lang_pairs=[pt-pt]"))
    with pytest.raises(ConfigError, match=r"lang_pairs\.pt-por: source and target are both pt"):
        build(composed("lang_pairs=[pt-por]"))
    assert build(composed("evalset=round_trip", "lang_pairs=[pt-pt]")).evaluation.pairs == [PT_PT]
    nested = composed(
        "evalset=round_trip", "evalset@evalset.of=documents", "evalset.of.path=texts", "lang_pairs=[ro-ro]"
    )
    assert build(nested).config["evalset"]["of"]["path"] == "texts"


def test_a_good_round_trip_is_not_marked_and_a_bad_one_is() -> None:
    text = "Os dois países assinaram um acordo em Pyongyang na quarta-feira."
    gate = Gate()
    assert gate.marks(text, text, PT_PT) == ()
    assert [mark.kind for mark in gate.marks(text, text, PT_EN)] == ["copied", "wrong_language"]
    english = "Both countries signed an agreement in Pyongyang on the Wednesday."
    assert [mark.kind for mark in gate.marks(text, english, PT_PT)] == ["wrong_language"]
    assert [mark.kind for mark in gate.marks(text, "", PT_PT)] == ["empty"]


def test_words_of_the_source_are_no_evidence_in_its_own_language() -> None:
    lines = (Line("d:1", "O gato dorme bem.", "O gato dorme bem."),)
    assert UntranslatedWords().blind(Text("d", "s", "pt", "por", lines)) == "the source is in the same language"
    assert UntranslatedWords().blind(Text("d", "s", "en", "pt", lines)) is None


@needs_apertium
def test_the_experiment_goes_all_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["experiment=round_trip", "store=null", "bootstrap_draws=10", "offline=true", "output=out"]) == 0
    printed, errors = capfd.readouterr()
    assert errors == ""
    assert printed.startswith("pt-pt, seeds (round trip)\n")
    assert "Warning: pt-pt: a round trip:" in printed
    rows = [row for _, row in read_jsonl(Path("out/segments.jsonl")) if not row["furniture"]]
    names = {"round_trip_es", "round_trip_ca", "round_trip_en"}
    assert all(set(row["hypotheses"]) == names for row in rows)
    assert all(row["references"] == {"source": row["source"]} for row in rows)
    assert all(marks == [] for row in rows for marks in row["marks"].values())
    verdicts = [row for _, row in read_jsonl(Path("out/verdicts.jsonl")) if row["system"]]
    assert {row["verdict"] for row in verdicts} <= {"clean", "suspect"}
    board = json.loads(Path("out/leaderboard.json").read_text("utf-8"))
    assert "a round trip" in json.dumps(board)
    assert "(round trip)" in Path("out/leaderboard.html").read_text("utf-8")
    # What is far goes through more rules on the way: English there and back is worse than Spanish.
    for row in rows[:3]:
        assert row["scores"]["round_trip_es"]["chrf"] >= row["scores"]["round_trip_en"]["chrf"]
    assert report_command.report(["out", "output=again", "report=[markdown]"]) == 0
    assert "seeds (round trip)" in Path("again/leaderboard.md").read_text("utf-8")
