"""Signs of broken grammar: function words in an order that the language does not have, and broken agreement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength
from mteval.lang import base_language

_TOKEN = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")
_CEDILLA = str.maketrans("şţŞŢ", "șțȘȚ")


@lru_cache(maxsize=8)
def pairs(language: str) -> Mapping[str, frozenset[str]]:
    """The second words that never follow each first word in a language; empty for a language without a table.

    Chance alone would have put each of these pairs together at least 6 times in text by people (Universal Dependencies
    treebanks, RONEC, Tatoeba, Bibles, RO-STS, TICO-19, MT-GenEval, Wikipedia sentences of MLQE-PE, documentation of
    open-source projects); people did so at most once in 200 of the times that chance would have.
    ``benchmarks/word_pairs.py`` counts the tables.
    """
    table = resources.files("mteval.garble").joinpath("pairs", f"{language}.txt")
    if not table.is_file():
        return {}
    rows = (row.split(":", 1) for row in table.read_text(encoding="utf-8").splitlines() if row)
    return {first: frozenset(seconds.split()) for first, seconds in rows}


@dataclass(frozen=True)
class ClashingWords(Signal):
    """Sees two function words in a row that people do not put together: ``the of``, ``against of``, ``do este``.

    Args:
        strength: of one such pair.

    Raises:
        ConfigError: the strength is not above 0 and up to 1.
    """

    strength: float = 0.45

    def __post_init__(self) -> None:
        check_strength("garble.clashing_words.strength", self.strength)

    @property
    def family(self) -> Family:
        return "grammar"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        return None if pairs(language) else f"no table of word pairs for {language}"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        table = pairs(base_language(text.language))
        for line in text.lines:
            before = None
            for match in _TOKEN.finditer(line.text.translate(_CEDILLA)):
                # a capital inside a sentence is a name or a title: "What If", "o A"
                if before and match.group().casefold() in table.get(before.group().casefold(), ()):
                    shown = line.text[before.start() : match.end()]
                    if match.group().islower() and (before.group().islower() or before.start() == 0):
                        message = f"“{shown}”: these two words do not follow each other in this language."
                        span = (before.start(), match.end())
                        yield Evidence(name, self.family, line.segment, *span, self.strength, message)
                before = match


_DETERMINERS = {
    "masculine": "o os um uns do dos no nos ao aos este estes esse esses pelo pelos seu seus num",
    "feminine": "a as uma umas da das na nas à às esta estas essa essas pela pelas sua suas numa",
}
_SINGULAR = "um uma do da no na ao à este esta esse essa pelo pela seu sua num numa"
_PLURAL = (
    "os as uns umas dos das nos nas aos às estes estas esses essas pelos pelas seus suas dois duas três muitos muitas"
)


def _after(determiners: str, endings: str, but: str = "") -> str:
    """A pattern: one of these determiners, then a word with one of these endings that does not begin with ``but``."""
    words = "|".join(determiners.split())
    return rf"\b(?:{words}) (?!(?:{but or chr(0)}))[a-zà-öø-ü]{{3,30}}(?:{endings})\b"


# Each pattern with what it shows. Nouns in -ção and -dade are feminine, in -mento and -ismo masculine, all
# but "coração"; a plural determiner wants a plural noun.
_BROKEN: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "pt": (
        (
            re.compile(_after(_DETERMINERS["masculine"].replace("o os ", "os "), "ções|ção|dades?", "cora|concei")),
            "a masculine determiner before a feminine noun",
        ),
        (
            re.compile(_after(_DETERMINERS["feminine"].replace("a as ", "as "), "mentos?|ismos?", "prim")),
            "a feminine determiner before a masculine noun",
        ),
        (re.compile(_after(_PLURAL, "ção|dade|mento|ismo")), "a plural determiner before a singular noun"),
        (re.compile(_after(_SINGULAR, "ções|dades|mentos|ismos|gens")), "a singular determiner before a plural noun"),
        (
            re.compile(
                r"\b[a-zç]{2,20}(?:aram|eram|iram)\b[^.;:,!?“”\"«»]{1,160} e (?:[a-zç]{3,20}ou|[a-zç]{4,20}iu)\b"
            ),
            "a plural verb and a singular one share a subject",
        ),
        (
            re.compile(
                r"\bapós que\b|\bao redor \d|\btod[oa] [oa]s\b|\ba través d[aeo]|\bmais grandes?\b|\bem cima [oa]s? "
            ),
            "words that do not go together",
        ),
    ),
    "en": (
        (
            re.compile(r"\b(?:can|could|will|would|must|may|should|might) (?:being|been|is|are|was|were|has|had)\b"),
            "a modal verb before a verb that is not in its base form",
        ),
        (
            re.compile(r"\bthe (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day[,.]", re.IGNORECASE),
            "a weekday with an article and nothing that it points to",
        ),
        (
            re.compile(r"\b(?:this|each|every|another) [a-z]{2,20}(?:tions|ments|nesses|ities)\b"),
            "a singular determiner before a plural noun",
        ),
        (
            re.compile(r"\b(?:these|those|many|several|few) [a-z]{2,20}(?:tion|ness|ity)\b(?! [a-z])"),
            "a plural determiner before a singular noun",
        ),
        (
            re.compile(r"\bmore (?:big|small|old|young|high|low|long|short|near|hot|cold)\b(?! [a-z])"),
            "a false comparative",
        ),
    ),
}


@dataclass(frozen=True)
class BrokenAgreement(Signal):
    """Sees words that do not agree, by their endings: ``os cidade``, ``este aeroportos``.

    Few rules, each of which holds nearly without exception; Portuguese and English only.

    Args:
        strength: of one break.

    Raises:
        ConfigError: the strength is not above 0 and up to 1.
    """

    strength: float = 0.3

    def __post_init__(self) -> None:
        check_strength("garble.broken_agreement.strength", self.strength)

    @property
    def family(self) -> Family:
        return "grammar"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        return None if language in _BROKEN else f"no rules of agreement for {language}"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line in text.lines:
            for pattern, said in _BROKEN[base_language(text.language)]:
                for match in pattern.finditer(line.text):
                    message = f"“{match.group()}”: {said}."
                    yield Evidence(name, self.family, line.segment, *match.span(), self.strength, message)
