import math
import unicodedata

import numpy as np
import pytest

from mteval.errors import ConfigError
from mteval.garble.base import Line, Text
from mteval.garble.fluency import UnlikelyWords, span
from mteval.garble.fluency_model import Trigrams, model, read
from mteval.garble.fluency_tokens import Vocabulary, fixed_entries, tokens
from mteval.garble.fluency_wording import OddWording

CLEAN = {
    "pt": "O presidente da república disse ontem que o governo vai apresentar uma nova proposta ao parlamento.",
    "ro": "Președintele a spus ieri că guvernul va prezenta o nouă propunere în fața parlamentului.",
    "en": "The president said yesterday that the government will present a new proposal to the parliament.",
}


def text(language: str, *lines: str) -> Text:
    return Text("d", None, language, None, tuple(Line(f"d:{i}", line) for i, line in enumerate(lines, 1)))


def shuffled(line: str) -> str:
    words = line.rstrip(".").split()
    return " ".join(words[1::2] + words[::2]) + "."


@pytest.mark.parametrize("language", CLEAN)
@pytest.mark.parametrize(
    ("signal", "sign"), [(UnlikelyWords(), -1), (OddWording("broken"), 1)], ids=["unlikely", "broken"]
)
def test_shuffled_words_gauge_worse_than_a_sentence(language, signal, sign):
    line = CLEAN[language]
    good, bad = signal.gauge(text(language, line, shuffled(line)))
    assert sign * bad > sign * good + 0.3


@pytest.mark.parametrize("language", CLEAN)
def test_a_sentence_shows_nothing_and_a_shuffled_one_shows_where(language, look):
    line = CLEAN[language]
    assert look(UnlikelyWords(), text(language, line)) == []
    ((segment, shown),) = look(UnlikelyWords(), text(language, shuffled(line)))
    assert segment == "d:1"
    assert shown in shuffled(line)
    assert len(shown.split()) >= 2


@pytest.mark.parametrize("language", CLEAN)
def test_a_title_in_capitals_gauges_as_a_sentence(language):
    line = CLEAN[language]
    for signal in (UnlikelyWords(), OddWording("broken")):
        small, titled, capitals = signal.gauge(text(language, line.lower(), line.title(), line.upper()))
        assert small == titled == capitals


def test_rule_based_wording_is_told_from_a_persons():
    person = "He told me that he would not come home until the rain had stopped."
    rules = "It said me that would not come to house until it had left of rain."
    good, bad = OddWording("rule_based").gauge(text("en", person, rules))
    assert good < 0 < bad


def test_a_torn_hyphen_is_not_counted_as_bad_wording_again():
    whole = "Na segunda-feira, o ministro disse-lhe que a reunião tinha sido adiada."
    torn = whole.replace("-", " -")
    for signal in (UnlikelyWords(), OddWording("broken"), OddWording("rule_based")):
        assert signal.gauge(text("pt", whole)) == signal.gauge(text("pt", torn))


def test_cedillas_and_composed_letters_read_the_same():
    line = "Şi noi ştim că preţurile au crescut în această ţară."
    other = line.translate(str.maketrans("şţŞŢ", "șțȘȚ"))
    apart = unicodedata.normalize("NFD", other)
    assert len(apart) > len(other)
    assert len(set(UnlikelyWords().gauge(text("ro", line, other, apart)))) == 1


@pytest.mark.parametrize("signal", [UnlikelyWords(), OddWording("broken"), OddWording("rule_based")])
def test_it_is_blind_to_what_it_has_no_model_of(signal):
    assert signal.blind(text("de", "Das ist ein Satz.")) == "no model of fluency for de"
    plain = "Presedintele a spus ca tara noastra are nevoie de o lege noua si de mai multa rabdare. " * 4
    assert signal.blind(text("ro", plain)) == "the text is written without the language's accents"
    assert OddWording("rule_based").blind(text("ro", CLEAN["ro"])) == "no model of rule-based wording for ro"


def test_lines_without_tokens_have_no_gauge():
    assert UnlikelyWords().gauge(text("en", "", "  ", CLEAN["en"]))[:2] == (None, None)
    assert OddWording("broken").gauge(text("en", "", "Read more", "4.024 (2018)")) == (None, None, None)


def test_the_gauge_is_slor_by_the_definition():
    vocabulary = Vocabulary(["a", "b", *fixed_entries()])
    size = len(vocabulary)
    number = vocabulary.numbers
    one = np.log(np.full(size, 0.25))
    pair, triple = (number["a"] * size + number["b"]), (number["<s>"] * size + number["a"]) * size + number["b"]
    trigrams = Trigrams(
        plain=np.log(np.full(size, 0.5)),
        one=one,
        one_off=np.full(size, math.log(0.5)),
        two=np.array(sorted([pair, number["<s>"] * size + number["a"]])),
        two_log=np.log([0.6, 0.6]),
        two_off=np.log([0.7, 0.7]),
        three=np.array([triple]),
        three_log=np.log([0.9]),
    )
    gains = trigrams.gains([number["<s>"], number["a"], number["b"], number["</s>"]])
    # a: the pair; b: the triple; the end: back off from the pair "a b" to "b", and from there to the single word
    wanted = np.log([0.6 / 0.5, 0.9 / 0.5, 0.7 * 0.5 * 0.25 / 0.5])
    np.testing.assert_allclose(gains, wanted)


@pytest.mark.parametrize("language", ["pt", "ro", "en"])
def test_the_models_that_ship_are_probability_distributions(language):
    found = model(language)
    assert found is not None
    trigrams = found.trigrams
    size = len(found.vocabulary)
    assert np.exp(trigrams.plain).sum() == pytest.approx(1, abs=0.02)
    assert np.exp(trigrams.one).sum() == pytest.approx(1, abs=0.02)
    for word in ("<s>", ",", "<0>"):
        rows = [[found.vocabulary.numbers[word], other] for other in range(size)]
        total = sum(math.exp(trigrams.gains(row)[0] + trigrams.plain[row[1]]) for row in rows)
        assert total == pytest.approx(1, abs=0.1), word


def test_the_span_is_the_worst_run_with_the_word_before_it():
    found = tokens("one two three four five")
    start, end = span(found, np.array([0.0, -1.0, 2.0, 1.5, -3.0]))
    assert "one two three four five"[start:end] == "two three four"


def test_a_broken_model_file_is_named(tmp_path):
    (tmp_path / "pt.npz").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match=r"pt\.npz"):
        read(tmp_path / "pt.npz")
    with pytest.raises(ConfigError, match=r"pt\.npz"):
        UnlikelyWords(models=str(tmp_path)).blind(text("pt", "Uma frase."))
    assert UnlikelyWords(models=str(tmp_path)).blind(text("en", "A line.")) == "no model of fluency for en"


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        (UnlikelyWords, {"low": "x"}, "low"),
        (UnlikelyWords, {"hopeless": 2.0}, "hopeless"),
        (UnlikelyWords, {"least": 1}, "least"),
        (OddWording, {"kind": "odd"}, "kind"),
        (OddWording, {"kind": "broken", "hopeless": 0.0}, "hopeless"),
    ],
)
def test_a_wrong_setting_is_named(kind, settings, key):
    with pytest.raises(ConfigError) as caught:
        kind(**settings)
    assert caught.value.where.endswith(f".{key}")
