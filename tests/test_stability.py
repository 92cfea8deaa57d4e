"""Conclusions that hold, and those that change with what is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mteval import app, stability_command
from mteval.comparison import Comparison, Comparisons, Resampling
from mteval.stability import WORDS, Variant, _conclusion
from mteval.stability_page import page

HOW = Resampling(draws=0, seed=1, trials=100)


def comparisons(difference: float, p: float, *, higher_is_better: bool = True) -> Comparisons:
    pair = Comparison("a", "b", difference, None, p, None, 50)
    return Comparisons("m", ("a", "b"), higher_is_better, (pair,), 50, "segment", 50, HOW)


@pytest.mark.parametrize(
    ("own", "other", "outcome"),
    [
        ((2, 0.01), (1, 0.01), "same"),
        ((2, 0.01), (1, 0.4), "lost"),
        ((2, 0.01), (-1, 0.4), "lost"),
        ((2, 0.01), (-1, 0.01), "reversed"),
        ((2, 0.4), (1, 0.4), "same"),
        ((2, 0.4), (-1, 0.4), "same"),
        ((2, 0.4), (1, 0.01), "found"),
        ((2, 0.4), (-1, 0.01), "found"),
    ],
)
def test_what_becomes_of_a_conclusion(own: tuple[float, float], other: tuple[float, float], outcome: str) -> None:
    variants = [
        Variant("metric", "other", comparisons(*other)),
        Variant("gate", "errors", comparisons(-other[0], other[1], higher_is_better=False)),
    ]
    found = _conclusion(comparisons(*own), "a", "b", variants, {("a", "b"): 0.9})
    assert (found.better, found.told_apart, found.holds) == ("a", own[1] < 0.05, 0.9)
    assert set(found.outcomes.values()) == {outcome}


def rows(count: int = 40) -> list[dict[str, Any]]:
    """By words the first system is better, by letters the second."""
    found = []
    for number in range(count):
        words = [f"alpha{number % 7}", "bravo", "charlie", "delta", "echo", "foxtrot", f"golf{number}"]
        by_words = [*words[:-1], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
        by_letters = [word[:-1] + ("z" if at % 2 else word[-1]) for at, word in enumerate(words)]
        found.append(
            {
                "source": f"Fraza {number}.",
                "document": f"d{number // 10}",
                "references": {"r": " ".join(words)},
                "hypotheses": {
                    "words": " ".join(by_words),
                    "letters": " ".join(by_letters),
                    "same": " ".join(by_words),
                },
            }
        )
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[bleu,chrf]"]
    fast = ["bootstrap_draws=100", "significance.trials=200", "report=[json]", "store=null", "garble=[]"]
    assert app.run([*own, *fast, "output=run"]) == 0
    capfd.readouterr()
    return tmp_path


def test_a_run_whose_winner_depends_on_the_metric(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert stability_command.stability(["run", "--tokenizers", "--json"]) == 0
    (found,) = json.loads(capfd.readouterr().out)
    by_pair = {frozenset((one["better"], one["worse"])): one for one in found["conclusions"]}
    told = by_pair[frozenset(("words", "letters"))]
    assert (told["better"], told["told_apart"], told["holds"]) == ("words", True, 1.0)
    outcomes = {one["variant"]: one["outcome"] for one in told["outcomes"]}
    assert outcomes["chrF2"] == "reversed"
    assert outcomes["BLEU intl"] == "same"
    assert outcomes["BLEU char"] == "reversed"
    assert outcomes.keys() >= {"BLEU none"}
    assert "BLEU 13a" not in outcomes
    alike = by_pair[frozenset(("words", "same"))]
    assert (alike["told_apart"], alike["holds"]) == (False, 0.5)
    assert {one["outcome"] for one in alike["outcomes"]} == {"same"}


def test_what_is_shown_and_written(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert stability_command.stability(["run", "--output", "stable"]) == 0
    shown = capfd.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "chrF2: REVERSED" in shown
    assert "metric: 1 of 3 conclusions stay" in shown
    assert (run / "stable/stability.json").exists()
    written = (run / "stable/stability.html").read_text("utf-8")
    assert written.count("REVERSED</td>") == 3  # two systems are as good by one, and one is in the legend
    assert "<script" not in written


def test_names_are_escaped_on_the_page() -> None:
    from dataclasses import replace

    from mteval.stability import Stability

    hostile = "<script>alert(1)</script>"
    made = _conclusion(comparisons(1, 0.01), "a", "b", [Variant("metric", hostile, comparisons(1, 0.01))], {})
    found = Stability("ro-en", hostile, hostile, (("metric", hostile),), (replace(made, better=hostile),))
    assert "<script" not in page([found])
    assert all(word in page([found]) for word in WORDS.values())


def test_what_has_no_conclusions_is_refused(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert stability_command.stability(["run", "run"]) == 2
    assert "2 runs are named" in capfd.readouterr().err
    alone = [{**row, "hypotheses": {"words": row["hypotheses"]["words"]}} for row in rows(4)]
    Path("alone.jsonl").write_text("".join(json.dumps(row) + "\n" for row in alone), "utf-8")
    own = ["evalset=jsonl", "evalset.path=alone.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]"]
    fast = ["bootstrap_draws=10", "report=[json]", "store=null", "garble=[]", "output=alone"]
    assert app.run([*own, *fast]) == 0
    capfd.readouterr()
    assert stability_command.stability(["alone"]) == 2
    assert "no lang pair has two ranked systems" in capfd.readouterr().err
