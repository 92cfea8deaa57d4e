from __future__ import annotations

import time

import pytest

from mteval.errors import ConfigError
from mteval.gate import Gate, entities, identify, loop
from mteval.lang import LangPair

PT_EN = LangPair("pt", "en")
SOURCE = "O presidente disse ontem que o governo vai apresentar uma nova proposta ao parlamento na próxima semana."
GOOD = "The president said yesterday that the government will present a new proposal to parliament next week."


def kinds(source: str, hypothesis: str, pair: LangPair = PT_EN) -> list[str]:
    return [mark.kind for mark in Gate().marks(source, hypothesis, pair)]


def test_a_good_translation_has_no_mark() -> None:
    assert kinds(SOURCE, GOOD) == []


@pytest.mark.parametrize(
    ("hypothesis", "expected"),
    [
        ("", ["empty"]),
        (" \n", ["empty"]),
        (SOURCE, ["copied", "wrong_language"]),
        ("El presidente dijo ayer que el gobierno presentará una nueva propuesta al parlamento.", ["wrong_language"]),
        ("The president said the president said the president said the president said next week.", ["looped"]),
        ("The president.", ["length_ratio"]),
        (GOOD * 4, ["looped", "length_ratio"]),
        (GOOD.replace("president", "president&#39;s"), ["html_entities"]),
    ],
)
def test_each_kind_of_failure_is_marked(hypothesis: str, expected: list[str]) -> None:
    assert kinds(SOURCE, hypothesis) == expected


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("Kim Jong Un", "Kim Jong Un"),  # a name is the same in both languages
        ("Coreia do Norte", "North Korea"),
        ("Sim.", "Yes, indeed."),
        ("O código &amp; o texto, disse ela.", "The code &amp; the text, she said."),  # the source has the entity
        ("não, não, não, não, não e não!", "no, no, no, no, no and no!"),  # so says the source
        ("", ""),
        ("Custa R$ 5 & nada mais; AT&T; ok.", "It costs R$ 5 & nothing more; AT&T; ok."),
    ],
)
def test_what_is_right_is_not_marked(source: str, hypothesis: str) -> None:
    assert kinds(source, hypothesis) == []


@pytest.mark.parametrize(
    ("pair", "source", "hypothesis"),
    [
        (
            "zh-en",
            "总统昨天表示，政府下周将向议会提交一项新的提案，反对党已经宣布不会支持这项提案。",
            "The president said yesterday that the government will submit a new proposal to parliament next week, and "
            "the opposition has already announced that it will not support it.",
        ),
        (
            "ja-en",
            "大統領は昨日、政府が来週新しい提案を議会に提出すると述べた。",
            "The president said yesterday that the government would submit a new proposal to parliament next week.",
        ),
    ],
)
def test_dense_scripts_are_not_too_short(pair: str, source: str, hypothesis: str) -> None:
    both = LangPair.parse(pair, "here")
    assert kinds(source, hypothesis, both) == []
    assert kinds(hypothesis, source, LangPair(both.target, both.source)) == []
    assert "copied" in kinds(source, source, both)
    assert "looped" in kinds(source, hypothesis[:20] + "新的提案" * 12, LangPair(both.target, both.source))


def test_names_are_of_no_language() -> None:
    villages = "Monterosso, Vernazza, Corniglia, Manarola and Riomaggiore"
    text = f"The villages of {villages} lie along the coast near La Spezia, below Volastra and Groppo."
    assert next(iter(identify(text, frozenset(("ro", "en"))))) == "it"  # taken as a whole
    source = f"Satele {villages} se află de-a lungul coastei, lângă La Spezia, sub Volastra și Groppo."
    assert "wrong_language" not in kinds(source, text, LangPair("ro", "en"))


def test_marks_show_where() -> None:
    text = "He said &quot;no&quot; to the whole of the government this week."
    (mark,) = Gate().marks("Ele disse “não” a todo o governo esta semana, ontem.", text, PT_EN)
    assert text[mark.start : mark.end] == "&quot;"
    assert "&quot;" in mark.message
    looped = "Well, we go home we go home we go home we go home now"
    found = loop(looped, share=0.4)
    assert found is not None
    assert looped[found[0] : found[1]] == "we go home we go home we go home we go home"
    assert found[2:] == (4, "we go home")


def test_an_ampersand_is_no_entity() -> None:
    assert entities("R&D; AT&T; a &nosuchentity; b") == []
    assert len(entities("&lt;b&gt; &#x27; &eacute;")) == 4


def test_a_language_that_cannot_be_identified_is_not_called_wrong() -> None:
    assert "wrong_language" not in kinds(SOURCE, "blah " * 3 + GOOD, LangPair("pt", "gl"))


def test_long_text_takes_little_time() -> None:
    started = time.perf_counter()
    for hypothesis in ("a " * 20000, "&" * 50000, "ab" * 50000, "x y " * 10000):
        Gate().marks(SOURCE, hypothesis, PT_EN)
    assert time.perf_counter() - started < 20  # a quadratic scan would take minutes


@pytest.mark.parametrize("setting", [{"copied_share": 0}, {"length_low": 1.5}, {"loop_repeats": 1}])
def test_settings_that_make_no_sense_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"^gate\."):
        Gate(**setting)  # type: ignore[arg-type]
