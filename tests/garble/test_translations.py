import pytest
from sacrebleu.metrics import CHRF

from mteval.errors import ConfigError
from mteval.garble.base import Line, Text
from mteval.garble.detector import NoisyOr
from mteval.garble.translations import Disagreement, PoorTranslations, _held_against_each_other
from mteval.judging import judge


def source(translations: dict[str, tuple[str, ...]], scores: dict[str, float] | None = None) -> Text:
    lines = (Line("d:1", "Uma frase."), Line("d:2", "Outra frase."))
    return Text(
        "d", None, "pt", None, lines, translations=translations, translation_scores={"qe": scores} if scores else {}
    )


ALIKE = ("The minister spoke to the press yesterday.", "The law was not passed by the parliament.")
OTHER = ("Milk prices have been rising since June.", "Few of the visitors had seen the old town.")


def test_a_document_that_no_two_systems_translate_alike_is_seen():
    signal = Disagreement(low=60, hopeless=10)
    (evidence,) = signal.look("disagreement", source({"a": ALIKE, "b": OTHER}))
    chrf = CHRF()
    both = (chrf.corpus_score(ALIKE, [OTHER]).score + chrf.corpus_score(OTHER, [ALIKE]).score) / 2
    assert evidence.strength == pytest.approx(0.5 * (60 - both) / 50)
    assert (evidence.segment, evidence.family) == (None, "adequacy")
    assert "a and b" in evidence.message


def test_agreement_is_sacrebleus_to_the_last_digit():
    texts = {"a": (*ALIKE, "", "x"), "b": (*OTHER, "Nothing.", "x"), "c": (OTHER[0], ALIKE[1], " ", "y y")}
    found = _held_against_each_other(texts)
    assert len(found) == 6
    for (one, other), score in found.items():
        assert score == CHRF().corpus_score(list(texts[one]), [list(texts[other])]).score


def test_one_bad_system_blames_no_source():
    signal = Disagreement(low=60, hopeless=10)
    assert list(signal.look("disagreement", source({"bad": OTHER, "a": ALIKE, "b": ALIKE}))) == []
    scored = source({"bad": OTHER, "a": ALIKE}, {"bad": 0.1, "a": 0.8})
    assert list(PoorTranslations("qe", low=0.5, hopeless=0.1).look("poor", scored)) == []


def test_a_document_that_no_system_translates_well_is_seen():
    scored = source({"a": ALIKE, "b": OTHER}, {"a": 0.3, "b": 0.2})
    (evidence,) = PoorTranslations("qe", low=0.5, hopeless=0.1).look("poor", scored)
    assert evidence.strength == pytest.approx(0.25)
    assert "a does best" in evidence.message


def test_they_are_not_asked_of_translations(translated):
    signals = {"disagreement": Disagreement(60, 10), "poor": PoorTranslations("qe", 0.5, 0.1)}
    assert judge(translated(("Uma frase.", "A sentence.")), signals, NoisyOr()).unseen == ()
    assert [name for name, _ in judge(source({"a": ALIKE}), signals, NoisyOr()).unseen] == ["disagreement", "poor"]


def test_they_are_blind_where_there_is_nothing_to_compare():
    for signal in (Disagreement(60, 10), PoorTranslations("qe", 0.5, 0.1)):
        assert signal.blind(source({"a": ALIKE})) is not None
    assert Disagreement(60, 10).blind(source({"a": ALIKE, "b": OTHER})) is None
    assert PoorTranslations("qe", 0.5, 0.1).blind(source({"a": ALIKE}, {"a": 0.3})) is None


def test_a_wrong_setting_is_named():
    for kind, settings, key in (
        (Disagreement, {"low": 10, "hopeless": 60}, "hopeless"),
        (Disagreement, {"low": 60, "hopeless": 10, "systems": 1}, "systems"),
        (PoorTranslations, {"metric": "", "low": 1, "hopeless": 0}, "metric"),
        (PoorTranslations, {"metric": "qe", "low": 1, "hopeless": 0, "strength": 2}, "strength"),
    ):
        with pytest.raises(ConfigError, match=key):
            kind(**settings)
