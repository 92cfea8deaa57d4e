"""The segment statistics of BLEU and chrF, of many hypotheses at once, as sacreBLEU counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mteval.metrics.lexical_base import Texts
from mteval.metrics.lexical_ngrams import Ints, shared


def bleu_statistics(
    texts: Sequence[Texts], words: Callable[[str], Sequence[str]], order: int
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """The lengths of hypotheses and of the references closest to them, their matches, and their n-grams.

    Args:
        texts: hypotheses with their references.
        words: splits a text.
        order: the longest n-gram.

    Yields:
        Each position with its statistics, 2 + 2 * order of them.
    """
    numbered = _numbering(words)
    sets = {references: [numbered(one) for one in references] for references in dict.fromkeys(r for _, r in texts)}
    group = {references: number for number, references in enumerate(sets)}
    given = [one for of_set in sets.values() for one in of_set]
    hypotheses = [numbered(hypothesis) for hypothesis, _ in texts]
    groups = [group[references] for references, of_set in sets.items() for _ in of_set]
    groups += [group[references] for _, references in texts]
    matches = shared([*given, *hypotheses], groups, len(given), order).tolist()
    lengths = {references: [len(one) for one in of_set] for references, of_set in sets.items()}
    for at, (hypothesis, (_, references)) in enumerate(zip(hypotheses, texts, strict=True)):
        size = len(hypothesis)
        closest = min((abs(size - length), length) for length in lengths[references])[1]
        yield (
            at,
            tuple(map(float, (size, closest, *matches[at], *(max(0, size - shorter) for shorter in range(order))))),
        )


def chrf_counts(texts: Sequence[Texts], split: Callable[[str], str | Sequence[str]], order: int) -> NDArray[np.float64]:
    """The n-grams of each hypothesis, of each of its references, and those that they share.

    Args:
        texts: hypotheses with their references.
        split: gives a text as the characters or words that n-grams are made of.
        order: the longest n-gram.

    Returns:
        Shape [pairs of a hypothesis and a reference, order, 3]; a hypothesis has no n-grams of a length that the
        reference is too short for.
    """
    numbered = _numbering(split)
    group = {one: at for at, one in enumerate(dict.fromkeys(one for _, references in texts for one in references))}
    symbols, groups = [numbered(one) for one in group], list(range(len(group)))
    for hypothesis, references in texts:
        symbols += [numbered(hypothesis)] * len(references)
        groups += [group[one] for one in references]
    matches = shared(symbols, groups, len(group), order)
    counts = np.maximum(np.array([len(one) for one in symbols])[:, None] - np.arange(order), 0)
    own, other = counts[len(group) :], counts[groups[len(group) :]]
    found: NDArray[np.float64] = np.stack([np.where(other > 0, own, 0), other, matches], axis=2).astype(np.float64)
    return found


def _numbering(split: Callable[[str], str | Sequence[str]]) -> Callable[[str], Ints]:
    """Splits a text, and gives its words as numbers, the same for the same ones; characters are their code points."""
    ids: dict[str, int] = {}

    def numbered(text: str) -> Ints:
        found = split(text)
        if isinstance(found, str):
            return np.frombuffer(found.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
        return np.array([ids.setdefault(word, len(ids)) for word in found], np.int64)

    return numbered
