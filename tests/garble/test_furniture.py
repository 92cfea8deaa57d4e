import pytest

from mteval.errors import ConfigError
from mteval.garble.furniture import PageFurniture


@pytest.mark.parametrize(
    ("language", "line", "shown"),
    [
        ("pt", "LEAVE A REPLY", "LEAVE A REPLY"),
        ("pt", "Leia também: o que se sabe do acordo", "Leia também:"),
        ("pt", "  Todos os direitos reservados.", "Todos os direitos reservados"),
        ("ro", "Citește și", "Citește și"),
        ("ro", "Comentează ", "Comentează"),
        ("en", "» Read more", "Read more"),
        ("de", "Share on Facebook", "Share on"),
    ],
)
def test_furniture_is_seen_where_it_stands(look, source, language, line, shown):
    assert look(PageFurniture(), source("Uma frase.", line, language=language)) == [("d:2", shown)]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Read more books and you will sleep better, the doctor told the children."),
        ("en", "Read more: " + "he said that they would come back, " * 4),
        ("en", "They share this house."),
        ("pt", "Ele quis comentar o caso."),
        ("ro", "Un comentariu bun."),
    ],
)
def test_a_sentence_is_not(look, source, language, line):
    assert look(PageFurniture(), source(line + " " * 5, language=language)) == []


def test_what_the_source_has_is_the_sources(look, translated):
    assert look(PageFurniture(), translated(("Leia mais", "Read more"))) == []
    assert look(PageFurniture(), translated(("Uma frase.", "Read more"))) == [("d:1", "Read more")]


def test_a_wrong_strength_is_named():
    with pytest.raises(ConfigError, match="page_furniture"):
        PageFurniture(strength=0)
