"""Runs a coroutine beside the caller, who gets what it makes as it is made, and stops it by no longer asking."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Made = TypeVar("Made")

_GRACE = 5.0
"""Seconds that a coroutine has to end once it is cancelled; its thread never keeps the program from ending."""


def stream(work: Callable[[Callable[[Made], None]], Awaitable[None]]) -> Iterator[Made]:
    """Run a coroutine in a thread with a loop of its own, and yield what it hands over.

    It goes on while the caller works, and whoever calls may have a loop of its own. Once the caller stops, by an
    exception such as ``KeyboardInterrupt`` or by closing the iterator, it is cancelled.

    Args:
        work: is given a function that hands one thing over.

    Raises:
        BaseException: what the coroutine raised, after all that it handed over.
    """
    handed: SimpleQueue[tuple[str, Any]] = SimpleQueue()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []
    begun = threading.Event()

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        running.append((asyncio.get_running_loop(), task))
        begun.set()
        await work(lambda made: handed.put(("made", made)))

    def run() -> None:
        try:
            asyncio.run(main())
        except asyncio.CancelledError:
            handed.put(("done", None))
        except BaseException as error:
            handed.put(("failed", error))
        else:
            handed.put(("done", None))
        finally:
            begun.set()

    thread = threading.Thread(target=run, name="mteval-chat", daemon=True)
    thread.start()
    try:
        begun.wait()
        while True:
            kind, value = handed.get()
            if kind == "made":
                yield value
            elif kind == "failed":
                raise value
            else:
                return
    finally:
        for loop, task in running:
            with suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(task.cancel)
        thread.join(_GRACE)
