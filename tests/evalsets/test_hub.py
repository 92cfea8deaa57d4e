from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mteval.errors import ConfigError, DataError, GatedError, MtevalError, ParityError, UnavailableError
from mteval.evalsets.hub import HubDataset
from mteval.evalsets.hub_fakes import COMMIT, Hub, serving
from mteval.evalsets.hub_languages import find
from mteval.files import packaged, read_yaml
from mteval.lang import LangPair
from mteval.segment import EvalSet

PT_EN = LangPair("pt", "en")
ROWS: list[dict[str, Any]] = [
    {"id": 7, "doc": "a", "translation": {"pt": "Olá.", "en": "Hello."}, "lang": "pt", "bad": False},
    {"id": 8, "doc": "a", "translation": {"pt": "Ruído.", "en": "Noise."}, "lang": "pt", "bad": True},
    {"id": 9, "doc": "b", "translation": {"pt": "Sim,\nsim.", "en": "Yes."}, "lang": "en", "bad": False},
    {"id": 5, "doc": "a", "translation": {"pt": "Não.", "en": None}, "lang": "?", "bad": False},
]
COLUMNS = {"source": "translation.{source}", "document": "doc", "id": "id", "origlang": "lang", "leave_out": "bad"}
REFERENCES = {"human": "translation.{target}"}


def jsonl(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def local(folder: Path, rows: list[dict[str, Any]], pair: LangPair = PT_EN, **settings: Any) -> EvalSet:
    given = {"columns": COLUMNS, "references": REFERENCES} | settings
    files = [jsonl(folder / "set.jsonl", rows)]
    return HubDataset("json", data_files=files, **given).load(pair, [pair])


# Files of one's own, through the real library


def test_rows_are_segments(tmp_path: Path) -> None:
    found = local(tmp_path, ROWS)
    assert found.name == "set"
    assert [(s.id, s.source, s.document) for s in found.segments] == [
        ("7", "Olá.", "a"),
        ("9", "Sim,\nsim.", "b"),
        ("5", "Não.", "a (2)"),
    ]
    assert [dict(s.references) for s in found.segments] == [{"human": "Hello."}, {"human": "Yes."}, {}]
    assert [(d.id, d.origlang, d.translated) for d in found.documents] == [
        ("a", "pt", False),
        ("b", "en", True),
        ("a (2)", None, None),
    ]
    assert found.segments[1].where == f"json {tmp_path / 'set.jsonl'} test, row 3"
    assert found.partial_references == {"human": 2}


def test_what_is_left_out_is_a_setting(tmp_path: Path) -> None:
    kept = local(tmp_path, ROWS, columns={**COLUMNS, "leave_out": None})
    assert [s.id for s in kept.segments] == ["7", "8", "9", "5"]
    with pytest.raises(DataError, match=r"bad is true in every row; set columns.leave_out=null"):
        local(tmp_path, [{**row, "bad": True} for row in ROWS])


def test_without_documents_and_ids_it_is_one_document(tmp_path: Path) -> None:
    found = local(tmp_path, ROWS, columns={"source": "translation.{source}"}, name="mine", origlang="ro")
    assert [(d.id, d.origlang) for d in found.documents] == [("mine", "ro")]
    assert [s.id for s in found.segments] == ["mine:1", "mine:2", "mine:3", "mine:4"]


def test_a_limit_is_said_in_the_name(tmp_path: Path) -> None:
    assert local(tmp_path, ROWS, limit=2, columns={"source": "translation.pt"}).name == "set (first 2)"
    whole = local(tmp_path, ROWS, limit=4, columns={"source": "translation.pt"})
    assert (whole.name, len(whole.segments)) == ("set", 4)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_formats_are_read(tmp_path: Path, kind: str) -> None:
    table = pa.table({"pt": ["Olá.", "Sim."], "en": ["Hello.", "Yes."]})
    if kind == "csv":
        (tmp_path / "set.csv").write_text('pt,en\n"Olá.",Hello.\nSim.,Yes.\n', encoding="utf-8")
    else:
        pq.write_table(table, tmp_path / "set.parquet")
    reader = HubDataset(kind, {"source": "{source}"}, {"r": "{target}"}, data_files=[str(tmp_path / f"*.{kind}")])
    found = reader.load(PT_EN, [PT_EN])
    assert [(s.source, s.references["r"]) for s in found.segments] == [("Olá.", "Hello."), ("Sim.", "Yes.")]
    assert reader.needs(PT_EN)[0].found
    assert HubDataset(kind, {"source": "x"}, data_files=["/none/*.x"]).needs(PT_EN)[0].found is False


def test_a_folder_with_splits_is_read(tmp_path: Path) -> None:
    jsonl(tmp_path / "set" / "test.jsonl", ROWS)
    jsonl(tmp_path / "set" / "train.jsonl", ROWS[:1])
    reader = HubDataset(str(tmp_path / "set"), {"source": "translation.{source}"})
    assert len(reader.load(PT_EN, [PT_EN]).segments) == 4
    assert len(HubDataset(str(tmp_path / "set"), COLUMNS, split="train").load(PT_EN, [PT_EN]).segments) == 1
    assert reader.needs(PT_EN)[0].found
    with pytest.raises(ConfigError, match=r"evalset.split: Bad split: dev. Available splits: .*'test'"):
        HubDataset(str(tmp_path / "set"), COLUMNS, split="dev").load(PT_EN, [PT_EN])


def two_files(folder: Path, **settings: Any) -> HubDataset:
    return HubDataset(
        "json",
        {"source": "text", "id": "id"},
        {"human": "text"},
        data_files=[str(folder / "{source}.jsonl")],
        reference_files=[str(folder / "{target}.jsonl")],
        name="two",
        **settings,
    )


def test_two_files_are_joined_by_id(tmp_path: Path) -> None:
    jsonl(tmp_path / "por.jsonl", [{"id": n, "text": f"pt {n}"} for n in (1, 2, 3)])
    jsonl(tmp_path / "en.jsonl", [{"id": n, "text": f"en {n}"} for n in (3, 1, 2)])
    reader = two_files(tmp_path, language_codes={"pt": "por"})
    found = reader.load(PT_EN, [PT_EN])
    assert [(s.id, s.source, s.references["human"]) for s in found.segments] == [
        (str(n), f"pt {n}", f"en {n}") for n in (1, 2, 3)
    ]
    limited = two_files(tmp_path, language_codes={"pt": "por"}, limit=2).load(PT_EN, [PT_EN])
    assert (limited.name, [s.references["human"] for s in limited.segments]) == ("two (first 2)", ["en 1", "en 2"])
    assert [need.found for need in reader.needs(PT_EN)] == [True, True]
    assert [need.found for need in two_files(tmp_path).needs(PT_EN)] == [False, True]


@pytest.mark.parametrize(
    ("target", "error", "problem"),
    [
        ((1, 2), ParityError, "lacks 1 of 3 segments (id 3)"),
        ((1, 2, 3, 4), ParityError, "has 1 segments more than the source (id 4)"),
        ((1, 2, 2, 3), DataError, "id 2 is there more than once"),
    ],
)
def test_files_that_do_not_belong_together_are_named(
    tmp_path: Path, target: tuple[int, ...], error: type[MtevalError], problem: str
) -> None:
    jsonl(tmp_path / "pt.jsonl", [{"id": n, "text": f"pt {n}"} for n in (1, 2, 3)])
    jsonl(tmp_path / "en.jsonl", [{"id": n, "text": f"en {n}"} for n in target])
    with pytest.raises(error) as caught:
        two_files(tmp_path).load(PT_EN, [PT_EN])
    assert problem in str(caught.value)
    assert "en.jsonl" in caught.value.where


@pytest.mark.parametrize(
    ("settings", "error", "problem"),
    [
        (
            {"columns": {"source": "src"}},
            ConfigError,
            "evalset.columns.source: json FILE test: the data set has no src; its columns are ",
        ),
        ({"columns": {"source": "src"}}, ConfigError, "; name one of them"),
        ({"columns": {"source": "translation.de"}}, ConfigError, "translation.pt"),
        ({"references": {"r": "ref_{target}"}}, ConfigError, "evalset.references.r: "),
        ({"columns": {**COLUMNS, "document": "translation"}}, DataError, "row 1: translation {'pt'"),
        ({"columns": {"source": "id"}}, DataError, "row 1: has no source text in id"),
        ({"references": {"r": "id"}}, DataError, "row 1: id holds a int, not a text"),
        ({"columns": {"source": "doc", "id": "doc"}}, DataError, "doc a is there more than once"),
        ({"pair": LangPair("ro", "en")}, ConfigError, "has no translation.ro"),
        (
            {"source_language": "en"},
            ConfigError,
            "lang_pairs.pt-en: json is from en only; choose lang pairs whose source is en",
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, settings: dict[str, Any], error: type[MtevalError], problem: str
) -> None:
    with pytest.raises(error) as caught:
        local(tmp_path, ROWS, **settings)
    assert problem.replace("FILE", str(tmp_path / "set.jsonl")) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_and_missing_files_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.jsonl").write_text('{"a": 1}\n{"a"')
    for name, problem in {"broken": "cannot be read (", "none": "Unable to find"}.items():
        with pytest.raises(DataError, match=rf"{name}.jsonl: cannot be read") as caught:
            HubDataset("json", {"source": "a"}, data_files=[str(tmp_path / f"{name}.jsonl")]).load(PT_EN, [PT_EN])
        assert problem in str(caught.value)
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(DataError, match=r"empty.jsonl.*: (cannot be read|holds no row)"):
        HubDataset("json", {"source": "a"}, data_files=[str(tmp_path / "empty.jsonl")]).load(PT_EN, [PT_EN])
    with pytest.raises(DataError, match="cannot be read"):
        HubDataset(str(tmp_path / "nowhere"), {"source": "a"}).load(PT_EN, [PT_EN])
    assert capfd.readouterr() == ("", "")


def test_no_address_is_asked_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    reader = HubDataset("json", {"source": "a"}, data_files=["https://example.org/set.jsonl"])
    with pytest.raises(UnavailableError, match=r"json: needs example.org, and this run is offline"):
        reader.load(PT_EN, [PT_EN])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"columns": {"sauce": "a"}}, "columns.sauce: unknown key; name one of source,"),
        ({"columns": {"source": None}}, "columns.source: has no value"),
        ({"reference_config": "x"}, "columns.id: has no value"),
        ({"limit": 0}, "limit: 0 is no number of rows"),
        ({"path": "json"}, "data_files: there are none, and json is a format"),
        ({"origlang": "xx"}, "origlang: unknown language code"),
        ({"source_language": "xx"}, "source_language: unknown language code"),
    ],
)
def test_settings_are_checked_at_once(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HubDataset(**({"path": "org/set", "columns": {"source": "a"}} | settings))
    assert str(caught.value).startswith(problem)


# How data sets write languages

FLORES = (
    "por_Latn", "eng_Latn", "cmn_Hans", "cmn_Hant", "arb_Arab", "arz_Arab", "nob_Latn", "nno_Latn", "ekk_Latn",
    "kor_Hang", "srp_Cyrl", "cat_Latn", "cat_Latn_vale1252",
)  # fmt: skip
LOCALES = ("en-pt_BR", "en-pt_PT", "en-es_MX", "en-zh_CN", "en-zh_TW", "en-no_NO", "en-fr_FR", "en-fr_CA")


@pytest.mark.parametrize(
    ("template", "pair", "known", "name"),
    [
        ("{source}", "pt-en", FLORES, "por_Latn"),
        ("{source}", "por_Latn-en", FLORES, "por_Latn"),
        ("{source}", "zh-en", FLORES, "cmn_Hans"),
        ("{source}", "zh_Hant-en", FLORES, "cmn_Hant"),
        ("{source}", "ar-en", FLORES, "arb_Arab"),
        ("{source}", "arz-en", FLORES, "arz_Arab"),
        ("{source}", "no-en", FLORES, "nob_Latn"),
        ("{source}", "nn-en", FLORES, "nno_Latn"),
        ("{source}", "et-en", FLORES, "ekk_Latn"),
        ("{source}", "ko-en", FLORES, "kor_Hang"),
        ("{source}", "sr-en", FLORES, "srp_Cyrl"),
        ("{source}", "ca-en", FLORES, "cat_Latn"),
        ("en-{target}", "en-pt", LOCALES, "en-pt_BR"),
        ("en-{target}", "en-pt_PT", LOCALES, "en-pt_PT"),
        ("{lang_pair}", "en-zh", LOCALES, "en-zh_CN"),
        ("{source}-{target}", "en-zh_TW", LOCALES, "en-zh_TW"),
        ("en-{target}", "en-nb", LOCALES, "en-no_NO"),
        ("en-{target}", "en-fr", LOCALES, "en-fr_FR"),
        ("{alphabetical}", "pt-en", ("en-pt", "en-ro"), "en-pt"),
        ("{target}", "en-pt_BR", ("por_Latn", "por-BR", "eng_Latn"), "por-BR"),
        ("{target}", "en-pt", ("por_Latn", "por-BR", "eng_Latn"), "por_Latn"),
        ("{source}/{source}", "pt-en", ("por/por", "por/eng"), "por/por"),
        ("{source}", "pt-en", (), "pt"),
    ],
)
def test_a_language_is_found_however_it_is_written(template: str, pair: str, known: tuple[str, ...], name: str) -> None:
    assert find(template, LangPair.parse(pair, "test"), {}, known, "config", "configs") == name


@pytest.mark.parametrize(
    ("template", "pair", "known", "problem"),
    [
        ("{source}", "pt_PT-en", FLORES, "has no pt_PT; its configs are such as por_Latn"),
        ("{source}", "sr_Latn-en", FLORES, "has no sr_Latn"),
        ("en-{target}", "en-es", LOCALES, "has no en-es; its configs are such as en-es_MX"),
        ("{source}", "pt-en", ("por_Latn", "por"), "{source} in pt-en may be por, por_Latn"),
        ("plain", "pt-en", ("default",), "has no plain; its configs are default; name one of them"),
        ("{alphabetical}", "pt-en", ("de-en",), "has no en-pt; its configs are de-en; choose other lang_pairs"),
    ],
)
def test_a_language_that_is_another_is_not_taken(
    template: str, pair: str, known: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        find(template, LangPair.parse(pair, "test"), {}, known, "config", "configs")
    assert problem in str(caught.value)
    assert caught.value.where == "evalset.config"


def test_what_the_user_says_of_a_language_is_final() -> None:
    codes = {"pt_PT": "por_Latn", "zh": "cmn_Hant"}
    assert find("{source}", LangPair("pt_PT", "en"), codes, FLORES, "config", "configs") == "por_Latn"
    assert find("{source}", LangPair("zh", "en"), codes, FLORES, "config", "configs") == "cmn_Hant"
    with pytest.raises(ConfigError, match="has no xx; its configs"):
        find("{source}", LangPair("pt", "en"), {"pt": "xx"}, FLORES, "config", "configs")


# The hub, on this machine

PROBE = """
import json, os, sys
from mteval.errors import MtevalError
from mteval.evalsets.hub import HubDataset
from mteval.lang import LangPair

for given, pair in json.load(sys.stdin):
    if "offline" in given:
        os.environ["MTEVAL_OFFLINE"] = given.pop("offline")
    pair = LangPair.parse(pair, "test")
    reader = HubDataset(**given)
    try:
        found = reader.load(pair, [pair])
        said = [found.name, [[s.id, s.source, s.document, dict(s.references)] for s in found.segments],
                [d.translated for d in found.documents]]
    except MtevalError as error:
        said = [type(error).__name__, str(error)]
    print(json.dumps([said, [[need.name, need.found, need.gated] for need in reader.needs(pair)]]), flush=True)
"""


def card(configs: dict[str, dict[str, str]]) -> str:
    """A data set's card, which says what its configs are."""
    listed = [
        {"config_name": name, "data_files": [{"split": split, "path": path} for split, path in files.items()]}
        for name, files in configs.items()
    ]
    return f"---\n{json.dumps({'configs': listed})}\n---\n"


def put(folder: Path, name: str, configs: dict[str, dict[str, str]], files: dict[str, list[dict[str, Any]]]) -> None:
    for path, rows in files.items():
        jsonl(folder / name / path, rows)
    (folder / name / "README.md").write_text(card(configs), encoding="utf-8")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with data sets of the names, configs, splits and columns of the published ones, and texts of our own."""
    folder = tmp_path_factory.mktemp("hub")
    languages = ("por_Latn", "eng_Latn", "cmn_Hans")
    flores = {name: {split: f"{split}/{name}.jsonl" for split in ("dev", "devtest")} for name in languages}
    texts = {
        f"{split}/{name}.jsonl": [
            {"id": n, "iso_639_3": name[:3], "iso_15924": name[4:], "text": f"{name} {split} {n}", "url": f"u{n // 2}"}
            for n in (1, 2, 3)
        ]
        for name in languages
        for split in ("dev", "devtest")
    }
    for name in ("openlanguagedata/flores_plus", "tiny/gated"):
        put(folder, name, flores, texts)
    rows = [
        {
            "lp": "en-pt_BR", "domain": "news", "document_id": f"d{n}", "segment_id": n, "is_bad_source": n == 1,
            "source": f"en {n}", "target": f"pt {n}", "original_target": f"mt {n}",
        }
        for n in (1, 2, 3)
    ]  # fmt: skip
    locales = {name: {"train": f"{name}.jsonl"} for name in ("en-pt_BR", "en-pt_PT")}
    put(folder, "google/wmt24pp", locales, {f"{name}.jsonl": rows for name in locales})
    wide = [{"eng_Latn": f"en {n}", "por_Latn": f"pt {n}", "ron_Latn": f"ro {n}"} for n in (1, 2)]
    put(folder, "mteb/NTREX", {"default": {"test": "test.jsonl"}}, {"test.jsonl": wide})
    pairs = [{"translation": {"en": f"en {n}", "pt": f"pt {n}"}} for n in (1, 2)]
    configs = {name: {"test": f"{name}/test.jsonl"} for name in ("en-pt", "en-ro")}
    put(folder, "Helsinki-NLP/opus-100", configs, {"en-pt/test.jsonl": pairs, "en-ro/test.jsonl": pairs})
    with serving(folder, frozenset({"tiny/gated"})) as server:
        yield server


def probe(endpoint: str, home: Path, cases: list[tuple[dict[str, Any], str]]) -> list[Any]:
    """What the reader says of data sets at a hub, in a process of its own that knows no other hub."""
    clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment = {**clean, "HF_ENDPOINT": endpoint, "HF_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(cases),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def option(name: str, **changes: Any) -> dict[str, Any]:
    settings = read_yaml(packaged("configs") / "evalset" / f"{name}.yaml")
    settings.pop("_target_")
    return {**settings, **changes}


@pytest.mark.slow
def test_the_options_read_the_data_sets_that_they_name(hub: Hub, tmp_path: Path) -> None:
    flores, zh, wmt, european, ntrex, opus, limited = probe(
        hub.url,
        tmp_path,
        [
            (option("flores_plus"), "pt-en"),
            (option("flores_plus", split="dev"), "en-zh"),
            (option("wmt24pp"), "en-pt"),
            (option("wmt24pp"), "en-pt_PT"),
            (option("ntrex"), "ro-en"),
            (option("opus100"), "pt-en"),
            (option("opus100", limit=1), "en-pt"),
        ],
    )
    assert flores[0] == [
        "flores_plus",
        [[str(n), f"por_Latn devtest {n}", f"u{n // 2}", {"human": f"eng_Latn devtest {n}"}] for n in (1, 2, 3)],
        [True, True],
    ]
    assert flores[1] == [["openlanguagedata/flores_plus", False, True]] * 2
    assert zh[0][1][0] == ["1", "eng_Latn dev 1", "u0", {"human": "cmn_Hans dev 1"}]
    assert zh[0][2] == [False, False]
    assert wmt[0] == ["wmt24pp", [[str(n), f"en {n}", f"d{n}", {"post_edit": f"pt {n}"}] for n in (2, 3)], [False] * 2]
    assert european[0][1] == wmt[0][1]
    assert ntrex[0] == ["ntrex", [[f"ntrex:{n}", f"ro {n}", "ntrex", {"human": f"en {n}"}] for n in (1, 2)], [True]]
    assert opus[0] == [
        "opus100",
        [[f"opus100:{n}", f"pt {n}", "opus100", {"human": f"en {n}"}] for n in (1, 2)],
        [None],
    ]
    assert limited[0] == ["opus100 (first 1)", [["opus100:1", "en 1", "opus100", {"human": "pt 1"}]], [None]]


def test_what_the_hub_refuses_is_named(hub: Hub, tmp_path: Path) -> None:
    said = probe(
        hub.url,
        tmp_path,
        [
            (option("flores_plus", path="tiny/gated"), "pt-en"),
            (option("flores_plus", path="tiny/none"), "pt-en"),
            (option("flores_plus", revision="v9"), "pt-en"),
            (option("flores_plus", split="test"), "pt-en"),
            (option("flores_plus"), "pt_PT-en"),
            (option("wmt24pp"), "pt-en"),
            (option("flores_plus", config=None, reference_config=None), "pt-en"),
            (option("ntrex", columns={"source": "text"}), "pt-en"),
        ],
    )
    expected = [
        (GatedError, "accepted its licence; accept it at https://huggingface.co/datasets/tiny/gated and log in"),
        (UnavailableError, "tiny/none: the hub has no such data set, and there is no such folder"),
        (UnavailableError, "the hub has no revision 'v9' of it; correct evalset.revision"),
        (ConfigError, "evalset.split: Bad split: test. Available splits: ['dev', 'devtest']; name one that it has"),
        (ConfigError, "evalset.config: the data set has no pt_PT; its configs are"),
        (ConfigError, "lang_pairs.pt-en: google/wmt24pp is from en only"),
        (ConfigError, "evalset.config: openlanguagedata/flores_plus has several configs; name one, as por_Latn, eng"),
        (
            ConfigError,
            "evalset.columns.source: mteb/NTREX test: the data set has no text; its columns are eng_Latn, por",
        ),
    ]
    for (found, _), (error, problem) in zip(said, expected, strict=True):
        assert found[0] == error.__name__, found
        assert problem in found[1]
        assert "\n" not in found[1]


@pytest.mark.slow
def test_what_was_kept_is_read_without_a_hub(hub: Hub, tmp_path: Path) -> None:
    kept, offline, one_commit, other_commit, other_pair, other_set = probe(
        hub.url,
        tmp_path,
        [
            (option("flores_plus", streaming=False), "pt-en"),
            (option("flores_plus", offline="1"), "pt-en"),
            (option("flores_plus", revision=COMMIT), "pt-en"),
            (option("flores_plus", revision="main2"), "pt-en"),
            (option("flores_plus"), "zh-en"),
            (option("opus100"), "pt-en"),
        ],
    )
    assert kept == offline == one_commit
    assert kept[1] == [["openlanguagedata/flores_plus", True, True]] * 2
    for found in (other_commit, other_set):
        assert found[0][0] == "UnavailableError"
        assert "is not in the hub's cache, and there is no network" in found[0][1]
        assert found[1][0][1] is False
    assert found[1][0] == ["Helsinki-NLP/opus-100", False, False]
    assert "has no zh; its configs in the cache are" in other_pair[0][1]
    asked = len(hub.asked)
    away, lost = probe(
        "http://127.0.0.1:9",
        tmp_path,
        [(option("flores_plus"), "pt-en"), (option("ntrex"), "pt-en")],
    )
    assert away == kept
    assert lost[0][0] == "UnavailableError"
    assert "mteb/NTREX: the hub cannot be reached" in lost[0][1]
    assert len(hub.asked) == asked
