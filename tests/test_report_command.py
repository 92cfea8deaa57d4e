"""``mteval report`` from the command line: runs and sweeps in one leaderboard, and what bad input is answered with."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mteval import app, failed_cells, report_command
from mteval.composition import cells
from mteval.errors import MtevalError
from mteval.run_search import find_runs
from tests.conftest import program
from tests.recorded_runs import FAST, Words, words

Cli = Callable[..., tuple[int, str, str]]

SOURCES = ("Bună ziua, lume.", "Ce mai faci azi?", "A plecat ieri.", "Vine vara , încet .")
REFERENCES = ("Good day, world.", "How are you today?", "He left yesterday.", "Summer comes, slowly.")
TEXTS = {
    "good": ("Good day, world.", "How are you today?", "He left.", "Summer comes slowly."),
    "poor": ("Day good.", "What make you?", "Left yesterday.", "Come summer."),
    "new": ("Good day, world", "How are you?", "He has left.", "Summer is coming."),
}
FORMATS = ("md", "csv", "json", "tex", "html")


def write_set(path: Path, *systems: str, **changed: str) -> None:
    rows = []
    for at, (source, reference) in enumerate(zip(SOURCES, REFERENCES, strict=True)):
        row: dict[str, Any] = {"source": source, "references": {"r": reference}, "document": f"d{at // 2}"}
        rows.append({**row, "hypotheses": {system: TEXTS[system][at] for system in systems}})
    rows[0].update(changed)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs ``runs/a`` (good, poor), ``runs/b`` (new) and a sweep over metrics and systems."""
    folder = tmp_path_factory.mktemp("done")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("a").mkdir()
        Path("b").mkdir()
        write_set(Path("a/set.jsonl"), "good", "poor")
        write_set(Path("b/set.jsonl"), "new")
        assert app.run([*of("a"), "output=runs/a", "+baseline=poor"]) == 0
        assert app.run([*of("b"), "output=runs/b"]) == 0
        for name, system in (("x.txt", "good"), ("y.txt", "new")):
            Path(name).write_text("\n".join(TEXTS[system]) + "\n", encoding="utf-8")
        mine = ",".join(f"{{_target_: mteval.systems.stored.Stored, path: {name}}}" for name in ("x.txt", "y.txt"))
        assert app.run([*of("b"), "output=sweep", "-m", f"+systems.mine={mine}", "seed=1,2"]) == 0
    return folder


def of(name: str) -> list[str]:
    chosen = ["evalset=jsonl", "lang_pairs=[ro-en]", "systems=[reference]", "metrics=[chrf,bleu]", "garble=[spacing]"]
    return [*FAST, *chosen, f"evalset.path={name}/set.jsonl"]


@pytest.fixture
def cli(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval report`` (or ``run``) in a copy of the folder; gives exit code, output and errors."""
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, command: Callable[[list[str]], int] = report_command.report) -> tuple[int, str, str]:
        capfd.readouterr()
        code = command(list(arguments))
        output, errors = capfd.readouterr()
        return code, output, errors

    return run


def record(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "run.json").read_text("utf-8"))
    return found


def board(folder: str) -> dict[str, Any]:
    (pair,) = json.loads(Path(folder, "leaderboard.json").read_text("utf-8"))["pairs"]
    return {row["system"]: row for row in pair["systems"]}


def test_a_run_is_reported_again_without_scoring(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from mteval.metrics.lexical_base import Lexical

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Lexical, "score", refuse)
    monkeypatch.setattr(Lexical, "check", refuse)
    code, output, errors = cli("runs/a", "output=again")
    assert (code, errors) == (0, "")
    assert output.endswith("Report: again/leaderboard.html\n")
    assert "Warning" not in output
    for suffix in FORMATS[:-1]:
        name = f"leaderboard.{suffix}"
        assert Path("again", name).read_bytes() == Path("runs/a", name).read_bytes(), name
    for name in ("segments.jsonl", "verdicts.jsonl", "statistics.npz"):
        assert Path("again", name).read_bytes() == Path("runs/a", name).read_bytes(), name
    found = record("again")
    assert found["baseline"] == "poor"
    assert found["environment"]["command"] == ["mteval report", "runs/a", "output=again"]
    assert [origin["folder"] for origin in found["merged_from"]] == ["runs/a"]
    assert found["merged_from"][0]["command"][0] == "mteval run"
    assert cli("again", "output=once more")[0] == 0  # a report is itself a run that can be reported on
    assert Path("once more/leaderboard.csv").read_bytes() == Path("runs/a/leaderboard.csv").read_bytes()


def test_without_an_output_folder_reports_are_dated(cli: Cli) -> None:
    code, output, _ = cli("runs/a", "report=[markdown]")
    assert code == 0
    (folder,) = Path("reports").iterdir()
    assert folder.name.startswith("20")
    assert output.endswith(f"Report: {folder}/leaderboard.md\n")
    assert {file.name for file in folder.iterdir()} == {
        *("leaderboard.md", "run.json", "segments.jsonl", "statistics.npz", "verdicts.jsonl")
    }


def test_runs_are_merged_into_one_leaderboard(cli: Cli) -> None:
    code, _, errors = cli("runs/a", "runs/b", "+baseline=new", "output=both")
    assert (code, errors) == (0, "")
    assert set(board("both")) == {"good", "poor", "new", "reference"}
    assert record("both")["baseline"] == "new"
    assert [origin["folder"] for origin in record("both")["merged_from"]] == ["runs/a", "runs/b"]
    assert cli("runs", "baseline=new", "output=all")[0] == 0  # the folder of both
    assert board("all") == board("both")
    assert cli("runs/a", "runs", "./runs/b", "baseline=new", "output=twice")[0] == 0  # each counts once
    assert board("twice") == board("both")
    assert Path("both/statistics.npz").read_bytes() == Path("all/statistics.npz").read_bytes()


def test_settings_are_the_runs_own_unless_given(cli: Cli) -> None:
    assert cli("runs/a", "seed=7", "significance.trials=10", "baseline=null", "output=own")[0] == 0
    found = record("own")
    assert (found["seed"], found["randomisation_trials"], found["bootstrap_draws"]) == (7, 10, 20)
    assert found["baseline"] is None
    code, output, _ = cli("runs", "output=both")
    assert "Warning: the runs do not have the same baseline (poor in runs/a, none in" in output
    assert record("both")["baseline"] is None
    assert record("both")["bootstrap_draws"] == 20
    assert code == 0


def test_a_sweep_is_merged_from_its_folder(cli: Cli) -> None:
    code, _, errors = cli("sweep", "runs/a", "seed=1", "baseline=mine@0", "output=swept")
    assert (code, errors) == (0, "")
    assert set(board("swept")) == {"new", "mine@0", "mine@2", "good", "poor", "reference"}
    (warning,) = record("swept")["warnings"]
    assert warning == (
        "system mine is not the same in all runs, and has a name for each: "
        "mine@0 of sweep/0 and sweep/1, mine@2 of sweep/2 and sweep/3"
    )
    scores = {system: row["scores"]["bleu"]["score"] for system, row in board("swept").items()}
    assert scores["mine@0"] == scores["good"] != scores["mine@2"] == scores["new"]
    code, output, _ = cli("sweep", "output=seeds")
    assert code == 0
    assert "Warning: the runs do not have the same seed (1 in sweep/0, 2 in sweep/1, 1 in" in output
    assert record("seeds")["seed"] == 12345


def test_a_runs_baseline_that_has_other_names_now_is_dropped_aloud(cli: Cli) -> None:
    assert cli("sweep/0", "baseline=mine", "output=based/0")[0] == 0
    assert cli("sweep/2", "baseline=mine", "output=based/2")[0] == 0
    code, _, _ = cli("based", "output=both")
    assert code == 0
    assert record("both")["baseline"] is None
    assert "no system has the name of the runs' baseline, mine: there is none here" in record("both")["warnings"]


def test_cells_without_a_result_are_shown_with_the_reason(cli: Cli) -> None:
    assert [folder.name for folder in find_runs(Path("sweep"), cells).runs] == ["0", "1", "2", "3"]
    shutil.rmtree("sweep/3")
    reasons = {"sweep/3": "it left no record: it has not begun yet, or was stopped from outside"}
    assert cli("sweep", "output=x/3")[0] == 0
    Path("sweep/1/run.json").unlink()
    reasons["sweep/1"] = "it is half-written, with segments.jsonl and no run.json"
    assert cli("sweep", "output=x/1")[0] == 0
    shutil.rmtree("sweep/2")
    hostile = MtevalError("x<script>alert(1)</script>|`", "=cmd() $x_1$ \x1b[31m \\input{/etc}", "[do](javascript:it)")
    failed_cells.record(Path("sweep/2"), ["seed=1"], hostile)
    reasons["sweep/2"] = "x<script>alert(1)</script>|`: =cmd() $x_1$"
    code, output, _ = cli("sweep", "output=x/2")
    assert code == 0
    assert re.search(r"Failed: sweep/1 \(\+systems\.mine=.* seed=2\): it is half-written", " ".join(output.split()))
    assert "\x1b" not in output
    told = {cell["cell"]: cell for cell in json.loads(Path("x/2/leaderboard.json").read_text("utf-8"))["failed"]}
    assert list(told) == ["sweep/1", "sweep/2", "sweep/3"]
    assert all(told[cell]["reason"].startswith(reason) for cell, reason in reasons.items())
    assert [one.partition("=")[0] for one in told["sweep/3"]["overrides"]] == ["+systems.mine", "seed"]
    for suffix in FORMATS:
        written = Path(f"x/2/leaderboard.{suffix}").read_text("utf-8")
        assert all(cell in written for cell in reasons), suffix
        assert suffix in ("csv", "json") or "<script>alert" not in written, suffix
    with Path("x/2/leaderboard.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "failed cell"]
    assert [row["system"].split()[0] for row in rows] == list(told)
    assert all(row["failed"].startswith(reasons[row["system"].split()[0]]) for row in rows)
    assert "\\input{" not in Path("x/2/leaderboard.tex").read_text("utf-8")
    assert cli("x/2", "output=again")[0] == 0  # a report of the report still tells
    assert json.loads(Path("again/leaderboard.json").read_text("utf-8"))["failed"] == list(told.values())
    Path("sweep/1/.mteval-partial").mkdir()
    assert "its run was killed while its files were" in " ".join(cli("sweep", "output=y")[1].split())
    shutil.rmtree("sweep/0")
    (code, _, errors), problem = cli("sweep", "output=z"), "sweep: every cell of the sweep failed: sweep/0 ("
    assert (code, problem in errors, "sweep/3 (" in errors) == (2, True, True)
    assert not Path("z").exists()


def test_a_half_written_run_of_no_sweep_is_refused(cli: Cli) -> None:
    Path("runs/b/run.json").unlink()
    half = "runs/b: holds no finished run: it is half-written, with segments.jsonl and no run.json; wait until"
    assert half in cli("runs", "output=x")[2]
    assert cli("runs/a", "sweep/0", "output=x")[0] == 0


def test_cells_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (0, 1, 2, 10):
        (tmp_path / "s" / str(number)).mkdir(parents=True)
        (tmp_path / "s" / str(number) / "run.json").touch()
    (tmp_path / "s" / "notes").mkdir()
    (tmp_path / "s" / ".hidden").mkdir()
    (tmp_path / "s" / ".hidden" / "run.json").touch()
    (tmp_path / "s" / "up").symlink_to(tmp_path / "s")
    assert [folder.name for folder in find_runs(tmp_path / "s", cells).runs] == ["0", "1", "2", "10"]


def test_cells_are_counted_where_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "multirun.yaml"

    def write(task: list[str], **more: Any) -> None:
        sweep = {"subdir": "${hydra.job.num}"}
        chosen = {"sweep": sweep, "sweeper": {"params": None}, "overrides": {"task": task}, **more}
        path.write_text(yaml.safe_dump({"hydra": chosen}), encoding="utf-8")

    def count(task: list[str], **more: Any) -> int:
        write(task, **more)
        return len(cells(path))

    assert count(["a=1,2", "b=[1],[2],[3]", "c=x"]) == 6
    assert count(["a=1,2", "a=1,2,3"]) == 3
    assert count(["a=range(0,4)"]) == 4
    assert count(["a=1"], sweeper={"params": {"b": "1,2"}}) == 2
    assert count(["a=1,2"], sweep={"subdir": "${hydra.job.override_dirname}"}) == 0
    assert count(["a=interval(0,1)"]) == 0
    write(["a=1,2", "b=[1],[2]", "c=x"])
    assert cells(path) == [("a=1", "b=[1]"), ("a=1", "b=[2]"), ("a=2", "b=[1]"), ("a=2", "b=[2]")]
    path.write_text("- x\n", encoding="utf-8")
    assert cells(path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "mteval report: no run is named; name a run's folder"),
        (("none",), "none: no such folder; name the folder of a run, or one that holds runs"),
        (("x.txt",), "x.txt: a file, not the folder of a run; name"),
        (("a",), "a: neither it nor a folder below it holds a run (there is no run.json); name"),
        (("runs/a", "systems=[]"), "systems: a report scores nothing, and heeds nothing of that; override one of"),
        (("runs/a", "metrics=[chrf]"), "metrics: a report scores nothing"),
        (("runs/a", "+evalset.path=x"), "evalset: a report scores nothing"),
        (("runs/a", "report=[pdf]"), "report: there is no option 'pdf'; choose one of"),
        (("runs/a", "seed=x"), "seed: Value 'x'"),
        (("runs/a", "seed=-1"), "seed: -1 is negative"),
        (("runs/a", "significance.test=t"), "significance.test: unknown value 't'"),
        (("runs/a", "significance.tset=t"), "significance.tset: unknown key"),
        (("runs/a", "baseline=nope"), "baseline: no system nope is ranked; name one of good, poor"),
        (("runs/a", "baseline=reference"), "baseline: no system reference is ranked"),
        (("runs/a", "output=runs/a", "overwrite=true"), "output: runs/a is one of the runs that are reported on"),
        (("runs/a", "output=runs/b"), "runs/b: the folder holds a run; choose another with output=FOLDER"),
        (("runs/a", "output=a"), "a: the folder is not empty and holds no run"),
        (("runs/a", "--config-dir", "none"), "--config-dir: no such folder 'none'"),
    ],
)
def test_bad_input_is_one_line_that_names_place_and_remedy(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    before = set(Path.cwd().rglob("*"))
    output = () if any(argument.startswith("output=") for argument in arguments) else ("output=deep/new",)
    code, shown, errors = cli(*arguments, *output)
    assert (code, shown) == (2, "")
    assert errors.startswith(f"mteval: error: {message}")
    assert errors.count("\n") == 1
    assert "; " in errors
    assert set(Path.cwd().rglob("*")) == before  # no empty folder is left


def test_runs_that_are_not_comparable_are_refused(cli: Cli) -> None:
    write_set(Path("b/set.jsonl"), "new", source="Bună ziua.")
    assert cli(*of("b"), "output=other", command=app.run)[0] == 0
    code, _, errors = cli("runs/a", "other", "output=x")
    assert code == 2
    where = "runs/a and other: ro-en is not the same eval set (source of segment d0:1: "
    assert f"error: {where}“Bună ziua, lume.” in runs/a, “Bună ziua.” in other); report" in errors
    write_set(Path("b/set.jsonl"), "new")
    assert cli(*of("b"), "metrics.bleu.lowercase=true", "output=lower", command=app.run)[0] == 0
    code, _, errors = cli("runs/a", "lower", "output=x")
    assert code == 2
    assert "error: metric bleu: was not made under one signature (case: mixed in runs/a, lc in lower); report" in errors
    assert not Path("x").exists()


def test_a_run_that_was_edited_by_hand_is_refused(cli: Cli) -> None:
    path = Path("runs/b/segments.jsonl")
    path.write_text(path.read_text("utf-8").replace("He has left.", "He left."), encoding="utf-8")
    code, _, errors = cli("runs", "output=x")
    assert code == 2
    assert errors.startswith("mteval: error: runs/b/segments.jsonl: was edited by hand, cut or damaged: ")


def test_metrics_of_other_packages_must_be_allowed_anew(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli(*of("a"), words(), "allow=[tests]", "output=mine", command=app.run)[0] == 0
    code, _, errors = cli("mine", "output=x")
    assert code == 2
    assert errors == (
        "mteval: error: mine/run.json: metric_configs.words._target_: tests.recorded_runs.Words is outside mteval; "
        "if you trust that package, allow it by name: allow=[tests]\n"
    )
    monkeypatch.setattr(Words, "usable", False)  # nothing is scored, checked or loaded
    assert cli("mine", "allow=[tests]", "output=x")[0] == 0
    assert Path("x/leaderboard.csv").read_bytes() == Path("mine/leaderboard.csv").read_bytes()


def test_a_folder_that_mteval_run_did_not_write(cli: Cli) -> None:
    from mteval.report.record import digest_of

    found = record("runs/a")
    del found["metric_configs"]
    found["digest"] = digest_of(found)
    Path("runs/a/run.json").write_text(json.dumps(found), encoding="utf-8")
    code, _, errors = cli("runs/a", "output=x")
    assert code == 2
    assert "error: runs/a/run.json: does not say what its metrics were built from, since mteval run did not" in errors


def test_a_run_without_metrics_is_reported_too(cli: Cli) -> None:
    assert cli(*of("a"), "metrics=[]", "output=judged", command=app.run)[0] == 0
    assert cli("judged", "output=x")[0] == 0
    assert Path("x/leaderboard.md").read_bytes() == Path("judged/leaderboard.md").read_bytes()


def test_a_baseline_is_checked_before_a_run(cli: Cli) -> None:
    code, _, errors = cli(*of("a"), "+baseline=nope", "output=x", command=app.run)
    assert (code, errors) == (2, "mteval: error: baseline: no system nope is ranked; name one of good, poor\n")
    assert record("runs/a")["baseline"] == "poor"
    assert not Path("x").exists()


def test_a_report_is_logged_like_a_run(cli: Cli) -> None:
    notebook = "+tracking.notebook={{_target_: mteval.tracking.fakes.Notebook, fails_at: {}}}"
    code, output, _ = cli("runs", notebook.format("never"), "output=x")
    assert (code, output.endswith("\nLogged: notebook notebook.json\n")) == (0, True)
    assert "statistics.npz" in json.loads(Path("notebook.json").read_text("utf-8"))["files"]
    code, output, errors = cli("runs", notebook.format("check"), "output=y")
    assert (code, output, errors) == (2, "", "mteval: error: notebook: it is closed; open it\n")
    assert not Path("y").exists()


def test_folders_with_an_equals_sign_are_folders(cli: Cli) -> None:
    shutil.copytree("runs/a", "seed=1")
    assert cli("seed=1", "output=x")[0] == 0


def test_the_programs_own_help() -> None:
    shown = program("report", "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: mteval report [options] RUN ... [KEY=VALUE ...]\n")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    unknown = program("report", "runs/a", "-m")
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "mteval: error: -m: unknown option; see mteval report --help\n",
    )
