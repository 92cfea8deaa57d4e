"""From a run to tasks for annotation, and from judgments back to gold scores."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mteval import app, import_command, meta_command, sample_command
from mteval.annotation.base import Item
from mteval.annotation.label_studio import LabelStudio
from mteval.annotation.pearmut import Pearmut
from mteval.annotation.sheet import Sheet
from mteval.segment import ErrorSpan

SYSTEMS = ("gamma", "delta")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = []
    for number in range(12):
        words = [f"word{number}", "one", "two", "three", "four", "five"]
        worse = words if number == 5 else words[:-2]
        rows.append(
            {
                "document": f"doc{number // 4}",
                "source": f"Fraza {number}.",
                "references": {"r": " ".join(words)},
                "hypotheses": {"gamma": " ".join(words), "delta": " ".join(worse)},
            }
        )
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf,ter]"]
    fast = ["bootstrap_draws=10", "significance.trials=10", "report=[json]", "store=null", "garble=[gate_marks]"]
    assert app.run([*own, *fast, "output=run"]) == 0
    return tmp_path


def sample(*arguments: str) -> None:
    assert sample_command.sample(["run", "--output", "people", *arguments]) == 0


def keys() -> list[dict[str, Any]]:
    return [json.loads(line)["key"] for line in Path("people/key.jsonl").read_text("utf-8").splitlines()]


def test_tasks_tell_no_system_and_the_key_does(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sample("--segments", "6", "--checks", "0.2")
    found = keys()
    written = "".join(path.read_text("utf-8") for path in Path("people/tasks").iterdir())
    assert not [name for name in (*SYSTEMS, "doc0", "damaged", "repeated") if name in written]
    judged = [key for key in found if key["check"] is None]
    assert len({key["segment"] for key in judged}) == 6
    assert {name for key in judged for name in key["systems"]} == set(SYSTEMS)
    assert {key["check"] for key in found} == {None, "damaged", "repeated"}
    assert {key["reason"] for key in judged} >= {"random", "metrics disagree", "top systems differ"}
    assert sum(key["reason"] == "random" for key in {key["segment"]: key for key in judged}.values()) == 2
    order = [(key["segment"], key["systems"]) for key in judged]
    assert order != sorted(order)
    said = capfd.readouterr().out
    assert "items on 6 segments: 2 random" in said
    assert "not for them: people/key.jsonl" in said


def test_hypotheses_that_are_the_same_are_asked_about_once(run: Path) -> None:
    sample("--segments", "12", "--checks", "0")
    by_segment: dict[str, list[list[str]]] = {}
    for key in keys():
        by_segment.setdefault(key["segment"], []).append(key["systems"])
    assert by_segment.pop("doc1:6") == [["gamma", "delta"]]
    assert all(sorted(systems) == [["delta"], ["gamma"]] for systems in by_segment.values())


def test_the_same_seed_chooses_the_same(run: Path) -> None:
    sample("--segments", "5")
    first = Path("people/key.jsonl").read_bytes()
    for seed, same in (("12345", True), ("2", False)):
        assert sample_command.sample(["run", "--output", f"again{seed}", "--segments", "5", "--seed", seed]) == 0
        assert (Path(f"again{seed}/key.jsonl").read_bytes() == first) is same


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judgments(say: Callable[[dict[str, Any], str], float], annotators: tuple[str, ...] = ("ana", "ion", "eva")) -> Path:
    """Spreadsheets that annotators filled in; one file for all of them."""
    by_item = {key["item"]: key for key in keys()}
    rows = table(Path("people/tasks/sheet.csv"))
    with Path("filled.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]))
        sheet.writeheader()
        for annotator in annotators:
            for row in rows:
                score = say(by_item[row["item"]], annotator)
                sheet.writerow({**row, "score": f"{score:g}", "annotator": annotator})
    return Path("filled.csv")


def test_judgments_become_gold_scores_that_meta_judges_by(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sample("--segments", "12", "--checks", "0.5")
    base = {"gamma": 90.0, "delta": 60.0}

    def say(key: dict[str, Any], annotator: str) -> float:
        if annotator == "eva":
            return 90.0 if key["check"] == "damaged" else 50.0 + sum(map(ord, key["item"])) % 7
        if key["check"] == "damaged":
            return 5.0
        return base[key["systems"][0]] + int(key["segment"].partition(":")[2]) / 2 + (annotator == "ion")

    assert import_command.import_judgments(["people", str(judgments(say))]) == 0
    said = capfd.readouterr().out
    assert "eva: 23 judgments" in said
    assert "stands apart: saw" in said
    assert "ro-en: gamma is better than delta by" in said
    assert import_command.import_judgments(["people", "filled.csv", "--without", "eva"]) == 0
    said = capfd.readouterr().out
    assert "stands apart" not in said
    gold = {
        row["id"]: row["gold"] for row in map(json.loads, Path("people/gold.jsonl").read_text("utf-8").splitlines())
    }
    assert gold["doc0:2"] == {"gamma": 91.5, "delta": 61.5}
    assert gold["doc1:6"]["gamma"] == gold["doc1:6"]["delta"]
    own = ["evalset=jsonl", "evalset.path=people/gold.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf,ter]"]
    fast = ["bootstrap_draws=10", "significance.trials=10", "report=[json]", "store=null", "garble=[]"]
    assert app.run([*own, *fast, "output=judged"]) == 0
    capfd.readouterr()
    assert meta_command.meta(["judged", "--json", "--draws", "0"]) == 0
    judged = json.loads(capfd.readouterr().out)["pairs"][0]
    assert judged["gold_scores"] == 24


ITEM = Item(
    "abc",
    "ro-en",
    ("Înainte.",),
    "Sursă & <b>.",
    "=A bad 😀 one, a bad one.",
    (ErrorSpan(3, 6, "Fluency/Grammar", "major"),),
)


@pytest.mark.parametrize("protocol", ["esa", "mqm"])
def test_a_sheet_holds_errors_that_are_filled_in_and_no_formula(tmp_path: Path, protocol: Any) -> None:
    (path,) = Sheet().write([ITEM], protocol, tmp_path)
    rows = table(path)
    assert rows[0]["translation"] == "'" + ITEM.hypothesis
    category = " [Fluency/Grammar]" if protocol == "mqm" else ""
    assert rows[0]["errors"] == f"major{category}: bad"
    rows[0] |= {"errors": f"{rows[0]['errors']}\nminor: bad\nmajor: [missing]", "score": "66,5", "annotator": "ana"}
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]))
        sheet.writeheader()
        sheet.writerows(rows)
    (found,) = Sheet().read(path)
    assert (found.item, found.annotator, found.score) == ("abc", "ana", 66.5)
    places = [(span.start, span.end, span.severity) for span in found.spans]
    assert places == [(3, 6, "major"), (16, 19, "minor"), (24, 24, "major")]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"score": "many"}, "the score 'many' is no number"),
        ({"score": "101"}, "is not from 0 to 100"),
        ({"errors": "awful: bad"}, "the error 'awful: bad' cannot be read"),
        ({"errors": "major: nowhere"}, "the words 'nowhere' are not in the translation"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_named(tmp_path: Path, changed: dict[str, str], problem: str) -> None:
    (path,) = Sheet().write([replace(ITEM, spans=())], "esa", tmp_path)
    rows = table(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]))
        sheet.writeheader()
        sheet.writerow({**rows[0], "annotator": "ana", "score": "5", **changed})
    from mteval.errors import DataError

    with pytest.raises(DataError, match=problem):
        list(Sheet().read(path))


@pytest.mark.parametrize("protocol", ["esa", "mqm"])
def test_label_studio_takes_tasks_and_gives_judgments(tmp_path: Path, protocol: Any) -> None:
    tasks, interface = LabelStudio().write([ITEM], protocol, tmp_path)
    tree = etree.fromstring(interface.read_bytes())
    names = {one.get("name") for one in tree.iter() if one.get("name")}
    assert names >= {"errors", "translation", "omission", "score" if protocol == "esa" else "category"}
    (task,) = json.loads(tasks.read_text("utf-8"))
    assert not LabelStudio().reads(tasks)
    (filled,) = [one for one in task["predictions"][0]["result"] if one["type"] == "labels"]
    assert filled["value"]["text"] == "bad"
    emoji = ITEM.hypothesis.index("😀")
    more = [
        {**filled, "id": "x", "value": {"start": emoji + 3, "end": emoji + 6, "text": "one", "labels": ["minor"]}},
        {"id": "y", "from_name": "score", "to_name": "translation", "type": "number", "value": {"number": 70}},
        {"id": "z", "from_name": "omission", "type": "choices", "value": {"choices": ["Something is missing"]}},
    ]
    annotations = [
        {"completed_by": 3, "result": [], "was_cancelled": True},
        {"completed_by": {"id": 3, "email": "ana@example.com"}, "result": [*task["predictions"][0]["result"], *more]},
    ]
    (export := tmp_path / "export.json").write_text(
        json.dumps([{**task, "id": 1, "annotations": annotations}]), "utf-8"
    )
    assert LabelStudio().reads(export)
    (found,) = LabelStudio().read(export)
    assert (found.item, found.annotator, found.score) == ("abc", "ana@example.com", 70)
    texts = [ITEM.hypothesis[span.start : span.end] for span in found.spans]
    assert texts == ["bad", "one", ""]  # the second is counted in units of UTF-16, as browsers do


@pytest.mark.parametrize("protocol", ["esa", "mqm"])
def test_pearmut_takes_a_campaign_and_gives_judgments(tmp_path: Path, protocol: Any) -> None:
    (path,) = Pearmut().write([ITEM], protocol, tmp_path)
    campaign = json.loads(path.read_text("utf-8"))
    assert campaign["info"]["protocol"] == protocol.upper()
    assert not Pearmut().reads(path)
    ((item,),) = campaign["data"]
    (span,) = item["error_spans"]["translation"]
    assert (span["start_i"], span["end_i"]) == (3, 5)
    said = {"score": 40, "error_spans": [span, {"start_i": 999, "end_i": 1005, "severity": "minor", "category": None}]}
    lines = [
        {"user_id": "u1", "item": [{"text": "?"}]},
        {"user_id": "u1", "item": [item], "annotation": [{"translation": {"score": 10, "error_spans": []}}]},
        {"user_id": "u1", "item": [item], "annotation": [{"translation": said}]},
        {"user_id": "u2", "item": [item], "annotation": [None]},
    ]
    (export := tmp_path / "annotations.json").write_text(json.dumps({campaign["campaign_id"]: lines}), "utf-8")
    assert Pearmut().reads(export)
    (found,) = Pearmut().read(export)
    assert (found.item, found.annotator, found.score) == ("abc", "u1", 40)
    assert [(one.start, one.end, one.severity) for one in found.spans] == [(3, 6, "major"), (24, 24, "minor")]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["run", "--segments", "0"], "0 is fewer than one"),
        (["run", "--random", "2"], "2 is no share"),
        (["run", "--systems", "nobody"], "nobody is not in ro-en; choose from gamma, delta"),
        (["run", "--spans", "xcomet"], "xcomet is no metric of the run"),
        (["run", "run"], "2 runs are named"),
    ],
)
def test_what_cannot_be_sampled_is_refused(run: Path, arguments: list[str], problem: str, capfd: Any) -> None:
    assert sample_command.sample([*arguments, "--output", "people"]) == 2
    assert problem in capfd.readouterr().err
    assert not Path("people/key.jsonl").exists()


def test_what_cannot_be_imported_is_refused(run: Path, capfd: Any) -> None:
    sample("--segments", "3")
    Path("other.csv").write_text("item,context,source,translation,errors,score,annotator\nzzz,,s,t,,5,ana\n", "utf-8")
    Path("other.txt").write_text("x", "utf-8")
    for given, problem in (
        (["people"], "no judgments are named"),
        (["people", "other.txt"], "is of no tool that is known"),
        (["people", "other.csv"], "item 'zzz' was not asked for"),
        (["people", "people/tasks/sheet.csv"], "holds no judgment"),
        (["run", "other.csv"], "holds no key.jsonl"),
    ):
        assert import_command.import_judgments(given) == 2
        assert problem in capfd.readouterr().err


@pytest.mark.parametrize(("severity", "gold"), [("minor", -0.1), ("Major", -5.0), ("catastrophic", None)])
def test_errors_weigh_as_in_mqm(run: Path, capfd: Any, severity: str, gold: float | None) -> None:
    sample("--segments", "3", "--protocol", "mqm")
    asked = next(key for key in keys() if key["check"] is None)
    row = next(row for row in table(Path("people/tasks/sheet.csv")) if row["item"] == asked["item"])
    place = {"start": 0, "end": 1}
    result = [
        {"id": "e", "from_name": "errors", "value": {**place, "labels": [severity]}},
        {"id": "e", "from_name": "category", "value": {**place, "choices": ["Fluency/Punctuation"]}},
    ]
    task = {"data": row, "annotations": [{"completed_by": 1, "result": result}]}
    Path("label.json").write_text(json.dumps([task]), "utf-8")
    code = import_command.import_judgments(["people", "label.json"])
    if gold is None:
        assert code == 2
        assert "label.json: task 1: an error of severity 'catastrophic'" in capfd.readouterr().err
    else:
        assert code == 0
        (line,) = map(json.loads, Path("people/gold.jsonl").read_text("utf-8").splitlines())
        assert set(line["gold"].values()) == {gold}
