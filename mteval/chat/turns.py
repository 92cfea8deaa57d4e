"""A conversation as a config has it: turns with places that texts fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, get_args

from mteval.chat.base import Message, Role
from mteval.chat.template import check_template, digest, fill, placeholders
from mteval.errors import ConfigError


class Turns:
    """What a model is shown, turn by turn, with places such as ``{source}``; a brace that is meant is doubled.

    Args:
        turns: each with ``role`` (``system``, ``user`` or ``assistant``) and ``content``; the last is the user's.
        key: where the config has them, for errors.
        known: the places that can be filled.
        needed: those of them that the turns must have.

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
            check_template(turn["content"], f"{where}.content", known)
        if turns[-1]["role"] != "user":
            raise ConfigError(f"{key}[{len(turns) - 1}].role", "the last turn is not the user's", "end with a user's")
        self._turns = [Message(cast(Role, turn["role"]), turn["content"]) for turn in turns]
        self.places = placeholders(*(turn.content for turn in self._turns))
        for place in needed:
            if place not in self.places:
                raise ConfigError(key, f"has no place {{{place}}}", "write it where the text belongs")

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for all that is said, its places unfilled."""
        return digest([[turn.role, turn.content] for turn in self._turns])

    def filled(self, texts: Mapping[str, str]) -> list[Message]:
        """The turns with their places filled; a brace in a text is no place.

        Args:
            texts: by place, at least those that the turns have.
        """
        return [Message(turn.role, fill(turn.content, texts)) for turn in self._turns]
