"""A checkpoint that no longer scores as it did stops the run, before it scores anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mteval import golden, reuse
from mteval.errors import ComparabilityError
from mteval.metrics.base import Item, ItemScore
from mteval.metrics.fakes import LengthRatio
from mteval.signature import Signature
from mteval.store import Store
from mteval.usage import Meter

ITEMS = [Item("Bună.", "Good.", ("Good.",)), Item("Da.", "Yes.", ("Yes.",))]


class Neural(LengthRatio):
    """Has a checkpoint, and adds something to every score."""

    def __init__(self, more: float = 0.0, precision: str = "fp32") -> None:
        super().__init__()
        self.more = more
        self.precision = precision
        self.asked: list[int] = []

    def signature(self, references: int) -> Signature:  # type: ignore[override]
        told = {"checkpoint": "abc", "precision": self.precision, "nrefs": references}
        return Signature.of({**told, "version": golden.versions()["torch"]})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:  # type: ignore[override]
        self.asked.append(len(items))
        for position, item in enumerate(items):
            points = len(item.hypothesis) / 100 + self.more
            yield position, ItemScore(points, (points, 1.0))


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What there is to depend on, to be changed."""
    told = {"torch": "1.0", "transformers": "4.0", "device": "cpu"}
    monkeypatch.setattr(golden, "versions", lambda: dict(told))
    return told


def score(metric: LengthRatio, store: Store, items: Sequence[Item] = ITEMS) -> list[ItemScore]:
    return reuse.score("m", metric, items, 1, store, lambda _: None, Meter())


def test_golden_segments_are_scored_once_and_where_versions_change(tmp_path: Path, versions: dict[str, str]) -> None:
    first = Neural()
    score(first, Store(tmp_path))
    assert first.asked == [20, 2]
    again = Neural()
    score(again, Store(tmp_path), [Item("Nu.", "No.", ("No.",))])
    assert again.asked == [1]
    versions["transformers"] = "5.0"
    other = Neural(5e-5)
    score(other, Store(tmp_path), [Item("Poate.", "Perhaps.", ("Maybe.",))])
    assert other.asked == [20, 1]
    same = Neural(5e-5)
    score(same, Store(tmp_path), [Item("Oare?", "Really?", ("Really?",))])
    assert same.asked == [1]


def test_drift_stops_the_run_and_names_the_versions(tmp_path: Path, versions: dict[str, str]) -> None:
    score(Neural(), Store(tmp_path))
    versions["torch"] = "2.0"
    drifted = Neural(2e-4)
    with pytest.raises(
        ComparabilityError, match=r"metric m: scores a golden segment .* before \(torch 1.0 then, 2.0 now\)"
    ):
        score(drifted, Store(tmp_path))
    assert drifted.asked == [20]
    score(Neural(2e-4), Store(tmp_path / "another"))


def test_drift_does_not_creep(tmp_path: Path, versions: dict[str, str]) -> None:
    """The first scores are what later ones are held to, however many versions come between."""
    for step in range(2):
        versions["torch"] = f"{step}.0"
        score(Neural(step * 7e-5), Store(tmp_path))
    versions["torch"] = "3.0"
    with pytest.raises(ComparabilityError):
        score(Neural(2 * 7e-5), Store(tmp_path))


def test_a_coarser_precision_may_differ_more(tmp_path: Path, versions: dict[str, str]) -> None:
    score(Neural(precision="bf16"), Store(tmp_path))
    versions["torch"] = "2.0"
    score(Neural(5e-3, precision="bf16"), Store(tmp_path), [Item("Nu.", "No.", ("No.",))])
    versions["torch"] = "3.0"
    with pytest.raises(ComparabilityError):
        score(Neural(2e-2, precision="bf16"), Store(tmp_path), [Item("Nu!", "No!", ("No!",))])


def test_what_has_no_checkpoint_or_no_store_is_left_alone(tmp_path: Path, versions: dict[str, str]) -> None:
    class Lexical(Neural):
        def signature(self, references: int) -> Signature:  # type: ignore[override]
            return Signature.of({"nrefs": references})

    for metric, store in ((Lexical(), Store(tmp_path)), (Neural(), Store(None))):
        score(metric, store)
        assert metric.asked == [2]


def test_what_is_damaged_in_the_store_is_kept_anew(tmp_path: Path, versions: dict[str, str]) -> None:
    score(Neural(), Store(tmp_path))
    (shard,) = (tmp_path / "v1" / "golden").rglob("*.jsonl")
    rows = [json.loads(line) for line in shard.read_text("utf-8").splitlines()]
    shard.write_text("".join(json.dumps({"key": row["key"], "value": "?"}) + "\n" for row in rows), "utf-8")
    metric = Neural(1.0)
    score(metric, Store(tmp_path), [Item("Nu.", "No.", ("No.",))])
    assert metric.asked == [20, 1]


def test_segments_are_twenty_and_of_both_lang_pairs() -> None:
    assert {pair: len(several) for pair, several in golden.SEGMENTS.items()} == {"pt-en": 10, "ro-en": 10}
    assert {"torch", "device"} <= set(golden.versions())
