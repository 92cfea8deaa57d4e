import pytest

from mteval.garble.grammar import BrokenAgreement, ClashingWords, pairs


class TestClashingWords:
    @pytest.mark.parametrize(
        ("line", "language", "shown"),
        [
            ("It went against of the wall of his house.", "en", ["against of"]),
            ("Ele saiu após de a uma hora do este lugar.", "pt", ["do este"]),
            ("Preşedintele a spus că vine în din oraş.", "ro", ["în din"]),
        ],
    )
    def test_pairs_that_people_do_not_write(self, line, language, shown, source, look):
        found = [s for _, s in look(ClashingWords(), source(line, language=language))]
        assert set(shown) <= set(found)

    @pytest.mark.parametrize(
        ("line", "language"),
        [
            ("The man who came to dinner said that it was all of the best that we had had.", "en"),
            ("O presidente disse que não há mais nada a fazer com o acordo de que falamos.", "pt"),
            ("Preşedintele a spus că nu mai este nimic de făcut cu acordul pe care l-a semnat.", "ro"),
            ("They rely on it, of course; against, of all people, him.", "en"),
        ],
    )
    def test_good_sentences(self, line, language, source, look):
        assert look(ClashingWords(), source(line, language=language)) == []

    def test_tables(self, source):
        assert {language for language in ("en", "pt", "ro") if len(pairs(language)) > 50} == {"en", "pt", "ro"}
        assert ClashingWords().blind(source("Mitä kuuluu?", language="fi")) is not None


class TestBrokenAgreement:
    @pytest.mark.parametrize(
        ("line", "language", "shown"),
        [
            ("Os dois países assinaram um acordo e oficializou a aliança.", "pt", "assinaram um acordo e oficializou"),
            ("Ele leu os situação do país.", "pt", "os situação"),
            ("Isso é parte da movimento.", "pt", "da movimento"),
            ("Foi uma decisão do instituições.", "pt", "do instituições"),
            ("It can being made of this elements, he said.", "en", "can being"),
            ("The Monday, scientists announced it.", "en", "The Monday,"),
        ],
    )
    def test_breaks(self, line, language, shown, source, look):
        assert (("d:1", shown)) in look(BrokenAgreement(), source(line, language=language))

    @pytest.mark.parametrize(
        ("line", "language"),
        [
            ("Os países assinaram um acordo, e a Rússia oficializou a aliança.", "pt"),
            ("A situação do movimento e as decisões das instituições tocam o coração da cidade.", "pt"),
            ("As questões do sistema de saúde exigem uma decisão dos governos.", "pt"),
            ("It can be made of these elements on the Monday after Easter, and he must have been there.", "en"),
        ],
    )
    def test_good_sentences(self, line, language, source, look):
        assert look(BrokenAgreement(), source(line, language=language)) == []

    def test_romanian_has_no_rules_yet(self, source):
        assert BrokenAgreement().blind(source("Bună ziua.", language="ro")) is not None
