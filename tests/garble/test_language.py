import pytest

from mteval.errors import ConfigError
from mteval.garble.language import ForeignLetters, ForeignStretches, UntranslatedWords


class TestUntranslatedWords:
    def test_words_left_as_they_were(self, translated, look):
        text = translated(("Ela comprou uma lâmpada para a exposição.", "She bought a lâmpada for the exhibition."))
        assert look(UntranslatedWords(), text) == [("d:1", "lâmpada")]

    def test_words_side_by_side_are_one_piece(self, translated):
        said = "Houve exposição remotamente naquele dia."
        (evidence,) = UntranslatedWords().look("x", translated((said, "That day there was exposição remotamente.")))
        assert evidence.end - evidence.start == len("exposição remotamente")
        assert evidence.strength > UntranslatedWords().strength

    def test_names_and_words_of_both_languages(self, translated, look):
        said = "O hospital de Santa Conceição fica perto do hotel central, em Bragança."
        text = translated((said, "The hospital of Santa Conceição is near the hotel central, in Bragança."))
        assert look(UntranslatedWords(), text) == []

    def test_it_needs_a_source(self, source):
        assert UntranslatedWords().blind(source("Bom dia.")) is not None

    def test_it_needs_languages_that_can_be_told_apart(self, translated):
        reason = UntranslatedWords().blind(translated(("x", "y"), target="rm", origin="pt"))
        assert reason is not None
        assert "rm" in reason


class TestForeignLetters:
    @pytest.mark.parametrize(
        ("line", "language", "shown"),
        [
            ("It is a chip imprimível of silicon.", "en", ["imprimível"]),
            ("Uma țară pequena.", "pt", ["țară"]),
            ("O zi de mañana.", "ro", ["mañana"]),
            ("Her fiancé wrote a résumé in a café in São Paulo.", "en", []),
            ("A situação é péssima; lingüística e vôos.", "pt", []),
            ("Preşedintele ţării și prietenii săi au zburat la Malmö.", "ro", []),
            ("a viscosidade ηeff do fluido", "pt", []),
        ],
    )
    def test_letters(self, line, language, shown, source, look):
        assert [s for _, s in look(ForeignLetters(), source(line, language=language))] == shown

    def test_a_language_without_a_table(self, source):
        assert ForeignLetters().blind(source("Mitä kuuluu?", language="fi")) is not None


class TestForeignStretches:
    def test_another_language_inside_a_text(self, source, look):
        line = "O ministro disse ontem. Please send the letter to the office and wait for your answer. Depois saiu."
        ((_, shown),) = look(ForeignStretches(), source(line))
        assert shown.startswith("the letter")
        assert "answer" not in shown

    @pytest.mark.parametrize(
        "line",
        [
            "Ela leu The Lord of the Rings e gostou.",
            "A casa, a praça, a rua e a mãe dela.",
            "O software de machine learning roda no notebook.",
        ],
    )
    def test_titles_and_loans(self, line, source, look):
        assert look(ForeignStretches(), source(line)) == []

    def test_a_language_without_a_list(self, source):
        assert ForeignStretches().blind(source("Mitä kuuluu?", language="fi")) is not None


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: UntranslatedWords(likelihood=0), "garble.untranslated_words.likelihood"),
        (lambda: UntranslatedWords(letters=1), "garble.untranslated_words.letters"),
        (lambda: ForeignLetters(strength="much"), "garble.foreign_letters.strength"),
        (lambda: ForeignStretches(least=1), "garble.foreign_stretches.least"),
    ],
)
def test_a_wrong_setting_is_named(make, key):
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.where == key
