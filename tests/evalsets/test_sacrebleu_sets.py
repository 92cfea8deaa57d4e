from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sacrebleu.dataset import DATASETS

from mteval.errors import ConfigError, DataError, MtevalError, ParityError, UnavailableError
from mteval.evalsets.sacrebleu_sets import SacrebleuSet
from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet

CS_EN, PT_EN = LangPair("cs", "en"), LangPair("pt", "en")
XML = """<?xml version='1.0' encoding='utf-8'?>
<dataset id="wmttest2022">
  <doc origlang="cs" id="a">
    <src lang="cs"><p><seg id="1">Dobrý  den.</seg><seg id="2">Jak\u2028se máte?</seg></p></src>
    <ref lang="en" translator="B"><p><seg id="1">Good day.</seg><seg id="2">How are you?</seg></p></ref>
    <ref lang="en" translator="C"><p><seg id="1">Hello.</seg></p></ref>
    <hyp language="en" system="Online-A"><p><seg id="1">Good day.</seg><seg id="2">How you?</seg></p></hyp>
    <hyp language="en" system="ALMA"><p><seg id="1"></seg><seg id="2">How do you do?</seg></p></hyp>
  </doc>
  <doc origlang="de" id="b">
    <src lang="cs"><p><seg id="1">Ano.</seg><seg id="2">Bez překladu.</seg></p></src>
    <ref lang="en" translator="B"><p><seg id="1">Yes.</seg></p></ref>
    <hyp language="en" system="Online-A"><p><seg id="1">Yes.</seg></p></hyp>
    <hyp language="en" system="ALMA"><p><seg id="1">Yes!</seg></p></hyp>
  </doc>
  <doc origlang="cs" id="c" testsuite="x"><src lang="cs"><p><seg id="1">Mimo.</seg></p></src></doc>
</dataset>
"""
SGM = """<srcset setid="newstest2010" srclang="any">
<doc docid="cnn" genre="news" origlang="cz">
<seg id="1">Ahoj.</seg>
</doc>
<doc docid="bbc" genre="news" origlang="en">
<seg id="1">Ne.</seg>
</doc>
<doc docid="cnn" genre="news" origlang="">
<seg id="1">Ano.</seg>
</doc>
</srcset>
"""
MTNT = "1\t7\tOlá.\tHello.\n2\t8\t\tNothing.\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Moves a test set's own folder to a new one, where it looks for its raw files."""

    def moved(name: str) -> Path:
        raw = tmp_path / name / "raw"
        raw.mkdir(parents=True)
        monkeypatch.setattr(DATASETS[name], "_outdir", str(tmp_path / name))
        monkeypatch.setattr(DATASETS[name], "_rawdir", str(raw))
        return raw

    return moved


def write(raw: Path, name: str, files: dict[str, str]) -> None:
    """Writes raw files of a test set as if its archives had been downloaded and unpacked."""
    dataset = DATASETS[name]
    for url in dataset.data:
        (raw / dataset._get_tarball_filename(url)).write_bytes(b"downloaded")
    for path, text in files.items():
        (raw / path).parent.mkdir(parents=True, exist_ok=True)
        (raw / path).write_text(text, encoding="utf-8")


def wmt22(raw: Path, text: str = XML) -> None:
    write(raw, "wmt22", {"wmt22-news-systems-1.1/xml/wmttest2022.cs-en.all.xml": text})


def load(reader: SacrebleuSet, pair: LangPair = CS_EN) -> EvalSet:
    return reader.load(pair, [pair])


def test_a_set_of_wmt_has_documents_references_and_their_language(cache: Callable[[str], Path]) -> None:
    wmt22(cache("wmt22"))
    found = load(SacrebleuSet("wmt22"))
    assert [s.source for s in found.segments] == ["Dobrý den.", "Jak se máte?", "Ano."]  # cleaned as sacreBLEU does
    assert [(d.id, d.origlang, d.translated) for d in found.documents] == [("a", "cs", False), ("b", "de", True)]
    assert found.rows == {"a": (0, 1), "b": (2,)}
    assert [s.id for s in found.segments] == ["a:1", "a:2", "b:1"]
    assert [dict(s.references) for s in found.segments] == [
        {"refB": "Good day."}, {"refB": "How are you?"}, {"refB": "Yes."},
    ]  # fmt: skip
    assert found.hypotheses == {}
    assert found.segments[2].where.endswith("wmt22.cs-en.src:3")


def test_all_references_and_submissions_are_read_where_they_are_wanted(cache: Callable[[str], Path]) -> None:
    wmt22(cache("wmt22"))
    found = load(SacrebleuSet("wmt22", references="all", systems=["all"]))
    assert found.reference_names == ("refB",)
    assert found.partial_references == {"refC": 1}
    assert {name: one.texts for name, one in found.hypotheses.items()} == {
        "Online-A": ("Good day.", "How you?", "Yes."),
        "ALMA": ("", "How do you do?", "Yes!"),
    }
    assert list(load(SacrebleuSet("wmt22", systems=["ALMA"])).hypotheses) == ["ALMA"]
    with pytest.raises(ConfigError, match=r"evalset.systems: wmt22 cs-en has no submission 'Alma'; name ALMA"):
        load(SacrebleuSet("wmt22", systems=["Alma"]))


def test_it_reads_what_sacrebleu_itself_prints(cache: Callable[[str], Path], tmp_path: Path) -> None:
    wmt22(cache("wmt22"))
    command = [sys.executable, "-m", "sacrebleu", "-t", "wmt22", "-l", "cs-en", "--echo"]
    fields = ["src", "ref:B", "docid", "origlang", "ALMA"]
    environment = {**os.environ, "SACREBLEU": str(tmp_path)}
    printed = subprocess.run([*command, *fields], env=environment, capture_output=True, text=True, check=True)
    found = load(SacrebleuSet("wmt22", systems=["ALMA"]))
    origlangs = {document.id: document.origlang for document in found.documents}
    rows = [
        [s.source, s.references["refB"], s.document, origlangs[s.document], hypothesis]
        for s, hypothesis in zip(found.segments, found.hypotheses["ALMA"].texts, strict=True)
    ]
    assert [line.split("\t") for line in printed.stdout.splitlines()] == rows


def test_an_old_set_tells_documents_of_one_name_apart(cache: Callable[[str], Path]) -> None:
    english = SGM.replace("Ahoj.", "Hello.").replace("Ne.", "No.").replace("Ano.", "Yes.")
    write(cache("wmt10"), "wmt10", {"test/newstest2010-src.cz.sgm": SGM, "test/newstest2010-src.en.sgm": english})
    found = load(SacrebleuSet("wmt10"))
    assert [(d.id, d.origlang) for d in found.documents] == [("cnn", "cs"), ("bbc", "en"), ("cnn (2)", None)]
    assert [dict(s.references) for s in found.segments] == [{"ref": "Hello."}, {"ref": "No."}, {"ref": "Yes."}]


def test_a_set_without_documents_is_one(cache: Callable[[str], Path]) -> None:
    texts = {"test/mtedx-test-pten.pt": "Olá.\nSim.\n", "test/mtedx-test-pten.en": "Hello.\nYes.\n"}
    write(cache("mtedx/test"), "mtedx/test", texts)
    found = load(SacrebleuSet("mtedx/test"), PT_EN)
    assert [(d.id, d.origlang) for d in found.documents] == [("mtedx/test", None)]
    assert [s.references["ref"] for s in found.segments] == ["Hello.", "Yes."]


def test_a_table_is_read_by_column(cache: Callable[[str], Path]) -> None:
    write(cache("mtnt2019"), "mtnt2019", {"MTNT2019/fr-en.final.tsv": MTNT})
    fr_en = LangPair("fr", "en")
    assert SacrebleuSet("mtnt2019").needs(fr_en)[0].found
    assert [s.source for s in load(SacrebleuSet("mtnt2019"), fr_en).segments] == ["Olá.", ""]


def test_two_references_are_both_official(cache: Callable[[str], Path]) -> None:
    def sgm(prefix: str, text: str) -> str:
        return SGM.replace("Ahoj.", text)

    files = {
        f"sgm/{name}.sgm": sgm(name, text)
        for name, text in {
            "newstest2020-deen-src.de": "Hallo.",
            "newstest2020-deen-ref.en": "Hello.",
            "newstestB2020-deen-ref.en": "Hi.",
        }.items()
    }
    write(cache("wmt20/tworefs"), "wmt20/tworefs", files)
    found = load(SacrebleuSet("wmt20/tworefs"), LangPair("de", "en"))
    assert dict(found.segments[0].references) == {"ref0": "Hello.", "ref1": "Hi."}


@pytest.mark.parametrize(
    ("name", "pair", "problem"),
    [
        ("wmt42", "cs-en", "evalset.test_set: sacreBLEU has no test set 'wmt42'; name one of its own, as wmt24"),
        ("mtedx", "pt-en", "has no test set 'mtedx'; name one of its own, as mtedx/test"),
        ("wmt22", "cs-de", "lang_pairs.cs-de: wmt22 has no cs-de; choose one that it has, as cs-en"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name: str, pair: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(SacrebleuSet(name), LangPair.parse(pair, "test"))
    assert problem in str(caught.value)


def test_settings_are_checked_at_once() -> None:
    with pytest.raises(ConfigError, match=r"^references: 'some' is no choice"):
        SacrebleuSet("wmt22", references="some")  # type: ignore[arg-type]


def need(name: str, pair: LangPair = CS_EN) -> Need:
    (found,) = SacrebleuSet(name).needs(pair)
    return found


def test_needs_tell_what_is_cached(cache: Callable[[str], Path]) -> None:
    raw = cache("wmt22")
    lacking = need("wmt22")
    assert (lacking.kind, lacking.found) == ("data", False)
    assert "not in sacreBLEU's cache" in lacking.detail
    assert lacking.remedy.startswith("sacrebleu -t wmt22 -l cs-en")
    wmt22(raw)
    assert need("wmt22").found
    assert need("wmt22", LangPair("cs", "uk")).found is False  # the archive is there, its file is not
    assert need("wmt22", LangPair("pt", "en")).found is False


def test_offline_nothing_is_downloaded(cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    raw = cache("wmt22")
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    with pytest.raises(UnavailableError, match=r"wmt22 cs-en: not in sacreBLEU's cache .*, and this run is offline"):
        load(SacrebleuSet("wmt22"))
    assert list(raw.iterdir()) == []
    wmt22(raw)
    assert len(load(SacrebleuSet("wmt22")).segments) == 3


def test_what_is_made_already_is_read_without_the_archive(
    cache: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = cache("mtedx/test")
    for field, text in {"src": "Olá.\n", "ref": "Hello.\n"}.items():
        (raw.parent / f"mtedx_test.pt-en.{field}").write_text(text, encoding="utf-8")
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    assert need("mtedx/test", PT_EN).found
    assert load(SacrebleuSet("mtedx/test"), PT_EN).segments[0].source == "Olá."


def archive(folder: Path, files: dict[str, str]) -> str:
    """The address of an archive that holds files."""
    with tarfile.open(folder / "set.tar.gz", "w:gz") as tar:
        for name, text in files.items():
            (folder / "member").write_text(text, encoding="utf-8")
            tar.add(folder / "member", name)
    return (folder / "set.tar.gz").as_uri()


def test_a_set_is_downloaded_by_sacrebleu(
    cache: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache("mtedx/test")
    texts = {"test/mtedx-test-pten.pt": "Olá.\n", "test/mtedx-test-pten.en": "Hello.\n"}
    monkeypatch.setattr(DATASETS["mtedx/test"], "data", [archive(tmp_path, texts)])
    monkeypatch.setattr(DATASETS["mtedx/test"], "md5", None)
    assert load(SacrebleuSet("mtedx/test"), PT_EN).segments[0].references == {"ref": "Hello."}


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("archive", "the download is not the file that sacreBLEU knows; delete"),  # another MD5
        ("file:///nowhere/set.tar.gz", "cannot be downloaded"),
        ("http://127.0.0.1:9/set.tar.gz", "cannot be downloaded ([Errno 111] Connection refused)"),
    ],
)
def test_a_failed_download_is_one_line(
    cache: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, problem: str
) -> None:
    cache("mtedx/test")
    url = archive(tmp_path, {"x": "y"}) if address == "archive" else address
    monkeypatch.setattr(DATASETS["mtedx/test"], "data", [url])
    with pytest.raises(UnavailableError) as caught:
        load(SacrebleuSet("mtedx/test"), PT_EN)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (XML[:900], "sacreBLEU cannot read its files"),
        (XML.replace('<seg id="2">How you?</seg>', ""), "sacreBLEU cannot read its files"),
        (XML.replace("<ref ", "<other ").replace("</ref>", "</other>"), "sacreBLEU cannot read its files"),
    ],
)
def test_broken_raw_files_are_named(cache: Callable[[str], Path], text: str, problem: str) -> None:
    wmt22(cache("wmt22"), text)
    with pytest.raises(DataError) as caught:
        load(SacrebleuSet("wmt22"))
    assert problem in str(caught.value)
    assert "delete" in str(caught.value)


def test_a_submission_that_lacks_a_document_is_not_shifted(cache: Callable[[str], Path]) -> None:
    """sacreBLEU's reader writes such a submission with a line too few."""
    gone = '<hyp language="en" system="ALMA"><p><seg id="1">Yes!</seg></p></hyp>'
    wmt22(cache("wmt22"), XML.replace(gone, ""))
    with pytest.raises(ParityError, match=r"wmt22.cs-en.ALMA: 2 lines for 3 segments"):
        load(SacrebleuSet("wmt22", systems=["ALMA"]))


def test_a_missing_raw_file_is_named(cache: Callable[[str], Path]) -> None:
    write(cache("mtedx/test"), "mtedx/test", {"test/mtedx-test-pten.pt": "Olá.\n"})
    with pytest.raises(MtevalError, match=r"sacreBLEU's cache lacks .*mtedx-test-pten\.en"):
        load(SacrebleuSet("mtedx/test"), PT_EN)
