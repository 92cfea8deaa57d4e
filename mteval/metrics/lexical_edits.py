"""The edits of TER, counted for many hypotheses at once: to the same number as by sacreBLEU, one after another.

The search for shifts is sacreBLEU's, and so Tercom's (Snover et al. 2006): again and again, every run of words that
the reference has elsewhere is tried at the places where it belongs, and the shift that leaves the fewest edits is kept.
Only how edits are counted is other. sacreBLEU looks at a beam around the diagonal of the table of edit distances; where
leaving it could matter (see ``in_beam``), it is kept. Where there is little to count, sacreBLEU itself counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mteval.metrics.lexical_beam import BEAM, BeamTable
from mteval.metrics.lexical_distances import BITS, Flags, Ints, Table, Windows

Words = Sequence[str]
Numbers = NDArray[np.int32]

_CANDIDATES = 1000
"""At so many candidates of one pair, sacreBLEU gives up the search, and the shift that it was looking for."""
_LONGEST = 10
"""How many words move together, at most."""
_FARTHEST = 50
"""How many places apart a run of words is looked for, at most."""

_CELLS = 2**21
"""How many pairs of a hypothesis's and a reference's word are looked at together, unless one pair alone has more."""
_PAIRS = 512
_LITTLE = 6000
"""With fewer pairs of words than this in a batch, sacreBLEU is faster."""
_PLACE = 19
"""How many bits a place has in the rank of a candidate; a longer text is sacreBLEU's to count."""


def edits(pairs: Sequence[tuple[Words, Words]]) -> Iterator[tuple[int, int]]:
    """The edits that turn hypotheses into their references, shifts among them.

    Args:
        pairs: the words of a hypothesis and of its reference.

    Yields:
        A pair's position and its number of edits, in batches as they are counted, each position once.
    """
    ids: dict[str, int] = {}
    numbered = [(_numbers(hypothesis, ids), _numbers(reference, ids)) for hypothesis, reference in pairs]
    searched = []
    for at, (hypothesis, reference) in enumerate(numbered):
        if np.array_equal(hypothesis, reference):
            yield at, 0
        elif not len(hypothesis) or not len(reference):
            yield at, len(hypothesis) + len(reference)
        elif max(len(hypothesis), len(reference)) >= 2**_PLACE:
            yield at, _official(*pairs[at])
        else:
            searched.append(at)
    for batch in _batches(searched, numbered):
        if sum(len(hypothesis) * len(reference) for hypothesis, reference in (numbered[at] for at in batch)) < _LITTLE:
            yield from ((at, _official(*pairs[at])) for at in batch)
            continue
        found, counted = _counted([numbered[at][0] for at in batch], [numbered[at][1] for at in batch])
        for at, count, known in zip(batch, found.tolist(), counted.tolist(), strict=True):
            yield at, count if known else _counted_in_beam(*numbered[at])


def in_beam(lengths: Ints, widths: Ints, distance: Ints) -> Flags:
    """Whether no alignment with so few edits leaves sacreBLEU's beam, by the lengths of hypothesis and reference.

    The beam is the whole row for a reference of up to 24 words. Otherwise an alignment strays from the diagonal by no
    more than half of what the edits and the difference in length make together.
    """
    found: Flags = (widths < BEAM) | (distance + np.abs(lengths - widths) <= 2 * (BEAM - 2) + 1)
    return found


def _official(hypothesis: Words, reference: Words) -> int:
    from sacrebleu.metrics.lib_ter import translation_edit_rate

    return int(translation_edit_rate(list(hypothesis), list(reference))[0])


def _numbers(words: Words, ids: dict[str, int]) -> Numbers:
    return np.array([ids.setdefault(word, len(ids)) for word in words], dtype=np.int32)


def _batches(searched: Sequence[int], numbered: Sequence[tuple[Numbers, Numbers]]) -> Iterator[list[int]]:
    """Pairs of like sizes, the longest hypothesis first; the references of a batch take equally many machine words."""

    def size(at: int) -> tuple[int, int]:
        hypothesis, reference = numbered[at]
        return -(-len(reference) // BITS), len(hypothesis)

    batch: list[int] = []
    for at in sorted(searched, key=size, reverse=True):
        blocks, longest = size(batch[0]) if batch else size(at)
        cells = (len(batch) + 1) * longest * blocks * BITS
        if batch and (blocks != size(at)[0] or len(batch) == _PAIRS or cells > _CELLS):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _counted(hypotheses: Sequence[Numbers], references: Sequence[Numbers]) -> tuple[Ints, Flags]:
    """The edits of a batch, and which of these counts are sacreBLEU's for sure."""
    lengths, widths = (np.array([len(words) for words in texts]) for texts in (hypotheses, references))
    texts, targets = _padded(hypotheses, -1), _padded(references, -2)
    total, tried, shifts = (np.zeros(len(texts), np.int64) for _ in range(3))
    known = np.ones(len(texts), np.bool_)
    active = np.arange(len(texts))
    while len(active):
        same = texts[active, : lengths[active[0]], None] == targets[active, None, : widths[active].max()]
        table = Table.of(same, lengths[active], widths[active])
        distance = table.distance
        total[active] = shifts[active] + distance
        known[active] = in_beam(lengths[active], widths[active], distance)  # and ever after, as distances fall
        moves, found = _moves(table, same, np.where(known[active], _CANDIDATES - tried[active], 0))
        tried[active] += found
        better = moves.best(distance[moves.pair] - table.turned(moves.windows(lengths[active])))
        turning = better.windows(lengths[active])
        active = active[better.pair]
        places = np.arange(texts.shape[1])[:, None]
        texts[active] = np.take_along_axis(texts[active], turning.before(places).T, axis=1)
        shifts[active] += 1
    return total, known


def _counted_in_beam(hypothesis: Numbers, reference: Numbers) -> int:
    """The edits of one pair, by distances within the beam."""
    lengths, shifts, tried = np.array([len(hypothesis)]), 0, 0
    while True:
        same = hypothesis[:, None] == reference
        table = BeamTable.of(same)
        moves, found = _moves(table, same[None], np.array([_CANDIDATES - tried]))
        tried += int(found[0])
        better = moves.best(table.distance[moves.pair] - table.turned(moves.windows(lengths)))
        if not len(better.pair):
            return shifts + int(table.distance[0])
        hypothesis = hypothesis[better.windows(lengths).before(np.arange(len(hypothesis)))]
        shifts += 1


def _padded(rows: Sequence[Numbers], padding: int) -> Numbers:
    found = np.full((len(rows), max(map(len, rows))), padding, np.int32)
    for row, words in zip(found, rows, strict=True):
        row[: len(words)] = words
    return found


@dataclass(frozen=True)
class _Moves:
    """Candidates, in the order of their pairs: ``length`` words from ``start`` on go to before ``target``."""

    pair: Ints
    start: Ints
    length: Ints
    target: Ints

    def windows(self, lengths: Ints) -> Windows:
        """The same as windows that turn; ``lengths`` are those of the hypotheses."""
        after = self.start + self.length
        back = self.target < self.start
        # sacreBLEU counts a target within the run from where the run ends.
        forth = np.minimum(np.where(self.target > after, self.target, self.target + self.length), lengths[self.pair])
        return Windows(
            self.pair,
            np.where(back, self.target, self.start),
            np.where(back, after, forth),
            np.where(back, self.start - self.target, self.length),
        )

    def best(self, gain: Ints) -> _Moves:
        """Each pair's best, if it gains: the most gained, then the longest, then the first, to the first target."""
        top = 2**_PLACE - 1
        rank = (((((gain << 4) + self.length) << _PLACE) + top - self.start) << _PLACE) + top - self.target
        order = np.lexsort((rank, self.pair))
        last = order[np.flatnonzero(np.diff(self.pair[order], append=-1))]
        last = last[gain[last] > 0]
        return _Moves(self.pair[last], self.start[last], self.length[last], self.target[last])


def _moves(table: Table | BeamTable, same: Flags, left: Ints) -> tuple[_Moves, Ints]:
    """The candidates of each pair that has fewer than are left to it, and how many each has, or at least has."""
    _, words, columns = same.shape
    alignment = table.alignment()
    targets = np.pad(alignment.before, ((0, 0), (1, 0)))
    near = np.abs(np.arange(words)[:, None] - np.arange(columns)) <= _FARTHEST
    pair, start, column = np.nonzero(same & near & (left > 0)[:, None, None])
    # A run holds a wrong word and goes to where one is missed, and not to where it is.
    least = 1 + np.maximum(_next(alignment.wrong)[pair, start] - start, _next(alignment.missed)[pair, column] - column)
    aligned = alignment.before[pair, column] - 1
    most = np.minimum(np.where(aligned >= start, aligned - start, _LONGEST), _LONGEST)
    pair, start, column, least, most = _chosen(least <= most, pair, start, column, least, most)
    run, going = np.ones(len(pair), np.int64), np.ones(len(pair), np.bool_)
    edged = np.pad(same, ((0, 0), (0, 1), (0, 1)))
    for ahead in range(1, _LONGEST):
        going &= edged[pair, np.minimum(start + ahead, words), np.minimum(column + ahead, columns)]
        run += going
    most = np.minimum(most, run)
    pair, start, column, least, most = _chosen(least <= most, pair, start, column, least, most)
    counts = np.bincount(pair, most - least + 1, len(same)).astype(np.int64)
    pair, start, column, least, most = _chosen((counts < left)[pair], pair, start, column, least, most)
    # Runs of each length, and of each all the places where one of its words, or the one before, belongs.
    length, pair, start, column = _spread(least, most - least + 1, pair, start, column)
    place, pair, start, column, length = _spread(column, length + 1, pair, start, column, length)
    target = targets[pair, place]
    fresh = (place == column) | (target != targets[pair, place - 1])
    pair, start, length, target = _chosen(fresh, pair, start, length, target)
    counts = np.maximum(counts, np.bincount(pair, minlength=len(same)))
    moving = (counts < left)[pair] & (target != start)
    return _Moves(*_chosen(moving, pair, start, length, target)), counts


def _next(flags: Flags) -> Ints:
    """For each place, the next one from it on that has the flag, or one too far away."""
    places = np.where(flags, np.arange(flags.shape[1]), flags.shape[1] + _LONGEST)
    found: Ints = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    return found


def _chosen(flags: Flags, *columns: Ints) -> tuple[Ints, ...]:
    return tuple(column[flags] for column in columns)


def _spread(first: Ints, times: Ints, *columns: Ints) -> tuple[Ints, ...]:
    """Each row so many times; a column that counts on from ``first``, and then the others."""
    ends = np.cumsum(times)
    counting = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - times - first, times)
    return counting, *(np.repeat(column, times) for column in columns)
