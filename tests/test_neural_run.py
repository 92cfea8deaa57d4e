"""A run with neural systems and metrics, on tiny checkpoints that go through the real loading code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mteval import app
from mteval.files import read_jsonl
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.systems.huggingface_fakes import write_nllb

ROWS = [
    {"source": "O gato dorme na casa.", "references": {"r": "The cat sleeps in the house."}},
    {"source": "A chuva é longa.", "references": {"r": "The rain is long."}},
    {"source": "casa " * 90 + "água.", "references": {"r": "house " * 90 + "water."}},
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with one system and three COMET metrics, and of its repetition from the store."""
    folder = tmp_path_factory.mktemp("neural")
    for kind in ("referenceless", "xcomet", "regression"):
        write_comet_checkpoint(folder / kind, kind)
    write_nllb(folder / "nllb")
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    (folder / "set.jsonl").write_text(text, encoding="utf-8")
    for group, name, settings in (
        ("metrics", "qe", {"checkpoint": str(folder / "referenceless"), "needs_reference": False}),
        ("metrics", "xcomet", {"checkpoint": str(folder / "xcomet"), "needs_reference": True}),
        ("metrics", "comet", {"checkpoint": str(folder / "regression"), "needs_reference": True}),
        ("systems", "tiny", {"checkpoint": str(folder / "nllb"), "max_length": 12, "device": "cpu"}),
    ):
        (folder / "mine" / group).mkdir(parents=True, exist_ok=True)
        target = "mteval.metrics.comet.Comet" if group == "metrics" else "mteval.systems.huggingface.HuggingFace"
        extra = {"label": name, "licence": "none"} if group == "metrics" else {}
        node = {name: {"_target_": target, **settings, **extra}}
        (folder / "mine" / group / f"{name}_local.yaml").write_text(json.dumps(node), encoding="utf-8")
    for output in ("first", "second"):
        code = app.run(
            [
                f"--config-dir={folder / 'mine'}",
                "evalset=jsonl",
                f"evalset.path={folder / 'set.jsonl'}",
                "lang_pairs=[pt-en]",
                "systems=[tiny_local,reference]",
                "metrics=[qe_local,xcomet_local,comet_local,chrf]",
                "bootstrap_draws=10",
                f"store={folder / 'store'}",
                f"output={folder / output}",
            ]
        )
        assert code == 0
    return folder


def segments(folder: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_jsonl(folder / "segments.jsonl")]


def test_every_system_is_scored_by_what_can_score_it(finished: Path) -> None:
    for row in segments(finished / "first"):
        assert set(row["scores"]["tiny"]) >= {"qe", "xcomet", "comet", "chrf"}
        assert all(isinstance(row["scores"]["tiny"][name], float) for name in ("qe", "xcomet", "comet", "chrf"))
        assert isinstance(row["scores"]["reference"]["qe"], float)  # an upper bound for metrics without reference
        assert row["scores"]["reference"].get("comet") is None


def test_what_a_metric_did_not_see_whole_is_marked_and_counted(finished: Path) -> None:
    assert [("qe" in row["truncated"].get("tiny", [])) for row in segments(finished / "first")] == [False, False, True]
    assert "1 segment" in (finished / "first" / "leaderboard.md").read_text("utf-8")


def test_error_spans_are_kept_and_inside_the_hypothesis(finished: Path) -> None:
    spans = 0
    for row in segments(finished / "first"):
        for span in row["spans"].get("tiny", {}).get("xcomet") or ():
            assert 0 <= span["start"] < span["end"] <= len(row["hypotheses"]["tiny"])
            assert span["severity"] in ("minor", "major", "critical")
            spans += 1
    assert spans


def test_hypotheses_that_were_cut_are_told_of_even_from_the_store(finished: Path) -> None:
    for output in ("first", "second"):
        record = json.loads((finished / output / "run.json").read_text("utf-8"))
        assert "max_length" in json.dumps(record), output


def test_the_precision_and_the_weights_stand_in_the_signature(finished: Path) -> None:
    text = (finished / "first" / "leaderboard.md").read_text("utf-8")
    assert "fp32" in text
    assert "referenceless" in text


def test_a_second_run_gives_the_same_from_the_store(finished: Path) -> None:
    assert segments(finished / "first") == segments(finished / "second")
    csv = "leaderboard.csv"
    assert (finished / "first" / csv).read_bytes() == (finished / "second" / csv).read_bytes()
