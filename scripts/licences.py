"""Writes docs/licences.md: the licence of every package that constraints.txt pins, as the installed package says it.

    python scripts/licences.py [--check]

With ``--check`` nothing is written; it fails if the page is not what would be.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
HEAD = """# Licences of the packages that mteval runs with

Every package that [constraints.txt](../constraints.txt) pins, which is all of `mteval[dev]`; the licence is what the
package's own metadata say. Written by `python scripts/licences.py`. None of them is part of mteval, whose own licence
stands in [LICENSE](../LICENSE); scripts that its reports embed are in `mteval/report/vendor`, each with its licence.

What is under the GPL comes with an extra alone, and is imported only where it is asked for: translate-toolkit with
`mteval[tmx]`, for TMX and XLIFF.

"""
_LONG = 60


def pinned() -> list[str]:
    """The names of the pinned packages, in order."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if re.match(r"[A-Za-z0-9]", line)]


def licence_of(package: str) -> str:
    """A package's licence: its SPDX expression, else its classifiers, else what its author wrote, if that is short.

    Raises:
        SystemExit: it is not installed.
    """
    try:
        told = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        sys.exit(f"{package} is pinned in constraints.txt, and not installed: run scripts/setup.sh")
    if expression := told.get("License-Expression"):
        return expression
    classifiers = [
        one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or () if one.startswith("License :: ")
    ]
    if named := [one for one in classifiers if one not in ("OSI Approved",)]:
        return "; ".join(named)
    free = " ".join((told.get("License") or "").split())
    return free if 0 < len(free) <= _LONG else _from_text(free)


def _from_text(text: str) -> str:
    for words, name in (("Apache License", "Apache-2.0"), ("MIT License", "MIT"), ("Redistribution and use", "BSD")):
        if words in text:
            return name
    return "not told"


def page() -> str:
    rows = [f"| {name} | {metadata.version(name)} | {licence_of(name)} |" for name in pinned()]
    return "\n".join([f"{HEAD}| package | version | licence |", "|---|---|---|", *rows]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if the page is another one")
    if not parser.parse_args().check:
        PAGE.write_text(page(), "utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != page():
        sys.exit(f"{PAGE} is not what the installed packages say: run python scripts/licences.py")


if __name__ == "__main__":
    main()
