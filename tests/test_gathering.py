"""What metrics say is the same, and paid for as often, in however many blocks they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mteval import gathering
from mteval.gate import Mark
from mteval.gathering import Gathered, gather
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, MetricCard
from mteval.metrics.fakes import LengthRatio
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Segment
from mteval.store import Store
from mteval.usage import Meter, Usage

SOURCES = ("um", "dois", "três", "um", "quatro", "cinco", "um", "seis e sete")
TEXTS = {
    "a": ("one", "two", "three", "one", "four", "five", "one", "six and s&#39;even"),
    "b": ("one", "", "three!", "one.", "none", "five", "one", "six"),
}
MARKS = {
    "a": [*[()] * 7, (Mark("html_entities", "An entity.", 9, 14),)],
    "b": [(), (Mark("empty", "Empty.", 0, 0),), *[()] * 6],
}


class Talks(LengthRatio):
    """Has no score of some, marks and notices others, looks at what comes before, and charges for each."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    @property
    def card(self) -> MetricCard:  # type: ignore[override]
        return replace(super().card, context=2)

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:  # type: ignore[override]
        self.asked.append(len(items))
        for position, item in enumerate(items):
            points = None if item.hypothesis == "none" else len(item.hypothesis) + 0.1 * len(item.context)
            yield (
                position,
                ItemScore(
                    points,
                    () if points is None else (points, 1.0),
                    (ErrorSpan(0, 1, "accuracy", "minor"),) if item.hypothesis == "three" else None,
                    item.hypothesis == "five",
                    ("said",) if item.source == "um" else (),
                    Usage(1, 10, 1),
                ),
            )


def gathered(metric: Talks, store: Store) -> tuple[dict[str, Gathered], Meter]:
    segments = [Segment(f"{at}", text, "dd" if at > 4 else "d", f"f:{at}") for at, text in enumerate(SOURCES)]
    eval_set = EvalSet("set", LangPair("pt", "en"), (Document("d", "pt"), Document("dd", "pt")), tuple(segments))
    hypotheses = {name: Hypotheses(name, texts) for name, texts in TEXTS.items()}
    into, meter = {name: Gathered() for name in TEXTS}, Meter()
    gather("m", metric, eval_set, hypotheses, MARKS, into, store, lambda _: None, meter)
    return into, meter


@pytest.mark.parametrize("block", [1, 4, 6])
def test_blocks_change_nothing(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, metric = Talks(), Talks()
    expected, paid = gathered(whole, Store(None))
    monkeypatch.setattr(gathering, "BLOCK", block)
    for made in (True, False):
        found, meter = gathered(metric, Store(tmp_path))
        assert found == expected
        for system, of_system in found.items():
            for counting, scores in [("raw", of_system.segments), *of_system.recounted.items()]:
                others = expected[system].segments if counting == "raw" else expected[system].recounted[counting]
                for name, one in scores.items():
                    np.testing.assert_array_equal(one.statistics, others[name].statistics)  # type: ignore[arg-type]
        assert meter.total == paid.total
        assert meter.spent == (paid.total if made else Usage())
    assert sum(metric.asked) == sum(whole.asked)
    assert len(metric.asked) > len(whole.asked)
    assert max(metric.asked) <= max(2, block)


def test_all_systems_are_seen_together_on_the_same_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    class Watched(Talks):
        def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:  # type: ignore[override]
            seen.append([item.source for item in items])
            yield from super().score(items)

    monkeypatch.setattr(gathering, "BLOCK", 4)
    gathered(Watched(), Store(None))
    assert seen[0] == ["um", "dois", "dois"]  # the first is the same of both, and asked for once
    assert seen[1] == ["três", "um", "três", "um"]


def test_what_is_gathered_is_the_reports_own_kind() -> None:
    found, _ = gathered(Talks(), Store(None))
    assert found["b"].segments["m"].scores[4] is None
    assert found["a"].spans["m"][2] == (ErrorSpan(0, 1, "accuracy", "minor"),)
    assert (found["a"].truncated, found["b"].truncated) == ({"m": (5,)}, {"m": (5,)})
    assert found["a"].notices == [f"segment {at}, metric m: said" for at in (0, 3, 6)]
    assert set(found["b"].recounted) == {"gated"}
    assert set(found["a"].recounted) == {"decoded"}


def test_statistics_are_exact_however_large_they_become(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dict(zip(SOURCES, (1.0, 2048.0, 4097.0, 1.0, 0.1, 2.0**24 + 1, 1.0, 3.0), strict=True))

    class Grows(Talks):
        def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:  # type: ignore[override]
            for position, item in enumerate(items):
                yield position, ItemScore(0.5, (made[item.source],))

        def nothing(self, item: Item) -> ItemScore:  # type: ignore[override]
            return ItemScore(0.0, (1e-9,))

    for block in (2, gathering.BLOCK):
        monkeypatch.setattr(gathering, "BLOCK", block)
        found, _ = gathered(Grows(), Store(None))
        expected = [[made[source]] for source in SOURCES]
        assert found["a"].segments["m"].of().tolist() == expected
        assert found["b"].recounted["gated"]["m"].of().tolist() == [expected[0], [1e-9], *expected[2:]]
