from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mteval.errors import ConfigError, OutputError
from mteval.evalsets.mt_metrics_eval import MtMetricsEval, read_scores
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, RunResult, SystemResult
from mteval.report.fakes import fake_result
from mteval.report.mt_metrics_eval import MtMetricsEvalFolder, encoded, encoded_reference
from mteval.scores import DocumentScores, SegmentScores, SystemScore
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.systems.base import Kind
from tests.recorded_runs import made

PT_EN = LangPair("pt", "en")
CARDS = {
    "mqm-like v.1": MetricCard("MetricX", False, False, 0, 25, 2, "Apache-2.0"),
    "chrf": MetricCard("chrF", True, True, 0, 100, 1, "Apache-2.0"),
}
TEXTS = {
    "a b": ("One.", "", "Tr\u2028ee."),
    "x/y.z": ("1", "2 ", "3"),
    ".hidden": ("[No translation supplied]", "b\nc", "d"),
}


def system(name: str, kind: Kind, texts: tuple[str, ...], *points: float) -> SystemResult:
    """A system with a score a segment by each metric, doubled for documents and the system; chrF is not for people."""
    metrics = [metric for metric in CARDS if kind != "reference" or metric != "chrf"]
    return SystemResult(
        name,
        kind,
        f"signature of {name}",
        Hypotheses(name, texts),
        ((), (), ()),
        {metric: SystemScore(metric, name, points[0] * 2, None, 3, f"signature of {metric}") for metric in metrics},
        {metric: SegmentScores(metric, name, points) for metric in metrics},
        document_scores={
            metric: DocumentScores(metric, name, {"d 1": points[0] / 2, "d2": points[2] / 2}) for metric in metrics
        },
    )


def result(**changes: object) -> RunResult:
    """Three segments in two documents, two references (one of them partial), names and texts of every kind."""
    segments = (
        Segment(
            "d 1:1", "Um.", "d 1", "f:1", references={"ref-A.1": "One.", "src": "1."}, gold={"a b": 1.5, "ref-A.1": 99}
        ),
        Segment("d 1:2", "Dois.", "d 1", "f:2", references={"ref-A.1": "Two."}, gold={"x/y.z": -2.0}),
        Segment("d2:1", "Três.", "d2", "f:3", references={"ref-A.1": "Three.", "src": "3."}),
    )
    documents = (Document("d 1", "pt"), Document("d2", "pt"))
    systems = (
        *(system(name, "system", texts, 0.1, 1 / 3, 25.0) for name, texts in TEXTS.items()),
        system("people", "reference", ("One.", "Two.", "Three."), 0.0, 0.0, 1.0),
        system("copy", "canary", ("Um.", "Dois.", "Três."), 9.0, 9.0, 9.0),
    )
    pair = PairResult(EvalSet("set [1]", PT_EN, documents, segments), systems, {}, ())
    return replace(RunResult((pair,), CARDS, {}), **changes)  # type: ignore[arg-type]


def test_what_is_written_is_what_the_official_tool_reads(tmp_path: Path) -> None:
    """The files below were read by the official ``EvalSet`` (google-research/mt-metrics-eval, the part of data.py at
    6bc577f that reads, without Beam), with

    ``EvalSet("set%20%5B1%5D", "pt-en", True, MetaInfo("ref%2DA%2E1", {"seg": "mqm"}, set(), set()), FOLDER,
    strict=True)``

    and gave: ``docs`` {"d%201": [0, 2], "d2": [2, 3]}; ``human_sys_names`` {"ref%2DA%2E1"}; ``metric_names``
    {"mqm-like%20v.1-src", "chrf-ref%2DA%2E1"}; ``Scores("seg", "mqm")["a%20b"]`` [1.5, None, None]; and
    ``Scores("doc", "mqm-like%20v.1-src")["x%2Fy.z"]`` [-0.05, -12.5]; with ``strict`` it refuses a gap in any of them.
    """
    folder = MtMetricsEvalFolder("mqm").write(result(), tmp_path)
    assert folder == tmp_path / "mt-metrics-eval"
    inside = folder / "set%20%5B1%5D"
    found = {str(file.relative_to(inside)): file.read_text("utf-8") for file in inside.rglob("*") if file.is_file()}
    about = json.loads(found.pop("mteval.json"))
    systems = ["a%20b", "x%2Fy.z", "%2Ehidden"]
    assert found == {
        "sources/pt-en.txt": "Um.\nDois.\nTrês.\n",
        "documents/pt-en.docs": "all\td%201\nall\td%201\nall\td2\n",
        "references/pt-en.ref%2DA%2E1.txt": "One.\nTwo.\nThree.\n",
        "references/pt-en.%73rc.txt": "1.\n[No translation supplied]\n3.\n",
        "system-outputs/pt-en/a%20b.txt": "One.\n\nTr\u2028ee.\n",
        "system-outputs/pt-en/x%2Fy.z.jsonl": '{"hypothesis": "1"}\n{"hypothesis": "2 "}\n{"hypothesis": "3"}\n',
        "system-outputs/pt-en/%2Ehidden.jsonl": (
            '{"hypothesis": "[No translation supplied]"}\n{"hypothesis": "b\\nc"}\n{"hypothesis": "d"}\n'
        ),
        "system-outputs/pt-en/ref%2DA%2E1.txt": "One.\nTwo.\nThree.\n",
        "human-scores/pt-en.mqm.seg.score": "".join(
            f"{name}\t{score}\n"
            for name, scores in {
                "a%20b": (1.5, None, None), "ref%2DA%2E1": (99, None, None), "x%2Fy.z": (None, -2.0, None),
            }.items()
            for score in scores
        ),
        "metric-scores/pt-en/mqm-like%20v.1-src.seg.score": "".join(
            [f"{s}\t{p}\n" for s in systems for p in ("-0.1", "-0.3333333333333333", "-25.0")]
            + [f"ref%2DA%2E1\t{p}\n" for p in ("0.0", "0.0", "-1.0")]
        ),
        "metric-scores/pt-en/mqm-like%20v.1-src.doc.score": "".join(
            [f"{s}\t{p}\n" for s in systems for p in ("-0.05", "-12.5")]
            + [f"ref%2DA%2E1\t{p}\n" for p in ("0.0", "-0.5")]
        ),
        "metric-scores/pt-en/mqm-like%20v.1-src.sys.score": "".join(
            [f"{s}\t-0.2\n" for s in systems] + ["ref%2DA%2E1\t0.0\n"]
        ),
        "metric-scores/pt-en/chrf-ref%2DA%2E1.seg.score": "".join(
            f"{s}\t{p}\n" for s in systems for p in ("0.1", "0.3333333333333333", "25.0")
        ),
        "metric-scores/pt-en/chrf-ref%2DA%2E1.doc.score": "".join(
            f"{s}\t{p}\n" for s in systems for p in ("0.05", "12.5")
        ),
        "metric-scores/pt-en/chrf-ref%2DA%2E1.sys.score": "".join(f"{s}\t0.2\n" for s in systems),
    }  # fmt: skip
    assert about == {
        "pt-en": {
            "names": "percent-encoded",
            "negated": ["mqm-like v.1"],
            "left_out": [],
            "systems": {name: f"signature of {name}" for name in (*TEXTS, "people")},
            "metrics": {name: [f"signature of {name}"] for name in CARDS},
        }
    }


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = result()
    folder = MtMetricsEvalFolder().write(written, tmp_path) / "set%20%5B1%5D"
    before, after = written.pairs[0].eval_set, MtMetricsEval(str(folder)).load(PT_EN, [PT_EN])
    assert (after.name, after.documents) == (before.name, before.documents)
    for mine, theirs in zip(after.segments, before.segments, strict=True):
        assert (mine.source, mine.document, mine.id) == (theirs.source, theirs.document, theirs.id)
        assert (dict(mine.references), dict(mine.gold)) == (dict(theirs.references), dict(theirs.gold))
    assert {name: found.texts for name, found in after.hypotheses.items()} == TEXTS
    assert all(not found.notices for found in after.hypotheses.values())
    people = MtMetricsEval(str(folder), people=True).load(PT_EN, [PT_EN])
    assert people.hypotheses["ref-A.1"].texts == ("One.", "Two.", "Three.")


def test_a_run_is_written_and_read_back(tmp_path: Path) -> None:
    run = made(tmp_path / "run", "metrics=[chrf,ter]", "baseline=null")
    folder = MtMetricsEvalFolder().write(run, tmp_path) / "tiny"
    (pair,) = run.pairs
    after = MtMetricsEval(str(folder)).load(PT_EN, [PT_EN])
    assert [s.source for s in after.segments] == [s.source for s in pair.eval_set.scored]
    by_name = {system.name: system for system in pair.systems}
    assert {name: found.texts for name, found in after.hypotheses.items()} == {
        name: by_name[name].hypotheses.texts for name in ("a", "b")
    }
    for metric, sign in {"chrf": 1, "ter": -1}.items():
        scores = read_scores(folder / "metric-scores" / "pt-en" / f"{metric}-r.seg.score", ours=True)
        expected = {name: by_name[name].segment_scores[metric].scores for name in ("a", "b")}
        assert scores == {n: [None if p is None else sign * p for p in points] for n, points in expected.items()}
        system_level = read_scores(folder / "metric-scores" / "pt-en" / f"{metric}-r.sys.score")
        assert system_level == {name: [sign * (by_name[name].scores[metric].score or 0)] for name in ("a", "b")}


def test_what_would_be_taken_for_0_is_left_out_and_said(tmp_path: Path) -> None:
    folder = MtMetricsEvalFolder().write(fake_result(), tmp_path) / "tiny"
    assert sorted(file.name for file in (folder / "metric-scores" / "pt-en").iterdir()) == [
        "kiwi-src.doc.score",
        "kiwi-src.sys.score",
    ]
    (about,) = json.loads((folder / "mteval.json").read_text("utf-8")).values()
    assert "metric kiwi at level seg: no score of apertium" in about["left_out"]
    assert "metric ter at level sys: no score of silent" in about["left_out"]
    assert about["negated"] == ["ter"]


def test_gold_of_a_system_that_did_not_run_is_said_to_be_left_out(tmp_path: Path) -> None:
    folder = MtMetricsEvalFolder().write(fake_result("other"), tmp_path) / "tiny"
    assert not (folder / "human-scores").exists()
    (about,) = json.loads((folder / "mteval.json").read_text("utf-8")).values()
    assert "gold scores of opus: it has no output" in about["left_out"]


def test_lang_pairs_of_one_test_set_share_a_folder(tmp_path: Path) -> None:
    (pair,) = result().pairs
    other = replace(pair, eval_set=replace(pair.eval_set, pair=LangPair("pt", "ro")))
    folder = MtMetricsEvalFolder().write(result(pairs=(pair, other)), tmp_path) / "set%20%5B1%5D"
    assert sorted(file.name for file in (folder / "sources").iterdir()) == ["pt-en.txt", "pt-ro.txt"]
    assert set(json.loads((folder / "mteval.json").read_text("utf-8"))) == {"pt-en", "pt-ro"}


def test_what_was_there_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    folder = MtMetricsEvalFolder().write(result(), tmp_path)
    (folder / "old").mkdir()
    MtMetricsEvalFolder().write(fake_result(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mt-metrics-eval"]
    assert [path.name for path in folder.iterdir()] == ["tiny"]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="mt-metrics-eval: cannot be written"):
        MtMetricsEvalFolder().write(result(), tmp_path / "file")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é"])
def test_a_name_that_files_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"^human_scores: .* cannot be part of a file's name"):
        MtMetricsEvalFolder(name)


def test_names_are_encoded() -> None:
    names = [" ", "a.b", ".", "..", "a/b", "%", "é", "all"]
    assert [encoded(name) for name in names] == ["%20", "a.b", "%2E", "%2E.", "a%2Fb", "%25", "%C3%A9", "all"]
    assert [encoded_reference(name) for name in names] == [
        "%20", "a%2Eb", "%2E", "%2E%2E", "a%2Fb", "%25", "%C3%A9", "%61ll",
    ]  # fmt: skip
