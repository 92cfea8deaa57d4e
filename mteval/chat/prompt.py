"""How a model is asked to translate: templates with placeholders, and examples as turns of a conversation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mteval.chat.base import Message
from mteval.chat.document import numbered, tag_for
from mteval.chat.template import check_template, digest, fill, placeholders
from mteval.errors import ConfigError
from mteval.lang import LangPair, check_code
from mteval.language_names import language_name

LANGUAGES = ("source_language", "target_language")


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
        languages: what fills those of ``{source_language}`` and ``{target_language}`` that they hold.
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
        return digest([self.prompt, self.system_message, dict(self.languages)])

    @property
    def digest_of_examples(self) -> str:
        """How many examples there are, and a digest of them; ``0`` for none."""
        if not self.examples:
            return "0"
        return f"{len(self.examples)}@{digest([[one.source, one.target] for one in self.examples])}"

    def _user(self, source: str) -> Message:
        return Message("user", fill(self.prompt, {**self.languages, "source": source}))


class Prompts:
    """What a model is told of any lang pair, as a config has it.

    Args:
        prompt: what the user says, with ``{source}``, and ``{source_language}`` and ``{target_language}`` for their
            names; a brace that is meant is doubled.
        system_message: what is said before that, with the languages' placeholders; ``None`` for nothing.
        examples: turns before the question, by lang pair: ``{pt-en: [{source: Olá., target: Hello.}]}``.
        language_names: the name of a language by its code, where the usual English one is not wanted.
        whole: whether documents are asked for; an example is then a document of one segment.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        prompt: str | None,
        system_message: str | None,
        examples: Mapping[str, Sequence[Mapping[str, str]]] | None,
        language_names: Mapping[str, str] | None,
        *,
        whole: bool,
    ) -> None:
        check_template(prompt, "prompt", (*LANGUAGES, "source"), needed=("source",))
        assert prompt is not None
        if system_message is not None:
            check_template(system_message, "system_message", LANGUAGES)
        self._prompt = prompt
        self._system_message = system_message
        self._examples = checked_examples(examples)
        self._names = checked_names(language_names)
        self._whole = whole

    def of(self, pair: LangPair) -> Prompt:
        """What is said of a lang pair.

        Raises:
            ConfigError: a language that a template names has no name.
        """
        held = placeholders(self._prompt, self._system_message or "")
        examples = self._examples.get(pair, ())
        if self._whole:
            examples = tuple(map(_document, examples))
        return Prompt(self._prompt, self._system_message, names_of(pair, self._names, held), examples)


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


def names_of(pair: LangPair, given: Mapping[str, str], held: Collection[str]) -> dict[str, str]:
    """What fills the languages' placeholders: the config's names, or else the usual English ones.

    Args:
        given: the config's names, by code.
        held: the placeholders that are to be filled; others than the languages' are passed over.

    Raises:
        ConfigError: a language has no name.
    """
    found = {}
    for placeholder, code in zip(LANGUAGES, (pair.source, pair.target), strict=True):
        if placeholder not in held:
            continue
        name = given.get(code) or language_name(code)
        if name is None:
            raise ConfigError("language_names", f"no English name of {code} is known", f"write one under {code}")
        found[placeholder] = name
    return found


def _document(example: Example) -> Example:
    tag = tag_for([example.source, example.target])
    return Example(numbered([example.source], tag), numbered([example.target], tag))
