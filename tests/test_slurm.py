"""Sweeps on a real Slurm: a job for each cell, jobs that are killed, queued again or never begin."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests import slurm

pytestmark = pytest.mark.skipif(slurm.lacking() is not None, reason=str(slurm.lacking()))

SOURCES = {name: [f"Fraza {name} {number}." for number in range(5)] for name in ("one", "two")}
HALTING = """
from pathlib import Path
from mteval.systems.fakes import UpperCase
import os, time

class Halting(UpperCase):
    '''Writes down what it translates; halts after two segments, for as long as there is no file `go`.'''

    def translate(self, segments, pair, hypotheses):
        for position, output in super().translate(segments, pair, hypotheses):
            with Path(f"translated-{os.environ['SLURM_ARRAY_TASK_ID']}").open("a") as file:
                file.write(segments[position].source + "\\\\n")
            yield position, output
            while position == 1 and not Path("go").exists():
                Path(f"halted-{os.environ['SLURM_ARRAY_TASK_ID']}").touch()
                time.sleep(0.1)
""".replace("\\\\", "\\")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    for name, sources in SOURCES.items():
        rows = [json.dumps({"source": source, "references": {"r": source.title()}}) for source in sources]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    (tmp_path / "halting.py").write_text(HALTING, "utf-8")
    yield tmp_path
    subprocess.run(["scancel", "--user=root"], env=environment, check=False)


def start(folder: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    ours = {**environment, "MTEVAL_STORE": str(folder / "store"), "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"}
    command = [sys.executable, "-m", "mteval", *arguments]
    return subprocess.Popen(command, cwd=folder, env=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sweep(*arguments: str) -> list[str]:
    fast = [
        "metrics=[chrf]",
        "garble=[]",
        "bootstrap_draws=10",
        "significance.trials=10",
        "hydra.launcher.cpus_per_task=1",
    ]
    return ["run", "-m", *fast, "output=sweep", "hydra/launcher=submitit_slurm", *arguments]


def halting() -> list[str]:
    own = ["evalset=jsonl", "evalset.path=one.jsonl,two.jsonl", "lang_pairs=[ro-en]", "systems=[]", "allow=[halting]"]
    return sweep(*own, "+systems.halting._target_=halting.Halting")


def eventually(condition: Callable[[], object], what: str) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(f"in a minute, {what} did not come")


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def jobs(environment: Mapping[str, str]) -> dict[str, str]:
    """The state of every job that runs or waits, by its number, as 3_0."""
    command = ["squeue", "-h", "-r", "-o", "%i %T"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: line.split()[1] for line in shown.splitlines()}


def test_a_sweep_over_systems_and_lang_pairs(folder: Path, environment: Mapping[str, str]) -> None:
    arguments = sweep("systems=[apertium_es],[apertium_ca]", "lang_pairs=[pt-en],[ro-en]")
    code, _, errors = ended(start(folder, environment, *arguments))
    told = [line for line in errors.splitlines() if line.startswith("mteval: ")]
    assert code == 2
    assert told[0].startswith(
        "mteval: failed: sweep/3 (systems=[apertium_ca] lang_pairs=[ro-en]): systems: none transl"
    )
    assert told[1] == "mteval: 1 of 4 cells failed; mteval report sweep shows the others"
    assert len(list((folder / "sweep/.submitit").glob("*_*"))) >= 4  # each was a job
    code, output, errors = ended(start(folder, environment, "report", "sweep", "output=board"))
    assert (code, errors) == (0, "")
    assert "Failed: sweep/3 (systems=[apertium_ca] lang_pairs=[ro-en])" in " ".join(output.split())
    board = json.loads((folder / "board/leaderboard.json").read_text("utf-8"))
    found = {pair["lang_pair"]: {row["system"] for row in pair["systems"]} for pair in board["pairs"]}
    assert found == {"pt-en": {"apertium_es", "apertium_ca"}, "ro-en": {"apertium_es"}}


def test_a_job_that_is_killed_and_queued_again_goes_on(folder: Path, environment: Mapping[str, str]) -> None:
    running = start(folder, environment, *halting())
    eventually(lambda: all((folder / f"halted-{cell}").exists() for cell in (0, 1)), "both jobs")
    both = sorted(jobs(environment))
    subprocess.run(["scancel", *both], env=environment, check=True)
    eventually(lambda: not jobs(environment), "the end of the jobs")
    (folder / "go").touch()
    subprocess.run(["scontrol", "requeue", both[1]], env=environment, check=True)
    now = ["scontrol", "update", f"JobId={both[1]}", "StartTime=now"]  # or it would begin in two minutes
    subprocess.run(now, env=environment, check=True)
    eventually((folder / "sweep/1/run.json").exists, "the run of the job that was queued again")
    translated = (folder / "translated-1").read_text("utf-8").splitlines()
    assert sorted(translated) == SOURCES["two"]  # what the store held was not translated again
    eventually(lambda: not jobs(environment), "the end of the job")
    code, _, errors = ended(running)
    told = [line for line in errors.splitlines() if line.startswith("mteval: ")]
    assert (code, told[0].partition(" (")[0]) == (2, "mteval: failed: sweep/0")
    assert f"job {both[0]}: was cancelled; see sweep/.submitit/" in told[0]
    code, output, _ = ended(start(folder, environment, "report", "sweep", "output=board"))
    assert code == 0
    shown = " ".join(output.split())
    assert f"Failed: sweep/0 (evalset.path=one.jsonl): job {both[0]}: was cancelled" in shown
    assert "sweep/1" not in shown


def test_a_drained_node_only_delays(folder: Path, environment: Mapping[str, str]) -> None:
    (folder / "go").touch()
    node = subprocess.run(["sinfo", "-h", "-o", "%N"], env=environment, capture_output=True, text=True, check=True)
    update = ["scontrol", "update", f"NodeName={node.stdout.strip()}"]
    subprocess.run([*update, "State=DRAIN", "Reason=test"], env=environment, check=True)
    try:
        running = start(folder, environment, *halting())
        eventually(lambda: list(jobs(environment).values()) == ["PENDING"] * 2, "jobs that wait")
        code, _, errors = ended(start(folder, environment, "report", "sweep", "output=board"))
        assert (code, "sweep/1 (evalset.path=two.jsonl): it left no record: it has not begun yet" in errors) == (
            2,
            True,
        )
    finally:
        subprocess.run([*update, "State=RESUME"], env=environment, check=True)
    assert ended(running)[0] == 0
    assert [(folder / f"sweep/{cell}/run.json").exists() for cell in (0, 1)] == [True, True]
