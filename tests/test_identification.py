from __future__ import annotations

import threading

import pytest

from mteval.identification import identify, identify_all, prepare

SENTENCES = [
    "The president said yesterday that the government will present a new proposal.",
    "O presidente disse ontem que o governo vai apresentar uma nova proposta.",
    "Президент сказал вчера, что правительство представит новое предложение.",
]


def test_many_texts_are_identified_as_each_is() -> None:
    expected = frozenset(("pt", "en"))
    together = list(identify_all(SENTENCES, expected))
    assert [next(iter(likely)) for likely in together] == ["en", "pt", "ru"]
    for likely, text in zip(together, SENTENCES, strict=True):
        assert likely == pytest.approx(identify(text, expected), abs=1e-9)


def test_a_language_that_is_not_known_leaves_all_unsaid() -> None:
    assert list(identify_all(SENTENCES, frozenset(("pt", "xx")))) == [{}, {}, {}]


@pytest.mark.parametrize(("language", "texts"), [("en", 1), ("pt", 1), ("zh", 0), ("ru", 0)])
def test_models_are_made_ready_for_languages_of_latin_script(
    monkeypatch: pytest.MonkeyPatch, language: str, texts: int
) -> None:
    seen: list[tuple[str, frozenset[str]]] = []
    monkeypatch.setattr("mteval.identification.identify", lambda *asked: seen.append(asked))
    prepare(frozenset(("pt", language)), language)
    for thread in threading.enumerate():
        if thread.name == "language models":
            thread.join()
    assert [expected for _, expected in seen] == [frozenset(("pt", language))] * texts
