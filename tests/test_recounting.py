"""Other texts count: failed hypotheses as nothing, HTML entities decoded; what does not change is not scored again."""

from __future__ import annotations

import numpy as np
import pytest

from mteval import recounting
from mteval.gate import Mark
from mteval.metrics.base import Item, ItemScore
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Chrf
from mteval.scores import SegmentScores
from mteval.scoring import segment_scores
from mteval.store import Store
from mteval.usage import Meter

ITEMS = {
    "a": [Item("Bom dia a todos.", "Bom dia a todos.", ("Hello all.",)), Item("Não.", "It&#39;s no.", ("It's no.",))],
    "b": [Item("Bom dia a todos.", "Hello all.", ("Hello all.",)), Item("Não.", "No.", ("It's no.",))],
}
MARKS = {
    "a": [(Mark("copied", "A copy.", 0, 16),), (Mark("html_entities", "An entity.", 2, 7),)],
    "b": [(), (Mark("length_ratio", "Short.", 0, 3),)],
}


def scored(metric: LengthRatio | Chrf) -> dict[str, SegmentScores]:
    return {
        system: segment_scores("m", system, [score for _, score in sorted(metric.score(items), key=lambda s: s[0])])
        for system, items in ITEMS.items()
    }


def test_a_failed_hypothesis_counts_as_nothing_and_the_others_as_they_are() -> None:
    found = scored(LengthRatio())
    gated = recounting.gated(LengthRatio(), ITEMS, MARKS, found)
    assert set(gated) == {"a"}  # a mark that is no failure changes nothing
    assert gated["a"].scores == (0.0, found["a"].scores[1])
    np.testing.assert_array_equal(gated["a"].statistics, [[0.0], [1.0]])  # type: ignore[arg-type]
    assert found["a"].scores[0] == 1.0  # what was there is still there


def test_a_lexical_metric_scores_nothing_as_an_empty_hypothesis() -> None:
    metric = Chrf()
    ((_, empty),) = metric.score([Item("x", "", ("Hello all.",))])
    gated = recounting.gated(metric, ITEMS, MARKS, scored(metric))["a"]
    assert gated.statistics is not None
    assert tuple(gated.statistics[0]) == empty.statistics


def test_a_scale_without_an_end_has_no_gated_scores_at_all() -> None:
    class Endless(LengthRatio):
        def nothing(self, item: Item) -> ItemScore | None:  # type: ignore[override]
            return None

    assert recounting.gated(Endless(), ITEMS, MARKS, scored(LengthRatio())) == {}


def test_only_texts_that_decode_to_others_are_scored() -> None:
    metric, found = LengthRatio(), scored(LengthRatio())
    decoded = recounting.decoded("m", metric, ITEMS, MARKS, found, Store(None), Meter())
    assert set(decoded) == {"a"}
    assert metric.scored == 1
    assert decoded["a"].scores == (found["a"].scores[0], pytest.approx(min(1, len("It's no.") / len("Não."))))


def test_without_marks_nothing_is_scored() -> None:
    metric = LengthRatio()
    nothing = {system: [(), ()] for system in ITEMS}
    assert recounting.decoded("m", metric, ITEMS, nothing, scored(LengthRatio()), Store(None), Meter()) == {}
    assert recounting.gated(metric, ITEMS, nothing, scored(LengthRatio())) == {}
    assert metric.scored == 0
