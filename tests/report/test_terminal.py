import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from mteval.report.base import RunResult, View
from mteval.report.fakes import METRICS, SIGNATURES, fake_result
from mteval.report.terminal import show

LONG = "a-very-long-system-name_that-no-column-can-hold-on-one-line"


def shown(result: RunResult, *, width: int = 80, terminal: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, newline="\n") as file:
        show(result, Console(file=file, width=width, force_terminal=terminal, color_system=None, _environ={}))
        file.flush()
        return raw.getvalue().decode(encoding)


def many(metrics: int, systems: int = 8) -> RunResult:
    """So many metrics and systems, with intervals, gate marks, verdicts, and a reference and a canary besides."""
    result = fake_result()
    (pair,) = result.pairs
    shuffled, apertium, _, _, human = pair.systems
    names = [f"m{number}" for number in range(metrics)]
    few = [
        replace(
            apertium,
            name=f"system-{number}",
            hypotheses=replace(apertium.hypotheses, system=f"system-{number}"),
            scores={
                name: replace(apertium.scores["kiwi"], metric=name, system=f"system-{number}", score=0.1 + number / 10)
                for name in names
            },
            segment_scores={},
        )
        for number in range(systems)
    ]
    cards = {name: replace(METRICS["kiwi"], label=f"CometKiwi-{name}") for name in names}
    clean = {system.name: system.scores for system in few} | {
        name: pair.views["raw", "clean"].scores[name] for name in ("human", "shuffled")
    }
    views = {("raw", "clean"): View(clean)}
    return replace(result, pairs=(replace(pair, systems=(*few, human, shuffled), views=views),), metrics=cards)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("metrics", [1, 3, 4, 5, 9])
def test_no_line_is_longer_than_80_and_no_number_or_name_is_cut(metrics: int, terminal: bool) -> None:
    text = shown(many(metrics), terminal=terminal)
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert "…" not in text
    for number in range(8):
        rows = [line for line in text.splitlines() if re.search(rf"\bsystem-{number}\b", line)]
        assert sum(line.count(f"{0.1 + number / 10:.3f}") for line in rows) == 2 * metrics  # and on clean sources
    for number in range(metrics):
        assert f"CometKiwi-m{number}" in text


@pytest.mark.parametrize(
    ("metrics", "tables", "intervals"), [(2, 1, 16), (3, 2, 24), (4, 2, 32), (5, 3, 0)], ids=lambda number: str(number)
)
def test_intervals_go_before_the_metrics_are_split(metrics: int, tables: int, intervals: int) -> None:
    text = shown(many(metrics)).split("Clean sources")[0]
    assert len(re.findall(r"^.*\bSystem\b", text, re.MULTILINE)) == tables
    assert text.count("Gate marks") == 1
    assert text.count("0.400–0.700") == intervals
    assert ("confidence intervals left out" in " ".join(text.split())) == (intervals == 0)


def test_a_long_name_wraps_and_is_never_cut() -> None:
    text = shown(fake_result(LONG))
    table = text.split("\n\n")[1].splitlines()
    assert max(map(len, table)) <= 80
    start = next(line for line in table if "System" in line).index("System")
    first = next(i for i, line in enumerate(table) if line.startswith(" 1  "))
    width = next(i for i, letter in enumerate(table[first][start:]) if letter == " ")
    assert "".join(line[start : start + width] for line in table[first:]).replace(" ", "").startswith(LONG)


def test_a_pipe_gets_plain_text_80_wide() -> None:
    text = shown(fake_result(), width=200)
    assert "\x1b" not in text
    assert "─" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_console_without_unicode_is_served() -> None:
    text = shown(fake_result(), encoding="ascii")
    assert "BLEU ^" in text
    assert "TER v" in text
    assert "38.0-44.5" in text


def test_nothing_in_a_text_is_obeyed() -> None:
    text = shown(fake_result("[red]\x1b[2Jx[/red]", "The \x1b]0;title\x07 :smile: [b]x[/b]"), terminal=True)
    assert "\x1b" not in text
    assert "[red]" in text


def test_the_leaderboard_and_the_verdicts_are_told() -> None:
    text = shown(fake_result())
    lines = text.splitlines()
    order = [
        next(i for i, line in enumerate(lines) if name in line) for name in ("opus", "apertium", "silent", "human")
    ]
    assert order == sorted(order)
    assert "p2 (pt, machine translation): garbled, probability 0.97" in text
    assert "A space stands before a hyphen. “O líder [norte -coreano] prometeu" in text
    assert re.search(r"^apertium +suspect +garbled\* *$", text, re.MULTILINE)
    assert "* its source is itself garbled or suspect" in text
    assert lines[-1].startswith("Warning: BLEU scores a segment at a time")


def test_colour_is_never_the_only_sign() -> None:
    plain = shown(fake_result(), terminal=True)
    raw = io.StringIO()
    show(fake_result(), Console(file=raw, width=80, force_terminal=True, color_system="truecolor", _environ={}))
    assert "\x1b[" in raw.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", raw.getvalue()) == plain


def test_signatures_are_left_to_the_files() -> None:
    assert SIGNATURES["bleu"] not in shown(fake_result())


def test_a_pair_that_no_system_translated_is_told() -> None:
    result = fake_result()
    text = shown(replace(result, pairs=(replace(result.pairs[0], systems=(), sources=()),)))
    assert "No system translated this eval set." in text
    assert "grammar declined: no mode for pt-en" in text
