"""A judge's answers are read as GEMBA reads those in its form, and others are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mteval.metrics.gemba_answers import points_off, read_errors, read_score, spans_of

SHOWN = """Critical:
no-error
Major:
accuracy/mistranslation - "involvement"
accuracy/omission - "the account holder"
Minor:
fluency/grammar - "wäre"
fluency/register - "dir"
"""


# What GEMBA's own `validate_number` gave for the same answers (commit 0fdcd8d of its repository).
@pytest.mark.parametrize(
    ("answer", "score"),
    [
        *(("85", 85), ("Score: 85", 85), ("95/100", 95), ("0", 0), ("100", 100), ("['90']", 90), ("It is 77.", 77)),
        *(
            ("**92**", 92),
            ("80%", 80),
            ("101", None),
            ("no idea", None),
            ("90 or 95", None),
            ("1,000", None),
            ("", None),
        ),
    ],
)
def test_scores_are_read_as_gemba_reads_them(answer: str, score: float | None) -> None:
    assert read_score(answer) == score


# Where GEMBA's own reader gives None, None and 5.
@pytest.mark.parametrize(("answer", "score"), [("85.5", 85.5), ("88 out of 100", 88), ("-5", None)])
def test_scores_that_gemba_reads_otherwise(answer: str, score: float | None) -> None:
    assert read_score(answer) == score


# What GEMBA's own `parse_mqm_answer` gave for the same answers (commit ea90068), with its sign turned.
@pytest.mark.parametrize(
    ("answer", "off"),
    [
        (SHOWN, 12),
        ("Critical:\nno-error\nMajor:\nno-error\nMinor:\nno-error\n", 0),
        ('Critical:\nnon-translation - "x"\nMajor:\naccuracy/omission - "y"\n', 25),
        ('Major:\nnon-translation\nMinor:\nstyle/awkward - "b"', 25),
        ("Major:\n" + 'accuracy/addition - "a"\n' * 6 + 'Minor:\nstyle/awkward - "b"', 25),
        ("Minor:\n" + 'style/awkward - "b"\n' * 7, 5),
        ("no-error", 0),
    ],
)
def test_errors_weigh_what_they_weigh_in_gemba(answer: str, off: int) -> None:
    errors = read_errors(answer)
    assert errors is not None
    assert points_off(errors) == off


# GEMBA's own reader takes each of these for a translation without errors.
@pytest.mark.parametrize(
    "answer",
    [
        "The translation is good.",
        "",
        'accuracy/omission - "y"',
        'Here are the errors:\nMajor:\naccuracy/omission - "y"',
        'Major:\nthe word "y" is missing',
        'Severe:\naccuracy/omission - "y"',
    ],
)
def test_what_is_not_in_the_form_is_no_answer(answer: str) -> None:
    assert read_errors(answer) is None


def test_markup_around_lines_is_passed_over() -> None:
    errors = read_errors('```\n**Major:**\n- accuracy/omission - "y"\n**Minor:** no-error\n```')
    assert errors is not None
    assert [(error.severity, error.category, error.quoted) for error in errors] == [("major", "accuracy/omission", "y")]


def test_a_severity_that_was_not_asked_for_is_not_in_the_form() -> None:
    assert read_errors(SHOWN, ("major", "minor")) is None
    assert read_errors(SHOWN.removeprefix("Critical:\nno-error\n"), ("major", "minor")) is not None


def test_spans_are_found_in_the_hypothesis_and_an_omission_at_its_end() -> None:
    errors = read_errors(
        'Major:\naccuracy/omission - "the account"\nMinor:\nstyle - "da"\nstyle - "da"\nfluency - "WIR"\nother'
    )
    assert errors is not None
    text = "da und da wir"
    found = [(span.start, span.end, span.category, span.severity) for span in spans_of(errors, text)]
    assert found == [
        (13, 13, "accuracy/omission: the account", "major"),
        (0, 2, "style", "minor"),
        (7, 9, "style", "minor"),
        (10, 13, "fluency", "minor"),
        (13, 13, "other", "minor"),
    ]


@given(st.text(), st.text())
def test_any_answer_is_read_or_refused(answer: str, hypothesis: str) -> None:
    score = read_score(answer)
    assert score is None or 0 <= score <= 100
    errors = read_errors(f"Major:\naccuracy - “{answer}”")
    for span in spans_of(errors or (), hypothesis):
        assert 0 <= span.start <= span.end <= len(hypothesis)
