"""XLIFF 1.2 and 2.x: documents, states, inline markup, languages, and what cannot be used."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mteval.errors import DataError
from mteval.evalsets.xliff import Xliff
from mteval.lang import LangPair
from mteval.segment import EvalSet

EN_PT = LangPair("en", "pt")
TWO = """\
<?xml version="1.0"?>
<xliff version="2.1" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang="en-US" trgLang="pt-BR">
<file id="f1">
 <unit id="u1">
  <segment id="s1"><source>The <pc id="1">black
   cat</pc> sleeps<ph id="2"/>.</source><target>O gato preto dorme.</target></segment>
  <ignorable><source> </source></ignorable>
  <segment state="final"><source xml:space="preserve">It  snores.</source><target>Ele ronca.</target></segment>
 </unit>
 <unit id="u2" translate="no"><segment><source>v1.0</source></segment></unit>
</file>
<file id="f2">
 <group id="g" translate="no"><unit id="u1" translate="yes">
  <segment state="initial"><source>Good day.</source><target>Good day.</target></segment></unit></group>
 <unit id="u3"><segment><source>Night.</source><target> </target></segment></unit>
 <unit id="u4"><segment><source/></segment></unit>
</file>
</xliff>
"""
ONE = """\
<?xml version="1.0" encoding="utf-8"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="a.html" source-language="en" target-language="pt" datatype="html"><body>
 <trans-unit id="1"><source>The <bpt id="1">&lt;b&gt;</bpt>cat<ept id="1">&lt;/b&gt;</ept>.</source>
  <target state="final">O gato.</target><alt-trans><target>Um gato.</target></alt-trans></trans-unit>
 <group><trans-unit id="2"><source><g id="1">Dogs</g> bark.</source>
  <target state="needs-translation">Dogs bark.</target></trans-unit></group>
</body></file>
<file original="b.html" source-language="en" target-language="es" datatype="po"><body>
 <trans-unit id="1"><source>Good day.</source><target>Buenos días.</target></trans-unit>
</body></file>
</xliff>
"""


def load(folder: Path, text: str, pair: LangPair = EN_PT, name: str = "set.xlf", **settings: object) -> EvalSet:
    raw = text.encode()
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return Xliff(str(folder / name), **settings).load(pair, [pair])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["set.xlf", "set.xliff.gz"])
def test_xliff_2_is_read(tmp_path: Path, name: str) -> None:
    found = load(tmp_path, TWO, name=name, origlang="pt")
    assert found.name == "set"
    assert [d.id for d in found.documents] == ["f1", "f2"]
    assert [d.translated for d in found.documents] == [True, True]
    assert [s.id for s in found.segments] == ["f1:u1:s1", "f1:u1:segment-2", "f2:u1", "f2:u3"]
    assert [s.source for s in found.segments] == ["The black cat sleeps.", "It  snores.", "Good day.", "Night."]
    assert [s.references.get("reference") for s in found.segments] == [
        "O gato preto dorme.", "Ele ronca.", None, None,
    ]  # fmt: skip
    assert found.partial_references == {"reference": 2}
    assert found.segments[0].where == f"{tmp_path / name}:5"
    path = tmp_path / name
    assert found.notices == (
        f"{path}: 1 of 6 segments have inline tags, which are left out (the first in line 5)",
        f'{path}: 1 of 6 segments are marked translate="no", and are left out (the first in line 10)',
        f"{path}: 1 of 6 segments have a target whose state is initial, and so no reference (the first in line 14)",
        f"{path}: 1 of 6 segments have no target, and so no reference (the first in line 15)",
        f"{path}: 1 of 6 segments have no source text, and are left out (the first in line 16)",
    )


def test_xliff_1_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, ONE)
    assert [s.id for s in found.segments] == ["a.html:1", "a.html:2"]
    assert [s.source for s in found.segments] == ["The cat.", "Dogs bark."]
    assert found.segments[0].references == {"reference": "O gato."}
    assert found.segments[1].references == {}
    assert any(
        "1 of 3 segments are from en into es, and are left out (the first in line 10)" in n for n in found.notices
    )
    spanish = load(tmp_path, ONE, LangPair("en", "es"))
    assert [(s.document, s.references["reference"]) for s in spanish.segments] == [("b.html", "Buenos días.")]


def test_regions_may_be_named(tmp_path: Path) -> None:
    assert len(load(tmp_path, TWO, LangPair("en_US", "pt_BR")).segments) == 4
    with pytest.raises(DataError, match="holds no segment of en-pt_PT; it is en-US-pt-BR; choose lang_pairs"):
        load(tmp_path, TWO, LangPair("en", "pt_PT"))


def test_prefixes_make_no_difference(tmp_path: Path) -> None:
    text = TWO.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    assert [s.source for s in load(tmp_path, text).segments][:2] == ["The black cat sleeps.", "It  snores."]


@pytest.mark.parametrize(
    ("text", "pair", "settings", "problem"),
    [
        (TWO, LangPair("pt", "en"), {}, "holds no segment of pt-en; it is en-US-pt-BR"),
        (
            TWO,
            EN_PT,
            {"complete": True},
            r"set.xlf:14: segment u1 has no translation into pt; .*evalset.complete=false",
        ),
        (TWO.replace('"2.1"', '"3.0"'), EN_PT, {}, r"not XLIFF 1 or 2 \(its version is 3.0\)"),
        (TWO.replace("xliff", "tmx"), EN_PT, {}, r"not XLIFF 1 or 2 \(its root element is tmx\)"),
        (TWO[:-30], EN_PT, {}, r"set.xlf:16: not XML"),
        (TWO[:700], EN_PT, {}, r"set.xlf:\d+: not XML"),
        (ONE.replace("Dogs</g>", "&dogs;</g>"), EN_PT, {}, "set.xlf:6: &dogs; stands for nothing that XML defines"),
        (
            TWO.replace("<xliff", '<!DOCTYPE xliff [<!ENTITY a "b">]><xliff'),
            EN_PT,
            {},
            "set.xlf:2: the DOCTYPE declares",
        ),
        ('<xliff version="1.2"/>', EN_PT, {}, "set.xlf: not what its root element says"),
        ('<xliff version="2.0"/>', EN_PT, {}, "set.xlf: not what its root element says"),
        (TWO.replace('id="u3"', 'id="u1"'), EN_PT, {}, "set.xlf:15: segment id 'f2:u1' is used twice"),
        (TWO.replace('trgLang="pt-BR"', ""), LangPair("de", "pt"), {}, r"it is en-US-\?"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, text: str, pair: LangPair, settings: dict[str, object], problem: str
) -> None:
    with pytest.raises(DataError, match=problem):
        load(tmp_path, text, pair, **settings)


def test_it_needs_the_toolkit(tmp_path: Path) -> None:
    library, file = Xliff(str(tmp_path / "{lang_pair}.xlf")).needs(EN_PT)
    assert (library.name, library.found, file.name) == ("translate-toolkit", True, str(tmp_path / "en-pt.xlf"))
