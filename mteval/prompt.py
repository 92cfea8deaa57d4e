"""A prompt: the turns that a language model is shown, with places that texts fill."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mteval.errors import ConfigError

Role = Literal["system", "user", "assistant"]

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    role: Role
    content: str


class Prompt:
    """Turns with places such as ``{source}``; braces around anything but a word stand as they are.

    Args:
        turns: each with ``role`` (``system``, ``user`` or ``assistant``) and ``content``; the last is the user's.
        key: where the config has them, for errors.
        known: the places that can be filled.
        needed: those of them that the prompt must have.

    Raises:
        ConfigError: they are no such turns, a place is not known, or one that is needed is missing.
    """

    def __init__(
        self, turns: Sequence[Mapping[str, str]], key: str, known: Sequence[str], needed: Sequence[str]
    ) -> None:
        given: object = turns
        if isinstance(given, str) or not isinstance(given, Sequence) or not given:
            raise ConfigError(key, "holds no turn", "write a list of {role: …, content: …}")
        for index, turn in enumerate(turns):
            where = f"{key}[{index}]"
            if not isinstance(turn, Mapping) or set(turn) != {"role", "content"} or turn["role"] not in get_args(Role):
                roles = ", ".join(get_args(Role))
                raise ConfigError(where, "is no turn", f"write role: one of {roles}, and content: a text")
            if not isinstance(turn["content"], str) or not turn["content"].strip():
                raise ConfigError(f"{where}.content", "is no text", "write what is said in this turn")
        if turns[-1]["role"] != "user":
            raise ConfigError(f"{key}[{len(turns) - 1}].role", "the last turn is not the user's", "end with a user's")
        self._turns = [Turn(turn["role"], turn["content"]) for turn in turns]  # type: ignore[arg-type]
        self.places = frozenset(place for turn in self._turns for place in _PLACE.findall(turn.content))
        listed = ", ".join(f"{{{place}}}" for place in known)
        if unknown := sorted(self.places - set(known)):
            raise ConfigError(key, f"has the place {{{unknown[0]}}}, which nothing fills", f"use {listed}")
        for place in needed:
            if place not in self.places:
                raise ConfigError(key, f"has no place {{{place}}}", "write it where the text belongs")

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the whole prompt."""
        turns = [[turn.role, turn.content] for turn in self._turns]
        return hashlib.sha256(json.dumps(turns, ensure_ascii=False).encode()).hexdigest()[:16]

    def filled(self, texts: Mapping[str, str]) -> list[Turn]:
        """The turns with their places filled; a brace in a text is no place.

        Args:
            texts: by place, at least those that the prompt has.
        """
        return [Turn(turn.role, _PLACE.sub(lambda found: texts[found[1]], turn.content)) for turn in self._turns]
