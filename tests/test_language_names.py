"""Languages' names in English."""

from __future__ import annotations

import pytest

from mteval.language_names import language_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("pt", "Portuguese"),
        ("por", "Portuguese"),
        ("pt_BR", "Portuguese (Brazil)"),
        ("ro", "Romanian"),
        ("el", "Greek"),
        ("sw", "Swahili"),
        ("oc", "Occitan"),
        ("no", "Norwegian"),
        ("nb", "Norwegian Bokmål"),
        ("zh_Hant", "Chinese (Traditional)"),
        ("zh_Hans_SG", "Chinese (Simplified, Singapore)"),
        ("zh_TW", "Chinese (Taiwan)"),
        ("zh_Hans", "Chinese (Simplified)"),
        ("sr_Latn", "Serbian (Latin)"),
        ("nl", "Dutch"),
        ("ne", "Nepali"),
        ("ceb", "Cebuano"),
        ("srd", "Sardinian"),
        ("ny", "Chichewa"),
        ("ko_KR", "Korean (South Korea)"),
        ("ory", "Odia"),
        ("es_VE", "Spanish (Venezuela)"),
        ("ja_Jpan", "Japanese"),
        ("yue", "Cantonese"),
    ],
)
def test_names(code: str, name: str) -> None:
    assert language_name(code) == name


@pytest.mark.parametrize("code", ["qaa", "und", "pt_Qaaa", "und_BR"])
def test_what_has_no_name_is_given_none(code: str) -> None:
    assert language_name(code) is None


def test_no_name_of_a_language_of_two_letters_has_brackets() -> None:
    from langcodes.registry_parser import parse_registry

    codes = {
        record["Subtag"]
        for record in parse_registry()
        if record["Type"] == "language" and len(record["Subtag"]) == 2 and "Deprecated" not in record
    }
    names = {code: language_name(code) for code in codes - {"sh"}}  # which stands for Serbian in Latin letters
    assert len(names) > 180
    assert not [name for name in names.values() if name is None or "(" in name or "," in name]
    assert len(set(names.values())) > len(names) - 3
