"""Texts that benchmarks measure with: the same each time, and a longer set begins with the shorter one."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import texts


def test_the_same_arguments_give_the_same_texts() -> None:
    assert texts.rows(30, 2) == texts.rows(30, 2) != texts.rows(30, 2, seed=2)


def test_more_segments_or_systems_leave_the_others_as_they_are() -> None:
    longer = texts.rows(30, 3)
    assert texts.rows(20, 3) == longer[:20]
    assert [row.hypotheses[:2] for row in longer] == [row.hypotheses for row in texts.rows(30, 2)]


def test_texts_are_as_long_as_told_and_systems_differ() -> None:
    made = texts.rows(300, 2)
    lengths = [len(row.source.split()) for row in made]
    assert max(lengths) <= texts.LONGEST
    assert min(lengths) >= 3
    assert 19 < sum(lengths) / len(made) < 25
    assert sum(row.hypotheses[0] != row.hypotheses[1] != row.reference for row in made) > 280


def test_texts_are_written_as_they_are_read(tmp_path: Path) -> None:
    made = texts.rows(25, 2)
    texts.write_jsonl(tmp_path / "set.jsonl", made)
    found = [json.loads(line) for line in (tmp_path / "set.jsonl").read_text("utf-8").splitlines()]
    assert [row["hypotheses"]["s2"] for row in found] == [row.hypotheses[1] for row in made]
    assert [row["document"] for row in found] == ["d1"] * 20 + ["d2"] * 5
    source, reference, (first, second) = texts.write_lines(tmp_path / "lines", made)
    assert source.read_text("utf-8").splitlines() == [row.source for row in made]
    assert reference.read_text("utf-8").splitlines() == [row.reference for row in made]
    assert first.read_text("utf-8") != second.read_text("utf-8")
