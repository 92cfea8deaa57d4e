"""Templates of what a model is told: text with named places, as ``{source}``, and doubled braces for those that are
meant."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from mteval.errors import ConfigError
from mteval.files import dump_json

# A doubled brace is one that is meant; any other belongs to a placeholder. What is filled in is never looked at again.
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def check_template(template: object, key: str, known: Sequence[str], needed: Sequence[str] = ()) -> None:
    """Make sure that a template can be filled in.

    Args:
        key: where it is, for errors.
        known: the placeholders that it may hold.
        needed: those that it must hold.

    Raises:
        ConfigError: it is no text, or holds another placeholder, a lone brace, or not what it must.
    """
    if not isinstance(template, str) or not template.strip():
        raise ConfigError(key, f"{template!r} is no text", "write what the model is told, in quotes")
    names = ", ".join(f"{{{name}}}" for name in known)
    for piece in _PIECE.finditer(template):
        if piece.group() not in ("{{", "}}") and piece.group(1) not in known:
            problem = f"{piece.group()} is no placeholder"
            raise ConfigError(key, problem, f"use {names}; double a brace that is meant: {{{{ and }}}}")
    held = placeholders(template)
    if missing := [name for name in needed if name not in held]:
        raise ConfigError(key, f"{{{missing[0]}}} is not in it", "say in it where that goes")


def placeholders(*templates: str) -> frozenset[str]:
    """The names of the placeholders that templates hold."""
    found = (piece.group(1) for template in templates for piece in _PIECE.finditer(template))
    return frozenset(name for name in found if name is not None)


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its placeholders filled in; braces in what fills them are nothing but text."""

    def one(piece: re.Match[str]) -> str:
        return piece.group()[0] if piece.group(1) is None else values[piece.group(1)]

    return _PIECE.sub(one, template)


def digest(said: object) -> str:
    """Twelve hexadecimal digits that stand for what is said, texts in lists and mappings, in signatures."""
    return hashlib.sha256(dump_json(said).encode("utf-8", "surrogatepass")).hexdigest()[:12]
