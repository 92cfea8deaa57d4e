"""Signs that a hypothesis does not say what its source says: numbers and names that do not carry over."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength

_NUMBER = re.compile(r"\d+(?:[.,:/\u00a0 ]\d{3}(?!\d))*(?:[.,:]\d+)*")
_NAME = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True)
class MissingNumbers(Signal):
    """Sees a number of the source that the hypothesis does not have, and one that it has and the source does not.

    Numbers are compared by their digits, whatever stands between them (``1.000,5`` and ``1,000.5``). Numbers of one
    digit are often written out and not looked at, nor are numbers beside words for large ones (``2.5 milhões``).

    Args:
        strength: of one number.

    Raises:
        ConfigError: the strength is not above 0 and up to 1.
    """

    strength: float = 0.3

    def __post_init__(self) -> None:
        check_strength("garble.missing_numbers.strength", self.strength)

    @property
    def family(self) -> Family:
        return "adequacy"

    def blind(self, text: Text) -> str | None:
        return None if any(line.source is not None for line in text.lines) else "no source"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line in text.lines:
            if line.source is None:
                continue
            theirs, ours = _numbers(line.source), _numbers(line.text)
            lost = Counter(digits for digits, _, _ in theirs) - Counter(digits for digits, _, _ in ours)
            if not lost:
                continue
            shown = {digits: line.source[start:end] for digits, start, end in theirs}
            spare = Counter(digits for digits, _, _ in ours) - Counter(digits for digits, _, _ in theirs)
            places = [(start, end) for digits, start, end in ours if digits in spare]
            for number, digits in enumerate(lost.elements()):
                start, end = places[number] if number < len(places) else (None, None)
                instead = f", and has “{line.text[start:end]}” instead" if start is not None else ""
                message = f"The source's “{shown[digits]}” is missing{instead}."
                yield Evidence(name, self.family, line.segment, start, end, self.strength, message)


def _numbers(text: str) -> list[tuple[str, int, int]]:
    """The digits of each number of two digits or more, and where it stands."""
    found = []
    for match in _NUMBER.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        # a decimal, a clock's hour or a count of millions may be said in another way
        if len(digits.strip("0")) >= 2 or (digits.isdigit() and len(digits) >= 3):
            found.append((digits, *match.span()))
    return found


@dataclass(frozen=True)
class MissingNames(Signal):
    """Sees that most names of a source segment have nothing like them in the hypothesis.

    Many names have a form of their own in each language, so one that is missing says nothing: only segments with at
    least two names count, of which more than ``share`` are missing.

    Args:
        strength: of a segment whose names are all missing.
        share: of a segment's names that may be missing.
        alike: how alike the letters of two words must be, 0 to 1, for one name.

    Raises:
        ConfigError: a setting is not above 0 and up to 1.
    """

    strength: float = 0.3
    share: float = 0.7
    alike: float = 0.55

    def __post_init__(self) -> None:
        for key in ("strength", "share", "alike"):
            check_strength(f"garble.missing_names.{key}", getattr(self, key))

    @property
    def family(self) -> Family:
        return "adequacy"

    def blind(self, text: Text) -> str | None:
        return None if any(line.source is not None for line in text.lines) else "no source"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line in text.lines:
            if line.source is None or not line.text.strip():
                continue
            names = _names(line.source)
            if len(names) < 2:
                continue
            ours = [_plain(word) for word in set(_NAME.findall(line.text)) if len(word) > 2]
            missing = [one for one in names if not _is_among(_plain(one), ours, self.alike)]
            share = len(missing) / len(names)
            if share > self.share:
                message = f"Of the source's names, {', '.join(missing)} have nothing like them here."
                yield Evidence(name, self.family, line.segment, None, None, self.strength * share, message)


def _is_among(name: str, others: list[str], alike: float) -> bool:
    """Whether any of some names is alike; the same one, as nearly always, is soon found."""
    return name in others or bool(difflib.get_close_matches(name, others, 1, alike))


def _names(text: str) -> list[str]:
    """The words of a text that begin with a capital inside a sentence, acronyms left out, each once."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        before = text[: match.start()].rstrip(" \"'“„«(")
        word = match.group()
        if len(word) > 3 and word[0].isupper() and not word.isupper() and before and before[-1] not in ".!?:":
            found[word] = None
    return list(found)


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
