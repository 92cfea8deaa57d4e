from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mteval.errors import ConfigError, DataError, MissingReferenceError
from mteval.evalsets.documents import DocumentFolder, sentences
from mteval.files import packaged
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN, RO_EN, EN_RO = LangPair("pt", "en"), LangPair("ro", "en"), LangPair("en", "ro")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one document: two paragraphs of two sentences each, and a footer."""
    (tmp_path / "news.txt").write_text(
        "  O dr. Silva chegou. Ele falou!\r\n\r\n“Sim.” É tudo? 😀\nDeixe um comentário\n", encoding="utf-8", newline=""
    )
    return tmp_path


def load(folder: Path, pair: LangPair = PT_EN, **settings: object) -> EvalSet:
    return DocumentFolder("mine", str(folder), **settings).load(pair, [pair])  # type: ignore[arg-type]


def manifest(folder: Path, text: str) -> None:
    (folder / "manifest.yaml").write_text(text, encoding="utf-8")


def test_segments_know_where_they_stood(folder: Path) -> None:
    found = load(folder)
    assert [(s.id, s.source) for s in found.segments] == [
        ("news:1.1", "O dr. Silva chegou."),
        ("news:1.2", "Ele falou!"),
        ("news:2.1", "“Sim.”"),
        ("news:2.2", "É tudo?"),
        ("news:2.3", "😀"),
        ("news:3.1", "Deixe um comentário"),
    ]
    text = found.documents[0].text
    assert text is not None
    assert all(text[s.start : s.end] == s.source for s in found.segments)
    assert [s.where for s in found.segments][::5] == [f"{folder / 'news.txt'}:1", f"{folder / 'news.txt'}:4"]


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(["pt", "ro", "en", "cs"]))
def test_no_text_is_lost_or_doubled_by_splitting(text: str, language: str) -> None:
    end_before = 0
    kept = []
    for line, start, end in sentences(text, language):
        assert end_before <= start < end
        assert not text[end_before:start].strip()
        assert text[start:end] == text[start:end].strip()
        assert line == text.count("\n", 0, start) + 1
        kept.append(text[start:end])
        end_before = end
    assert not text[end_before:].strip()
    assert "".join("".join(kept).split()) == "".join(text.split())


def test_furniture_is_marked_and_kept_and_left_out(folder: Path) -> None:
    manifest(folder, "documents:\n  n:\n    file: news.txt\n    language: pt\n    origin: person\n    furniture: [4]\n")
    found = load(folder)
    assert [s.source for s in found.segments if s.furniture] == ["Deixe um comentário"]
    assert len(found.segments) == 6
    assert len(found.scored) == 5
    assert len(load(folder, include_furniture=True).scored) == 6
    assert found.documents[0].origin == "person"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("documents: {}", "names no documents"),
        ("documents: {n: {language: pt}}", "names no file"),
        ("documents: {n: {file: news.txt, language: pt, lines: 3}}", "unknown key 'lines'"),
        ("documents: {n: {file: news.txt, language: xx}}", "unknown language code 'xx'"),
        ("documents: {n: {file: news.txt, language: no}}", "YAML reads an unquoted no"),
        ("documents: {n: {file: news.txt, language: pt, origin: robot}}", "unknown origin"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [last]}}", "is no line number"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [1-4]}}", "is all page furniture"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [2-1]}}", "is no line number"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [0]}}", "is no line number"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [3-3000000000]}}", "is no line number"),
        ("documents: {n: {file: news.txt, language: pt, furniture: [99]}}", "past the text's 5 lines"),
        ("documents: {1: {file: news.txt, language: pt}}", "1 is no text"),
        ("documents: {n: {file: news.txt, language: pt}, n: {file: news.txt}}", "the key 'n' is there twice"),
        ("documents: {n: {file: none.txt, language: pt}}", "no such file"),
        ("documents: {n: {file: ../news.txt, language: pt}}", "not in the manifest's own folder"),
        ("documents: {n: {file: news.txt, language: pt, sha256: 00}}", "is not the text that the manifest describes"),
        ("documents: {n: {file: news.txt, language: pt, origlang: xyzzy}}", "documents.n: origlang: unknown language"),
        ("documents: {n: {file: news.txt, language: pt, origlang: no}}", 'write "no" in quotes for Norwegian'),
    ],
)
def test_a_wrong_manifest_is_refused(folder: Path, text: str, problem: str) -> None:
    manifest(folder, text)
    with pytest.raises((DataError, ConfigError), match=problem):
        load(folder)


def test_an_empty_document_is_refused(folder: Path) -> None:
    (folder / "none.txt").write_text(" \n\t\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"none\.txt: the document is empty"):
        load(folder)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.txt file"):
        load(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "none")


def test_languages_must_be_known(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"evalset\.language"):
        DocumentFolder("mine", str(folder)).load(PT_EN, [PT_EN, RO_EN])
    assert len(DocumentFolder("mine", str(folder), language="pt").load(PT_EN, [PT_EN, RO_EN]).segments) == 6
    with pytest.raises(ConfigError, match="no document in ro; choose lang pairs whose source is pt"):
        DocumentFolder("mine", str(folder), language="pt").load(RO_EN, [PT_EN, RO_EN])


@pytest.fixture
def seeds(tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the seeds and of their references."""
    for name in ("seeds", "references"):
        shutil.copytree(packaged(name), tmp_path / name)
    return tmp_path / "seeds", tmp_path / "references"


def load_seeds(seeds: Path, references: Path, pair: LangPair = RO_EN) -> EvalSet:
    return DocumentFolder("seeds", str(seeds), {"r": str(references)}).load(pair, [pair])


def test_references_come_with_their_segments(seeds: tuple[Path, Path]) -> None:
    found = load_seeds(*seeds)
    assert found.reference_names == ("r",)
    assert found.scored[1].references == {"r": "The information came from the Kremlin."}
    assert all(not s.references for s in found.segments if s.furniture)


@pytest.mark.parametrize("damage", ["removed", "changed", "added", "emptied", "swapped"])
def test_a_reference_never_shifts(seeds: tuple[Path, Path], damage: str) -> None:
    file = seeds[1] / "ro-en" / "001.jsonl"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    match damage:
        case "removed":
            del lines[3]
        case "changed":
            lines[3] = lines[3].replace("Kim și Putin", "Kim si Putin")
        case "added":
            lines.append(lines[-1])
        case "emptied":
            lines[3] = lines[3].split('"reference"')[0] + '"reference": ""}\n'
        case "swapped":
            lines[3], lines[4] = lines[4], lines[3]
    file.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(MissingReferenceError, match=r"ro-en/001\.jsonl:(4|18): "):
        load_seeds(*seeds)


def test_a_changed_text_is_noticed_even_without_a_checksum(seeds: tuple[Path, Path]) -> None:
    text = seeds[0] / "001_089a241d21ab2761.txt"
    text.write_bytes(text.read_bytes().replace(b"Kremlin.", b"Kremlin", 1))
    listed = seeds[0] / "manifest.yaml"
    listed.write_text(
        "\n".join(line for line in listed.read_text("utf-8").splitlines() if "sha256" not in line), "utf-8"
    )
    with pytest.raises(MissingReferenceError, match="another segmentation"):
        load_seeds(*seeds)


def test_a_missing_reference_file_is_named(seeds: tuple[Path, Path]) -> None:
    (seeds[1] / "ro-en" / "002.jsonl").unlink()
    with pytest.raises(MissingReferenceError, match=r"002\.jsonl: no such file"):
        load_seeds(*seeds)
    with pytest.raises(MissingReferenceError, match=r"correct evalset\.references\.r"):
        load_seeds(seeds[0], seeds[1] / "none")


def test_a_lang_pair_without_references_has_none(seeds: tuple[Path, Path]) -> None:
    assert load_seeds(*seeds, LangPair("ro", "fr")).reference_names == ()


def test_the_original_language_is_in_the_manifest_or_set_for_all(folder: Path) -> None:
    shutil.copy(folder / "news.txt", folder / "other.txt")
    assert {d.origlang for d in load(folder).documents} == {None}
    assert {d.translated for d in load(folder, origlang="pt").documents} == {False}
    rows = "documents:\n  n: {file: news.txt, language: pt, origlang: en-US}\n  o: {file: other.txt, language: pt}\n"
    manifest(folder, rows)
    found = load(folder, origlang="pt_BR").documents
    assert [(d.id, d.origlang, d.translated) for d in found] == [("n", "en_US", True), ("o", "pt_BR", False)]
    with pytest.raises(ConfigError, match=r"^origlang: unknown language code"):
        load(folder, origlang="portuguese")
