"""Languages and lang pairs, named by BCP 47 codes; validity comes from the IANA registry (through ``langcodes``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import langcodes

from mteval.errors import ConfigError


def check_code(code: object, where: str) -> str:
    """Return ``code`` if it is a language code, as ``pt``, ``pt_BR`` or ``zh_Hans``.

    Args:
        code: what the user wrote. YAML reads a bare ``no`` (Norwegian) as *false*; that is named, not guessed at.
        where: the config key or file and line to name in an error.

    Raises:
        ConfigError: it is no code that the IANA registry knows.
    """
    if isinstance(code, bool):
        word = "no" if code is False else "yes"
        remedy = 'write "no" in quotes for Norwegian' if code is False else "write a language code in quotes"
        raise ConfigError(where, f"YAML reads an unquoted {word} as {str(code).lower()}, not as a language", remedy)
    if not isinstance(code, str) or not code:
        raise ConfigError(where, f"{code!r} is not a language code", "write one such as pt, ro or zh_Hans")
    if "-" in code or not langcodes.tag_is_valid(code):
        raise ConfigError(
            where,
            f"unknown language code {code!r}",
            "use an ISO 639 code, with script or region after an underscore: pt, ron, pt_BR, zh_Hans",
        )
    return code


def base_language(code: str) -> str:
    """The language alone, in its shortest code: ``pt`` for ``pt_BR`` and for ``por``."""
    return langcodes.Language.get(langcodes.standardize_tag(code)).language or code


def same_language(one: str, other: str) -> bool:
    """Whether two codes name the same language, in the same script and region: ``pt`` and ``por``."""
    return langcodes.standardize_tag(one) == langcodes.standardize_tag(other)


@dataclass(frozen=True, order=True)
class LangPair:
    """A source and a target language; ``str()`` gives ``pt-en``: source first."""

    source: str
    target: str

    @classmethod
    def of(cls, source: object, target: object, where: str, *, round_trip: bool = False) -> LangPair:
        """Check both codes and pair them.

        Args:
            round_trip: both may be the same.

        Raises:
            ConfigError: a code is unknown, or both are the same.
        """
        pair = cls(check_code(source, f"{where}.source"), check_code(target, f"{where}.target"))
        if pair.round_trip and not round_trip:
            remedy = "name two different languages; a round trip needs evalset=round_trip"
            raise ConfigError(where, f"source and target are both {pair.source}", remedy)
        return pair

    @classmethod
    def parse(cls, name: str, where: str) -> LangPair:
        """Read ``pt-en``.

        Raises:
            ConfigError: there are not exactly two known codes joined by one hyphen.
        """
        parts = name.split("-")
        if len(parts) != 2:
            raise ConfigError(where, f"{name!r} is not a lang pair", "write the source first, as in pt-en")
        return cls.of(parts[0], parts[1], where)

    @property
    def round_trip(self) -> bool:
        """Whether it goes from a language into itself, through another: ``pt-pt``."""
        return same_language(self.source, self.target)

    def fill(self, path: str) -> str:
        """A path with ``{lang_pair}``, ``{source}`` and ``{target}`` filled in."""
        for key, value in {"lang_pair": str(self), "source": self.source, "target": self.target}.items():
            path = path.replace("{" + key + "}", value)
        return path

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


def parse_pairs(names: Sequence[str], where: str) -> tuple[LangPair, ...]:
    """Read a list of lang pairs, as a config has it.

    Raises:
        ConfigError: it is empty or no list, or one of them is no lang pair.
    """
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ConfigError(where, f"{names!r} is not a list of lang pairs", "write one, as in [pt-en, ro-en]")
    for name in names:
        if not isinstance(name, str):
            raise ConfigError(where, f"{name!r} is not a lang pair", "write the source first, as in pt-en")
    return tuple(LangPair.parse(name, where) for name in names)
