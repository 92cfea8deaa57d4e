"""Timing: processes in turn, ratios by pair, and a process that fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.timing import HEADER, Finished, Pairs, finish, in_turn, row


def test_a_process_that_fails_ends_the_benchmark_with_its_words() -> None:
    code = "import sys; print('no such file', file=sys.stderr); sys.exit(3)"
    with pytest.raises(SystemExit, match=r"ended with 3:\nno such file"):
        finish([sys.executable, "-c", code])


def test_what_a_process_writes_is_kept_and_what_it_takes_is_told(tmp_path: Path) -> None:
    code = "import os, time; time.sleep(0.2); held = b'x' * 2**26; print(os.environ['WORD'])"
    found = finish([sys.executable, "-c", code], tmp_path / "out", {"WORD": "olá"})
    assert (tmp_path / "out").read_text("utf-8") == "olá\n"
    assert found.seconds >= 0.2
    assert 2**26 / 2**30 < found.peak < 1


def test_who_goes_first_changes_and_ratios_are_of_pairs() -> None:
    order = []

    def run(who: str, seconds: float, peak: float) -> Finished:
        order.append(who)
        return Finished(seconds * len(order), peak)

    pairs = in_turn(lambda: run("ours", 1.0, 1.0), lambda: run("theirs", 10.0, 4.0), 3)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert pairs.ratios == [20 / 1, 30 / 4, 60 / 5]
    assert pairs.memory == 0.25


def test_a_row_has_medians_and_the_spread() -> None:
    pairs = Pairs(
        tuple(Finished(seconds, 1.0) for seconds in (1.0, 2.0, 4.0)),
        tuple(Finished(seconds, 2.5) for seconds in (12.0, 12.0, 12.0)),
    )
    found = row("work", "peer", pairs)
    assert found == "| work | peer | 12.0 | 2.00 | 6.0 (3.0–12.0) | 1.00 / 2.50 |"
    assert found.count("|") == HEADER.split("\n")[0].count("|")
