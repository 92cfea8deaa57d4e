"""``mteval store``, and a store that is damaged: what is not whole is never used, and nothing passes in silence."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mteval import app, store_command
from mteval.signature import Signature
from mteval.store import Store, key_of
from mteval.store_aside import SET_ASIDE
from mteval.store_lines import has_checksum, key_in, line_of, row_in
from mteval.store_upkeep import delete, facts, unused

VALUES = {"a" * 40: [0.5, [1, 2], None, False], 'a"b\\': {"x": '", "crc": "00000000", "value": '}, "k": "olá\n\u2028"}
ONE, OTHER = Signature.of({"system": "a"}), Signature.of({"system": "b"})
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval store`` in a folder with an eval set, whose store is ``kept``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTEVAL_STORE", "kept")
    rows = [
        {"source": f"Unu {n}.", "references": {"r": f"One {n}."}, "hypotheses": {"a": f"On {n}."}} for n in range(9)
    ]
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()  # what a run has printed
        code = store_command.store(arguments)
        output, errors = capfd.readouterr()
        return code, output, errors

    return command


def run(output: str, *more: str) -> None:
    own = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "systems=[]", "garble=[]", "report=[json]"]
    assert app.run([*own, "metrics=[chrf]", "bootstrap_draws=10", f"output={output}", *more]) == 0


def shard_of(name: str) -> Path:
    (found,) = Path("kept").rglob(f"{name}-*/*.jsonl")
    return found


def age(days: float) -> None:
    """Make the whole store so many days older."""
    then = time.time() - days * 86400
    for one in [*Path("kept").rglob("*"), *Path("kept").glob("*/*")]:
        os.utime(one, (then, then))


def test_no_change_of_a_byte_passes() -> None:
    """Every byte of a line, changed to each of some others: the line then says nothing, rather than something else."""
    for key, value in VALUES.items():
        line = line_of(key, value).encode()
        assert (key_in(line), row_in(line), has_checksum(line)) == (key, (key, value), True)
        assert json.loads(line)["value"] == value  # earlier versions read it so
        for at in range(len(line) - 1):
            for byte in b'\x00 1"}\xff':
                if line[at] != byte:
                    assert row_in(line[:at] + bytes([byte]) + line[at + 1 :]) is None


def test_a_line_without_a_checksum_is_read() -> None:
    line = b'{"key": "k", "value": [1]}\n'
    assert (row_in(line), has_checksum(line)) == (("k", [1]), False)


def test_a_damaged_line_is_set_aside_told_once_and_replaced(tmp_path: Path) -> None:
    def opened() -> tuple[Store, list[object]]:
        store = Store(tmp_path)
        keys = [key_of(str(number)) for number in range(4)]
        with store.shelf("scores", "M", ONE, keys) as shelf:
            found = shelf.get_all(keys)
            for key, value in zip(keys, found, strict=True):
                if value is None:
                    shelf.put(key, [0.25])
        return store, found

    opened()
    (shard,) = tmp_path.rglob("*.jsonl")
    lines = shard.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b"0.25", b"0.75")  # its value
    lines[2] = lines[2].replace(b'"key"', b'"kex"')  # whose it is
    shard.write_bytes(b"".join(lines) + b'{"key": "torn')
    store, found = opened()
    assert found == [[0.25], None, None, [0.25]]
    (warning,) = store.warnings
    assert warning == (
        f"the store's {shard} is damaged in 2 lines (the first at byte {len(lines[0])}): set aside in {SET_ASIDE} "
        "beside it, and computed again"
    )
    (noted,) = shard.parent.glob(SET_ASIDE)
    aside = [json.loads(line) for line in noted.read_text("utf-8").splitlines()]
    assert {one["start"]: one["line"].encode("latin-1") for one in aside} == {
        len(lines[0]): lines[1],
        len(lines[0] + lines[1]): lines[2],
    }
    store, found = opened()
    assert (found, store.warnings) == ([[0.25]] * 4, [])


def test_a_run_on_a_damaged_store_has_the_same_scores_and_says_so(cli: Cli) -> None:
    run("first")
    shard = shard_of("Chrf")
    lines = shard.read_bytes().splitlines(keepends=True)
    shard.write_bytes(lines[0].replace(b'"value": [', b'"value": [1') + b"".join(lines[1:]))
    code, output, _ = cli("verify")
    assert code == 1
    assert output.splitlines() == [
        f"{shard}:1: damaged (from byte 0); a run that needs it will set it aside",
        f"{len(lines) + 1} lines, 1 damaged.",  # one gate mark
    ]
    run("second")
    first, second = (json.loads(Path(one, "leaderboard.json").read_text("utf-8")) for one in ("first", "second"))
    assert second["pairs"] == first["pairs"]
    (warning,) = second["warnings"]
    assert "is damaged in 1 line (the first at byte 0): set aside" in warning
    code, output, _ = cli("verify")
    assert (code, "; 1 had been set aside" in output) == (0, True)
    run("third")
    assert json.loads(Path("third/leaderboard.json").read_text("utf-8")) == first


def test_shelves_are_listed(cli: Cli) -> None:
    run("first")
    code, output, errors = cli("ls", "--json")
    found = {row["path"]: row for row in map(json.loads, output.splitlines())}
    assert (code, errors) == (0, "")
    assert sorted(path.split("/")[1] for path in found) == ["marks", "scores"]
    (scores,) = (row for path, row in found.items() if "/Chrf-" in path)
    assert (scores["entries"], scores["shards"], scores["aside"]) == (9, 1, 0)
    assert scores["signature"].startswith("nrefs:1|case:mixed|")
    assert scores["size"] == sum(file.stat().st_size for file in Path("kept", scores["path"]).iterdir())
    assert json.loads(Path("first/run.json").read_text("utf-8"))["shelves"] == sorted(found)
    output = cli("ls")[1]
    assert max(map(len, output.splitlines())) <= 80
    assert all(path in "".join(output.split()) for path in found)


def test_what_no_run_uses_is_removed(cli: Cli) -> None:
    run("runs/a")
    run("runs/b", "metrics=[bleu]")
    used = json.loads(Path("runs/a/run.json").read_text("utf-8"))["shelves"]
    assert cli("gc", "--days", "0")[1].startswith("Unused: 0 shelves")  # all were opened within the hour
    age(10)
    assert cli("gc")[1].startswith("Unused: 0 shelves")
    code, output, _ = cli("gc", "runs/a", "--days", "7")
    assert (code, "Unused: 1 shelf" in output, "Add --delete to remove them." in output) == (0, True, True)
    assert shard_of("Bleu").exists()
    code, output, _ = cli("gc", "runs/a", "--days", "7", "--delete")
    assert (code, "Removed: 1 shelf" in output) == (0, True)
    assert [one.path for one in facts(Path("kept"))] == used
    assert not list(Path("kept").rglob(".*"))
    run("runs/b2", "metrics=[bleu]")
    assert cli("verify")[0] == 0


def test_a_shelf_that_is_opened_in_the_meantime_stays(tmp_path: Path) -> None:
    for signature in (ONE, OTHER):
        with Store(tmp_path).shelf("scores", "M", signature, ["k"]) as shelf:
            shelf.put("k", 1)
    then = time.time() - 86400
    for one in [*tmp_path.rglob("*")]:
        os.utime(one, (then, then))
    first, second = unused(tmp_path, (), 0)
    opened = ONE if first.path.endswith(ONE.digest) else OTHER
    Store(tmp_path).shelf("scores", "M", opened, ["k"])
    assert (delete(tmp_path, first), delete(tmp_path, second)) == (False, True)
    assert Store(tmp_path).shelf("scores", "M", opened, ["k"]).get("k") == 1


def test_a_store_of_another_version_is_refused(cli: Cli) -> None:
    Path("kept/v7").mkdir(parents=True)
    for command in ("ls", "gc", "verify"):
        code, _, errors = cli(command)
        assert (code, "kept: holds v7, which another version of mteval wrote: this one knows v1" in errors) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "mteval store: nothing is no command; choose ls, gc or verify"),
        (["prune"], "mteval store: prune is no command; choose ls, gc or verify"),
        (["ls", "runs"], "mteval store ls: takes no folder of runs (runs)"),
        (["ls", "store=null"], "store: is null"),
        (["verify", "store=nowhere"], "nowhere: there is no store here"),
        (["gc", "nowhere"], "nowhere: no such folder"),
        (["gc", "--days", "-1"], "--days: -1 is no number of days"),
    ],
)
def test_what_is_wrong_is_said(cli: Cli, arguments: list[str], said: str) -> None:
    Path("kept").mkdir()
    code, _, errors = cli(*arguments)
    assert (code, said in errors) == (2, True)


def test_whatever_byte_of_a_line_is_damaged_a_run_that_misses_it_is_told(tmp_path: Path) -> None:
    key, other = key_of("a"), key_of("b")
    with Store(tmp_path).shelf("scores", "M", ONE, ()) as shelf:
        shelf.put(key, [0.5])
        shelf.put(other, [0.25])
    (shard,) = tmp_path.rglob("*.jsonl")
    whole = shard.read_bytes()
    for at in range(whole.index(b"\n")):
        shard.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        store = Store(tmp_path)
        assert store.shelf("scores", "M", ONE, [key, other]).get_all([key, other]) == [None, [0.25]]
        assert "is damaged in 1 line (the first at byte 0)" in "".join(store.warnings), f"byte {at}"
        for note in shard.parent.glob(SET_ASIDE):
            note.unlink()


def test_damage_is_set_aside_without_a_run(cli: Cli) -> None:
    with Store(Path("kept")).shelf("scores", "M", ONE, ()) as shelf:
        shelf.put("k", 1)
        shelf.put("m", 2)
    shard = shard_of("M")
    shard.write_bytes(shard.read_bytes().replace(b": 1}", b": 7}"))
    assert (cli("verify")[0], cli("verify")[0]) == (1, 1)
    code, output, _ = cli("verify", "--set-aside")
    assert (code, output) == (1, f"{shard}:1: damaged (from byte 0); set aside\n2 lines, 1 damaged.\n")
    code, output, _ = cli("verify", "--json")
    found, told = map(json.loads, output.splitlines())
    assert (code, found["set_aside"], told["damaged"]) == (0, True, 1)
    store = Store(Path("kept"))
    assert store.shelf("scores", "M", ONE, ["k", "m"]).get_all(["k", "m"]) == [None, 2]
    assert store.warnings == []  # it was told


def test_what_is_removed_or_renamed_in_the_meantime_is_passed_over(cli: Cli) -> None:
    """Files that are named in a folder and are not there, as a link without its end is."""
    store = Store(Path("kept"))
    with store.shelf("scores", "M", ONE, ()) as shelf:
        shelf.put("k", 1)
    opened = store.shelf("scores", "M", ONE, ["k"])
    shard = shard_of("M")
    shard.with_name(".signature.txt.7.part").symlink_to("nowhere")
    assert cli("ls", "--json")[1].count("\n") == 1
    shard.unlink()
    shard.symlink_to("nowhere")
    for command in (("ls",), ("gc", "--days", "0", "--delete"), ("verify",)):
        code, _, errors = cli(*command)
        assert (code, errors) == (0, "")
    assert (opened.get("k"), store.shelf("scores", "M", ONE, ["k"]).get("k"), store.warnings) == (None, None, [])


def test_runs_that_do_not_say_what_they_used_are_told(cli: Cli) -> None:
    run("runs/a")
    run("runs/old")
    record = json.loads(Path("runs/old/run.json").read_text("utf-8"))
    del record["shelves"]
    Path("runs/old/run.json").write_text(json.dumps(record), "utf-8")
    age(40)
    code, output, errors = cli("gc", "runs")
    assert (code, errors.count("\n"), "Unused: 0 shelves" in output) == (0, 1, True)
    assert "runs/old/run.json: does not say which shelves its run used" in errors
