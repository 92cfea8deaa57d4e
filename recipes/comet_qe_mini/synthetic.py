"""Makes translations that are wrong in known ways: from human translations, from Apertium, and from nothing.

Each has a score and, mostly, a mark on each wrong word. A human translation is ``GOOD``; what is done to it lowers that
by how much of it is done, so that one wrong word in twenty costs a quarter, and nonsense is close to 0.
"""

from __future__ import annotations

import difflib
import html
import itertools
import math
import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from sacrebleu.metrics import CHRF

from recipes.comet_qe_mini.corpora import Example, Parallel

GOOD = {
    "tatoeba": 0.95,
    "tico19": 0.95,
    "mt-geneval": 0.93,
    "oss": 0.92,
    "post-edit": 0.92,
    "ro-sts": 0.9,
    "bible": 0.85,
}
CHAINS = {"pt": (("pt-es", "spa-eng"), ("por-cat", "cat-eng")), "ro": (("ro-es", "spa-eng"),)}
_CHRF = CHRF()
_NUMBER = re.compile(r"\d+")
_NEGATION = re.compile(r"\b(not|never|no|without|n't|cannot)\b")

Words = list[str]
Bad = list[bool]


def apertium(lines: Sequence[str], modes: Sequence[str]) -> list[str]:
    """Translate lines through a chain of Apertium's modes, unknown words unmarked.

    Raises:
        SystemExit: Apertium or a mode of it is not installed, or a line was lost.
    """
    for mode in modes:
        text = "\n\n".join(" ".join(line.split()) for line in lines)
        try:
            done = subprocess.run(["apertium", "-u", mode], input=text, text=True, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise SystemExit(f"apertium {mode} failed ({error}); scripts/setup.sh installs what is needed") from error
        translated = [line.strip() for line in done.stdout.split("\n\n")]
        if len(translated) != len(lines):
            raise SystemExit(f"apertium {mode} gave {len(translated)} lines for {len(lines)}")
        lines = translated
    return list(lines)


def unharmed(pair: Parallel) -> Example:
    return Example(pair.lang, pair.source, pair.english, GOOD[pair.origin], (False,) * len(pair.english.split()))


def rule_based(pairs: Sequence[Parallel], modes: Sequence[str]) -> list[Example]:
    """Apertium's translations, each with the human one beside it.

    Apertium's are scored by their sentence chrF, and are wrong where the human translation has another word.
    """
    examples = []
    for pair, hypothesis in zip(pairs, apertium([pair.source for pair in pairs], modes), strict=True):
        if not hypothesis:
            continue
        chrf = _CHRF.sentence_score(hypothesis, [pair.english]).score
        score = min(GOOD[pair.origin] - 0.1, max(0.04, (chrf - 25) / 62))
        if hypothesis == pair.english:
            score = GOOD[pair.origin]
        examples.append(Example(pair.lang, pair.source, hypothesis, score, _unlike(hypothesis, pair.english), 0.7))
        if hypothesis != pair.english:
            examples.append(unharmed(pair))
    return examples


def _unlike(hypothesis: str, reference: str) -> tuple[bool, ...]:
    """Which of the hypothesis's words have no counterpart, in order, in the reference."""
    ours, theirs = ([word.casefold().strip('.,;:!?()"“”') for word in text.split()] for text in (hypothesis, reference))
    bad = [True] * len(ours)
    for block in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        bad[block.a : block.a + block.size] = [False] * block.size
    return tuple(bad)


def _mojibake(word: str) -> str:
    """UTF-8 read as Windows-1252, where that can be done."""
    return word.encode().decode("cp1252", errors="replace") if not word.isascii() else word.replace("'", "â€™")


def _torn_hyphen(word: str) -> str:
    return re.sub(r"(?<=\w)-(?=\w)", " -", word)


class Corruptor:
    """Corrupts human translations; all that it draws comes from its generator.

    Args:
        pairs: what to take other sentences and plausible words from.
        draw: the generator.
    """

    def __init__(self, pairs: Sequence[Parallel], draw: random.Random) -> None:
        self._draw = draw
        self._pairs = pairs
        self._by_origin: dict[str, list[Parallel]] = defaultdict(list)
        follow: dict[str, Counter[str]] = defaultdict(Counter)
        used: Counter[str] = Counter()
        for pair in pairs:
            self._by_origin[pair.origin].append(pair)
            words = pair.english.split()
            used.update(words)
            for left, right in itertools.pairwise(words):
                follow[left.casefold()][right] += 1
        self._follow = {left: sorted(found) for left, found in follow.items() if len(found) > 3}
        self._common = sorted(word for word, count in used.items() if count > 4 and len(word) > 2)
        self._inside: list[tuple[float, Callable[[Words, Bad, Parallel], float]]] = [
            (6.0, self._replace),
            (2.0, self._drop),
            (1.5, self._untranslate),
            (1.0, self._insert),
            (1.0, self._swap),
            (0.7, self._stutter),
            (0.7, self._exchange),
            (0.5, self._spoil_marks),
        ]

    def example(self, pair: Parallel) -> Example:
        """The pair with a corruption drawn at random; now and then with none."""
        kind = self._draw.random()
        if kind < 0.2:
            return unharmed(pair)
        if kind < 0.68:
            return self.wounded(pair)
        if kind < 0.8:
            return self.other_facts(pair)
        return self.nonsense(pair)

    def wounded(self, pair: Parallel) -> Example:
        """One to three kinds of errors inside the sentence."""
        words, bad = pair.english.split(), [False] * len(pair.english.split())
        score = GOOD[pair.origin]
        weights = [weight for weight, _ in self._inside]
        for _ in range(self._draw.choice((1, 1, 2, 3))):
            chosen = self._draw.choices(self._inside, weights)[0][1]
            score *= chosen(words, bad, pair)
        return Example(pair.lang, pair.source, " ".join(words), max(0.02, score), tuple(bad))

    def other_facts(self, pair: Parallel) -> Example:
        """Another number, name or polarity: fluent, and wrong in what matters."""
        number = self.changed_number(pair.english)
        name = self.changed_name(pair.english)
        negation = _NEGATION.search(pair.english)
        options = [text for text in (number, name) if text is not None]
        if negation:
            options.append(" ".join((pair.english[: negation.start()] + pair.english[negation.end() :]).split()))
        if not options:
            return self.wounded(pair)
        text = self._draw.choice(options)
        changed = _unlike(text, pair.english)
        return Example(pair.lang, pair.source, text, GOOD[pair.origin] * 0.6, changed)

    def nonsense(self, pair: Parallel) -> Example:
        """A text that translates nothing: shuffled, looped, cut, copied, or of another source."""
        words = pair.english.split()
        kind = self._draw.choices(
            ("shuffled", "looped", "half", "copied", "other", "near", "foreign"), (3, 3, 2, 2, 3, 3, 1)
        )[0]
        score = 0.03
        if kind == "shuffled" and len(words) > 3:
            self._draw.shuffle(words)
            score = 0.08
        elif kind == "looped":
            words = self.looped(words)
        elif kind == "half" and len(words) > 3:
            keep = self._draw.uniform(0.25, 0.7)
            words = words[: max(1, round(keep * len(words)))]
            return Example(pair.lang, pair.source, " ".join(words), 0.9 * keep**2, None)
        elif kind == "copied":
            words, score = pair.source.split(), 0.02
        elif kind == "near":
            words = self._near(pair).english.split()
        elif kind == "foreign":
            words, score = self._other(pair).source.split(), 0.01
        else:
            words = self._other(pair).english.split()
        return Example(pair.lang, pair.source, " ".join(words), score, (True,) * len(words))

    def _other(self, pair: Parallel) -> Parallel:
        """Another pair of the same origin and about the same length."""
        found = [self._draw.choice(self._by_origin[pair.origin]) for _ in range(8)]
        others = [other for other in found if other.english != pair.english] or [self._draw.choice(self._pairs)]
        return min(others, key=lambda other: abs(len(other.english) - len(pair.english)))

    def _near(self, pair: Parallel) -> Parallel:
        """Of some other pairs, that which shares most words: wrong, but on the subject."""
        own = set(pair.english.casefold().split())
        found = [self._draw.choice(self._by_origin[pair.origin]) for _ in range(60)]
        others = [other for other in found if other.english != pair.english] or [self._other(pair)]

        def shared(other: Parallel) -> float:
            words = set(other.english.casefold().split())
            return len(words & own) / (len(words | own) or 1)

        return max(others, key=shared)

    def _plausible(self, words: Words, at: int) -> str:
        """A word that could stand there, judged by the word before it alone."""
        left = words[at - 1].casefold() if at else ""
        options = self._follow.get(left) if self._draw.random() < 0.7 else None
        word = self._draw.choice(options or self._common)
        return word if word != words[at] else self._draw.choice(self._common)

    def _places(self, words: Words, most: float) -> list[int]:
        count = max(1, round(len(words) * self._draw.uniform(0.03, most)))
        return sorted(self._draw.sample(range(len(words)), min(count, len(words))))

    def _replace(self, words: Words, bad: Bad, pair: Parallel) -> float:
        """Other words in place of some, in runs or one by one."""
        places = self._places(words, 0.5 if self._draw.random() < 0.4 else 0.2)
        if self._draw.random() < 0.3:
            first = self._draw.randrange(len(words) - len(places) + 1)
            places = list(range(first, first + len(places)))
        cost = 0.0
        for at in places:
            cost += 1.0 if len(words[at]) > 3 else 0.5
            words[at] = self._plausible(words, at)
            bad[at] = True
        return math.exp(-4.5 * cost / len(words))

    def _drop(self, words: Words, bad: Bad, pair: Parallel) -> float:
        if len(words) < 4:
            return 1.0
        count = max(1, round(len(words) * self._draw.uniform(0.05, 0.5)))
        first = self._draw.randrange(len(words) - count + 1)
        share = count / len(words)
        del words[first : first + count], bad[first : first + count]
        return math.exp(-3.0 * share)

    def _insert(self, words: Words, bad: Bad, pair: Parallel) -> float:
        """A stretch of another sentence, as translations that make things up have it."""
        other = self._other(pair).english.split()
        count = max(1, round(len(words) * self._draw.uniform(0.1, 0.6)))
        first = self._draw.randrange(max(1, len(other) - count + 1))
        added = other[first : first + count]
        at = self._draw.randrange(len(words) + 1)
        words[at:at] = added
        bad[at:at] = [True] * len(added)
        return math.exp(-3.0 * len(added) / len(words))

    def _untranslate(self, words: Words, bad: Bad, pair: Parallel) -> float:
        """A stretch of the source left as it is, at about its place."""
        source = pair.source.split()
        count = max(1, round(min(len(words), len(source)) * self._draw.uniform(0.05, 0.6)))
        at = self._draw.randrange(len(words) - count + 1) if len(words) > count else 0
        there = min(round(at * len(source) / max(1, len(words))), max(0, len(source) - count))
        left = source[there : there + count]
        words[at : at + count] = left
        bad[at : at + count] = [True] * len(left)
        return math.exp(-4.0 * len(left) / max(1, len(words)))

    def _swap(self, words: Words, bad: Bad, pair: Parallel) -> float:
        if len(words) < 3:
            return 1.0
        times = max(1, round(len(words) * self._draw.uniform(0.05, 0.3)))
        for _ in range(times):
            at = self._draw.randrange(len(words) - 1)
            to = min(len(words) - 1, at + self._draw.choice((1, 1, 2, 3)))
            words[at], words[to] = words[to], words[at]
            bad[at] = bad[to] = True
        return math.exp(-2.5 * times / len(words))

    def _stutter(self, words: Words, bad: Bad, pair: Parallel) -> float:
        times = self._draw.choice((1, 1, 2, 3))
        for _ in range(times):
            at = self._draw.randrange(len(words))
            size = self._draw.choice((1, 1, 2))
            again = words[at : at + size]
            words[at:at] = again
            bad[at:at] = [True] * len(again)
        return math.exp(-3.0 * times / len(words)) * 0.9

    def _exchange(self, words: Words, bad: Bad, pair: Parallel) -> float:
        """A number or a name changed, along with whatever else is wrong."""
        changed = (self.changed_number(" ".join(words)) or self.changed_name(" ".join(words)) or "").split()
        if len(changed) != len(words):
            return 1.0
        for at, word in enumerate(changed):
            if word != words[at]:
                words[at], bad[at] = word, True
        return 0.65

    def _spoil_marks(self, words: Words, bad: Bad, pair: Parallel) -> float:
        """Entities, broken encodings, hyphens torn off, capitals and letters lost."""
        spoil = self._draw.choice((self._entities, _mojibake, _torn_hyphen, self._lost_letter, str.upper, str.lower))
        spoilt, marks, touched = [], [], 0
        for word, was_bad in zip(words, bad, strict=True):
            pieces = spoil(word).split()
            changed = pieces != [word]
            touched += changed
            spoilt += pieces
            marks += [was_bad or (changed and spoil is not str.lower)] * len(pieces)
        share = touched / max(1, len(words))
        words[:], bad[:] = spoilt, marks
        return (1.0 if spoil is str.lower else 0.9) * math.exp(-1.2 * share) if touched else 1.0

    def _entities(self, word: str) -> str:
        escaped = html.escape(word).replace("’", "&#8217;").replace("“", "&ldquo;").replace("”", "&rdquo;")
        return f"{word}&nbsp;" if escaped == word and self._draw.random() < 0.1 else escaped

    def _lost_letter(self, word: str) -> str:
        if len(word) < 4 or self._draw.random() > 0.2:
            return word
        at = self._draw.randrange(1, len(word) - 1)
        return word[:at] + word[at + 1 :]

    def looped(self, words: Words) -> Words:
        size = self._draw.randint(1, min(6, len(words)))
        start = self._draw.randrange(len(words) - size + 1)
        phrase = words[start : start + size]
        before = words[: self._draw.randint(0, min(start, len(words) // 3))]
        times = max(3, math.ceil(len(words) * self._draw.uniform(0.8, 1.5) / size))
        return before + phrase * times

    def changed_number(self, text: str) -> str | None:
        found = list(_NUMBER.finditer(text))
        if not found:
            return None
        chosen = self._draw.choice(found)
        old = chosen.group()
        new = old
        while new == old:
            new = "".join(self._draw.choice("0123456789") for _ in old)
            if len(new) > 1 and new[0] == "0":
                new = str(self._draw.randint(1, 9)) + new[1:]
        return text[: chosen.start()] + new + text[chosen.end() :]

    def changed_name(self, text: str) -> str | None:
        words = text.split()
        names = [at for at, word in enumerate(words) if at and word[:1].isupper() and word.isalpha() and len(word) > 3]
        if not names:
            return None
        at = self._draw.choice(names)
        for _ in range(20):
            other = self._draw.choice(self._pairs).english.split()[1:]
            options = [word for word in other if word[:1].isupper() and word.isalpha() and word != words[at]]
            if options:
                return " ".join([*words[:at], self._draw.choice(options), *words[at + 1 :]])
        return None
