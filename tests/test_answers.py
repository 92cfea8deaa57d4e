"""What chat models say beside a translation is seen, and what people say is not."""

from __future__ import annotations

import time

import pytest

from mteval import answers
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.recounting import failed

PT_EN, EN_PT = LangPair("pt", "en"), LangPair("en", "pt")


def kinds(source: str, hypothesis: str, pair: LangPair = PT_EN) -> list[str]:
    found = [mark.kind for mark in Gate().marks(source, hypothesis, pair)]
    return [kind for kind in found if kind in ("refusal", "chatter")]


@pytest.mark.parametrize(
    ("hypothesis", "pair"),
    [
        ("I'm sorry, but I can't translate this text.", PT_EN),
        ("I’m sorry, but I cannot assist with that request.", PT_EN),
        ("I am unable to translate this content.", PT_EN),
        ("As an AI language model, I cannot help with this.", PT_EN),
        ("Please provide the text you would like me to translate.", PT_EN),
        ("Desculpe, mas não posso traduzir este texto.", EN_PT),
        ("Îmi pare rău, dar nu pot traduce acest text.", LangPair("en", "ro")),
        ("Lo siento, pero no puedo traducir ese texto.", LangPair("en", "es")),
    ],
)
def test_refusals(hypothesis: str, pair: LangPair) -> None:
    (mark,) = [
        mark for mark in Gate().marks("A casa é azul e o gato dorme.", hypothesis, pair) if mark.kind == "refusal"
    ]
    assert hypothesis[mark.start : mark.end].strip()
    assert failed([mark])  # a refusal counts as no translation at all


@pytest.mark.parametrize(
    "hypothesis",
    [
        "Here is the translation:\n\nThe house is blue.",
        "Sure! Here's the translation: The house is blue.",
        "Translation: The house is blue.",
        "**English translation:** The house is blue.",
        "The house is blue.\n\nNote: I kept the tone of the original translation.",
        "The house is blue.\n\nLet me know if you need anything else!",
        "<think>The user wants English.</think>The house is blue.",
        "The house is blue.<|im_end|>",
        "```\nThe house is blue.\n```",
        "Aqui está a tradução: The house is blue.",
    ],
)
def test_chatter(hypothesis: str) -> None:
    marks = [mark for mark in Gate().marks("A casa é azul.", hypothesis, PT_EN) if mark.kind == "chatter"]
    (mark,) = marks
    assert "The house" not in hypothesis[mark.start : mark.end]
    assert not failed(marks)  # what is beside it may be a good translation


def test_thoughts_are_marked_whole() -> None:
    hypothesis = "<think>The user wants\nEnglish.</think>\nThe house is blue."
    (mark,) = [mark for mark in Gate().marks("A casa é azul.", hypothesis, PT_EN) if mark.kind == "chatter"]
    assert hypothesis[mark.start : mark.end] == "<think>The user wants\nEnglish.</think>"


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("A casa é azul.", "The house is blue."),
        ("Desculpe, não posso traduzir isto.", "I'm sorry, I can't translate this."),
        ("Aqui está a tradução: azul.", "Here is the translation: blue."),
        ("Lamento, não posso ir amanhã.", "I'm sorry, but I can't come tomorrow."),
        ("Claro! Vamos já.", "Sure! Let's go now."),
        ("Nota: a casa é azul.", "Note: the house is blue."),
        ("Escreva ```codigo``` assim.", "Write ```code``` like this."),
        ("A tradução da Bíblia: uma história.", "The translation of the Bible: a history."),
        ("Não posso ajudar com isso.", "I can't help with that."),
    ],
)
def test_what_people_say_is_neither(source: str, hypothesis: str) -> None:
    assert kinds(source, hypothesis) == []


@pytest.mark.parametrize(
    "piece", ["note: ", "I'm sorry, but I can't ", "Here is the ", "```", "Note\n", "<think>", '"', "<|", ". (note "]
)
def test_time_grows_with_length_alone(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begun = time.monotonic()
    answers.refusal("x", text, frozenset(("pt", "en")))
    answers.chatter("x", text, frozenset(("pt", "en")))
    assert time.monotonic() - begun < 5  # a pattern that backtracks would take hours
