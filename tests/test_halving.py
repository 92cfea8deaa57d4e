"""Memory that runs out in a batch: for real, in a process whose memory is limited, and in every way that it is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mteval.errors import UnavailableError
from mteval.halving import Halving, is_out_of_memory
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.systems.huggingface_fakes import write_nllb

LIMITED = """
import json, resource, sys
import torch

torch.set_num_threads(1)

def limit(more):
    '''Allow this process so many MiB beyond what it has now.'''
    (now,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmSize"))
    size = int(now) * 1024 + more * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

def within(made, notices_of):
    '''What is made with less and less memory until there is too little for a batch, and what is told of that.'''
    for more in (60, 40, 25, 18, 14, 12, 10):
        limit(more)
        try:
            found = made()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if told := sorted({notice for one in found.values() for notice in notices_of(one)}):
            return found, told
    sys.exit("memory never ran out")
"""
COMET = """
from mteval.metrics import comet, comet_runner
from mteval.metrics.base import Item

comet_runner._CPU_TOKENS = 10**9
metric = comet.Comet(
    checkpoint=sys.argv[1], label="C", needs_reference=False, licence="MIT", device="cpu", batch_size=10**4
)
items = [Item(f"{n} " + "a b c d " * 14, f"{n} " + "b c d e " * 14) for n in range(600)]

def scored():
    return {position: score for position, score in metric.score(items)}

whole = scored()
limited, notices = within(scored, lambda one: one.notices)
print(json.dumps({
    "same": max(abs(one.score - limited[at].score) for at, one in whole.items()),
    "notices": notices,
    "count": len(limited),
}))
"""
TRANSLATING = """
from mteval.lang import LangPair
from mteval.segment import Segment
from mteval.systems.huggingface import HuggingFace

system = HuggingFace(checkpoint=sys.argv[1], device="cpu", batch_size=10**9, max_length=4, beam_size=4)
pair = LangPair("pt", "en")
segments = [Segment(str(n), f"{n} " + "abcd " * 14, "d", "x") for n in range(500)]

def made():
    return dict(system.translate(segments, pair, {}))

whole = made()
limited, notices = within(made, lambda one: [notice for notice in one.notices if "memory" in notice])
print(json.dumps({
    "same": sum(one.text != limited[at].text for at, one in whole.items()),
    "notices": notices,
    "count": len(limited),
}))
"""

CTRANSLATE2 = """
from mteval.lang import LangPair
from mteval.segment import Segment
from mteval.systems.huggingface_ctranslate2 import CTranslate2

pair = LangPair("pt", "en")
segments = [Segment(str(n), f"{n} " + "abcd " * 14, "d", "x") for n in range(3000)]

def loaded(batch_size):
    system = CTranslate2(sys.argv[1], batch_size=batch_size, max_length=4, cache=sys.argv[2], inter_threads=2)
    dict(system.translate(segments[:1], pair, {}))  # so that memory runs out in a batch, and not while it is loaded
    return system

def made():
    return dict(large.translate(segments, pair, {}))

small = loaded(4000)
whole = dict(small.translate(segments, pair, {}))
small.close()
large = loaded(10**9)
limited, notices = within(made, lambda one: [notice for notice in one.notices if "memory" in notice])
print(json.dumps({
    "same": sum(one.text != limited[at].text for at, one in whole.items()),
    "notices": notices,
    "count": len(limited),
}))
"""


def limited(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED + code, *arguments]
    # What is freed goes back at once, so that what a first pass has used is not there for a second.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited through Linux's own ways")
@pytest.mark.parametrize("kind", ["referenceless", pytest.param("unified", marks=pytest.mark.slow)])
def test_comet_goes_on_in_smaller_batches(tmp_path: Path, kind: str) -> None:
    shown = limited(COMET, str(write_comet_checkpoint(tmp_path / kind, kind, seed=2)))
    assert shown.returncode == 0, shown.stderr[-2000:]
    told = json.loads(shown.stdout)
    assert (told["count"], told["same"] < 1e-5) == (600, True)
    assert all(notice.startswith("memory ran out with ") for notice in told["notices"])


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited through Linux's own ways")
def test_translating_goes_on_in_smaller_batches(tmp_path: Path) -> None:
    shown = limited(TRANSLATING, str(write_nllb(tmp_path / "nllb")))
    assert shown.returncode == 0, shown.stderr[-2000:]
    told = json.loads(shown.stdout)
    assert (told["count"], told["same"]) == (500, 0)
    assert all(notice.startswith("memory ran out with ") for notice in told["notices"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is limited through Linux's own ways")
def test_ctranslate2_goes_on_in_smaller_batches(tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    shown = limited(CTRANSLATE2, str(write_nllb(tmp_path / "nllb")), str(tmp_path / "cache"))
    assert shown.returncode == 0, shown.stderr[-2000:]
    told = json.loads(shown.stdout)
    assert (told["count"], told["same"]) == (3000, 0)
    assert all(notice.startswith("memory ran out with ") for notice in told["notices"])


def test_a_batch_is_halved_until_it_fits_and_the_next_is_no_larger() -> None:
    asked: list[int] = []

    def compute(batch: Sequence[str]) -> list[str]:
        asked.append(len(batch) * max(map(len, batch)))
        if asked[-1] > 6:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"
            )
        return [one.upper() for one in batch]

    halving = Halving("metric C")
    found = list(halving.run(["abcd", "bcd", "cd", "d", "e"], len, compute))
    assert [one for part, _ in found for one in part] == ["abcd", "bcd", "cd", "d", "e"]
    assert [one for _, part in found for one in part] == ["ABCD", "BCD", "CD", "D", "E"]
    assert halving.taken() == (
        "memory ran out with 20 tokens at once: no more than 10 from here on",
        "memory ran out with 8 tokens at once: no more than 4 from here on",
    )
    asked.clear()
    assert [list(part) for part, _ in halving.run(["ab", "cd", "ef", "gh"], len, compute)] == [
        ["ab", "cd"],
        ["ef", "gh"],
    ]
    assert (asked, halving.taken()) == ([4, 4], ())


def test_what_does_not_fit_alone_is_named() -> None:
    def compute(batch: Sequence[str]) -> list[str]:
        raise MemoryError

    with pytest.raises(UnavailableError, match=r"^metric C: memory ran out on one text of 3 tokens; free some"):
        list(Halving("metric C").run(["abc", "de"], len, compute))


def test_other_errors_are_not_taken_for_it() -> None:
    def compute(batch: Sequence[str]) -> list[str]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        list(Halving("metric C").run(["abc", "de"], len, compute))
    import torch

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
