"""What joining the shards of a large eval set takes: seconds and peak memory of ``mteval report``, by segments.

    python -m benchmarks.joining [--sizes 100000,300000,1000000] [--shard 10000]

One shard is a real run over stored hypotheses of 4 systems, by BLEU and chrF; the others are copies of it under other
ids, written as a run writes them, since a report reads them alike and making each would take hours. ``joining.md``
holds the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks import texts
from benchmarks.timing import finish, machine
from mteval.recorded import Recorded, read_run
from mteval.report.base import PairResult, RunResult
from mteval.report.record import Record
from mteval.report.segments import Segments
from mteval.report.statistics_file import Statistics
from mteval.report.verdicts import Verdicts
from mteval.scores import SystemScore

SIZES, SHARD, SYSTEMS = "100000,300000,1000000", 10_000, 4
_HERE = Path(__file__).parent
_REPORTS = "report=[markdown,csv,json,latex,html]"


def made(folder: Path, segments: int) -> Recorded:
    """A run of one shard of one."""
    texts.write_jsonl(folder / "set.jsonl", islice(texts.endless(SYSTEMS), segments))
    chosen = ["evalset=jsonl", f"evalset.path={folder / 'set.jsonl'}", "lang_pairs=[ro-en]", "systems=[]", "store=null"]
    scored = ["metrics=[bleu,chrf]", "garble=[]", "report=[csv]", "shard=1/1", f"output={folder / 'first'}"]
    finish([sys.executable, "-m", "mteval", "run", *chosen, *scored])
    return read_run(folder / "first")


def copied(run: Recorded, folder: Path, number: int, of: int) -> None:
    """Write a shard like a run's, but for its ids and its place."""
    (pair,) = run.result.pairs
    part = pair.eval_set.part
    assert part is not None
    size = len(pair.eval_set.scored)
    segments = tuple(
        replace(one, id=f"{number}.{one.id}", document=f"{number}.{one.document}") for one in pair.eval_set.segments
    )
    documents = tuple(replace(one, id=f"{number}.{one.id}") for one in pair.eval_set.documents)
    whole = replace(
        part, number=number, of=of, segments=of * size, documents=of * len(documents), start=(number - 1) * size
    )
    eval_set = replace(
        pair.eval_set, name=f"set [shard {number}/{of}]", documents=documents, segments=segments, part=whole
    )
    result = replace(run.result, pairs=(_with_scores(run, replace(pair, eval_set=eval_set)),))
    _write(result, folder / str(number))


def _with_scores(run: Recorded, pair: PairResult) -> PairResult:
    """A lang pair with the system scores that the run had, which its record is to hold."""
    name = str(pair.eval_set.pair)
    systems = tuple(
        replace(
            system,
            scores={
                metric: SystemScore(metric, system.name, score, None, len(pair.eval_set.scored), signature)
                for metric, score in run.scores[name][system.name].items()
                if (signature := run.signatures[name][metric])
            },
        )
        for system in pair.systems
    )
    return replace(pair, systems=systems)


def _write(result: RunResult, folder: Path) -> None:
    folder.mkdir(parents=True)
    for writer in (Segments(), Verdicts(), Statistics(), Record()):
        writer.write(result, folder)


def lines(sizes: list[int], shard: int) -> Iterator[str]:
    """The table, a row as soon as it is measured."""
    yield f"| segments, {SYSTEMS} systems | shards | segments.jsonl, GiB | seconds | peak memory, GiB |"
    yield "|---:|---:|---:|---:|---:|"
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        run = made(folder, shard)
        for size in sizes:
            of = size // shard
            for number in range(1, of + 1):
                copied(run, folder / f"of{of}", number, of)
            written = sum(file.stat().st_size for file in (folder / f"of{of}").glob("*/segments.jsonl")) / 2**30
            output = f"output={folder / f'report{of}'}"
            found = finish([sys.executable, "-m", "mteval", "report", str(folder / f"of{of}"), _REPORTS, output])
            board = json.loads((folder / f"report{of}/leaderboard.json").read_text("utf-8"))
            assert board["pairs"][0]["segments"] == of * shard
            yield f"| {of * shard:,} | {of} | {written:.2f} | {found.seconds:,.0f} | {found.peak:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES, help="segments, by commas; each a multiple of --shard")
    parser.add_argument("--shard", type=int, default=SHARD, help="segments of a shard")
    given = parser.parse_args()
    told = [
        f"# Joining shards\n\nMade by `python -m benchmarks.joining` on {machine()}; what is measured is told there.\n"
    ]
    for line in lines([int(size) for size in given.sizes.split(",")], given.shard):
        print(line, flush=True)
        told.append(line)
        (_HERE / "joining.md").write_text("\n".join(told) + "\n", "utf-8")


if __name__ == "__main__":
    main()
