"""Runs that are killed at any point, stopped, or made beside each other: the end is the same to the byte.

What was translated before is not translated again, but for the segment that was in flight.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import program

RESULTS = ("leaderboard.json", "leaderboard.md", "leaderboard.csv", "segments.jsonl", "verdicts.jsonl")
SEGMENTS = 60
CLASS = """
import os
import time
from mteval.systems.fakes import UpperCase

class Slow(UpperCase):
    def translate(self, segments, pair, hypotheses):
        for found in super().translate(segments, pair, hypotheses):
            time.sleep(0.01)
            with open(os.environ["TRANSLATED"], "a") as log:
                log.write(f"{segments[found[0]].id}\\n")
            while self.translated == 6 and os.path.exists(log.name + ".hold"):
                time.sleep(0.01)
            yield found
"""


def arguments(output: Path, store: Path) -> list[str]:
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[reference,canaries]"]
    slow = ["+systems.slow={_target_: slow.Slow}", "allow=[slow]", "metrics=[chrf,bleu,ter]"]
    fast = ["bootstrap_draws=10", "significance.trials=10", "report=[json,markdown,csv]"]
    return ["run", *own, *slow, *fast, f"output={output}", f"store={store}"]


def starts(folder: Path, log: Path) -> dict[str, str]:
    """The environment of a run in a folder; what it translates is logged."""
    return {**os.environ, "PYTHONPATH": f"{folder}:{':'.join(sys.path)}", "TRANSLATED": str(log)}


def translated(log: Path) -> list[str]:
    return log.read_text("utf-8").splitlines() if log.exists() else []


def start(folder: Path, output: Path, store: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mteval", *arguments(output, store)],
        cwd=folder,
        env=starts(folder, store.with_suffix(".log")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what it puts in the background with SIGINT ignored, and that is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(log: Path, segments: int) -> None:
    deadline = time.monotonic() + 120
    while len(translated(log)) < segments:
        assert time.monotonic() < deadline, "nothing was translated"
        time.sleep(0.01)


def results(output: Path) -> dict[str, bytes]:
    return {name: (output / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], float]:
    """A folder with an eval set and a run that nobody killed: what it found, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("killed")
    rows = [
        {"source": f"Aceasta este fraza {n}.", "references": {"r": f"This is sentence {n}."}, "document": f"d{n // 20}"}
        for n in range(SEGMENTS)
    ]
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "slow.py").write_text(CLASS, "utf-8")
    began = time.perf_counter()
    shown = program(*arguments(folder / "whole", folder / "kept"), cwd=folder, env=starts(folder, folder / "log"))
    assert shown.returncode == 0, shown.stderr
    return folder, results(folder / "whole"), time.perf_counter() - began


def kill_and_go_on(undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path, shares: list[float]) -> int:
    """Kill runs after so large shares of the time that one takes, each on its own store; say how many were killed."""
    folder, expected, whole = undisturbed
    killed = 0
    for number, share in enumerate(shares):
        output, store = tmp_path / f"run-{number}", tmp_path / f"store-{number}"
        log = store.with_suffix(".log")
        process = start(folder, output, store)
        time.sleep(share * whole)
        process.kill()
        process.communicate()
        killed += process.returncode == -9
        overwrite = ["overwrite=true"] if (output / "run.json").exists() else []
        shown = program(*arguments(output, store), *overwrite, cwd=folder, env=starts(folder, log))
        assert (shown.returncode, shown.stderr) == (0, ""), f"killed after {share:.3f} of {whole:.2f} s"
        assert results(output) == expected, f"killed after {share:.3f} of {whole:.2f} s"
        assert not [one for one in output.iterdir() if one.name.startswith(".mteval")]
        assert SEGMENTS == len({*translated(log)}) >= len(translated(log)) - 1  # one at most was in flight
        shutil.rmtree(output)
        shutil.rmtree(store)
    return killed


def test_a_killed_run_goes_on(undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path) -> None:
    assert kill_and_go_on(undisturbed, tmp_path, [0.35, 0.6]) >= 1


def test_a_stopped_run_goes_on(undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path) -> None:
    folder, expected, _ = undisturbed
    output, store, log = tmp_path / "run", tmp_path / "store", tmp_path / "store.log"
    (hold := tmp_path / "store.log.hold").touch()
    process = start(folder, output, store)
    wait_for(log, 6)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (130, "mteval: stopped; run the same command again to go on from here\n")
    assert (len(translated(log)), output.exists()) == (6, False)
    hold.unlink()
    assert program(*arguments(output, store), cwd=folder, env=starts(folder, log)).returncode == 0
    assert results(output) == expected
    assert (len({*translated(log)}), len(translated(log))) == (SEGMENTS, SEGMENTS + 1)


def test_a_second_run_into_one_folder_is_refused_and_one_beside_it_shares_its_store(
    undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path
) -> None:
    folder, expected, _ = undisturbed
    output, store, log = tmp_path / "run", tmp_path / "store", tmp_path / "store.log"
    (hold := tmp_path / "store.log.hold").touch()
    first = start(folder, output, store)
    wait_for(log, 6)
    beside = start(folder, tmp_path / "beside", store)
    second = program(*arguments(output, store), cwd=folder, env=starts(folder, tmp_path / "second.log"))
    hold.unlink()
    first_errors, beside_errors = (one.communicate(timeout=120)[1] for one in (first, beside))
    assert (first.returncode, first_errors, beside.returncode, beside_errors) == (0, "", 0, "")
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert f"{output}: another run writes into it (process {first.pid} on" in second.stderr
    assert translated(tmp_path / "second.log") == []
    assert results(output) == results(tmp_path / "beside") == expected
    made = len(translated(log))
    third = program(*arguments(tmp_path / "third", store), cwd=folder, env=starts(folder, log))
    assert (third.returncode, results(tmp_path / "third"), len(translated(log))) == (0, expected, made)
    assert program("store", "verify", f"store={store}", cwd=folder).returncode == 0


@pytest.mark.slow
def test_a_run_killed_at_any_of_fifty_points_goes_on(
    undisturbed: tuple[Path, dict[str, bytes], float], tmp_path: Path
) -> None:
    points = random.Random(20261126)
    assert kill_and_go_on(undisturbed, tmp_path, [points.uniform(0.05, 1.0) for _ in range(50)]) >= 40
