"""Silence around ``bert-score``, and an ear for what must not be silenced."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep what ``bert-score`` is built on from writing to the terminal.

    Yields:
        The names of weights that ``transformers`` then says that it has made up.
    """
    made_up: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if "newly initialized" in said:
                made_up.extend(re.findall(r"'([^']+)'", said.partition("newly initialized")[2]))

    listener = Listener()
    loggers = [logging.getLogger(name) for name in ("transformers", "transformers.modeling_utils", "matplotlib")]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    loading = loggers[1]
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            loading.setLevel(logging.WARNING)
            loading.propagate = False
            loading.addHandler(listener)
            yield made_up
        finally:
            loading.removeHandler(listener)
            for logger, level, propagate in before:
                logger.setLevel(level)
                logger.propagate = propagate
