"""Damages texts by people as bad translation does: word order, endings, function words, words of another language."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from recipes.garble.corpora import Segment

_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


class Damage:
    """Makes garbled text of a language.

    Args:
        texts: by people, in that language: where function words and word forms come from.
        foreign: texts of another language, whose words are left untranslated.
    """

    def __init__(self, texts: Sequence[str], foreign: Sequence[str]) -> None:
        counts: dict[str, int] = {}
        for text in texts:
            for word in _WORD.findall(text):
                if word.islower():
                    counts[word] = counts.get(word, 0) + 1
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        self._function = [word for word in ranked[:120] if word.isalpha()]
        self._forms: dict[str, list[str]] = {}
        for word in ranked[:30000]:
            if len(word) >= 5:
                self._forms.setdefault(word[: max(4, len(word) - 3)], []).append(word)
        strange = {word for text in foreign for word in _WORD.findall(text) if word.islower() and len(word) > 3}
        self._foreign = sorted(strange - counts.keys())

    def __call__(self, segment: Segment, draw: random.Random) -> Segment:
        """The segment with 15 to 40% of its words damaged, in two to four ways."""
        parts = re.split(r"(\w+(?:[-'’]\w+)*)", segment.text)
        places = list(range(1, len(parts), 2))
        ways = draw.sample(list(_WAYS), draw.randint(2, 4))
        wanted = max(1, round(len(places) * draw.uniform(0.15, 0.4)))
        for place in draw.sample(places, min(wanted, len(places))):
            _WAYS[draw.choice(ways)](self, parts, place, draw)
        text = re.sub(r" {2,}", " ", "".join(parts)).strip()
        return replace(segment, maker="damage", text=text, source=None, reference=None)

    def _swap(self, parts: list[str], place: int, draw: random.Random) -> None:
        if place + 2 < len(parts) and parts[place + 1] == " ":
            parts[place], parts[place + 2] = parts[place + 2], parts[place]

    def _other_function_word(self, parts: list[str], place: int, draw: random.Random) -> None:
        near = [p for p in range(max(1, place - 6), min(len(parts), place + 7), 2) if parts[p] in self._function]
        if near:
            parts[draw.choice(near)] = draw.choice(self._function)

    def _lost_function_word(self, parts: list[str], place: int, draw: random.Random) -> None:
        near = [p for p in range(max(1, place - 6), min(len(parts), place + 7), 2) if parts[p] in self._function]
        if near:
            parts[draw.choice(near)] = ""

    def _added_function_word(self, parts: list[str], place: int, draw: random.Random) -> None:
        parts[place] = f"{draw.choice(self._function)} {parts[place]}"

    def _other_form(self, parts: list[str], place: int, draw: random.Random) -> None:
        word = parts[place]
        forms = self._forms.get(word[: max(4, len(word) - 3)], []) if word.islower() else []
        if len(forms) > 1:
            parts[place] = draw.choice([form for form in forms if form != word] or forms)

    def _left_untranslated(self, parts: list[str], place: int, draw: random.Random) -> None:
        if len(parts[place]) > 3 and parts[place].islower() and self._foreign:
            parts[place] = draw.choice(self._foreign)


_WAYS: Mapping[str, Callable[[Damage, list[str], int, random.Random], None]] = {
    "swap": Damage._swap,
    "other function word": Damage._other_function_word,
    "lost function word": Damage._lost_function_word,
    "added function word": Damage._added_function_word,
    "other form": Damage._other_form,
    "left untranslated": Damage._left_untranslated,
}
