from __future__ import annotations

import time

import pytest

from mteval import answers
from mteval.errors import ConfigError
from mteval.gate import Gate, entities, loop
from mteval.identification import identify
from mteval.lang import LangPair
from mteval.recounting import failed

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


def test_many_hypotheses_are_marked_each_as_if_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mteval.gate._BATCH", 3)
    monkeypatch.setattr("mteval.identification._BATCH", 2)
    found = [GOOD, SOURCE, "", GOOD * 4, SOURCE, "The president.", f"{GOOD} Yes.", GOOD]
    done: list[int] = []
    marks = Gate().marks_of([SOURCE] * len(found), found, PT_EN, done.append)
    assert marks == tuple(Gate().marks(SOURCE, hypothesis, PT_EN) for hypothesis in found)
    assert [bool(one) for one in marks] == [False, True, True, True, True, True, False, False]
    assert done == [3, 3, 2]


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


EN_PT, EN_RO, EN_DE = (LangPair("en", target) for target in ("pt", "ro", "de"))
CAT = "O gato preto dorme em casa."
SAID = "The black cat sleeps at home."


@pytest.mark.parametrize(
    ("pair", "hypothesis"),
    [
        (PT_EN, "I'm sorry, but I can't translate this text."),
        (PT_EN, "I’m sorry, but I can’t assist with that."),
        (PT_EN, "I can't fulfill this request."),
        (PT_EN, "  “I apologize, but I am unable to provide a translation of this.”"),
        (PT_EN, "As an AI language model, I cannot translate offensive content."),
        (PT_EN, "I'm just an AI assistant and cannot do this."),
        (PT_EN, "I cannot create content that promotes violence."),
        (PT_EN, "Please provide the text that you would like me to translate."),
        (PT_EN, "It looks like the sentence is incomplete. Please provide the full text for translation."),
        (PT_EN, "Desculpe, mas não posso traduzir este texto."),  # in the source's language
        (EN_PT, "Desculpe, mas não posso traduzir este texto."),
        (EN_PT, "Como um modelo de linguagem, não posso fazer isso."),
        (EN_PT, "I'm sorry, but I can't assist with that."),
        (EN_RO, "Îmi pare rău, dar nu pot traduce acest text."),
        (LangPair("en", "es"), "Lo siento, pero no puedo ayudar con eso."),
        (LangPair("en", "fr"), "Je suis désolé, mais je ne peux pas traduire ce texte."),
        (EN_DE, "Es tut mir leid, aber ich kann diesen Text nicht übersetzen."),
        (EN_DE, "Leider kann ich dabei nicht helfen."),
        (LangPair("en", "it"), "Mi dispiace, ma non posso tradurre questo testo."),
    ],
)
def test_a_refusal_is_no_translation(pair: LangPair, hypothesis: str) -> None:
    source = CAT if pair == PT_EN else SAID
    assert "refusal" in kinds(source, hypothesis, pair)
    (mark,) = [mark for mark in Gate().marks(source, hypothesis, pair) if mark.kind == "refusal"]
    assert 10 < mark.end - mark.start <= len(hypothesis)
    assert hypothesis[mark.start : mark.end][:40] in mark.message
    assert failed([mark])


@pytest.mark.parametrize(
    ("pair", "source", "hypothesis"),
    [
        # So says the source.
        (PT_EN, "Desculpe, mas não posso ajudar com isso.", "I'm sorry, but I can't help with that."),
        (PT_EN, "Não consigo traduzir este poema.", "I can't translate this poem."),
        (PT_EN, "Como uma IA, eu não sinto nada.", "As an AI, I feel nothing."),
        (PT_EN, "Por favor, forneça o texto a traduzir.", "Please provide the text to translate."),
        (LangPair("zh", "en"), "对不起，我不能翻译这首诗。", "I'm sorry, but I can't translate this poem."),
        # In a language of which nobody here knows how it begs pardon.
        (LangPair("ja", "en"), "すみませんが、それはお手伝いできません。", "I'm sorry, but I can't help with that."),
        # People say such things.
        (PT_EN, "Não posso ir à festa hoje à noite.", "I'm sorry, but I can't come to the party tonight."),
        (PT_EN, "Como investigadora de redes, ela sabe.", "As an AI researcher, she knows."),
        (PT_EN, "Ele disse que não pode falar disso.", "He said: I'm sorry, but I can't assist with that."),
        (EN_DE, "I can't do anything for you.", "Ich kann Ihnen nicht helfen."),
    ],
)
def test_people_who_refuse_are_translated(pair: LangPair, source: str, hypothesis: str) -> None:
    assert not {"refusal", "chatter"} & set(kinds(source, hypothesis, pair))


@pytest.mark.parametrize(
    ("pair", "hypothesis", "span"),
    [
        (PT_EN, f"Here is the translation:\n\n{SAID}", "Here is the translation:"),
        (PT_EN, f"Sure! Here’s the English translation: “{SAID}”", "Sure! Here’s the English translation:"),
        (PT_EN, f"**Translation:** {SAID}", "**Translation:"),
        (
            PT_EN,
            f"The translation of your text into English is: {SAID}",
            "The translation of your text into English is:",
        ),
        (PT_EN, f"<think>\nA cat?\n</think>\n\n{SAID}", "<think>\nA cat?\n</think>"),
        (PT_EN, f"A cat, then.</think> {SAID}", "</think>"),
        (PT_EN, f"```text\n{SAID}\n```", "```"),
        (PT_EN, f"{SAID}\n```", "```"),
        (PT_EN, f"{SAID}<|im_end|>", "<|im_end|>"),
        (PT_EN, f"{SAID}\n\nNote: I took gato for a cat.\n", "Note: I took gato for a cat."),
        (PT_EN, f"{SAID}\n\nLet me know if you need more.", "Let me know if you need more."),
        (PT_EN, f'{SAID} (Note: "gato" was translated literally.)', '(Note: "gato" was translated literally.)'),
        (EN_PT, f"Claro! Aqui está a tradução:\n{CAT}", "Claro! Aqui está a tradução:"),
        (EN_PT, f"{CAT}\n\nNota: o gato é preto.", "Nota: o gato é preto."),
        (EN_RO, "Iată traducerea:\nPisica doarme.", "Iată traducerea:"),
        (LangPair("en", "es"), "Traducción: el gato duerme.", "Traducción:"),
        (LangPair("en", "fr"), "Voici la traduction :\nLe chat dort.", "Voici la traduction :"),
        (EN_DE, "Die deutsche Übersetzung lautet: Die Katze schläft.", "Die deutsche Übersetzung lautet:"),
        (LangPair("en", "it"), "Certo! Ecco la traduzione:\nIl gatto dorme.", "Certo! Ecco la traduzione:"),
    ],
)
def test_chatter_is_marked_where_it_stands(pair: LangPair, hypothesis: str, span: str) -> None:
    source = CAT if pair == PT_EN else SAID
    (mark,) = [mark for mark in Gate().marks(source, hypothesis, pair) if mark.kind == "chatter"]
    assert hypothesis[mark.start : mark.end].strip() == span
    assert span[:30].split()[0] in mark.message


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("Tradução: Maria Silva", "Translation: Maria Silva"),
        ("Eis a tradução do livro:", "Here is the translation of the book:"),
        ("O gato dorme.\n\nNota: é preto.", "The cat sleeps.\n\nNote: it is black."),
        ("Nota: é preto. O gato dorme.", "The cat sleeps.\nNote: it is black."),
        ("Avise-me se precisar de algo.", "Let me know if you need anything."),
        ("Claro! O gato dorme.", "Sure! The cat sleeps."),
        ("Use ```x``` aqui.", "Use ```x``` here."),
        ("Escreva <think> no começo do texto.", "Write <think> at the beginning of the text."),
        ("Aqui está o relatório do banco:", "Here is the report of the bank:"),
        ("1. Um\n2. Dois", "1. One\n\n2. Two"),
    ],
)
def test_what_the_source_says_is_no_chatter(source: str, hypothesis: str) -> None:
    assert not {"refusal", "chatter"} & set(kinds(source, hypothesis))


def test_refusals_and_chatter_are_looked_for_in_linear_time() -> None:
    hard = (
        "I'm sorry, ",
        "Here is ",
        "Sure! ",
        ". Note: ",
        "<think>",
        "```\n",
        "“*_# ",
        "Note: x\n",
        "Translation (",
        "<|a",
    )
    started = time.perf_counter()
    for piece in hard:
        for text in (piece * 20_000, "Here is the translation " + piece * 20_000):
            answers.refusal(CAT, text, frozenset(("pt", "en")))
            answers.chatter(CAT, text, frozenset(("pt", "en")))
            answers.chatter(text, SAID + "\n\nx", frozenset(("pt", "en")))
    assert time.perf_counter() - started < 15
