from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import ConfigError, DataError
from mteval.evalsets.jsonl import JsonLines
from mteval.lang import LangPair
from mteval.segment import EvalSet

RO_EN, PT_EN = LangPair("ro", "en"), LangPair("pt", "en")
ROWS: list[dict[str, Any]] = [
    {
        "source": "Bună ziua.",
        "document": "a",
        "references": {"x": "Good day.", "y": "Hello."},
        "hypotheses": {"s": "Good day.", "t": ""},
        "gold": {"s": 90, "t": 0.5},
    },
    {
        "source": "Ce\u2028faci?",
        "document": "b",
        "references": {"x": "How are you?"},
        "hypotheses": {"s": "How?", "t": "What?"},
        "extra": 1,
    },
]


def load(folder: Path, rows: list[Any], pairs: tuple[LangPair, ...] = (RO_EN,), name: str = "set.jsonl") -> EvalSet:
    raw = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    packed = gzip.compress(raw) if name.endswith(".gz") else lzma.compress(raw) if name.endswith(".xz") else raw
    (folder / name).write_bytes(packed)
    return JsonLines(str(folder / name)).load(pairs[0], pairs)


@pytest.mark.parametrize("name", ["set.jsonl", "set.jsonl.gz", "set.jsonl.xz"])
def test_everything_on_a_line_is_read(tmp_path: Path, name: str) -> None:
    found = load(tmp_path, ROWS, name=name)
    assert found.name == "set"
    assert [s.source for s in found.segments] == ["Bună ziua.", "Ce\u2028faci?"]
    assert [s.document for s in found.segments] == ["a", "b"]
    assert found.hypotheses["t"].texts == ("", "What?")
    assert found.segments[0].gold == {"s": 90.0, "t": 0.5}
    assert found.segments[0].references == {"x": "Good day.", "y": "Hello."}
    assert found.reference_names == ("x",)  # y is not on every line
    assert found.segments[1].where == f"{tmp_path / name}:2"


def test_lines_without_documents_are_one(tmp_path: Path) -> None:
    found = load(tmp_path, [{"source": "a"}, {"source": "b"}])
    assert [d.id for d in found.documents] == ["set"]
    assert found.rows == {"set": (0, 1)}


def changed(**fields: Any) -> list[Any]:
    return [ROWS[0], {**ROWS[1], **fields}]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (changed(source=""), "set.jsonl:2: has no source text"),
        (changed(source=3), "set.jsonl:2: has no source text"),
        (changed(hypotheses={"s": "x"}), "set.jsonl:2: no hypothesis of system 't'"),
        (changed(hypotheses=["x"]), "set.jsonl:2: hypotheses is not an object of texts"),
        (changed(references={"x": None}), "set.jsonl:2: references is not an object of texts"),
        (changed(references={"x": " "}), "set.jsonl:2: reference 'x' is empty"),
        (changed(gold={"s": float("nan")}), "set.jsonl:2: not JSON that can be used (NaN is no number)"),
        (changed(gold={"s": 10**400}), "set.jsonl:2: gold is not an object of numbers"),
        (changed(gold={"s": True}), "set.jsonl:2: gold is not an object of numbers"),
        (changed(id=None), "set.jsonl:2: id None is no name"),
        (changed(document=True), "set.jsonl:2: document True is no name"),
        (changed(references={"": "x"}), "set.jsonl:2: references is not an object of texts"),
        (changed(document=None), "set.jsonl:2: document None is no name"),
        (changed(id="a:1"), "set.jsonl:2: segment id 'a:1' is used twice"),
        ([*ROWS, ROWS[0]], "set.jsonl:3: document 'a' begins again"),
        ([{"source": "x", "refrences": {}}], "set.jsonl:1: unknown field 'refrences'; write 'references'"),
        ([[1]], "set.jsonl:1: a JSON list"),
        ([], "holds no segment of ro-en"),
        (changed(lang_pair="ro_en"), "set.jsonl:2: 'ro_en' is not a lang pair"),
        (changed(origlang="romanian"), "set.jsonl:2: origlang: unknown language code 'romanian'"),
        (changed(origlang=False), "set.jsonl:2: origlang: YAML reads an unquoted no as false"),
        (changed(orig_lang="ro"), "set.jsonl:2: unknown field 'orig_lang'; write 'origlang'"),
        (
            [{**ROWS[0], "origlang": "ro"}, {**ROWS[1], "document": "a", "origlang": "en"}],
            "set.jsonl:2: document 'a' was first written in ro by an earlier line, and in en by this one",
        ),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, rows: list[Any], problem: str) -> None:
    with pytest.raises((DataError, ConfigError)) as caught:
        load(tmp_path, rows)
    assert problem in str(caught.value)


def test_a_file_must_say_whose_lang_pair_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not say which of the lang pairs ro-en, pt-en"):
        load(tmp_path, ROWS, (RO_EN, PT_EN))
    told = [{**ROWS[0], "lang_pair": "ro-en"}, {**ROWS[1], "lang_pair": "pt-en"}]
    assert [s.source for s in load(tmp_path, told, (RO_EN, PT_EN)).segments] == ["Bună ziua."]
    assert [s.source for s in load(tmp_path, told, (PT_EN, RO_EN)).segments] == ["Ce\u2028faci?"]


def test_a_path_may_name_the_lang_pair(tmp_path: Path) -> None:
    load(tmp_path, ROWS, name="set.ro-en.jsonl")
    for path in ("set.{lang_pair}.jsonl", "set.{source}-{target}.jsonl"):
        assert len(JsonLines(str(tmp_path / path)).load(RO_EN, [RO_EN, PT_EN]).segments) == 2
    with pytest.raises(DataError, match=r"set\.pt-en\.jsonl: no such file"):
        JsonLines(str(tmp_path / "set.{lang_pair}.jsonl")).load(PT_EN, [RO_EN, PT_EN])


def test_a_documents_original_language_is_said_by_any_of_its_lines(tmp_path: Path) -> None:
    rows = [
        {"source": "a", "document": "x"},
        {"source": "b", "document": "x", "origlang": "en-GB"},
        {"source": "c", "document": "y", "origlang": None},
        {"source": "d", "document": "z", "origlang": "ro"},
    ]
    path = str(tmp_path / "set.jsonl")
    assert [(d.origlang, d.translated) for d in load(tmp_path, rows).documents] == [
        ("en_GB", True), (None, None), ("ro", False),
    ]  # fmt: skip
    assert [d.origlang for d in JsonLines(path, origlang="de").load(RO_EN, [RO_EN]).documents] == ["en_GB", "de", "ro"]
    with pytest.raises(ConfigError, match=r"^origlang: unknown language code 'german'"):
        JsonLines(path, origlang="german")
