"""The languages of encoders: codes as the rest of mteval writes them, and what a config may say."""

from __future__ import annotations

import langcodes
import pytest

from mteval.errors import ConfigError
from mteval.lang import base_language
from mteval.metrics.language_sets import LANGUAGE_SETS, language_codes


@pytest.mark.parametrize("name", LANGUAGE_SETS)
def test_codes_are_base_codes(name: str) -> None:
    for code in LANGUAGE_SETS[name]:
        assert base_language(code) == code
        assert langcodes.tag_is_valid(code)


def test_sets_are_as_large_as_the_cards_that_name_them() -> None:
    # without the 20 members of macrolanguages that are in beside them
    members = {"arb", "azj", "ekk", "pes", "kmr", "lvs", "plt", "khk", "zsm", "npi", "nb", "gaz", "ory", "pbt"}
    members |= {"als", "swh", "uzn", "ydd", "cmn", "fuv"}
    sizes = {name: len(codes - members) for name, codes in LANGUAGE_SETS.items()}
    assert sizes["xlm-r"] == sizes["infoxlm"] == 93
    assert sizes["rembert"] == 103
    assert sizes["mt5"] == 101
    assert LANGUAGE_SETS["xlm-r"] < LANGUAGE_SETS["afro-xlm-r"] < LANGUAGE_SETS["afro-xlm-r-76"]


@pytest.mark.parametrize(
    ("name", "there", "not_there"),
    [
        ("xlm-r", "pt ro no nb fil he arb swh", "yo ig mi tt lb mt"),
        ("rembert", "yo ig mi lb mt he", "br as ug"),
        ("mt5", "pt ro no nb fil he arb yo mi haw", "bs hr br tt as"),
        ("mbert", "pt ro no nb nn fil he bs azb tt vo", "ha ig km ug"),
        ("afro-xlm-r", "yo ig pcm rn", "tw wo"),
        ("afro-xlm-r-76", "yo tw wo nqo arz ro fuv", "mi"),
    ],
)
def test_what_is_known_to_be_in_them_and_what_not(name: str, there: str, not_there: str) -> None:
    codes = language_codes(name, "languages") or ()
    assert set(there.split()) <= set(codes)
    assert not set(not_there.split()) & set(codes)


def test_languages_as_a_config_writes_them() -> None:
    assert language_codes(None, "x") is None
    assert language_codes(["por", "pt_BR", "iw"], "x") == ("he", "pt")


@pytest.mark.parametrize("wrong", ["XLM-R", "pt", [], 3, {"pt": 1}])
def test_what_is_no_set_and_no_list_is_named(wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"metric M, key languages: is .*; give null, one of xlm-r, .*, or a list"):
        language_codes(wrong, "metric M, key languages")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [["pt-BR"], ["qqqq"], [False]])
def test_what_is_no_code_is_named(wrong: list[str]) -> None:
    with pytest.raises(ConfigError, match="metric M, key languages"):
        language_codes(wrong, "metric M, key languages")
