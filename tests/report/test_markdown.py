import html
import re
from pathlib import Path

import pytest

from mteval.report.fakes import fake_result
from mteval.report.markdown import Markdown, code, escape

HOSTILE = "a|b\n<script>`x`*y*_z_[l](u)~$&amp;\\"


def unescape(text: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*_\[\]|~$\-+#=.)])", r"\1", text))


def test_escaped_text_reads_as_it_was() -> None:
    escaped = escape(HOSTILE)
    assert unescape(escaped) == HOSTILE.replace("\n", " ")
    assert "<" not in escaped
    assert "\n" not in escaped
    assert re.search(r"(?<!\\)[|`*_\[\]~$]", escaped) is None


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("- a", "\\- a"),
        ("1. a", "1\\. a"),
        ("# a", "\\# a"),
        ("---", "\\---"),
        ("0.97", "0.97"),
        ("-0.5", "-0.5"),
        ("a - b", "a - b"),
    ],
)
def test_only_what_would_begin_a_block_is_escaped_at_the_start(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_a_code_span_is_longer_than_any_run_of_backticks_in_it() -> None:
    assert code("a|b") == "`a|b`"
    assert code("a``b`c") == "```a``b`c```"
    assert code("`a") == "`` `a ``"


def test_a_hostile_name_keeps_the_table_whole(tmp_path: Path) -> None:
    text = Markdown().write(fake_result(HOSTILE, "x</textarea><script>alert(1)</script>|"), tmp_path).read_text("utf-8")
    assert "<script" not in text
    assert "</textarea" not in text
    lines = [line for line in text.splitlines() if line.startswith("| 1 |")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines] == [9, 6]  # eight cells; five on clean sources


def test_the_line_stands_between_systems_and_what_is_not_ranked(tmp_path: Path) -> None:
    lines = Markdown().write(fake_result(), tmp_path).read_text("utf-8").splitlines()
    at = [next(i for i, line in enumerate(lines) if word in line) for word in ("| silent", "*not ranked", "| human (")]
    assert at == list(range(at[0], at[0] + 3))


def test_evidence_is_quoted_and_blame_is_split(tmp_path: Path) -> None:
    text = Markdown().write(fake_result(), tmp_path).read_text("utf-8")
    assert "A space stands before a hyphen. (p2:1.1) “O líder <b>norte -coreano</b> prometeu cooperar.”" in text
    assert "| p2 | pt | machine translation | garbled | 0.97 |" in text
    assert "| opus | clean | suspect\\* |" in text
    assert "**opus, p2: suspect**, probability 0.55; its source is garbled: the source's fault" in text
    assert "- 1 more in verdicts.jsonl" in text
