"""Words as the fluency models see them: each with its place, and mapped to the vocabulary or to a class."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_JOINERS = "’'‐‑-"
# A hyphen torn off the word before it is joined again: it is a sign of its own, and must not count twice.
_LETTERS = r"(?:[^\W\d_][\u0300-\u036f]*)+"  # with accents that follow their letters
_TOKEN = re.compile(
    rf"\d+(?:[.,:/]\d+)*|{_LETTERS}(?:(?:[{_JOINERS}]|(?<=[^\W\d_]) [-‐‑](?=[^\W\d_])){_LETTERS})*['’]?|[^\w\s]"
)
_SAME = str.maketrans("şţŞŢ’`‐‑", "șțȘȚ''--")
_ENDS = frozenset(".!?:…\"“„«»”'(")
_TITLED = 0.8
"""The share of a line's words with a capital from which it is a title."""
_MARKS = frozenset(".,;:!?()\"'-–—")

START, END = "<s>", "</s>"
NUMBER, NAME, CAPITALS, MARK, SHORT = "<0>", "<name>", "<caps>", "<mark>", "<short>"


@dataclass(frozen=True)
class Token:
    """One word, number or punctuation mark.

    Attributes:
        text: as the models see it: composed letters, one kind of hyphen and apostrophe.
        start, end: where it stands in the text, end exclusive.
        first: whether a capital says nothing here: at the beginning of a sentence, after some marks, and in a line
            whose words nearly all have one.
    """

    text: str
    start: int
    end: int
    first: bool


def tokens(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    found: list[Token] = []
    first = True
    for match in _TOKEN.finditer(text):
        said = match.group().replace(" ", "").translate(_SAME)
        if not said.isascii():
            said = unicodedata.normalize("NFC", said)
        found.append(Token(said, match.start(), match.end(), first))
        first = said in _ENDS
    words = [token.text[0].isupper() for token in found if token.text[0].isalpha()]
    if len(words) >= 4 and sum(words) >= _TITLED * len(words):
        return [replace(token, first=True) for token in found]
    return found


def unknown(word: str) -> str:
    """The class of a word that the vocabulary does not have: its last three letters, if it has more than four."""
    small = word.casefold()
    return f"<{small[-3:]}>" if len(small) > 4 else SHORT


class Vocabulary:
    """Maps tokens to numbers.

    Args:
        entries: words in small letters and classes in angle brackets; an entry's place is its number.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        self.entries = tuple(entries)
        self.numbers: Mapping[str, int] = {entry: number for number, entry in enumerate(entries)}
        self.start, self.end, self._short = (self.numbers[entry] for entry in (START, END, SHORT))

    def __len__(self) -> int:
        return len(self.entries)

    def numbered(self, found: Sequence[Token]) -> list[int]:
        """The numbers of a text's tokens, between those of its start and its end."""
        return [self.start, *(self._number(token) for token in found), self.end]

    def _number(self, token: Token) -> int:
        numbers, short = self.numbers, self._short
        word = token.text
        if not word[0].isalpha():
            return numbers[NUMBER] if word[0].isdigit() else numbers[word if word in _MARKS else MARK]
        if word[0].isupper() and not token.first:
            return numbers[CAPITALS if len(word) > 1 and word.isupper() else NAME]
        small = word.casefold()
        number = numbers.get(small)
        return numbers.get(unknown(small), short) if number is None else number


def fixed_entries() -> list[str]:
    """The entries that every vocabulary has."""
    return [START, END, NUMBER, NAME, CAPITALS, MARK, SHORT, *sorted(_MARKS)]
