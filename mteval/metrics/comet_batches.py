"""Batches of sequences of about equal length: as large as memory allows, with next to no padding."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from mteval.metrics.base import Item

Sized = TypeVar("Sized")


def batches(sized: Sequence[tuple[Sized, int]], budget: int) -> Iterator[list[Sized]]:
    """What is given in batches, longest first; what is as long keeps its order.

    A batch that is at least half full ends where the next sequence is shorter: then it has no padding at all, and
    needs no mask.

    Args:
        sized: anything, and how many tokens it has.
        budget: how many tokens a batch holds at most, padding included; a longer sequence is a batch of its own.
    """
    batch: list[Sized] = []
    width = last = 0
    for one, size in sorted(sized, key=lambda pair: -pair[1]):
        tokens = len(batch) * width
        if batch and (tokens + width > budget or (size < last and 2 * tokens >= budget)):
            yield batch
            batch = []
        width = width if batch else size
        last = size
        batch.append(one)
    if batch:
        yield batch


def groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Items in groups of so many, longest first, in characters; those of one segment stand beside each other."""
    segments: dict[tuple[object, ...], list[Item]] = {}
    for item in items:
        segments.setdefault((item.source, item.references), []).append(item)
    ordered = sorted(segments.values(), key=lambda found: -max(len(one.source) + len(one.hypothesis) for one in found))
    everything = itertools.chain.from_iterable(ordered)
    while group := list(itertools.islice(everything, size)):
        yield group
