import pytest

from mteval.errors import ConfigError
from mteval.garble.repetition import DoubledWords, RepeatedPhrases


class TestDoubledWords:
    def test_names_and_small_words(self, source, look):
        text = source("Kim Kim Jong Un falou.", "Isto é de de todos.", "Scrisoare pentru pentru el.")
        assert look(DoubledWords(), text) == [("d:1", "Kim Kim"), ("d:2", "de de"), ("d:3", "pentru pentru")]

    @pytest.mark.parametrize(
        ("line", "language"),
        [
            ("She had had enough, and I know that that book is hers.", "en"),
            ("Se se levar em conta o preço, é muito muito caro.", "pt"),
            ("E foarte foarte frumos, dar merge încet încet.", "ro"),
            ("He went to Walla Walla with Duran Duran; Boutros Boutros-Ghali came.", "en"),
            ("Nova York, York; 10 10 20; tic-tac tac-tic.", "pt"),
        ],
    )
    def test_rightly_doubled(self, line, language, source, look):
        assert look(DoubledWords(), source(line, language=language)) == []

    def test_more_words_can_be_allowed(self, source, look):
        text = source("Ele é lindo lindo.")
        assert look(DoubledWords(), text) == [("d:1", "lindo lindo")]
        assert look(DoubledWords(rightly=("lindo",)), text) == []

    def test_a_doubling_of_the_source_is_not_the_systems(self, translated, look):
        assert look(DoubledWords(), translated(("Kim Kim falou.", "Kim Kim spoke."))) == []
        assert look(DoubledWords(), translated(("Kim falou.", "Kim Kim spoke."))) == [("d:1", "Kim Kim")]


class TestRepeatedPhrases:
    def test_a_phrase_said_twice_in_a_sentence(self, source, look):
        line = "A mídia estatal de Pyongyang disse ontem que, segundo a mídia estatal de Pyongyang, houve um acordo."
        assert look(RepeatedPhrases(), source(line)) == [("d:1", "a mídia estatal de Pyongyang")]

    def test_a_longer_phrase_says_more(self, source):
        short, long = "um acordo militar com", "um acordo militar com muitas outras nações"
        (weak,) = RepeatedPhrases().look("x", source(f"Ele fez {short} Cuba e depois {short} Angola."))
        (strong,) = RepeatedPhrases().look("x", source(f"Ele fez {long} e depois {long}."))
        assert strong.strength > weak.strength

    @pytest.mark.parametrize(
        "line",
        [
            "De um lado para o outro, ele foi de um lado para o outro.",  # few words of substance
            "A Rússia e a Coreia fortaleceram suas relações nos últimos anos.",
        ],
    )
    def test_ordinary_sentences(self, line, source, look):
        found = look(RepeatedPhrases(words=7), source(line))
        assert found == []

    def test_a_phrase_that_the_source_repeats_too(self, translated, look):
        said = "O povo da cidade grande quer paz, e o povo da cidade grande quer pão."
        meant = "The people of the big city want peace, and the people of the big city want bread."
        assert look(RepeatedPhrases(), translated((said, meant))) == []
        once = "O povo da cidade grande quer paz e pão."
        assert len(look(RepeatedPhrases(), translated((once, meant)))) == 1

    def test_a_loop(self, source):
        (evidence,) = RepeatedPhrases().look("x", source("Ele disse que sim " + "e depois não " * 6))
        assert evidence.strength == RepeatedPhrases().loop_strength

    def test_one_hypothesis_for_many_sources(self, translated, look):
        same = "The president said that he would come."
        text = translated(("Choveu.", same), ("Fez sol.", same), ("Ninguém veio.", same))
        assert look(RepeatedPhrases(), text) == [("d:3", same)]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: DoubledWords(name_strength=2), "garble.doubled_words.name_strength"),
        (lambda: DoubledWords(rightly="lindo"), "garble.doubled_words.rightly"),
        (lambda: RepeatedPhrases(words=2), "garble.repeated_phrases.words"),
        (lambda: RepeatedPhrases(segment_strength=0), "garble.repeated_phrases.segment_strength"),
    ],
)
def test_a_wrong_setting_is_named(make, key):
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.where == key
