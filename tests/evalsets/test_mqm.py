"""What people marked as errors becomes gold scores, by the weights that the config gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import ConfigError, DataError
from mteval.evalsets.mqm import Mqm
from mteval.lang import LangPair
from mteval.segment import EvalSet

PAIR = LangPair("pt", "en")


def error(severity: str, category: str = "Accuracy", subcategory: str = "Mistranslation") -> dict[str, str]:
    return {"severity": severity, "category": category, "subcategory": subcategory}


def line(segment: int, system: str, *errors: dict[str, str], **more: Any) -> dict[str, Any]:
    own = {"document": "d", "segment": str(segment), "system": system, "source": f"Fonte {segment}."}
    return {**own, "hypothesis": f"{system} {segment}.", "errors": list(errors), **more}


PUNCTUATION = error("Minor", "Linguistic_conventions", "Punctuation")
LINES = [
    line(1, "a", error("Major"), error("Minor")),
    line(1, "b", PUNCTUATION),
    line(1, "reference"),
    line(2, "a", annotator="x"),
    line(2, "a", error("Minor"), annotator="y"),
    line(2, "b", error("Critical"), error("Neutral")),
    line(2, "reference", error("Minor")),
]

Read = Callable[..., EvalSet]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def load(lines: list[dict[str, Any]], **settings: Any) -> EvalSet:
        (path := tmp_path / "bio.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
        return Mqm(str(path), **settings).load(PAIR, [PAIR])

    return load


def gold(found: EvalSet) -> list[dict[str, float]]:
    return [dict(segment.gold) for segment in found.scored]


def test_errors_are_weighed_and_annotators_averaged(read: Read) -> None:
    found = read(LINES)
    assert gold(found) == [{"a": -6.0, "b": -0.1}, {"a": -0.5, "b": -5.0}]
    assert [segment.id for segment in found.scored] == ["d:1", "d:2"]
    assert [dict(segment.references) for segment in found.scored] == [
        {"reference": "reference 1."},
        {"reference": "reference 2."},
    ]
    assert {name: list(one.texts) for name, one in found.hypotheses.items()} == {
        "a": ["a 1.", "a 2."],
        "b": ["b 1.", "b 2."],
    }
    assert found.name == "bio"


def test_weights_and_exceptions_are_the_configs(read: Read) -> None:
    weights = {"critical": 25, "major": 10, "minor": 2, "neutral": 1}
    found = read(LINES, weights=weights, exceptions=[{"category": "accuracy", "severity": "Minor", "weight": 0}])
    assert gold(found) == [{"a": -10.0, "b": -2.0}, {"a": 0.0, "b": -26.0}]


def test_people_are_judged_if_they_are_wanted(read: Read) -> None:
    found = read(LINES, people=True)
    assert gold(found)[1] == {"a": -0.5, "b": -5.0, "reference": -1.0}
    assert gold(found)[0]["reference"] == 0
    assert "reference" in found.hypotheses


def test_bio_mqms_own_names_are_known(read: Read) -> None:
    found = read(
        [
            {
                "src": "Fonte.",
                "tgt": "Source.",
                "ref": ["The source."],
                "system": "a",
                "doc_id": "d7",
                "lang_src": "pt",
                "lang_tgt": "en",
                "errors_src": [],
                "annotator": "pten/1",
                "errors_tgt": [
                    {
                        "term": "So",
                        "startIndex": 0,
                        "endIndex": 2,
                        "severity": "Minor",
                        "error_category": "Linguistic_conventions",
                        "error_subcategory": "Punctuation",
                    }
                ],
            },
            {"src": "Quelle.", "tgt": "Source.", "system": "a", "lang_src": "de", "lang_tgt": "en", "errors_tgt": []},
        ]
    )
    assert gold(found) == [{"a": -0.1}]
    assert found.scored[0].references == {"ref1": "The source."}
    assert found.scored[0].document == "d7"


def test_incomplete_segments_are_named_or_left_out_and_told(read: Read) -> None:
    lines = [*LINES, line(3, "a", error("Minor"))]
    with pytest.raises(DataError, match=r"bio.jsonl:8: no hypothesis of b, .*evalset.complete=true"):
        read(lines)
    found = read(lines, complete=True)
    assert len(found.scored) == 2
    assert found.notices == ("1 segments are left out that lack a system or a reference",)


def test_documents_whose_lines_are_apart_are_put_together(read: Read) -> None:
    lines = [line(1, "a"), line(1, "a", document="e"), line(2, "a")]
    found = read(lines)
    assert [segment.id for segment in found.scored] == ["d:1", "d:2", "e:1"]
    assert found.notices == ("lines of one document are apart in the file: its segments are put together",)
    assert read(LINES).notices == ()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"errors": "none"}, "has no list of errors"),
        ({"errors": [{"severity": "Awful"}]}, "an error of severity 'awful'"),
        ({"source": " "}, "has no source"),
        ({"system": None}, "has no system"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(read: Read, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=rf"bio.jsonl:2: {problem}"):
        read([line(1, "a"), {**line(1, "b"), **changed}])


def test_two_hypotheses_of_one_segment_are_told_apart_by_the_user(read: Read) -> None:
    with pytest.raises(DataError, match=r"bio.jsonl:2: another hypothesis of a for the same segment"):
        read([line(1, "a"), line(1, "a", hypothesis="Another.")])


@pytest.mark.parametrize(
    "settings",
    [{"weights": {"minor": -1}}, {"weights": {"minor": "1"}}, {"exceptions": [{"severity": "minor"}]}],
)
def test_wrong_weights_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Mqm("x.jsonl", **settings)
