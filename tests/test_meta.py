"""Metrics are judged by the gold scores of a run, with what a run's folder holds alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from scipy import stats

from mteval import app, failed_cells, meta_command
from mteval.composition import compose
from mteval.config import build_metrics
from mteval.correlations import Groups
from mteval.errors import DataError
from mteval.meta import _leaks
from mteval.meta_garble import average_precision, roc_area
from mteval.metrics.lexical import Chrf
from mteval.soft_accuracy import soft_pairwise_accuracy
from mteval.tie_calibration import Pairs

SYSTEMS = ("good", "fair", "poor")
WORDS = tuple("the old man saw a small boat on the river and went home before the rain began".split())  # noqa: SIM905


def rows(count: int = 12, documents: int = 4) -> list[dict[str, Any]]:
    """Segments whose hypotheses lose words, the more the worse the system, and gold scores that follow that, but for
    some noise."""
    generator = np.random.default_rng(3)
    found = []
    for number in range(count):
        words = [WORDS[int(at)] for at in generator.permutation(len(WORDS))]
        hypotheses, gold = {}, {}
        for at, system in enumerate(SYSTEMS):
            lost = int(generator.integers(0, 3)) + 2 * at
            hypotheses[system] = " ".join(words[lost:])
            gold[system] = round(100 - 8 * lost + generator.normal() * 6, 1)
        found.append(
            {
                "document": f"d{number * documents // count}",
                "source": " ".join(reversed(words)),
                "references": {"r": " ".join(words)},
                "hypotheses": hypotheses,
                "gold": gold,
            }
        )
    return found


Judge = Callable[..., dict[str, Any]]


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Judge:
    """Runs metrics over rows, and gives what ``mteval meta --json`` says of them."""
    monkeypatch.chdir(tmp_path)

    def run(given: list[dict[str, Any]], *arguments: str, metrics: str = "[bleu,chrf,ter]", garble: str = "[]") -> Any:
        Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given), "utf-8")
        own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", f"garble={garble}"]
        fast = ["bootstrap_draws=10", "significance.trials=10", "report=[json]", "store=null", f"metrics={metrics}"]
        assert app.run([*own, *fast, "output=run", "overwrite=true"]) == 0
        capfd.readouterr()
        code = meta_command.meta(["run", "--json", *arguments])
        said = capfd.readouterr()
        assert code == 0, said.err
        return json.loads(said.out)

    return run


def found(judged: dict[str, Any], level: str, coefficient: str) -> dict[str, Any]:
    (one,) = [q for q in judged["pairs"][0]["found"] if (q["level"], q["coefficient"]) == (level, coefficient)]
    return dict(one)


def matrices(given: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Gold scores and chrF's, by hand."""
    gold = np.array([[row["gold"][system] for row in given] for system in SYSTEMS])
    chrf = Chrf()
    items = [[(row["hypotheses"][system], row["references"]["r"]) for row in given] for system in SYSTEMS]
    from mteval.metrics.base import Item

    scores = [
        [score.score for _, score in sorted(chrf.score([Item("", one, (other,)) for one, other in of_system]))]
        for of_system in items
    ]
    return gold, np.array(scores, float)


def test_segments_are_judged_as_by_hand(judge: Judge) -> None:
    given = rows()
    judged = judge(given, "--draws", "100")
    gold, chrf = matrices(given)
    pair = judged["pairs"][0]
    assert (pair["systems"], pair["segments"], pair["gold_scores"]) == (list(SYSTEMS), 12, 36)
    by_pearson = found(judged, "segment", "pearson")["metrics"]["chrf"]
    assert by_pearson["value"] == pytest.approx(stats.pearsonr(gold.ravel(), chrf.ravel()).statistic)
    assert by_pearson["low"] < by_pearson["value"] < by_pearson["high"]
    of_segments = [stats.kendalltau(*pair).statistic for pair in zip(gold.T, chrf.T, strict=True)]
    assert found(judged, "segment", "kendall")["metrics"]["chrf"]["value"] == pytest.approx(np.mean(of_segments))
    groups = Groups.of(gold, "segment")
    best, tie = Pairs.of(groups).calibrated(chrf)
    by_accuracy = found(judged, "segment", "accuracy")
    assert by_accuracy["by"] == "segment"
    assert by_accuracy["metrics"]["chrf"]["value"] == pytest.approx(best)
    assert by_accuracy["metrics"]["chrf"]["tie"] == pytest.approx(tie)


def test_systems_are_judged_by_the_metrics_own_system_scores(judge: Judge) -> None:
    given = rows()
    judged = judge(given, "--draws", "50")
    gold, chrf = matrices(given)
    leaderboard = json.loads(Path("run/leaderboard.json").read_text("utf-8"))
    scores = {row["system"]: row["scores"]["bleu"]["score"] for row in leaderboard["pairs"][0]["systems"]}
    expected = stats.pearsonr(gold.mean(axis=1), [scores[system] for system in SYSTEMS]).statistic
    assert found(judged, "system", "pearson")["metrics"]["bleu"]["value"] == pytest.approx(expected)
    soft = found(judged, "system", "soft accuracy")
    assert soft["metrics"]["chrf"]["value"] == pytest.approx(soft_pairwise_accuracy(gold, chrf))
    assert soft["tests"] == []
    assert soft["metrics"]["chrf"]["rank"] is None
    assert found(judged, "system", "accuracy")["metrics"]["chrf"]["value"] == 1


def test_an_error_rate_agrees_as_its_opposite_and_so_does_gold_where_less_is_better(judge: Judge) -> None:
    given = rows()
    judged = judge(given, "--draws", "0")
    assert found(judged, "segment", "pearson")["metrics"]["ter"]["value"] > 0.3
    for row in given:
        row["gold"] = {system: -score for system, score in row["gold"].items()}
    assert judge(given, "--draws", "0", "--lower-is-better")["pairs"] == judged["pairs"]
    other = judge(given, "--draws", "0")
    assert found(other, "segment", "pearson")["metrics"]["ter"]["value"] < -0.3


def test_metrics_are_tested_against_one_another(judge: Judge) -> None:
    judged = judge(rows(40), "--draws", "200", metrics="[chrf,bleu]")
    test = found(judged, "segment", "pearson")
    (one,) = test["tests"]
    values = {name: found["value"] for name, found in test["metrics"].items()}
    assert values[one["better"]] > values[one["worse"]]
    assert 0 <= one["p"] < 1
    ranks = {name: found["rank"] for name, found in test["metrics"].items()}
    assert ranks == {one["better"]: 1, one["worse"]: 2 if one["p"] < 0.05 else 1}


def test_what_has_no_gold_score_is_left_out_and_told(judge: Judge) -> None:
    given = rows()
    del given[0]["gold"]["good"]
    given[1]["gold"] = {}
    for row in given[2:]:
        row["gold"]["unseen"] = 1
    judged = judge(given, "--draws", "20")
    pair = judged["pairs"][0]
    assert (pair["segments"], pair["gold_scores"]) == (11, 32)
    assert pair["notices"] == ["gold scores of unseen are left out: no such system ran"]


def test_one_system_is_judged_over_all_its_segments(judge: Judge) -> None:
    given = rows()
    for row in given:
        row["hypotheses"] = {"good": row["hypotheses"]["good"]}
        row["gold"] = {"good": row["gold"]["good"]}
    judged = judge(given, "--draws", "50")
    assert {(q["level"], q["by"]) for q in judged["pairs"][0]["found"]} == {("segment", "all")}
    by_accuracy = found(judged, "segment", "accuracy")["metrics"]["chrf"]
    assert by_accuracy["low"] < by_accuracy["value"] < by_accuracy["high"]


def test_tables_fit_a_terminal_and_files_hold_the_same(judge: Judge, capfd: pytest.CaptureFixture[str]) -> None:
    judge(rows(), "--draws", "20", "--output", "meta")
    assert meta_command.meta(["run", "--draws", "20"]) == 0
    shown = capfd.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "36 gold scores of 3 systems on 12 segments." in shown
    written = Path("meta/meta.md").read_text("utf-8")
    assert "| chrF2 |" in written
    value = json.loads(Path("meta/meta.json").read_text("utf-8"))["pairs"][0]["found"][0]["metrics"]["chrf"]["value"]
    assert f"{value:.3f}" in shown
    assert f"{value:.3f}" in written


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "no run is named"),
        (["nowhere"], "no such folder"),
        (["run", "--draws", "-1"], "-1 is less than none"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: list[str],
    problem: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert meta_command.meta(arguments) == 2
    assert problem in capsys.readouterr().err


def test_a_run_without_gold_scores_says_how_to_get_some(judge: Judge, capfd: pytest.CaptureFixture[str]) -> None:
    given = rows()
    for row in given:
        del row["gold"]
    with pytest.raises(AssertionError, match="no lang pair has gold scores; run an eval set with gold scores"):
        judge(given)


def test_a_metric_that_was_trained_on_the_test_set_is_named() -> None:
    card = replace(Chrf().card, label="Trained", trained_on=("wmt20", "MLQE-PE"))
    told = "Trained was trained on gold scores of MLQE-PE: its agreement here says little of other texts"
    assert list(_leaks("mlqe-pe", {"t": card, "u": Chrf().card})) == [told]
    assert list(_leaks("mlqe-pe.ro-en", {"t": card})) == [told]
    assert list(_leaks("wmt2021", {"t": card})) == []
    assert len(list(_leaks("wmt20_tworefs", {"t": card}))) == 1


def test_configs_say_what_checkpoints_were_trained_on() -> None:
    config = compose(["metrics=[comet_qe_mini,comet22,metricx24_hybrid_xl,bleurt20,cometkiwi22,chrf]"], [])
    cards = {
        name: metric.card for name, metric in build_metrics(config, OmegaConf.to_container(config.metrics), "x").items()
    }
    assert cards["comet_qe_mini"].trained_on == ("mlqe-pe",)
    assert "mlqe-pe" in cards["cometkiwi22"].trained_on
    assert all(cards[name].trained_on for name in cards if name != "chrf")
    assert cards["chrf"].trained_on == ()


few = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5, 0.9])), min_size=2, max_size=15)


@given(few)
def test_areas_are_what_they_are_defined_as(given: list[tuple[bool, float]]) -> None:
    bad, probabilities = np.array([one for one, _ in given]), np.array([other for _, other in given])
    if bad.all() or not bad.any():
        assert np.isnan(roc_area(bad, probabilities))
        return
    pairs = [(one > other) + (one == other) / 2 for one in probabilities[bad] for other in probabilities[~bad]]
    assert roc_area(bad, probabilities) == pytest.approx(np.mean(pairs))
    precisions = [bad[probabilities >= one].mean() for one in probabilities[bad]]
    assert average_precision(bad, probabilities) == pytest.approx(np.mean(precisions))


def test_verdicts_are_judged_by_what_people_found_bad(judge: Judge, capfd: pytest.CaptureFixture[str]) -> None:
    given = rows(10, 1)
    for number in (2, 5, 7):
        given[number]["hypotheses"]["poor"] = "boat boat boat boat boat boat boat boat boat boat boat"
        given[number]["gold"]["poor"] = 1.0
    judged = judge(given, "--draws", "20", "--bad-at", "1", garble="[gate_marks,doubled_words]")
    found = judged["pairs"][0]["garbled"]
    assert (found["bad"], found["hypotheses"]) == (3, 30)
    assert 0.9 < found["roc_area"] <= 1  # one of the others says a word twice
    assert 0.5 < found["average_precision"] <= 1
    assert found["found"] <= found["flagged"] <= 30
    assert found["roc"][0] == [0, 0]
    assert found["roc"][-1] == [1, 1]
    assert meta_command.meta(["run", "--draws", "0", "--bad-at", "1"]) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "Verdicts: people gave 3 of 30 hypotheses at most 1." in shown
    assert f"average precision {found['average_precision']:.3f}, 0.100 by chance." in shown
    said = judge(given, "--draws", "0", "--bad-at", "-50", garble="[]")
    assert any("verdicts are not judged" in notice for notice in said["pairs"][0]["notices"])


def test_cells_of_a_sweep_that_failed_are_told(judge: Judge, capfd: pytest.CaptureFixture[str]) -> None:
    judge(rows())
    Path("sweep").mkdir()
    Path("run").rename("sweep/0")
    failed_cells.record(Path("sweep/1"), ["seed=1"], DataError("a checkpoint", "is gone", "get it"))
    assert meta_command.meta(["sweep", "--json"]) == 0
    assert capfd.readouterr().err == "mteval: warning: sweep/1 (seed=1): a checkpoint: is gone; get it\n"
