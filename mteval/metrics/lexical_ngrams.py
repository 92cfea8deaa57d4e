"""How many n-grams hypotheses share with their references, for many hypotheses at once.

Each n-gram is a number, made exactly (never a hash), with the number of the references it is held against in front and
that of its text behind. Sorted, all that is to be compared lies side by side, and the n-grams of a reference are sorted
once for all hypotheses of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_WIDEST = 2**62


def shared(symbols: Sequence[Ints], groups: Sequence[int], references: int, order: int) -> Ints:
    """The clipped matches of each text's n-grams.

    Args:
        symbols: each text as numbers, one a word or character, none below 0; references come first.
        groups: which texts belong together: the hypotheses of a group are held against its references, of which an
            n-gram counts as often as in the one that has it most often.
        references: how many of the texts are references.
        order: the longest n-gram.

    Returns:
        Shape [hypotheses, order].
    """
    sizes = np.array([len(one) for one in symbols])
    flat = np.concatenate(symbols) if len(symbols) else np.empty(0, np.int64)
    if not len(flat):
        return np.zeros((len(symbols) - references, order), np.int64)
    numbers, alphabet = _ranked(flat)
    of_group, member = np.asarray(groups, np.int64), _members(groups)
    bits = int(member.max()).bit_length()
    text_at = np.zeros((int(of_group.max()) + 1) << bits, np.int64)
    text_at[(of_group << bits) + member] = np.arange(len(symbols))
    text = np.repeat(np.arange(len(symbols)), sizes)
    ends = np.repeat(np.cumsum(sizes), sizes)
    found = np.zeros((len(symbols), order), np.int64)
    for length, starts, grams, span in _grams(numbers, alphabet, ends, order, _WIDEST // len(text_at)):
        keys = ((of_group[text[starts]] * span + grams) << bits) + member[text[starts]]
        keys.sort()
        runs = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(runs, append=len(keys))
        keys = keys[runs]
        cells = keys >> bits
        of_run = text_at[(cells // span << bits) + (keys & ((1 << bits) - 1))]
        first = np.diff(cells, prepend=-1) != 0
        most = np.maximum.reduceat(np.where(of_run < references, counts, 0), np.flatnonzero(first))
        matches = np.minimum(counts, most[np.cumsum(first) - 1])
        found[:, length - 1] = np.bincount(of_run, matches, len(symbols))
    return found[references:]


def _ranked(flat: Ints) -> tuple[Ints, int]:
    """The same symbols, numbered from 0 on without gaps, and how many different ones there are."""
    there = np.zeros(int(flat.max()) + 1, np.int64)
    there[flat] = 1
    return (np.cumsum(there) - 1)[flat], int(there.sum())


def _members(groups: Sequence[int]) -> Ints:
    """Each text's place in its group."""
    seen: dict[int, int] = {}
    found = []
    for group in groups:
        found.append(place := seen.get(group, 0))
        seen[group] = place + 1
    return np.array(found, np.int64)


def _grams(numbers: Ints, alphabet: int, ends: Ints, order: int, widest: int) -> Iterator[tuple[int, Ints, Ints, int]]:
    """For each length where the n-grams of all texts start, the number of each, and one more than the greatest."""
    starts, grams, span = np.arange(len(numbers)), numbers, alphabet
    for length in range(1, order + 1):
        if length > 1:
            going = starts + length <= ends[starts]
            starts, grams = starts[going], grams[going]
            if span * alphabet > widest:
                different, grams = np.unique(grams, return_inverse=True)
                span = len(different)
            grams, span = grams * alphabet + numbers[starts + length - 1], span * alphabet
            if span > widest:
                different, grams = np.unique(grams, return_inverse=True)
                span = len(different)
        if not len(starts):
            return
        yield length, starts, grams, span
