from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mteval.errors import ConfigError, DataError, EncodingError
from mteval.evalsets.wmt_xml import WmtXml
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN = LangPair("pt", "en")
XML = """<?xml version='1.0' encoding='utf-8'?>
<!-- WMT -->
<dataset id="news">
  <collection id="general">
  <doc origlang="pt" id="a" domain="news">
    <src lang="pt">
      <p>
        <seg id="1">Olá &amp; bom  dia.</seg>
        <seg id="2">Tudo\u2028bem?</seg>
      </p>
      <p>
        <seg id="3">Sim.</seg>
      </p>
    </src>
    <ref lang="en" translator="A">
      <p><seg id="1">Hello.</seg><seg id="2">All<!-- no --> well?</seg></p><p><seg id="3">Yes.</seg></p>
    </ref>
    <ref lang="en" translator="refB">
      <p><seg id="3">Yeah.</seg><seg id="1">Hi.</seg><seg id="2"></seg></p>
    </ref>
    <ref lang="de" translator="A">
      <p><seg id="1">Hallo.</seg></p>
    </ref>
    <hyp lang="en" system="Online-A">
      <p><seg id="3">Yes!</seg><seg id="2"></seg><seg id="1">Hello!</seg></p>
    </hyp>
    <hyp language="en" system="ALMA">
      <p><seg id="1">1</seg><seg id="2">2</seg><seg id="3">3</seg></p>
    </hyp>
  </doc>
  </collection>
  <collection id="other">
  <doc origlang="en" id="b">
    <src lang="pt"><seg id="1">Não.</seg></src>
    <ref lang="en" translator="A"><seg id="1">No.</seg></ref>
    <hyp system="Online-A"><seg id="1">Not.</seg></hyp>
    <hyp system="ALMA"><seg id="1">4</seg></hyp>
  </doc>
  </collection>
  <doc origlang="pt" id="c" testsuite="idioms">
    <src lang="pt"><seg id="1">Chove a potes.</seg></src>
    <hyp system="Online-A"><seg id="1">It rains.</seg></hyp>
  </doc>
</dataset>
"""


def load(folder: Path, text: str = XML, pair: LangPair = PT_EN, **settings: object) -> EvalSet:
    (folder / "news.xml").write_text(text, encoding="utf-8")
    return WmtXml(str(folder / "news.xml"), **settings).load(pair, [pair])  # type: ignore[arg-type]


def test_documents_segments_and_references_are_read(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found.name == "news"
    assert [(d.id, d.language, d.origlang, d.translated) for d in found.documents] == [
        ("a", "pt", "pt", False),
        ("b", "pt", "en", True),
    ]
    assert [s.source for s in found.segments] == ["Olá & bom  dia.", "Tudo\u2028bem?", "Sim.", "Não."]
    assert [(s.id, s.paragraph) for s in found.segments] == [("a:1", 1), ("a:2", 1), ("a:3", 2), ("b:1", None)]
    assert [dict(s.references) for s in found.segments] == [
        {"refA": "Hello.", "refB": "Hi."},
        {"refA": "All well?"},
        {"refA": "Yes.", "refB": "Yeah."},
        {"refA": "No."},
    ]
    assert found.reference_names == ("refA",)
    assert found.partial_references == {"refB": 2}
    assert [s.where for s in found.segments] == [f"{tmp_path / 'news.xml'}:{line}" for line in (8, 9, 12, 34)]


def test_hypotheses_are_in_the_order_of_the_source(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert {name: one.texts for name, one in found.hypotheses.items()} == {
        "Online-A": ("Hello!", "", "Yes!", "Not."),
        "ALMA": ("1", "2", "3", "4"),
    }
    assert list(load(tmp_path, systems=["ALMA"]).hypotheses) == ["ALMA"]
    assert load(tmp_path, systems=[]).hypotheses == {}
    with pytest.raises(ConfigError, match=r"evalset.systems: .* no hypotheses of 'Alma'; name one of Online-A, ALMA"):
        load(tmp_path, systems=["Alma"])


def test_test_suites_are_read_where_they_are_wanted(tmp_path: Path) -> None:
    found = load(tmp_path, testsuites=True, systems=["Online-A"])
    assert [d.id for d in found.documents] == ["a", "b", "c"]
    with pytest.raises(DataError, match=r"system ALMA has no hypotheses of document c; .*evalset.systems"):
        load(tmp_path, testsuites=True)


def test_a_file_says_its_direction(tmp_path: Path) -> None:
    german = load(tmp_path, pair=LangPair("pt_BR", "de"), systems=[])
    assert german.reference_names == ()
    assert german.partial_references == {"refA": 1}
    with pytest.raises(DataError, match=r"news.xml:6: document a is not from en \(src is in pt\)"):
        load(tmp_path, pair=LangPair("en", "pt"))


def test_a_path_may_name_the_lang_pair_and_be_compressed(tmp_path: Path) -> None:
    (tmp_path / "news.pt-en.xml.gz").write_bytes(gzip.compress(XML.encode()))
    reader = WmtXml(str(tmp_path / "news.{lang_pair}.xml.gz"))
    assert reader.needs(PT_EN)[0].found
    assert not reader.needs(LangPair("en", "pt"))[0].found
    assert reader.load(PT_EN, [PT_EN]).name == "news.pt-en"


SOURCE = '<src lang="pt"><seg id="1">Não.</seg></src>'


def changed(old: str, new: str) -> str:
    assert old in XML
    return XML.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (XML[:600], "news.xml:20: not XML that can be read ("),
        (XML[: XML.index("</dataset>")], "news.xml:44: not XML that can be read (Premature end"),
        (changed("&amp;", "&nbsp;"), "news.xml:8: not XML that can be read (Entity 'nbsp' not defined)"),
        ("", "news.xml:1: not XML"),
        ("<dataset/>", "news.xml: holds no document"),
        (changed('id="b"', 'id="a"'), "news.xml:33: document id 'a' is used twice"),
        (changed('id="b"', ""), "news.xml:33: the document has no id"),
        (changed(SOURCE, ""), "news.xml:33: document b is not from pt (src is in none)"),
        (changed("<seg id=\"1\">Não.</seg>", ""), "news.xml:34: document b has no segment"),
        (changed("Sim.", " "), "news.xml:12: segment 3 of document a has no source text"),
        (changed("Sim.", "Sim<b>!</b>"), "news.xml:12: segment 3 of document a holds <b>"),
        (changed('<seg id="2">Tudo', '<seg id="1">Tudo'), "news.xml:9: segment 1 of document a is there twice"),
        (changed('<seg id="2">Tudo', "<seg>Tudo"), "news.xml:9: a segment has no id"),
        (changed('<seg id="1">Hello!</seg>', ""), "news.xml:24: system Online-A has no segment 1 of document a"),
        (changed('<seg id="1">Not', '<seg id="2">Not'), "news.xml:36: Online-A has a segment 2 that document b does"),
        (changed('<seg id="1">No.', '<seg id="7">No.'), "news.xml:35: refA has a segment 7 that document b does not"),
        (changed('<hyp system="ALMA"><seg id="1">4</seg></hyp>', ""), "system ALMA has no hypotheses of document b"),
        (changed('<hyp system="ALMA">', "<hyp>"), "news.xml:37: a <hyp> names no system"),
        (changed('<hyp system="ALMA">', '<hyp system="Online-A">'), "xml:37: document b has two <hyp> of Online-A"),
        (changed('translator="refB"', 'translator="A"'), "news.xml:18: document a has two <ref> of refA"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (f'<!DOCTYPE dataset [<!ENTITY l0 "ha">{LAUGHS}]>', 3),
        ('<!DOCTYPE dataset [<!ENTITY secret SYSTEM "file:///etc/passwd">]>', 3),
        ('<!DOCTYPE dataset SYSTEM "http://127.0.0.1:9/evil.dtd">', 3),
        ("<?x y?> <!-- <!ELEMENT --> \n<!-- more -->\n\n<!DOCTYPE dataset>", 6),
    ],
)
@pytest.mark.parametrize("entity", ["&l9;", "&secret;", "x"])
def test_entities_are_refused_before_anything_is_parsed(tmp_path: Path, before: str, line: int, entity: str) -> None:
    text = changed("<dataset", f"{before}<dataset").replace("Sim.", entity)
    with pytest.raises(DataError, match=rf"news.xml:{line}: has a DOCTYPE") as caught:
        load(tmp_path, text)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("before", ["<!-- ", "<?x "])
def test_a_doctype_that_is_set_aside_is_none(tmp_path: Path, before: str) -> None:
    end = "-->" if before == "<!-- " else "?>"
    assert load(tmp_path, changed("<dataset", f"{before}<!DOCTYPE dataset {end}<dataset")).segments
    assert load(tmp_path, changed("Sim.", "<![CDATA[<!DOCTYPE x>]]>")).segments[2].source == "<!DOCTYPE x>"


def test_depth_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not XML that can be read"):
        load(tmp_path, "<dataset>" * 5000 + "</dataset>" * 5000)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "news.xml").write_bytes(XML.replace("utf-8", "iso-8859-1").replace("\u2028", " ").encode("iso-8859-1"))
    with pytest.raises(EncodingError, match=r"news.xml:8: byte 0xe1 is not UTF-8"):
        WmtXml(str(tmp_path / "news.xml")).load(PT_EN, [PT_EN])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.xml: no such file"):
        WmtXml(str(tmp_path / "none.xml")).load(PT_EN, [PT_EN])
