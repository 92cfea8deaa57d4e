"""Fair timing: whole processes in turn, ours and the peer's, and the ratio pair by pair.

A pair runs right after one another on one machine, so that a ratio holds where the machine's speed drifts; who goes
first changes from pair to pair. Figures are a process's own wall-clock seconds and the peak of its resident memory, as
the kernel accounts for it (of the largest single process, where it starts others).
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_STARTER = """
import json, os, sys, time
told, *command = sys.argv[1:]
started = time.perf_counter()
_, status, usage = os.wait4(os.spawnvp(os.P_NOWAIT, command[0], command), 0)
found = [os.waitstatus_to_exitcode(status), time.perf_counter() - started, usage.ru_maxrss]
open(told, "w").write(json.dumps(found))
"""
"""Starts a command and tells how it went. It is a small process of its own, since the peak of a process's memory begins
at that of the one that started it."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended well.

    Attributes:
        seconds: from its start to its end.
        peak: of resident memory, in GiB.
    """

    seconds: float
    peak: float


@dataclass(frozen=True)
class Pairs:
    """What was measured, pair by pair."""

    ours: tuple[Finished, ...]
    theirs: tuple[Finished, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times faster ours is, in each pair."""
        return [peer.seconds / own.seconds for own, peer in zip(self.ours, self.theirs, strict=True)]

    @property
    def memory(self) -> float:
        """The median of our peak of memory over the peer's."""
        return median(own.peak / peer.peak for own, peer in zip(self.ours, self.theirs, strict=True))


def finish(
    command: Sequence[str], output: Path | None = None, environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a command to its end.

    Args:
        output: the file that takes what it writes to standard output; ``None`` to throw that away.
        environment: variables beside those of this process.

    Raises:
        SystemExit: it failed; what it wrote to standard error is shown.
    """
    with (
        tempfile.TemporaryFile("w+") as errors,
        tempfile.NamedTemporaryFile("r") as told,
        (output or Path(os.devnull)).open("w") as stream,
    ):
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _STARTER, told.name, *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            check=True,
        )
        code, seconds, peak = json.loads(told.read())
        if code:
            errors.seek(0)
            sys.exit(f"{shlex.join(command)} ended with {code}:\n{errors.read()[-2000:]}")
    return Finished(seconds, peak / 2**20)  # Linux counts KiB


def in_turn(ours: Callable[[], Finished], theirs: Callable[[], Finished], rounds: int) -> Pairs:
    """Run the two in turn; the first goes first in the first round, second in the second, and so on."""
    found: list[tuple[Finished, Finished]] = []
    for number in range(rounds):
        if number % 2:
            peer = theirs()
            found.append((ours(), peer))
        else:
            own = ours()
            found.append((own, theirs()))
    return Pairs(tuple(own for own, _ in found), tuple(peer for _, peer in found))


HEADER = (
    "| work | peer | peer, s | mteval, s | times as fast | memory, mteval / peer, GiB |\n|---|---|---:|---:|---:|---:|"
)


def row(work: str, peer: str, pairs: Pairs) -> str:
    """A row of the table that ``HEADER`` heads: medians, and the least and greatest ratio."""
    ratios = pairs.ratios
    spread = f" ({min(ratios):.1f}–{max(ratios):.1f})" if len(ratios) > 1 else ""
    seconds = [median(one.seconds for one in side) for side in (pairs.theirs, pairs.ours)]
    peaks = [median(one.peak for one in side) for side in (pairs.ours, pairs.theirs)]
    shown = [f"{found:.2f}" if found < 10 else f"{found:.1f}" for found in seconds]
    memory = " / ".join(f"{peak:.2f}" for peak in peaks)
    return f"| {work} | {peer} | {shown[0]} | {shown[1]} | {median(ratios):.1f}{spread} | {memory} |"


def machine() -> str:
    """What this machine is, in one line."""
    import platform

    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    flags = next((line for line in _lines("/proc/cpuinfo") if line.startswith("flags")), "").split()
    told = [flag for flag in ("avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {names[0] if names else platform.machine()} ({', '.join(told) or 'no AVX-512'})"


def _lines(file: str) -> list[str]:
    return Path(file).read_text().splitlines() if Path(file).exists() else []
