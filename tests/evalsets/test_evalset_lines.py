"""Plain line files beside each other: as many lines in each, and only a line feed ends one."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import ConfigError, DataError, EncodingError, ParityError
from mteval.evalsets.lines import Lines
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN, RO_EN, PT_DE = LangPair("pt", "en"), LangPair("ro", "en"), LangPair("pt", "de")
FILES: dict[str, str] = {
    "test.pt": "Bom\u2028dia.\r\nSim.\x0cNão.\nObrigado.",
    "a.en": "Good day.\nYes. No.\nThanks.\n",
    "b.en": "Hello.\nYes.\nThank you.\n",
    "sys.en": "Good.\n\nThanks.\n",
    "docs": "d1\nd1\nd2\n",
    "orig": "pt\npt\nen-US\n",
}


def load(folder: Path, files: dict[str, str | bytes] | None = None, **settings: Any) -> EvalSet:
    for name, text in {**FILES, **(files or {})}.items():
        raw = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)

    def placed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: placed(path) for key, path in value.items()}
        return str(folder / value)

    named = {key: value if key in ("origlang", "name") else placed(value) for key, value in settings.items()}
    return Lines(**{"source": str(folder / "test.{source}"), **named}).load(PT_EN, [PT_EN])


def test_files_are_read_beside_each_other(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        references={"a": "a.{target}", "b": "b.en"},
        hypotheses={"sys": "sys.en"},
        documents="docs",
        origlangs="orig",
    )
    assert found.name == "test"
    assert [s.source for s in found.segments] == ["Bom\u2028dia.", "Sim.\x0cNão.", "Obrigado."]
    assert found.segments[1].references == {"a": "Yes. No.", "b": "Yes."}
    assert found.hypotheses["sys"].texts == ("Good.", "", "Thanks.")
    assert [(d.id, d.translated) for d in found.documents] == [("d1", False), ("d2", True)]
    assert [(s.id, s.where) for s in found.segments][2] == ("d2:3", f"{tmp_path}/test.pt:3")


def test_the_source_alone_is_enough(tmp_path: Path) -> None:
    found = load(tmp_path, {"set.pt.gz": "Um.\nDois.\n"}, source="set.pt.gz", origlang="en")
    assert (found.name, found.rows, found.reference_names) == ("set", {"set": (0, 1)}, ())
    assert [d.translated for d in found.documents] == [True]


@pytest.mark.parametrize(
    ("files", "settings", "error", "problem"),
    [
        ({"a.en": "x\ny\n"}, {"references": {"a": "a.en"}}, ParityError, "a.en: 2 references for 3 sources in"),
        ({"sys.en": "\n" * 4}, {"hypotheses": {"s": "sys.en"}}, ParityError, "sys.en: 4 hypotheses for 3 sources in"),
        ({"docs": "d\n"}, {"documents": "docs"}, ParityError, "docs: 1 document ids for 3 sources in"),
        ({"orig": "pt\n"}, {"origlangs": "orig"}, ParityError, "orig: 1 languages for 3 sources in"),
        (
            {"a.en": "x\n \nz\n"},
            {"references": {"a": "a.en"}},
            DataError,
            "a.en:2: the line is empty, among references",
        ),
        ({"docs": "d\n\nd\n"}, {"documents": "docs"}, DataError, "docs:2: the line is empty, among document ids"),
        ({"docs": "d\ne\nd\n"}, {"documents": "docs"}, DataError, "test.pt:3: document 'd' begins again"),
        ({"orig": "pt\nxyzzy\npt\n"}, {"origlangs": "orig"}, DataError, "orig:2: origlang: unknown language code"),
        ({"test.pt": "a\n\nb\n"}, {}, DataError, "test.pt:2: has no source text"),
        ({"test.pt": ""}, {}, DataError, "test.pt: is empty"),
        ({"test.pt": "a\x00\n"}, {}, DataError, "test.pt:1: holds a NUL character"),
        ({"sys.en": "a\n\x00\nb\n"}, {"hypotheses": {"s": "sys.en"}}, DataError, "sys.en:2: holds a NUL character"),
        ({"a.en": b"x\n\xff\nz\n"}, {"references": {"a": "a.en"}}, EncodingError, "a.en:2: byte 0xff is not UTF-8"),
        ({}, {"references": {"a": "none.en"}}, DataError, "none.en: no such file"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, files: dict[str, str | bytes], settings: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises(error) as caught:
        load(tmp_path, files, **settings)
    assert problem in str(caught.value)


def test_no_file_is_read_as_two_languages(tmp_path: Path) -> None:
    load(tmp_path, {"test.ro": "Da.\n"})
    source, fixed = str(tmp_path / "test.{source}"), str(tmp_path / "test.pt")
    assert Lines(source).load(RO_EN, [PT_EN, RO_EN]).segments[0].source == "Da."
    assert Lines(fixed, {"r": str(tmp_path / "a.{target}")}).load(PT_EN, [PT_EN, PT_DE]).reference_names == ("r",)
    with pytest.raises(ConfigError, match=r"evalset.source: .*test.pt would be in ro in ro-en and in pt in pt-en"):
        Lines(fixed).load(RO_EN, [PT_EN, RO_EN])
    with pytest.raises(ConfigError, match=r"evalset.references.r: .* would be in en in pt-en and in de in pt-de"):
        Lines(source, {"r": str(tmp_path / "a.en")}).load(PT_EN, [PT_EN, PT_DE])
    with pytest.raises(ConfigError, match=r"evalset.hypotheses.s: .*write \{target\} into the file's name"):
        Lines(source, hypotheses={"s": str(tmp_path / "sys.en")}).load(PT_EN, [PT_EN, PT_DE])


def test_every_file_is_a_need(tmp_path: Path) -> None:
    reader = Lines(str(tmp_path / "x.{source}"), {"r": str(tmp_path / "x.{target}")}, documents=str(tmp_path / "docs"))
    (tmp_path / "x.pt").touch()
    assert [(Path(need.name).name, need.found) for need in reader.needs(PT_EN)] == [
        ("x.pt", True), ("x.en", False), ("docs", False),
    ]  # fmt: skip


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"^references.5: 'x' is no file's name"):
        Lines("x", references={5: "x"})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match=r"^origlang: unknown language code 'xyzzy'"):
        Lines("x", origlang="xyzzy")
