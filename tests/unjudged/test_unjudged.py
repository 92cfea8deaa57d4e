"""What is read as a text to judge, and what is refused."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import DataError, MtevalError
from mteval.files import open_stream, packaged, stream_lines
from mteval.unjudged import base
from mteval.unjudged.base import Language, Told, Unjudged, language_of
from mteval.unjudged.lines import read_json_lines
from mteval.unjudged.texts import read_text_file, read_text_folder

PORTUGUESE = "O presidente disse ontem que a reunião com os ministros foi muito boa para o país."
ROMANIAN = "Președintele a spus ieri că întâlnirea cu miniștrii a fost foarte bună pentru țară."


TOLD = Told("en", "ro")


def places(*rows: dict[str, Any] | str) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(rows, start=1):
        yield f"f.jsonl:{number}", row if isinstance(row, str) else json.dumps(row)


def read(*rows: dict[str, Any] | str, told: Told = TOLD) -> list[Unjudged]:
    return list(read_json_lines(places(*rows), "f.jsonl", told))


def refused(*rows: dict[str, Any] | str) -> str:
    with pytest.raises(MtevalError) as caught:
        read(*rows)
    return str(caught.value)


def test_a_text_is_split_and_its_parts_are_one_document() -> None:
    first, second = read(
        {"document": "d", "text": "One here. Two here.\n\nThree here."},
        {"document": "d", "text": "Four here."},
        {"document": 7, "lines": ["Five. Still five.", " ", "Six."]},
    )
    assert first.judged == {"d:1.1": "One here.", "d:1.2": "Two here.", "d:2.1": "Three here.", "d:3.1": "Four here."}
    assert (first.file, first.document, first.system, first.language) == ("f.jsonl", "d", None, Language("en"))
    assert (second.document, second.judged) == ("7", {"7:1": "Five. Still five.", "7:3": "Six."})


def test_segments_of_a_source_and_of_translations() -> None:
    source, system, other = read(
        {"document": "d", "source": "Unu.", "id": "x"},
        {"document": "d", "source": "Unu.", "hypothesis": "One.", "system": "s", "reference": "1"},
        {"document": "d", "source": "Doi.", "hypothesis": "", "system": "s", "references": {"ana": "2"}},
        {"document": "d", "source": "Unu.", "hypothesis": "Two."},
    )
    assert (source.judged, source.language.code) == ({"x": "Unu."}, "ro")
    assert (system.system, system.judged) == ("s", {"d:1": "One.", "d:2": ""})
    assert [dict(segment.references) for segment in system.segments] == [{"reference": "1"}, {"ana": "2"}]
    assert (system.language, system.source_language) == (Language("en"), Language("ro"))
    assert (other.system, other.judged) == ("hypothesis", {"d:1": "Two."})


def test_a_line_of_an_eval_set_is_judged_as_in_a_run() -> None:
    row = {"document": "d", "references": {"ana": "x"}, "gold": {"a": 1}, "lang_pair": "pt-en", "comment": "free"}
    texts = read(
        {**row, "source": "Um.", "hypotheses": {"a": "One.", "b": "1"}},
        {**row, "source": "Dois.", "hypotheses": {"a": "Two.", "b": "2"}},
        told=Told(),
    )
    assert [(text.system, text.language.code) for text in texts] == [(None, "pt"), ("a", "en"), ("b", "en")]
    assert texts[0].judged == {"d:1": "Um.", "d:2": "Dois."}
    assert texts[2].judged == {"d:1": "1", "d:2": "2"}


def test_a_document_is_held_no_longer_than_it_lasts() -> None:
    taken = []

    def lines() -> Iterator[tuple[str, str]]:
        for place in places({"document": "a", "text": "A."}, {"document": "b", "text": "B."}, {"text": "C."}):
            taken.append(place[0])
            yield place

    texts = read_json_lines(lines(), "f.jsonl", Told("en"))
    assert (next(texts).document, len(taken)) == ("a", 2)
    assert (next(texts).document, len(taken)) == ("b", 3)
    assert [text.document for text in texts] == ["f.jsonl:3"]


def test_a_name_that_comes_again_is_another_document() -> None:
    texts = read({"document": "a", "text": "A."}, {"document": "b", "text": "B."}, {"document": "a", "text": "C."})
    assert [(text.document, *text.judged.values()) for text in texts] == [("a", "A."), ("b", "B."), ("a", "C.")]


def test_a_line_without_a_document_does_not_wait_for_the_next() -> None:
    lines = places({"text": "A."}, "{")
    assert next(read_json_lines(lines, "f.jsonl", Told("en"))).judged == {"f.jsonl:1:1.1": "A."}
    assert next(lines)[0] == "f.jsonl:2"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("[1]", "f.jsonl:1: a JSON list, not an object"),
        ({"document": "d"}, "f.jsonl:1: has none of text, lines, source"),
        ({"text": "a", "source": "b"}, "has both text and source"),
        ({"text": " "}, "text is empty"),
        ({"text": 1}, "text is no text"),
        ({"lines": "a"}, 'lines is no list of texts; write "lines": ["TEXT", …]'),
        ({"hypothesis": "a"}, "has none of text, lines, source"),
        ({"text": "a", "hypothesis": "b"}, "has a hypothesis and no source"),
        ({"source": "a", "hypothesis": None}, 'hypothesis is no text; write "" where the system gave nothing'),
        ({"source": "a", "hypothesis": "b", "hypotheses": {"s": "c"}}, "has both hypothesis and hypotheses"),
        ({"source": "a", "system": "s"}, "names a system and has no hypothesis of it"),
        ({"source": "a", "hypotesis": "b"}, "unknown field 'hypotesis'; write 'hypothesis'"),
        ({"source": "a", "hypothesis": "b", "reference": ""}, "reference 'reference' is empty"),
        ({"text": "a", "language": "xq"}, "f.jsonl:1: language: unknown language code 'xq'"),
        ({"text": "a", "lang_pair": "pt-en"}, "has a lang pair and no source"),
        ({"text": "a", "document": ""}, "document '' is no name"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(row: dict[str, Any] | str, said: str) -> None:
    message = refused(row)
    assert message.startswith("f.jsonl:1")
    assert said in message


def test_what_does_not_fit_together_is_refused() -> None:
    pair = {"document": "d", "source": "a", "hypotheses": {"s": "b"}}
    assert "f.jsonl:2: no hypothesis of system 's'" in refused(
        pair, {"document": "d", "source": "c"} | {"hypotheses": {"t": "d"}}
    )
    same = {"document": "d", "source": "a", "id": "x"}
    assert "f.jsonl:2: segment id 'x' is used twice" in refused(same, same)
    one, two = ({"document": "d", "text": "a", "language": code} for code in ("pt", "ro"))
    assert "f.jsonl:2: is in ro, and its document in pt" in refused(one, two)
    assert "f.jsonl: no documents in it" in refused()


def test_what_was_before_a_broken_line_is_yielded_unless_it_goes_on_there() -> None:
    good, bad = {"document": "a", "text": "A."}, {"document": "a", "text": 1}
    assert _seen(good, "{") == ["a"]
    assert _seen(good, bad) == []
    assert _seen(good, {**bad, "document": "b"}) == ["a"]


def _seen(*rows: dict[str, Any] | str) -> list[str]:
    found: list[str] = []
    with pytest.raises(DataError, match=r"f\.jsonl:2"):
        found.extend(text.document for text in read_json_lines(places(*rows), "f.jsonl", Told("en")))
    return found


def test_a_document_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_SEGMENTS", 3)
    many = [{"document": "d", "source": "a"}] * 5
    assert "f.jsonl:4: document 'd' has more than 3 segments; give each text a document" in refused(*many)
    with pytest.raises(DataError, match="more than 3 segments"):
        read_text_file(((f"f:{n}", "Line.") for n in range(10**9)), "f", Told("en"))


def test_languages() -> None:
    assert language_of("pt", [ROMANIAN]) == Language("pt")
    assert language_of(None, [PORTUGUESE]) == Language("pt", identified=True)
    assert language_of(None, ["ok"]) == Language()
    source, hypothesis = read({"source": ROMANIAN, "hypotheses": {"s": PORTUGUESE}}, told=Told())
    assert (source.language, hypothesis.language) == (Language("ro", True), Language("pt", True))


def test_a_text_is_one_document() -> None:
    text = read_text_file(iter([("t:1", "One here. Two."), ("t:2", ""), ("t:3", "Three.")]), "t", Told("en"))
    assert text.judged == {"t:1.1": "One here.", "t:1.2": "Two.", "t:2.1": "Three."}
    with pytest.raises(DataError, match="t: no documents in it: the text is empty"):
        read_text_file(iter([("t:1", " ")]), "t", Told("en"))


def test_a_folder_is_its_texts_as_its_manifest_has_them(tmp_path: Path) -> None:
    texts = list(read_text_folder(packaged("seeds"), Told()))
    assert [text.language for text in texts] == [Language(code) for code in ("pt", "ro", "ro", "pt", "ro")]
    assert sum(len(text.segments) for text in texts) == 70  # page furniture left out
    (tmp_path / "b.txt").write_text("Doi.", encoding="utf-8")
    (tmp_path / "a.txt").write_text("Unu.", encoding="utf-8")
    assert [list(text.judged.values()) for text in read_text_folder(tmp_path, Told("ro"))] == [["Unu."], ["Doi."]]


def test_a_stream_is_read_a_line_at_a_time(tmp_path: Path) -> None:
    raw = "\ufeffone\r\ntwo\u2028still\n\nlast".encode()
    for name, packed in (("f", raw), ("f.gz", gzip.compress(raw)), ("f.xz", lzma.compress(raw))):
        path = tmp_path / name
        path.write_bytes(packed)
        with open_stream(path) as file:
            assert list(stream_lines(file, "f")) == [
                ("f:1", "one"), ("f:2", "two\u2028still"), ("f:3", ""), ("f:4", "last")
            ]  # fmt: skip
    (tmp_path / "broken.gz").write_bytes(gzip.compress(raw)[:-4])
    (tmp_path / "latin").write_bytes(b"a\n\xe9\n")
    for name, said in (("broken.gz", "broken compression"), ("latin", "latin:2: byte 0xe9 is not UTF-8")):
        with open_stream(tmp_path / name) as file, pytest.raises(DataError, match=said):
            list(stream_lines(file, str(tmp_path / name)))
    with pytest.raises(DataError, match="no such file"):
        open_stream(tmp_path / "nowhere")
