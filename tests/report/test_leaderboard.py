from dataclasses import replace

import pytest

from mteval.errors import ComparabilityError
from mteval.report.base import PairResult, RunResult, SystemResult
from mteval.report.fakes import SIGNATURES, fake_result
from mteval.report.leaderboard import leaderboard
from mteval.report.table import Table
from mteval.report.tally import Tally
from mteval.scores import SystemScore


def changed(result: RunResult, name: str, **scores: SystemScore) -> RunResult:
    """The result with other scores for one system; what is not given stays."""

    def change(system: SystemResult) -> SystemResult:
        return replace(system, scores={**system.scores, **scores}) if system.name == name else system

    (pair,) = result.pairs
    return replace(result, pairs=(replace(pair, systems=tuple(change(system) for system in pair.systems)),))


def table_of(result: RunResult) -> Table:
    (table,) = leaderboard(result)
    return table


def ranks(table: Table) -> list[tuple[int | None, str]]:
    return [(row.rank, row.system) for row in table.rows]


def score(system: str, number: float | None, *, signature: str = SIGNATURES["bleu"], segments: int = 4) -> SystemScore:
    return SystemScore("bleu", system, number, None, segments, signature)


def test_order_is_by_the_first_metric_then_unscored_then_reference_then_canary() -> None:
    assert ranks(table_of(fake_result())) == [
        (1, "opus"),
        (2, "apertium"),
        (None, "silent"),
        (None, "human"),
        (None, "shuffled"),
    ]


def test_a_canary_is_never_ranked_however_well_it_scores() -> None:
    table = table_of(changed(fake_result(), "shuffled", bleu=score("shuffled", 99.0)))
    assert ranks(table)[0] == (1, "opus")
    assert table.rows[-1].system == "shuffled"
    assert table.rows[0].cells[0].best
    assert not table.rows[-1].cells[0].best


def test_lower_is_better_where_the_card_says_so() -> None:
    result = fake_result()
    ter_first = {name: result.metrics[name] for name in ("ter", "bleu", "kiwi")}
    table = table_of(
        replace(changed(result, "opus", ter=score("opus", 80.0, signature=SIGNATURES["ter"])), metrics=ter_first)
    )
    assert ranks(table)[:2] == [(1, "apertium"), (2, "opus")]
    assert table.columns[0].heading == "TER ↓"
    assert [row.cells[0].best for row in table.ranked] == [True, False, False]


def test_equal_scores_share_a_rank_and_the_next_is_passed_over() -> None:
    result = changed(fake_result(), "opus", bleu=score("opus", 17.94))
    result = changed(result, "silent", bleu=score("silent", 3.0))
    table = table_of(result)
    assert ranks(table)[:3] == [(1, "apertium"), (1, "opus"), (3, "silent")]
    assert [row.cells[0].best for row in table.ranked] == [True, True, False]


def test_one_score_alone_is_not_the_best() -> None:
    result = changed(fake_result(), "opus", bleu=score("opus", None))
    assert not any(row.cells[0].best for row in table_of(result).rows)


@pytest.mark.parametrize("system", ["opus", "human"])
def test_scores_of_different_signatures_are_refused_in_one_table(system: str) -> None:
    other = SIGNATURES["bleu"].replace("nrefs:1", "nrefs:2").replace("2.6.0", "2.5.1")
    with pytest.raises(ComparabilityError) as refused:
        table_of(changed(fake_result(), system, bleu=score(system, 41.0, signature=other)))
    said = str(refused.value)
    assert said.startswith("metric BLEU: was made under different signatures: ")
    assert f"nrefs: 1 for shuffled, 2 for {system}; version: 2.6.0 for shuffled, 2.5.1 for {system};" in said
    assert "case" not in said


def test_missing_is_no_number() -> None:
    silent = table_of(fake_result()).ranked[2]
    assert [cell.text for cell in silent.cells] == ["–", "–", "0.600"]
    assert silent.cells[0].score is None
    assert silent.rank_text == "–"
    assert (silent.garbled_segments, silent.garbled_documents) == (None, None)
    assert silent.garbled_texts == ("–", "–")


@pytest.mark.parametrize(("number", "text"), [(-0.04, "0.0"), (-0.26, "-0.3"), (0.0, "0.0"), (41.26, "41.3")])
def test_scores_are_shown_with_the_cards_decimals_and_no_negative_zero(number: float, text: str) -> None:
    table = table_of(changed(fake_result(), "opus", bleu=score("opus", number)))
    (cell,) = [row.cells[0] for row in table.rows if row.system == "opus"]
    assert cell.text == text


def test_marks_count_segments_by_kind() -> None:
    apertium = table_of(fake_result()).ranked[1]
    assert apertium.marks["copied"] == 1  # two marks in one segment
    assert apertium.marks["wrong_language"] == 0
    assert apertium.marks_text == "1 empty, 1 copied, 1 looped"


def test_verdicts_are_counted_by_label_a_segment_and_a_document() -> None:
    apertium = table_of(fake_result()).ranked[1]
    assert apertium.garbled_segments == Tally({"garbled": 2, "suspect": 1, "clean": 1})
    assert apertium.garbled_documents == Tally({"garbled": 1, "suspect": 1, "clean": 0})
    assert apertium.garbled_texts == ("2 of 4 (50%)", "1 of 2 (50%)")


def test_a_detector_that_judges_no_segment_by_itself_leaves_their_share_open() -> None:
    result = fake_result()
    (pair,) = result.pairs
    whole = tuple(
        replace(system, verdicts=tuple(replace(one, segments=()) for one in system.verdicts)) for system in pair.systems
    )
    table = table_of(replace(result, pairs=(replace(pair, systems=whole),)))
    assert table.ranked[1].garbled_texts == ("–", "1 of 2 (50%)")


def test_sizes_tell_what_was_left_out() -> None:
    result = fake_result()
    assert table_of(result).size == "2 documents, 4 segments scored; 1 segment left out as page furniture."
    eval_set = replace(result.pairs[0].eval_set, include_furniture=True)
    included = replace(result, pairs=(PairResult(eval_set, (), {}, ()),))
    assert table_of(included).size == "2 documents, 5 segments scored."


def test_notes_tell_of_truncation_and_of_scores_of_fewer_segments() -> None:
    notes = table_of(changed(fake_result(), "opus", bleu=score("opus", 41.0, segments=3))).notes
    assert "BLEU scored fewer than the 4 segments: opus 3." in notes
    assert "2 segments are longer than CometKiwi-22 takes, and not seen whole: apertium 2." in notes


def test_every_score_has_its_signature() -> None:
    table = table_of(fake_result())
    listed = {signature for _, signature in table.signatures}
    assert len(listed) == 3
    for row in table.rows:
        for cell in row.cells:
            assert cell.score is None or cell.signature in listed


def test_without_metrics_nothing_is_ranked() -> None:
    assert {row.rank for row in table_of(replace(fake_result(), metrics={})).rows} == {None}


def test_metrics_with_one_label_are_told_apart_by_their_names() -> None:
    result = fake_result()
    cards = {name: replace(card, label="BLEU") for name, card in result.metrics.items()}
    columns = leaderboard(replace(result, metrics=cards))[0].columns
    assert [column.label for column in columns] == list(cards)
