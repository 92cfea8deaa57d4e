"""Runs that are killed with ``kill -9`` at any point, and gone on with: the end is the same to the byte."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import program

RESULTS = ("leaderboard.json", "leaderboard.md", "leaderboard.csv", "segments.jsonl", "verdicts.jsonl")
CLASS = """
import time
from mteval.systems.fakes import UpperCase

class Slow(UpperCase):
    def translate(self, segments, pair, hypotheses):
        for found in super().translate(segments, pair, hypotheses):
            time.sleep(0.01)
            yield found
"""


def arguments(output: Path, store: Path) -> list[str]:
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[reference,canaries]"]
    slow = ["+systems.slow={_target_: slow.Slow}", "allow=[slow]", "metrics=[chrf,bleu,ter]"]
    fast = ["bootstrap_draws=10", "significance.trials=10", "report=[json,markdown,csv]"]
    return ["run", *own, *slow, *fast, f"output={output}", f"store={store}"]


def starts(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}"}


def results(output: Path) -> dict[str, bytes]:
    return {name: (output / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], float]:
    """A folder with an eval set and a run that nobody killed: what it found, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("killed")
    rows = [
        {"source": f"Aceasta este fraza {n}.", "references": {"r": f"This is sentence {n}."}, "document": f"d{n // 20}"}
        for n in range(60)
    ]
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "slow.py").write_text(CLASS, "utf-8")
    began = time.perf_counter()
    shown = program(*arguments(folder / "whole", folder / "kept"), cwd=folder, env=starts(folder))
    assert shown.returncode == 0, shown.stderr
    return folder, results(folder / "whole"), time.perf_counter() - began


def kill_and_go_on(undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path, shares: list[float]) -> int:
    """Kill runs after so large shares of the time that one takes, each on its own store; say how many were killed."""
    folder, expected, whole = undisturbed
    killed = 0
    for number, share in enumerate(shares):
        output, store = tmp_path / f"run-{number}", tmp_path / f"store-{number}"
        command = [sys.executable, "-m", "mteval", *arguments(output, store)]
        process = subprocess.Popen(command, cwd=folder, env=starts(folder), stdout=subprocess.DEVNULL)
        time.sleep(share * whole)
        process.kill()
        killed += process.wait() == -9
        overwrite = ["overwrite=true"] if (output / "run.json").exists() else []
        shown = program(*arguments(output, store), *overwrite, cwd=folder, env=starts(folder))
        assert (shown.returncode, shown.stderr) == (0, ""), f"killed after {share:.3f} of {whole:.2f} s"
        assert results(output) == expected, f"killed after {share:.3f} of {whole:.2f} s"
        assert not [one for one in output.iterdir() if one.name.startswith(".mteval")]
        shutil.rmtree(output)
        shutil.rmtree(store)
    return killed


def test_a_killed_run_goes_on(undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path) -> None:
    assert kill_and_go_on(undisturbed, tmp_path, [0.35, 0.6]) >= 1


@pytest.mark.slow
def test_a_run_killed_at_any_of_fifty_points_goes_on(
    undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path
) -> None:
    points = random.Random(20261126)
    assert kill_and_go_on(undisturbed, tmp_path, [points.uniform(0.05, 1.0) for _ in range(50)]) >= 40
