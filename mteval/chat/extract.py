"""The part of an answer that counts, where a config says how it is told."""

from __future__ import annotations

import re

from mteval.chat.base import quoted
from mteval.chat.template import digest
from mteval.errors import ConfigError


class Extract:
    """Takes the hypothesis out of an answer.

    Args:
        pattern: a regular expression with one group, which is the hypothesis; ``None`` for the whole answer.

    Raises:
        ConfigError: ``extract`` is no regular expression, or has more groups or none.
    """

    def __init__(self, pattern: str | None) -> None:
        self._pattern = None if pattern is None else _compiled(pattern)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for it in signatures; ``no`` for the whole answer."""
        return "no" if self._pattern is None else digest(self._pattern.pattern)

    def __call__(self, answer: str) -> tuple[str, tuple[str, ...]]:
        """The hypothesis in an answer, without white space around it, and what must be said of it."""
        if self._pattern is None or not answer.strip():
            return answer.strip(), ()
        found = self._pattern.search(answer)
        if found is None or found.group(1) is None:
            return answer.strip(), (f"extract does not match the answer, which is taken whole: {quoted(answer)}",)
        return found.group(1).strip(), ()


def _compiled(pattern: object) -> re.Pattern[str]:
    try:
        found = re.compile(pattern if isinstance(pattern, str) else "")
    except re.error as error:
        raise ConfigError("extract", f"{pattern!r} is no regular expression ({error})", "correct it") from None
    if found.groups != 1:
        problem = f"{pattern!r} has {found.groups} groups"
        raise ConfigError("extract", problem, "write it with one, as in '<t>(.*?)</t>'; (?:…) is no group")
    return found
