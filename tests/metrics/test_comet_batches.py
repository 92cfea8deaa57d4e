"""Tests of how COMET's texts are put into batches and groups."""

from __future__ import annotations

from mteval.metrics.base import Item
from mteval.metrics.comet_batches import batches, groups


def found(sizes: list[int], budget: int) -> list[list[int]]:
    sized = list(enumerate(sizes))
    return [[sizes[one] for one in batch] for batch in batches(sized, budget)]


def test_longest_first_within_the_budget_padding_included() -> None:
    made = found([3, 9, 1, 8, 2, 7, 7, 5], 20)
    assert [size for batch in made for size in batch] == [9, 8, 7, 7, 5, 3, 2, 1]
    assert all(len(batch) * batch[0] <= 20 for batch in made)


def test_a_full_batch_is_full_to_the_token() -> None:
    assert found([5, 5, 5, 5, 5], 20) == [[5, 5, 5, 5], [5]]


def test_a_batch_that_is_half_full_has_no_padding_after_that() -> None:
    assert found([5, 5, 4, 4], 20) == [[5, 5], [4, 4]]
    assert found([5, 4, 4, 3], 20) == [[5, 4, 4], [3]]


def test_what_is_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    assert found([50, 30, 3], 20) == [[50], [30], [3]]
    assert found([], 20) == []


def test_what_is_as_long_keeps_its_order() -> None:
    assert list(batches([("a", 2), ("b", 3), ("c", 2)], 100)) == [["b", "a", "c"]]


def test_groups_hold_every_item_once_and_a_segment_s_beside_each_other() -> None:
    items = [Item(f"s{'x' * segment}", f"h{system}") for system in range(3) for segment in range(5)]
    made = list(groups(items, 6))
    assert [len(group) for group in made] == [6, 6, 3]
    flat = [item for group in made for item in group]
    assert sorted(flat, key=str) == sorted(items, key=str)
    assert [len(item.source) for item in flat] == sorted((len(item.source) for item in items), reverse=True)
