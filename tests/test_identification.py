from __future__ import annotations

import pytest

from mteval.identification import identify, identify_all

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


def test_what_is_forgotten_is_loaded_again() -> None:
    from mteval import identification

    expected = frozenset(("ro", "en"))
    before = identify("Preşedintele rus a venit ieri la Phenian cu o scrisoare.", expected)
    identification.forget()
    assert not identification._built
    assert identify("Preşedintele rus a venit ieri la Phenian cu o scrisoare.", expected) == pytest.approx(
        before,
        rel=1e-12,  # sums in an order of its own
    )
