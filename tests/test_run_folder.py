"""A run's folder: what is replaced, and whose it is while a run writes into it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mteval.errors import OutputError
from mteval.run_folder import ITS_MARK, RunFolder, release


def fill(path: Path, *names: str) -> set[str]:
    """Write a run of so many files, and say what is there then."""
    with RunFolder(path, overwrite=True) as folder:
        folder.fill(lambda partial: [(partial / name).write_text("new") for name in (*names, ITS_MARK)] and None)
    return {file.name for file in path.iterdir()}


def test_what_an_earlier_run_wrote_and_this_one_did_not_is_removed(tmp_path: Path) -> None:
    pages = [f"leaderboard-segments-{number}.html" for number in (1, 2, 11)]
    assert fill(tmp_path, "leaderboard.html", *pages) == {"leaderboard.html", *pages, ITS_MARK}
    (tmp_path / "notes.html").write_text("mine")
    assert fill(tmp_path, "leaderboard.html", pages[0]) == {"leaderboard.html", pages[0], "notes.html", ITS_MARK}
    assert fill(tmp_path, "leaderboard.md") == {"leaderboard.md", "notes.html", ITS_MARK}


def test_a_job_that_slurm_queues_again_takes_over_from_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lock may be from another host; that of another job, or of this one as it is now, holds."""
    lock = tmp_path / ".mteval-running"

    def enters(held: str, restarts: str | None) -> bool:
        lock.write_text(held, "utf-8")
        monkeypatch.delenv("SLURM_RESTART_COUNT", raising=False)
        if restarts is not None:
            monkeypatch.setenv("SLURM_RESTART_COUNT", restarts)
        try:
            with RunFolder(tmp_path, overwrite=False):
                return True
        except OutputError as error:
            assert "another run writes into it (process 12 on elsewhere)" in str(error)
            return False

    monkeypatch.setenv("SLURM_CLUSTER_NAME", "c")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert enters("elsewhere 12 c:7:0", "1")
    assert enters("elsewhere 12 c:7:9", "10")
    for held in (
        "elsewhere 12 c:7:0",
        "elsewhere 12 c:7:x",
        "elsewhere 12 c:6:0",
        "elsewhere 12 d:7:0",
        "elsewhere 12",
    ):
        assert not enters(held, None), held
    monkeypatch.delenv("SLURM_JOB_ID")
    assert not enters("elsewhere 12 c:7:0", "1")
    assert not enters("elsewhere 12", "1")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    lock.unlink()
    with RunFolder(tmp_path, overwrite=False):
        assert lock.read_text("utf-8") == f"{socket.gethostname()} {os.getpid()} c:7:1"


TAKES = """
import sys, time
from pathlib import Path
from mteval.errors import OutputError
from mteval.run_folder import RunFolder

print(flush=True)
input()
try:
    with RunFolder(Path(sys.argv[1]), overwrite=False):
        print("mine", flush=True)
        input()
except OutputError as error:
    print(error)
"""


def test_of_runs_that_find_a_killed_ones_folder_together_one_gets_it(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / ".mteval-running").write_text(f"{socket.gethostname()} {dead.pid}", "utf-8")
    command = [sys.executable, "-c", TAKES, str(tmp_path)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(6)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.stdout.readline().strip() for process in running if process.stdout is not None]
    assert sorted(text == "mine" for text in said) == [False] * 5 + [True], said
    assert all("another run writes into it" in text for text in said if text != "mine")
    for process in running:
        process.communicate("\n", timeout=30)
    assert not list(tmp_path.iterdir())


def test_a_lock_that_a_job_left_is_taken_away_once_the_job_is_known_to_be_over(tmp_path: Path) -> None:
    lock = tmp_path / ".mteval-running"
    lock.write_text("elsewhere 12 c:7_1:0", "utf-8")
    release(tmp_path, "7_2")
    assert lock.exists()
    release(tmp_path, "7_1")
    assert not lock.exists()
    release(tmp_path, "7_1")
