"""Several processes of one machine at one task of a plug-in, by default one for each of its CUDA devices.

A metric or a system that computes on a device hands a crew a copy of itself that works alone, and asks that copy's
methods for results by position, in parts: each worker takes a part when it has finished one, and what it finds comes
back as it is found. A worker is a Python of its own (``worker.py``), not a fork, and does not import the program that
started it, so scripts need no ``if __name__ == "__main__"``. On CUDA each sees one device alone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from mteval import worker
from mteval.errors import ConfigError, UnavailableError

AUTO = "auto"
_FEW = 128
"""So many a worker at least where nobody said how many workers: starting one, with its weights, takes seconds."""
_ROUNDS = 4
"""Parts for each worker: with more, all end at about the same time; with fewer, batches are fuller."""


@dataclass(frozen=True)
class Part:
    """A part of a task.

    Attributes:
        positions: in the whole task, of what the part holds, in its order.
        arguments: of the method that is asked.
    """

    positions: Sequence[int]
    arguments: tuple[object, ...]


def check_workers(where: str, workers: object) -> None:
    """Make sure that a setting says how many workers: ``auto``, or a whole number from 1 up.

    Raises:
        ConfigError: it does not.
    """
    if workers != AUTO and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
        raise ConfigError(where, f"is {workers!r}", f"give {AUTO} (one for each CUDA device), or a whole number from 1")


def copies(workers: int | str) -> int:
    """How many processes hold the weights where there is one device, as far as the setting says."""
    return workers if isinstance(workers, int) else 1


def parted(same: Sequence[Hashable], sizes: Sequence[int], workers: int) -> list[list[int]]:
    """Positions in parts of about equal size, the largest first; what is the same in a way is in one part.

    Args:
        same: what must be equal for two to be in one part, as their source, which is then encoded once.
        sizes: of each, in characters.
        workers: how many there are to share them.
    """
    groups: dict[Hashable, list[int]] = {}
    for position, key in enumerate(same):
        groups.setdefault(key, []).append(position)
    share = sum(sizes) / (workers * _ROUNDS)
    parts: list[list[int]] = []
    filled = share
    for group in sorted(groups.values(), key=lambda group: -max(sizes[position] for position in group)):
        size = sum(sizes[position] for position in group)
        if not parts or filled + size > share:
            parts.append([])
            filled = 0
        parts[-1] += group
        filled += size
    return parts


class Crew:
    """The workers of one plug-in, started when they are first needed.

    Args:
        where: the plug-in, for errors: ``metric COMET-22``.
        device: ``auto``, ``cpu`` or ``cuda``.
        workers: how many, or ``auto``: one for each CUDA device that this process sees, and one without any. More than
            there are devices share them.
    """

    def __init__(self, where: str, device: str, workers: int | str) -> None:
        self._where = where
        self._device = device
        self._workers = workers
        self._running: list[_Worker] = []
        weakref.finalize(self, _end, self._running)

    def shares(self, same: Sequence[Hashable], sizes: Sequence[int]) -> list[list[int]]:
        """The parts that a task is to have, as ``parted`` makes them; none where the process does it all itself.

        Args:
            same, sizes: of each position, as for ``parted``.
        """
        if self._workers == 1 or len(same) < 2:
            return []
        count = self._most() if isinstance(self._workers, int) else min(self._most(), len(same) // _FEW)
        parts = parted(same, sizes, count) if count > 1 else []
        return parts if len(parts) > 1 else []

    def run(self, plug_in: Callable[[], object], method: str, parts: Sequence[Part]) -> Iterator[tuple[int, Any]]:
        """What a method yields of each part, ``(position in the part, result)``, by its position in the task.

        Whatever ends it before its end ends the workers too.

        Args:
            plug_in: makes what each worker is sent, where one must be started: it is pickled.
            method: its name.
            parts: those of the task, the longest first.

        Raises:
            UnavailableError: a worker died.
            Exception: what the method raised, with the worker's traceback as a note.
        """
        waiting = deque(parts)
        found: SimpleQueue[_Found | BaseException | None] = SimpleQueue()
        try:
            self._start(plug_in, min(self._most(), len(parts)))
            serving = self._running[: len(parts)]
            for one in serving:
                threading.Thread(target=one.serve, args=(method, waiting, found), daemon=True).start()
            left = len(serving)
            while left:
                what = found.get()
                if what is None:
                    left -= 1
                elif isinstance(what, BaseException):
                    raise what
                else:
                    yield what.position, what.result
        except BaseException:  # Ctrl-C too, and a caller that wants no more
            self.close()
            raise

    def close(self) -> None:
        """End the workers, whatever they are at; they are started again when they are needed."""
        _end(self._running)

    def _most(self) -> int:
        return self._workers if isinstance(self._workers, int) else max(1, self._devices())

    def _start(self, plug_in: Callable[[], object], count: int) -> None:
        if len(self._running) >= count:
            return
        raw = pickle.dumps(plug_in())
        devices = self._devices()
        for number in range(len(self._running), count):
            device = number % devices if devices else None
            self._running.append(_Worker(f"{self._where}, worker {number + 1}", device, self._most(), raw))

    def _devices(self) -> int:
        """How many CUDA devices there are to work on."""
        if self._device == "cpu":
            return 0
        import torch

        return torch.cuda.device_count()


@dataclass(frozen=True)
class _Found:
    position: int
    result: Any


class _Worker:
    """One process, from this side.

    Args:
        name: for errors.
        device: which of the CUDA devices that this process sees is the worker's; ``None`` for the CPU.
        beside: how many workers share the machine's cores.
        plug_in: pickled.
    """

    def __init__(self, name: str, device: int | None, beside: int, plug_in: bytes) -> None:
        self._on = "on the CPU" if device is None else f"on CUDA device {device}"
        # As multiprocessing does, so that the worker imports what this process does, from where this process does.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        environment.setdefault("OMP_NUM_THREADS", str(max(1, _cores() // beside)))
        if device is not None:
            seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
            environment["CUDA_VISIBLE_DEVICES"] = seen[device].strip() if any(seen) else str(device)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", worker.__name__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._name = f"{name} (process {self._process.pid}, {self._on})"
        self._plug_in: bytes | None = plug_in

    def serve(self, method: str, waiting: deque[Part], found: SimpleQueue[_Found | BaseException | None]) -> None:
        """Have parts worked on as long as there are any, and put what comes back, an error, or ``None`` at the end."""
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None and answering is not None
        try:
            while True:
                try:
                    part = waiting.popleft()
                except IndexError:
                    found.put(None)
                    return
                if self._plug_in is not None:
                    raw, self._plug_in = self._plug_in, None
                    worker.send_raw(asking, raw)
                worker.send(asking, (method, part.arguments))
                while True:
                    kind, what = pickle.loads(worker.receive(answering))
                    if kind == worker.DONE:
                        break
                    if kind == worker.ERROR:
                        error, told = what
                        error.add_note(f"{self._name}:\n{told}")
                        found.put(error)
                        return
                    place, result = what
                    found.put(_Found(part.positions[place], result))
        except (EOFError, OSError, ValueError):  # ValueError: the pipe was closed from this side
            found.put(self._death())
        except Exception as error:  # what cannot be pickled, or read again
            found.put(error)

    def end(self) -> None:
        """End the process, whatever it is at: it holds nothing that must be put in order."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                _close(stream)

    def _death(self) -> UnavailableError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        perhaps = ", as the system does to what takes too much memory" if code == -9 else ""
        remedy = "lower workers or batch_size if memory is short, and run again: what is done is in the store"
        return UnavailableError(self._name, how + perhaps, remedy)


def _close(stream: Any) -> None:
    with contextlib.suppress(OSError, ValueError):  # what was not sent yet is not wanted either
        stream.close()


def _end(running: list[_Worker]) -> None:
    while running:
        running.pop().end()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
