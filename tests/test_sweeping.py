"""Sweeps whose cells run side by side: what fails, what is killed, and what is not installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mteval.errors import UnavailableError
from mteval.sweeping import explained
from tests.conftest import program

FAST = ("metrics=[chrf]", "garble=[]", "bootstrap_draws=10", "significance.trials=10", "store=null", "report=[json]")
KILLED = """
import os, signal
from mteval.systems.fakes import UpperCase

class Killed(UpperCase):
    def translate(self, segments, pair, hypotheses):
        os.kill(os.getpid(), signal.SIGKILL)
        yield from ()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    row = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {"a": "Good night."}}
    (tmp_path / "set.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (tmp_path / "killed.py").write_text(KILLED, "utf-8")
    return tmp_path


def sweep(folder: Path, launcher: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "output=sweep"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"}
    return program("run", "-m", f"hydra/launcher={launcher}", *own, *FAST, *arguments, cwd=folder, env=environment)


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_cells_side_by_side(folder: Path, launcher: str) -> None:
    shown = sweep(folder, launcher, "evalset.path=set.jsonl,nowhere.jsonl")
    told = [line for line in shown.stderr.splitlines() if line.startswith("mteval: ")]
    assert (shown.returncode, told) == (
        2,
        [
            "mteval: failed: sweep/1 (evalset.path=nowhere.jsonl): nowhere.jsonl: no such file; check the path",
            "mteval: 1 of 2 cells failed; mteval report sweep shows the others",
        ],
    )
    assert "Warning" not in shown.stderr
    assert (folder / "sweep/0/run.json").exists()


def test_a_cell_whose_process_is_killed_is_told(folder: Path) -> None:
    dead = "{_target_: killed.Killed}"
    shown = sweep(folder, "submitit_local", f"+systems={{}},{{k: {dead}}}", "allow=[killed]")
    first, second = shown.stderr.splitlines()
    assert shown.returncode == 2
    assert first.startswith("mteval: failed: sweep/1 (")
    assert "ended without a result, as when it is killed; see sweep/.submitit/" in first
    assert second == "mteval: 1 of 2 cells failed; mteval report sweep shows the others"
    report = program("report", "sweep", "output=board", "report=[json]", cwd=folder)
    assert (report.returncode, "Failed: sweep/1" in report.stdout) == (0, True)


def test_a_killed_process_of_joblib_ends_the_sweep_with_a_word(folder: Path) -> None:
    dead = "{_target_: killed.Killed}"
    shown = sweep(folder, "joblib", f"+systems={{k: {dead}}}", "seed=1,2", "allow=[killed]")
    told = [line for line in shown.stderr.splitlines() if line.startswith("mteval: ")]
    assert shown.returncode == 2
    assert told[0].startswith(
        "mteval: a process of the sweep was killed (SIGKILL), as when memory runs out, and joblib"
    )
    assert told[-1] == "mteval: 2 of 2 cells failed"
    assert "Traceback" not in shown.stderr


def test_ctrl_c_ends_the_cells_too(folder: Path) -> None:
    """Without a launcher of its own the sweep is one process, and what its cells had done stays."""
    slow = KILLED.replace("Killed", "Slow").replace("os.kill(os.getpid(), signal.SIGKILL)", SLEEP)
    (folder / "slow.py").write_text(slow, "utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"}
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "output=sweep", *FAST]
    cells = ["seed=1,2", "allow=[slow]", "+systems.s={_target_: slow.Slow}"]
    command = [sys.executable, "-m", "mteval", "run", "-m", *own, *cells]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if (folder / "halted").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, "stopped; run the same command again" in errors) == (130, True)
    assert not list((folder / "sweep").rglob(".mteval-running"))


SLEEP = "open('halted', 'w').close(); __import__('time').sleep(60)"


def test_a_launcher_that_is_not_installed_is_named() -> None:
    error = explained(
        RuntimeError("Unknown plugin class : 'hydra_plugins.hydra_nowhere_launcher.nowhere_launcher.NowhereLauncher'")
    )
    assert isinstance(error, UnavailableError)
    assert str(error) == "hydra/launcher: hydra-nowhere-launcher is not installed; pip install 'mteval[cluster]'"
    assert explained(RuntimeError("Unknown plugin class : 'somewhere.Else'")) is None


def test_without_slurm_a_sweep_on_it_says_so(folder: Path) -> None:
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "output=sweep", *FAST]
    shown = program("run", "-m", "hydra/launcher=submitit_slurm", *own, "seed=1,2", cwd=folder, env=environment)
    assert (shown.returncode, shown.stderr) == (
        2,
        "mteval: error: hydra/launcher: there is no Slurm on this machine; run it where sbatch and srun are, or choose "
        "hydra/launcher=joblib\n",
    )
    assert not (folder / "sweep").exists()


def test_what_sbatch_refuses_is_told() -> None:
    class Refused(Exception):
        """As submitit has it."""

    Refused.__module__ = "submitit.core.utils"
    said = "sbatch: error: invalid partition specified: none\nsbatch: error: Batch job submission failed: no such"
    error = explained(Refused(f"Exception\n{said}"))
    assert str(error).startswith(
        "hydra/launcher: Slurm takes no job: invalid partition specified: none; Batch job submission failed: no such"
    )
