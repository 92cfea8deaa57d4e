"""What signals and detectors share: checks of settings, each of whose errors names the key, and lists of words."""

from __future__ import annotations

from mteval.errors import ConfigError


def check_strength(key: str, value: object) -> float:
    """Return a strength, probability or share above 0 and up to 1.

    Raises:
        ConfigError: it is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ConfigError(key, f"{value!r} is not a strength", "give a number above 0 and up to 1")
    return float(value)


def check_least(key: str, value: object, least: int) -> int:
    """Return a whole number that is at least ``least``.

    Raises:
        ConfigError: it is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(key, f"{value!r} is not a whole number from {least} up", f"give at least {least}")
    return value


def check_number(key: str, value: object) -> float:
    """Return a number of any size.

    Raises:
        ConfigError: it is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise ConfigError(key, f"{value!r} is not a number", "give one on the scale that the key speaks of")
    return float(value)


def word_set(said: str) -> frozenset[str]:
    """The words of a list written as one string, spaces between."""
    return frozenset(said.split())
