"""The page of measured speed, ``benchmarks/speed.md``: a section for each benchmark, with what it was measured on."""

from __future__ import annotations

import ast
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import timing

PACKAGES = ("torch", "transformers", "sacrebleu", "unbabel-comet", "ctranslate2")
TITLE = """# Speed

Whole processes, ours and the peer's in turn on the same input: medians, and the least and greatest ratio of a pair.
`python -m benchmarks` measures all of it and writes this page, `python -m benchmarks NAME` one section.
"""


@dataclass(frozen=True)
class Section:
    """What one benchmark measured.

    Attributes:
        where: the machine and the versions, in one line.
        rows: of the table that ``timing.HEADER`` heads.
    """

    where: str
    rows: tuple[str, ...]


def find(folder: Path) -> list[str]:
    """The names of a folder's benchmarks, which are the modules with a function ``rows(rounds)``; none is imported."""
    return [file.stem for file in sorted(folder.glob("*.py")) if _measures(file)]


def where() -> str:
    """This machine, and the versions of what is measured."""
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"no {package}")
    return f"{timing.machine()}; {', '.join(versions)}"


def write(sections: Mapping[str, Section]) -> str:
    """The page with these sections, by name."""
    parts = [TITLE]
    for name, section in sorted(sections.items()):
        rows = "\n".join(section.rows)
        parts.append(f"## {name}\n\n{section.where}\n\n{timing.HEADER}\n{rows}\n")
    return "\n".join(parts)


def read(page: str) -> dict[str, Section]:
    """The sections of a page that ``write`` has written, by name.

    Raises:
        ValueError: it is no such page.
    """
    found = {}
    for part in f"\n{page}".split("\n## ")[1:]:
        name, told, table = part.strip("\n").split("\n\n", 2)
        found[name] = Section(told, tuple(table.removeprefix(f"{timing.HEADER}\n").split("\n")))
    if write(found) != page:
        raise ValueError("the page is not as `python -m benchmarks` writes it: remove it, and measure again")
    return found


def table(sections: Mapping[str, Section], names: Sequence[str] | None = None) -> str:
    """One table of all rows, or of those of the named sections."""
    chosen = sorted(sections) if names is None else names
    return "\n".join([timing.HEADER, *(row for name in chosen for row in sections[name].rows)])


def _measures(file: Path) -> bool:
    functions = (node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))
    return any(found.name == "rows" and [one.arg for one in found.args.args][:1] == ["rounds"] for found in functions)
