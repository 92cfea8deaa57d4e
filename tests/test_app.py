"""``mteval run`` from the command line: the default run, whole, and what bad input is answered with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mteval import app
from mteval.__main__ import COMMANDS, USAGE
from mteval.evaluation import Evaluation
from mteval.files import packaged, read_jsonl
from tests.conftest import program

Cli = Callable[..., tuple[int, str, str]]

needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)

ROWS = [
    {"source": "Bună ziua, lume.", "references": {"r": "Good day, world."}, "hypotheses": {"a": "Good day, world"}},
    {"source": "Ce mai faci azi?", "references": {"r": "How are you today?"}, "hypotheses": {"a": "How are you?"}},
]
JSONL = ("evalset=jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]", "evalset.path=set.jsonl")
SLOW = """
import time
from pathlib import Path
from mteval.systems.fakes import UpperCase

class Slow(UpperCase):
    def translate(self, segments, pair, hypotheses):
        Path("started").touch()
        time.sleep(60)
        yield from super().translate(segments, pair, hypotheses)
"""
COPIER = "{_target_: mteval.files.write_text, text: hi}"
STORED = "+systems.s={_target_: mteval.systems.stored.Stored, path: hyp.txt}"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval run`` in an empty folder with an eval set of two segments; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    write_rows(ROWS)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = app.run(["store=null", "bootstrap_draws=10", *arguments])
        output, errors = capfd.readouterr()
        return code, output, errors

    return run


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_jsonl(file)]


def write_rows(rows: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path("set.jsonl").write_text(text, encoding="utf-8")


def test_a_run_leaves_its_whole_folder(cli: Cli) -> None:
    code, output, errors = cli(*JSONL, "output=out")
    assert (code, errors) == (0, "")
    assert output.endswith("Report: out/leaderboard.html\n")
    assert max(map(len, output.splitlines())) <= 80
    assert sorted(file.name for file in Path("out").iterdir()) == [
        ".hydra",
        "leaderboard.csv",
        "leaderboard.html",
        "leaderboard.json",
        "leaderboard.md",
        "leaderboard.tex",
        "run.json",
        "segments.jsonl",
        "statistics.npz",
        "verdicts.jsonl",
    ]
    assert {file.name for file in Path("out/.hydra").iterdir()} == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    hypotheses = [row["hypotheses"]["a"] for row in rows_of(Path("out/segments.jsonl"))]
    assert hypotheses == ["Good day, world", "How are you?"]
    record = json.loads(Path("out/run.json").read_text("utf-8"))
    assert record["environment"]["packages"]["sacrebleu"]
    assert record["seed"] == 12345


def test_folders_of_the_user_stay(cli: Cli) -> None:
    Path("keep").mkdir()
    Path("above").mkdir()
    for output in ("keep", "above/run"):
        assert cli(*JSONL, "evalset.path=none.jsonl", f"output={output}")[0] == 2
    assert {file.name for file in Path.cwd().iterdir()} == {"set.jsonl", "keep", "above"}
    assert cli(*JSONL, "evalset.path=none.jsonl", "output=new/deep/run")[0] == 2
    assert not Path("new").exists()
    assert cli(*JSONL, "output=keep")[0] == 0


def test_two_runs_do_not_write_into_one_folder(cli: Cli) -> None:
    Path("out").mkdir()
    Path("out/.mteval-running").write_text(f"{socket.gethostname()} {os.getpid()}", encoding="utf-8")
    code, _, errors = cli(*JSONL, "output=out")
    assert code == 2
    assert "out: another run writes into it (process" in errors
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    Path("out/.mteval-running").write_text(f"{socket.gethostname()} {gone.stdout.strip()}", encoding="utf-8")
    Path("out/.mteval-partial").mkdir()
    assert cli(*JSONL, "output=out")[0] == 0  # that run was killed
    assert not list(Path("out").glob(".mteval*"))


def test_without_an_output_folder_runs_are_dated(cli: Cli) -> None:
    assert cli(*JSONL)[0] == 0
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("20")


def test_a_folder_that_holds_a_run_is_not_overwritten_unasked(cli: Cli) -> None:
    assert cli(*JSONL, "output=out")[0] == 0
    Path("out/note.txt").write_text("mine", encoding="utf-8")
    code, _, errors = cli(*JSONL, "output=out")
    assert code == 2
    assert "out: the folder holds a run; choose another with output=FOLDER, or overwrite=true" in errors
    assert Path("out/note.txt").exists()
    assert cli(*JSONL, "output=out", "overwrite=true", "report=[csv]")[0] == 0
    assert not Path("out/leaderboard.md").exists()  # nothing stale is left beside what is new
    assert Path("out/note.txt").read_text("utf-8") == "mine"
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("mine", encoding="utf-8")
    for overwrite in ("true", "false"):
        code, _, errors = cli(*JSONL, "output=precious", f"overwrite={overwrite}")
        assert (code, "precious: the folder is not empty and holds no run" in errors) == (2, True)
    assert {file.name for file in Path("precious").iterdir()} == {"thesis.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # config keys
        (("systms=[x]",), "systms: unknown key"),
        (("metrics.chrf.word_oder=2",), "metrics.chrf.word_oder: unknown key"),
        (("+metrics.chrf.word_oder=2",), "metrics.chrf.word_oder: unknown key; did you mean word_order?"),
        (("metrics=[chrff]",), "metrics: there is no option 'chrff'; did you mean chrf or "),
        (("experiment=nope",), "experiment: there is no option 'nope'; choose one of quick"),
        (("seed=abc",), "seed: Value 'abc' of type 'str' could not be converted to Integer"),
        (("bootstrap_draws=-1",), "bootstrap_draws: -1 is negative"),
        (("evalset.path=???",), "evalset.path: has no value; give it one, as in evalset.path=VALUE"),
        (("metrics=[chrf",), "metrics=[chrf: "),
        (("nonsense",), "nonsense: "),
        (("seed=1,2",), "seed=1,2: several values for one run; add -m"),
        (("--config-dir", "none"), "--config-dir: no such folder 'none'"),
        (("lang_pairs=[]",), "lang_pairs: there is none"),
        (("lang_pairs=[zh-Hans-en]",), "lang_pairs: 'zh-Hans-en' is not a lang pair; write two language codes"),
        (("metrics=null",), "config: "),
        (("seed=-1",), "seed: -1 is negative"),
        (("metrics.chrf.lowercase=no", "+metrics.chrf.lowercase=no"), "metrics.chrf.lowercase"),
        (("+metrics.chrf.lowercase=nope",), "metrics.chrf.lowercase: 'nope' is not of type bool"),
        (("metrics.chrf.word_order=2.0",), "metrics.chrf.word_order: 2.0 is not of type int"),
        (("metrics.chrf.word_order=-1",), "metrics.chrf.word_order: -1 is too small"),
        (("gate.length_slack=null",), "gate.length_slack: None is not of type int"),
        (("evalset.path=5",), "evalset.path: 5 is not of type str"),
        (("+metrics.chrf._partial_=true",), "metrics.chrf._partial_: unknown key"),
        (("+foo.bar=1",), "foo: unknown key"),
        (("store=set.jsonl",), "set.jsonl: the store cannot be written (File exists)"),
        (("lang_pairs=[xx-en]",), "lang_pairs.xx-en.source: unknown language code 'xx'"),
        (("lang_pairs=[en-en]",), "lang_pairs.en-en: source and target are both en"),
        (("lang_pairs.ro-en.target=false",), "lang_pairs.ro-en.target: YAML reads an unquoted no as false"),
        (("+lang_pairs.ro-en.script=Latn",), "lang_pairs.ro-en.script: unknown key"),
        (("gate.length_low=7",), "gate.length_low: "),
        (("metrics=[chrf,chrf]",), "metrics.chrf: the name is used twice"),
        # classes
        (("+systems.x={_target_: os.system, command: ls}",), "systems.x._target_: os.system is outside mteval"),
        ((STORED.replace("hyp.txt", "{_target_: os.getcwd}"),), "systems.s.path._target_: os.getcwd is outside mteval"),
        (("+systems.x={_target_: mteval.gate.Gate}",), "systems.x._target_: mteval.gate.Gate is no System"),
        (("+systems.x={_target_: mteval.nope.Nope}",), "systems.x._target_: cannot import mteval.nope.Nope"),
        (("+systems.x={a: 1}",), "systems.x: names no class to build"),
        (("+systems.x={_target_: mteval.systems.stored.Stored}",), "systems.x.path: has no value"),
        # files
        (("evalset.path=none.jsonl",), "none.jsonl: no such file"),
        ((STORED,), "hyp.txt: 1 hypotheses for 2 segments of set; give exactly one a segment, in order"),
        ((STORED.replace("hyp", "latin"),), "latin.txt:2: byte 0xe9 is not UTF-8"),
        ((STORED.replace("systems.s=", "systems.a=").replace("hyp", "two"),), "systems.a: the name is used twice"),
        # folders
        (("output=set.jsonl/out",), "set.jsonl/out: Not a directory; choose another with output=FOLDER"),
        (("output=/proc/out",), "/proc/out: "),
        ((STORED.replace("hyp.txt", COPIER),), "systems.s.path._target_: mteval.files.write_text is no class"),
        ((STORED.replace("hyp.txt", "{_target_: mteval.files.Path}"),), "mteval.files.Path is outside mteval"),
        (("+systems.x=${evalset}",), "systems.x"),
    ],
)
def test_bad_input_is_one_line_that_names_place_and_remedy(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    Path("hyp.txt").write_text("one\n", encoding="utf-8")
    Path("two.txt").write_text("one\ntwo\n", encoding="utf-8")
    Path("latin.txt").write_bytes(b"one\nd\xe9\n")
    before = set(Path.cwd().rglob("*"))
    code, output, errors = cli(*JSONL, *arguments)
    assert code == 2
    assert output == ""
    assert errors.startswith("mteval: error: ")
    assert errors.count("\n") == 1
    assert message in errors
    assert "; " in errors.removeprefix("mteval: error: ")
    assert set(Path.cwd().rglob("*")) == before  # nothing half-written, no empty folder left


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROWS[0], {"source": "Ce faci?", "hypotheses": {"a": "x"}}], "set.jsonl:2: segment set:2 has no reference"),
        ([ROWS[0], {**ROWS[1], "hypotheses": {}}], "set.jsonl:2: no hypothesis of system 'a'"),
        ([ROWS[0], {**ROWS[1], "source": " "}], "set.jsonl:2: has no source text"),
    ],
)
def test_bad_lines_are_named(cli: Cli, rows: list[dict[str, object]], message: str) -> None:
    write_rows(rows)
    code, _, errors = cli(*JSONL)
    assert code == 2
    assert f"error: {message}" in errors


def test_an_empty_document_and_foreign_references_are_named(cli: Cli) -> None:
    Path("texts").mkdir()
    Path("texts/empty.txt").write_text("\n", encoding="utf-8")
    code, _, errors = cli("evalset=documents", "evalset.path=texts", "lang_pairs=[ro-en]")
    assert (code, "texts/empty.txt: the document is empty" in errors) == (2, True)
    shutil.copytree(packaged("references"), "references")
    Path("references/ro-en/001.jsonl").write_text("", encoding="utf-8")
    code, _, errors = cli("evalset.references.mteval=references")
    assert (code, "references/ro-en/001.jsonl:1: 0 references for 17 body segments" in errors) == (2, True)


def test_norwegian_in_a_config_of_ones_own(cli: Cli) -> None:
    Path("mine/lang_pairs").mkdir(parents=True)
    file = Path("mine/lang_pairs/en-no.yaml")
    file.write_text("en-no:\n  source: en\n  target: no\n", encoding="utf-8")
    code, _, errors = cli(*JSONL, "--config-dir", "mine", "lang_pairs=[en-no]")
    assert (code, 'write "no" in quotes for Norwegian' in errors) == (2, True)
    file.write_text('en-no:\n  source: en\n  target: "no"\n', encoding="utf-8")
    assert cli(*JSONL, "--config-dir", "mine", "lang_pairs=[en-no]", "output=out")[0] == 0
    assert "en-no" in Path("out/leaderboard.md").read_text("utf-8")


def test_two_files_that_define_one_name_are_refused(cli: Cli) -> None:
    Path("mine/systems").mkdir(parents=True)
    Path("mine/systems/mine.yaml").write_text(
        "apertium_es:\n  _target_: mteval.systems.stored.Stored\n  path: hyp.txt\n", encoding="utf-8"
    )
    code, _, errors = cli("--config-dir=mine", "systems=[apertium_es,mine]")
    assert code == 2
    assert "the name is used twice, in systems/apertium_es and in systems/mine" in errors


def test_a_root_config_of_ones_own(cli: Cli) -> None:
    Path("mine").mkdir()
    text = "defaults:\n  - run\n  - override lang_pairs: [de-cs]\n  - _self_\nseed: 7\nbootstrap_draws: 5\n"
    Path("mine/study.yaml").write_text(text, encoding="utf-8")
    Path("mine/study2.yaml").write_text(text.replace("seed", "sede"), encoding="utf-8")
    own = ("evalset=jsonl", "evalset.path=set.jsonl", "systems=[]", "metrics=[chrf]", "--config-dir", "mine")
    assert cli(*own, "--config-name", "study", "output=out")[0] == 0
    assert json.loads(Path("out/run.json").read_text("utf-8"))["seed"] == 7
    code, _, errors = cli(*own, "--config-name", "study2", "output=out2")
    assert (code, "error: study2.yaml: sede: unknown key" in errors, errors.count("\n")) == (2, True, 1)
    Path("mine/study2.yaml").write_text(text.replace("seed: 7", "seed: x"), encoding="utf-8")
    code, _, errors = cli(*own, "--config-name", "study2", "output=out2")
    assert (code, "study2.yaml: seed: Value 'x' of type 'str'" in errors, errors.count("\n")) == (2, True, 1)
    Path("mine/study2.yaml").write_text("seed: [1\n", encoding="utf-8")
    code, _, errors = cli(*own, "--config-name", "study2", "output=out2")
    assert (code, "mine/study2.yaml:2: not YAML (" in errors, errors.count("\n")) == (2, True, 1)


def test_any_lang_pair_can_be_named(cli: Cli) -> None:
    assert cli(*JSONL, "lang_pairs=[de-cs]", "output=out")[0] == 0
    assert "de-cs" in Path("out/leaderboard.md").read_text("utf-8")


def test_ctrl_c_is_said_in_one_line_and_leaves_no_folder(tmp_path: Path) -> None:
    """A system that takes its time, interrupted as a terminal would."""
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    (tmp_path / "set.jsonl").write_text(json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "mteval", "run", *JSONL, "output=out", "store=null", "allow=[slow]"]
    running = subprocess.Popen(
        [*command, "+systems.slow={_target_: slow.Slow}"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it puts in the background with SIGINT ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    output, errors = running.communicate(timeout=60)
    assert (running.returncode, output) == (130, "")
    assert errors == "mteval: stopped; run the same command again to go on from here\n"
    assert not (tmp_path / "out").exists()


def test_paths_need_no_quotes(cli: Cli) -> None:
    Path("é漢 {x}").mkdir()
    shutil.copy("set.jsonl", "é漢 {x}/set.ro-en.jsonl")
    assert cli(*JSONL, "evalset.path=é漢 {x}/set.{lang_pair}.jsonl", "output=é漢 [bold] it's")[0] == 0
    assert Path("é漢 [bold] it's/run.json").exists()


def test_errors_hide_no_control_characters(cli: Cli) -> None:
    write_rows([{"source": "x", "id": "a\u001b[31mRED\u202e"}])
    code, _, errors = cli(*JSONL)
    assert code == 2
    assert "\x1b" not in errors
    assert "\u202e" not in errors


def test_a_home_folder_is_understood(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for output in ("~/out", "'~/[o]'"):
        assert cli(*JSONL, f"output={output}")[0] == 0
    assert (tmp_path / "out" / "run.json").exists()
    assert (tmp_path / "[o]" / "run.json").exists()
    assert not Path("~").exists()


def test_a_sweep_runs_every_cell(cli: Cli) -> None:
    code, _, errors = cli(*JSONL, "-m", "seed=1,2", "output=sweep")
    assert (code, errors) == (0, "")
    assert sorted(str(file) for file in Path("sweep").rglob("run.json")) == ["sweep/0/run.json", "sweep/1/run.json"]
    before = Path("sweep/multirun.yaml").read_bytes()
    code, _, errors = cli(*JSONL, "-m", "seed=3,4", "output=sweep")
    assert (code, "sweep: the sweep's folder is not empty" in errors) == (2, True)
    assert Path("sweep/multirun.yaml").read_bytes() == before
    assert cli(*JSONL, "-m", "lang_pairs=[ro-en],[de-cs]", "output=pairs")[0] == 0
    assert "de-cs" in Path("pairs/1/leaderboard.md").read_text("utf-8")


def test_cells_that_fail_stop_no_other_and_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = [*JSONL, "-m", "evalset.path=set.jsonl,nowhere.jsonl,set.jsonl", "output=sweep"]
    code, _, errors = cli(*sweep)
    assert (code, errors.splitlines()) == (
        2,
        [
            "mteval: failed: sweep/1 (evalset.path=nowhere.jsonl): nowhere.jsonl: no such file; check the path",
            "mteval: 1 of 3 cells failed; mteval report sweep shows the others",
        ],
    )
    assert [Path(f"sweep/{cell}/run.json").exists() for cell in range(3)] == [True, False, True]
    told = json.loads(Path("sweep/1/failed.json").read_text("utf-8"))
    assert {"evalset.path=nowhere.jsonl", "output=sweep", "metrics=[chrf]"} < set(told["overrides"])
    Path("nowhere.jsonl").write_bytes(Path("set.jsonl").read_bytes())
    assert cli(*sweep, "overwrite=true")[::2] == (0, "")
    assert not Path("sweep/1/failed.json").exists()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr(Evaluation, "plan", broken)
    code, _, errors = cli(*JSONL, "-m", "seed=1", "output=bug")
    assert (code, "ZeroDivisionError: one two; report it with failed.json" in errors) == (1, True)
    assert "in broken" in json.loads(Path("bug/0/failed.json").read_text("utf-8"))["traceback"]


def test_a_sweep_that_cannot_be_composed_leaves_nothing(cli: Cli) -> None:
    code, _, errors = cli(*JSONL, "-m", "metrics=[chrf],[nonsense]", "output=sweep")
    assert (code, "there is no option 'nonsense'" in errors, Path("sweep").exists()) == (2, True, False)


def test_the_config_can_be_shown_without_a_run(cli: Cli) -> None:
    code, output, _ = cli(*JSONL, "--cfg", "job")
    assert code == 0
    assert "mteval.metrics.lexical.Chrf" in output
    assert {file.name for file in Path.cwd().iterdir()} == {"set.jsonl"}


def test_help_names_the_commands() -> None:
    shown = program("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "mteval run lang_pairs=[ro-en] metrics=[chrf]" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert program().stdout == shown.stdout
    assert program("--version").stdout.count(".") == 2


def test_an_unknown_command_is_refused() -> None:
    shown = program("rnu")
    assert (shown.returncode, shown.stdout) == (2, "")
    every = ", ".join(COMMANDS)
    assert shown.stderr == f"mteval: unknown command 'rnu'; did you mean run? choose one of: {every}\n"
    assert program("zzz").stderr == f"mteval: unknown command 'zzz'; choose one of: {every}\n"
    for alien in ("__main__", "mteval.app", "--nope"):
        assert program(alien).returncode == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_and_has_help_that_fits(command: str) -> None:
    assert re.search(rf"^  {command} +[a-z]", USAGE, re.MULTILINE)
    shown = program(command, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    if command != "run":  # whose help is Hydra's
        assert shown.stdout.startswith(f"usage: mteval {command}")
        assert max(map(len, shown.stdout.splitlines())) <= 80


def test_help_imports_nothing_that_takes_time() -> None:
    code = (
        "import sys; from mteval.__main__ import main; sys.argv = ['mteval']; main()\n"
        "assert not {'hydra', 'numpy', 'rich', 'yaml', 'argparse'} & set(sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert shown.stderr == ""


@needs_apertium
def test_the_default_run_ranks_apertium_and_shows_canaries(default_run: tuple[Path, str]) -> None:
    folder, output = default_run
    assert output.endswith(f"Report: runs/{folder.name}/leaderboard.html\n")
    assert max(map(len, output.splitlines())) <= 80  # quiet and narrow when piped, whatever COLUMNS says
    rows = rows_of(folder / "segments.jsonl")
    assert len(rows) == 121
    assert sum(not row["furniture"] for row in rows) == 70
    body = [row for row in rows if not row["furniture"]]
    assert all(row["hypotheses"]["apertium_es"] for row in body)
    assert all(set(row["references"]) == {"mteval"} for row in body)
    assert all(not row["hypotheses"] for row in rows if row["furniture"])


@needs_apertium
def test_the_seeds_get_their_verdicts(default_run: tuple[Path, str]) -> None:
    folder, _ = default_run
    verdicts = rows_of(folder / "verdicts.jsonl")
    sources = {row["document"]: row for row in verdicts if row["system"] is None}
    assert sources["000"]["verdict"] == "garbled"
    assert len({evidence["signal"] for evidence in sources["000"]["evidence"]}) > 1
    assert len({evidence["family"] for evidence in sources["000"]["evidence"]}) > 1
    assert [sources[name]["verdict"] for name in ("001", "002", "004")] == ["clean", "clean", "clean"]
    by_system = {(row["system"], row["document"]): row["verdict"] for row in verdicts}
    assert {verdict for (system, _), verdict in by_system.items() if system == "reference"} == {"clean"}
    assert {verdict for (system, _), verdict in by_system.items() if system == "canary_copy"} == {"garbled"}
    assert {verdict for (system, _), verdict in by_system.items() if system == "canary_loop"} == {"garbled"}


@needs_apertium
def test_evidence_shows_where_it_stands(default_run: tuple[Path, str]) -> None:
    folder, _ = default_run
    segments = {row["segment"]: row for row in rows_of(folder / "segments.jsonl")}
    spans = 0
    for verdict in rows_of(folder / "verdicts.jsonl"):
        for evidence in verdict["evidence"]:
            if evidence["start"] is None:
                continue
            row = segments[evidence["segment"]]
            text = row["source"] if verdict["system"] is None else row["hypotheses"][verdict["system"]]
            assert text[evidence["start"] : evidence["end"]] == evidence["text"]
            spans += 1
    assert spans > 10


def test_no_rule_names_a_seed() -> None:
    """Nothing in the code or the configs knows a seed's text: its words are not looked for, its hash not compared."""
    names = {"Kim Jong", "Putin", "Pyongyang", "96b5ea59", "Kcna", "KCNA", "RPDC"}
    for seed in packaged("seeds").glob("*.txt"):
        said = seed.read_text("utf-8").split()
        names |= {" ".join(said[at : at + 4]) for at in range(len(said) - 3)}
    package = Path(app.__file__).parent
    files = [*package.glob("*.py"), *(package / "garble").rglob("*.*"), *packaged("configs").rglob("*.yaml")]
    files = [file for file in files if file.suffix in (".py", ".txt", ".yaml", ".json")]
    assert len(files) > 30
    assert [(file, name) for file in files for name in names if name in file.read_text("utf-8")] == []
