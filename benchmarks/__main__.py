"""Measures speed: each benchmark in turn, its rows as they come, and ``benchmarks/speed.md`` anew.

    python -m benchmarks [NAME …] [--rounds 3]

A benchmark is a module of this folder with ``rows(rounds)``, which yields rows of a table; without names, all are
measured. Sections of the page that are not measured stay as they are.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from benchmarks import speed_page, timing

FOLDER = Path(__file__).resolve().parent


def measure(folder: Path, names: Sequence[str], rounds: int, page: Path) -> None:
    """Measure the named benchmarks of a folder, or all for no names, and write each on the page when it is done.

    Raises:
        SystemExit: a name is of none, or a benchmark yields no row.
    """
    known = speed_page.find(folder)
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"{unknown[0]} is no benchmark; there are {', '.join(known) or 'none'}")
    sections = speed_page.read(page.read_text("utf-8")) if page.is_file() else {}
    sections = {name: section for name, section in sections.items() if name in known}
    here = speed_page.where()
    print(f"{here}\n\n{timing.HEADER}", flush=True)
    for name in names or known:
        rows = []
        for row in importlib.import_module(f"{folder.name}.{name}").rows(rounds):
            print(row, flush=True)
            rows.append(row)
        if not rows:
            raise SystemExit(f"{name} yields no row")
        sections[name] = speed_page.Section(here, tuple(rows))
        page.write_text(speed_page.write(sections), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and write speed.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(speed_page.find(FOLDER))}")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of runs of each row (default: 3)")
    arguments = parser.parse_args()
    measure(FOLDER, arguments.names, arguments.rounds, FOLDER / "speed.md")


if __name__ == "__main__":
    main()
