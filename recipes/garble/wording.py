"""Trains the weights of wording: a logistic regression on sequences of words, people's texts against machines'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from mteval.garble.fluency_model import ONE, SKIP, THREE, TWO, Wording, joined
from mteval.garble.fluency_tokens import Vocabulary, unknown

#: So many of the most frequent words are told apart; others count by their class.
WORDS = 5000
#: A sequence has a weight if so many texts, of so many origins, have it.
LEAST, ORIGINS = 5, 2
RIDGE = 1.0
#: Weights below this are left out of what ships.
SMALLEST = 0.05


def coarse(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """For each number of the vocabulary, that of the word itself if it is frequent, else that of its class."""
    numbers = np.arange(len(vocabulary))
    for number, entry in enumerate(vocabulary.entries):
        if number >= WORDS and not entry.startswith("<") and entry[0].isalpha():
            numbers[number] = vocabulary.numbers.get(unknown(entry), vocabulary.numbers["<short>"])
    return numbers


def features(row: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The keys of all sequences of one text, as ``Wording.shares`` looks them up."""
    parts = [joined((row[1:-1],), size, ONE), joined((row[:-1], row[1:]), size, TWO)]
    if len(row) > 2:
        parts.append(joined((row[:-2], row[1:-1], row[2:]), size, THREE))
        parts.append(joined((row[:-2], row[2:]), size, SKIP))
    return np.concatenate(parts)


def train(
    texts: Sequence[Sequence[int]],
    machine: NDArray[np.bool_],
    origins: Sequence[str],
    weights: NDArray[np.float64],
    vocabulary: Vocabulary,
) -> Wording:
    """Train on texts by people and by machines.

    Args:
        texts: the numbers of each one's tokens, from its start to its end.
        machine: whether a machine wrote it.
        origins: where each comes from.
        weights: how much each counts.
    """
    fold = coarse(vocabulary)
    size = len(vocabulary)
    keys = [features(fold[np.asarray(text)], size) for text in texts]
    names = {origin: number for number, origin in enumerate(sorted(set(origins)))}
    seen: Counter[int] = Counter()
    first: dict[int, int] = {}
    several: set[int] = set()
    for text_keys, origin in zip(keys, origins, strict=True):
        for key in set(text_keys.tolist()):
            seen[key] += 1
            if first.setdefault(key, names[origin]) != names[origin]:
                several.add(key)
    kept = np.array(sorted(key for key in several if seen[key] >= LEAST), dtype=np.int64)
    x = _matrix(keys, kept)
    y = machine.astype(np.float64)
    transposed = x.T.tocsr()

    def loss(v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = x @ v[1:] + v[0]
        value = float(np.sum(weights * (np.logaddexp(0, z) - y * z)) + 0.5 * RIDGE * v[1:] @ v[1:])
        slope = weights * (1 / (1 + np.exp(-z)) - y)
        return value, np.concatenate([[slope.sum()], transposed @ slope + RIDGE * v[1:]])

    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 80}).x
    big = np.abs(found[1:]) >= SMALLEST
    return Wording(coarse=fold, keys=kept[big], weights=found[1:][big], bias=float(found[0]))


def _matrix(keys: Sequence[NDArray[np.int64]], kept: NDArray[np.int64]) -> csr_matrix:
    columns, values, ends = [], [], [0]
    for text_keys in keys:
        place = np.minimum(np.searchsorted(kept, text_keys), len(kept) - 1)
        place = place[kept[place] == text_keys]
        column, count = np.unique(place, return_counts=True)
        columns.append(column)
        # the tokens are those between start and end: a text of n tokens has n ones, n + 1 twos, n threes and n skips
        values.append(count / np.sqrt(max(4, (len(text_keys) - 1) // 4)))
        ends.append(ends[-1] + len(column))
    return csr_matrix(
        (np.concatenate(values), np.concatenate(columns), np.array(ends)),
        shape=(len(keys), len(kept)),
        dtype=np.float64,
    )
