"""How soon the program answers: its help and its composed config, against the help of ``comet-score``.

    python -m benchmarks.starting

Whole processes, in turn. Nothing is compared but that each says something.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.timing import HEADER, Finished, finish, in_turn, row

_COMET_SCORE = [str(Path(sys.executable).parent / "comet-score"), "--help"]
_COMMANDS = (["--help"], ["run", "--cfg", "job"])


def rows(rounds: int) -> Iterator[str]:
    """The table's rows."""
    with tempfile.TemporaryDirectory() as folder:

        def said(command: list[str]) -> Finished:
            output = Path(folder) / "said.txt"
            finished = finish(command, output)
            if not output.read_text("utf-8").strip():
                sys.exit(f"{' '.join(command)} says nothing")
            return finished

        for arguments in _COMMANDS:
            command = [sys.executable, "-m", "mteval", *arguments]
            pairs = in_turn(lambda command=command: said(command), lambda: said(_COMET_SCORE), rounds)  # type: ignore[misc]
            yield row(f"`mteval {' '.join(arguments)}`", "`comet-score --help`", pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(HEADER)
    for line in rows(options.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
