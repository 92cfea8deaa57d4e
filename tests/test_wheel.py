"""The wheel, installed outside the checkout: configs, seeds and references travel inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_everything_travels_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "mteval", "configs", "seeds", "references"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout: what should be in the wheel is not known")
    expected = {name if name.startswith("mteval/") else f"mteval/{name}" for name in tracked}
    assert expected <= inside
    assert not {name for name in inside if name.startswith("mteval/")} - expected


def test_it_runs_outside_the_checkout_on_ones_own_configs(wheel: Path, tmp_path: Path) -> None:
    installed, work = tmp_path / "installed", tmp_path / "work"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(installed)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (work / "mine" / "systems").mkdir(parents=True)
    (work / "mine" / "systems" / "mine.yaml").write_text(
        "mine:\n  _target_: mteval.systems.stored.Stored\n  path: hyp.txt\n", encoding="utf-8"
    )
    (work / "hyp.txt").write_text("Some words here.\n" * 38, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(installed), "MTEVAL_STORE": str(work / "store")}
        command = [sys.executable, "-P", "-m", "mteval", "run", *arguments]
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)

    shown = run("--config-dir", "mine", "systems=[mine]", "lang_pairs=[ro-en]", "metrics=[chrf]", "output=out")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "mine" in (work / "out" / "leaderboard.md").read_text("utf-8")
    where = run("--info", "searchpath").stdout
    assert str(installed / "mteval" / "configs") in where
    assert str(ROOT / "configs") not in where
