"""What of a run is logged, and under which names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mteval.errors import ConfigError
from mteval.report.fakes import METRICS, SIGNATURES, fake_result
from mteval.report.leaderboard import leaderboard
from mteval.tracking.base import name_of, named, numbers, parameters


def test_every_score_of_the_leaderboard_is_logged_in_full_and_no_other() -> None:
    (table,) = leaderboard(fake_result())
    scores = {
        ("pt-en", row.system, column.metric): cell.score
        for row in table.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
    }
    found = numbers(fake_result())
    shares = {key: value for key, value in found.items() if key[2] == "garbled_share"}
    assert {key: value for key, value in found.items() if key not in shares} == {
        key: score for key, score in scores.items() if score is not None
    }
    assert scores["pt-en", "silent", "bleu"] is None  # and so it is left out
    assert found["pt-en", "opus", "bleu"] == 41.26
    assert shares == {
        ("pt-en", "opus", "garbled_share"): 0.25,
        ("pt-en", "apertium", "garbled_share"): 0.5,
        ("pt-en", "human", "garbled_share"): 0.0,
        ("pt-en", "shuffled", "garbled_share"): 1.0,
    }


def test_parameters_name_the_eval_set_the_seed_and_every_signature() -> None:
    assert parameters(fake_result()) == {
        ("eval_set",): "tiny",
        ("lang_pairs",): "pt-en",
        ("seed",): "12345",
        **{("signature", "pt-en", metric): signature for metric, signature in SIGNATURES.items()},
    }


def test_a_metric_with_the_name_of_the_share_is_refused() -> None:
    result = replace(fake_result(), metrics={**METRICS, "garbled_share": METRICS["bleu"]})
    with pytest.raises(ConfigError, match=r"metrics\.garbled_share: .*; give the metric another name"):
        numbers(result)


def test_a_run_is_called_after_its_folder() -> None:
    assert name_of(Path("/runs/2025-01-31_12-00-00")) == "2025-01-31_12-00-00"
    assert name_of(Path("/runs/sweep/3")) == "sweep/3"


def test_names_keep_what_a_library_takes_and_nothing_is_merged() -> None:
    values = {("pt-en", "a b"): 1, ("pt-en", "a/b"): 2, ("pt-en", "c+"): 3, ("pt-en", ""): 4}
    found = named(values, r"[^\w-]")
    assert found["pt-en/c_"] == 3
    assert found["pt-en/_"] == 4
    alike = {name: value for name, value in found.items() if name.startswith("pt-en/a_b_")}
    assert sorted(alike.values()) == [1, 2]
    assert found == named(dict(reversed(values.items())), r"[^\w-]")
    assert sorted(named({("Sys",): 1, ("sys",): 2}, "!").values()) == [1, 2]
    assert len({name.casefold() for name in named({("Sys",): 1, ("sys",): 2}, "!")}) == 2


def test_a_long_name_is_cut_between_characters_and_stays_distinct() -> None:
    values = {("x", "系" * 90 + end): end for end in "ab"}
    found = named(values, "!")
    assert sorted(found.values()) == ["a", "b"]
    assert all(len(name.encode()) <= 82 and name.startswith("x/系系系") for name in found)
