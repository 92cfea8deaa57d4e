"""The page of licences names every package that is pinned, at its version, and no GPL but in an extra."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"\| (\S+) \| (\S+) \| (.+) \|")


def listed() -> dict[str, tuple[str, str]]:
    rows = map(ROW.fullmatch, (ROOT / "docs/licences.md").read_text("utf-8").splitlines())
    return {name: (version, licence) for name, version, licence in (row.groups() for row in rows if row)}


def test_every_pinned_package_is_listed() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if re.match("[A-Za-z0-9]", line))
    found = {name: version.partition("+")[0] for name, (version, _) in listed().items() if name != "package"}
    assert found == {name: version.partition("+")[0] for name, version in pinned.items()}, "run scripts/licences.py"


def test_what_is_under_the_gpl_is_in_an_extra_and_named() -> None:
    page = (ROOT / "docs/licences.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {canonicalize_name(Requirement(one).name) for one in project["dependencies"]}
    gpl = {name for name, (_, licence) in listed().items() if re.search(r"\b[AL]?GPL", licence)}
    assert gpl
    for name in gpl:
        assert canonicalize_name(name) not in needed
        assert name in page.partition("| package |")[0]
