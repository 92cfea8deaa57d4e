"""Edit distances within sacreBLEU's beam, of one hypothesis and of many that turn a window of its words.

A table of edit distances is filled only near its diagonal, as ``sacrebleu.metrics.lib_ter.BeamEditDistance`` does; each
row at once, and that of all turned texts together. It serves where leaving the beam could make a difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mteval.metrics.lexical_distances import Alignment, Flags, Ints, Windows

Rows = NDArray[np.int32]

BEAM = 25
"""How far from the diagonal sacreBLEU looks, at least."""

_NEVER = 2**30


@dataclass(frozen=True)
class BeamTable:
    """The table of one pair; row 0 is before the hypothesis's first word, column 0 before the reference's.

    Attributes:
        same: whether a hypothesis's word is a reference's, shape [words, words].
        rows: edit distances of the first words of both, shape [words + 1, words + 1]; huge where the beam leaves out.
    """

    same: Flags
    rows: Rows

    @classmethod
    def of(cls, same: Flags) -> BeamTable:
        """The table of one pair, neither of which is empty."""
        words, columns = same.shape
        rows = np.empty((words + 1, columns + 1), np.int32)
        rows[0] = np.arange(columns + 1)
        for word in range(words):
            rows[word + 1] = _next_row(rows[word : word + 1], same[word : word + 1], word + 1, words)[0]
        return cls(same, rows)

    @property
    def distance(self) -> Ints:
        """Of the pair, shape [1]."""
        return self.rows[-1, -1:].astype(np.int64)

    def alignment(self) -> Alignment:
        """As sacreBLEU finds it: from the end on, substitutions before deletions, and these before insertions."""
        words, columns = self.same.shape
        before = np.zeros((1, columns), np.int64)
        wrong, missed = np.zeros((1, words), np.bool_), np.zeros((1, columns), np.bool_)
        rows, same = self.rows.tolist(), self.same.tolist()
        row, column = words, columns
        while row or column:
            here = rows[row][column]
            other = not (row and column and same[row - 1][column - 1])
            if row and column and rows[row - 1][column - 1] + other == here:
                row, column = row - 1, column - 1
                before[0, column] = row + 1
                wrong[0, row] = missed[0, column] = other
            elif row and (not column or rows[row - 1][column] + 1 == here):
                row -= 1
                wrong[0, row] = True
            else:
                column -= 1
                before[0, column] = row
                missed[0, column] = True
        return Alignment(before, wrong, missed)

    def turned(self, windows: Windows) -> Ints:
        """The distance of the hypothesis once one window of it has turned, for each window."""
        words = len(self.same)
        order = np.argsort(windows.start, kind="stable")
        windows = windows[order]
        lanes = self.rows[windows.start]
        for word, some in enumerate(np.searchsorted(windows.start, np.arange(words), side="right").tolist()):
            same = self.same[windows[np.arange(some)].before(np.array(word))]
            lanes[:some] = _next_row(lanes[:some], same, word + 1, words)
        found = np.empty(len(lanes), np.int64)
        found[order] = lanes[:, -1]
        return found


def _next_row(above: Rows, same: Flags, row: int, rows: int) -> Rows:
    """The next row of many tables, by the row above and by whether the next word is each of the reference's."""
    columns = same.shape[1]
    ratio = columns / rows
    beam = math.ceil(ratio / 2 + BEAM) if ratio / 2 > BEAM else BEAM
    diagonal = math.floor(row * ratio)
    first, last = max(0, diagonal - beam), columns + 1 if row == rows else min(columns + 1, diagonal + beam)
    found = np.full_like(above, _NEVER)
    near = above[:, first:last] + 1  # a deletion
    start = max(first, 1)
    np.minimum(
        near[:, start - first :],
        above[:, start - 1 : last - 1] + ~same[:, start - 1 : last - 1],
        out=near[:, start - first :],
    )
    places = np.arange(last - first, dtype=np.int32)
    found[:, first:last] = np.minimum(np.minimum.accumulate(near - places, axis=1) + places, _NEVER)  # insertions
    return found
