"""Without a network: what ships needs none, and ``offline=true`` keeps every command from trying one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from mteval import app, network
from mteval.composition import compose
from mteval.config import build, build_judges, build_reporting
from mteval.doctor_fakes import HubServer, Shelved
from mteval.errors import UnavailableError
from mteval.flag import flag
from mteval.report_command import report

needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)

# An audit hook sees every connection and every look-up of a name that Python makes, whichever library asks for it.
GUARD = """
import sys

def guard(event, arguments):
    if event == "socket.getaddrinfo":
        host = str(arguments[0])
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    else:
        return
    if host not in ("127.0.0.1", "::1", "localhost"):
        with open("tried", "a") as file:
            file.write(f"{event} {host}\\n")
        raise OSError(f"no network in this test: {event} {host}")

sys.addaudithook(guard)
"""
PROGRAM = f"{GUARD}\nfrom mteval.__main__ import main\nmain()"


def guarded(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program, in a process that notes every try of the network and lets none through."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "MTEVAL_"))}
    env = {**clean, "MTEVAL_STORE": str(folder / "store"), "HF_HOME": str(folder / "hf"), **environment}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that would answer."""
    sizes = {"hparams.yaml": 1, "checkpoints/model.ckpt": 1}
    with HubServer({"Unbabel/wmt22-comet-da": Shelved(sizes), "facebook/m2m100_418M": Shelved(sizes)}) as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield server


def test_the_guard_itself_sees_a_try(tmp_path: Path) -> None:
    code = f"{GUARD}\nimport urllib.request\nurllib.request.urlopen('http://example.org')"
    env = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 1
    assert (tmp_path / "tried").read_text("utf-8") == "socket.getaddrinfo example.org\n"


@needs_apertium
def test_a_first_run_and_its_report_try_no_network(tmp_path: Path) -> None:
    shown = guarded(tmp_path, "run", "experiment=quick", "output=out")
    assert (shown.returncode, shown.stderr) == (0, "")
    shown = guarded(tmp_path, "report", "out", "report=[csv]", "output=again")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert not (tmp_path / "tried").exists()


@pytest.mark.slow
@needs_apertium
@pytest.mark.parametrize("more", [(), ("offline=true",)])
def test_the_default_run_tries_no_network(tmp_path: Path, more: tuple[str, ...]) -> None:
    shown = guarded(tmp_path, "run", "output=out", *more)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert not (tmp_path / "tried").exists()
    assert (tmp_path / "out" / "leaderboard.html").is_file()


def test_the_default_flag_doctor_and_list_try_no_network(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("O gato dorme na cadeira da cozinha.\n", encoding="utf-8")
    for arguments in (("flag", "text.txt"), ("doctor", "--json"), ("list", "metrics"), ("init",)):
        shown = guarded(tmp_path, *arguments)
        assert shown.stderr == ""
    assert not (tmp_path / "tried").exists()


def test_offline_a_run_refuses_what_is_not_here_and_asks_no_hub(tmp_path: Path, hub: HubServer) -> None:
    row = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {"a": "Good day."}}
    (tmp_path / "set.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    small = ("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "garble=[]", "output=out", "offline=true")
    for chosen, name in (("metrics=[comet22]", "comet-da"), ("systems=[m2m100_418m]", "m2m100_418M")):
        shown = guarded(tmp_path, "run", *small, "systems=[reference]", "metrics=[chrf]", chosen, HF_ENDPOINT=hub.url)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert name in shown.stderr
        assert "this run is offline" in shown.stderr
        assert shown.stderr.count("\n") == 1
    assert hub.asked == []
    assert not (tmp_path / "out").exists()


def test_every_command_goes_offline_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    config = compose(["offline=true", "systems=[]", "metrics=[chrf]", "garble=[spacing]", "report=[]"], [])
    for go in (build, build_judges, lambda one: build_reporting(one, {})):
        monkeypatch.delenv("MTEVAL_OFFLINE", raising=False)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        assert not network.offline()
        go(config)
        assert network.offline()


def test_flag_and_report_take_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("O gato dorme na cadeira da cozinha.\n", encoding="utf-8")
    assert flag(["text.txt", "--lang", "pt", "offline=true"]) == 0
    row = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {"a": "Good day."}}
    Path("set.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    small = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]"]
    assert app.run([*small, "garble=[]", "store=null", "bootstrap_draws=10", "output=out", "offline=true"]) == 0
    assert report(["out", "output=again", "offline=true"]) == 0, capfd.readouterr().err
    assert Path("again/leaderboard.md").is_file()


@pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed: the extra tracking")
def test_offline_mlflow_asks_no_server_but_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    from mteval.tracking.mlflow import MLflow

    network.go_offline()
    with pytest.raises(UnavailableError, match=r"needs mlflow\.example\.org, and this run is offline"):
        MLflow("https://mlflow.example.org").check()
    with HubServer({}) as server, pytest.raises(UnavailableError, match="MLflow cannot use it"):
        MLflow(server.url).check()  # which may be asked, and is no tracking server


@pytest.mark.skipif(find_spec("wandb") is None, reason="W&B is not installed: the extra tracking")
def test_offline_wandb_is_not_logged_in_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mteval.tracking.wandb import WandB

    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("HOME", str(tmp_path))
    network.go_offline()
    with pytest.raises(UnavailableError, match=r"needs wandb\.example\.org, and this run is offline"):
        WandB(project="p", mode="online", folder=str(tmp_path / "wandb")).check()
