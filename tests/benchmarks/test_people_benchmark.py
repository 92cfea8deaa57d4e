"""The benchmark of metrics against people: the sets that it makes of its data, and the tables."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from benchmarks import people


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder in the shape of the data: one lang pair with post-edits, one without, one of annotations."""
    qe, mqm = tmp_path / "data" / "qe", tmp_path / "data" / "mqm"
    for folder in (qe, mqm):
        folder.mkdir(parents=True)
    for pair, more in (("ro-en", {"hter": 0.6}), ("et-en", {})):
        lines = [
            {"source": f"Fraza {at}.", "hypothesis": f"Sentence {at}.", "da_z": -1.5 + at, **more} for at in range(4)
        ]
        write(qe / f"{pair}.dev.jsonl.xz", lines)
    wrong = {"start": 0, "end": 1, "severity": "Major", "category": "Accuracy", "subcategory": "Mistranslation"}
    judged = [
        {
            "document": "d",
            "segment": str(at),
            "source": f"Frase {at}.",
            "hypothesis": text,
            "system": system,
            "errors": e,
        }
        for at in range(4)
        for system, text, e in (
            ("one", f"Phrase {at}.", [] if at else [wrong, wrong]),
            ("two", f"The sentence {at}.", [wrong]),
            ("reference", f"Sentence {at}.", []),
        )
    ]
    write(mqm / "bio-pt-en.dev.jsonl.xz", judged)
    return tmp_path / "data"


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def test_every_kind_of_gold_score_is_a_set(data: Path, tmp_path: Path) -> None:
    found = list(people.sets(data, tmp_path))
    assert [(one.pair, one.title.split(", ")[1], one.lower) for one in found] == [
        ("et-en", "direct assessment", False),
        ("ro-en", "direct assessment", False),
        ("ro-en", "HTER", True),
        ("pt-en", "MQM", False),
    ]
    assert all("comet_qe_mini" in one.metrics for one in found)
    rows = [json.loads(line) for line in (tmp_path / "ro-en.hter.jsonl").read_text("utf-8").splitlines()]
    assert [row["gold"]["nmt"] for row in rows] == [0.6] * 4


@pytest.mark.slow
def test_a_set_is_run_and_judged(data: Path, tmp_path: Path) -> None:
    one = list(people.sets(data, tmp_path))[-1]
    judged = people.judge(one, tmp_path)
    rows = list(people.table([(one, judged)]))
    assert len(rows) == 2 + len(one.metrics)
    assert rows[2].startswith("| Bio-MQM dev, MQM | pt-en | 8 | 2 | BLEU | ")
    head, _, told = people.verdicts([(one, judged)])
    assert told.startswith("| Bio-MQM dev, MQM | pt-en | ≤ −10 | 1 of 8 | ")
    assert told.count("|") == head.count("|")
