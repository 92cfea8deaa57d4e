"""What is not computed again: a run that is made again, and a system added to a run of eight.

    python -m benchmarks.again [--segments 400] [--metrics chrf,bleu,ter,comet_qe_mini] [OVERRIDE ...]

Only ``mteval run`` as anyone calls it, with its significance tests, verdicts and reports: over stored hypotheses of
nine systems, where nothing is translated and the encoding of the sources is shared by all; over nine systems that
translate (OPUS-MT's shape, each with a limit of length of its own); and the default run. The peer is the run with an
empty store; the reports are compared byte for byte, of the run with a system more the leaderboard. A larger COMET takes
its place among the metrics, as ``--metrics chrf,comet22 metrics.comet22.checkpoint=FOLDER``.
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

SEGMENTS, TRANSLATED = 400, 60
METRICS = "chrf,bleu,ter,comet_qe_mini"
_SYSTEMS = 9
_TRANSLATOR = "mteval.systems.huggingface.HuggingFace"
_REPORTS = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "segments.jsonl", "verdicts.jsonl")


def rows(rounds: int, segments: int = SEGMENTS, metrics: str = METRICS, overrides: Sequence[str] = ()) -> Iterator[str]:
    """The table's rows."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        common = ["lang_pairs=[ro-en]", "evalset=jsonl", f"metrics=[{metrics}]", *overrides]
        shown = metrics.replace(",", ", ")
        stored = []
        made = texts.rows(segments, _SYSTEMS)
        for systems in (_SYSTEMS - 1, _SYSTEMS):
            file = folder / f"{systems}.jsonl"
            texts.write_jsonl(file, [texts.Row(one.source, one.reference, one.hypotheses[:systems]) for one in made])
            stored.append([*common, "systems=[]", f"evalset.path={file}"])
        yield from _grown(folder / "stored", f"stored hypotheses × {segments} segments, {shown}", *stored, rounds)
        texts.write_jsonl(folder / "sources.jsonl", texts.rows(TRANSLATED, 0))
        checkpoint = folder / "checkpoint"
        # In a process of its own: the peak of memory that the kernel tells of a process begins with its parent's.
        finish([sys.executable, "-m", "benchmarks.translating_checkpoint", str(checkpoint)])
        translating, system = [], {"_target_": _TRANSLATOR, "checkpoint": checkpoint}
        for systems in (_SYSTEMS - 1, _SYSTEMS):
            chosen = [
                f"+systems.t{number}.{key}={value}"
                for number in range(systems)
                for key, value in {**system, "max_length": 200 + number}.items()
            ]
            translating.append([*common, "systems=[]", f"evalset.path={folder / 'sources.jsonl'}", *chosen])
        yield from _grown(folder / "translated", f"translating {TRANSLATED} segments, {shown}", *translating, rounds)
        first, again = [], []
        for number in range(rounds):
            store = folder / f"default-{number}"
            first.append(_run(folder / "first", store))
            again.append(_run(folder / "again", store))
            _compare(folder / "first", folder / "again")
        yield row("the default run again", "its first run", Pairs(tuple(again), tuple(first)))


def _grown(folder: Path, what: str, eight: Sequence[str], nine: Sequence[str], rounds: int) -> Iterator[str]:
    """Rows of a run of nine systems that is made again, and of one that is made of eight and a system more.

    Args:
        what: they do.
        eight, nine: the overrides of either run.
    """
    _run(folder / "before", folder / "of-eight", *eight)
    first, again, added = [], [], []
    for number in range(rounds):
        store = folder / f"store-{number}"
        first.append(_run(folder / "first", store, *nine))
        again.append(_run(folder / "again", store, *nine))
        grown = Path(shutil.copytree(folder / "of-eight", folder / f"grown-{number}"))
        added.append(_run(folder / "added", grown, *nine))
        _compare(folder / "first", folder / "again")
        _compare(folder / "first", folder / "added", "leaderboard.md")  # batches decide the last digits of COMET
    yield row(f"{_SYSTEMS} systems, {what}: a finished run again", "its first run", Pairs(tuple(again), tuple(first)))
    yield row("the same: one system added to eight", "a fresh run of nine", Pairs(tuple(added), tuple(first)))


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


def _compare(one: Path, other: Path, *names: str) -> None:
    for name in names or _REPORTS:
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
