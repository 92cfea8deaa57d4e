"""``mteval init``: a folder that runs as it is, from anywhere, and is never written over."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from mteval import app
from mteval.composition import compose
from mteval.config import build
from mteval.doctor import doctor
from mteval.init_command import FOLDER, init
from mteval.options import options_of
from tests.conftest import program


def test_the_starter_runs_as_it_is_from_wherever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init(["my configs"]) == 0
    output = capfd.readouterr().out
    command = output.splitlines()[-1].removeprefix("Run it with: mteval ")
    assert command == "run --config-dir 'my configs' experiment=my_experiment"
    assert set(output.splitlines()[:-2]) == {
        str(file.relative_to(tmp_path)) for file in (tmp_path / "my configs").rglob("*") if file.is_file()
    }
    _, *arguments = shlex.split(command)
    quick = ["offline=true", "store=null", "garble=[]", "bootstrap_draws=10", "report=[csv]"]
    assert app.run([*arguments, *quick, "output=out"]) == 0, capfd.readouterr().err
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["metric_configs"].keys() == {"bleu", "chrf"}
    rows = [json.loads(line) for line in (tmp_path / "out" / "segments.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 10
    assert {len(row["hypotheses"]["my_system"]) > 10 for row in rows} == {True}

    elsewhere = tmp_path / "somewhere" / "else"
    elsewhere.mkdir(parents=True)
    shutil.move(tmp_path / "my configs", tmp_path / "moved")
    monkeypatch.chdir(elsewhere)
    moved = ["--config-dir", "../../moved", "experiment=my_experiment"]
    assert app.run([*moved, *quick, "output=out"]) == 0, capfd.readouterr().err
    again = (elsewhere / "out" / "leaderboard.csv").read_text("utf-8")
    assert again == (tmp_path / "out" / "leaderboard.csv").read_text("utf-8")
    capfd.readouterr()
    assert doctor([*moved, "offline=true"]) == 0, capfd.readouterr().out


def test_its_readme_says_commands_that_compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert init([str(tmp_path / "FOLDER")]) == 0
    monkeypatch.chdir(tmp_path)
    readme = (tmp_path / "FOLDER" / "README.md").read_text("utf-8")
    commands = [shlex.split(line.split("#")[0]) for line in readme.splitlines() if line.startswith("    mteval run")]
    assert ["mteval", "run", "--config-dir", "FOLDER", "experiment=my_experiment"] in commands
    for command in commands:
        overrides = [argument for argument in command if "=" in argument]
        assert build(compose(overrides, [Path("FOLDER")])).evaluation.systems.keys() == {"my_system"}
    every = [one for group in ("systems", "evalset", "experiment") for one in options_of(group, [Path("FOLDER")])]
    mine = [one for one in every if one.own]
    assert [one.name for one in mine] == ["my_system", "my_set", "my_experiment"]
    assert all(one.about.startswith("My ") and not one.hidden for one in mine)


def test_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    assert init(["mine"]) == 0  # an empty folder is as good as none
    Path("mine/README.md").write_text("my own", encoding="utf-8")
    Path("file").touch()
    capfd.readouterr()
    for given, problem in {
        ("mine",): "mine: the folder is not empty, and nothing is overwritten; name another folder",
        ("file",): "file: there is a file of that name; name another folder",
        ("file/below",): "file/below/README.md: cannot be written (Not a directory); name another folder",
        ("a", "b"): "b: is a second folder; name one",
        ("/proc/mine",): "/proc/mine/README.md: cannot be written (No such file or directory); name another folder",
    }.items():
        assert init(given) == 2
        assert capfd.readouterr().err == f"mteval: error: {problem}\n"
    assert Path("mine/README.md").read_text("utf-8") == "my own"
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "file"}


def test_a_folder_need_not_be_named(tmp_path: Path) -> None:
    shown = program("init", cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert (tmp_path / FOLDER / "systems" / "my_system.yaml").is_file()
    assert program("init", "--help").stdout.startswith("usage: mteval init [options] [FOLDER]\n")
    assert program("init", "--nope", cwd=tmp_path).returncode == 2


def test_a_path_beside_configs_is_that_of_the_first_folder_that_has_it(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "data").mkdir()
    (tmp_path / "c" / "data").mkdir()
    asked = ["evalset=jsonl", "evalset.path='${config_dir:data}/{lang_pair}.jsonl'"]

    def path(*folders: str) -> str:
        return str(compose(asked, [tmp_path / folder for folder in folders]).evalset.path)

    assert path("a", "b", "c") == f"{tmp_path}/b/data/{{lang_pair}}.jsonl"
    assert path("a") == f"{tmp_path}/a/data/{{lang_pair}}.jsonl"
    assert path() == "data/{lang_pair}.jsonl"
