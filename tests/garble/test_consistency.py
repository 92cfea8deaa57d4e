import pytest

from mteval.errors import ConfigError
from mteval.garble.consistency import LoweredAcronyms, NameSpellings


class TestLoweredAcronyms:
    def test_an_acronym_in_small_letters(self, source, look):
        assert look(LoweredAcronyms(), source("O acordo foi assinado, disse Kcna.")) == [("d:1", "Kcna")]

    def test_its_capitals_elsewhere_make_it_surer(self, source):
        (alone,) = LoweredAcronyms().look("x", source("Foi o que disse Kcna."))
        (both,) = LoweredAcronyms().look("x", source("Foi o que disse Kcna.", "A KCNA não explicou."))
        assert both.strength > alone.strength
        assert "KCNA" in both.message

    @pytest.mark.parametrize(
        "line",
        [
            "O Unicef, a Nasa e a Otan vieram com Zbig, Ngugi, Sven, Mbeki, Ptah e Brno.",
            "Mr. e Mrs. Smith, Ltd.; Xbox, Chris, Strom, Schur, Thriv.",
            "A KCNA disse que sim.",
        ],
    )
    def test_names_and_abbreviations(self, line, source, look):
        assert look(LoweredAcronyms(), source(line)) == []


class TestNameSpellings:
    def test_an_english_and_a_local_spelling(self, source, look):
        text = source("A aliança de Pyongyang-Moscow cresce.", "Em Moscou, o governo de Moscou calou.")
        assert look(NameSpellings(), text) == [("d:1", "Moscow")]

    @pytest.mark.parametrize(
        "lines",
        [
            ("Liderul din Moldova.", "În Moldovei.", "Ministrul Ucraina și Ucrainei."),
            ("Foi a Oliveira.", "Veio o Oliveiro."),
            ("O Conselho decidiu.", "A Conselha saiu."),
        ],
    )
    def test_inflected_and_different_names(self, lines, source, look):
        assert look(NameSpellings(), source(*lines)) == []

    def test_spellings_of_the_source(self, translated, look):
        text = translated(("Em Zelensky e Zelenskyy.", "In Zelensky and Zelenskyy."))
        assert look(NameSpellings(), text) == []


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: LoweredAcronyms(strength_both=0), "garble.lowered_acronyms.strength_both"),
        (lambda: NameSpellings(letters=2), "garble.name_spellings.letters"),
    ],
)
def test_a_wrong_setting_is_named(make, key):
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.where == key
