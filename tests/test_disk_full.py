"""A disk that is full or read-only, for real: a small file system in memory."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mteval.signature import Signature
from mteval.store import Store
from tests.conftest import program

FAST = ("garble=[]", "bootstrap_draws=10", "significance.trials=10", "report=[json]", "metrics=[chrf,bleu]")
SET = ("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 64 KiB, beside an eval set whose scores and report need more."""
    monkeypatch.chdir(tmp_path)
    rows = [
        {"source": f"Fraza {n}.", "references": {"r": f"Sentence {n}."}, "hypotheses": {"a": f"Phrase {n}."}}
        for n in range(400)
    ]
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_store_without_room_is_named_and_keeps_what_it_has(small: Path) -> None:
    shown = program("run", *SET, *FAST, "output=out", f"store={small}/store")
    assert (shown.returncode, "Traceback" in shown.stderr) == (2, False)
    assert (
        "the store cannot be written (No space left on device); free space there, choose another folder" in shown.stderr
    )
    assert not Path("out").exists()
    subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
    shown = program("run", *SET, *FAST, "output=out", f"store={small}/store")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(Path("out/run.json").read_text("utf-8"))["warnings"] == []
    assert program("store", "verify", f"store={small}/store").returncode == 0
    assert program("run", *SET, *FAST, "output=whole", "store=null").returncode == 0
    assert Path("out/leaderboard.json").read_bytes() == Path("whole/leaderboard.json").read_bytes()


def test_an_output_without_room_is_named_and_left_as_it_was(small: Path) -> None:
    shown = program("run", *SET, *FAST, f"output={small}/out", "store=kept")
    assert (shown.returncode, "Traceback" in shown.stderr) == (2, False)
    assert (
        "segments.jsonl: cannot be written (No space left on device); choose another folder with output="
        in shown.stderr
    )
    assert list(small.rglob("*")) in ([], [small / "out"])
    subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
    assert program("run", *SET, *FAST, f"output={small}/out", "store=kept").returncode == 0


def test_a_read_only_store_is_named_told_of_damage_and_changed_in_nothing(small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
    one = Signature.of({"system": "a"})
    with Store(small).shelf("scores", "M", one, ()) as shelf:
        shelf.put("k", 1)
        shelf.put("m", 2)
    (shard,) = small.rglob("*.jsonl")
    shard.write_bytes(shard.read_bytes().replace(b": 1}", b": 7}"))
    for file in (shard, *shard.parents[:3]):
        os.utime(file, (0, 0))
    before = {file: file.stat().st_mtime_ns for file in small.rglob("*")}
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    shown = program("run", *SET, *FAST, "output=out", f"store={small}")
    assert (shown.returncode, "the store cannot be written (it is read-only); choose" in shown.stderr) == (2, True)
    assert (shown.stderr.count("\n"), Path("out").exists()) == (1, False)
    store = Store(small)
    assert store.shelf("scores", "M", one, ["k", "m"]).get_all(["k", "m"]) == [None, 2]
    assert len(store.warnings) == 1
    for arguments, code in ((["ls"], 0), (["verify"], 1), (["verify", "--set-aside"], 2)):
        shown = program("store", *arguments, f"store={small}")
        assert (shown.returncode, "Traceback" in shown.stderr) == (code, False)
    assert "nothing can be set aside (Read-only file system)" in shown.stderr
    assert {file: file.stat().st_mtime_ns for file in small.rglob("*")} == before
