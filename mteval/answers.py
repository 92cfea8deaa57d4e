"""What a chat model says in place of a translation, or around one: looked for with care, since people say such things.

A translation that says the like because its source does is none of it. So a pattern counts only where the source holds
no word of that sort, and most of what models add is told by where it stands: before a colon, or in a paragraph that the
source does not have. No pattern looks further than a fixed number of letters, so time grows with a text's length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mteval.answers_tongues import NEAR, TONGUES

Span = tuple[int, int]

_ALIKE = (("’", "'"), ("‘", "'"), ("ʼ", "'"), ("\u00a0", " "), ("\u202f", " "))
_OPENING = r"[\"'“”„«»*_#>(\[\s]{0,8}"

_TRANSLATES = re.compile(
    r"tradu[cçtzs]|übersetz|translat|vertal|översät|oversæt|oversett|переве|перево|переклад|превод|prevod|překlad"
    r"|preklad|tłumacz|przek[łl]a|fordít|käänn|käänt|tõlk|tõlgi|çevir|tercüme|μετ[αά]φρ|ترجم|תרג|अनुवाद|उल्था"
    r"|පරිවර්තන|翻译|翻譯|翻訳|번역|dịch|แปล|terjemah|itzul|tulk|vertim|versi[oóõ]n|verzi|version",
    re.IGNORECASE,
)
_ARTIFICIAL = re.compile(
    r"\b(?:A\.?I\.?|I\.?A\.?|K\.?I\.?|ИИ|ШІ|GPT)\b|artifi[cz]i|inteligen|künstlich|искусствен|штучн|人工|인공|chatbot"
    r"|modelo|model[eu]?\b|modèle|modell|модел|模型|assist|asist|ассист",
    re.IGNORECASE,
)
_SORRY_OR_HELP = re.compile(
    r"desculp|lament|sinto|perd[ãaoó]|infeliz|pare rău|pare rau|scuz|regret|din păcate|din pacate|iert|siento|disculp"
    r"|desgraci|désol|malheur|excus|pardon|\bleid|entschuldig|leider|bedau|verzeih|dispiac|spiac|scus|purtroppo|sorry"
    r"|afraid|unfortun|apolog|ajud|ajut|ayud|aid|hilf|helf|aiut|assist|asist|atend|help|pedid|petici|cerer|demande"
    r"|anfrag|richiest|solicit|request|conte[nú]|contin|inhalt",
    re.IGNORECASE,
)
_NOTES = re.compile(
    r"\bnot[aeăk]|anmerk|hinweis|remarqu|observ|obs\b|примеч|прим\.|замет|注|備考|참고|ملاحظ", re.IGNORECASE
)


_LEAKED = re.compile(
    r"</?think(?:ing)?>|<\|[a-z_]{2,30}\|>|\[/?INST\]|<(?:start|end)_of_turn>|<\uff5c[^<>\n]{1,30}\uff5c>",
    re.IGNORECASE,
)
_FENCE = "```"


# Models that are given nothing, or think so, ask for a text; and some add a note in the same breath.
_ASKS = re.compile(
    rf"{_OPENING}(?:(?:it (?:seems|looks like|appears)|i(?:'m"
    rf"| am) sorry)\b[^.!?\n]{{0,100}}[.!?,]\s{{1,2}}(?:but )?)?"
    r"(?:(?:could you )?please (?:provide|share|paste|enter)\b|there (?:is|seems to be|appears to be) no\b"
    r"|it (?:seems|looks like|appears) (?:that )?(?:there is no|you (?:haven't|have not|didn't|did not))\b"
    r"|you (?:haven't|have not|didn't|did not) provided?\b)[^.!?\n]{0,60}?\btranslat",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"[.!?\"”»)]\s{1,2}[(\[*_]{0,3}(?:translator's |translation )?note\s?:[^\n]{0,160}?\btranslat", re.IGNORECASE
)


@dataclass(frozen=True)
class _Patterns:
    """A language's patterns, each tried where it must begin."""

    translate: re.Pattern[str]
    artificial: re.Pattern[str]
    help: re.Pattern[str]
    intro: re.Pattern[str]
    notes: re.Pattern[str]


@lru_cache(maxsize=16)
def _patterns(language: str) -> _Patterns:
    said = TONGUES[language]
    start = rf"{_OPENING}(?:{said.sorry}{NEAR}\b)?"
    cheer = rf"(?:{said.sure}\s{{0,2}}[!,.:]{{1,3}}\s{{0,3}})"
    ends = r"[\"'”»*_)\]]{0,4}\s{0,2}(?::|\n|$)"
    intro = (
        rf"{_OPENING}(?:{cheer}?{said.here}\b[^.!?:\n]{{0,60}}?{said.translate}[^.!?:\n]{{0,80}}{ends}"
        rf"|{cheer}?{said.translation}(?: \([^()\n]{{1,30}}\))?(?: (?:of|from|to|into|in|de|din|von"
        rf"|da)\b[^:\n]{{0,60}})?"
        rf"[\"'”»*_)\]]{{0,4}}\s{{0,2}}:"
        rf"|{cheer}[^\n:]{{0,80}}?{said.translate}[^\n:]{{0,60}}:)"
    )
    return _Patterns(
        re.compile(rf"{start}{said.cannot}\b{NEAR}\b{said.translate}", re.IGNORECASE),
        re.compile(rf"{start}{said.artificial}", re.IGNORECASE),
        re.compile(rf"{start}{said.cannot}\b{NEAR}\b{said.help}", re.IGNORECASE),
        re.compile(intro, re.IGNORECASE),
        re.compile(rf"{_OPENING}{said.notes}", re.IGNORECASE),
    )


def refusal(source: str, hypothesis: str, languages: frozenset[str]) -> Span | None:
    """Where a hypothesis says that its author cannot or will not translate: ``I'm sorry, but I can't translate …``.

    Args:
        languages: base codes of the languages of both texts; models refuse in either, and in English.
    """
    text = _alike(hypothesis)
    start = len(text) - len(text.lstrip())
    if (found := _ASKS.match(text, start)) and not _TRANSLATES.search(source):
        return start, found.end()
    for code in _spoken(languages):
        patterns = _patterns(code)
        if (found := patterns.translate.match(text, start)) and not _TRANSLATES.search(source):
            return start, found.end()
        if (found := patterns.artificial.match(text, start)) and not _ARTIFICIAL.search(source):
            return start, found.end()
        known = languages <= set(TONGUES)  # or nobody can say whether the source begs pardon
        if known and (found := patterns.help.match(text, start)) and not _SORRY_OR_HELP.search(source):
            return start, found.end()
    return None


def chatter(source: str, hypothesis: str, languages: frozenset[str]) -> Span | None:
    """Where a hypothesis speaks of itself beside translating: ``Here is the translation:``, thoughts, a note, a fence.

    Args:
        languages: base codes of the languages of both texts.

    Returns:
        The first that is found; thoughts to their end.
    """
    text = _alike(hypothesis)
    start = len(text) - len(text.lstrip())
    for leaked in _LEAKED.finditer(text) if "<" in text or "[" in text else ():
        if leaked.group() not in source:
            closing = text.rfind("</think")
            return min(leaked.start(), closing if closing > 0 else leaked.start()), max(leaked.end(), closing + 8)
    if _FENCE not in source and (fenced := _fence(text, start)):
        return fenced
    # Hypotheses are searched first: in nearly all of them nothing is found, and the source need not be looked at.
    for code in _spoken(languages):
        if (found := _patterns(code).intro.match(text, start)) and not _TRANSLATES.search(source):
            return start, found.end()
    if (found := _ASIDE.search(text)) and not _TRANSLATES.search(source) and not _NOTES.search(source):
        return found.start() + 1, len(text.rstrip())
    return _note(source, text, languages)


def _alike(text: str) -> str:
    """A text with one kind of apostrophe and of space; each letter stays in its place."""
    if not text.isascii():
        for letter, plain in _ALIKE:
            text = text.replace(letter, plain)
    return text


def _lines(text: str) -> int:
    """How many lines of a text hold anything."""
    return sum(map(bool, map(str.strip, text.splitlines())))


def _spoken(languages: frozenset[str]) -> Iterator[str]:
    """The languages that models may speak in here, as far as their ways are known."""
    return (code for code in TONGUES if code == "en" or code in languages)


def _fence(text: str, start: int) -> Span | None:
    """The mark that begins or ends a block of code that is all the text, or ends it."""
    end = len(text.rstrip())
    if text.startswith(_FENCE, start):
        return start, start + len(_FENCE)
    if text.endswith(_FENCE, start, end) and text[:end].rpartition("\n")[2].strip() == _FENCE:
        return end - len(_FENCE), end
    return None


def _note(source: str, text: str, languages: frozenset[str]) -> Span | None:
    """A paragraph of its own, where the source has none, that speaks of the translation or to the reader."""
    if _lines(text) <= _lines(source) or _NOTES.search(source) or _TRANSLATES.search(source):
        return None
    at = 0
    seen = False
    for line in text.splitlines(keepends=True):
        if seen and line.strip():
            for code in _spoken(languages):
                if _patterns(code).notes.match(line):
                    return at, len(text.rstrip())
        seen = seen or bool(line.strip())
        at += len(line)
    return None
