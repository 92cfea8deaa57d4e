import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mteval.report.fakes import fake_result
from mteval.report.html import Html

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "The </textarea><img src=x onerror=alert(1)></q></mark>"
VOID = {"meta", "br"}


class Page(HTMLParser):
    """The page's elements, its text, what is marked, and what was closed in the wrong order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.text = ""
        self.marked: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked[-1] += data


def page(folder: Path, *hostile: str) -> Page:
    return Page(Html().write(fake_result(*hostile), folder).read_text("utf-8"))


def test_elements_are_closed_in_order(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert (found.open, found.crossed) == ([], [])


def test_hostile_texts_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    found = page(tmp_path, SCRIPT, BREAKOUT)
    assert (found.open, found.crossed) == ([], [])
    assert not found.tags & {"script", "img", "textarea"}
    assert not {name for name in found.attributes if name.startswith("on")}
    assert SCRIPT in found.text
    assert BREAKOUT[4:19] in found.marked
    assert BREAKOUT in found.text


def test_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    text = Html().write(fake_result(), tmp_path).read_text("utf-8")
    assert not page(tmp_path).attributes & {"src", "href"}
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text


def test_evidence_is_marked_in_its_context(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert "norte -coreano" in found.marked
    assert "O líder norte -coreano prometeu cooperar." in found.text
    assert "its source is garbled: the source's fault before the system's" in found.text


@pytest.mark.parametrize("word", ["prefers-color-scheme: dark", 'name="viewport"', 'lang="pt"', 'scope="row"'])
def test_the_page_suits_its_reader(word: str, tmp_path: Path) -> None:
    assert word in Html().write(fake_result(), tmp_path).read_text("utf-8")


def test_control_characters_are_shown_as_replaced(tmp_path: Path) -> None:
    assert "op\ufffdus" in page(tmp_path, "op\u202eus").text
