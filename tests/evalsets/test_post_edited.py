from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import DataError
from mteval.evalsets.documents import DocumentFolder
from mteval.evalsets.post_edited import PostEdited
from mteval.files import packaged, read_jsonl
from mteval.lang import LangPair
from mteval.segment import EvalSet

EN_PT, PT_EN = LangPair("en", "pt"), LangPair("pt", "en")
A = ({"segment": "a:1", "source": "O gato dorme ."}, {"segment": "a:2", "source": "Chuva  caiu."})
B = ({"segment": "b:1", "source": "Fim."},)
REFERENCES = {"a:1": "The cat sleeps.", "a:2": "It rained.", "b:1": "The end."}
POST_EDITS = {"a:1": "O gato dorme.", "a:2": "Choveu.", "b:1": "Fim."}

Rows = list[dict[str, Any]]


def translated(rows: Any) -> Rows:
    return [{**row, "reference": REFERENCES[row["segment"]], "note": "of the machine's text"} for row in rows]


def edited(rows: Any) -> Rows:
    return [{**row, "post_edit": POST_EDITS[row["segment"]]} for row in rows]


def write(folder: Path, **files: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


def load(folder: Path, pair: LangPair = EN_PT) -> EvalSet:
    return PostEdited("set", "machine", f"{folder}/{{target}}-{{source}}", f"{folder}/{{target}}").load(pair, [pair])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "pt-en", a=translated(A), b=translated(B))
    write(tmp_path / "pt", a=edited(A), b=edited(B))
    return tmp_path


def test_the_machines_text_is_the_output_and_the_reference_its_source(folder: Path) -> None:
    write(folder / "pt", b=[{**edited(B)[0], "note": "of the post-edit"}])
    found = load(folder)
    assert (found.name, found.pair) == ("set", EN_PT)
    assert [(d.id, d.language, d.origin) for d in found.documents] == [("a", "en", "person"), ("b", "en", "person")]
    assert [s.source for s in found.scored] == list(REFERENCES.values())
    assert found.hypotheses["machine"].texts == tuple(row["source"] for row in (*A, *B))
    assert [s.references["post_edit"] for s in found.scored] == list(POST_EDITS.values())
    assert found.rows == {"a": (0, 1), "b": (2,)}
    assert [s.notes for s in found.scored] == [None, None, "of the post-edit"]
    assert found.scored[1].where == f"{folder}/pt/a.jsonl:2"


def test_a_translation_without_post_edits_is_passed_over(folder: Path) -> None:
    (folder / "pt" / "b.jsonl").unlink()
    assert [d.id for d in load(folder).documents] == ["a"]


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (edited(A)[:1], "pt/a.jsonl: 1 post-edits for 2 translations in {0}/pt-en/a.jsonl; give exactly one a segment"),
        ([], "pt/a.jsonl: holds no segment; write one a line"),
        (edited(A)[::-1], "pt/a.jsonl:1: is of segment 'a:2', and {0}/pt-en/a.jsonl:1 of 'a:1'; put the same"),
        (
            [edited(A)[0], {**edited(A)[1], "source": "Chuva caiu."}],
            "pt/a.jsonl:2: the source of segment 'a:2' is not that of {0}/pt-en/a.jsonl:2; post-edit the text as it is",
        ),
        ([edited(A)[0], {**edited(A)[1], "post_edit": " "}], "pt/a.jsonl:2: has no post_edit; write it as"),
        ([{**edited(A)[0], "segment": 1}], "pt/a.jsonl:1: has no segment; write it as"),
        ([{**edited(A)[0], "source": ""}], "pt/a.jsonl:1: has no source; write it as"),
    ],
)
def test_files_that_do_not_fit_are_named(folder: Path, rows: Rows, error: str) -> None:
    write(folder / "pt", a=rows)
    with pytest.raises(DataError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder}/" + error.format(folder))


def test_a_translation_that_is_missing_is_named(folder: Path) -> None:
    write(folder / "pt-en", a=[translated(A)[0], dict(A[1])])
    with pytest.raises(DataError, match=r"pt-en/a\.jsonl:2: has no reference"):
        load(folder)
    (folder / "pt-en" / "a.jsonl").unlink()
    with pytest.raises(DataError, match=r"pt-en/a\.jsonl: no such file"):
        load(folder)


def test_a_segment_id_is_used_once(folder: Path) -> None:
    twice = [{**B[0], "segment": "a:1"}]
    write(folder / "pt-en", b=translated(twice))
    write(folder / "pt", b=edited(twice))
    with pytest.raises(DataError, match=r"pt/b\.jsonl:1: segment id 'a:1' is used twice"):
        load(folder)


def test_another_lang_pair_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"/ro: no such folder for en-ro; correct evalset\.post_edits, or choose"):
        load(folder, LangPair("en", "ro"))
    with pytest.raises(DataError, match=r"/pt-fr: no such folder for fr-pt; correct evalset\.translations, or choose"):
        load(folder, LangPair("fr", "pt"))
    (folder / "ro").mkdir()
    (folder / "ro-en").mkdir()
    with pytest.raises(DataError, match=r"/ro: holds no \.jsonl file"):
        load(folder, LangPair("en", "ro"))


def test_the_seeds_are_their_own_output_letter_by_letter() -> None:
    seeds = DocumentFolder("seeds", "package:seeds").load(PT_EN, [PT_EN])
    reader = PostEdited(
        "seeds_as_output", "seed", "package:references/{target}-{source}", "package:references/post-edits/{target}"
    )
    found = reader.load(EN_PT, [EN_PT])
    assert [d.id for d in found.documents] == ["000", "003"]
    assert [s.id for s in found.scored] == [s.id for s in seeds.scored]
    assert found.hypotheses["seed"].texts == tuple(s.source for s in seeds.scored)
    for document, rows in found.rows.items():
        files = (packaged("references") / "pt-en", packaged("references") / "post-edits" / "pt")
        wanted = zip(*([row for _, row in read_jsonl(folder / f"{document}.jsonl")] for folder in files), strict=True)
        got = [(found.scored[row].source, found.scored[row].references["post_edit"]) for row in rows]
        assert got == [(one["reference"], other["post_edit"]) for one, other in wanted]
