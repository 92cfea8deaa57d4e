"""The gate: marks hypotheses that no metric can be trusted on, before any metric sees them; it changes no score."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from mteval import answers
from mteval.errors import ConfigError
from mteval.identification import identify_all
from mteval.lang import LangPair, base_language

MarkKind = Literal["empty", "copied", "wrong_language", "looped", "refusal", "chatter", "length_ratio", "html_entities"]
MARK_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Scripts that are written without spaces between words: each character of theirs is taken for a word.
_DENSE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_DENSE}]|[^\W{_DENSE}]+")
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SYLLABLE = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_LONGEST_LOOP = 40
"""Words of a phrase whose repetition is looked for; time grows with it."""
_BATCH = 4096
"""Hypotheses that are looked at together, so that the languages of a million need no memory of their own."""


@dataclass(frozen=True)
class Mark:
    """One thing the gate saw in a hypothesis.

    Attributes:
        kind: what.
        message: a sentence a person understands.
        start, end: the characters of the hypothesis that show it, end exclusive.
    """

    kind: MarkKind
    message: str
    start: int
    end: int


def words(text: str) -> list[str]:
    """The words of a text, case folded, without punctuation; single characters where a script has no spaces."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def length(text: str) -> int:
    """How long a text is in letters: an ideograph counts as three, a kana or a Korean syllable as two.

    That is about what alphabets need to say the same, so that lengths can be compared across scripts.
    """
    stripped = text.strip()
    if stripped.isascii():
        return len(stripped)
    return len(stripped) + 2 * len(_IDEOGRAPH.findall(stripped)) + len(_SYLLABLE.findall(stripped))


def entities(text: str) -> list[tuple[int, int]]:
    """Where a text holds HTML entities that decode to another text: ``&#39;``, ``&quot;``."""
    if "&" not in text:
        return []
    return [m.span() for m in _ENTITY.finditer(text) if html.unescape(m.group()) != m.group()]


def loop(text: str, *, repeats: int = 4, share: float = 0.5) -> tuple[int, int, int, str] | None:
    """The longest run of one phrase said over and over.

    Args:
        repeats: how often the phrase must follow itself.
        share: the share of the text's words that the run must make up.

    Returns:
        Start and end of the run in characters, how often the phrase is said, and the phrase; ``None`` without a loop.
    """
    found = list(_WORD.finditer(text))
    said = [match.group().casefold() for match in found]
    often = sum(count for count in Counter(said).values() if count >= repeats)
    if often < share * len(said):  # each word of a run is said at least so often, so there is none: that is soon known
        return None
    best: tuple[int, int, int, int] | None = None
    for size in range(1, min(_LONGEST_LOOP, len(said) // repeats) + 1):
        matching = 0
        for index in range(size, len(said) + 1):
            if index < len(said) and said[index] == said[index - size]:
                matching += 1
                continue
            times = matching // size + 1
            if times >= repeats and (best is None or times * size > best[1] - best[0]):
                first = index - matching - size
                best = (first, first + times * size, times, size)
            matching = 0
    if best is None or best[1] - best[0] < share * len(said):
        return None
    first, last, times, size = best
    phrase = text[found[first].start() : found[first + size - 1].end()]
    return found[first].start(), found[last - 1].end(), times, phrase


class Gate:
    """Marks what no metric can be trusted on.

    Args:
        copied_share: a hypothesis is *copied* when at least this share of its words is the source's, in any order.
        language_words: the language is judged only of hypotheses with at least this many words in small letters (or in
            a script that has none).
        language_margin: it is *wrong* when another language is likelier than the target by at least this.
        loop_repeats: how often a phrase must follow itself to be *looped*.
        loop_share: the share of the hypothesis that the loop must make up.
        length_low, length_high: bounds of the hypothesis's length to the source's, as ``length`` counts it.
        length_slack: letters by which short texts may miss those bounds.
    """

    def __init__(
        self,
        copied_share: float = 0.9,
        language_words: int = 6,
        language_margin: float = 0.5,
        loop_repeats: int = 4,
        loop_share: float = 0.4,
        length_low: float = 0.5,
        length_high: float = 2.0,
        length_slack: int = 20,
    ) -> None:
        for name, value in {
            "copied_share": copied_share,
            "language_margin": language_margin,
            "loop_share": loop_share,
        }.items():
            if not 0 < value <= 1:
                raise ConfigError(f"gate.{name}", f"{value} is not a share", "give a number above 0 and up to 1")
        if not 0 < length_low < 1 < length_high:
            raise ConfigError(
                "gate.length_low", f"{length_low} and {length_high} do not enclose 1", "give e.g. 0.5 and 2.0"
            )
        if loop_repeats < 2:
            raise ConfigError("gate.loop_repeats", f"{loop_repeats} is no repetition", "give at least 2")
        self.copied_share = copied_share
        self.language_words = language_words
        self.language_margin = language_margin
        self.loop_repeats = loop_repeats
        self.loop_share = loop_share
        self.length_low = length_low
        self.length_high = length_high
        self.length_slack = length_slack

    def marks(self, source: str, hypothesis: str, pair: LangPair) -> tuple[Mark, ...]:
        """Everything the gate sees in one hypothesis; most have no mark."""
        (marks,) = self.marks_of([source], [hypothesis], pair)
        return marks

    def marks_of(
        self,
        sources: Sequence[str],
        hypotheses: Sequence[str],
        pair: LangPair,
        advance: Callable[[int], None] = lambda texts: None,
    ) -> tuple[tuple[Mark, ...], ...]:
        """Everything the gate sees in each of many hypotheses, whose languages are identified on all cores.

        Args:
            sources, hypotheses: segment by segment.
            advance: is told how many more hypotheses are done.
        """
        languages = _languages(pair)
        made: list[tuple[Mark, ...]] = []
        for start in range(0, len(hypotheses), _BATCH):
            batch = hypotheses[start : start + _BATCH]
            said = [self._said(hypothesis) for hypothesis in batch]
            asked = list(dict.fromkeys(text for text in said if text is not None))
            likely = dict(zip(asked, identify_all(asked, languages), strict=True))
            for source, hypothesis, text in zip(sources[start : start + _BATCH], batch, said, strict=True):
                made.append(self._marks(source, hypothesis, pair, likely[text] if text is not None else {}))
            advance(len(batch))
        return tuple(made)

    def _marks(self, source: str, hypothesis: str, pair: LangPair, likely: Mapping[str, float]) -> tuple[Mark, ...]:
        languages = _languages(pair)
        if not hypothesis.strip():
            return (Mark("empty", "The hypothesis is empty.", 0, len(hypothesis)),) if source.strip() else ()
        marks = [
            None if pair.round_trip else self._copied(source, hypothesis),  # there the source is the right answer
            self._wrong_language(hypothesis, pair, likely),
            self._looped(source, hypothesis),
            self._refusal(source, hypothesis, languages),
            self._chatter(source, hypothesis, languages),
            self._length_ratio(source, hypothesis),
            self._html_entities(source, hypothesis),
        ]
        return tuple(mark for mark in marks if mark is not None)

    def _copied(self, source: str, hypothesis: str) -> Mark | None:
        theirs, ours = words(source), words(hypothesis)
        if len(ours) < 4:  # names, numbers and headings are rightly the same in both languages
            return None
        common = sum((Counter(theirs) & Counter(ours)).values())
        share = common / max(len(theirs), len(ours))
        if share < self.copied_share:
            return None
        return Mark("copied", f"The hypothesis is the source ({share:.0%} of its words).", 0, len(hypothesis))

    def _said(self, hypothesis: str) -> str | None:
        """What a hypothesis's language is told by; ``None`` if that is too little."""
        # Names are of no language: a list of Italian villages in an English sentence does not make it Italian.
        said = [word for word in hypothesis.split() if not word.lstrip("\"'([“„«‘¿¡-–—")[:1].isupper()]
        text = " ".join(said)
        plain = sum(word.isascii() and word.isalpha() for word in said)  # words, whatever ``words`` makes of the others
        return text if plain >= self.language_words or len(words(text)) >= self.language_words else None

    def _wrong_language(self, hypothesis: str, pair: LangPair, likely: Mapping[str, float]) -> Mark | None:
        if not likely:
            return None
        target = base_language(pair.target)
        best = next(iter(likely))
        if best == target or likely[best] - likely[target] < self.language_margin:
            return None
        message = f"The hypothesis reads as {best} ({likely[best]:.2f}), not as {target} ({likely[target]:.2f})."
        return Mark("wrong_language", message, 0, len(hypothesis))

    def _looped(self, source: str, hypothesis: str) -> Mark | None:
        found = loop(hypothesis, repeats=self.loop_repeats, share=self.loop_share)
        if found is None or loop(source, repeats=self.loop_repeats, share=self.loop_share) is not None:
            return None
        start, end, times, phrase = found
        return Mark("looped", f"“{phrase}” is said {times} times in a row.", start, end)

    def _refusal(self, source: str, hypothesis: str, languages: frozenset[str]) -> Mark | None:
        found = answers.refusal(source, hypothesis, languages)
        if found is None:
            return None
        return Mark("refusal", f"Instead of a translation, a refusal: “{_short(hypothesis, found)}”.", *found)

    def _chatter(self, source: str, hypothesis: str, languages: frozenset[str]) -> Mark | None:
        found = answers.chatter(source, hypothesis, languages)
        if found is None:
            return None
        return Mark("chatter", f"What a chat model says beside the translation: “{_short(hypothesis, found)}”.", *found)

    def _length_ratio(self, source: str, hypothesis: str) -> Mark | None:
        theirs, ours = length(source), length(hypothesis)
        low, high = self.length_low * theirs - self.length_slack, self.length_high * theirs + self.length_slack
        if low <= ours <= high:
            return None
        message = (
            f"The hypothesis is {ours / max(1, theirs):.2f} times as long as the source ({ours} to {theirs} letters)."
        )
        return Mark("length_ratio", message, 0, len(hypothesis))

    def _html_entities(self, source: str, hypothesis: str) -> Mark | None:
        found = entities(hypothesis)
        if not found or entities(source):
            return None
        start, end = found[0]
        seen = ", ".join(dict.fromkeys(hypothesis[a:b] for a, b in found))
        return Mark("html_entities", f"HTML entities that the source does not have: {seen}.", start, end)


@lru_cache(maxsize=64)
def _languages(pair: LangPair) -> frozenset[str]:
    return frozenset((base_language(pair.source), base_language(pair.target)))


def _short(text: str, span: answers.Span) -> str:
    """A piece of a text on one line, or its beginning."""
    piece = " ".join(text[slice(*span)].split())
    return f"{piece[:77]}…" if len(piece) > 80 else piece
