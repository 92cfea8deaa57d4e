"""What a chat model is told: templates with placeholders, and examples as turns of a conversation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mteval.chat.base import Message
from mteval.chat.language_names import english_name
from mteval.errors import ConfigError
from mteval.files import dump_json
from mteval.lang import LangPair, check_code

LANGUAGES = ("source_language", "target_language")

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
    held = set()
    for piece in _PIECE.finditer(template):
        name = piece.group(1)
        if piece.group() in ("{{", "}}"):
            continue
        if name not in known:
            problem = f"{piece.group()} is no placeholder"
            raise ConfigError(key, problem, f"use {names}; double a brace that is meant: {{{{ and }}}}")
        held.add(name)
    if missing := [name for name in needed if name not in held]:
        raise ConfigError(key, f"{{{missing[0]}}} is not in it", "say in it where that goes")


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its placeholders filled in; braces in what fills them are nothing but text."""

    def one(piece: re.Match[str]) -> str:
        return piece.group()[0] if piece.group(1) is None else values[piece.group(1)]

    return _PIECE.sub(one, template)


@dataclass(frozen=True)
class Example:
    """A source and how it is to be translated."""

    source: str
    target: str


@dataclass(frozen=True)
class Prompt:
    """What a model is told of one lang pair.

    Attributes:
        prompt: the template of the user's turns.
        system_message: that of the message before them; ``None`` for none.
        languages: what fills ``{source_language}`` and ``{target_language}``.
        examples: turns before the one that counts.
    """

    prompt: str
    system_message: str | None
    languages: Mapping[str, str]
    examples: Sequence[Example]

    def conversation(self, source: str) -> tuple[Message, ...]:
        """All that is said for one source."""
        head = () if self.system_message is None else (Message("system", fill(self.system_message, self.languages)),)
        turns = [
            said
            for example in self.examples
            for said in (self._user(example.source), Message("assistant", example.target))
        ]
        return (*head, *turns, self._user(source))

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for the templates and the languages' names."""
        return _digest([self.prompt, self.system_message, dict(self.languages)])

    @property
    def digest_of_examples(self) -> str:
        """How many examples there are, and a digest of them; ``0`` for none."""
        if not self.examples:
            return "0"
        return f"{len(self.examples)}@{_digest([[one.source, one.target] for one in self.examples])}"

    def _user(self, source: str) -> Message:
        return Message("user", fill(self.prompt, {**self.languages, "source": source}))


def checked_examples(given: Mapping[str, object] | None) -> dict[LangPair, tuple[Example, ...]]:
    """The examples of a config, by lang pair.

    Raises:
        ConfigError: they are not lists of ``{source: …, target: …}`` by lang pair.
    """
    wanted = "write them as in {pt-en: [{source: Olá., target: Hello.}]}"
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError("examples", f"{given!r} is not a mapping", wanted)
    found: dict[LangPair, tuple[Example, ...]] = {}
    for name, listed in (given or {}).items():
        key = f"examples.{name}"
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise ConfigError(key, f"{listed!r} is not a list", wanted)
        for index, one in enumerate(listed):
            if not isinstance(one, Mapping) or set(one) != {"source", "target"}:
                raise ConfigError(f"{key}[{index}]", f"{one!r} is no example", wanted)
            if not all(isinstance(text, str) and text.strip() for text in one.values()):
                raise ConfigError(f"{key}[{index}]", "a side of it is no text", "write both in quotes")
        found[LangPair.parse(str(name), key)] = tuple(Example(one["source"], one["target"]) for one in listed)
    return found


def checked_names(given: Mapping[str, str] | None) -> dict[str, str]:
    """What a config calls languages.

    Raises:
        ConfigError: it is no mapping from codes to names.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ConfigError("language_names", f"{given!r} is not a mapping", "write it as in {pt: European Portuguese}")
    for code, name in (given or {}).items():
        check_code(code, "language_names")
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"language_names.{code}", f"{name!r} is no name", "write it in quotes")
    return dict(given or {})


def names_of(pair: LangPair, given: Mapping[str, str]) -> dict[str, str]:
    """What fills the languages' placeholders: the config's names, or else the usual English ones.

    Raises:
        ConfigError: a language has no name.
    """
    found = {}
    for placeholder, code in zip(LANGUAGES, (pair.source, pair.target), strict=True):
        name = given.get(code) or english_name(code)
        if name is None:
            raise ConfigError("language_names", f"no English name of {code} is known", f"write one under {code}")
        found[placeholder] = name
    return found


def _digest(value: object) -> str:
    return hashlib.sha256(dump_json(value).encode("utf-8")).hexdigest()[:12]
