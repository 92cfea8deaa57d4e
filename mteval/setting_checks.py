"""Checks of a plug-in's settings: each refuses a value with an error that names the key."""

from __future__ import annotations

from collections.abc import Iterable

from mteval.errors import ConfigError


def check_choices(*settings: tuple[str, object, Iterable[str]]) -> None:
    """Make sure that each setting, given as key, value and the values that there are, has one of these.

    Raises:
        ConfigError: one has not.
    """
    for key, value, choices in settings:
        if value not in (known := tuple(choices)):
            raise ConfigError(key, f"{value!r} is not one of its values", f"choose from {', '.join(known)}")


def check_counts(*settings: tuple[str, object], least: int = 1) -> None:
    """Make sure that each setting, given as key and value, is a whole number and not too small.

    Raises:
        ConfigError: one is not.
    """
    for key, value in settings:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(key, f"{value!r} is not a whole number above {least - 1}", "correct it")


def check_texts(*settings: tuple[str, object]) -> None:
    """Make sure that each setting, given as key and value, is text, or ``None`` where it is left out.

    Raises:
        ConfigError: one is not, or is empty.
    """
    for key, value in settings:
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigError(key, f"{value!r} is not text", "write it in quotes, or leave it out")


def check_checkpoint(checkpoint: object) -> None:
    """Make sure that ``checkpoint`` may name one.

    Raises:
        ConfigError: it is no text, or blank.
    """
    if not isinstance(checkpoint, str) or not checkpoint.strip():
        raise ConfigError("checkpoint", f"{checkpoint!r} names no checkpoint", "write a hub name or a folder")


def check_switches(*settings: tuple[str, object]) -> None:
    """Make sure that each setting, given as key and value, is true or false.

    Raises:
        ConfigError: one is not.
    """
    for key, value in settings:
        if not isinstance(value, bool):
            raise ConfigError(key, f"{value!r} is neither true nor false", "write one of them")


def checked_names(key: str, names: object) -> tuple[str, ...]:
    """Names that a setting lists, each of them text that is not blank.

    Raises:
        ConfigError: it is no list, or lists something else.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ConfigError(key, f"{names!r} is no list", "write it as [NAME, …]")
    found = tuple(names)
    for name in found:
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(key, f"{name!r} names nothing", "correct or remove it")
    return found
