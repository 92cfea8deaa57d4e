"""Tracking from the command line: off by default, a config switch, and never the loss of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from mteval import app
from mteval.composition import register
from mteval.config import Run, build
from mteval.files import packaged
from mteval.tracking.mlflow import MLflow
from mteval.tracking.wandb import WandB

ROWS = [
    {"source": "Bună ziua, lume.", "references": {"r": "Good day, world."}, "hypotheses": {"a": "Good day, world"}},
    {"source": "Ce mai faci azi?", "references": {"r": "How are you today?"}, "hypotheses": {"a": "How are you?"}},
]
TINY = [
    *("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]"),
    *("garble=[spacing]", "store=null", "bootstrap_draws=10", "output=out"),
]
NOTEBOOK = "+tracking.{name}={{_target_: mteval.tracking.fakes.Notebook, path: {name}.json, fails_at: {fails_at}}}"

WATCHED = """
import sys

def watch(event, arguments):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and not isinstance(arguments[1], (str, bytes))):
        print(event, arguments, file=sys.stderr)

sys.addaudithook(watch)
from mteval.app import run
sys.exit(run(sys.argv[1:]))
"""
"""Runs mteval, and says of each connection to another machine, and of each name that is looked up, on stderr."""


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs ``mteval run`` on two segments; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        code = app.run([*TINY, *arguments])
        output, errors = capfd.readouterr()
        return code, output, errors

    return run


def built(*overrides: str) -> Run:
    register()
    with initialize_config_dir(str(packaged("configs").resolve()), version_base="1.3"):
        return build(compose("run", overrides=["output=out", *overrides]))


def scores() -> dict[str, Any]:
    """The scores on the leaderboard of the run's only system."""
    (pair,) = json.loads(Path("out/leaderboard.json").read_text("utf-8"))["pairs"]
    (system,) = pair["systems"]
    found: dict[str, Any] = {f"ro-en/a/{name}": score["score"] for name, score in system["scores"].items()}
    return found | {"ro-en/a/garbled_share": system["segments"]["garbled_share"]}


def test_nothing_is_tracked_by_default() -> None:
    assert built().trackers == {}


def test_trackers_are_chosen_as_a_list_or_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("MLFLOW_TRACKING_URI", "WANDB_MODE"):
        monkeypatch.delenv(key, raising=False)
    both = built("tracking=[mlflow,wandb]", "tracking.wandb.mode=offline").trackers
    assert [type(tracker) for tracker in both.values()] == [MLflow, WandB]
    assert list(built("tracking=mlflow").trackers) == ["mlflow"]
    assert list(built("tracking=[wandb]").trackers) == ["wandb"]


def test_the_help_names_them(cli: Callable[..., tuple[int, str, str]], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli("--help")
    assert "\ntracking: mlflow, wandb\n" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tracking=[mlfow]",), "tracking: there is no option 'mlfow'; choose one of mlflow, wandb"),
        (("tracking=[mlflow]", "tracking.mlflow.url=x"), "tracking.mlflow.url: "),
        (("tracking=[mlflow]", "tracking.mlflow.experiment=''"), "tracking.mlflow.experiment: '' is no name"),
        (("tracking=[wandb]", "tracking.wandb.mode=of"), "tracking.wandb.mode: 'of' is not one of its values"),
        (("tracking=[mlflow]", "tracking.mlflow.uri=set.jsonl"), "set.jsonl is no folder"),
        ((NOTEBOOK.format(name="closed", fails_at="check"),), "notebook: it is closed; open it"),
    ],
)
def test_what_cannot_be_tracked_is_said_before_anything_is_done(
    cli: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], message: str
) -> None:
    code, output, errors = cli(*arguments)
    assert (code, output) == (2, "")
    assert message in errors
    assert errors.count("\n") == 1
    assert {file.name for file in Path.cwd().iterdir()} == {"set.jsonl"}


def test_a_tracker_that_fails_loses_neither_the_run_nor_the_other_trackers(
    cli: Callable[..., tuple[int, str, str]],
) -> None:
    broken, sound = (NOTEBOOK.format(name=name, fails_at=at) for name, at in (("broken", "log"), ("sound", "never")))
    code, output, errors = cli(broken, sound)
    assert code == 2
    assert "Report: out/leaderboard.html\nLogged: notebook sound.json\n" in output
    assert errors.startswith("mteval: error: tracking.broken: the run is whole in ")
    assert "was not logged (ConnectionError: the notebook does not answer); " in errors
    assert errors.endswith("overwrite=true; what the store holds is not made again\n")
    told = json.loads(Path("sound.json").read_text("utf-8"))
    assert told["metrics"] == scores()
    assert told["files"] == sorted(
        file.relative_to("out").as_posix() for file in Path("out").rglob("*") if file.is_file()
    )
    Path("out/mine.txt").write_text("mine", encoding="utf-8")
    code, output, errors = cli(sound, "overwrite=true")
    assert (code, errors) == (0, "")
    assert output.endswith("Logged: notebook sound.json\n")
    assert "mine.txt" not in json.loads(Path("sound.json").read_text("utf-8"))["files"]


@pytest.mark.usefixtures("cli")
def test_a_real_run_is_logged_to_both_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("mlflow") is None or find_spec("wandb") is None:
        pytest.skip("MLflow and W&B are not installed: the extra tracking")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow import MlflowClient

    shown = subprocess.run(
        [sys.executable, "-c", WATCHED, *TINY, "tracking=[mlflow,wandb]", "tracking.wandb.mode=offline"],
        env={"PATH": os.environ["PATH"], "HOME": str(Path("home").absolute()), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    client = MlflowClient(tracking_uri=Path("mlruns").absolute().as_uri())
    experiment = client.get_experiment_by_name("mteval")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "out"
    assert run.data.metrics == scores()
    assert run.data.metrics["ro-en/a/chrf"] > 50
    assert run.data.params["signature/ro-en/chrf"].startswith("nrefs:1|")
    artifacts = Path("mlruns", experiment.experiment_id, run.info.run_id, "artifacts")
    (offline,) = Path("wandb").glob("offline-run-*")
    for file in (file.relative_to("out") for file in Path("out").rglob("*") if file.is_file()):
        for copy in (artifacts / file, offline / "files" / file):
            assert copy.read_bytes() == (Path("out") / file).read_bytes()
    assert shown.stdout.splitlines()[-2:] == [
        f"Logged: MLflow run out ({run.info.run_id}) of experiment mteval in mlruns",
        f"Logged: W&B run out, offline; to upload it: wandb sync {offline.absolute()}",
    ]
