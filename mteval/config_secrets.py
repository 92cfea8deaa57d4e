"""Keeps secrets out of configs, since a config is written down: in a run's folder, its record, a sweep's files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mteval.errors import ConfigError

_NAMED = ("key", "key_variable")
"""Settings that name the environment variable in which a key is."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|null|None|\?\?\?")
_INTERPOLATION = re.compile(r"\$\{")
_PASSWORD = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s/@:]{0,256}:[^\s/@]{1,256}@")
_SECRET = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD)$")
_INNER = re.compile(rf"[{{,]\s*(?:{'|'.join(_NAMED)})\s*:\s*([^,}}]*)")
"""Such a setting in a mapping that an override gives in one piece."""

_SHORTEST = 8
"""A variable that holds less than this is no secret, or none that a text could not hold by chance."""

_REMEDY = "write the name of the environment variable that holds it, never the secret itself"


def check_no_secrets(node: Any, key: str) -> None:
    """Refuse a part of a config that holds what looks like a secret; it is not shown.

    What looks like one: what stands where the name of an environment variable is asked for and is none, an address with
    a password, and the value of an environment variable whose name ends in KEY, TOKEN, SECRET or PASSWORD.

    Raises:
        ConfigError: it does; it names the key.
    """
    known = _known()
    for where, name, text in _texts(node, key, ""):
        if name in _NAMED and not _VARIABLE.fullmatch(text) and not _INTERPOLATION.search(text):
            raise ConfigError(where, "it is not the name of an environment variable", _REMEDY)
        _check(where, text, known)


def check_words(words: Sequence[str]) -> None:
    """Refuse overrides on the command line that hold what looks like a secret, before anything is written.

    Raises:
        ConfigError: one does; it names the key.
    """
    known = _known()
    for word in words:
        name, _, value = word.partition("=")
        where = name.lstrip("+~")
        given = _INNER.findall(value)
        if where.rpartition(".")[2] in _NAMED:
            given += value.strip("[]").split(",")  # several for a sweep
        for one in (one.strip(" '\"") for one in given):
            if one and not _VARIABLE.fullmatch(one) and not _INTERPOLATION.search(one):
                raise ConfigError(where, "it is not the name of an environment variable", _REMEDY)
        _check(where, word, known)


def _check(where: str, text: str, known: Mapping[str, str]) -> None:
    if _PASSWORD.search(text):
        remedy = "take it out, and put it where the service looks in the environment, as in MLFLOW_TRACKING_PASSWORD"
        raise ConfigError(where, "an address holds a password, which would be written into the run's folder", remedy)
    for value, variable in known.items():
        if value in text:
            where = where.replace(value, "***")
            problem = f"holds what the environment variable {variable} holds, which would be written down"
            raise ConfigError(where, problem, _REMEDY)


def _known() -> dict[str, str]:
    """The values of variables that hold secrets, by their names, with the variable; a path to one is none itself."""
    return {
        value.strip(): name
        for name, value in os.environ.items()
        if _SECRET.search(name.upper()) and len(value.strip()) >= _SHORTEST and not value.startswith(("/", "~", "."))
    }


def _texts(node: Any, key: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Every text in a node, however deep, with its key in full and the last name in it; names are texts too."""
    if isinstance(node, Mapping):
        for inner, value in node.items():
            yield key, "", str(inner)
            yield from _texts(value, f"{key}.{inner}", str(inner))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(value, f"{key}[{index}]", name)
    elif isinstance(node, str):
        yield key, name, node
