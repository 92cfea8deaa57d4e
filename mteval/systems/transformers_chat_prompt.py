"""What a chat model is asked: messages with the source and both languages filled in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mteval.errors import ConfigError
from mteval.files import dump_json
from mteval.lang import LangPair, check_code
from mteval.language_names import language_name
from mteval.setting_checks import check_choices, check_texts

FORMS = ("plain", "translategemma")
"""``plain``: the message is the prompt. ``translategemma``: it is the source with both languages' codes, as
TranslateGemma's chat template wants it, which writes the prompt itself."""

PLACEHOLDERS = ("source", "source_language", "target_language")

_OURS = ("conversation", "messages", "tokenize", "add_generation_prompt", "chat_template", "return_tensors")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Prompt:
    """Makes the messages that ask for a translation.

    Args:
        prompt: with ``{source}``, and ``{source_language}`` and ``{target_language}`` for their English names; ``None``
            where the form has none.
        system: the system message, with the same placeholders; ``None`` for none.
        examples: translations to go by, by lang pair: ``{pt-en: [{source: Olá., reference: Hello.}]}``; each is a turn
            of the user's and one of the model's before the real one.
        form: one of ``FORMS``.
        languages: what a language is called, by its code, where its English name (``translategemma``: its code) is not
            wanted.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        prompt: str | None,
        system: str | None,
        examples: Mapping[str, Sequence[Mapping[str, str]]] | None,
        form: str,
        languages: Mapping[str, str] | None,
    ) -> None:
        check_choices(("messages", form, FORMS))
        check_texts(("prompt", prompt), ("system", system))
        for key, text in (("prompt", prompt), ("system", system)):
            for name in _PLACEHOLDER.findall(text or ""):
                if name not in PLACEHOLDERS:
                    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                    raise ConfigError(key, f"{{{name}}} is no placeholder", f"use {known}")
        if form == "plain" and "{source}" not in (prompt or ""):
            raise ConfigError("prompt", "does not say where the source goes", "write {source} there")
        if form != "plain":
            for key, text in (("prompt", prompt), ("system", system)):
                if text is not None:
                    raise ConfigError(key, f"with messages: {form} the chat template writes it", "leave it out")
        self._prompt = prompt or ""
        self._system = system
        self._examples = _examples(examples)
        self._form = form
        self._languages = _languages(languages)

    @property
    def system(self) -> str | None:
        """The system message as it is set."""
        return self._system

    def messages(self, source: str, pair: LangPair, *, with_system: bool = True) -> list[dict[str, Any]]:
        """The messages that ask for the translation of a source, as chat templates take them.

        Args:
            source: put where ``{source}`` stands; what looks like a placeholder in it is left as it is.
            with_system: leave out the system message, if there is one, with ``False``.
        """
        found: list[dict[str, Any]] = []
        if self._system is not None and with_system:
            found.append({"role": "system", "content": self._filled(self._system, source, pair)})
        for shown, reference in self._examples.get(pair, ()):
            found.append({"role": "user", "content": self._asked(shown, pair)})
            found.append({"role": "assistant", "content": reference})
        return [*found, {"role": "user", "content": self._asked(source, pair)}]

    def digest(self, pair: LangPair) -> str:
        """Twelve hexadecimal digits that stand for all messages of a lang pair but for the source, for signatures."""
        asked = dump_json(self.messages("{source}", pair))
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def _asked(self, source: str, pair: LangPair) -> Any:
        if self._form == "plain":
            return self._filled(self._prompt, source, pair)
        codes = {
            f"{side}_lang_code": self._languages.get(code, code.replace("_", "-"))
            for side, code in (("source", pair.source), ("target", pair.target))
        }
        return [{"type": "text", **codes, "text": source}]

    def _filled(self, text: str, source: str, pair: LangPair) -> str:
        values = {
            "source": source,
            "source_language": self._name(pair.source),
            "target_language": self._name(pair.target),
        }
        return _PLACEHOLDER.sub(lambda found: values[found[1]], text)

    def _name(self, language: str) -> str:
        return self._languages.get(language) or language_name(language)


def _examples(
    examples: Mapping[str, Sequence[Mapping[str, str]]] | None,
) -> dict[LangPair, tuple[tuple[str, str], ...]]:
    found = {}
    shape = "write it as in {pt-en: [{source: Olá., reference: Hello.}]}"
    if examples is not None and not isinstance(examples, Mapping):
        raise ConfigError("examples", f"{examples!r} is not a mapping", shape)
    for name, rows in (examples or {}).items():
        pair = LangPair.parse(name, "examples")
        for number, row in enumerate(rows):
            texts = list(row.values()) if isinstance(row, Mapping) and {*row} == {"source", "reference"} else []
            if len(texts) != 2 or not all(isinstance(text, str) and text.strip() for text in texts):
                problem = f"{row!r} is not a source and its reference"
                raise ConfigError(f"examples.{name}[{number}]", problem, shape)
        found[pair] = tuple((row["source"], row["reference"]) for row in rows)
    return found


def _languages(languages: Mapping[str, str] | None) -> dict[str, str]:
    if languages is not None and not isinstance(languages, Mapping):
        raise ConfigError("languages", f"{languages!r} is not a mapping", "write it as in {pt: European Portuguese}")
    for language, name in (languages or {}).items():
        check_code(language, "languages")
        if not isinstance(name, str) or not name:
            raise ConfigError(f"languages.{language}", f"{name!r} is not a name", "write it in quotes")
    return dict(languages or {})


def check_template_settings(settings: Any) -> dict[str, object]:
    """What a chat template takes besides messages, as a config has it; nothing for ``None``.

    Raises:
        ConfigError: a setting is none of the user's, or its value is no text, number or truth value.
    """
    if settings is not None and not isinstance(settings, Mapping):
        problem = f"{settings!r} is not a mapping"
        raise ConfigError("template_settings", problem, "write it as in {enable_thinking: false}")
    for key, value in (settings or {}).items():
        if not isinstance(key, str) or key in _OURS:
            raise ConfigError(f"template_settings.{key}", "is not for a user to set", "leave it out")
        if not isinstance(value, str | int | float):
            raise ConfigError(f"template_settings.{key}", f"{value!r} is no text, number or truth value", "correct it")
    return dict(settings or {})
