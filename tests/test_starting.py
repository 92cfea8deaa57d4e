"""What a command does not need it does not import: no help waits for torch, nor a run whose scores are all there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layering import HEAVY

_CODE = """
import sys
from mteval.__main__ import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=open(TOLD, "w"))
"""


def imported(folder: Path, *arguments: str, **environment: str) -> set[str]:
    """The packages that a command imported, which must end well."""
    told = folder / "told.txt"
    code = _CODE.replace("TOLD", repr(str(told)))
    command = [sys.executable, "-c", code, *arguments]
    shown = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    return set(told.read_text("utf-8").split())


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run", "--cfg", "job"]], ids=" ".join)
def test_help_and_the_config_are_shown_without_anything_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert not imported(tmp_path, *arguments) & {*HEAVY, "scipy", "jinja2", "vl_convert", "playwright"}


@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root")
def test_a_run_that_is_made_again_loads_no_models_and_writes_the_same(
    default_run: tuple[Path, str], tmp_path: Path
) -> None:
    first, _ = default_run
    store = first.parent.parent / "store"
    packages = imported(tmp_path, "run", "output=again", MTEVAL_STORE=str(store))
    assert "sacrebleu" in packages  # which adds up its scores
    assert not packages & {"torch", "transformers", "comet", "lingua", "vl_convert"}
    for name in ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "segments.jsonl", "verdicts.jsonl"):
        assert (tmp_path / "again" / name).read_bytes() == (first / name).read_bytes(), name
