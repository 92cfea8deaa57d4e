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
        ("sr_Latn", "Serbian (Latin)"),
        ("yue", "Cantonese"),
    ],
)
def test_names(code: str, name: str) -> None:
    assert language_name(code) == name


def test_no_name_of_a_language_of_two_letters_has_brackets() -> None:
    from langcodes.registry_parser import parse_registry

    codes = {
        record["Subtag"]
        for record in parse_registry()
        if record["Type"] == "language" and len(record["Subtag"]) == 2 and "Deprecated" not in record
    }
    names = {code: language_name(code) for code in codes - {"sh"}}  # which stands for Serbian in Latin letters
    assert len(names) > 180
    assert not [name for name in names.values() if "(" in name or "," in name]
    assert len(set(names.values())) > len(names) - 3
