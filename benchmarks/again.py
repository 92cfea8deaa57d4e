"""What is not computed again: a run that is made again, and a system added to a run of eight.

    python -m benchmarks.again [--segments 400] [--metrics chrf,bleu,ter,comet_qe_mini] [OVERRIDE ...]

Only ``mteval run`` as anyone calls it, with its significance tests, verdicts and reports, over stored hypotheses of
nine systems; and the default run. The peer is the run with an empty store; the reports of all are compared byte for
byte. A larger COMET takes its place among the metrics, as ``--metrics chrf,comet22 metrics.comet22.checkpoint=FOLDER``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import texts
from benchmarks.timing import HEADER, Finished, Pairs, finish, row

SEGMENTS = 400
METRICS = "chrf,bleu,ter,comet_qe_mini"
_SYSTEMS = 9
_REPORTS = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "segments.jsonl", "verdicts.jsonl")


def rows(rounds: int, segments: int = SEGMENTS, metrics: str = METRICS, overrides: Sequence[str] = ()) -> Iterator[str]:
    """The table's rows."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        made = texts.rows(segments, _SYSTEMS)
        fewer = [texts.Row(one.source, one.reference, one.hypotheses[:-1]) for one in made]
        texts.write_jsonl(folder / "nine.jsonl", made)
        texts.write_jsonl(folder / "eight.jsonl", fewer)
        common = ["lang_pairs=[ro-en]", "evalset=jsonl", "systems=[]", f"metrics=[{metrics}]", *overrides]

        def run(name: str, store: Path, output: str) -> Finished:
            return _run(folder / output, store, f"evalset.path={folder / name}", *common)

        run("eight.jsonl", folder / "of-eight", "before")
        first, again, added = [], [], []
        for number in range(rounds):
            store = folder / f"store-{number}"
            first.append(run("nine.jsonl", store, "first"))
            again.append(run("nine.jsonl", store, "again"))
            grown = Path(shutil.copytree(folder / "of-eight", folder / f"grown-{number}"))
            added.append(run("nine.jsonl", grown, "added"))
            for output in ("again", "added"):
                _compare(folder / "first", folder / output)
        size = f"{_SYSTEMS} systems × {segments} segments, {metrics.replace(',', ', ')}"
        yield row(f"a finished run again ({size})", "its first run", Pairs(tuple(again), tuple(first)))
        yield row(
            "one system added to a finished run of eight", "a fresh run of nine", Pairs(tuple(added), tuple(first))
        )
        first, again = [], []
        for number in range(rounds):
            store = folder / f"default-{number}"
            first.append(_run(folder / "first", store))
            again.append(_run(folder / "again", store))
            _compare(folder / "first", folder / "again")
        yield row("the default run again", "its first run", Pairs(tuple(again), tuple(first)))


def _run(output: Path, store: Path, *overrides: str) -> Finished:
    command = [
        sys.executable,
        "-m",
        "mteval",
        "run",
        f"store={store}",
        f"output={output}",
        "overwrite=true",
        *overrides,
    ]
    return finish(command)


def _compare(one: Path, other: Path) -> None:
    for name in _REPORTS:
        if (one / name).read_bytes() != (other / name).read_bytes():
            sys.exit(f"{name} of the run {other.name} is not that of the run {one.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--metrics", default=METRICS)
    parser.add_argument("overrides", nargs="*", help="given to each run")
    options = parser.parse_args()
    print(HEADER)
    for line in rows(options.rounds, options.segments, options.metrics, options.overrides):
        print(line, flush=True)


if __name__ == "__main__":
    main()
