from dataclasses import replace

import pytest

from mteval.errors import ConfigError
from mteval.garble.base import Line, Text
from mteval.garble.metric import LowScore


def scored(
    document: float | None, *segments: float | None, metric: str = "chrf", words: str = "one two three four five"
) -> Text:
    lines = tuple(
        Line(f"d:{i}", words, source=words, scores={} if s is None else {metric: s}) for i, s in enumerate(segments, 1)
    )
    return Text("d", "system", "en", "pt", lines, {} if document is None else {metric: document})


SIGNAL = LowScore("chrf", low=50, hopeless=20, segment_low=30, segment_hopeless=0)


@pytest.mark.parametrize(("score", "strength"), [(65, None), (50, None), (35, 0.5), (20, 1.0), (3, 1.0)])
def test_a_documents_score(score, strength):
    found = [e for e in SIGNAL.look("low", scored(score, 60.0)) if e.segment is None]
    assert [e.strength for e in found] == ([] if strength is None else [pytest.approx(strength)])


def test_a_segments_score():
    found = [e for e in SIGNAL.look("low", scored(60, 60.0, 15.0, None)) if e.segment]
    assert [(e.segment, e.strength) for e in found] == [("d:2", pytest.approx(0.5))]
    assert "15" in found[0].message


def test_short_segments_are_not_judged_alone():
    assert list(SIGNAL.look("low", scored(60, 1.0, words="yes"))) == []


def test_without_a_documents_score_the_segments_mean_stands_in():
    (evidence,) = LowScore("chrf", 50, 20).look("low", scored(None, 30.0, 40.0))
    assert evidence.strength == pytest.approx(0.5)
    assert "mean of 2 segments" in evidence.message


def test_error_rates_are_low_when_high():
    signal = LowScore("ter", low=60, hopeless=100)
    assert list(signal.look("low", scored(50, metric="ter"))) == []
    (evidence,) = signal.look("low", scored(80, metric="ter"))
    assert evidence.strength == pytest.approx(0.5)


def test_a_missing_score_blinds_it():
    assert SIGNAL.blind(scored(None, None)) == "no chrf score"
    assert SIGNAL.blind(scored(None, 30.0)) is None
    assert LowScore("comet", 0.6, 0.2).blind(scored(30, 30.0)) == "no comet score"
    assert SIGNAL.blind(Text("d", None, "pt", None, ())) is not None


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"metric": "", "low": 50, "hopeless": 20}, "metric"),
        ({"metric": "chrf", "low": "many", "hopeless": 20}, "low"),
        ({"metric": "chrf", "low": 50, "hopeless": 50}, "hopeless"),
        ({"metric": "chrf", "low": 50, "hopeless": 20, "segment_low": 3}, "segment_low"),
        ({"metric": "chrf", "low": 50, "hopeless": 20, "segment_low": 3, "segment_hopeless": 9}, "segment_hopeless"),
        ({"metric": "chrf", "low": 50, "hopeless": 20, "segment_words": 0}, "segment_words"),
    ],
)
def test_a_wrong_setting_is_named(settings, key):
    with pytest.raises(ConfigError) as caught:
        LowScore(**settings)
    assert caught.value.where == f"garble.low_score.{key}"


def test_a_metric_is_heeded_in_the_lang_pairs_it_was_made_for():
    qe = LowScore("comet_qe_mini", 0.7, 0.2, family="adequacy", pairs=["pt-en", "ro-en"])
    lines = (Line("d:1", "Um texto.", "A text.", scores={"comet_qe_mini": 0.1}),)
    into_english = Text("d", "system", "en", "pt_BR", lines)
    assert qe.blind(into_english) is None
    assert qe.blind(replace(into_english, source_language="de")) == "comet_qe_mini was made for pt-en, ro-en alone"
    assert qe.blind(replace(into_english, language="pt", source_language="en")) is not None


def test_the_gauge_of_a_line_is_its_score():
    assert SIGNAL.gauge(scored(None, 30.0)) == (30.0,)
    assert LowScore("comet", 0.6, 0.2).gauge(scored(None, 30.0)) == (None,)


def test_the_family_is_one_of_two():
    with pytest.raises(ConfigError, match="family"):
        LowScore("chrf", 50, 20, family="gate")
