"""Signs of names gone wrong: acronyms that lost their capitals, one name spelled in two ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_least, check_strength, word_set

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýăœ]")

# How words and names of Latin script begin with two consonants, foreign names among them; a word that begins otherwise
# is nearly always an acronym or a code.
_ONSETS = word_set(
    "bd bh bj bl br bw cc ch cl cm cn cr cs ct cv cz dh dj dl dm dn dr dv dw dz fj fl fr gh gj gl gm gn "
    "gr gw hj hl hm hr hs hv hw jh kh kj kk kl km kn kr ks kt kv kw lh ll lv lw mb mc mk ml mn mr mw nd "
    "ng nh nj nk nn ns nt nw nz ph pf pl pn pr ps pt qw rh rj rw sb sc sd sf sg sh sj sk sl sm sn sp sq "
    "sr ss st sv sw sz șc șf șl șm șn șp șt șv tc tb th tj tk tl tm tr ts tv tw tz țv vl vr vs wh wl wr xb xc "
    "xh xm zb zd zg zh zl zm zn zs zv zw"
)


@dataclass(frozen=True)
class LoweredAcronyms(Signal):
    """Sees an acronym whose capitals were lost: ``Unhcr``, by itself or beside ``UNHCR``.

    An acronym that can be read aloud may rightly lose its capitals (``Unicef``), so only words of three to five letters
    count that begin as no word does, each once a document; strength is higher where the document also has the acronym
    in capitals.

    Args:
        strength: of a word that only looks like an acronym.
        strength_both: of one that the document also has in capitals.

    Raises:
        ConfigError: a strength is not above 0 and up to 1.
    """

    strength: float = 0.25
    strength_both: float = 0.4

    def __post_init__(self) -> None:
        check_strength("garble.lowered_acronyms.strength", self.strength)
        check_strength("garble.lowered_acronyms.strength_both", self.strength_both)

    @property
    def family(self) -> Family:
        return "consistency"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        capitals = {w for line in text.lines for w in _WORD.findall(line.text) if w.isupper() and len(w) >= 3}
        told: set[str] = set()
        for line in text.lines:
            for match in _WORD.finditer(line.text):
                word = match.group()
                if word in told or not 3 <= len(word) <= 5 or not word[0].isupper() or not word[1:].islower():
                    continue
                if line.source and word in line.source:
                    continue  # the source's own spelling
                if _readable(word.casefold()):
                    continue
                told.add(word)
                both = word.upper() in capitals
                beside = f", which the document also writes {word.upper()}" if both else ""
                message = f"“{word}” looks like an acronym that lost its capitals{beside}."
                strength = self.strength_both if both else self.strength
                yield Evidence(name, self.family, line.segment, *match.span(), strength, message)


def _readable(word: str) -> bool:
    """Whether a word begins as words do; abbreviations without a vowel (``Mrs``, ``Ltd``) pass as well."""
    vowel = _VOWEL.search(word)
    if vowel is None or not word.isalpha():
        return True
    onset = word[: vowel.start()]
    return len(onset) < 2 or onset[:2] in _ONSETS


@dataclass(frozen=True)
class NameSpellings(Signal):
    """Sees a name spelled in two ways in one document: ``Beijing`` and ``Pequim``.

    Only spellings count that differ in one letter before the ending (names are inflected), or in a final ``w``, ``y``
    or ``k`` against another letter (an English ending beside a local one). Spellings that the source has both, and
    ones that are both frequent enough to be two names, are not reported.

    Args:
        strength: of one name.
        letters: names with fewer letters are not compared.

    Raises:
        ConfigError: the strength is not above 0 and up to 1, or ``letters`` is below 4.
    """

    strength: float = 0.2
    letters: int = 6

    def __post_init__(self) -> None:
        check_strength("garble.name_spellings.strength", self.strength)
        check_least("garble.name_spellings.letters", self.letters, 4)

    @property
    def family(self) -> Family:
        return "consistency"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        places: dict[str, list[tuple[str, int, int]]] = {}
        small = {w for line in text.lines for w in _WORD.findall(line.text) if w.islower()}
        sources = {w for line in text.lines if line.source for w in _WORD.findall(line.source)}
        for line in text.lines:
            for match in re.finditer(r"[^\W\d_]+", line.text):
                word = match.group()
                if self.letters <= len(word) <= 30 and word[0].isupper() and word[1:].islower() and match.start() > 0:
                    places.setdefault(word, []).append((line.segment, *match.span()))
        seen: dict[str, str] = {}
        for word, where in places.items():
            if word.casefold() in small:
                continue
            twin = next((seen[key] for key in _keys(word) if key in seen and _same_name(seen[key], word)), None)
            for key in _keys(word):
                seen.setdefault(key, word)
            if twin is None or (word in sources and twin in sources):
                continue
            rarer, other = (word, twin) if len(where) <= len(places[twin]) else (twin, word)
            segment, start, end = places[rarer][0]
            message = f"“{rarer}” and “{other}” look like one name spelled in two ways."
            yield Evidence(name, self.family, segment, start, end, self.strength, message)


def _keys(word: str) -> list[str]:
    """The word with each one of its letters blotted out or left out: two words that share one differ in one letter."""
    return [word[:i] + "*" + word[i + 1 :] for i in range(1, len(word))] + [
        word[:i] + "*" + word[i:] for i in range(1, len(word) + 1)
    ]


def _same_name(one: str, other: str) -> bool:
    """Whether two words are one letter apart in a way that inflection does not explain."""
    if one == other:
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    tail = max(len(one), len(other)) - at
    pair = {one[at : at + 1], other[at : at + 1]}
    if len(one) == len(other) and tail <= 2:
        return tail == 1 and bool(pair & {"w", "y", "k"})
    return tail > 3 or bool(pair & {"w", "y", "k"})
