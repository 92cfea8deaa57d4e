import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mteval.report.base import Report
from mteval.report.fakes import METRICS, fake_result
from mteval.report.record import Record
from mteval.report.segments import Segments
from mteval.report.verdicts import Verdicts


def lines(report: Report, folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report.write(fake_result(), folder).read_text("utf-8").splitlines()]


def test_every_segment_has_a_line_in_order_and_furniture_no_hypotheses(tmp_path: Path) -> None:
    found = lines(Segments(), tmp_path)
    assert [line["segment"] for line in found] == ["p1:1.1", "p1:2.1", "p1:3.1", "p2:1.1", "p2:2.1"]
    assert [line["furniture"] for line in found] == [False, False, True, False, False]
    assert found[2]["hypotheses"] == found[2]["scores"] == found[2]["verdicts"] == {}
    assert found[2]["source_verdict"] is None
    assert found[4]["hypotheses"]["opus"] == "Kim said yes."  # aligned after the furniture


def test_a_segments_line_holds_all_that_was_found(tmp_path: Path) -> None:
    _, second, _, third, last = lines(Segments(), tmp_path)
    assert second["lang_pair"] == "pt-en"
    assert second["source"] == "A chuva começou cedo & não parou."
    assert second["references"] == {"human": "The rain started early and did not stop."}
    assert (second["notes"], second["gold"]) == ("The reference is kept short.", {"opus": 91.5})
    assert second["hypotheses"]["apertium"] == ""
    assert second["scores"]["apertium"] == {"kiwi": None}
    assert second["marks"]["apertium"] == [{"kind": "empty", "message": "Nothing was produced.", "start": 0, "end": 0}]
    assert second["spans"]["opus"] == {"kiwi": []}
    assert third["spans"]["opus"] == {
        "kiwi": [{"start": 4, "end": 12, "category": "accuracy", "severity": "major", "confidence": 0.75}]
    }
    assert second["source_verdict"] == {"verdict": "clean", "probability": 0.02}
    assert second["verdicts"]["apertium"] == {"verdict": "garbled", "probability": 0.96}
    assert second["verdicts"]["silent"] is None
    assert last["source_verdict"] == {"verdict": "garbled", "probability": 0.96}
    assert last["truncated"] == {"shuffled": [], "apertium": ["kiwi"], "silent": [], "opus": [], "human": []}


def test_furniture_that_was_included_is_a_segment_like_any_other(tmp_path: Path) -> None:
    result = fake_result()
    (pair,) = result.pairs
    eval_set = replace(pair.eval_set, include_furniture=True)
    system = pair.systems[1]
    five = replace(
        system,
        hypotheses=replace(system.hypotheses, texts=("a", "b", "c", "d", "e")),
        marks=((),) * 5,
        segment_scores={},
        truncated={},
    )
    path = Segments().write(replace(result, pairs=(replace(pair, eval_set=eval_set, systems=(five,)),)), tmp_path)
    line = json.loads(path.read_text("utf-8").splitlines()[2])
    assert (line["furniture"], line["hypotheses"]) == (True, {"apertium": "c"})


def test_every_verdict_has_a_line_sources_first(tmp_path: Path) -> None:
    found = lines(Verdicts(), tmp_path)
    assert [(line["system"], line["document"]) for line in found[:4]] == [
        (None, "p1"),
        (None, "p2"),
        ("shuffled", "p1"),
        ("shuffled", "p2"),
    ]
    assert len(found) == 2 + 4 * 2


def test_a_verdicts_line_quotes_its_evidence(tmp_path: Path) -> None:
    found = {(line["system"], line["document"]): line for line in lines(Verdicts(), tmp_path)}
    source = found[None, "p2"]
    assert (source["verdict"], source["probability"], source["source_verdict"]) == ("garbled", 0.97, None)
    assert source["evidence"][0] == {
        "signal": "hyphen",
        "family": "surface",
        "segment": "p2:1.1",
        "start": 8,
        "end": 22,
        "strength": 0.9,
        "message": "A space stands before a hyphen.",
        "text": "norte -coreano",
    }
    assert source["evidence"][2]["text"] is None
    apertium = found["apertium", "p2"]
    assert apertium["source_verdict"] == "garbled"
    assert [one["text"] for one in apertium["evidence"]][:2] == ["Kim Kim Kim Kim", "disse que sim"]
    assert found["opus", "p2"]["segments"] == [
        {"segment": "p2:1.1", "verdict": "garbled", "probability": 0.96},
        {"segment": "p2:2.1", "verdict": "clean", "probability": 0.02},
    ]
    assert [one["verdict"] for one in source["segments"]] == ["suspect", "garbled"]
    assert found["opus", "p2"]["unseen"] == [{"signal": "perplexity", "reason": "no language model for en"}]


def test_the_record_says_what_was_run_and_under_which_signatures(tmp_path: Path) -> None:
    record = json.loads(Record().write(fake_result(), tmp_path).read_text("utf-8"))
    assert (record["seed"], record["device"]) == (12345, "cpu")
    assert list(record["metrics"]) == list(METRICS)
    assert record["metrics"]["ter"]["higher_is_better"] is False
    assert record["warnings"] == ["BLEU scores a segment at a time with effective order."]
    (pair,) = record["pairs"]
    (bleu,) = pair["metric_signatures"]["bleu"]
    assert bleu["signature"].startswith("nrefs:1|case:mixed")
    assert bleu["systems"] == ["shuffled", "apertium", "silent", "opus"]
    systems = {row["system"]: row for row in pair["systems"]}
    assert systems["apertium"] == {
        "system": "apertium",
        "kind": "system",
        "signature": "class:Apertium|mode:pt-en|version:3.8.3",
        "truncated": {"kiwi": 2},
        "notices": ["1 source was cut at 512 tokens."],
    }
    assert pair["declined"] == {"grammar": "no mode for pt-en"}
