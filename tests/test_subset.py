"""Parts of eval sets: what is chosen, what is cut along with it, and that no part passes for the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mteval.composition import compose
from mteval.config import build
from mteval.errors import ComparabilityError, ConfigError, ParityError
from mteval.lang import LangPair
from mteval.merging import merge
from mteval.recorded import read_run
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.subset import Subset
from mteval.systems.stored import Stored
from tests.recorded_runs import FAST, write

PT_EN = LangPair("pt", "en")
ORIGINS = {"a": "pt", "b": "en_GB", "c": None, "d": "pt_BR"}


def whole(pair: LangPair = PT_EN, **values: Any) -> EvalSet:
    """Documents a, b, c and d with two body segments each, and page furniture after each of them."""
    segments = tuple(
        Segment(f"{document}:{number}", f"{document} {number}", document, "x", furniture=number == 3)
        for document in ORIGINS
        for number in (1, 2, 3)
    )
    scored = [segment for segment in segments if not segment.furniture]
    given = EvalSet(
        "set",
        pair,
        tuple(Document(document, pair.source, origlang=code) for document, code in ORIGINS.items()),
        segments,
        {"sys": Hypotheses("sys", tuple(f"of {segment.id}" for segment in scored))},
    )
    return replace(given, **values)


def cut(**chosen: Any) -> EvalSet:
    (found,) = Subset(**chosen).cut([whole()])
    return found


def test_everything_is_the_eval_set_itself() -> None:
    given = whole()
    assert Subset().cut([given]) == [given]
    assert Subset().cut([given])[0] is given


@pytest.mark.parametrize(
    ("chosen", "documents", "segments", "name"),
    [
        ({"origlang": "original"}, "ad", 6, "set [origlang=original]"),
        ({"origlang": "translated"}, "b", 3, "set [origlang=translated]"),
        ({"origlang": "pt"}, "ad", 6, "set [origlang=pt]"),
        ({"origlang": "pt_BR"}, "d", 3, "set [origlang=pt_BR]"),
        ({"origlang": "en"}, "b", 3, "set [origlang=en]"),
        ({"documents": ["c", "a"]}, "ac", 6, "set [documents=a+c]"),
        ({"documents": list("dcba")}, "abcd", 12, "set [documents=4 of sha256 cf92326f]"),
        ({"first": 3}, "ab", 4, "set [first=3]"),  # a:1, a:2, the furniture between, b:1
        ({"first": 4}, "ab", 5, "set [first=4]"),
        ({"first": 99}, "abcd", 12, "set [first=99]"),
        ({"origlang": "original", "documents": ["d", "b"], "first": 1}, "d", 1,
         "set [origlang=original, documents=b+d, first=1]"),
    ],
)  # fmt: skip
def test_a_part_is_chosen(chosen: dict[str, Any], documents: str, segments: int, name: str) -> None:
    found = cut(**chosen)
    assert (found.name, "".join(document.id for document in found.documents)) == (name, documents)
    assert len(found.segments) == segments
    assert found.hypotheses["sys"].texts == tuple(f"of {segment.id}" for segment in found.scored)
    assert found.whole == whole()
    assert set(found.rows) == set(documents)
    assert all(found.rows.values())


def test_what_is_left_out_is_said() -> None:
    assert cut(origlang="original", first=3).notices == (
        "of set only 2 of 4 documents and 3 of 8 segments are evaluated (origlang=original, first=3; the original "
        "language of 1 of them is not known)",
        "document d is cut after segment d:1: its verdicts and scores are of what is left",
    )
    (notice,) = cut(first=2).notices
    assert notice == "of set only 1 of 4 documents and 2 of 8 segments are evaluated (first=2)"
    (found,) = Subset(first=1).cut([whole(notices=("has a mark",))])
    assert found.notices[0] == "has a mark"


def test_documents_are_looked_for_in_all_lang_pairs() -> None:
    other = EvalSet("set", LangPair("ro", "en"), (Document("e", "ro"),), (Segment("e:1", "x", "e", "x"),))
    both = Subset(documents=["b", "e"]).cut([whole(), other])
    assert [[document.id for document in one.documents] for one in both] == [["b"], ["e"]]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"documents": ["a", "x"]}, "subset.documents: no document 'x'; there are a, b, c, d"),
        ({"documents": []}, "subset.documents: the list is empty"),
        ({"documents": ["a", "a"]}, "subset.documents: 'a' is there twice"),
        ({"first": 0}, "subset.first: 0 is no number of segments"),
        ({"first": -1}, "subset.first: -1 is no number of segments"),
        ({"origlang": "orignal"}, "subset.origlang: unknown language code 'orignal'; write original, translated, or"),
        (
            {"origlang": "ro"},
            "subset: nothing is left of set pt-en (origlang=ro; the original language of 1 of them is",
        ),
        (
            {"origlang": "translated", "documents": ["a"]},
            "subset: nothing is left of set pt-en (origlang=translated, doc",
        ),
    ],
)
def test_what_cannot_be_chosen_is_named(chosen: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cut(**chosen)
    assert str(caught.value).startswith(problem)


def stored(folder: Path, *lines: str) -> Stored:
    (folder / "out.tsv").write_text("hypothesis\tsource\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return Stored(str(folder / "out.tsv"))


def test_a_file_of_hypotheses_is_cut_along(tmp_path: Path) -> None:
    every = [f"of {segment.id}\t{segment.source}" for segment in whole().scored]
    found = cut(origlang="translated")
    system = stored(tmp_path, *every)
    assert system.declines(found) is None
    assert [output.text for _, output in system.translate(found.scored, PT_EN, {})] == ["of b:1", "of b:2"]
    system = stored(tmp_path, *every[2:4])  # made of the subset alone
    assert system.declines(found) is None
    assert [output.text for _, output in system.translate(found.scored, PT_EN, {})] == ["of b:1", "of b:2"]
    with pytest.raises(ParityError, match=r"out\.tsv: 3 hypotheses for 8 segments of set;"):
        stored(tmp_path, *every[2:5]).declines(found)
    with pytest.raises(ParityError, match=r"out\.tsv:2: its source is not that of segment b:1"):
        stored(tmp_path, *every[:2]).declines(found)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JSONL set whose documents are original, translated and of unknown origin."""
    path = tmp_path_factory.mktemp("lines") / "mixed.jsonl"
    rows = [
        {
            "source": f"Frase {document} {number}.",
            "document": document,
            "references": {"r": f"Sentence {document} {number}."},
            "hypotheses": {"x": f"Sentence {document} {number}.", "y": f"Phrase of {document}, {number}."},
            **({"origlang": code} if code else {}),
        }
        for document, code in ORIGINS.items()
        for number in (1, 2)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_runs_on_other_parts_do_not_pass_for_one(lines: Path, tmp_path: Path) -> None:
    runs = {}
    for name, chosen in {"all": [], "two": ["subset.first=2"], "docs": ["subset.documents=[a]"]}.items():
        config = ["evalset=jsonl", f"evalset.path={lines}", "lang_pairs=[pt-en]", "systems=[]", "metrics=[chrf]"]
        run = build(compose([*FAST, *config, "garble=[]", *chosen], []))
        result = run.evaluation.run()
        write(replace(result, record={**result.record, "metric_configs": run.metric_configs}), tmp_path / name)
        runs[name] = read_run(tmp_path / name)
    warned = [text for text in runs["two"].result.warnings if "only 1 of 4 documents and 2 of 8 segments" in text]
    assert len(warned) == 1
    (pair,) = runs["two"].result.pairs
    assert pair.eval_set.name == "mixed [first=2]"
    assert [system.hypotheses.texts[1] for system in pair.systems] == ["Sentence a 2.", "Phrase of a, 2."]
    with pytest.raises(ComparabilityError, match=r"name: mixed in .*, mixed \[first=2\] in"):
        merge([runs["all"], runs["two"]])
    with pytest.raises(ComparabilityError, match=r"not the same eval set \(name"):  # the same segments
        merge([runs["docs"], runs["two"]])


def test_the_config_has_the_keys() -> None:
    config = compose(["subset.documents=[a,7]", "subset.first=3", "subset.origlang=no"], [])
    assert build(config).evaluation.subset == Subset("no", ["a", "7"], 3)
