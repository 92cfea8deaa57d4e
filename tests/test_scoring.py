"""System scores from segment scores, over all segments and over those of clean sources."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sacrebleu
from numpy.typing import NDArray

from mteval import resampling
from mteval.comparison import Resampling
from mteval.errors import ContractError
from mteval.garble.base import Detector, Observations, Text, Verdict
from mteval.metrics.base import ItemScore, Metric
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Bleu
from mteval.report.base import SystemResult
from mteval.scoring import segment_scores, system_score
from mteval.segment import EvalSet
from mteval.systems.canaries import Half
from mteval.systems.fakes import UpperCase
from mteval.systems.reference import Reference
from tests.test_evaluation import GOOD, SEGMENTS, One, Plain, Spy, by_name, evaluation

RESAMPLING = Resampling(draws=50, seed=1)


def items(*scores: float | None) -> list[ItemScore]:
    return [ItemScore(score, () if score is None else (score,)) for score in scores]


@pytest.mark.parametrize(
    ("rows", "score", "segments"),
    [(None, 0.5, 3), ((0, 1), 0.4, 2), ((1, 2), 0.6, 1), ((2,), None, 0), ((), None, 0)],
)
def test_a_score_is_made_of_the_chosen_segments_that_have_one(
    rows: Sequence[int] | None, score: float | None, segments: int
) -> None:
    found = segment_scores("length", "sys", items(0.2, 0.6, None, 0.7))
    got = system_score(found, LengthRatio(), "version:1", RESAMPLING, "abcd", rows)
    assert (got.metric, got.system, got.segments, got.signature) == ("length", "sys", segments, "version:1")
    assert got.score == (None if score is None else pytest.approx(score))
    assert (got.interval is None) == (segments < 2)


def test_the_chosen_segments_alone_make_the_same_score_and_interval() -> None:
    every, alone = segment_scores("length", "s", items(0.2, 0.9, 0.6)), segment_scores("length", "s", items(0.2, 0.6))
    chosen = system_score(every, LengthRatio(), "v", RESAMPLING, "abc", (0, 2))
    assert chosen == system_score(alone, LengthRatio(), "v", RESAMPLING, "ac")


class NoNumber(LengthRatio):
    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(sums), math.nan)


def test_a_metric_that_gives_no_number_for_a_system_is_named() -> None:
    with pytest.raises(ContractError, match="metric bad: gave nan for a system"):
        system_score(segment_scores("bad", "sys", items(0.5)), NoNumber(), "v", RESAMPLING, "a")


def texts(eval_set: EvalSet, system: SystemResult) -> list[tuple[str, str]]:
    return [(s.source, text) for s, text in zip(eval_set.scored, system.hypotheses.texts, strict=True)]


class Strict(Detector):
    """Calls the documents that it is told of garbled, and all others clean."""

    def __init__(self, *garbled: str) -> None:
        self.garbled = garbled

    def judge(self, text: Text, seen: Observations) -> Verdict:
        return Verdict(text.document, text.system, "garbled" if text.document in self.garbled else "clean", 0.5, ())


def test_scores_on_clean_sources_are_those_of_their_segments_and_nothing_is_scored_again() -> None:
    metrics: dict[str, Metric] = {"bleu": Bleu(), "length": (counting := LengthRatio())}
    given = One(good=GOOD, bad=("The cat.", "A cat sleeps.", "House."))
    systems = {"reference": Reference(), "half": Half()}
    run = evaluation(systems, metrics, given, signals={"spy": Spy()}, detector=Strict("b")).run()
    (pair,) = run.pairs
    assert (pair.documents_by["clean"], pair.rows_by["clean"]) == (("a",), (0, 1))
    references = [s.references["r"] for s in SEGMENTS if s.document == "a" and not s.furniture]
    on_clean = pair.views["raw", "clean"].scores
    for name in ("good", "bad", "half"):
        system = by_name(pair)[name]
        clean = on_clean[name]["bleu"]
        assert clean.score == sacrebleu.corpus_bleu(list(system.hypotheses.texts[:2]), [references]).score
        assert (clean.segments, clean.signature) == (2, system.scores["bleu"].signature)
        assert clean.interval is not None
    assert on_clean["bad"]["bleu"].score != by_name(pair)["bad"].scores["bleu"].score
    assert set(on_clean["reference"]) == {"length"}
    assert counting.scored == len({(s, t) for x in pair.systems for s, t in texts(pair.eval_set, x)})  # each once


@pytest.mark.parametrize(("garbled", "clean"), [((), ("a", "b")), (("a", "b"), ())])
def test_where_all_sources_are_clean_or_none_is_there_is_nothing_to_tell_apart(
    garbled: tuple[str, ...], clean: tuple[str, ...]
) -> None:
    (pair,) = evaluation({"upper": UpperCase()}, signals={"spy": Spy()}, detector=Strict(*garbled)).run().pairs
    assert pair.documents_by["clean"] == clean
    assert not {sources for _, sources in pair.views} - {"all"}


def test_a_suspect_source_is_not_clean() -> None:
    (pair,) = evaluation({"upper": UpperCase()}, signals={"spy": Spy()}, detector=Plain()).run().pairs
    assert (pair.documents_by["clean"], pair.rows_by["clean"]) == ((), ())


def test_what_no_signal_looked_at_is_not_called_clean() -> None:
    (pair,) = evaluation({"upper": UpperCase()}).run().pairs
    assert (pair.sources, by_name(pair)["upper"].verdicts, pair.documents_by["clean"]) == ((), (), ())


def test_all_that_is_alike_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems by two metrics, for intervals and for tests, of all sources and of clean ones."""
    drawn: list[int] = []
    for name in ("_drawn", "_kept"):
        real = getattr(resampling, name)

        def spy(size: int, draws: int, seed: int, real: Callable[..., Any] = real) -> Any:
            drawn.append(size)
            return real(size, draws, seed)

        monkeypatch.setattr(resampling, name, spy)
    metrics: dict[str, Metric] = {"bleu": Bleu(), "length": LengthRatio()}
    given = One(good=GOOD, bad=("The cat.", "A cat sleeps.", "House."))
    run = evaluation({"half": Half()}, metrics, given, signals={"spy": Spy()}, detector=Strict("b"))
    run.resampling = Resampling(20, 1, trials=20)
    run.run()
    assert sorted(drawn) == [2, 2, 3, 3]
