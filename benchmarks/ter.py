"""How long TER takes over many systems, against ``sacrebleu -m ter`` on the same files.

    python -m benchmarks.ter

Whole processes: a script that reads the files and scores them with the metric, and ``sacrebleu``. A second row has
systems with half of the hypotheses in common, as those of one family have. System scores must be equal to ten
decimals, or the benchmark fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import texts
from benchmarks.timing import HEADER, Finished, finish, in_turn, machine, row


def rows(rounds: int, segments: int = 3000, systems: int = 8) -> Iterator[str]:
    """A row for systems that all translate otherwise, and one for systems that share half of their translations."""
    made = texts.rows(segments, systems)
    shared = [replace(one, hypotheses=one.hypotheses[:1] * systems) if at % 2 else one for at, one in enumerate(made)]
    for given, what in ((made, ""), (shared, ", half of the hypotheses the same")):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _, reference, hypotheses = texts.write_lines(folder, given)
            files = [str(reference), *map(str, hypotheses)]
            pairs = in_turn(partial(_ours, files, folder), partial(_theirs, files, folder), rounds)
            ours = json.loads((folder / "ours.json").read_text("utf-8"))
            theirs = [one["TER"] for one in json.loads((folder / "theirs.json").read_text("utf-8"))]
            if ours != theirs:
                sys.exit(f"the scores are not equal:\n{ours}\n{theirs}")
            yield row(f"TER: {systems} systems × {segments:,} segments{what}", "`sacrebleu -m ter`", pairs)


def _ours(files: Sequence[str], folder: Path) -> Finished:
    return finish([sys.executable, "-m", "benchmarks.ter", "--score", *files], folder / "ours.json")


def _theirs(files: Sequence[str], folder: Path) -> Finished:
    reference, *hypotheses = files
    command = [sys.executable, "-m", "sacrebleu", reference, "-i", *hypotheses, "-m", "ter", "-f", "json", "-w", "10"]
    return finish(command, folder / "theirs.json")


def _score(files: Sequence[str]) -> list[str]:
    """The scores of files of hypotheses, the first being the references, as ``sacrebleu`` prints them."""
    import numpy as np

    from mteval.metrics.base import Item, combined
    from mteval.metrics.lexical import Ter

    references, *systems = (Path(file).read_text("utf-8").split("\n")[:-1] for file in files)
    items = [Item("", text, (one,)) for hypotheses in systems for text, one in zip(hypotheses, references, strict=True)]
    metric, size = Ter(), len(references)
    found = dict(metric.score(items))
    statistics = np.array([found[at].statistics for at in range(len(items))])
    return [f"{combined(metric, statistics[start : start + size]):.10f}" for start in range(0, len(items), size)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", type=int, default=3000)
    parser.add_argument("--systems", type=int, default=8)
    parser.add_argument("--score", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.score:
        print(json.dumps(_score(given.score)))
        return
    print(f"{machine()}\n\n{HEADER}", flush=True)
    for line in rows(given.rounds, given.segments, given.systems):
        print(line, flush=True)


if __name__ == "__main__":
    main()
