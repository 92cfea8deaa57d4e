"""Reading a judge's answers, strictly: what does not follow the form that was asked for is no answer, never a guess.

The forms, the weights and the limits are those of GEMBA (Kocmi and Federmann 2023a and 2023b; CC BY-SA 4.0). Its own
reader passes over lines that it does not understand, so that an answer in another form counts as one without errors;
here such an answer is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mteval.segment import ErrorSpan

WEIGHTS = {"critical": 25, "major": 5, "minor": 1}
"""What an error takes off, by severity."""

WORST = 25
"""The most that errors take off together."""

COUNTED = 5
"""How many errors count, the gravest first."""

CATEGORIES = (
    "accuracy",
    "fluency",
    "locale convention",
    "style",
    "terminology",
    "non-translation",
    "other",
)
"""How the name of a category of error begins."""

_ANY_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w,]|\.\d)")
_OF_HUNDRED = re.compile(r"(?<![\w.,-])(\d+(?:\.\d+)?)\s*(?:/|out of)\s*100(?![\w,]|\.\d)", re.IGNORECASE)
_HEADING = re.compile(r"(critical|major|minor)(?: errors?)?:\s*(.*)", re.IGNORECASE)
_NONE = re.compile(r"no[- ]errors?\.?|none\.?", re.IGNORECASE)
_MARKUP = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)?|\*\*|__")
_FENCE = re.compile(r"^\s*```\w*\s*$")
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|`([^`]*)`|«([^»]*)»')


@dataclass(frozen=True)
class FoundError:
    """One error that a judge names.

    Attributes:
        severity: ``critical``, ``major`` or ``minor``; a non-translation is always critical.
        category: as ``accuracy/mistranslation``, in small letters.
        quoted: the words that it points at, of the hypothesis or, for an omission, of the source; ``None`` if it points
            at none.
    """

    severity: str
    category: str
    quoted: str | None


def read_score(answer: str) -> float | None:
    """The score from 0 to 100 that an answer gives: its only number, or ``N/100``.

    Returns:
        ``None`` if there is no number, more than one, or one that is off the scale.
    """
    numbers = _ANY_NUMBER.findall(answer)
    of_hundred = _OF_HUNDRED.findall(answer)
    if of_hundred:
        found = of_hundred if len(numbers) == 2 else []
    else:
        found = _NUMBER.findall(answer) if len(numbers) == 1 else []
    return float(found[0]) if len(found) == 1 and float(found[0]) <= 100 else None


def read_errors(answer: str, severities: Sequence[str] = tuple(WEIGHTS)) -> tuple[FoundError, ...] | None:
    """The errors that an answer lists under the headings ``Critical:``, ``Major:`` and ``Minor:``.

    A line is a heading, ``no-error``, or a category with what it points at, as ``accuracy/omission - "the words"``.
    Bullets, bold type and code fences around lines are passed over.

    Args:
        severities: those that were asked for; a heading of another is not in the form.

    Returns:
        The gravest first; none if it says that there are none. ``None`` if a line is in no such form.
    """
    found: list[FoundError] = []
    severity: str | None = None
    said_something = False
    for line in _lines(answer):
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            severity, line = heading[1].casefold(), heading[2].strip()
            if severity not in severities:
                return None
            said_something = True
            if not line:
                continue
        if _NONE.fullmatch(line):
            said_something = True
            continue
        error = None if severity is None else _error(line, severity)
        if error is None:
            return None
        found.append(error)
    if not said_something:
        return None
    order = list(WEIGHTS)
    return tuple(sorted(found, key=lambda error: order.index(error.severity)))


def points_off(errors: Sequence[FoundError]) -> int:
    """What errors, the gravest first, take off together: of five at most, and never more than 25."""
    return min(WORST, sum(WEIGHTS[error.severity] for error in errors[:COUNTED]))


def spans_of(errors: Sequence[FoundError], hypothesis: str) -> tuple[ErrorSpan, ...]:
    """Where errors are in the hypothesis.

    Words that are there several times are taken where no earlier error has been found. An error whose words are not
    in the hypothesis, as an omission's, spans nothing at its end, and its category says the words.
    """
    taken: set[int] = set()
    spans = []
    for error in errors:
        start = _find(error.quoted, hypothesis, taken)
        if start is None or error.quoted is None:
            named = f"{error.category}: {error.quoted}" if error.quoted else error.category
            spans.append(ErrorSpan(len(hypothesis), len(hypothesis), named, error.severity))
        else:
            taken.add(start)
            spans.append(ErrorSpan(start, start + len(error.quoted), error.category, error.severity))
    return tuple(spans)


def _lines(answer: str) -> Iterator[str]:
    for line in answer.splitlines():
        if _FENCE.fullmatch(line):
            continue
        plain = _MARKUP.sub("", line).strip()
        if plain:
            yield plain


def _error(line: str, severity: str) -> FoundError | None:
    name, _, rest = line.partition(" - ")
    category = name.strip().rstrip(":").casefold()
    if not category.startswith(CATEGORIES) or len(category) > 60:
        return None
    quoted = _QUOTED.search(rest)
    words = next((group for group in quoted.groups() if group is not None), None) if quoted else rest.strip() or None
    if category.startswith("non-translation"):
        severity = "critical"
    return FoundError(severity, category, words or None)


def _find(words: str | None, text: str, taken: set[int]) -> int | None:
    """Where words begin in a text, as they are written or else in other letters' case; ``None`` if they do not."""
    if not words:
        return None
    for pattern in (re.compile(re.escape(words)), re.compile(re.escape(words), re.IGNORECASE)):
        starts = [match.start() for match in pattern.finditer(text) if match.end() - match.start() == len(words)]
        if starts:
            return next((start for start in starts if start not in taken), starts[0])
    return None
