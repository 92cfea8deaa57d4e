from __future__ import annotations

from pathlib import Path

import pytest

from mteval.errors import ConfigError, DataError, MtevalError, ParityError
from mteval.evalsets.mt_metrics_eval import MtMetricsEval
from mteval.lang import LangPair
from mteval.segment import EvalSet

EN_DE = LangPair("en", "de")
FILES = {
    "sources/en-de.txt": "One.  \nTwo.\nThree.\n",
    "sources/en-cs.txt": "One.\n",
    "documents/en-de.docs": "news d1\nnews\td1\nsocial d2 extra\n",
    "references/en-de.refA.txt": "Eins.\nZwei.\nDrei.\n",
    "references/en-de.refB.txt": "1.\n[No translation supplied]\n3.\n",
    "references/en-cs.refA.txt": "Jedna.\n",
    "system-outputs/en-de/GPT-4.5.txt": "eins\n\ndrei\n",
    "system-outputs/en-de/ONLINE%20B.jsonl": '{"hypothesis": "1\\n2"}\n{"hypothesis": null}\n{"hypothesis": "3 "}\n',
    "system-outputs/en-de/refB.txt": "1.\n2.\n3.\n",
    "human-scores/en-de.mqm.seg.score": (
        "GPT-4.5 -1.5\nGPT-4.5\tNone\nGPT-4.5 0\nrefB None\nrefB None\nrefB 7\n"
    ),
    "human-scores/en-de.wmt-z.seg.score": "GPT-4.5 0.1\nGPT-4.5 0.2\nGPT-4.5 0.3\n",
    "human-scores/en-de.esa.sys.score": "GPT-4.5 50\n",
    "human-scores/en-cs.mqm.seg.score": "x 1\n",
}  # fmt: skip


def write(folder: Path, **changes: str | None) -> Path:
    """A test set's folder, with files replaced (``human_scores/en_de.mqm.seg.score``) or left out."""
    for name, text in {**FILES, **changes}.items():
        if text is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, pair: LangPair = EN_DE, **settings: object) -> EvalSet:
    return MtMetricsEval(str(folder), **settings).load(pair, [pair])  # type: ignore[arg-type]


def test_texts_are_read_as_the_official_tool_reads_them(tmp_path: Path) -> None:
    found = load(write(tmp_path / "wmt99"))
    assert found.name == "wmt99"
    assert [s.source for s in found.segments] == ["One.", "Two.", "Three."]
    assert [(s.id, s.document) for s in found.segments] == [("d1:1", "d1"), ("d1:2", "d1"), ("d2:1", "d2")]
    assert [d.origlang for d in found.documents] == [None, None]
    assert [dict(s.references) for s in found.segments] == [
        {"refA": "Eins.", "refB": "1."},
        {"refA": "Zwei."},
        {"refA": "Drei.", "refB": "3."},
    ]
    assert found.segments[2].where == f"{tmp_path / 'wmt99' / 'sources' / 'en-de.txt'}:3"


def test_outputs_are_hypotheses(tmp_path: Path) -> None:
    found = load(write(tmp_path))
    assert {name: one.texts for name, one in found.hypotheses.items()} == {
        "GPT-4.5": ("eins", "", "drei"),
        "ONLINE%20B": ("1\n2", "", "3 "),  # whose name is as it is: mteval did not write the folder
    }
    assert found.hypotheses["ONLINE%20B"].notices == ("segment d1:2: no translation was supplied",)
    assert found.hypotheses["GPT-4.5"].notices == ()
    assert list(load(tmp_path, people=True).hypotheses) == ["GPT-4.5", "ONLINE%20B", "refB"]
    assert list(load(tmp_path, systems=["refB"]).hypotheses) == ["refB"]
    with pytest.raises(ConfigError, match=r"evalset.systems: .* no output of 'GPT-4'; name one of GPT-4.5, ONLINE"):
        load(tmp_path, systems=["GPT-4"])


def test_human_scores_are_gold(tmp_path: Path) -> None:
    found = load(write(tmp_path))
    assert [dict(s.gold) for s in found.segments] == [{"GPT-4.5": -1.5}, {}, {"GPT-4.5": 0.0, "refB": 7.0}]
    assert [dict(s.gold) for s in load(tmp_path, human_scores="wmt-z").segments] == [
        {"GPT-4.5": 0.1}, {"GPT-4.5": 0.2}, {"GPT-4.5": 0.3},
    ]  # fmt: skip
    assert not any(s.gold for s in load(tmp_path, human_scores="none").segments)
    with pytest.raises(ConfigError, match=r"evalset.human_scores: .* no human scores 'esa' .*; name one of mqm, wmt-z"):
        load(tmp_path, human_scores="esa")


def test_the_standard_human_scores_are_the_official_ones(tmp_path: Path) -> None:
    """As mt_metrics_eval/meta_info.py has them: in wmt20 the standard is not MQM, though MQM is there."""
    raw = {"human-scores/en-de.wmt-raw.seg.score": "GPT-4.5 70\n" * 3}
    assert load(write(tmp_path / "wmt20", **raw)).segments[0].gold["GPT-4.5"] == 70
    assert load(write(tmp_path / "wmt21.news", **raw)).segments[0].gold["GPT-4.5"] == -1.5
    gone = {"human-scores/en-de.mqm.seg.score": None, "human-scores/en-de.wmt-z.seg.score": None}
    assert load(write(tmp_path / "raw", **raw, **gone)).segments[0].gold["GPT-4.5"] == 70
    assert load(write(tmp_path / "no", **gone)).segments[0].gold == {}
    own = {f"human-scores/en-de.{name}.seg.score": "GPT-4.5 1\n" * 3 for name in ("x", "y")}
    with pytest.raises(ConfigError, match="there are several; name one of x, y, or none"):
        load(write(tmp_path / "own", **own, **gone))


def test_the_original_language_can_be_told(tmp_path: Path) -> None:
    write(tmp_path)
    assert [d.translated for d in load(tmp_path, origlang="{source}").documents] == [False, False]
    assert [d.translated for d in load(tmp_path, origlang="cs").documents] == [True, True]
    with pytest.raises(ConfigError, match=r"^origlang: unknown language code 'xx'"):
        MtMetricsEval("x", origlang="xx")


def test_needs_name_the_files(tmp_path: Path) -> None:
    write(tmp_path)
    assert [need.found for need in MtMetricsEval(str(tmp_path)).needs(EN_DE)] == [True, True]
    assert [need.found for need in MtMetricsEval(str(tmp_path)).needs(LangPair("en", "cs"))] == [True, False]
    assert [need.found for need in MtMetricsEval(str(tmp_path / "{lang_pair}")).needs(EN_DE)] == [False, False]


@pytest.mark.parametrize(
    ("changes", "error", "problem"),
    [
        ({"sources/en-de.txt": None}, DataError, "has no en-de; choose from en-cs"),
        ({"sources/en-de.txt": ""}, DataError, "en-de.txt: holds no segment"),
        ({"sources/en-de.txt": "One.\n \nThree.\n"}, DataError, "en-de.txt:2: has no source text"),
        ({"documents/en-de.docs": "news d1\n"}, ParityError, "en-de.docs: 1 lines for 3 segments"),
        ({"documents/en-de.docs": "news d1\nd1\n"}, DataError, "en-de.docs:2: is not a domain and a document"),
        ({"documents/en-de.docs": "a d1\na d2\na d1\n"}, DataError, "en-de.docs:3: document 'd1' begins again"),
        ({"documents/en-de.docs": None}, DataError, "en-de.docs: no such file"),
        ({"references/en-de.refA.txt": "Eins.\n"}, ParityError, "en-de.refA.txt: 1 lines for 3 segments"),
        ({"system-outputs/en-de/GPT-4.5.txt": "x\n" * 4}, ParityError, "GPT-4.5.txt: 4 lines for 3 segments"),
        ({"system-outputs/en-de/GPT-4.5.jsonl": "{}"}, DataError, "GPT-4.5.jsonl:1: has no text in 'hypothesis'"),
        ({"system-outputs/en-de/refB.jsonl": '{"hypothesis": "x"}\n' * 3}, DataError, "refB is there twice"),
        ({"human-scores/en-de.mqm.seg.score": "GPT-4.5 1\n"}, ParityError, "1 scores of GPT-4.5 for 3 segments"),
        ({"human-scores/en-de.mqm.seg.score": "GPT-4.5\n"}, DataError, "score:1: is not a system and its score"),
        ({"human-scores/en-de.mqm.seg.score": "GPT-4.5 x\n"}, DataError, "score:1: 'x' is no score"),
        ({"human-scores/en-de.mqm.seg.score": "GPT-4.5 nan\n"}, DataError, "score:1: nan is no score"),
        ({"human-scores/en-de.mqm.seg.score": "GPT 1\n" * 3}, DataError, "scores 'GPT', which has no output"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, changes: dict[str, str | None], error: type[MtevalError], problem: str
) -> None:
    with pytest.raises(error) as caught:
        load(write(tmp_path, **changes))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: no such folder"):
        load(tmp_path / "none")
    with pytest.raises(DataError, match=r"give a folder that holds sources/"):
        load(tmp_path)
