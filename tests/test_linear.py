"""Hostile text costs time in proportion to its length: twice as much, about twice the time, and seconds at most."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from fuzz.targets import hostile_result, judges
from mteval.answers import chatter, refusal
from mteval.chat.document import Misaligned, read_numbered
from mteval.metrics.gemba_answers import read_errors, read_score, spans_of
from mteval.report.comma import Csv
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.markdown import Markdown
from mteval.systems.apertium import from_stream, to_stream
from mteval.unjudged.base import Told
from mteval.unjudged.lines import read_json_lines

SHORT, LONG = 10_000, 20_000
"""Characters."""

RATIO = 3.2
"""Of the times; quadratic work makes it 4."""

SECONDS = 5.0
QUICK = 0.25
"""What takes less than this, even at full length, is not looked at: it is noise."""

UNITS = {
    "letters": "a",
    "words": "da nu ",
    "one word": "nu ",
    "capitals": "Kim ",
    "acronyms": "NATO Nato ",
    "digits": "1",
    "numbers": "1.000,5 ",
    "groups": "1.",
    "spaces": " ",
    "tabs": "\t",
    "lines": "\n",
    "letters, spaced": "a ",
    "dashes": "-",
    "hyphens": "a-",
    "torn hyphens": " -a",
    "torn words": "ab -cd",
    "apostrophes": "a'",
    "quotation marks": '"',
    "opening marks": "„",
    "closing marks": "” ",
    "nested marks": "„«",
    "brackets": "[",
    "parentheses": "(",
    "tags": "<s1>",
    "half tags": "<",
    "entities": "&amp;",
    "half entities": "&a",
    "ampersands": "&",
    "stops": ".",
    "sentences": "A. ",
    "commas": "a , ",
    "fences": "```\n",
    "mojibake": "Ã©",
    "lost": "\ufffd",
    "han": "中",
    "marks that combine": "\u0301",
    "directions": "\u202e",
    "backslashes": "\\",
    "carets": "^$",
    "errors": 'major: accuracy - "a"\n',
    "apologies": "sorry can't ",
    "refusals": "I cannot translate ",
    "determiners": "o os a as ",
}


def seconds(work: Callable[[], object]) -> float:
    """The least of a few runs, since other processes can only make one longer."""
    found = []
    for _ in range(3):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
        if found[-1] < QUICK:
            break
    return min(found)


def check(work: Callable[[str], object], unit: str) -> None:
    for suffix in ("", "!\0x"):
        text = unit * (LONG // len(unit)) + suffix
        slow = seconds(lambda text=text: work(text))  # type: ignore[misc]
        assert slow < SECONDS
        if slow > QUICK:
            half = unit * (SHORT // len(unit)) + suffix
            fast = seconds(lambda half=half: work(half))  # type: ignore[misc]
            assert slow < RATIO * fast + QUICK, f"{fast:.2f} s for {SHORT} characters, {slow:.2f} s for {LONG}"


def read_answer(text: str) -> None:
    for spoken in (frozenset({"en", "ro"}), frozenset({"pt", "en"})):
        refusal("Da.", text, spoken)
        refusal(text, "Yes.", spoken)
        chatter("Da.", text, spoken)
    read_score(text)
    spans_of(read_errors(text) or (), text)
    with suppress(Misaligned):
        read_numbered(text, 3, "s")
    from_stream(to_stream(text))


def judge(text: str, language: str = "pt", hypothesis: str | None = None) -> None:
    line = {"document": "d", "source": text, "source_language": language}
    if hypothesis is not None:
        line |= {"hypothesis": hypothesis, "language": "en", "reference": hypothesis}
    list(judges().judge(read_json_lines([("a:1", json.dumps(line))], "a", Told())))


@pytest.mark.parametrize("unit", UNITS)
def test_what_reads_a_models_answer_takes_linear_time(unit: str) -> None:
    read_answer("Da.")
    check(read_answer, UNITS[unit])


@pytest.mark.slow
@pytest.mark.parametrize("language", ["pt", "ro", "en"])
@pytest.mark.parametrize("unit", UNITS)
def test_gate_and_signals_take_linear_time(unit: str, language: str) -> None:
    judge("Da.", language)
    check(lambda text: judge(f"a{text}", language), UNITS[unit])  # of nothing but blanks there is no source


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_so_do_those_that_compare_a_translation(unit: str) -> None:
    judge("Da.", "ro", "Yes.")
    check(lambda text: judge(f"a{text}", "ro", f"a{text}"), UNITS[unit])


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_reports_take_linear_time(unit: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("reports")

    def write(text: str) -> None:
        for report in (Markdown(), Csv(), Json(), Latex(), Html()):
            report.write(hostile_result(text), folder)

    check(write, UNITS[unit])
