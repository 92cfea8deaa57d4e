"""What several test files share: the program, and its default run, which is made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Two test processes share two cores; more threads would wait for one another."""


def program(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mteval", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **settings)  # type: ignore[call-overload,no-any-return]


def pytest_configure() -> None:
    """Processes that are started in the background are often told to ignore Ctrl-C, and tell their own children so."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run with ``offline=true`` takes its whole process offline; the next test is not to be."""
    for name in ("MTEVAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The default run, as a newcomer starts it: its folder and what it printed. All test processes share one."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "default"
    printed = shared / "default.txt"
    with FileLock(shared / "default.lock"):
        if not printed.exists():
            folder.mkdir(exist_ok=True)
            environment = {**os.environ, "MTEVAL_STORE": str(folder / "store"), "COLUMNS": "200"}
            shown = program("run", cwd=folder, env=environment)
            assert shown.returncode == 0, shown.stderr
            assert shown.stderr == ""
            printed.write_text(shown.stdout, "utf-8")
    (output,) = (folder / "runs").iterdir()
    return output, printed.read_text("utf-8")
