import pytest

from mteval.errors import ConfigError
from mteval.garble.quotation import QuotationMarks
from mteval.garble.surface import BrokenCharacters, DetachedHyphens, Spacing


def seen(found):
    return [shown for _, shown in found]


class TestDetachedHyphens:
    def test_torn_words_and_pronouns_are_shown_whole(self, source, look):
        text = source("O líder norte -coreano chegou na quarta -feira.", "Ele vestiu -se depressa.")
        assert look(DetachedHyphens(), text) == [
            ("d:1", "norte -coreano"),
            ("d:1", "quarta -feira"),
            ("d:2", "vestiu -se"),
        ]

    def test_a_pronoun_says_more_than_a_word(self, source):
        word, pronoun = DetachedHyphens().look("x", source("O porta -voz calou -se."))
        assert pronoun.strength > word.strength

    @pytest.mark.parametrize(
        "line",
        [
            "O líder norte-coreano vestiu-se na quarta-feira.",
            "Ele veio - disse ela - na quarta-feira.",
            "Ele -como sempre- chegou tarde.",
            "Texte pre- și postbelice, de la -5 la 7 grade.",
            "Connect AudioStreamPlayer -AudioStreamPlayer2D to it.",
        ],
    )
    def test_hyphens_and_dashes_in_their_place(self, line, source, look):
        assert look(DetachedHyphens(), source(line)) == []


class TestQuotationMarks:
    def test_a_mark_that_closes_nothing(self, source, look):
        text = source("Ele falou em “trocar opiniões”. Kim concordou com as negociações ”.")
        ((segment, shown),) = look(QuotationMarks(), text)
        assert (segment, shown) == ("d:1", "”")
        (evidence,) = QuotationMarks().look("x", text)
        assert evidence.start == text.lines[0].text.rindex("”")
        assert evidence.strength == QuotationMarks().spaced_strength

    def test_a_quotation_that_the_next_one_interrupts(self, source, look):
        text = source("O ministro disse: “Vamos sair amanhã.", "Depois calou-se.", "Ela disse: “Fico aqui.”")
        assert look(QuotationMarks(), text) == [("d:1", "“")]

    @pytest.mark.parametrize(
        "lines",
        [
            ("„Nu plec”, a spus el.", "A doua zi a plecat."),
            ("”Nu plec”, a spus el, citând ziarul «Adevărul».",),
            ("„Ich gehe nicht“, sagte er.",),
            (",,Nu plec”, a spus el.",),
            ("Ela disse: “Vamos.", "Não há tempo.", "Venham todos.” E saiu."),
            ('She said "no" and left; it was 5" long.',),
            ("Read more » Next page »",),
        ],
    )
    def test_balanced_styles(self, lines, source, look):
        assert look(QuotationMarks(), source(*lines)) == []

    def test_an_odd_straight_mark(self, source, look):
        text = source('He said "no" and left.', 'She said "yes and stayed.')
        assert look(QuotationMarks(), text) == [("d:2", '"')]

    def test_an_excerpt_may_begin_inside_a_quotation(self, source):
        (evidence,) = QuotationMarks().look("x", source("e não volto mais”, disse ele.", "Saiu."))
        assert evidence.strength == QuotationMarks().edge_strength


class TestSpacing:
    def test_stray_spaces_and_gaps(self, source, look):
        text = source("O protesto seguiu  para a praça , onde acabou. Era noite, e chovia.", "Foi isso, enfim. Acabou.")
        assert seen(look(Spacing(), text)) == ["  ", " ,"]

    def test_a_tokenised_text_says_nothing(self, source):
        signal = Spacing()
        assert signal.blind(source("Ele veio , viu , e venceu . Depois , saiu .")) is not None
        assert signal.blind(source("Il vient ; elle part.", language="fr")) is not None

    def test_an_ellipsis_and_a_decimal_point(self, source, look):
        assert look(Spacing(), source("Ele veio ... e saiu. O calibre .45 falhou, enfim.")) == []


class TestBrokenCharacters:
    def test_entities_mojibake_and_lost_letters(self, source, look):
        text = source("Tom &amp; Jerry têm informaÃ§Ãµes.", "O �nibus chegou.")
        assert look(BrokenCharacters(), text) == [("d:1", "&amp;"), ("d:1", "Ã§Ãµ"), ("d:2", "�")]

    def test_entities_of_the_source_are_the_sources(self, translated, look):
        assert look(BrokenCharacters(), translated(("O sinal &amp;", "The sign &amp;"))) == []
        assert seen(look(BrokenCharacters(), translated(("É do João", "It&#39;s João's")))) == ["&#39;"]

    def test_accents_are_no_mojibake(self, source, look):
        text = source("NÃO, a IRMÃ e a maçã; o avô é são. “MAÇÔ.", "AT&T și R&D; pâine, Ârabe.")
        assert look(BrokenCharacters(), text) == []


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: DetachedHyphens(strength=0), "garble.detached_hyphens.strength"),
        (lambda: DetachedHyphens(clitic_strength=1.5), "garble.detached_hyphens.clitic_strength"),
        (lambda: QuotationMarks(edge_strength=-1), "garble.quotation_marks.edge_strength"),
        (lambda: Spacing(tokenised_share=2), "garble.spacing.tokenised_share"),
        (lambda: BrokenCharacters(entity_strength=True), "garble.broken_characters.entity_strength"),
    ],
)
def test_a_wrong_setting_is_named(make, key):
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.where == key
