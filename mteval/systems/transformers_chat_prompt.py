"""What a chat template takes: messages, and settings of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mteval.chat.base import Conversation
from mteval.errors import ConfigError
from mteval.lang import LangPair

FORMS = ("plain", "translategemma")
"""``plain``: a message is what is said. ``translategemma``: the user's is the source with both languages' codes, as
TranslateGemma's chat template wants it, which writes the prompt itself."""

_OURS = ("conversation", "messages", "tokenize", "add_generation_prompt", "chat_template", "return_tensors")


def messages_of(conversation: Conversation, codes: tuple[str, str] | None) -> list[dict[str, Any]]:
    """A conversation as chat templates take it.

    Args:
        codes: of source and target, where the template wants them with each source; ``None`` for plain messages.
    """
    return [{"role": turn.role, "content": _content(turn.role, turn.content, codes)} for turn in conversation]


def codes_of(pair: LangPair, given: Mapping[str, str]) -> tuple[str, str]:
    """The codes of both languages, with hyphens, or as a config has them."""
    source, target = (given.get(code, code.replace("_", "-")) for code in (pair.source, pair.target))
    return source, target


def _content(role: str, text: str, codes: tuple[str, str] | None) -> Any:
    if codes is None or role != "user":
        return text
    source, target = codes
    return [{"type": "text", "source_lang_code": source, "target_lang_code": target, "text": text}]


def check_form(form: object, unit: str, prompt: str | None, system_message: str | None) -> None:
    """Make sure that the form of messages leaves a config its say.

    Raises:
        ConfigError: the chat template writes what the config writes too, or cannot be asked for documents.
    """
    if form == "plain":
        return
    for key, text in (("prompt", prompt), ("system_message", system_message)):
        if text is not None:
            raise ConfigError(key, f"with messages: {form} the chat template writes it", "leave it out")
    if unit == "document":
        problem = f"with messages: {form} nothing says how a document is to be answered"
        raise ConfigError("unit", problem, "set it to segment")


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
