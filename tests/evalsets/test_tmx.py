"""Translation memories: languages, variants, inline markup, what is said of them, and files that attack."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mteval.errors import ConfigError, DataError, EncodingError, MtevalError, UnavailableError
from mteval.evalsets.markup import closeness
from mteval.evalsets.tmx import Tmx
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN = LangPair("pt", "en")
DOCTYPE = '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
UNITS = """\
<tu tuid="a"><prop type="x-doc">d1</prop><tuv xml:lang="pt-BR"><seg>Ola <bpt i="1">&lt;b></bpt><hi>grande</hi><ept
i="1">&lt;/b></ept> mundo &amp; lua.</seg></tuv>
<tuv xml:lang="EN-us"><seg>Hello <x/>world &#38; <!-- so -->moon.</seg></tuv></tu>
<tu tuid="b"><prop type="x-doc">d1</prop><tuv lang="pt"><seg>Bom dia.</seg></tuv>
<tuv xml:lang="en-US"><seg>Good day.</seg></tuv><tuv xml:lang="en-GB"><seg>Good morning.</seg></tuv>
<tuv xml:lang="en-GB"><seg>Good day.</seg></tuv></tu>
<tu tuid="c"><prop type="x-doc">d2</prop><tuv xml:lang="pt"><seg><![CDATA[Sim & não &nbsp;]]></seg></tuv></tu>
<tu tuid="d"><prop type="x-doc">d2</prop><tuv xml:lang="fr"><seg>Oui.</seg></tuv>
<tuv xml:lang="en"><seg>Yes.</seg></tuv></tu>
"""


def tmx(
    units: str = UNITS, head: str = f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}', header: str = "pt"
) -> str:
    return f'{head}\n<tmx version="1.4"><header srclang="{header}"/><body>\n{units}</body></tmx>'


def load(folder: Path, text: str | bytes, pair: LangPair = PT_EN, **settings: object) -> EvalSet:
    path = folder / "memory.tmx"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Tmx(str(path), **settings).load(pair, [pair])  # type: ignore[arg-type]


def test_a_memory_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, tmx(), document="x-doc")
    assert found.name == "memory"
    assert [s.id for s in found.segments] == ["a", "b", "c"]
    assert [s.source for s in found.segments] == ["Ola grande mundo & lua.", "Bom dia.", "Sim & não &nbsp;"]
    assert [d.id for d in found.documents] == ["d1", "d2"]
    assert found.segments[0].references == {"reference": "Hello world & moon."}
    assert found.segments[1].references == {"reference": "Good morning.", "reference_2": "Good day."}  # en-GB, en-US
    assert found.segments[2].references == {}
    assert found.segments[1].where == f"{tmp_path}/memory.tmx:7"
    said = "\n".join(found.notices)
    assert f"{tmp_path}/memory.tmx: 1 of 4 units have inline tags, which are left out; the content of bpt" in said
    assert "1 of 4 units have no text in pt, and are left out (the first in line 11)" in said
    assert "1 of 4 units have no text in en, and so no reference (the first in line 10)" in said
    assert "fit the lang pair less well, or twice the same text, and are left out (the first in line 7)" in said
    assert {d.origlang for d in found.documents} == {None}


def test_the_other_direction_is_read_as_well(tmp_path: Path) -> None:
    found = load(tmp_path, tmx().replace("Good morning.", "Good day."), LangPair("en", "fr"))
    assert [s.source for s in found.segments] == ["Hello world & moon.", "Good day.", "Yes."]
    assert found.segments[2].references == {"reference": "Oui."}


def test_region_and_script_choose_among_variants(tmp_path: Path) -> None:
    assert load(tmp_path, tmx(), LangPair("pt", "en_GB")).segments[1].references["reference"] == "Good morning."
    with pytest.raises(DataError, match=r"memory.tmx:7: several sources fit en: en-US and en-GB; name the region"):
        load(tmp_path, tmx(), LangPair("en", "pt"))
    said = load(tmp_path, tmx(), LangPair("pt_PT", "en")).notices
    assert any("2 of 4 units have no text in pt_PT" in one for one in said)  # pt-BR is another; pt is not


@pytest.mark.parametrize(
    ("tag", "code", "fits"),
    [
        ("pt-BR", "pt", 1), ("PT-br", "pt_BR", 2), ("por", "pt", 2), ("pt", "pt_BR", 1), ("pt-PT", "pt_BR", 0),
        ("zh-CN", "zh_Hans", 1), ("zh-TW", "zh_Hans", 0), ("sr-Latn", "sr", 0), ("es", "pt", 0), ("?", "pt", 0),
        ("", "pt", 0),
    ],
)  # fmt: skip
def test_tags_fit_codes(tag: str, code: str, fits: int) -> None:
    assert closeness(tag, code) == fits


def test_the_original_language_is_set_or_taken_from_the_file(tmp_path: Path) -> None:
    units = UNITS.replace('<tu tuid="c">', '<tu tuid="c" srclang="en-US">')
    found = load(tmp_path, tmx(units), document="x-doc", origlang="srclang")
    assert [(d.id, d.origlang, d.translated) for d in found.documents] == [("d1", "pt", False), ("d2", "en_US", True)]
    assert {d.origlang for d in load(tmp_path, tmx(header="*all*"), origlang="srclang").documents} == {None}
    assert {d.origlang for d in load(tmp_path, tmx(), origlang="en").documents} == {"en"}
    with pytest.raises(ConfigError, match=r"^origlang: unknown language code 'xxxx'"):
        Tmx("x.tmx", origlang="xxxx")


def test_ids_that_are_not_unique_are_numbers_instead(tmp_path: Path) -> None:
    found = load(tmp_path, tmx(UNITS.replace('"b"', '"a"')))
    assert [s.id for s in found.segments] == ["memory:1", "memory:2", "memory:3"]


@pytest.mark.parametrize(
    ("settings", "text", "problem"),
    [
        ({"complete": True}, tmx(), r"memory.tmx:10: the unit has no text in en; .*evalset.complete=false"),
        ({"document": "x"}, tmx(), r"memory.tmx:4: the unit has no prop of type 'x'"),
        ({}, tmx("<tu><tuv xml:lang='de'><seg>x</seg></tuv></tu>"), "no unit with a text in pt; its languages are de"),
        ({}, tmx(""), "its languages are none"),
        ({}, "<html><body/></html>", r"memory.tmx: not TMX \(its root element is html\)"),
        ({}, "Ola\tHello\n", r"memory.tmx:1: not XML \(no element begins here\)"),
        ({}, "", r"memory.tmx:1: not XML"),
        ({}, '<?xml version="1.0"?>\n<!-- never', r"memory.tmx:2: not XML \(--> is missing\)"),
        ({}, tmx()[:-100], r"memory.tmx:11: not XML \(.*Premature end.*\); the file may be cut"),
        ({}, tmx(UNITS[:400]), r"memory.tmx:\d+: not XML \(.*\); the file may be cut"),
        ({}, tmx().replace("Bom dia", "Bom & dia"), r"memory.tmx:7: & stands for nothing that XML defines"),
        ({}, tmx().replace("Bom dia", "Bom&nbsp;dia"), r"memory.tmx:7: &nbsp; stands for nothing that XML defines"),
        ({}, tmx().replace('tuid="b"', 'tuid="&b;"'), r"memory.tmx:7: &b; stands for nothing"),
        ({}, tmx().replace("Bom dia", "Bom\x00dia"), r"memory.tmx:7: not XML"),
        ({}, tmx("<b>" * 9999), r"memory.tmx:4: not XML"),
        ({}, "<tmx version='1.4'/>", "no unit with a text in pt"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(tmp_path: Path, settings: dict[str, object], text: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        load(tmp_path, text, **settings)
    assert "\n" not in str(caught.value)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE tmx [<!ENTITY l0 "lol">{LAUGHS}]>',  # billion laughs
        f'<!DOCTYPE tmx SYSTEM "tmx14.dtd" [<!ENTITY a "{"a" * 50_000}">]>',  # quadratic blowup
        '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]>',  # external entity
        '<!DOCTYPE tmx [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',  # external parameter entity
        '<!DOCTYPE tmx PUBLIC "x" "y" [ ]>',
        "<!DOCTYPE\ntmx\n[<!ATTLIST tu tuid CDATA 'x'>]>",
        '<!DOCTYPE tmx SYSTEM "a"><!DOCTYPE tmx [<!ENTITY a "b">]>',
        "<!ENTITY a 'b'>",
    ],
    ids=["laughs", "quadratic", "entity", "parameter", "empty", "attributes", "twice", "bare"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "iso-8859-1"])
def test_attacks_are_refused_before_a_parser_sees_them(
    tmp_path: Path, doctype: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = "<tu><tuv xml:lang='pt'><seg>&l9;&a;&x;</seg></tuv></tu>"
    text = tmx(units, f'<?xml version="1.0" encoding="{encoding}"?>\n<!-- x --> {doctype}')
    monkeypatch.setitem(sys.modules, "translate.storage", None)  # whoever parses now fails otherwise
    with pytest.raises(DataError, match=r"memory.tmx:2: (the DOCTYPE declares|not XML)"):
        load(tmp_path, text.encode(encoding))


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the paths that it was asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ['SYSTEM "{}/tmx14.dtd"', 'PUBLIC "-//LISA//DTD TMX" "{}/tmx14.dtd"'])
def test_a_dtd_is_never_fetched(tmp_path: Path, asked: tuple[str, list[str]], kind: str) -> None:
    address, paths = asked
    found = load(tmp_path, tmx(head=f"<!DOCTYPE tmx {kind.format(address)}>"))
    assert len(found.segments) == 3
    assert paths == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_file_says_its_encoding(tmp_path: Path, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    found = load(tmp_path, tmx(head=head).replace("\n", "\r\n").encode(encoding))
    assert found.segments[2].source == "Sim & não &nbsp;"


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ('<?xml version="1.0" encoding="utf-8"?>', r"memory.tmx:9: byte 0xe3 is not utf-8"),
        ('<?xml version="1.0" encoding="klingon"?>', r"memory.tmx:1: unknown encoding 'klingon'"),
        ('<?xml version="1.0" encoding="rot13"?>', r"memory.tmx:1: unknown encoding 'rot13'"),
    ],
)
def test_another_encoding_than_it_says_is_an_error(tmp_path: Path, head: str, problem: str) -> None:
    with pytest.raises(EncodingError, match=problem):
        load(tmp_path, tmx(head=head).encode("iso-8859-1"))


def test_a_missing_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "translate.storage", None)
    with pytest.raises(
        UnavailableError, match=r"TMX and XLIFF need the package translate-toolkit; pip install 'mteval"
    ):
        load(tmp_path, tmx())
    library, file = Tmx(str(tmp_path / "none.tmx")).needs(PT_EN)
    assert (library.kind, library.name, file.found) == ("package", "translate-toolkit", False)


@pytest.mark.parametrize("cut", range(0, len(tmx()) - 1, 97))
def test_a_cut_file_is_one_error(tmp_path: Path, cut: int) -> None:
    with pytest.raises(MtevalError, match=r"memory\.tmx:\d+: not XML"):
        load(tmp_path, tmx()[:cut])
