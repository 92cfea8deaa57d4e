"""Signs that something is said twice without need: doubled words, repeated phrases, loops, repeated segments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_least, check_strength, word_set
from mteval.gate import loop
from mteval.lang import base_language

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

_JOINED = re.compile(r"[-‑'’]|\.\w")  # the word goes on: "Boutros-Ghali", "example.com"

# Words that people rightly say twice, by language: emphasis ("foarte foarte"), grammar ("had had", "se se").
_RIGHTLY = {
    "en": word_set(
        "had that is was very so really many much more no yes bye ha now there knock blah far long never "
        "please do her his you what well hear again bla tut chop night boo hey wait way it"
    ),
    "pt": word_set(
        "muito muita se que nos já logo quase assim bem nada é era são para pouco tal como não sim blá tic lá "
        "aqui mais devagar só ah ai pois vamos passo pró tão ora"
    ),
    "ro": word_set(
        "foarte mult mai încet abia tot cât așa aşa gata nu da doar puțin puţin repede ușor uşor ce care iar "
        "ha rând bine prea bla hai fuga când unde cine și"
    ),
}

# Names that are one word said twice, wherever they are.
_NAMES = word_set(
    "colo duran bora walla baden pago sirhan boutros sing wagga lang puka paw zsa mau gonzalo bling yo ding "
    "william mahi berber lomo tuk pom cha tata aye kai chi ling ming"
)


@dataclass(frozen=True)
class DoubledWords(Signal):
    """Sees one word written twice in a row: ``de de``, ``the the``.

    Words that a language rightly doubles, numbers, single letters and doublings in the hypothesis that repeat a
    doubling in the source are not reported. Languages without a list of rightly doubled words are looked at too.

    Args:
        strength: of one doubled word in small letters.
        name_strength: of one doubled word with a capital, which some names are.
        rightly: more words that are rightly doubled.

    Raises:
        ConfigError: a strength is not above 0 and up to 1, or ``rightly`` is no list.
    """

    strength: float = 0.45
    name_strength: float = 0.45
    rightly: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_strength("garble.doubled_words.strength", self.strength)
        check_strength("garble.doubled_words.name_strength", self.name_strength)
        if isinstance(self.rightly, str):
            raise ConfigError("garble.doubled_words.rightly", f"{self.rightly!r} is one string", "give a list of words")

    @property
    def family(self) -> Family:
        return "repetition"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        allowed = _RIGHTLY.get(base_language(text.language), frozenset()) | {w.casefold() for w in self.rightly}
        for line in text.lines:
            doubled = list(_doubled(line.text))
            if not doubled or (line.source and any(True for _ in _doubled(line.source))):
                continue
            for word, start, end in doubled:
                capital = word[0].isupper() and start > 0
                if word.casefold() in (_NAMES if word[0].isupper() else allowed):
                    continue
                if word[0].isupper() and word.casefold() in allowed:
                    continue
                strength = self.name_strength if capital else self.strength
                message = f"“{word}” is written twice in a row."
                yield Evidence(name, self.family, line.segment, start, end, strength, message)


def _doubled(text: str) -> Iterator[tuple[str, int, int]]:
    """Words that follow themselves with only white space between: the word, and where both stand."""
    before = None
    run = False
    for match in _WORD.finditer(text):
        same = (
            before is not None
            and match.group().casefold() == before.group().casefold()
            and match.group()[0].isupper() <= before.group()[0].isupper()  # "em Em" begins a title
            and text[before.end() : match.start()].isspace()
            and not _JOINED.match(text, match.end())
            and text[max(0, before.start() - 1) : before.start()] not in ("-", "‑", "'", "’", ".")
            and not any(c.isdigit() for c in match.group())
            and len(match.group()) > 1
        )
        if same and before is not None and not run:
            yield before.group(), before.start(), match.end()
        run = same
        before = match


@dataclass(frozen=True)
class RepeatedPhrases(Signal):
    """Sees a phrase said twice within a segment, one phrase said over and over, and a segment said again and again.

    People repeat too, to list or to stress, so a phrase counts only if it is long, has words of substance, and is no
    translation of a phrase that the source repeats.

    Args:
        words: how many words a phrase must have.
        strength: of a phrase of that length; it grows by a quarter with each further word, up to twice.
        loop_strength: of a phrase that follows itself four times or more and fills half of its segment.
        segment_strength: of a segment of at least six words that has been said at least twice before for other sources.

    Raises:
        ConfigError: a strength is not above 0 and up to 1, or phrases may be shorter than three words.
    """

    words: int = 4
    strength: float = 0.1
    loop_strength: float = 0.9
    segment_strength: float = 0.5

    def __post_init__(self) -> None:
        check_least("garble.repeated_phrases.words", self.words, 3)
        check_strength("garble.repeated_phrases.strength", self.strength)
        check_strength("garble.repeated_phrases.loop_strength", self.loop_strength)
        check_strength("garble.repeated_phrases.segment_strength", self.segment_strength)

    @property
    def family(self) -> Family:
        return "repetition"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        said: Counter[str] = Counter()
        sources: dict[str, set[str | None]] = {}
        for line in text.lines:
            key = " ".join(_WORD.findall(line.text)).casefold()
            said[key] += 1
            sources.setdefault(key, set()).add(line.source)
            distinct = line.source is not None and len(sources[key]) > 2
            if said[key] > 2 and distinct and key.count(" ") >= 5:
                message = f"The whole segment has been said {said[key] - 1} times before, for other sources."
                yield Evidence(name, self.family, line.segment, 0, len(line.text), self.segment_strength, message)
            found = loop(line.text)
            if found is not None:
                if not (line.source and loop(line.source)):
                    start, end, times, phrase = found
                    message = f"“{phrase}” is said {times} times in a row."
                    yield Evidence(name, self.family, line.segment, start, end, self.loop_strength, message)
                continue
            if line.source and _twice(line.source, max(2, self.words - 2)):
                continue
            for start, end, length in _twice(line.text, self.words):
                strength = min(1.0, self.strength * min(2.0, 1 + (length - self.words) / 4))
                message = f"“{line.text[start:end]}” ({length} words) is said twice in one sentence."
                yield Evidence(name, self.family, line.segment, start, end, strength, message)


def _twice(text: str, size: int) -> list[tuple[int, int, int]]:
    """Phrases of at least ``size`` words that are said a second time, without overlap: start, end, words of that."""
    found = list(_WORD.finditer(text))
    said = [match.group().casefold() for match in found]
    first: dict[tuple[str, ...], int] = {}
    spans: list[tuple[int, int, int]] = []
    index = 0
    while index <= len(said) - size:
        earlier = first.setdefault(tuple(said[index : index + size]), index)
        length = size
        if earlier + size <= index:
            while length < 60 and index + length < len(said) and earlier + length < index:
                if said[earlier + length] != said[index + length]:
                    break
                length += 1
            # two words of substance at least: "de um lado para o" and "at the end of the" repeat by chance
            if sum(len(word) >= 4 and not word.isdigit() for word in set(said[index : index + length])) >= 2:
                spans.append((found[index].start(), found[index + length - 1].end(), length))
                index += length
                continue
        index += 1
    return spans
