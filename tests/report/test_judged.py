from dataclasses import replace

import pytest

from mteval.garble.base import Evidence, Verdict
from mteval.report.base import RunResult
from mteval.report.fakes import fake_result
from mteval.report.judged import FEW, Judgement, judgement, quote, strongest
from mteval.report.leaderboard import leaderboard
from mteval.segment import Document


def judged(result: RunResult) -> Judgement:
    return judgement(result.pairs[0], leaderboard(result)[0])


def piece(signal: str, strength: float) -> Evidence:
    return Evidence(signal, "surface", None, None, None, strength, "A sign.")


def test_the_strongest_evidence_is_of_different_signals_first() -> None:
    evidence = [piece("a", 0.9), piece("a", 0.8), piece("b", 0.3), piece("a", 0.7)]
    assert [(one.signal, one.strength) for one in strongest(evidence, 3)] == [("a", 0.9), ("a", 0.8), ("b", 0.3)]
    assert [one.signal for one in strongest(evidence, 2)] == ["a", "b"]


def test_a_span_is_quoted_in_its_context() -> None:
    passage = quote("O líder norte -coreano\nprometeu.", 8, 22)
    assert (passage.before, passage.marked, passage.after) == ("O líder ", "norte -coreano", " prometeu.")


def test_long_context_is_cut_between_words() -> None:
    text = "eins zwei drei vier SPAN fünf sechs sieben acht"
    start = text.index("SPAN")
    passage = quote(text, start, start + 4, around=12)
    assert (passage.before, passage.marked, passage.after) == ("…drei vier ", "SPAN", " fünf sechs…")


@pytest.mark.parametrize(("start", "end"), [(50, 60), (-5, 2), (6, 3)])
def test_a_span_outside_its_text_breaks_nothing(start: int, end: int) -> None:
    assert str(quote("a short text", start, end)) == "a short text"


def test_without_a_span_the_whole_segment_is_meant() -> None:
    assert quote("all of it", None, None).marked == "all of it"


def test_a_long_span_is_shortened_in_its_middle() -> None:
    marked = quote("a" * 100 + "b" * 100, 0, 200, around=10).marked
    assert marked == "a" * 20 + " … " + "b" * 20


def test_a_quote_shows_what_a_terminal_would_obey() -> None:
    assert str(quote("a\x1b[31mb\u202ec\ud800d", None, None)) == "a\ufffd[31mb\ufffdc\ufffdd"


def test_blame_is_split() -> None:
    systems = judged(fake_result()).systems
    assert systems["opus"]["p2"].blame == "its source is garbled: the source's fault before the system's"
    assert systems["opus"]["p2"].mark == "suspect*"
    assert systems["apertium"]["p1"].blame == ""  # its source is clean
    assert systems["human"]["p2"].blame == ""  # it is clean itself


def test_systems_stand_in_the_order_of_the_leaderboard_and_unjudged_ones_are_absent() -> None:
    assert list(judged(fake_result()).systems) == ["opus", "apertium", "human", "shuffled"]


def test_canaries_are_not_listed_with_evidence() -> None:
    listed = [(one.verdict.system, one.verdict.document) for one in judged(fake_result()).listed]
    assert listed == [("opus", "p2"), ("apertium", "p1"), ("apertium", "p2")]


def test_what_could_not_look_is_told() -> None:
    assert judged(fake_result()).unseen == (
        "perplexity could not look at 1 of 4 translated documents: no language model for en.",
    )


@pytest.mark.parametrize(("number", "text"), [(0.999, ">0.99"), (0.001, "<0.01"), (0.5, "0.50")])
def test_a_probability_is_never_shown_as_certain(number: float, text: str) -> None:
    result = fake_result()
    pair = replace(result.pairs[0], sources=(Verdict("p1", None, "suspect", number, ()),))
    assert judged(replace(result, pairs=(pair,))).sources[0].probability == text


def test_of_many_documents_those_that_are_not_clean_are_listed() -> None:
    result = fake_result()
    ids = [f"d{number}" for number in range(FEW + 5)]
    pair = replace(
        result.pairs[0],
        eval_set=replace(result.pairs[0].eval_set, documents=tuple(Document(one, "pt") for one in ("p1", "p2", *ids))),
        sources=tuple(Verdict(one, None, "suspect" if one == "d3" else "clean", 0.2, ()) for one in ids),
        systems=tuple(
            replace(system, verdicts=tuple(Verdict(one, system.name, "suspect", 0.5, ()) for one in ids))
            for system in result.pairs[0].systems[1:2]
        ),
    )
    found = judged(replace(result, pairs=(pair,)))
    assert [one.verdict.document for one in found.listed_sources] == ["d3"]
    assert len(found.listed_documents) == len(found.listed) == FEW
    assert found.unlisted == (
        f"{FEW + 4} source documents not listed here: verdicts.jsonl has all.",
        "5 documents' translations not listed here: verdicts.jsonl has all.",
        "5 translations' evidence not listed here: verdicts.jsonl has all.",
    )
