"""The README's tables of what was measured are rows of the pages that the benchmarks wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "page"), [("people", "people.md"), ("large run", "large_run.md")])
def test_the_readme_shows_what_was_measured(name: str, page: str) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = readme.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
    measured = (ROOT / "benchmarks" / page).read_text("utf-8").splitlines()
    rows = [line for line in shown.splitlines() if line]
    assert len(rows) > 3
    assert not [row for row in rows if row not in measured]
