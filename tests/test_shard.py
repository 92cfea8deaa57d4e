"""Shards: what they hold, that together they are the whole, and that reading one as a stream gives the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import ConfigError, ContractError, DataError, ParityError
from mteval.evalsets.jsonl import JsonLines
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.shard import Shard
from mteval.systems.stored import Stored

PT_EN = LangPair("pt", "en")


def whole(sizes: Sequence[int], furniture: Sequence[str] = ()) -> EvalSet:
    """Documents ``d0``, ``d1``, … with so many segments, of which some are page furniture."""
    segments = tuple(
        Segment(
            (id_ := f"d{at}:{number}"),
            f"of {id_}",
            f"d{at}",
            "x",
            furniture=id_ in furniture,
            references={"all": "r", **({"some": "r"} if at else {})},
        )
        for at, size in enumerate(sizes)
        for number in range(size)
    )
    texts = tuple(f"a of {segment.id}" for segment in segments if not segment.furniture)
    documents = tuple(Document(f"d{at}", "pt") for at in range(len(sizes)))
    return EvalSet("set", PT_EN, documents, segments, {"a": Hypotheses("a", texts)})


def parts_of(given: EvalSet, of: int) -> list[EvalSet]:
    return [Shard(number, of).cut(given) for number in range(1, of + 1)]


@pytest.mark.parametrize("of", [1, 2, 3, 5, 6, 20])
@pytest.mark.parametrize(
    ("sizes", "furniture"),
    [
        ((3, 1, 4, 1, 5, 9, 2), ()),
        ((1,) * 6, ()),
        ((50, 1, 1), ()),
        ((2, 0, 3, 0), ()),
        ((2, 2, 3), ("d0:0", "d1:0", "d1:1", "d2:2")),  # the second document is page furniture alone
        ((7,), ("d0:0", "d0:6")),
    ],
)
def test_the_parts_are_the_whole_in_order(sizes: Sequence[int], furniture: Sequence[str], of: int) -> None:
    given = whole(sizes, furniture)
    parts = parts_of(given, of)
    assert [segment for part in parts for segment in part.segments] == list(given.segments)
    assert list(dict.fromkeys(document for part in parts for document in part.documents)) == list(given.documents)
    assert [text for part in parts for text in part.hypotheses["a"].texts] == list(given.hypotheses["a"].texts)
    before = 0
    for number, part in enumerate(parts, start=1):
        assert part.name == f"set [shard {number}/{of}]"
        assert part.part is not None
        assert (part.part.start, part.part.segments) == (before, len(given.scored))
        before += len(part.scored)
    if len(sizes) > 1:
        owners = [{segment.document for segment in part.segments} for part in parts]
        assert sum(map(len, owners)) == len(set().union(*owners))  # no document is cut
    else:
        assert max(len(part.scored) for part in parts) - min(len(part.scored) for part in parts) <= 1
    assert len({part.part.digest for part in parts if part.part}) == 1


def test_parts_are_about_equal() -> None:
    parts = parts_of(whole([3, 5, 2, 4, 1, 5, 3, 4, 2, 5, 4, 2]), 4)
    assert [len(part.scored) for part in parts] == [10, 10, 14, 6]  # the third of documents at 20, 23, 27 and 29


def test_references_are_those_of_the_whole() -> None:
    given = whole([2, 2])
    assert given.reference_names == ("all",)
    for part in parts_of(given, 3):  # one of them is empty
        assert part.reference_names == ("all",)
        assert part.partial_references == {"some": 2}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"include_furniture": True},
        {"documents": (Document("d0", "pt", origlang="en"), Document("d1", "pt"))},
        {"hypotheses": {"a": Hypotheses("a", ("a of d0:0", "other"))}},
        {"hypotheses": {}},
    ],
)
def test_the_digest_is_of_all_that_an_eval_set_holds(changed: dict[str, Any]) -> None:
    given = whole([1, 1])
    one, other = (Shard(1, 2).cut(eval_set).part for eval_set in (given, replace(given, **changed)))
    assert one is not None and other is not None
    assert one.digest != other.digest


def test_segments_that_are_not_where_their_documents_are_are_refused() -> None:
    given = whole([1, 1])
    with pytest.raises(ContractError, match="segments of document d0 are not where the document is"):
        Shard(1, 2).cut(replace(given, segments=given.segments[::-1]))


@pytest.mark.parametrize("word", ["", "3", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "one/two", "1.0/2"])
def test_what_is_no_shard_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="shard"):
        Shard.parse(word)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert Shard.parse(" 3/8 ") == Shard(3, 8)
    assert str(Shard(3, 8)) == "3/8"


ROWS: tuple[dict[str, Any], ...] = (
    {"document": "a", "source": "um", "references": {"y": "Y", "x": "one"}, "hypotheses": {"s": "1", "t": "I"}},
    {"document": "a", "source": "dois", "references": {"x": "two", "y": "Y"}, "hypotheses": {"t": "II", "s": "2"}},
    {"document": "b", "id": "mine", "source": "três", "references": {"x": "three"}, "hypotheses": {"t": "", "s": "3"}},
    {
        "document": "c",
        "source": "quatro",
        "references": {"x": "f"},
        "hypotheses": {"s": "4", "t": "IV"},
        "gold": {"s": 1},
    },
    {
        "document": "c",
        "source": "cinco",
        "references": {"x": "f"},
        "hypotheses": {"s": "5", "t": "V"},
        "origlang": "en",
    },
)


def file_of(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("of", [1, 2, 3, 4, 5, 11])
@pytest.mark.parametrize("documents", [True, False])
def test_a_shard_that_is_streamed_is_the_one_that_is_cut(tmp_path: Path, of: int, documents: bool) -> None:
    left_out = () if documents else ("document",)
    made = [{key: value for key, value in row.items() if key not in left_out} for row in ROWS]
    if not documents:
        made[-1].pop("origlang")  # or a shard's document would not be the whole's, whose line says it for all
    other = {"source": "unu", "lang_pair": "ro-en", "hypotheses": {}}
    reader = JsonLines(str(file_of(tmp_path, [made[0], {**other, "document": "z"}, *made[1:]])), origlang="pt")
    given = reader.load(PT_EN, [PT_EN])
    digests = set()
    for number in range(1, of + 1):
        found, cut = reader.load_shard(PT_EN, [PT_EN], Shard(number, of)), Shard(number, of).cut(given)
        assert found.part is not None and cut.part is not None
        digests.add(found.part.digest)
        assert replace(found.part, digest="") == replace(cut.part, digest="")
        assert (found.name, found.documents, found.segments) == (cut.name, cut.documents, cut.segments)
        assert list(found.hypotheses) == list(cut.hypotheses)
        assert found.hypotheses == cut.hypotheses
        assert found.reference_names == cut.reference_names == ("x",)
        assert found.partial_references == cut.partial_references
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"document": "a"}, "document 'a' begins again"),
        ({"id": "mine"}, "segment id 'mine' is used twice"),
        ({"hypotheses": {"s": "5"}}, "no hypothesis of system 't'"),
        ({"origlang": "ro", "document": "c"}, None),
        ({"source": " "}, "has no source text"),
    ],
)
def test_what_is_wrong_anywhere_is_refused_by_every_shard(
    tmp_path: Path, changed: dict[str, Any], problem: str | None
) -> None:
    rows = [*ROWS[:-1], {**ROWS[-1], **changed}]
    if problem is None:
        rows.append({**ROWS[-1], "origlang": "fr"})
        problem = "was first written in ro by an earlier line, and in fr"
    reader = JsonLines(str(file_of(tmp_path, rows)))
    for number in (1, 2):
        with pytest.raises(DataError, match=problem):
            reader.load_shard(PT_EN, [PT_EN], Shard(number, 2))


def test_stored_hypotheses_are_of_the_whole(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("A\nB\nC\nD\nE\n", encoding="utf-8")
    reader, system = JsonLines(str(file_of(tmp_path, ROWS))), Stored(str(tmp_path / "out.txt"))
    for number, texts in ((1, ["A", "B"]), (2, ["C", "D", "E"]), (3, [])):
        part = reader.load_shard(PT_EN, [PT_EN], Shard(number, 3))
        assert system.declines(part) is None
        assert [output.text for _, output in system.translate(part.scored, PT_EN, {})] == texts
    (tmp_path / "out.txt").write_text("D\nE\n", encoding="utf-8")
    with pytest.raises(ParityError, match="2 hypotheses for 5 segments of set"):
        system.declines(part)
