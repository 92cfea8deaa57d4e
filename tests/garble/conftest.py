from __future__ import annotations

from collections.abc import Callable

import pytest

from mteval.garble.base import Evidence, Line, Signal, Text

MakeText = Callable[..., Text]


def source(*lines: str, language: str = "pt") -> Text:
    """A source document of these segments."""
    return Text("d", None, language, None, tuple(Line(f"d:{i}", line) for i, line in enumerate(lines, 1)))


def translated(*pairs: tuple[str, str], target: str = "en", origin: str = "pt") -> Text:
    """A system's document of (source, hypothesis) pairs."""
    lines = tuple(Line(f"d:{i}", hypothesis, source=said) for i, (said, hypothesis) in enumerate(pairs, 1))
    return Text("d", "system", target, origin, lines)


def look(signal: Signal, text: Text) -> list[tuple[str, str]]:
    """What the signal sees: the segment and the very characters that the span shows."""
    assert signal.blind(text) is None
    lines = {line.segment: line.text for line in text.lines}
    found: list[Evidence] = list(signal.look("its_name", text))
    for e in found:
        assert e.signal == "its_name"
        assert e.family == signal.family
        assert e.message.endswith(".")
    return [(e.segment or "", lines[e.segment or ""][e.start : e.end]) for e in found]


@pytest.fixture(name="source")
def _source() -> MakeText:
    return source


@pytest.fixture(name="translated")
def _translated() -> MakeText:
    return translated


@pytest.fixture(name="look")
def _look() -> Callable[[Signal, Text], list[tuple[str, str]]]:
    return look
