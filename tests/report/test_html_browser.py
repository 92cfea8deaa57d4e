"""The report in a real browser: Debian's Chromium, offline, by way of Playwright."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

from mteval.comparison import Comparison, Comparisons, Resampling
from mteval.garble.base import Label, SegmentVerdict, Verdict
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.report import html
from mteval.report.base import PairResult, RunResult, SystemResult, View
from mteval.report.fakes import fake_result
from mteval.report.html import Html
from mteval.scores import SegmentScores, SystemScore
from mteval.segment import Document, ErrorSpan, EvalSet, Hypotheses, Segment

HOSTILE = "<script>window.hacked=1</script></textarea><img src=x onerror='window.hacked=1'>"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    where = shutil.which("chromium")
    if where is None:
        pytest.skip("no chromium: run scripts/setup.sh as root")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=ARGUMENTS)
        yield started
        started.close()


class Opened:
    """A page opened from disk, offline, and what it asked for or complained of."""

    def __init__(self, browser: Browser, path: Path, fragment: str = "", **context: object) -> None:
        self.context = browser.new_context(offline=True, **context)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(10_000)
        self.page.goto(f"{path.as_uri()}{fragment}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []
        assert not [url for url in self.requests if not url.startswith(("file://", "data:"))]

    def explorer(self) -> Locator:
        explorer = self.page.locator(".explorer").first
        explorer.scroll_into_view_if_needed()
        explorer.locator("[role=status]").wait_for()
        return explorer


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Html().write(fake_result(), tmp_path_factory.mktemp("report"))


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    one = Opened(browser, report)
    yield one
    one.close()


def ids(explorer: Locator) -> list[str]:
    return [label.removeprefix("Segment ") for label in labels(explorer.locator("article.segment"))]


def labels(found: Locator) -> list[str]:
    return [one.get_attribute("aria-label") or "" for one in found.all()]


def choose(explorer: Locator, name: str, value: str) -> list[str]:
    explorer.locator(f"[name={name}]").select_option(value)
    return ids(explorer)


def systems(table: Locator) -> list[str]:
    return table.locator("tbody th bdi").all_text_contents()


def test_a_press_on_a_heading_sorts_and_keeps_what_is_not_ranked_below(opened: Opened) -> None:
    table = opened.page.locator("table.leaderboard").first
    heading = table.locator("th", has_text="TER")
    assert systems(table) == ["opus", "apertium", "silent", "human", "shuffled"]
    heading.locator("button").click()  # lower is better, so the best comes first
    assert (heading.get_attribute("aria-sort"), systems(table)[:3]) == ("ascending", ["opus", "apertium", "silent"])
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert systems(table) == ["apertium", "opus", "silent", "shuffled", "human"]  # what has no score comes last
    table.locator("th", has_text="System").locator("button").click()
    assert systems(table) == ["apertium", "opus", "silent", "human", "shuffled"]
    assert heading.get_attribute("aria-sort") is None


def test_the_keyboard_reaches_a_heading_and_sorts(opened: Opened) -> None:
    page = opened.page
    table = page.locator("table.leaderboard").first
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith("System"):
            break
    page.keyboard.press("Enter")
    assert systems(table)[:3] == ["apertium", "opus", "silent"]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_switch_shows_clean_sources(opened: Opened) -> None:
    views = opened.page.locator(".view")
    assert [view.is_visible() for view in views.all()] == [True, False]
    opened.page.get_by_label("clean", exact=True).check()
    assert [view.is_visible() for view in views.all()] == [False, True]
    assert "1 of 2 documents" in views.nth(1).inner_text()


def compared() -> RunResult:
    """A run with gated scores, and with two systems compared by two metrics: one of them tells them apart."""
    (pair,) = fake_result().pairs
    gated = {
        system.name: {metric: replace(score, score=11.5, interval=None) for metric, score in system.scores.items()}
        for system in pair.systems
    }
    resampling = Resampling(draws=1000, seed=1, trials=1000)

    def by(metric: str, higher: bool, difference: float, p: float) -> Comparisons:
        one = Comparison("apertium", "opus", difference, p, p, 3.25, differing=40)
        return Comparisons(metric, ("apertium", "opus"), higher, (one,), 40, "segment", 40, resampling)

    comparisons = {"bleu": by("bleu", True, -23.32, 0.0004), "ter": by("ter", False, 27.5, 0.21)}
    views = {**pair.views, ("gated", "all"): View(gated)}
    return replace(fake_result(), pairs=(replace(pair, comparisons=comparisons, views=views),))


def test_the_switch_shows_gated_scores_and_says_where_they_are_the_same(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, Html().write(compared(), tmp_path))
    page = opened.page
    shown = page.locator(".view:visible")
    assert "41.3" in shown.inner_text()
    page.get_by_label("gated", exact=True).check()
    assert "11.5" in shown.inner_text()
    assert "counts as nothing" in shown.inner_text()
    page.get_by_label("clean", exact=True).check()
    assert "52.4" in shown.inner_text()
    status = page.locator(".views [role=status]").inner_text()
    assert status == "No score is another here than as produced. Shown: scores gated; clean sources."
    page.get_by_label("as produced").check()
    page.get_by_label("all", exact=True).check()
    assert "41.3" in shown.inner_text()
    opened.close()


def test_a_browser_that_cannot_unpack_says_so(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_context(offline=True).new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto(f"{Html().write(fake_result(), tmp_path).as_uri()}#pair=pt-en")
    told = page.locator("[role=alert]")
    told.first.wait_for()
    page.locator(".charts").scroll_into_view_if_needed()
    page.get_by_text("The charts cannot be shown").wait_for()
    assert all("this browser cannot unpack them" in text for text in told.all_inner_texts())
    assert "41.3" in page.locator("table.leaderboard").first.inner_text()
    page.context.close()


def test_every_system_stands_against_every_other(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, Html().write(compared(), tmp_path))
    table = opened.page.locator("table.wins:visible")
    assert table.locator("td.won").inner_text().split("\n")[0] == "+23.3 better"
    assert "p <0.001" in table.locator("td.lost").inner_text()
    assert table.locator("tbody tr").first.locator("td").first.inner_text() == ""
    opened.page.locator("[name=wins]").select_option(label="TER ↓")
    assert "-27.5 ≈" in table.locator("tbody tr").first.inner_text()
    assert table.locator(".won, .lost").count() == 0
    opened.close()


def test_segments_come_worst_first_by_any_metric_and_system(opened: Opened) -> None:
    explorer = opened.explorer()
    assert ids(explorer) == ["p2:2.1", "p1:1.1", "p1:2.1", "p2:1.1"]  # 0.31, then 0.6 thrice
    assert choose(explorer, "order", "best")[0] == "p1:1.1"
    assert choose(explorer, "order", "document") == ["p1:1.1", "p1:2.1", "p2:1.1", "p2:2.1"]
    choose(explorer, "order", "worst")
    assert choose(explorer, "system", "opus") == ["p2:1.1", "p2:2.1", "p1:2.1", "p1:1.1"]
    assert choose(explorer, "system", "apertium")[-1] == "p1:2.1"  # which has no score
    assert explorer.locator(".card").first.get_attribute("aria-label") == "apertium"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("document", "p1", ["p1:1.1", "p1:2.1"]),
        ("mark", "looped", ["p2:2.1"]),
        ("mark", "any", ["p2:2.1", "p1:2.1"]),
        ("verdict", "suspect", ["p2:1.1"]),
        ("verdict", "garbled", ["p2:2.1", "p1:2.1", "p2:1.1"]),
        ("source", "suspect", ["p2:1.1"]),
    ],
)
def test_a_filter_leaves_what_fits(name: str, value: str, expected: list[str], opened: Opened) -> None:
    explorer = opened.explorer()
    assert choose(explorer, name, value) == expected
    assert explorer.locator("[role=status]").inner_text().startswith(f"{len(expected)} of 4 segments match")
    explorer.get_by_role("button", name="Clear filters").click()
    assert len(ids(explorer)) == 4


def test_text_is_searched_in_sources_references_and_hypotheses(opened: Opened) -> None:
    explorer = opened.explorer()
    for text, expected in (("CHUVA", 1), ("cooperate", 1), ("didn't stop", 1), ("the", 3), ("nowhere", 0)):
        explorer.locator("[name=text]").fill(text)
        explorer.locator("[role=status]", has_text=re.compile(rf"^{expected} of")).wait_for()
        assert len(ids(explorer)) == expected


def test_what_was_chosen_stays_in_the_address(opened: Opened, browser: Browser, report: Path) -> None:
    choose(opened.explorer(), "system", "apertium")
    choose(opened.explorer(), "verdict", "garbled")
    fragment = "#" + opened.page.url.partition("#")[2]
    again = Opened(browser, report, fragment)
    again.page.locator(".segment").first.wait_for()
    assert ids(again.explorer()) == ["p2:2.1", "p1:2.1"]
    assert again.explorer().locator("[name=verdict]").input_value() == "garbled"
    again.close()


def test_the_leaderboard_leads_to_what_it_counts(opened: Opened) -> None:
    page = opened.page
    row = page.locator("table.leaderboard tbody tr", has_text="apertium")
    row.get_by_role("link", name="1 empty, 1 copied, 1 looped").click()
    page.locator(".segment").first.wait_for()
    assert ids(page.locator(".explorer")) == ["p2:2.1", "p1:2.1"]
    assert page.locator("[name=system]").input_value() == "apertium"
    page.locator("table.leaderboard tbody tr", has_text="opus").get_by_role("link").click()
    page.wait_for_function("document.querySelector('[name=system]').value === 'opus'")
    assert ids(page.locator(".explorer")) == ["p2:1.1"]
    page.locator("table.verdicts").get_by_role("link", name="p2").click()
    page.get_by_text("Leaves out what the source says.").first.wait_for(state="attached")
    assert page.locator("details.judged").nth(1).get_attribute("open") == ""


def test_an_error_span_has_a_colour_and_a_word(opened: Opened) -> None:
    explorer = opened.explorer()
    span = explorer.locator(".card[data-system=opus] mark.error").first
    assert span.get_attribute("data-severity") == "major"
    assert span.locator(".tag").inner_text() == "major, accuracy"
    assert "major error, accuracy, confidence 0.75" in (span.get_attribute("title") or "")
    assert span.inner_text().startswith("northern")
    assert background(span) != background(explorer.locator(".legend mark[data-severity=minor]"))
    explorer.get_by_label("Error spans").uncheck()
    assert explorer.locator(".card mark.error").count() == 0


def background(found: Locator) -> str:
    return str(found.evaluate("element => getComputedStyle(element).backgroundColor"))


def test_differences_from_the_reference_are_marked_word_by_word(opened: Opened) -> None:
    explorer = opened.explorer()
    card = explorer.locator("article[aria-label='Segment p1:2.1'] .card[data-system=opus]")
    assert card.locator("ins").all_text_contents() == ["began", "didn't"]
    assert card.locator("del").all_text_contents() == ["started", "did not"]
    explorer.get_by_label("Differences").uncheck()
    assert card.locator("ins, del").count() == 0
    assert card.locator(".text").inner_text() == "The rain began early and didn't stop."


def test_a_segment_shows_all_that_was_found_of_it(opened: Opened) -> None:
    explorer = opened.explorer()
    first = explorer.locator("article[aria-label='Segment p2:2.1']")
    card = first.locator(".card[data-system=apertium]")
    assert "looped: Says “Kim” 4 times." in card.inner_text()
    assert "garbled 0.96" in card.inner_text()
    assert "(cut: not seen whole)" in card.inner_text()
    assert card.locator("dd").all_inner_texts()[2].startswith("0.310")
    assert first.locator("[lang=pt]").inner_text() == "Kim Kim Jong Un, disse que sim."
    second = explorer.locator("article[aria-label='Segment p1:2.1']")
    assert "Note: The reference is kept short." in second.inner_text()
    assert "human score" in second.locator(".card[data-system=opus]").inner_text()
    assert explorer.locator(".card[data-system=shuffled]").count() == 0
    explorer.get_by_label("Canaries").check()
    assert explorer.locator(".card[data-system=shuffled]").count() == 4
    explorer.get_by_label("Evidence of garble").check()
    assert "Left in Portuguese." in card.inner_text()
    assert "Kim" in card.locator("mark:not(.error)").first.inner_text()


def test_charts_are_drawn_and_say_what_they_show(opened: Opened) -> None:
    page = opened.page
    charts = page.locator(".charts").first
    charts.scroll_into_view_if_needed()
    titles = ["Scores with intervals", "Score distributions", "Score by source length"]
    for title in titles:
        chart = page.get_by_role("region", name=title, exact=True)
        chart.scroll_into_view_if_needed()
        chart.locator("svg").wait_for()
    chart = page.get_by_role("region", name="Score distributions", exact=True)
    assert chart.locator("[role=graphics-document][aria-label^='How CometKiwi-22 is distributed']").count() == 1
    assert chart.locator("svg path[aria-roledescription=bar]").count() > 4
    chart.locator("summary").click()
    numbers = ["opus", "0.710", "0.792", "0.850", "0.887", "0.910"]
    assert chart.locator("table tbody tr").first.inner_text().split() == numbers


def test_dark_is_dark_also_in_the_charts(browser: Browser, report: Path) -> None:
    opened = Opened(browser, report, color_scheme="dark")
    page = opened.page
    chart = page.locator(".chart").first
    page.locator(".charts").first.scroll_into_view_if_needed()
    chart.locator("svg").wait_for()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    axis = "svg .role-axis-label text"
    ink = chart.locator(axis).first.get_attribute("fill")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        "ink => document.querySelector('svg .role-axis-label text')?.getAttribute('fill') !== ink", arg=ink
    )
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark, light) == ("rgb(21, 23, 27)", "rgb(255, 255, 255)")
    assert (ink, chart.locator(axis).first.get_attribute("fill")) == ("#e6e8ec", "#1b1d21")
    opened.close()


def test_a_phone_need_not_scroll_sideways(browser: Browser, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    opened = Opened(browser, Html().write(compared(), tmp_path), **phone)
    opened.explorer()
    opened.page.locator(".charts").first.scroll_into_view_if_needed()
    opened.page.locator(".chart svg").first.wait_for()
    opened.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.close()


def test_hostile_text_is_shown_and_not_obeyed(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, Html().write(fake_result(HOSTILE, HOSTILE), tmp_path))
    page = opened.page
    explorer = opened.explorer()
    page.locator(".charts").first.scroll_into_view_if_needed()
    page.locator(".chart svg").first.wait_for()
    explorer.get_by_label("Evidence of garble").check()
    explorer.get_by_label("Differences").uncheck()
    card = explorer.locator("article[aria-label='Segment p2:1.1'] .card").filter(has_text="hacked").first
    shown = card.locator(".text").evaluate("""element => {
        const copy = element.cloneNode(true);
        copy.querySelectorAll("sup, .tag").forEach(one => one.remove());
        return copy.textContent;
    }""")
    assert shown == HOSTILE
    assert HOSTILE in explorer.locator("[name=system]").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    opened.close()


def test_an_injected_script_is_not_run(browser: Browser, report: Path, tmp_path: Path) -> None:
    """Were a text ever to end up as HTML, the page's policy would still stop it."""
    path = tmp_path / "leaderboard.html"
    text = report.read_text("utf-8").replace("<h1>Leaderboard</h1>", f"<h1>Leaderboard</h1>{HOSTILE}", 1)
    path.write_text(text, encoding="utf-8")
    opened = Opened(browser, path)
    assert opened.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
    opened.context.close()


def test_without_scripts_the_page_can_be_read(browser: Browser, report: Path) -> None:
    opened = Opened(browser, report, java_script_enabled=False)
    text = opened.page.locator("body").inner_text()
    assert "41.3" in text
    assert "The segment explorer and the charts need scripts" in text
    assert [view.is_visible() for view in opened.page.locator(".view").all()] == [True, True]
    opened.page.locator("details.judged > summary").nth(1).click()
    assert opened.page.get_by_text("norte -coreano").first.is_visible()
    opened.close()


LABELS: tuple[Label, ...] = ("clean", "suspect", "garbled")
WORDS = [first + vowel + last for first in "bdfgklmnprstv" for vowel in "aeiou" for last in "lmnrst"]


def large(segments: int, systems: int) -> RunResult:
    """A run of so many segments, made of words in an order that does not repeat itself."""
    state = 12345

    def number(below: int) -> int:
        nonlocal state
        state = (state * 1103515245 + 12345) % 2**31
        return (state >> 8) % below

    def sentence() -> list[str]:
        return [WORDS[number(len(WORDS))] for _ in range(12 + number(18))]

    def changed(words: list[str]) -> str:
        return " ".join(WORDS[number(len(WORDS))] if number(5) == 0 else word for word in words)

    texts = [sentence() for _ in range(segments)]
    documents = [f"d{row // 20}" for row in range(segments)]
    eval_set = EvalSet(
        "large",
        LangPair("ro", "en"),
        tuple(Document(document, "ro") for document in dict.fromkeys(documents)),
        tuple(
            Segment(f"{document}:{row}", " ".join(sentence()), document, "f", references={"ana": " ".join(text)})
            for row, (text, document) in enumerate(zip(texts, documents, strict=True))
        ),
    )
    cards = {
        name: MetricCard(name.upper(), True, True, 0.0, 100.0, 2, "MIT") for name in ("bleu", "chrf", "comet", "kiwi")
    }

    def verdicts(name: str) -> tuple[Verdict, ...]:
        found: dict[str, list[SegmentVerdict]] = {}
        for segment in eval_set.segments:
            label = LABELS[number(3)]
            found.setdefault(segment.document, []).append(SegmentVerdict(segment.id, label, number(1000) / 1000))
        return tuple(Verdict(one, name, "clean", 0.1, (), segments=tuple(some)) for one, some in found.items())

    def system(name: str) -> SystemResult:
        return SystemResult(
            name,
            "system",
            "class:Stored",
            Hypotheses(name, tuple(changed(text) for text in texts)),
            ((),) * segments,
            {metric: SystemScore(metric, name, 50.0, None, segments, "s") for metric in cards},
            {
                metric: SegmentScores(metric, name, tuple(number(10000) / 100 for _ in range(segments)))
                for metric in cards
            },
            spans={
                "comet": tuple(
                    (ErrorSpan(number(20), 20 + number(20), "accuracy", "minor", 0.5),) if number(3) == 0 else ()
                    for _ in range(segments)
                )
            },
            verdicts=verdicts(name),
        )

    made = tuple(system(f"system{index}") for index in range(systems))
    return RunResult((PairResult(eval_set, made, {}, ()),), cards, {})


@pytest.mark.slow
def test_too_many_segments_go_into_pages_beside_it(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "LIMIT", 150_000)
    opened = Opened(browser, Html().write(large(400, 3), tmp_path))
    files = sorted(tmp_path.glob("leaderboard-segments-*.html"), key=lambda file: int(re.sub(r"\D", "", file.name)))
    assert len(files) > 1
    assert max(file.stat().st_size for file in files) < 150_000
    links = opened.page.locator(".files a")
    assert [link.get_attribute("href") for link in links.all()] == [file.name for file in files]
    found: list[str] = []
    links.first.click()
    for index in range(len(files)):
        explorer = opened.explorer()
        choose(explorer, "order", "document")
        last = int(re.findall(r"page 1 of (\d+)", explorer.locator("[role=status]").inner_text())[0])
        for page in range(last):
            found += ids(explorer)
            if page + 1 < last:
                explorer.get_by_role("button", name="Next").first.click()
        if index + 1 < len(files):
            opened.page.get_by_role("navigation", name="Other segments").get_by_role("link").last.click()
            opened.page.wait_for_url(f"**/{files[index + 1].name}")
    assert found == [f"d{row // 20}:{row}" for row in range(400)]
    opened.page.get_by_role("link", name="Back to the leaderboard").click()
    opened.page.wait_for_url("**/leaderboard.html")
    opened.close()


def test_buttons_turn_the_pages(browser: Browser, tmp_path: Path) -> None:
    opened = Opened(browser, Html().write(large(60, 2), tmp_path))
    explorer = opened.explorer()
    assert len(ids(explorer)) == 25
    turn = {name: explorer.get_by_role("button", name=name).first for name in ("First", "Previous", "Next", "Last")}
    assert turn["Previous"].get_attribute("aria-disabled") == "true"
    seen = ids(explorer)
    for _ in range(2):
        turn["Next"].press("Enter")
        seen += ids(explorer)
    assert len(seen) == len(set(seen)) == 60
    turn["Next"].press("Enter")  # there is none: nothing happens, and the button keeps the focus
    assert "page 3 of 3" in explorer.locator("[role=status]").inner_text()
    assert opened.page.evaluate("document.activeElement.textContent") == "Next"
    turn["First"].click()
    assert ids(explorer) == seen[:25]
    opened.close()


@pytest.mark.slow
def test_ten_thousand_segments_by_eight_systems_stay_smooth(browser: Browser, tmp_path: Path) -> None:
    result = large(10_000, 8)
    started = time.perf_counter()
    path = Html().write(result, tmp_path)
    built = time.perf_counter() - started
    sizes = {file.name: file.stat().st_size for file in tmp_path.glob("*.html")}
    assert max(sizes.values()) < 30_000_000
    times: dict[str, float] = {"written": built}

    def timed(name: str, started: float) -> None:
        times[name] = time.perf_counter() - started

    started = time.perf_counter()
    opened = Opened(browser, path)
    timed("opened", started)
    if len(sizes) > 1:
        opened.page.locator(".files a").first.click()
    started = time.perf_counter()
    explorer = opened.explorer()
    timed("explored", started)
    status = explorer.locator("[role=status]")
    for name, value in (("metric", "KIWI"), ("system", "system3"), ("verdict", "garbled"), ("document", "d7")):
        started = time.perf_counter()
        choose(explorer, name, value)
        timed(f"chose {name}", started)
    explorer.get_by_role("button", name="Clear filters").click()
    for text in (f"{WORDS[7]} {WORDS[8]}", "nothing of the sort"):
        before = status.inner_text()
        started = time.perf_counter()
        explorer.locator("[name=text]").fill(text)
        opened.page.wait_for_function(
            "before => document.querySelector('.explorer [role=status]').textContent !== before", arg=before
        )
        timed(f"searched {text}", started)
    explorer.get_by_role("button", name="Clear filters").click()
    started = time.perf_counter()
    explorer.get_by_role("button", name="Next").first.click()
    timed("turned a page", started)
    print(sizes, {name: round(taken, 2) for name, taken in times.items()})
    assert max(taken for name, taken in times.items() if name.startswith(("chose", "searched", "turned"))) < 2
    opened.close()


def test_an_error_that_is_nowhere_in_the_text_is_listed(browser: Browser, tmp_path: Path) -> None:
    result = fake_result()
    (pair,) = result.pairs
    (opus,) = [system for system in pair.systems if system.name == "opus"]
    end = len(opus.hypotheses.texts[0])
    omission = ErrorSpan(end, end, "accuracy/omission: the leader", "major")
    changed = replace(opus, spans={"kiwi": ((omission,), None, None, None)})
    systems = tuple(changed if system is opus else system for system in pair.systems)
    one = Opened(browser, Html().write(replace(result, pairs=(replace(pair, systems=systems),)), tmp_path))
    listed = one.explorer().get_by_label("Errors without a place")
    assert listed.all_inner_texts() == ["major: accuracy/omission: the leader"]
    one.explorer().get_by_label("Error spans").uncheck()
    assert listed.count() == 0
    one.close()
