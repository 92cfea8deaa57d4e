"""Workers: the same results as one process gives, in their places, and none left behind however a run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mteval.errors import ConfigError, ContractError, UnavailableError
from mteval.lang import LangPair
from mteval.metrics.base import Item
from mteval.metrics.comet import Comet
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.needs import Need
from mteval.reuse import score
from mteval.segment import Segment
from mteval.store import Store
from mteval.systems.huggingface import HuggingFace
from mteval.systems.huggingface_fakes import write_nllb
from mteval.usage import Meter
from mteval.workers import Crew, Part, parted
from tests.tiny_comet import comet

PT_EN = LangPair("pt", "en")
ITEMS = [
    Item(f"a casa {'da rua ' * (number % 5)}{number}", f"the house {system} {number}", (f"the street {number % 4}",))
    for number in range(12)
    for system in ("one", "two", "three")
]
posix = pytest.mark.skipif(os.name != "posix", reason="it sends signals")


class Told:
    """A plug-in that says in which process each text was seen, and does as it says."""

    def see(self, texts: list[str]) -> Iterator[tuple[int, tuple[str, int, dict[str, str]]]]:
        print("what a library prints is not among the answers")
        for place, text in enumerate(texts):
            if text == "fail":
                raise ContractError("metric T", "gave nan", "report it")
            if text == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if text == "sleep":
                time.sleep(600)
            yield place, (text, os.getpid(), dict(os.environ))


def see(crew: Crew, *parts: list[str]) -> list[tuple[int, tuple[str, int, dict[str, str]]]]:
    places = iter(range(100))
    tasks = [Part([next(places) for _ in part], (part,)) for part in parts]
    return list(crew.run(Told, "see", tasks))


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process is gone, or goes within so many seconds; one that nobody has waited for yet is gone too."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_comet_checkpoint(tmp_path_factory.mktemp("comet") / "regression", "regression", seed=2)


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_nllb(tmp_path_factory.mktemp("hf") / "nllb")


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew("metric T", "cpu", 2)
    yield crew
    crew.close()


# The same results


def test_two_workers_score_as_one_process_does_and_under_the_same_signature(checkpoint: Path) -> None:
    items = [*ITEMS, ITEMS[0]]
    alone, shared = (comet(checkpoint, needs_reference=True, workers=workers) for workers in ("auto", 2))
    assert alone.signature(1) == shared.signature(1)
    one = dict(alone.score(items))
    found = list(shared.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    assert max(abs(score.score - one[position].score) for position, score in found) < 1e-5  # type: ignore[operator]
    assert len(shared._crew._running) == 2
    assert "model" not in shared._runner.__dict__  # which the workers have, and this process need not
    pids = [worker._process.pid for worker in shared._crew._running]
    assert dict(shared.score(items)) == dict(found)
    assert [worker._process.pid for worker in shared._crew._running] == pids  # they are kept until it is closed
    shared.close()
    assert all(gone(pid, 0.5) for pid in pids)


def test_two_workers_translate_as_one_process_does(nllb: Path) -> None:
    sources = [f"O gato {'dorme na casa ' * (number % 5)}{number // 2}." for number in range(24)]
    segments = [Segment(str(number), source, "d", "x") for number, source in enumerate(["", *sources])]
    alone, shared = (
        HuggingFace(str(nllb), max_length=12, device="cpu", workers=workers, sampling={"seed": 3}) for workers in (1, 2)
    )
    assert alone.signature(PT_EN) == shared.signature(PT_EN)
    found = list(shared.translate(segments, PT_EN, {}))
    assert sorted(position for position, _ in found) == list(range(len(segments)))
    assert dict(found) == dict(alone.translate(segments, PT_EN, {}))
    assert len(shared._crew._running) == 2
    assert dict(shared.propose(segments, PT_EN, 3)) == dict(alone.propose(segments, PT_EN, 3))
    shared.close()


def test_a_program_without_a_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        """
print("here")
from mteval.workers import Crew, Part
from tests.test_workers import Told
crew = Crew("metric T", "cpu", 2)
print(*(told[1] for _, told in crew.run(Told, "see", [Part([0], (["a"],)), Part([1], (["b"],))])))
""",
        "utf-8",
    )
    shown = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True, env=surroundings()
    )
    here, pids = shown.stdout.splitlines()
    assert here == "here" and shown.stderr.splitlines() == ["what a library prints is not among the answers"] * 2
    assert all(gone(int(pid)) for pid in pids.split())  # though the crew was never closed


# Parts


def test_parts_hold_all_positions_once_and_what_is_the_same_together() -> None:
    keys = [item.source for item in ITEMS]
    parts = parted(keys, [len(item.source) for item in ITEMS], 2)
    assert sorted(position for part in parts for position in part) == list(range(len(ITEMS)))
    assert all(sum(key in {keys[position] for position in part} for part in parts) == 1 for key in keys)
    sizes = [sum(len(keys[position]) for position in part) for part in parts]
    assert 2 <= len(parts) <= 2 * 4 + 1 and max(sizes) <= sum(sizes) / 8 + 3 * max(map(len, keys))
    assert max(map(len, (keys[position] for position in parts[0]))) == max(map(len, keys))  # the longest go first


def test_one_process_does_it_where_nothing_is_to_be_shared() -> None:
    assert Crew("x", "cpu", "auto").shares(list("ab") * 500, [1] * 1000) == []
    assert Crew("x", "cpu", 1).shares(list("ab"), [1, 1]) == []
    assert Crew("x", "cpu", 2).shares(["a", "a"], [1, 1]) == []
    assert Crew("x", "cpu", 2).shares(["a", "b"], [1, 1]) == [[0], [1]]


def test_each_cuda_device_has_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No device is needed to see which one a worker is given; none is computed on here."""
    monkeypatch.setattr(Crew, "_devices", lambda self: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    crew = Crew("metric T", "auto", "auto")
    assert len({row for part in crew.shares(list(range(300)), [1] * 300) for row in part}) == 300
    assert crew.shares(list(range(200)), [1] * 200) == []  # too few for two models to be loaded
    for visible, expected in ((None, {"0", "1"}), ("3,GPU-abc", {"3", "GPU-abc"})):
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        else:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        workers = [see_one(crew, number) for number in range(2)]
        assert {environment["CUDA_VISIBLE_DEVICES"] for environment in workers} == expected
        assert {int(environment["OMP_NUM_THREADS"]) >= 1 for environment in workers} == {True}
        crew.close()


def see_one(crew: Crew, number: int) -> dict[str, str]:
    """The surroundings of one worker of two, which are both started."""
    if not crew._running:
        crew._start(Told, 2)
    kept, crew._running[:] = list(crew._running), [crew._running[number]]
    ((_, (_, _, environment)),) = see(crew, ["a"])
    crew._running[:] = kept
    return environment


# Faults


def test_an_error_of_a_worker_is_raised_here(crew: Crew) -> None:
    with pytest.raises(ContractError, match="metric T: gave nan; report it") as caught:
        see(crew, ["a"], ["fail"], ["sleep"])
    (note,) = caught.value.__notes__
    assert note.startswith("metric T, worker ") and "in see" in note
    assert crew._running == []  # the one that slept too
    assert [told[0] for _, told in sorted(see(crew, ["a"], ["b"]))] == ["a", "b"]


@pytest.mark.slow
def test_a_score_that_is_no_number_is_refused_by_workers_too(checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    import torch

    from mteval.metrics.comet_fakes import write_ckpt

    folder = tmp_path / "copy"
    shutil.copytree(checkpoint, folder)
    contents = torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True)
    contents["state_dict"]["estimator.ff.6.bias"].fill_(float("nan"))
    write_ckpt(folder, contents["state_dict"], contents["hyper_parameters"])
    metric = comet(folder, needs_reference=True, workers=2)
    with pytest.raises(ContractError, match="metric COMET: gave nan for a hypothesis in fp32"):
        list(metric.score(ITEMS))


@posix
def test_a_worker_that_is_killed_is_named_and_the_others_end(crew: Crew) -> None:
    seen = []
    with pytest.raises(UnavailableError) as caught:
        for _, told in crew.run(Told, "see", [Part([0, 1], (["a", "die"],)), Part([2, 3], (["b", "sleep"],))]):
            seen.append(told)
    assert "a" in [text for text, _, _ in seen]  # what it did before is not lost
    told = str(caught.value)
    assert (
        told.startswith("metric T, worker 1 (process ") and "on the CPU): was killed by signal 9, as the system" in told
    )
    assert "\n" not in told and "what is done is in the store" in told
    assert crew._running == [] and all(gone(pid) for _, pid, _ in seen)


@posix
@pytest.mark.slow
def test_what_was_scored_before_a_worker_died_is_kept(checkpoint: Path, tmp_path: Path) -> None:
    items = [Item(f"casa {number}", f"house {number}", ("house",)) for number in range(1500)]
    metric = comet(checkpoint, needs_reference=True, workers=2)
    done: list[int] = []

    def kill(count: int) -> None:
        done.append(count)
        if sum(done) == 1:
            for worker in list(metric._crew._running):
                os.kill(worker._process.pid, signal.SIGKILL)

    with pytest.raises(UnavailableError, match=r"metric COMET, worker [12] .*was killed by signal 9"):
        score("c", metric, items, 1, Store(tmp_path), kill, Meter())
    kept = sum(done)
    assert 0 < kept < len(items)
    done = [2]  # nobody is killed now
    again: list[int] = []
    found = score("c", metric, items, 1, Store(tmp_path), again.append, Meter())
    assert again[0] == kept  # from the store
    alone = dict(comet(checkpoint, needs_reference=True).score(items))
    assert max(abs(one.score - alone[at].score) for at, one in enumerate(found)) < 1e-5  # type: ignore[operator]
    metric.close()


PARENT = """
import os, sys, time
from tests.test_workers import Told
from mteval.workers import Crew, Part

def started(crew):
    tasks = [Part([0, 1], (["a", "sleep"],)), Part([2, 3], (["b", "sleep"],))]
    found = crew.run(Told, "see", tasks)
    print(*(next(found)[1][1] for _ in range(2)), flush=True)
    return found

found = started(Crew("metric T", "cpu", 2))
{then}
list(found)
"""


def parent(then: str = "") -> tuple[subprocess.Popen[str], list[int]]:
    """A program with two workers that sleep for ten minutes, and the numbers of their processes."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings(),
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2 and not any(gone(pid, 0.1) for pid in pids)
    return process, pids


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_parent_that_is_killed(number: signal.Signals) -> None:
    process, pids = parent()
    process.send_signal(number)
    assert process.wait(timeout=30) == -number
    assert all(gone(pid) for pid in pids)


@posix
def test_workers_end_though_another_process_holds_the_pipe() -> None:
    process, pids = parent("if os.fork() == 0: os.close(1); os.close(2); time.sleep(20); os._exit(0)")
    time.sleep(1)  # until it has forked
    process.kill()
    process.wait(timeout=30)
    assert all(gone(pid) for pid in pids)


@posix
def test_ctrl_c_ends_all_of_them_without_a_word_of_theirs() -> None:
    process, pids = parent()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert errors.count("KeyboardInterrupt") == 1
    assert all(gone(pid, 1) for pid in pids)


def test_who_wants_no_more_ends_them(crew: Crew) -> None:
    found = crew.run(Told, "see", [Part([0, 1], (["a", "sleep"],)), Part([2, 3], (["b", "sleep"],))])
    pids = [told[1] for _, told in (next(found), next(found))]
    found.close()  # type: ignore[attr-defined]
    assert all(gone(pid, 1) for pid in pids)


# Settings


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "two", None])
def test_a_wrong_number_is_refused(workers: Any) -> None:
    with pytest.raises(ConfigError, match=r"workers.* give auto"):
        HuggingFace("a/b", workers=workers)
    with pytest.raises(ConfigError, match=r"metric C, key workers: is .* give auto"):
        Comet(checkpoint="a/b", label="C", needs_reference=False, licence="x", workers=workers)


def test_memory_is_counted_for_each_worker(checkpoint: Path, nllb: Path) -> None:
    from mteval.doctor_facts import Surroundings, facts_of
    from mteval.doctor_machine import Device, Memory

    def taken(needs: tuple[Need, ...], devices: int) -> int:
        facts = facts_of(needs, Surroundings(devices=[Device("x", Memory(1, 1))] * devices), example=False)
        return sum(fact.memory or 0 for fact in facts)

    for make in (
        lambda workers: comet(checkpoint, needs_reference=True, workers=workers).needs(),
        lambda workers: HuggingFace(str(nllb), workers=workers).needs(PT_EN),
    ):
        one = taken(make("auto"), 0)
        assert one > 0
        assert [taken(make(3), devices) for devices in (0, 1, 2, 3, 8)] == [3 * one, 3 * one, 2 * one, one, one]
        assert taken(make("auto"), 4) == one
