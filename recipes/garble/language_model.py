"""Trains the word trigram model of a language on texts by people: interpolated Kneser-Ney, pruned, with back-off."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from mteval.garble.fluency_model import Trigrams
from mteval.garble.fluency_tokens import Token, Vocabulary, fixed_entries, unknown

WORDS = 20_000
#: A word is in the vocabulary if so many origins have it; a class of unknown words, if so many words are of it.
ORIGINS = 2
CLASS_WORDS = 20
#: Pairs and triples that were seen less often are left to the shorter model.
LEAST_TWO, LEAST_THREE = 2, 2
DISCOUNT = 0.75


def vocabulary(texts: Sequence[tuple[str, Sequence[Token]]]) -> Vocabulary:
    """The most frequent words of several origins, the most frequent first, and classes for all others.

    Args:
        texts: each with its origin.
    """
    counts: Counter[str] = Counter()
    origins: dict[str, set[str]] = {}
    for origin, tokens in texts:
        for word in {t.text.casefold() for t in tokens if t.text[0].isalpha() and (t.first or t.text[0].islower())}:
            counts[word] += 1
            origins.setdefault(word, set()).add(origin)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in ranked if len(origins[word]) >= ORIGINS][:WORDS]
    known = set(words)
    classes = Counter(unknown(word) for word in ranked if word not in known)
    often = sorted(name for name, count in classes.items() if count >= CLASS_WORDS and name not in fixed_entries())
    # a frequent word's own class is needed too, for the coarser vocabulary of the wording's weights
    return Vocabulary([*words, *fixed_entries(), *often])


def train(texts: Sequence[Sequence[int]], size: int) -> Trigrams:
    """Train on texts.

    Args:
        texts: the numbers of each one's tokens, from its start to its end.
        size: of the vocabulary.
    """
    three: Counter[tuple[int, int, int]] = Counter()
    two: Counter[tuple[int, int]] = Counter()
    plain = np.full(size, 0.5)
    for text in texts:
        np.add.at(plain, np.asarray(text[1:]), 1)
        three.update(zip(text[:-2], text[1:-1], text[2:], strict=True))
        two[text[0], text[1]] += 1  # begins a text: no word stands before, so it is counted as it is
    for _, middle, last in three:
        two[middle, last] += 1
    one = np.zeros(size)
    for _, last in two:
        one[last] += 1
    seen = one > 0
    mass = DISCOUNT * seen.sum() / one.sum()
    one_p = np.maximum(one - DISCOUNT, 0) / one.sum() + mass / size
    two_p = _interpolated(two, lambda key: (key[0],), lambda key: one_p[key[1]])
    two_all = dict(two_p)

    def shorter(key: tuple[int, ...]) -> float:
        return two_all[key[1], key[2]]

    three_p = _interpolated(three, lambda key: key[:2], shorter)
    kept_two = {key: p for key, p in two_p.items() if two[key] >= LEAST_TWO}
    kept_three = {key: p for key, p in three_p.items() if three[key] >= LEAST_THREE and key[:2] in kept_two}
    one_off = np.zeros(size)
    for (before,), (kept, lower) in _masses(kept_two, lambda key: (key[0],), lambda key: one_p[key[1]]).items():
        one_off[before] = _off(kept, lower)

    def backed(key: tuple[int, ...]) -> float:
        known = kept_two.get((key[1], key[2]))
        return known if known is not None else math.exp(one_off[key[1]]) * float(one_p[key[2]])

    two_off = {key: _off(*sums) for key, sums in _masses(kept_three, lambda key: key[:2], backed).items()}
    two_keys = sorted((a * size + b, (a, b)) for a, b in kept_two)
    three_keys = sorted(((a * size + b) * size + c, (a, b, c)) for a, b, c in kept_three)
    return Trigrams(
        plain=np.log(plain / plain.sum()),
        one=np.log(one_p),
        one_off=one_off,
        two=np.array([number for number, _ in two_keys], dtype=np.int64),
        two_log=np.log([kept_two[key] for _, key in two_keys]),
        two_off=np.array([two_off.get(key, 0.0) for _, key in two_keys]),
        three=np.array([number for number, _ in three_keys], dtype=np.int64),
        three_log=np.log([kept_three[key] for _, key in three_keys]),
    )


def _interpolated(counts, context, shorter):  # type: ignore[no-untyped-def]
    totals: Counter[tuple[int, ...]] = Counter()
    kinds: Counter[tuple[int, ...]] = Counter()
    for key, count in counts.items():
        totals[context(key)] += count
        kinds[context(key)] += 1
    return {
        key: (count - DISCOUNT) / totals[context(key)]
        + DISCOUNT * kinds[context(key)] / totals[context(key)] * shorter(key)
        for key, count in counts.items()
    }


def _masses(kept, context, shorter):  # type: ignore[no-untyped-def]
    """By context: the probability of what is kept, and what the shorter model gives the same words."""
    sums: dict[tuple[int, ...], tuple[float, float]] = {}
    for key, p in kept.items():
        before = sums.get(context(key), (0.0, 0.0))
        sums[context(key)] = (before[0] + p, before[1] + shorter(key))
    return sums


def _off(kept: float, lower: float) -> float:
    return math.log(max(1e-6, 1 - kept) / max(1e-6, 1 - lower))
