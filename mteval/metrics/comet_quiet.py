"""Silence around COMET, which is built on four libraries that write to the terminal."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

_LOUD = ("comet", "huggingface_hub", "lightning_fabric", "pytorch_lightning", "torchmetrics", "transformers")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep COMET and what it is built on from writing to the terminal, and leave logging and warnings as they were.

    Importing ``comet`` sets up the root logger, so that is put back too.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL)
            yield
        finally:
            for logger, old in zip(loggers, levels, strict=True):
                logger.setLevel(old)
            root.handlers[:] = handlers
            root.setLevel(level)
