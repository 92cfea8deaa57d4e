"""The seeds are whole, their manifest is true, and every body segment has its reference."""

from __future__ import annotations

import hashlib

import pytest

from mteval.evalsets.documents import DocumentFolder
from mteval.files import packaged, read_jsonl, read_yaml
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN, RO_EN = LangPair("pt", "en"), LangPair("ro", "en")


@pytest.fixture(scope="module")
def eval_sets() -> dict[LangPair, EvalSet]:
    reader = DocumentFolder("seeds", "package:seeds", {"mteval": "package:references"})
    return {pair: reader.load(pair, [PT_EN, RO_EN]) for pair in (PT_EN, RO_EN)}


def test_files_are_named_after_their_bytes() -> None:
    manifest = read_yaml(packaged("seeds") / "manifest.yaml")["documents"]
    assert sorted(manifest) == ["000", "001", "002", "003", "004"]
    for key, row in manifest.items():
        raw = (packaged("seeds") / row["file"]).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == row["sha256"]
        assert row["file"].startswith(f"{key}_")
    assert {row["file"] for row in manifest.values()} == {file.name for file in packaged("seeds").glob("*.txt")}


def test_language_and_origin(eval_sets: dict[LangPair, EvalSet]) -> None:
    told = {d.id: (d.language, d.origin) for one in eval_sets.values() for d in one.documents}
    assert told == {
        "000": ("pt", "machine_translation"),
        "001": ("ro", "person"),
        "002": ("ro", "person"),
        "003": ("pt", "machine_translation"),
        "004": ("ro", "person"),
    }


def test_furniture_is_what_belongs_to_the_page(eval_sets: dict[LangPair, EvalSet]) -> None:
    furniture = [s.source for one in eval_sets.values() for s in one.segments if s.furniture]
    for text in (
        "LEAVE A REPLY",
        "Articole Similare",
        "Comentează",
        "Foto: Profimedia",
        "13 aug. 2025, 09:04",
        "4.782",
    ):
        assert text in furniture
    body = [s.source for one in eval_sets.values() for s in one.scored]
    assert not [text for text in body if "Articole" in text or "comment" in text or "»" in text]
    assert len(furniture) == 51
    assert len(body) == 70


def test_every_body_segment_has_a_reference(eval_sets: dict[LangPair, EvalSet]) -> None:
    for one in eval_sets.values():
        assert one.reference_names == ("mteval",)
        for segment in one.scored:
            reference = segment.references["mteval"]
            assert reference == reference.strip()
            digits = sorted(c for c in segment.source if c.isdigit())
            assert sorted(c for c in reference if c.isdigit()) == digits, f"{segment.id}: numbers differ"


def test_the_unintelligible_is_noted(eval_sets: dict[LangPair, EvalSet]) -> None:
    noted = [s.id for s in eval_sets[PT_EN].scored if s.notes and "Unintelligible" in s.notes]
    assert {"000:2.1", "000:8.1"} <= set(noted)


@pytest.mark.parametrize("document", ["000", "003"])
def test_post_edits_follow_the_seed(eval_sets: dict[LangPair, EvalSet], document: str) -> None:
    rows = [row for _, row in read_jsonl(packaged("references") / "post-edits" / "pt" / f"{document}.jsonl")]
    body = [s for s in eval_sets[PT_EN].scored if s.document == document]
    assert [(row["segment"], row["source"]) for row in rows] == [(s.id, s.source) for s in body]
    assert all(row["post_edit"].strip() for row in rows)
    changed = sum(row["post_edit"] != row["source"] for row in rows)
    assert changed >= len(rows) * 0.9
    assert not [row["post_edit"] for row in rows if " -" in row["post_edit"]]
