"""A run read back from its folder is what the run was, nothing is scored by it, and what is not whole is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mteval.composition import compose
from mteval.config import build_metrics
from mteval.errors import ComparabilityError, RunError
from mteval.metrics.base import Metric
from mteval.recorded import check_scores, read_run, scored
from mteval.report.base import Report, RunResult
from mteval.report.comma import Csv
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.markdown import Markdown
from mteval.report.record import Record, digest_of, resampling_of, settings_of, sha256_of
from mteval.report.segments import Segments
from mteval.report.statistics_file import Statistics
from mteval.report.verdicts import Verdicts
from mteval.scores import SegmentScores
from tests.recorded_runs import Words, made, words, write


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    """A run's folder, and what the run found."""
    folder = tmp_path_factory.mktemp("run") / "a"
    return folder, made(folder, words(), "+optimised_with.b=[lexical]", "baseline=a")


@pytest.fixture
def folder(run: tuple[Path, RunResult], tmp_path: Path) -> Path:
    """A copy of the folder, to be spoiled."""
    return shutil.copytree(run[0], tmp_path / "a")


def metrics(configs: dict[str, Any], allow: str = "tests") -> dict[str, Metric]:
    return build_metrics(compose([f"allow=[{allow}]"], []), configs, "run.json")


def read(folder: Path) -> RunResult:
    """The folder's run, with all scores, as a report makes them."""
    recorded = read_run(folder)
    built = metrics(recorded.result.record["metric_configs"])
    check_scores(recorded, built)
    return scored(recorded, built, recorded.resampling)


def comparable(result: RunResult) -> RunResult:
    """A result without what a folder does not hold: where segments were read from, and documents' whole texts."""

    def plain(pair: Any) -> Any:
        eval_set = replace(
            pair.eval_set,
            documents=tuple(replace(document, text=None) for document in pair.eval_set.documents),
            segments=tuple(replace(segment, where="") for segment in pair.eval_set.segments),
        )
        return replace(pair, eval_set=eval_set)

    return replace(result, pairs=tuple(map(plain, result.pairs)))


def test_a_run_read_back_is_what_the_run_found(run: tuple[Path, RunResult], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, result = run
    monkeypatch.setattr(Words, "usable", False)  # nothing is scored, checked or loaded
    again = read(folder)
    assert comparable(again) == comparable(result)
    (pair,), (before,) = again.pairs, result.pairs
    assert set(pair.views) == {(c, s) for c in ("raw", "gated", "decoded") for s in ("all", "clean")} - {("raw", "all")}
    assert pair.comparisons
    assert again.baseline == "a"
    assert pair.systems[1].optimised_with == ("lexical",)
    for system, was in zip(pair.systems, before.systems, strict=True):
        found = [system.segment_scores, *system.recounted.values()]
        for mine, theirs in zip(found, [was.segment_scores, *was.recounted.values()], strict=True):
            for metric in theirs:
                assert same_statistics(mine[metric], theirs[metric])


def same_statistics(one: SegmentScores, other: SegmentScores) -> bool:
    assert one.statistics is not None
    assert other.statistics is not None
    return np.array_equal(one.statistics, other.statistics, equal_nan=True)


def test_a_segment_read_back_names_its_line(run: tuple[Path, RunResult]) -> None:
    folder, _ = run
    (pair,) = read(folder).pairs
    assert [segment.where for segment in pair.eval_set.segments][-1] == f"{folder}/segments.jsonl:5"


@pytest.mark.parametrize("writer", [Markdown(), Csv(), Json(), Latex(), Html()], ids=lambda one: type(one).__name__)
def test_every_format_is_the_same_to_the_byte(run: tuple[Path, RunResult], writer: Report, tmp_path: Path) -> None:
    folder, result = run
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    before, after = writer.write(result, first), writer.write(read(folder), second)
    assert before.read_bytes() == after.read_bytes()


def test_a_folder_written_anew_is_the_same_to_the_byte(run: tuple[Path, RunResult], tmp_path: Path) -> None:
    folder, _ = run
    write(read(folder), tmp_path)
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes(), file.name


def test_a_result_without_segment_statistics_is_written_too(tmp_path: Path) -> None:
    from mteval.report.fakes import fake_result

    path = Statistics().write(fake_result(), tmp_path)
    assert not np.load(path, allow_pickle=False).files
    record = json.loads(Record().write(fake_result(), tmp_path).read_text("utf-8"))
    assert set(record["files"]) == {"statistics.npz"}
    assert record["format"] == 1
    assert record["digest"] == digest_of(record)


def test_names_of_any_kind_stay_apart(tmp_path: Path) -> None:
    odd = {"a/b": ("One.", "Two.", "Three.", "Four."), "a": ("1", "2", "3", "4"), "é %2F": ("x", "y", "z", "ü")}
    result = made(tmp_path, words(), "systems=[]", hypotheses=odd)
    assert comparable(read(tmp_path)) == comparable(result)


def test_furniture_that_was_scored_is_read_back(tmp_path: Path) -> None:
    result = made(tmp_path, "systems=[]", hypotheses={"a": ("1", "2", "3", "4")})
    (pair,) = result.pairs
    assert not pair.eval_set.include_furniture
    whole = replace(
        pair,
        eval_set=replace(pair.eval_set, include_furniture=True, hypotheses={}),
        systems=tuple(
            replace(
                system,
                hypotheses=replace(system.hypotheses, texts=("1", "2", "f", "3", "4")),
                marks=((),) * 5,
                scores={},
                segment_scores={},
                document_scores={},
                recounted={},
            )
            for system in pair.systems
        ),
        comparisons={},
        views={},
    )
    write(replace(result, pairs=(whole,)), tmp_path)
    (again,) = read_run(tmp_path).result.pairs
    assert again.eval_set.include_furniture
    assert again.systems[0].hypotheses.texts == ("1", "2", "f", "3", "4")


def test_settings_are_said_and_understood(run: tuple[Path, RunResult]) -> None:
    resampling = read_run(run[0]).resampling
    assert (resampling.draws, resampling.trials, resampling.unit) == (20, 50, None)
    for unit in ("segment", "document", None):
        one = replace(resampling, unit=unit, level=0.01, test="bootstrap")
        assert resampling_of(settings_of(one)) == one


# What is refused


def edit(folder: Path, change: Callable[[dict[str, Any]], None], *, digest: bool = True) -> None:
    """Edit ``run.json``, with the digest made anew unless it is to tell on the edit."""
    path = folder / "run.json"
    record = json.loads(path.read_text("utf-8"))
    change(record)
    if digest:
        record["digest"] = digest_of(record)
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2), encoding="utf-8")


def swap(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def resealed(folder: Path, name: str) -> None:
    """Make the record agree with a file that was changed."""
    edit(folder, lambda record: record["files"].update({name: sha256_of(folder / name)}))


def refused(folder: Path, kind: type[Exception] = RunError) -> str:
    """The one line with which a folder is refused: place, problem and remedy."""
    with pytest.raises(kind) as caught:
        read(folder)
    line = str(caught.value)
    assert line.startswith(str(folder))
    assert "\n" not in line
    return line.removeprefix(str(folder))


def test_a_folder_that_is_none_or_holds_no_run(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == ": no such folder; check the path"
    assert refused(tmp_path) == ": holds no run (there is no run.json); name the folder of a run"


def test_a_run_that_is_not_finished(folder: Path) -> None:
    (folder / "run.json").unlink()
    (folder / ".mteval-running").write_text("elsewhere 12", encoding="utf-8")
    assert "holds no finished run: a run still writes into it (process 12 on elsewhere), or was" in refused(folder)
    (folder / ".mteval-running").unlink()
    assert "holds no finished run: it is half-written, with segments.jsonl and no run.json; wait until" in refused(
        folder
    )
    (folder / ".mteval-partial").mkdir()
    line = refused(folder)
    assert "holds no finished run: its run was killed while its files were written; wait until" in line


def test_a_folder_that_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "segments.jsonl")

    monkeypatch.setattr(Path, "open", locked)
    assert ": cannot be read ([Errno 13] Permission denied: 'segments.jsonl'); check its permissions" in refused(folder)


def test_a_record_that_is_cut_or_no_record(folder: Path) -> None:
    path = folder / "run.json"
    whole = path.read_text("utf-8")
    for text in (whole[: len(whole) // 2], "", "[]", '{"a": NaN}'):
        path.write_text(text, encoding="utf-8")
        assert refused(folder).startswith("/run.json: is cut or damaged: ")
    path.write_bytes(b"{\xff}")
    assert "/run.json: is cut or damaged: byte 0xff is not UTF-8; put the original back" in refused(folder)


def test_a_run_of_another_version(folder: Path) -> None:
    edit(folder, lambda record: record.pop("format"))
    line = refused(folder)
    assert "/run.json: was written by an earlier mteval, whose runs cannot be read back; run it again with" in line
    edit(folder, lambda record: record.update(format=2))
    line = refused(folder)
    assert "/run.json: was written by a newer mteval (0." in line
    assert "its format is 2, and 1 can be read; upgrade mteval" in line
    edit(folder, lambda record: record.update(format="x"))
    assert "was written by another mteval: its format is x, and 1 can be read; run it again" in refused(folder)


@pytest.mark.parametrize("name", ["segments.jsonl", "verdicts.jsonl", "statistics.npz"])
def test_a_file_that_is_missing_or_was_changed(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])
    line = refused(folder)
    assert line.startswith(f"/{name}: was edited by hand, cut or damaged: its SHA-256 is not the one in run.json; put ")
    path.unlink()
    assert refused(folder).startswith(f"/{name}: is missing, and the run cannot be read back without it; put ")


def test_a_hypothesis_that_was_changed(folder: Path) -> None:
    swap(folder, "segments.jsonl", "The rain began early.", "The rain started early.")
    assert refused(folder).startswith("/segments.jsonl: was edited by hand")


def test_a_score_that_was_changed_in_the_record(folder: Path) -> None:
    def better(record: dict[str, Any]) -> None:
        record["pairs"][0]["scores"]["b"]["chrf"] = 99.5

    edit(folder, better, digest=False)
    assert refused(folder).startswith("/run.json: was edited by hand or is damaged: its digest is not that of what")
    edit(folder, better)  # and the digest made anew
    line = refused(folder)
    assert line.startswith("/run.json: gives b 99.5 by chrf in pt-en, but its segment statistics give ")
    assert line.endswith("; it was edited by hand or made by another version of the metric: run it again")
    edit(folder, lambda record: record["pairs"][0]["scores"]["b"].pop("chrf"))
    assert "gives b no score by chrf in pt-en" in refused(folder)


def test_statistics_that_are_damaged_or_do_not_fit(folder: Path) -> None:
    path = folder / "statistics.npz"
    whole = path.read_bytes()
    path.write_bytes(b"no archive")
    resealed(folder, path.name)
    assert refused(folder).startswith("/statistics.npz: is damaged (")
    path.write_bytes(whole[:60] + bytes(20) + whole[80:])
    resealed(folder, path.name)
    assert refused(folder).startswith("/statistics.npz: is damaged (")
    np.savez(path, **{"pt-en/a/chrf/raw": np.zeros((3, 18))})
    resealed(folder, path.name)
    line = refused(folder)
    assert line.startswith(": holds something else than mteval writes (metric chrf: gave 3 rows of statistics for 4 ")
    assert line.endswith("; run it again")


def test_lines_that_hold_something_else(folder: Path) -> None:
    swap(folder, "verdicts.jsonl", '"probability"', '"likelihood"')
    resealed(folder, "verdicts.jsonl")
    assert refused(folder) == (": holds something else than mteval writes (KeyError: 'probability'); run it again")


def test_scores_under_two_signatures_in_one_run(folder: Path) -> None:
    def two(record: dict[str, Any]) -> None:
        found = record["pairs"][0]["metric_signatures"]["words"]
        other = found[0]["signature"].replace("fp32", "bf16")
        found.append({"signature": other, "systems": ["b"]})

    edit(folder, two)
    line = refused(folder, ComparabilityError)
    assert ": pt-en, metric words: was made under different signatures: precision: fp32 for a, bf16 for b; " in line


def test_metrics_that_cannot_be_built_here() -> None:
    def line(target: str, allow: str = "tests") -> str:
        with pytest.raises(RunError) as caught:
            metrics({"mine": {"_target_": target}}, allow)
        return str(caught.value)

    assert line("elsewhere.Metric") == (
        "run.json: metric_configs.mine._target_: elsewhere.Metric is outside mteval and tests; "
        "if you trust that package, allow it by name: allow=[elsewhere]"
    )
    assert "cannot import elsewhere.Metric (No module named 'elsewhere'); install what" in line(
        "elsewhere.Metric", "elsewhere"
    )
    assert "mine._target_: mteval.gate.Gate is no Metric; install what the run" in line("mteval.gate.Gate")
    assert "os.system is outside" in line("os.system")


def test_the_writers_of_a_folder_are_named_once(tmp_path: Path, run: tuple[Path, RunResult]) -> None:
    """Whoever calls the writers by hand gets a folder that can be read, if the record comes last."""
    for writer in (Record(), Segments(), Verdicts(), Statistics()):
        writer.write(run[1], tmp_path)
    line = refused(tmp_path)
    assert line.startswith("/segments.jsonl: was edited by hand, cut or damaged")
