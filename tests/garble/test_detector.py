import pytest

from mteval.errors import ConfigError
from mteval.garble.base import Evidence, Line, Observations, Text, Verdict
from mteval.garble.detector import NoisyOr

WORDS = "uma frase de oito palavras que nada diz."


def document(segments: int = 20, system: str | None = None) -> Text:
    lines = tuple(Line(f"d:{i}", WORDS, source=None if system is None else WORDS) for i in range(1, segments + 1))
    return Text("d", system, "pt", None, lines)


def signs(family: str, count: int, strength: float = 0.4, first: int = 1) -> list[Evidence]:
    return [Evidence(f"of_{family}", family, f"d:{i}", 0, 3, strength, "Seen.") for i in range(first, first + count)]


DETECTOR = NoisyOr()


def judge(text: Text, evidence: list[Evidence], unseen: tuple[tuple[str, str], ...] = ()) -> Verdict:
    return DETECTOR.judge(text, Observations(tuple(evidence), {}, unseen))


ARTEFACTS = ("surface", "repetition", "language", "grammar", "consistency")


def test_no_evidence_is_clean():
    verdict = judge(document(), [])
    assert (verdict.label, verdict.probability, verdict.evidence) == ("clean", 0, ())


@pytest.mark.parametrize("family", ARTEFACTS)
def test_any_number_of_one_familys_artefacts_is_suspect_at_most(family):
    for count in (4, 20):
        assert judge(document(), signs(family, count, 1.0)).label == "suspect"


@pytest.mark.parametrize("other", ARTEFACTS[1:])
def test_two_families_prove_it(other):
    evidence = signs("surface", 5) + signs(other, 5)
    assert judge(document(), evidence).label == "garbled"


def test_one_slip_is_clean():
    assert judge(document(), signs("repetition", 1, 0.45)).label == "clean"


def test_signs_count_for_less_in_a_longer_text():
    few = signs("surface", 3)
    short, long = judge(document(10), few), judge(document(200), few)
    assert short.label == "suspect"
    assert long.label == "clean"
    assert 0 < long.probability < short.probability


def test_the_gate_decides_alone_when_it_covers_the_document():
    text = document(10, "system")
    assert judge(text, signs("gate", 10, 0.9)).label == "garbled"
    assert judge(text, signs("gate", 5, 0.9)).label == "suspect"
    assert judge(text, signs("gate", 1, 1.0)).label == "clean"


def test_two_marks_of_one_segment_count_once():
    text = document(10, "system")
    once, twice = signs("gate", 5, 0.9), signs("gate", 5, 0.9) * 2
    assert judge(text, once).probability == judge(text, twice).probability


def test_an_empty_hypothesis_weighs_what_its_source_holds():
    lines = (Line("d:1", "", source=WORDS * 9), Line("d:2", "Yes.", source="Sim."))
    text = Text("d", "system", "en", "pt", lines)
    assert judge(text, signs("gate", 1, 1.0)).label == "garbled"
    assert judge(text, signs("gate", 1, 1.0, first=2)).label == "clean"


def test_a_hopeless_document_score_decides_and_a_low_one_does_not():
    hopeless = Evidence("low_chrf", "reference", None, None, None, 1.0, "Low.")
    low = Evidence("low_chrf", "reference", None, None, None, 0.5, "Low.")
    assert judge(document(10, "system"), [hopeless]).label == "garbled"
    assert judge(document(10, "system"), [low]).label == "suspect"


def test_all_evidence_is_kept_the_strongest_first_and_what_was_unseen_is_named():
    evidence = [*signs("surface", 3, 0.2), *signs("repetition", 2, 0.9)]
    verdict = judge(document(), evidence, (("low_chrf", "no chrf score"),))
    assert [e.strength for e in verdict.evidence] == [0.9, 0.9, 0.2, 0.2, 0.2]
    assert verdict.unseen == (("low_chrf", "no chrf score"),)


def test_missing_signals_do_not_change_the_probability():
    evidence = signs("surface", 3)
    seen = judge(document(), evidence)
    unseen = judge(document(), evidence, (("a", "no reference"), ("b", "no reference")))
    assert seen.probability == unseen.probability


def test_each_segment_is_judged_by_what_was_seen_in_it():
    evidence = [*signs("surface", 4, first=3)[:1] * 9, *signs("repetition", 4, first=3)[:1] * 9]
    verdict = judge(document(20), evidence)
    assert [one.segment for one in verdict.segments] == [f"d:{i}" for i in range(1, 21)]
    assert [one.segment for one in verdict.segments if one.label != "clean"] == ["d:3"]
    assert verdict.segments[2].label == "garbled"
    assert verdict.segments[2].probability > verdict.probability


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"suspect": 0.7}, "detector.suspect"),
        ({"cap": 0.6}, "detector.cap"),
        ({"garbled": 1.2}, "detector.garbled"),
        ({"scale": 0}, "detector.scale"),
        ({"accidents": -1}, "detector.accidents"),
        ({"deciding_caps": {"gates": 1.0}}, "detector.deciding_caps.gates"),
        ({"deciding_caps": {"gate": 7}}, "detector.deciding_caps.gate"),
    ],
)
def test_a_wrong_setting_is_named(settings, key):
    with pytest.raises(ConfigError) as caught:
        NoisyOr(**settings)
    assert caught.value.where == key
