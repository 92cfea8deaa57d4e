import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mteval.errors import ConfigError
from mteval.report import html_scripts
from mteval.report.fakes import fake_result
from mteval.report.html import Html

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "The </textarea><img src=x onerror=alert(1)></q></mark>"
VOID = {"meta"}


class Page(HTMLParser):
    """The page's elements, its text, what is marked, its scripts, and what was closed in the wrong order.

    A script of packed data is among ``data``, by its class.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.text = ""
        self.marked: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.data: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            self.marked.append("")
        given = dict(attributes)
        self.links += [str(given[name]) for name in ("src", "href") if name in given]
        self.kind = str(given.get("class", ""))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"] and self.kind:
            self.data[self.kind] = data
        elif self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
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
    assert not found.tags & {"img", "textarea"}
    assert len(found.scripts) == 3
    assert not [script for script in found.scripts if "alert(1)" in script]
    assert not {name for name in found.attributes if name.startswith("on")}
    assert SCRIPT in found.text
    assert BREAKOUT[4:19] in found.marked
    assert BREAKOUT in found.text


def test_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    text = Html().write(fake_result(), tmp_path).read_text("utf-8")
    found = Page(text)
    assert [link for link in found.links if not link.startswith("#")] == []
    assert not re.search(r"url\(|@import", text.partition("</style>")[0])
    assert "default-src 'none'" in text


def test_these_scripts_are_run_and_no_others(tmp_path: Path) -> None:
    text = Html().write(fake_result(), tmp_path).read_text("utf-8")
    allowed = re.findall(r"'(sha256-[^']+)'", text.partition("</head>")[0])
    found = Page(text).scripts
    hashes = [base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode() for script in found]
    assert allowed == [f"sha256-{one}" for one in hashes]
    assert "unsafe-inline" not in text.partition("script-src")[2].partition(">")[0]


def test_the_same_result_makes_the_same_page(tmp_path: Path) -> None:
    first = Html().write(fake_result(), tmp_path).read_bytes()
    assert Html().write(fake_result(), tmp_path).read_bytes() == first


def test_the_explorer_is_given_every_segment(tmp_path: Path) -> None:
    data = json.loads(
        gzip.decompress(base64.b64decode(page(tmp_path, "opus", "An \U0001f600 \u202e").data["segments"]))
    )
    assert data["ids"] == ["p1:1.1", "p1:2.1", "p2:1.1", "p2:2.1"]
    assert [system["name"] for system in data["systems"]] == ["opus", "apertium", "silent", "human", "shuffled"]
    opus = data["systems"][0]
    assert data["texts"][2][2] == "An \U0001f600 \ufffd"
    assert opus["spans"] == {"2": [[5, 7, "major", "accuracy", 0.75, 2]]}  # in UTF-16, and no longer than the text
    assert opus["scores"] == [None, None, [0.91, 0.88, 0.71, 0.82]]
    assert opus["gold"] == {"1": 91.5}
    assert data["systems"][1]["truncated"] == {"2": [2], "3": [2]}


def test_evidence_is_marked_in_its_context(tmp_path: Path) -> None:
    found = page(tmp_path)
    assert "norte -coreano" in found.marked
    assert "O líder norte -coreano prometeu cooperar." in found.text
    assert "its source is garbled: the source's fault before the system's" in found.text
    assert "Says “Kim” twice." in found.text  # every piece, also beyond the three strongest


@pytest.mark.parametrize("word", ["prefers-color-scheme: dark", 'name="viewport"', 'lang="pt"', 'scope="row"'])
def test_the_page_suits_its_reader(word: str, tmp_path: Path) -> None:
    assert word in Html().write(fake_result(), tmp_path).read_text("utf-8")


def test_control_characters_are_shown_as_replaced(tmp_path: Path) -> None:
    assert "op\ufffdus" in page(tmp_path, "op\u202eus").text


def test_the_page_says_what_was_done(tmp_path: Path) -> None:
    record = {
        "seed": 7,
        "environment": {
            "command": ["mteval run", "output=my folder"],
            "packages": {"sacrebleu": "2.6.0", "torch": None},
        },
        "seconds": {"check": 1.26, "score pt-en bleu": 0.5},
        "config": {"draws": 1000},
    }
    text = Page(Html().write(replace(fake_result(), record=record), tmp_path).read_text("utf-8")).text
    for told in ("mteval run 'output=my folder'", "sacrebleu2.6.0", "torchnot installed", "check1.3", "together1.8"):
        assert told in text
    assert '{\n  "draws": 1000\n}' in text


@pytest.mark.parametrize("record", [{}, {"environment": None, "seconds": None, "config": None}, {"environment": {}}])
def test_a_record_may_say_little(record: dict[str, object], tmp_path: Path) -> None:
    text = Page(Html().write(replace(fake_result(), record=record), tmp_path).read_text("utf-8")).text
    assert "What was done" in text
    assert "How to do it again" not in text


def test_the_bundle_of_vega_is_what_vl_convert_makes() -> None:
    vl_convert = pytest.importorskip("vl_convert")
    made = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    vendor = Path(html_scripts.__file__).parent / "vendor"
    remedy = "write what javascript_bundle gives into it, and the versions into vega-LICENSES.txt"
    assert (vendor / "vega-bundle.min.js").read_bytes() == made.encode(), remedy
    assert f"vl-convert-python {'.'.join(vl_convert.__version__.split('.')[:3])}" in " ".join(
        (vendor / "vega-LICENSES.txt").read_text("utf-8").split()
    )


def test_more_segments_than_the_page_shows_are_said_to_be_elsewhere(tmp_path: Path) -> None:
    result = fake_result()
    sizes = [len(pair.eval_set.scored) for pair in result.pairs]
    text = Html(segments=1).write(result, tmp_path).read_text("utf-8")
    for size in sizes:
        assert (f"Here are the first 1 of {size:,} segments; segments.jsonl holds all." in text) == (size > 1)
    assert "Here are the first" not in Html(segments=max(sizes)).write(result, tmp_path).read_text("utf-8")
    assert Html(segments=None).write(result, tmp_path).read_text("utf-8") == Html().write(result, tmp_path).read_text(
        "utf-8"
    )
    with pytest.raises(ConfigError, match=r"report\.html\.segments"):
        Html(segments=0)
