import pytest

from mteval.errors import ConfigError
from mteval.garble.adequacy import MissingNames, MissingNumbers


def test_a_lost_number_is_seen_and_what_stands_instead(look, translated):
    text = translated(("Custou 1.250 euros em 2019.", "It cost 1,205 euros in 2019."))
    assert look(MissingNumbers(), text) == [("d:1", "1,205")]


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("Custou 1.250,50 euros.", "It cost 1,250.50 euros."),
        ("Chegaram 3 pessoas.", "Three people arrived."),
        ("Às 10h30 de 2019.", "At 10:30 in 2019."),
        ("Sem números.", "No numbers, 42 added."),
    ],
)
def test_numbers_that_carry_over_are_not(look, translated, source, hypothesis):
    assert look(MissingNumbers(), translated((source, hypothesis))) == []


def test_names_that_are_all_missing_are_seen(look, translated):
    text = translated(("Ontem, Fernanda Montenegro falou.", "Yesterday, the actress spoke."))
    assert look(MissingNames(), text) == [("d:1", "Yesterday, the actress spoke.")]


@pytest.mark.parametrize(
    "hypothesis", ["Yesterday, Fernanda Montenegro spoke in London.", "Yesterday, fernanda montenegro spoke."]
)
def test_names_that_carry_over_are_not(look, translated, hypothesis):
    assert look(MissingNames(), translated(("Ontem, Fernanda Montenegro falou em Londres.", hypothesis))) == []


def test_they_are_blind_without_a_source(source):
    for signal in (MissingNumbers(), MissingNames()):
        assert signal.blind(source("Uma frase.")) == "no source"


def test_a_wrong_setting_is_named():
    for kind, settings in ((MissingNumbers, {"strength": 0}), (MissingNames, {"alike": 2})):
        with pytest.raises(ConfigError, match=next(iter(settings))):
            kind(**settings)
