"""The page of measured speed: which benchmarks there are, what stays on the page, and what the README shows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import speed_page, timing
from benchmarks.__main__ import FOLDER, measure
from benchmarks.speed_page import Section

ROOT = Path(__file__).parents[2]
START, END = "<!-- speed -->\n", "<!-- /speed -->"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two benchmarks, one module that is none, and one that cannot be imported."""
    found = tmp_path / f"fakes_{tmp_path.name}"
    found.mkdir()
    for name in ("fast", "slow"):
        code = f"def rows(rounds, size=1):\n    yield f'| {name} | peer, {{rounds}} rounds | 2 | 1 | 2.0 | 1 / 1 |'\n"
        (found / f"{name}.py").write_text(code)
    (found / "idle.py").write_text("def rows(rounds):\n    yield from ()\n")
    (found / "texts.py").write_text("raise ImportError\ndef rows(segments, systems): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    return found


def test_benchmarks_are_found_by_what_they_offer_without_importing_them(folder: Path) -> None:
    assert speed_page.find(folder) == ["fast", "idle", "slow"]
    assert "translating" in speed_page.find(FOLDER)
    assert "texts" not in speed_page.find(FOLDER)


def test_what_is_not_measured_stays_on_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = folder / "speed.md"
    elsewhere = Section("1 core of another machine", ("| old | peer | 9 | 3 | 3.0 | 1 / 2 |",))
    page.write_text(speed_page.write({"slow": elsewhere, "removed": elsewhere}))
    measure(folder, ["fast"], 2, page)
    row = "| fast | peer, 2 rounds | 2 | 1 | 2.0 | 1 / 1 |"
    assert capsys.readouterr().out == f"{speed_page.where()}\n\n{timing.HEADER}\n{row}\n"
    assert speed_page.read(page.read_text()) == {"fast": Section(speed_page.where(), (row,)), "slow": elsewhere}
    measure(folder, ["slow", "fast"], 4, page)
    rows = [f"| {name} | peer, 4 rounds | 2 | 1 | 2.0 | 1 / 1 |" for name in ("fast", "slow")]
    assert speed_page.table(speed_page.read(page.read_text())) == "\n".join([timing.HEADER, *rows])


def test_what_goes_wrong_is_said_and_loses_nothing(folder: Path) -> None:
    page = folder / "speed.md"
    with pytest.raises(SystemExit, match="texts is no benchmark; there are fast, idle, slow"):
        measure(folder, ["texts"], 1, page)
    assert not page.exists()
    with pytest.raises(SystemExit, match="idle yields no row"):
        measure(folder, [], 1, page)
    assert list(speed_page.read(page.read_text())) == ["fast"]
    page.write_text(page.read_text() + "| by hand |\nand more\n\n")
    with pytest.raises(ValueError, match="measure again"):
        measure(folder, ["fast"], 1, page)


def test_the_page_names_machine_and_versions() -> None:
    told = speed_page.where()
    assert timing.machine() in told
    assert all(package in told for package in ("Python 3.", *speed_page.PACKAGES))


def test_readme_shows_what_was_measured() -> None:
    page, readme = FOLDER / "speed.md", (ROOT / "README.md").read_text("utf-8")
    sections = speed_page.read(page.read_text("utf-8")) if page.is_file() else {}
    assert all(name in speed_page.find(FOLDER) for name in sections)
    if START in readme:
        shown = readme.partition(START)[2].partition(END)[0]
        assert shown.strip("\n") == speed_page.table(sections)
