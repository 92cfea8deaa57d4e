import json
import math
from importlib import resources

import pytest

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Line, Observations, Text, Verdict
from mteval.garble.detector_calibrated import Calibrated, means
from mteval.garble.detector_calibration import CURVES, Way, read

WORDS = "uma frase de oito palavras que nada diz."
ARTEFACTS = ("surface", "repetition", "language", "grammar", "consistency")
WAY = {
    "name": "odd",
    "language": "pt",
    "intercept": 0.0,
    "length": 0.0,
    "gauges": {"wording": {"center": 0.0, "weight": 2.0, "slope": 0.0}},
}
REFERENCE = {
    **WAY,
    "name": "far_from_reference",
    "language": "*",
    "gauges": {"low_chrf": {"center": 50, "weight": -0.2, "slope": 0}},
}


@pytest.fixture
def detector(tmp_path):
    path = tmp_path / "calibration.json"
    content = {
        "ways": [WAY, REFERENCE],
        "curves": {
            "worded_short": [[0, 0], [0.5, 0.4], [1, 1]],
            "worded_long": [[0, 0], [0.5, 0.2], [1, 1]],
            "scored_short": [[0, 0], [0.6, 0.3], [1, 1]],
            "scored_long": [[0, 0], [0.6, 0.3], [1, 1]],
        },
        "thresholds": [
            {"language": "pt", "words": 4, "suspect": 0.8, "garbled": 0.9},
            {"language": "pt", "words": None, "suspect": 0.3, "garbled": 0.6},
            {"language": "*", "words": None, "suspect": 0.35, "garbled": 0.7},
        ],
    }
    path.write_text(json.dumps(content), "utf-8")
    return Calibrated(calibration=str(path))


def document(segments: int = 10, language: str = "pt") -> Text:
    return Text("d", None, language, None, tuple(Line(f"d:{i}", WORDS) for i in range(1, segments + 1)))


def signs(family: str, count: int, strength: float = 1.0, signal: str = "any") -> list[Evidence]:
    return [Evidence(signal, family, f"d:{i}", 0, 3, strength, "Seen.") for i in range(1, count + 1)]


def judge(detector: Calibrated, text: Text, evidence: list[Evidence], **gauges: float) -> Verdict:
    every = {name: (value,) * len(text.lines) for name, value in gauges.items()}
    return detector.judge(text, Observations(tuple(evidence), every))


def test_a_gauge_alone_decides(detector):
    assert judge(detector, document(), [], wording=3.0).label == "garbled"
    assert judge(detector, document(), [], wording=-3.0).label == "clean"


@pytest.mark.parametrize("family", ARTEFACTS)
@pytest.mark.parametrize("wording", [-3.0, -1.0, -0.5])
def test_one_family_of_artefacts_makes_a_well_worded_text_suspect_at_most(detector, family, wording):
    verdict = judge(detector, document(), signs(family, 10) * 3, wording=wording)
    assert verdict.label == "suspect"
    assert verdict.probability < 0.6


def test_two_families_make_it_garbled(detector):
    evidence = [*signs("surface", 10) * 3, *signs("consistency", 10) * 3]
    assert judge(detector, document(), evidence, wording=-3.0).label == "garbled"


def test_what_is_missing_takes_no_part_and_is_no_zero(detector):
    # a zero would be the worst score that chrF has; a gauge of 0 here is even odds
    assert judge(detector, document(), []).probability == 0
    assert judge(detector, document(), [], wording=-3.0, low_chrf=60.0).label == "clean"
    assert judge(detector, document(), [], wording=-3.0, low_chrf=30.0).label == "garbled"
    assert judge(detector, document(language="de"), [], wording=3.0).label == "clean"
    assert judge(detector, document(language="de"), [], low_chrf=30.0).label == "garbled"


def test_evidence_of_a_gauge_that_is_weighed_is_shown_and_not_counted_again(detector):
    evidence = signs("fluency", 10, signal="wording")
    with_it = judge(detector, document(), evidence, wording=-1.0)
    assert with_it.probability == judge(detector, document(), [], wording=-1.0).probability
    assert with_it.evidence == tuple(evidence)
    # no way weighs the gauge in German, so there the evidence counts
    assert judge(detector, document(language="de"), evidence, wording=-1.0).label == "garbled"


def test_lines_without_a_gauge_are_left_out_of_its_mean(detector):
    text = document(2)
    some = detector.judge(text, Observations((), {"wording": (3.0, None)}))
    assert some.probability == judge(detector, document(1), [], wording=3.0).probability
    assert [one.label for one in some.segments] == ["garbled", "clean"]
    assert means({"x": (None, None)}, [8, 8]) == {}
    assert means({"x": (1.0, 4.0)}, [4, 16]) == {"x": 3.0}


def test_the_curves_are_followed_along_lines(detector):
    verdict = judge(detector, document(), [], wording=math.log(3) / 2)  # odds of 3 to 1
    assert verdict.probability == pytest.approx(0.4 + 0.6 * 0.5)
    longer = judge(detector, document(20), [], wording=math.log(3) / 2)
    assert longer.probability == pytest.approx(0.2 + 0.8 * 0.5)
    scored = judge(detector, document(language="de"), [], low_chrf=50 - math.log(3) / 0.2)
    assert scored.probability == pytest.approx(0.3 + 0.7 * 0.15 / 0.4)


def test_of_a_short_text_more_is_wanted(detector):
    short = Text("d", None, "pt", None, (Line("d:1", "Só três palavras."),))
    assert judge(detector, short, [], wording=0.7).label == "clean"
    assert judge(detector, document(1), [], wording=0.7).label == "garbled"
    assert judge(detector, short, signs("gate", 1)).label == "garbled"


def test_a_ways_log_odds_are_what_its_docstring_says():
    way = Way("w", "*", 1.0, 0.5, {"g": {"center": 2.0, "weight": 3.0, "slope": -1.0}})
    scale = math.log(200 / 100)
    wanted = 1 + 0.5 * scale + (3 - scale) * (2.5 - 2)
    assert way.probability({"g": 2.5}, 200) == pytest.approx(1 / (1 + math.exp(-wanted)))


def test_a_users_thresholds_come_before_the_calibrations(detector):
    strict = Calibrated(calibration=detector.calibration, suspect=0.01, garbled=0.02)
    assert judge(strict, document(), [], wording=-1.0).label == "garbled"
    with pytest.raises(ConfigError, match=r"detector\.suspect"):
        Calibrated(calibration=detector.calibration, suspect=0.7)
    with pytest.raises(ConfigError, match=r"detector\.garbled"):
        Calibrated(calibration=detector.calibration, garbled=7)


NO_CURVE = json.dumps({"ways": [], "curves": {key: [[0, 0]] for key in CURVES}, "thresholds": []})


@pytest.mark.parametrize("content", ["nothing", "{}", NO_CURVE])
def test_what_is_no_calibration_is_named(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"mine\.json"):
        Calibrated(calibration=str(path))
    with pytest.raises(ConfigError, match=r"none\.json"):
        Calibrated(calibration=str(tmp_path / "none.json"))


def test_the_calibration_that_ships_says_what_it_was_chosen_for():
    shipped = read()
    assert all(0.3 <= found.suspect < found.garbled < 1 for found in shipped.thresholds)
    rates = json.loads(resources.files("mteval.garble").joinpath("calibration.json").read_text("utf-8"))["chosen_for"]
    assert rates["documents_by_people_of_unseen_corpora"] == {
        "at_most_suspect_or_garbled": 0.04,
        "at_most_garbled": 0.01,
    }
    assert {(way.name, way.language) for way in shipped.ways} >= {
        *(("rule_based", language) for language in ("pt", "en")),
        *(("broken", language) for language in ("pt", "ro", "en")),
        ("unfaithful", "en"),
        ("far_from_reference", "*"),
    }
    # worse wording, and lower scores, never make a text cleaner, however short or long it is
    for way in shipped.ways:
        for scale in (-2.5, 3):
            for name, gauge in way.gauges.items():
                rises = name in ("machine_wording", "broken_wording")
                assert (gauge["weight"] + gauge["slope"] * scale > 0) == rises, (way.name, way.language, name)
