"""Tables: CSV, TSV and Parquet read alike, by named columns, and nothing in them repaired or made something else."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mteval.errors import ConfigError, DataError, EncodingError
from mteval.evalsets.table import Table
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN, RO_EN = LangPair("pt", "en"), LangPair("ro", "en")
COLUMNS: dict[str, list[Any]] = {
    "id": ["s1", "s2"],
    "document": ["d1", "d2"],
    "origlang": ["pt", "en-GB"],
    "source": ["Bom dia.", "Disse: \"não\"."],
    "reference": ["Good day.", "He said: \"no\"."],
    "ref B": ["", "He said no."],
    "sysA": ["Good morning.", ""],
    "scoreA": ["71.5", ""],
    "other": ["", "x"],
}  # fmt: skip
CHOSEN: dict[str, Any] = {
    "references": {"a": "reference", "b": "ref B"},
    "hypotheses": {"A": "sysA"},
    "gold": {"A": "scoreA"},
}


def tsv(columns: dict[str, list[Any]]) -> str:
    return "".join("\t".join(row) + "\n" for row in zip(*([k, *v] for k, v in columns.items()), strict=True))


def csv(columns: dict[str, list[Any]], delimiter: str = ",", end: str = "\r\n") -> str:
    def quote(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in f'"\n{delimiter}') else cell

    return "".join(
        delimiter.join(map(quote, row)) + end for row in zip(*([k, *v] for k, v in columns.items()), strict=True)
    )


def load(folder: Path, text: str | bytes, name: str = "set.tsv", pair: LangPair = PT_EN, **settings: Any) -> EvalSet:
    raw = text if isinstance(text, bytes) else text.encode()
    packed = gzip.compress(raw) if name.endswith(".gz") else lzma.compress(raw) if name.endswith(".xz") else raw
    (folder / name).write_bytes(packed)
    return Table(str(folder / name), **settings).load(pair, [pair])


def parquet(folder: Path, columns: dict[str, Any], **settings: Any) -> EvalSet:
    pq.write_table(pa.table(columns), folder / "set.parquet")
    return Table(str(folder / "set.parquet"), **settings).load(PT_EN, [PT_EN])


def read(folder: Path, name: str) -> EvalSet:
    if name.endswith(".parquet"):
        return parquet(folder, {**COLUMNS, "scoreA": [71.5, None], "ref B": [None, "He said no."]}, **CHOSEN)
    return load(folder, tsv(COLUMNS) if ".tsv" in name else csv(COLUMNS), name, **CHOSEN)


@pytest.mark.parametrize("name", ["set.tsv", "set.tsv.gz", "set.csv", "set.csv.xz", "set.parquet"])
def test_all_formats_are_read_alike(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name)
    assert found.name == "set"
    assert [s.id for s in found.segments] == ["s1", "s2"]
    assert [s.source for s in found.segments] == ["Bom dia.", 'Disse: "não".']
    assert [(d.id, d.origlang, d.translated) for d in found.documents] == [("d1", "pt", False), ("d2", "en_GB", True)]
    assert [dict(s.references) for s in found.segments] == [
        {"a": "Good day."},
        {"a": 'He said: "no".', "b": "He said no."},
    ]
    assert found.partial_references == {"b": 1}
    assert found.hypotheses["A"].texts == ("Good morning.", "")
    assert [dict(s.gold) for s in found.segments] == [{"A": 71.5}, {}]
    assert found.notices == ()
    assert found.segments[1].where == str(tmp_path / name) + (": row 2" if "parquet" in name else ":3")


@pytest.mark.parametrize("name", ["set.tsv", "set.csv"])
def test_two_columns_are_enough(tmp_path: Path, name: str) -> None:
    columns = {"source": ["Olá.", "Sim."], "reference": ["Hello.", "Yes."]}
    found = load(tmp_path, tsv(columns) if "tsv" in name else csv(columns, end="\n").rstrip("\n"), name)
    assert [(s.id, s.source, dict(s.references)) for s in found.segments] == [
        ("set:1", "Olá.", {"reference": "Hello."}),
        ("set:2", "Sim.", {"reference": "Yes."}),
    ]
    assert [(d.id, d.origlang) for d in found.documents] == [("set", None)]
    assert found.hypotheses == {}


def test_csv_cells_hold_line_breaks_delimiters_and_quotes(tmp_path: Path) -> None:
    text = 'source;reference\r\n"Uma; ""duas""\nlinhas\u2028só";"One\r\ntwo"\r\nTrês;Three\r\n'
    found = load(tmp_path, text, "set.csv", delimiter=";")
    assert [s.source for s in found.segments] == ['Uma; "duas"\nlinhas\u2028só', "Três"]
    assert found.segments[0].references == {"reference": "One\r\ntwo"}
    assert [s.where.rpartition(":")[2] for s in found.segments] == ["2", "5"]


def test_tsv_has_no_quoting_unless_it_is_said(tmp_path: Path) -> None:
    text = 'source\treference\n"Olá"\t"Hello\nAdeus\tBye"\n'
    assert [s.source for s in load(tmp_path, text).segments] == ['"Olá"', "Adeus"]
    quoted = 'source\treference\n"Olá"\t"Hello\tyou"\n'
    assert load(tmp_path, quoted, quoted=True).segments[0].references == {"reference": "Hello\tyou"}
    assert load(tmp_path, 'source,x\n5" disk,y\n', "set.csv", quoted=False).segments[0].source == '5" disk'


def test_the_format_may_be_said(tmp_path: Path) -> None:
    assert load(tmp_path, "source\treference\na\tb\n", "set.txt", format="tsv").name == "set.txt"
    with pytest.raises(ConfigError, match=r"^path: set.txt has an unknown format"):
        Table("set.txt")
    with pytest.raises(ConfigError, match=r"^format: unknown format 'xlsx'; choose one of csv, tsv, parquet"):
        Table("set.xlsx", format="xlsx")


def test_a_struct_in_parquet_is_columns(tmp_path: Path) -> None:
    rows = [{"pt": "Olá.", "en": "Hello."}, {"pt": "Sim.", "en": "Yes."}]
    settings = {"source": "translation.{source}", "references": {"r": "translation.{target}"}}
    found = parquet(tmp_path, {"translation": rows, "id": [7, 9]}, **settings)
    assert [(s.id, s.source, s.references["r"]) for s in found.segments] == [
        ("7", "Olá.", "Hello."),
        ("9", "Sim.", "Yes."),
    ]
    dictionary = pa.array(["Olá.", "Olá."]).dictionary_encode()
    assert parquet(tmp_path, {"source": dictionary}).segments[1].source == "Olá."


def test_columns_may_name_the_languages(tmp_path: Path) -> None:
    path = tmp_path / "set.tsv"
    path.write_text("pt\tro\ten\nOlá\tSalut\tHello\n", encoding="utf-8")
    reader = Table(str(path), source="{source}", references={"r": "{target}"})
    assert [reader.load(pair, [PT_EN, RO_EN]).segments[0].source for pair in (PT_EN, RO_EN)] == ["Olá", "Salut"]


def test_a_column_may_name_the_lang_pair(tmp_path: Path) -> None:
    path = tmp_path / "set.tsv"
    path.write_text("source\tlang_pair\nOlá\tpt-en\nSalut\tro-en\n", encoding="utf-8")
    assert [s.source for s in Table(str(path)).load(RO_EN, [PT_EN, RO_EN]).segments] == ["Salut"]
    path.write_text("source\nOlá\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="does not say which of the lang pairs pt-en, ro-en"):
        Table(str(path)).load(RO_EN, [PT_EN, RO_EN])


def test_the_original_language_may_be_said_for_all(tmp_path: Path) -> None:
    text = "source\tdocument\torig\nOlá\ta\ten\nSim\tb\t\n"
    found = load(tmp_path, text, origlang="pt", origlang_column="orig")
    assert [(d.id, d.origlang) for d in found.documents] == [("a", "en"), ("b", "pt")]
    with pytest.raises(
        DataError, match=r"set.tsv:3: document 'a' was first written in en by an earlier line, and in ro"
    ):
        load(tmp_path, "source\tdocument\torig\nOlá\ta\ten\nSim\ta\tro\n", origlang_column="orig")


def test_a_byte_order_mark_is_left_out_and_said(tmp_path: Path) -> None:
    for name in ("set.tsv", "set.csv"):
        found = load(tmp_path, b"\xef\xbb\xbfsource\nOl\xc3\xa1\n", name)
        assert found.segments[0].source == "Olá"
        assert found.notices == (
            f"{tmp_path / name} begins with a byte order mark, which is left out: it is no part of the text",
        )


def test_a_reference_that_no_row_has_is_said(tmp_path: Path) -> None:
    (notice,) = load(tmp_path, "source\treference\nOlá\t\nSim\t \n").notices
    assert notice == f"column 'reference' of {tmp_path}/set.tsv is empty, so there is no reference reference"


@pytest.mark.parametrize(
    ("text", "settings", "problem"),
    [
        (
            "src\treference\na\tb\n",
            {},
            "set.tsv: no column 'source'; there are 'src', 'reference'; correct evalset.source",
        ),
        ("source\nb\n", {"hypotheses": {"A": "a"}}, "no column 'a'; there are 'source'; correct evalset.hypotheses.A"),
        ("source\nb\n", {"id": "key"}, "no column 'key'; there are 'source'; correct evalset.id"),
        ("source\tsource\na\tb\n", {}, "set.tsv:1: 2 columns are named 'source'"),
        ("source\treferense\na\tb\n", {}, "column 'referense' looks like 'reference', and is not read under that name"),
        ("source\treference\na\n", {}, "set.tsv:2: 1 cell for 2 columns"),
        ("source\treference\na\tb\tc\n", {}, "set.tsv:2: 3 cells for 2 columns"),
        ("source\treference\na\tb\n\n", {}, "set.tsv:3: 1 cell for 2 columns"),
        ("source\treference\n \tb\n", {}, "set.tsv:2: has no source text"),
        ("source\n", {}, "set.tsv: holds no segment of pt-en"),
        ("", {}, "set.tsv: there is no header"),
        ("source\na\x00b\n", {}, "set.tsv:2: column 'source' holds a NUL character"),
        ("source\tid\na\t\n", {}, "set.tsv:2: column 'id' holds '', which is no name"),
        ("source\tid\na\t1\nb\t1\n", {}, "set.tsv:3: segment id '1' is used twice"),
        ("source\tdocument\na\t1\nb\t2\nc\t1\n", {}, "set.tsv:4: document '1' begins again"),
        ("source\tg\na\tnan\n", {"gold": {"A": "g"}}, "set.tsv:2: column 'g' holds 'nan', which is no number"),
        ("source\tg\na\t71,5\n", {"gold": {"A": "g"}}, "column 'g' holds '71,5', which is no number"),
        ("source\tg\na\t1e999\n", {"gold": {"A": "g"}}, "column 'g' holds inf, which is no number"),
        ("source\toriglang\na\tklingonian\n", {}, "set.tsv:2: origlang: unknown language code 'klingonian'"),
        ("source\tlang_pair\na\tpt_en\n", {}, "set.tsv:2: 'pt_en' is not a lang pair"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises((DataError, ConfigError)) as caught:
        load(tmp_path, text, **settings)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'source,reference\nx,y\n"a,b\nc,d\n',
            "set.csv:3: not a quoted table (unexpected end of data; the row begins here)",
        ),
        ('source,reference\n"a"b,c\n', "set.csv:2: not a quoted table (',' expected after '\"'"),
        ("source,reference\na\rb,c\n", "set.csv:2: not a quoted table (new-line character"),
        ("source,reference\na,b\n\n", "set.csv:3: 0 cells for 2 columns"),
        ("source,reference\na\n", "set.csv:2: 1 cell for 2 columns"),
        ('source,reference\n"a\nb",c\nd\n', "set.csv:4: 1 cell for 2 columns"),
        (f"source,reference\n{'a' * 200_000},b\n", "set.csv:2: not a quoted table (field larger than field limit"),
        ("\ufeff\ufeffsource\na\n", "no column 'source'; there are '\\ufeffsource'"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text, "set.csv")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"source": [1.5]}, "set.parquet: row 1: column 'source' holds 1.5 (float), which is no text"),
        ({"source": [b"a"]}, "column 'source' holds b'a' (bytes), which is no text"),
        ({"source": ["a", None]}, "set.parquet: row 2: has no source text"),
        ({"source": ["a"], "id": [1.0]}, "row 1: column 'id' holds 1.0, which is no name"),
        ({"source": ["a"], "id": [True]}, "row 1: column 'id' holds True, which is no name"),
        ({"source": ["a"], "h": [None]}, "row 1: column 'h' holds nothing, not even an empty text"),
        ({"source": ["a"], "h": ["b"], "g": ["71.5"]}, "row 1: column 'g' holds '71.5', which is no number"),
        ({"text": ["a"]}, "set.parquet: no column 'source'; there are 'text'"),
    ],
)
def test_parquet_keeps_its_types(tmp_path: Path, columns: dict[str, Any], problem: str) -> None:
    settings = {"hypotheses": {"A": "h"}} if "h" in columns else {}
    if "g" in columns:
        settings["gold"] = {"A": "g"}
    with pytest.raises(DataError) as caught:
        parquet(tmp_path, columns, **settings)
    assert problem in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"PAR1", b"source\tx\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_named(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(DataError, match=r"set.parquet: not Parquet that can be read \("):
        load(tmp_path, raw, "set.parquet")


def test_a_cut_parquet_is_one_error(tmp_path: Path) -> None:
    parquet(tmp_path, {"source": ["a" * 50] * 50})
    whole = (tmp_path / "set.parquet").read_bytes()
    for cut in range(1, len(whole), 60):
        with pytest.raises(DataError, match="not Parquet that can be read"):
            load(tmp_path, whole[:cut], "set.parquet")


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match=r"set.csv:2: byte 0xe1 is not UTF-8"):
        load(tmp_path, b"source\nol\xe1\n", "set.csv")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"delimiter": ";;"}, "^delimiter: ';;' cannot part cells"),
        ({"delimiter": '"'}, "^delimiter: '\"' cannot part cells"),
        ({"references": {"": "x"}}, "^references.: 'x' is no column's name"),
        ({"gold": {"A": 5}}, "^gold.A: 5 is no column's name"),
        ({"origlang": "pt-BR"}, "^origlang: unknown language code 'pt-BR'"),
        ({"format": "parquet", "quoted": True}, "^quoted: Parquet has no delimiters"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Table("set.csv", **settings)
