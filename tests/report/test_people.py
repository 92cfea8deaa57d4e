"""How well metrics agree with people, beside their scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mteval import app, meta_command, report_command
from mteval.errors import DataError
from mteval.lang import LangPair
from mteval.metrics.lexical import Bleu, Chrf
from mteval.report import people

CARDS = {"chrf": Chrf().card, "bleu": Bleu().card}


def gold_set(
    name: str, pair: str, scores: int, garbled: dict[str, Any] | None = None, **metrics: float
) -> dict[str, Any]:
    return {"eval_set": name, "lang_pair": pair, "gold_scores": scores, "metrics": metrics, "garbled": garbled}


def test_the_nearest_set_speaks() -> None:
    sets = [
        gold_set("large", "de-en", 9000, BLEU=0.5, chrF2=0.6),
        gold_set("near", "ro-en", 100, {"precision": 0.5, "recall": 0.25}, chrF2=0.4),
        gold_set("nearer", "ro-en", 200, chrF2=0.45),
        gold_set("other", "ro-de", 900, BLEU=0.9, chrF2=0.9),
    ]
    assert list(people.notes(sets, LangPair("ro", "en"), CARDS)) == [
        "Agreement with people, as Pearson's correlation of segments on the nearest gold set: chrF2 0.45 (nearer "
        "ro-en, 200 gold scores); BLEU 0.50 (large de-en, 9,000 gold scores).",
        "Verdicts on segments, by people on near ro-en, 100 gold scores: precision 50%, recall 25%.",
    ]
    assert list(people.notes(sets, LangPair("ro", "fr"), CARDS)) == []
    assert list(people.notes([], LangPair("ro", "en"), CARDS)) == []


def test_what_meta_found_stands_in_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["one", "two", "three", "four", "five", "six", "seven"]
    rows = [
        {
            "source": f"Fraza {number}.",
            "references": {"r": " ".join(words)},
            "hypotheses": {"a": " ".join(words[: 2 + number % 6])},
            "gold": {"a": float(10 * (number % 6))},
        }
        for number in range(12)
    ]
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]"]
    fast = ["bootstrap_draws=0", "significance.trials=0", "report=[markdown]", "store=null", "garble=[gate_marks]"]
    assert app.run([*own, *fast, "output=judged"]) == 0
    assert meta_command.meta(["judged", "--draws", "0", "--bad-at", "0", "--output", "meta"]) == 0
    value = json.loads(Path("meta/meta.json").read_text("utf-8"))["pairs"][0]["found"][0]["metrics"]["chrf"]["value"]
    told = f"chrF2 {value:.2f} (set ro-en, 12 gold scores)"
    assert app.run([*own, *fast, "output=again", "people=[meta/meta.json]"]) == 0
    assert report_command.report(["judged", "output=later", "people=[meta/meta.json]", "report=[markdown]"]) == 0
    assert report_command.report(["again", "output=anew", "report=[markdown]"]) == 0
    for folder in ("again", "later", "anew"):
        written = Path(folder, "leaderboard.md").read_text("utf-8")
        assert told in written.replace("\\", ""), folder
        assert "Verdicts on segments, by people on set ro" in written.replace("\\", "")
    assert told not in Path("judged/leaderboard.md").read_text("utf-8").replace("\\", "")
    capfd.readouterr()
    Path("wrong.json").write_text("{}", "utf-8")
    for name, problem in (("nowhere.json", "no such file"), ("wrong.json", "is not as mteval meta writes it")):
        assert app.run([*own, *fast, "output=no", f"people=[{name}]"]) == 2
        assert problem in capfd.readouterr().err


def test_what_is_no_meta_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "meta.json").write_text('{"metrics": {}, "pairs": [{}]}', "utf-8")
    with pytest.raises(DataError, match=r"name the meta\.json that mteval meta"):
        people.read(path)
