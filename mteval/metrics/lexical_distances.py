"""Edit distances of many pairs of texts at once, and of what becomes of a text when a window of its words turns.

A row of a table of edit distances is kept as the differences between its neighbours, a few bits for each word of the
reference (Myers 1999, in the form of Hyyrö 2003), and each pair has a lane of its own in numpy's arrays of machine
words. A turned text has the rows of the text that it was made of, up to the first word that moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint64]

BITS = 64
"""How many words of a reference go into one machine word."""

_ONE = np.uint64(1)


@dataclass(frozen=True)
class Windows:
    """Windows of words that turn: those from ``start`` to ``end`` move left by ``turn``, and around the window's end.

    Attributes:
        pair: of which pair's hypothesis each is.
    """

    pair: Ints
    start: Ints
    end: Ints
    turn: Ints

    def __getitem__(self, chosen: NDArray[np.int64] | Flags) -> Windows:
        return Windows(self.pair[chosen], self.start[chosen], self.end[chosen], self.turn[chosen])

    def before(self, places: Ints) -> Ints:
        """Where the words were that are at these places once each window has turned; broadcasts over windows."""
        there = places + self.turn
        there = np.where(there >= self.end, there - (self.end - self.start), there)
        return np.where((places >= self.start) & (places < self.end), there, places)


@dataclass(frozen=True)
class Alignment:
    """How hypotheses and references go together with the fewest edits.

    Attributes:
        before: for each word of a reference, how many words of the hypothesis come up to it: [pairs, words].
        wrong: whether a hypothesis's word is deleted or substituted: [pairs, words].
        missed: whether a reference's word is inserted or substituted: [pairs, words].
    """

    before: Ints
    wrong: Flags
    missed: Flags


@dataclass(frozen=True)
class Table:
    """The tables of edit distances of pairs, the longest hypothesis first; row 0 is before its first word.

    Attributes:
        same: which words of the hypothesis and the reference are the same, as bits: [words, blocks, pairs].
        lengths, widths: how many words hypotheses and references have.
        rises, falls: where a row rises or falls from a word of the reference to the next: [rows, blocks, pairs].
        straight, above: where a row has the number of the row before a word earlier, and where it is one more than the
            row before: [rows, blocks, pairs].
        ends: the last number of each row: [rows, pairs].
    """

    same: Bits
    lengths: Ints
    widths: Ints
    rises: Bits
    falls: Bits
    straight: Bits
    above: Bits
    ends: Ints

    @classmethod
    def of(cls, same: Flags, lengths: Ints, widths: Ints) -> Table:
        """The tables of pairs.

        Args:
            same: whether a hypothesis's word is a reference's: [pairs, words, words].
            lengths: of the hypotheses, in falling order.
            widths: how many words the references have; all take equally many machine words.
        """
        pairs, words, columns = same.shape
        blocks = -(-columns // BITS)
        packed = np.zeros((pairs, words, blocks * BITS // 8), np.uint8)
        packed[:, :, : -(-columns // 8)] = np.packbits(same, axis=2, bitorder="little")
        bits = np.ascontiguousarray(packed.view("<u8").astype(np.uint64).transpose(1, 2, 0))
        rises, falls, straight, above = (np.zeros((words + 1, blocks, pairs), np.uint64) for _ in range(4))
        rises[0] = ~np.uint64(0)
        ends = np.zeros((words + 1, pairs), np.int64)
        ends[0] = widths
        last = _last(widths)
        for row, some in enumerate(np.searchsorted(-lengths, -np.arange(words)).tolist()):
            now = _step(rises[row, :, :some], falls[row, :, :some], bits[row, :, :some])
            for into, found in zip((straight, above), now[:2], strict=True):
                into[row + 1, :, :some] = found
            rises[row + 1, :, :some], falls[row + 1, :, :some] = now[3:]
            ends[row + 1, :some] = ends[row, :some] + _change(now[1], now[2], last[:some])
        return cls(bits, lengths, widths, rises, falls, straight, above, ends)

    @property
    def distance(self) -> Ints:
        """Of each pair."""
        found: Ints = self.ends[self.lengths, np.arange(len(self.lengths))]
        return found

    def alignment(self) -> Alignment:
        """One with the fewest edits; from the end on, substitutions before deletions, and these before insertions."""
        words, columns = len(self.same), int(self.widths.max())
        pairs = np.arange(len(self.lengths))
        before = np.zeros((len(pairs), columns), np.int64)
        wrong, missed = np.zeros((len(pairs), words), np.bool_), np.zeros((len(pairs), columns), np.bool_)
        row, column = self.lengths.copy(), self.widths.copy()
        while True:
            open_ = np.flatnonzero((row > 0) | (column > 0))
            if not len(open_):
                return Alignment(before, wrong, missed)
            pairs, row, column = pairs[open_], row[open_], column[open_]
            inside = (row > 0) & (column > 0)
            at = np.maximum(column - 1, 0)
            block, bit = at // BITS, (at % BITS).astype(np.uint64)
            same, straight, above = (
                (bits[place, block, pairs] >> bit) & _ONE > 0
                for bits, place in ((self.same, np.maximum(row - 1, 0)), (self.straight, row), (self.above, row))
            )
            across = inside & (same | ~straight)
            down = ~across & (row > 0) & ((column == 0) | above)
            right = ~across & ~down
            faulty = ~(across & same)
            on_word, on_column = (across | down), (across | right)
            wrong[pairs[on_word], row[on_word] - 1] = faulty[on_word]
            missed[pairs[on_column], column[on_column] - 1] = faulty[on_column]
            before[pairs[on_column], column[on_column] - 1] = row[on_column]
            row, column = row - on_word, column - on_column

    def turned(self, windows: Windows) -> Ints:
        """The distance of each hypothesis once one window of it has turned."""
        left = self.lengths[windows.pair] - windows.start
        order = np.argsort(-left, kind="stable")
        windows, left = windows[order], left[order]
        rises, falls = (bits[windows.start, :, windows.pair].T for bits in (self.rises, self.falls))
        ends = self.ends[windows.start, windows.pair]
        last = _last(self.widths)[windows.pair]
        for ahead, some in enumerate(np.searchsorted(-left, -np.arange(left[0] if len(left) else 0)).tolist()):
            lanes = windows[np.arange(some)] if some < len(windows.pair) else windows
            same = self.same[lanes.before(lanes.start + ahead), :, lanes.pair].T
            _, above, below, rises, falls = _step(rises[:, :some], falls[:, :some], same)
            ends[:some] += _change(above, below, last[:some])
        found = np.empty_like(ends)
        found[order] = ends
        return found


def _step(rises: Bits, falls: Bits, same: Bits) -> tuple[Bits, Bits, Bits, Bits, Bits]:
    """From one row to the next; arrays of shape [blocks, lanes], a reference's first words in the lowest bits.

    Returns:
        Where the next row is straight, above and below (see ``Table``), and where it rises and falls.
    """
    common = same & rises
    added = common + rises
    if len(rises) > 1:
        carried = added < common
        for block in range(1, len(rises)):
            added[block] += carried[block - 1]
            carried[block] |= carried[block - 1] & (added[block] == 0)
    straight = (added ^ rises) | same | falls
    above = falls | ~(straight | rises)
    below = straight & rises
    up, down = above << _ONE, below << _ONE
    up[0] |= _ONE
    if len(rises) > 1:
        up[1:] |= above[:-1] >> np.uint64(BITS - 1)
        down[1:] |= below[:-1] >> np.uint64(BITS - 1)
    return straight, above, below, down | ~(straight | up), up & straight


def _last(widths: Ints) -> Bits:
    """The bit of each reference's last word, in its last machine word."""
    return ((widths - 1) % BITS).astype(np.uint64)


def _change(above: Bits, below: Bits, at: Bits) -> Ints:
    """By how much a row's last number is more than that of the row before."""
    change: Ints = ((above[-1] >> at) & _ONE).astype(np.int64) - ((below[-1] >> at) & _ONE).astype(np.int64)
    return change
