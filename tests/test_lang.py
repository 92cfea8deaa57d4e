from __future__ import annotations

import pytest

from mteval.errors import ConfigError
from mteval.lang import LangPair, base_language, check_code


@pytest.mark.parametrize("code", ["pt", "ro", "en", "no", "pt_BR", "zh_Hans", "ron"])
def test_languages_are_known(code: str) -> None:
    assert check_code(code, "here") == code


@pytest.mark.parametrize("code", ["xx", "english", "", "pt-en", None, 3, "p t"])
def test_what_is_no_language_is_refused(code: object) -> None:
    with pytest.raises(ConfigError, match=r"^here: .*; "):
        check_code(code, "here")


def test_norwegian_is_not_false() -> None:
    with pytest.raises(ConfigError, match='write "no" in quotes'):
        LangPair.of("en", False, "lang_pairs.en-no")
    assert str(LangPair.of("en", "no", "lang_pairs.en-no")) == "en-no"


def test_pairs_are_read_source_first() -> None:
    pair = LangPair.parse("pt_BR-en", "here")
    assert (pair.source, pair.target, str(pair)) == ("pt_BR", "en", "pt_BR-en")


@pytest.mark.parametrize("name", ["pt", "pt-en-ro", "en-en", "por-pt", "pt-xx", "-"])
def test_what_is_no_pair_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        LangPair.parse(name, "here")


@pytest.mark.parametrize(("code", "base"), [("pt_BR", "pt"), ("por", "pt"), ("ro", "ro"), ("zh_Hans", "zh")])
def test_the_base_language_is_the_shortest_code(code: str, base: str) -> None:
    assert base_language(code) == base
