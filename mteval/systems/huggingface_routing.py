"""How a checkpoint is told a lang pair."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mteval.errors import ConfigError, UnavailableError
from mteval.lang import LangPair, base_language, check_code, parse_pairs
from mteval.setting_checks import check_choices, check_texts
from mteval.systems.huggingface_languages import FAMILIES, find_code, token
from mteval.systems.huggingface_reader import Reader


class Route(NamedTuple):
    """How a checkpoint is told a lang pair: its codes for both languages, the source's prefix, the first new token."""

    source: str | None
    target: str | None
    prefix: str
    first: int | None

    @property
    def settings(self) -> dict[str, str]:
        """What of it belongs in a signature."""
        return {"codes": f"{self.source or '-'}>{self.target or '-'}", "prefix": self.prefix or "no"}


class Routing:
    """The settings that say how a checkpoint is told lang pairs.

    Args:
        checkpoint: what the user calls it.
        family: one of ``FAMILIES``, or ``auto``.
        pairs: the lang pairs that it translates; ``None`` is all for which its tokenizer has codes.
        language_codes: the checkpoint's code by language, where the one found is not wanted.
        prefix: what stands before each source in place of the family's own.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        checkpoint: str,
        family: str,
        pairs: Sequence[str] | None,
        language_codes: Mapping[str, str] | None,
        prefix: str | None,
    ) -> None:
        check_choices(("family", family, ("auto", *FAMILIES)))
        check_texts(("prefix", prefix))
        self._checkpoint = checkpoint
        self._pairs = None if pairs is None else parse_pairs(pairs, "pairs")
        self._codes = _codes({} if language_codes is None else language_codes)
        self._prefix = prefix
        if prefix is not None and len({pair.target for pair in self._pairs or ()}) != 1:
            problem = "one prefix cannot serve several target languages"
            raise ConfigError("prefix", problem, "list pairs that share one target, as in pairs: [pt-en, ro-en]")

    def declines(self, pair: LangPair) -> str | None:
        """Why the settings leave a lang pair out, in words; ``None`` if they do not."""
        if self._pairs is None or pair in self._pairs:
            return None
        return f"{self._checkpoint} is set up for {', '.join(map(str, self._pairs))}, not for {pair}"

    def route(self, reader: Reader, pair: LangPair) -> Route:
        """How the checkpoint that ``reader`` reads for is told a lang pair.

        Raises:
            UnavailableError: it does not know one of the languages.
            ConfigError: a setting does not fit the checkpoint.
        """
        if self._pairs is not None and pair not in self._pairs:
            raise UnavailableError(self._checkpoint, f"pairs does not list {pair}", f"add {pair} to pairs")
        family, prefix = reader.family, self._prefix or ""
        if family in ("nllb", "m2m100", "mbart50"):
            source, target = self._code(reader, pair.source), self._code(reader, pair.target)
            return Route(source, target, prefix, reader.id_of(target))
        if self._prefix is not None:
            return Route(None, None, prefix, None)
        if family == "t5":
            if not reader.codes:
                problem = f"{self._checkpoint} has no tokens such as <2en> that choose a language"
                raise ConfigError(
                    "prefix", problem, 'write what it was trained with, as in "translate English to German: "'
                )
            source, target = self._code(reader, pair.source), self._code(reader, pair.target)
            return Route(source, target, f"{token(target, family)} ", None)
        if family == "plain" and self._pairs is None:
            raise ConfigError("pairs", f"{self._checkpoint} does not say what it translates", "list its lang pairs")
        if family == "marian":
            self._claims(reader, "source", pair.source)
            claimed = str(getattr(reader.tokenizer, "target_lang", None))
            # A checkpoint with one target language needs no prefix, whatever codes stray into its vocabulary.
            only = re.fullmatch("[a-z]{2}", claimed) is not None and base_language(claimed) == base_language(
                pair.target
            )
            if reader.codes and not only:
                target = self._code(reader, pair.target)
                return Route(None, target, f"{token(target, family)} ", None)
            self._claims(reader, "target", pair.target)
        return Route(None, None, "", None)

    def _code(self, reader: Reader, language: str) -> str:
        """What the checkpoint calls a language."""
        if (override := self._codes.get(language)) is not None:
            if override not in reader.codes:
                known = _some(reader.codes)
                raise ConfigError(f"language_codes.{language}", f"the tokenizer has no {override!r}", f"it has {known}")
            return override
        code = find_code(language, reader.family, reader.codes)
        if code is None:
            remedy = f"choose another system, or name one of its own under language_codes: {_some(reader.codes)}"
            raise UnavailableError(self._checkpoint, f"it has no code for {language}", remedy)
        return code

    def _claims(self, reader: Reader, side: str, language: str) -> None:
        """Make sure that a Marian checkpoint, whose tokenizer names a language or a group, is used for what it says."""
        if self._pairs is not None:
            return
        claimed = getattr(reader.tokenizer, f"{side}_lang", None)
        if not isinstance(claimed, str) or not re.fullmatch("[a-z]{2}", claimed):
            problem = f"{self._checkpoint} calls its {side} {claimed!r}, which may or may not hold {language}"
            raise ConfigError("pairs", problem, "list the lang pairs that it translates")
        if base_language(claimed) != base_language(language):
            problem = f"its {side} is {claimed}, not {language}"
            raise UnavailableError(
                self._checkpoint, problem, "choose another system, or list its lang pairs under pairs"
            )


def _codes(codes: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(codes, Mapping):
        raise ConfigError("language_codes", f"{codes!r} is not a mapping", "write it as in {pt: por_Latn}")
    for language, code in codes.items():
        check_code(language, "language_codes")
        if not isinstance(code, str) or not code:
            raise ConfigError(f"language_codes.{language}", f"{code!r} is not a code", "write it in quotes")
    return dict(codes)


def _some(codes: frozenset[str]) -> str:
    """A dozen codes at most, for an error message."""
    listed = sorted(codes)
    return ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "") or "none"
