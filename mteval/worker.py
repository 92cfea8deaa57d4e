"""The program that a worker runs, ``python -m mteval.worker PARENT``: one plug-in, asked over a pipe, and never alone.

What comes in and goes out are messages of pickle, each after its length; both ends are processes of one user, and of
one version of mteval. The first message in is the plug-in. Each other one names a method of it with its arguments; what
that yields goes out one by one, then word that it is done, or the error that ended it.

It ends at once when its parent closes the pipe or is no longer there, whatever it is computing.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
import time
import traceback
from queue import SimpleQueue
from typing import IO, Any

_LENGTH = struct.Struct(">Q")
_SECONDS = 1.0  # between looks at whether the parent is there: a pipe stays open while any copy of its end is

RESULT, DONE, ERROR = "result", "done", "error"
"""What a message out may be."""


def send(stream: IO[bytes], message: object) -> None:
    """Write a message, whole."""
    send_raw(stream, pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def send_raw(stream: IO[bytes], message: bytes) -> None:
    """Write a message that is pickled already."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read a message, whole, and leave it pickled.

    Raises:
        EOFError: the other end was closed.
    """
    raw = _read(stream, _LENGTH.size)
    return _read(stream, _LENGTH.unpack(raw)[0])


def _read(stream: IO[bytes], size: int) -> bytes:
    raw = stream.read(size)
    if len(raw) < size:
        raise EOFError
    return raw


def main(parent: int) -> None:
    """Answer until the parent has gone.

    Args:
        parent: the number of its process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent too, which ends its workers itself
    asked_of, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a library prints must not get among the answers
    asked: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked_of, asked), daemon=True).start()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    try:
        plug_in: Any = None
        while True:
            raw = asked.get()
            try:
                if plug_in is None:
                    plug_in = pickle.loads(raw)
                    continue
                method, arguments = pickle.loads(raw)
                for result in getattr(plug_in, method)(*arguments):
                    send(answers, (RESULT, result))
                send(answers, (DONE, None))
            except BrokenPipeError:
                raise
            except Exception as error:  # of whatever kind: the parent raises it again
                send(answers, (ERROR, (_portable(error), traceback.format_exc())))
    except BrokenPipeError:
        os._exit(0)


def _listen(stream: IO[bytes], asked: SimpleQueue[bytes]) -> None:
    try:
        while True:
            asked.put(receive(stream))
    except (EOFError, OSError):
        os._exit(0)  # nobody waits for what is being computed


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_SECONDS)
    os._exit(0)


def _portable(error: Exception) -> Exception:
    """An error that can be pickled and read again: itself, or one that says its name and what it says."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class makes of that
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    main(int(sys.argv[1]))
