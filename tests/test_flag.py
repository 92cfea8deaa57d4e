"""``mteval flag``: what is printed, with which exit code, and what is refused."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from mteval import judging, reuse
from mteval.composition import compose
from mteval.config import build_judges
from mteval.evalsets.jsonl import JsonLines
from mteval.files import dump_json, packaged
from mteval.flag import flag
from mteval.lang import LangPair
from mteval.metrics.base import Item, stacked
from mteval.scores import SegmentScores
from mteval.store import Store
from mteval.unjudged.base import Told
from mteval.unjudged.lines import read_json_lines
from mteval.usage import Meter
from tests.conftest import program

GARBLED = (
    "O líder norte -coreano Kim Kim Jong Un disse que que não vai para a reunião com os ministros da China.\n"
    "A capital Moscow e a cidade de Moscou assinaram um um acordo (para os próximos anos.\n"
)
CLEAN = "O presidente disse ontem que a reunião com os ministros foi muito boa para o país.\n"
PAIR = {"document": "d", "source": "Bună ziua tuturor.", "hypothesis": "Good day to everyone."}


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "bad.txt").write_text(GARBLED, encoding="utf-8")
    (tmp_path / "good.txt").write_text(CLEAN, encoding="utf-8")
    return tmp_path


def written(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(dump_json(row) + "\n" for row in rows), encoding="utf-8")
    return path.name


def rows(shown: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shown.splitlines()]


def test_the_table(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flag(["bad.txt", "good.txt"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0] == "Verdict   Prob.  Language  Document"
    assert lines[1].startswith("garbled    0.")
    assert lines[1].endswith("  pt?       bad.txt")
    assert "[norte -coreano]" in out
    assert re.search(
        r"^    Worst of 2 segments: [12]\.1 \(suspect, 0\.\d\d\), [12]\.1 \(suspect", out, flags=re.MULTILINE
    )
    assert re.search(r"(?m)^clean      0\.[01]\d  pt\?       good\.txt$", out)
    assert "2 documents: 1 garbled, 0 suspect, 1 clean." in lines
    assert "\x1b" not in out
    assert max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)


def test_json(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(texts / "set.jsonl", PAIR | {"system": "s"}, PAIR | {"system": "s", "hypothesis": ""})
    assert flag(["--json", "--lang", "pt", "bad.txt", file]) == 0
    bad, pair = rows(capsys.readouterr().out)
    assert {key: bad[key] for key in ("file", "document", "system", "language", "source_language", "verdict")} == {
        "file": "bad.txt", "document": "bad.txt", "system": None, "language": "pt", "source_language": None,
        "verdict": "garbled",
    }  # fmt: skip
    assert (bad["language_identified"], bad["source_language_identified"]) == (False, None)
    assert (pair["language"], pair["source_language"], pair["source_language_identified"]) == ("pt", "ro", True)
    hyphen = next(one for one in bad["evidence"] if one["signal"] == "detached_hyphens")
    assert (hyphen["segment"], hyphen["text"]) == ("bad.txt:1.1", "norte -coreano")
    assert GARBLED[hyphen["start"] : hyphen["end"]] == "norte -coreano"
    assert [one["segment"] for one in pair["segments"]] == ["d:1", "d:2"]
    assert pair["segments"][1]["verdict"] == "garbled"
    assert {"signal": "low_chrf", "reason": "no chrf score"} in pair["unseen"]


def test_what_is_not_known_is_said(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (texts / "short.txt").write_text("ok", encoding="utf-8")
    assert flag(["short.txt"]) == 0
    out = capsys.readouterr().out
    assert "clean     <0.01  –         short.txt" in out
    assert "The language of 1 document is not known" in out
    assert flag(["--json", "short.txt"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert (row["language"], row["language_identified"]) == (None, False)


def test_a_garbled_segment_is_named_in_a_clean_document_too(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = PAIR | {
        "source": "Președintele a spus ieri că guvernul va prezenta parlamentului o nouă propunere de buget. " * 2,
        "hypothesis": "The president said yesterday that the government would present a new budget to parliament. " * 2,
    }
    file = written(texts / "set.jsonl", long, PAIR | {"hypothesis": ""})
    assert flag(["--lang", "en", "--source-lang", "ro", file]) == 0
    out = capsys.readouterr().out
    assert "clean " in out
    assert "Worst of 2 segments: 2 (garbled, >0.99)." in out


def test_min_and_fail_on(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flag(["--min", "suspect", "--fail-on", "garbled", "good.txt"]) == 0
    assert capsys.readouterr().out.startswith("1 document: 0 garbled, 0 suspect, 1 clean (1 not shown).\n")
    assert flag(["bad.txt", "good.txt", "--min=garbled", "--fail-on=suspect", "--json"]) == 1
    assert [row["document"] for row in rows(capsys.readouterr().out)] == ["bad.txt"]


def test_overrides_of_the_config(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert flag(["--json", "garble=[doubled_words]", "bad.txt", "detector.garbled=0.99"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert {one["signal"] for one in row["evidence"]} == {"doubled_words"}
    assert row["verdict"] == "suspect"
    (texts / "mine" / "garble").mkdir(parents=True)
    own = "loud:\n  _target_: mteval.garble.repetition.DoubledWords\n  strength: 1.0\n"
    (texts / "mine" / "garble" / "loud.yaml").write_text(own, encoding="utf-8")
    assert flag(["--json", "--config-dir", "mine", "garble=[loud]", "bad.txt"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert {(one["signal"], one["strength"]) for one in row["evidence"]} >= {("loud", 1.0)}
    assert flag(["--json", "~garble.low_chrf", "bad.txt"]) == 0
    (row,) = rows(capsys.readouterr().out)
    assert "low_chrf" not in {one["signal"] for one in row["unseen"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.txt",), "none.txt: no such file; check the path"),
        (("good.txt", "none.jsonl"), "none.jsonl: no such file"),
        (("systems=[x]",), "systems=[x]: neither a file nor a setting of garble, detector, gate, metrics, offline"),
        (("garble=[nope]", "good.txt"), "garble: there is no option 'nope'; choose one of broken_agreement"),
        (("detector.garbeld=1", "good.txt"), "detector.garbeld: unknown key"),
        (("detector.garbled=2", "good.txt"), "detector.garbled: 2 is not a strength"),
        (("--lang", "xq", "good.txt"), "--lang: unknown language code 'xq'"),
        (("--config-dir", "none", "good.txt"), "--config-dir: no such folder 'none'"),
        (("empty.jsonl",), "empty.jsonl: no documents in it"),
        (("empty.txt",), "empty.txt: no documents in it: the text is empty"),
        (("folder",), "folder: holds no .txt file"),
    ],
)  # fmt: skip
def test_what_can_be_mended_is_one_line(
    arguments: tuple[str, ...], said: str, texts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (texts / "folder").mkdir()
    for name in ("empty.jsonl", "empty.txt"):
        (texts / name).touch()
    assert flag(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mteval: error: ")
    assert said in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("--nope", "x"), ("--min", "bad", "x"), ("--lang",)], ids=str)
def test_an_option_that_is_none_is_one_line(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        flag(arguments)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mteval: error: {arguments[0]}: ")


def test_what_was_before_a_broken_line_is_judged(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [dump_json({"document": name, "text": CLEAN}) for name in "ab"]
    (texts / "set.jsonl").write_text("\n".join([*lines, "{oops"]), encoding="utf-8")
    assert flag(["--json", "set.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert [row["document"] for row in rows(out)] == ["a", "b"]
    assert "set.jsonl:3: not JSON" in err


def test_documents_of_several_files_are_named_with_them(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = written(texts / "a.jsonl", {"document": "d", "text": CLEAN}, {"text": CLEAN})
    second = written(texts / "b.jsonl", PAIR | {"system": "s"})
    assert flag([first, second, "good.txt"]) == 0
    named = [line.split("  ")[-1].strip() for line in capsys.readouterr().out.splitlines()[1:5]]
    assert named == ["a.jsonl:d", "a.jsonl:2", "b.jsonl:d (s)", "good.txt"]


@pytest.mark.parametrize("form", [(), ("--format", "text")], ids=str)
def test_standard_input(form: tuple[str, ...], texts: Path) -> None:
    line = dump_json({"document": "d", "text": GARBLED}) if not form else GARBLED
    for dash in ((), ("-",)):
        done = program("flag", "--json", *form, *dash, input=line)
        (row,) = rows(done.stdout)
        assert (row["verdict"], row["file"], done.returncode) == ("garbled", "stdin", 0)


def test_the_verdict_is_that_of_a_run(texts: Path) -> None:
    """References, marks, scores and evidence are the same, whether segments belong to an eval set or are streamed."""
    line = PAIR | {"references": {"ana": "Hello to all of you."}, "hypotheses": {"s": "Good Good dia.", "t": ""}}
    del line["hypothesis"]
    file = written(texts / "set.jsonl", line, line | {"source": "La revedere."})
    judges = build_judges(compose(["metrics=[chrf]"], []))
    lines = ((f"{file}:{at}", dump_json(row)) for at, row in enumerate((line, line | {"source": "La revedere."}), 1))
    streamed = [verdict for _, verdict in judges.judge(read_json_lines(lines, file, Told("en", "ro")))]

    pair = LangPair("ro", "en")
    eval_set = JsonLines(file).load(pair, [pair])
    wanted = [judging.judge(text, judges.signals, judges.detector) for text in judging.sources(eval_set)]
    for name, hypotheses in eval_set.hypotheses.items():
        both = list(zip(eval_set.scored, hypotheses.texts, strict=True))
        items = [Item(segment.source, text, tuple(segment.references.values())) for segment, text in both]
        found = reuse.score("chrf", judges.metrics["chrf"], items, 1, Store(None), lambda _: None, Meter())
        scores = {"chrf": SegmentScores("chrf", name, tuple(one.score for one in found), stacked(found))}
        marks = [judges.gate.marks(segment.source, text, pair) for segment, text in both]
        translated = judging.Translated(hypotheses, marks, scores, references=True)
        (text,) = judging.translations(eval_set, translated, judges.metrics)
        wanted.append(judging.judge(text, judges.signals, judges.detector))
    assert streamed == wanted
    assert [one for verdict in streamed for one in verdict.evidence if one.signal == "low_chrf"]


def test_a_metric_that_is_not_lexical_scores_many_documents_at_once_and_keeps_their_order(
    texts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = "+metrics.ratio={_target_: mteval.metrics.fakes.LengthRatio, pairs: [pt-en]}"
    signal = "+garble.low={_target_: mteval.garble.metric.LowScore, metric: ratio, low: 0.99, hopeless: 0}"
    many = [PAIR | {"document": n, "hypothesis": f"Good day {n}.", "language": "de"} for n in range(70)]
    many[3] = {"document": 3, "text": CLEAN}
    file = written(texts / "set.jsonl", *many)
    assert flag(["--json", "--source-lang", "ro", metric, "garble=[]", signal, file]) == 0
    out, err = capsys.readouterr()
    found = rows(out)
    assert [row["document"] for row in found] == [str(n) for n in range(70)]
    assert [bool(row["evidence"]) for row in found] == [n != 3 for n in range(70)]
    assert err == "mteval: warning: ro-de: length ratio was made for pt-en; its scores say little here\n"


def test_the_help_and_the_seeds(texts: Path) -> None:
    shown = program("flag", "--help", env={**os.environ, "COLUMNS": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    done = program("flag", str(packaged("seeds").resolve()), env={**os.environ, "COLUMNS": "80"})
    assert done.returncode == 0
    assert "5 documents: 1 garbled, 1 suspect, 3 clean." in done.stdout
