"""Signs of another language inside a text: words left untranslated, foreign letters, stretches of another language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_least, check_strength, word_set
from mteval.identification import identify
from mteval.lang import base_language

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@lru_cache(maxsize=20_000)
def _likelihood(word: str, target: str, source: str) -> float | None:
    """How likely a single word is in the target language; ``None`` if the identifier does not know a language."""
    return identify(word, frozenset((target, source))).get(target)


@dataclass(frozen=True)
class UntranslatedWords(Signal):
    """Sees words of the source that stand unchanged in the hypothesis and are no words of its language.

    Only words in small letters count (names rightly stay as they are), and only those that n-gram statistics find very
    unlikely in the target language, as words that both languages share are not (``hotel``, ``animal``). Untranslated
    words side by side are one piece of evidence. A hypothesis that copies most of its source is the gate's to mark.

    Args:
        strength: of one word; a stretch of several has more, up to twice.
        loan_strength: the same of words of English, which every language borrows.
        likelihood: the probability of the target language up to which a word counts as foreign.
        letters: words with fewer letters are not looked at.

    Raises:
        ConfigError: a strength or the likelihood is not above 0 and up to 1, or ``letters`` is below 3.
    """

    strength: float = 0.45
    loan_strength: float = 0.15
    likelihood: float = 0.03
    letters: int = 4

    def __post_init__(self) -> None:
        check_strength("garble.untranslated_words.strength", self.strength)
        check_strength("garble.untranslated_words.loan_strength", self.loan_strength)
        check_strength("garble.untranslated_words.likelihood", self.likelihood)
        check_least("garble.untranslated_words.letters", self.letters, 3)

    @property
    def family(self) -> Family:
        return "language"

    def blind(self, text: Text) -> str | None:
        if text.system is None or text.source_language is None:
            return "a source document has no source"
        if all(line.source is None for line in text.lines):
            return "no sources"
        target, source = base_language(text.language), base_language(text.source_language)
        if target == source:
            return "the source is in the same language"
        if _likelihood("word", target, source) is None:
            return f"the language identifier does not know {target} and {source} both"
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        target, source = base_language(text.language), base_language(text.source_language or "")
        each = self.loan_strength if source == "en" else self.strength
        for line in text.lines:
            if line.source is None:
                continue
            theirs = set(_WORD.findall(line.source))
            run: list[re.Match[str]] = []
            for match in _WORD.finditer(line.text):
                word = match.group()
                left = (
                    word in theirs
                    and word.islower()
                    and self.letters <= len(word) <= 40
                    and (_likelihood(word, target, source) or 0.0) <= self.likelihood
                )
                if left:
                    run.append(match)
                elif run:
                    yield self._evidence(name, line.segment, line.text, run, each)
                    run = []
            if run:
                yield self._evidence(name, line.segment, line.text, run, each)

    def _evidence(self, name: str, segment: str, text: str, run: list[re.Match[str]], each: float) -> Evidence:
        start, end = run[0].start(), run[-1].end()
        strength = min(1.0, each * min(2.0, 1 + (len(run) - 1) / 2))
        message = f"“{text[start:end]}” is left as it stands in the source."
        return Evidence(name, self.family, segment, start, end, strength, message)


# Letters beyond a to z of each language's words, and of loans that its dictionaries spell with them.
_LETTERS = {
    "en": frozenset("éêèçïñöüâæœ"),
    "pt": frozenset("áàâãéêíóôõúçüèñ"),
    "ro": frozenset("ǎăâîșțşţéãêáíóúàèöü"),  # ǎ is often typed for ă
    "es": frozenset("áéíóúüñ"),
}
_LOANS = re.compile(
    r"caf[eé]|clich[eé]|na[iï]ve|fa[cç]ade|d[eé]j[aà]|vu|r[eé]sum[eé]s?|fianc[eé]e?s?|expos[eé]|touch[eé]|jalape[nñ]os?|"
    r"pi[nñ]ata|se[nñ]ora?|crème|br[uû]l[eé]e|protégée?s?|cr[eê]pes?|soufflé|pâté|papier-mâché|communiqué|décor|début|"
    r"entrée|émigrés?|élite|garçon|soirée|vis-à-vis|raison|d'être|tête-à-tête|coup|d['’]état|études?|über|blasé|"
    r"cafés|purée|risqué|passé|touché|sauté(?:ed)?|premières?|première|cortège|doppelgänger|smörgåsbord|façades?|açaí|"
    r"caipirinha|sertão|favela|São|niños?|mañana|piñatas?|cañon|añejo|español"
)


@dataclass(frozen=True)
class ForeignLetters(Signal):
    """Sees words in small letters with letters that the text's language does not use: ``imprimível`` in English.

    English is judged more finely: all its words with an accent are loans, and only known ones pass.

    Args:
        strength: of one word.

    Raises:
        ConfigError: the strength is not above 0 and up to 1.
    """

    strength: float = 0.4

    def __post_init__(self) -> None:
        check_strength("garble.foreign_letters.strength", self.strength)

    @property
    def family(self) -> Family:
        return "language"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        return None if language in _LETTERS else f"no table of letters for {language}"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        language = base_language(text.language)
        known = _LETTERS[language]
        for line in text.lines:
            for match in _WORD.finditer(line.text):
                word = match.group()
                if not word.islower() or word.isascii() or len(word) < 4:
                    continue
                foreign = {c for c in word if _is_latin(c) and c not in known}
                if language == "en":
                    foreign = set() if _LOANS.fullmatch(word) else {c for c in word if _is_latin(c)}
                if foreign:
                    letters = ", ".join(sorted(foreign))
                    message = f"“{word}” is spelled with {letters}, as words of this language are not."
                    yield Evidence(name, self.family, line.segment, *match.span(), self.strength, message)


def _is_latin(letter: str) -> bool:
    """Whether this is a Latin letter beyond a to z; Greek ones are mathematics."""
    return not letter.isascii() and "LATIN" in unicodedata.name(letter, "")


# Function words by language; a word that several of them have says nothing and is dropped below.
_FUNCTION = {
    "en": "the of and with which that this these those from was were have has had they their would by is are "
    "what when where be been it its not you your for on an at or but she he his her we our there because "
    "while",
    "pt": "não uma umas com para pelo pela pelos pelas dos das são mas muito também isso isto ele ela seu sua "
    "seus foi os às ao aos mais um uns em do da no na nos nas que se de é está ou já quando como porque "
    "por entre",
    "es": "el los las una con por pero y del muy también fue su sus es en más está hay lo que se de la un como "
    "cuando ya para sin sobre esta este son era ha al porque o no ni",
    "fr": "le les des du et dans est une qui pour avec sur pas cette sont par au aux un la de que ne ce il elle "
    "nous vous mais ou où leur ses",
    "it": "il gli della delle dei degli che è non per con sono una anche un la le di del nel nella da si ma "
    "come più alla",
    "de": "der die das und nicht ist mit von zu den ein eine auf für dem des im sich auch wird sind war bei nach oder",
    "ro": "și şi în cu pe din care este sunt pentru nu să că mai la un o lui ale al a ai cel cea după fost de "
    "se prin dar când lor acest această ca este au fi",
}
_OF = {language: word_set(said) for language, said in _FUNCTION.items()}
_ONLY = {
    word: language
    for language, said in _OF.items()
    for word in said
    if len(word) > 1  # a lone letter is a variable, a list item or a word of any language
    and not any(word in other for code, other in _OF.items() if code != language)
}


@dataclass(frozen=True)
class ForeignStretches(Signal):
    """Sees a stretch of another language: its function words close together, with none of the text's own between.

    Titles (capitals) and stretches that stand in the source's very words, in a third language, are not reported.

    Args:
        strength: of a stretch with as few function words as count.
        least: how many different function words of the other language must follow each other.
        gap: how many other words may stand between two of them.

    Raises:
        ConfigError: the strength is not above 0 and up to 1, or ``least`` is below 2, or ``gap`` below 0.
    """

    strength: float = 0.5
    least: int = 3
    gap: int = 3

    def __post_init__(self) -> None:
        check_strength("garble.foreign_stretches.strength", self.strength)
        check_least("garble.foreign_stretches.least", self.least, 2)
        check_least("garble.foreign_stretches.gap", self.gap, 0)

    @property
    def family(self) -> Family:
        return "language"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        return None if language in _OF else f"no list of function words for {language}"

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        own = _OF[base_language(text.language)]
        origin = base_language(text.source_language) if text.source_language else None
        for line in text.lines:
            found = list(_WORD.finditer(line.text))
            run: list[int] = []
            other: str | None = None
            for index, match in enumerate([*found, None]):
                word = match.group().casefold() if match else ""
                language = None if word in own else _ONLY.get(word)
                broken = match is None or word in own or (language is not None and language != other)
                if run and (broken or index - run[-1] > self.gap + 1):
                    if len({found[i].group().casefold() for i in run}) >= self.least and other is not None:
                        stretch = found[run[0] : run[-1] + 1]
                        quoted = line.source and line.text[stretch[0].start() : stretch[-1].end()] in line.source
                        if _running_text(stretch) and not (quoted and other != origin):
                            yield self._evidence(name, line.segment, line.text, stretch, other, len(run))
                    run, other = [], None
                if language is not None:
                    run.append(index)
                    other = language

    def _evidence(
        self, name: str, segment: str, text: str, stretch: list[re.Match[str]], other: str, count: int
    ) -> Evidence:
        start, end = stretch[0].start(), stretch[-1].end()
        shown = text[start:end] if end - start <= 80 else f"{text[start : start + 80]}…"
        message = f"“{shown}” reads as {other}."
        strength = min(1.0, self.strength * min(2.0, count / self.least))
        return Evidence(name, self.family, segment, start, end, strength, message)


def _running_text(stretch: list[re.Match[str]]) -> bool:
    """Whether a stretch is running text, not a title: small letters outnumber capitals."""
    content = [match.group() for match in stretch if match.group().casefold() not in _ONLY]
    small = sum(word.islower() for word in content)
    return small >= 1 and small * 2 > len(content)
