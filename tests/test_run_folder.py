"""A run's folder: what is replaced, and whose it is while a run writes into it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mteval.errors import OutputError
from mteval.run_folder import ITS_MARK, RunFolder


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
