"""What a run of 100 systems × 50 lang pairs × 2,000 segments would take: a simulation with rates measured here.

    python -m benchmarks.large_run [--systems 100] [--pairs 50] [--segments 2000] [--again]

What one cell of the sweep costs is measured on the machine that this runs on, by whole ``mteval run``s of two sizes
(each translates by a checkpoint in the shape of OPUS-MT, in float32 and through CTranslate2 in int8, with the default
metrics and signals): a fixed part and one for each segment. So is the report, on all systems in one lang pair. The
sweep is then simulated: cells wait in order for the next free worker, each such a machine; half of the systems are in
int8; each job waits for its start, and some are killed half-way and queued again, and go on from the store.

What was measured is kept in ``large_run.jsonl``, a line a machine, so that a GPU server's line comes from the same
command on a GPU server; ``large_run.md`` shows all of them. Nothing is taken from elsewhere.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import texts
from benchmarks.timing import finish, machine

SYSTEMS, PAIRS, SEGMENTS = 100, 50, 2000
WORKERS = (1, 8, 64, 512)
SIZES = (40, 160)
"""Segments of the two runs that tell the fixed part from that of each segment."""

KINDS = ("ctranslate2", "huggingface")
_MOST = 256
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Measured:
    """What one machine needs.

    Attributes:
        fixed, each: seconds of a cell, and of each of its segments, by kind of system.
        stages: seconds a segment by stage, by kind of system.
        peak: resident memory of a cell in GiB, at most.
        report: seconds of the report on all systems in one lang pair, by BLEU and chrF.
        report_peak: its resident memory in GiB.
    """

    machine: str
    fixed: Mapping[str, float]
    each: Mapping[str, float]
    stages: Mapping[str, Mapping[str, float]]
    peak: float
    report: float
    report_peak: float
    report_systems: int
    report_segments: int


def measure(systems: int, segments: int) -> Measured:
    """Run the cells and the report on this machine."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        checkpoint = folder / "checkpoint"
        finish([sys.executable, "-m", "benchmarks.translating_checkpoint", str(checkpoint)])
        fixed, each, stages, peak = {}, {}, {}, 0.0
        for kind in KINDS:
            found = [_cell(folder, kind, checkpoint, size) for size in SIZES]
            seconds = [one[0] for one in found]
            each[kind] = (seconds[1] - seconds[0]) / (SIZES[1] - SIZES[0])
            fixed[kind] = seconds[0] - each[kind] * SIZES[0]
            stages[kind] = {
                stage: (found[1][2][stage] - found[0][2][stage]) / (SIZES[1] - SIZES[0]) for stage in found[0][2]
            }
            peak = max(peak, *(one[1] for one in found))
        report, report_peak = _report(folder, systems, segments)
        return Measured(machine(), fixed, each, stages, peak, report, report_peak, systems, segments)


def _cell(folder: Path, kind: str, checkpoint: Path, segments: int) -> tuple[float, float, dict[str, float]]:
    """Seconds, GiB and seconds by stage of one cell."""
    set_, output = folder / f"set{segments}.jsonl", folder / f"{kind}{segments}"
    texts.write_jsonl(set_, texts.rows(segments, 0))
    command = ["run", "evalset=jsonl", f"evalset.path={set_}", "lang_pairs=[ro-en]", f"systems=[{kind}]"]
    system = [f"systems.{kind}.checkpoint={checkpoint}", f"systems.{kind}.max_length={_MOST}"]
    kept = [f"store={folder / f'store-{kind}{segments}'}", f"output={output}"]
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    if kind == "ctranslate2":  # converting happens once on a machine
        warm = [*command, *system, "store=null", f"output={folder / f'warm{segments}'}", "subset.first=1"]
        finish([sys.executable, "-m", "mteval", *warm, "metrics=[chrf]", "garble=[]"], environment=environment)
    found = finish([sys.executable, "-m", "mteval", *command, *system, *kept], environment=environment)
    seconds = json.loads((output / "run.json").read_text("utf-8"))["seconds"]
    stages: dict[str, float] = {}
    for step, taken in seconds.items():
        stages[step.split()[0]] = stages.get(step.split()[0], 0.0) + taken
    return found.seconds, found.peak, stages


def _report(folder: Path, systems: int, segments: int) -> tuple[float, float]:
    """Seconds and GiB of the report on all systems in one lang pair, whose scores are there."""
    texts.write_jsonl(folder / "all.jsonl", texts.rows(segments, systems))
    chosen = ["evalset=jsonl", f"evalset.path={folder / 'all.jsonl'}", "lang_pairs=[ro-en]", "systems=[]"]
    scored = ["metrics=[bleu,chrf]", "garble=[]", "store=null", "report=[csv]", f"output={folder / 'all'}"]
    quick = ["bootstrap_draws=0", "significance.trials=0"]
    finish([sys.executable, "-m", "mteval", "run", *chosen, *scored, *quick])
    full = ["bootstrap_draws=1000", "significance.trials=10000", f"output={folder / 'report'}"]
    found = finish([sys.executable, "-m", "mteval", "report", str(folder / "all"), *full])
    return found.seconds, found.peak


def simulated(
    rates: Measured, systems: int, pairs: int, segments: int, workers: int, wait: float, killed: float
) -> float:
    """Seconds until the last cell is done.

    Args:
        workers: how many machines work side by side.
        wait: seconds that each job waits for its start, on a cluster alone (where there are several workers).
        killed: the share of jobs that are killed at a random moment and queued again.
    """
    chosen = random.Random(1)
    free = [0.0] * workers
    kinds = [KINDS[system % len(KINDS)] for _ in range(pairs) for system in range(systems)]
    waiting = [(rates.fixed[kind], rates.each[kind] * segments) for kind in kinds]
    for fixed, work in waiting:  # it grows while cells are killed
        start = heapq.heappop(free) + (wait if workers > 1 else 0)
        if chosen.random() < killed:
            done = chosen.random()
            waiting.append((fixed, work * (1 - done)))
            heapq.heappush(free, start + fixed + work * done)
        else:
            heapq.heappush(free, start + fixed + work)
    return max(free)


def lines(
    found: Sequence[Measured], systems: int, pairs: int, segments: int, wait: float, killed: float
) -> Iterator[str]:
    """The page."""
    yield "# What a large run would take"
    yield ""
    yield (
        f"Made by `python -m benchmarks.large_run`: {systems} systems × {pairs} lang pairs × {segments:,} segments, "
        f"{systems * pairs:,} cells, {systems * pairs * segments:,} hypotheses. Rates are measured on the "
        f"machines that are named, by whole runs of {SIZES[0]} and {SIZES[1]} segments; the sweep is "
        f"simulated: each job waits {wait:g} s for its start where there are several machines, {killed:.0%} of them "
        "are killed half-way and go on from the store. A GPU server has a line once the command was run on one."
    )
    for one in found:
        yield ""
        yield f"## {one.machine}"
        yield ""
        yield "| a cell | translating by | fixed, s | each segment, ms | whole cell, s |"
        yield "|---|---|---:|---:|---:|"
        for kind in KINDS:
            whole = one.fixed[kind] + one.each[kind] * segments
            yield f"| OPUS-MT shape | `{kind}` | {one.fixed[kind]:.1f} | {1000 * one.each[kind]:.0f} | {whole:,.0f} |"
        yield ""
        told = ", ".join(f"{stage} {1000 * taken:.1f}" for stage, taken in one.stages[KINDS[0]].items() if taken > 5e-5)
        yield f"Of each segment, ms: {told}. A cell takes {one.peak:.1f} GiB at most."
        yield ""
        yield "| machines such as this one | all cells | beside them, the report on one lang pair |"
        yield "|---:|---:|---:|"
        for workers in WORKERS:
            taken = simulated(one, systems, pairs, segments, workers, wait, killed)
            yield f"| {workers} | {_span(taken)} | {_span(one.report)} |"
        yield ""
        yield (
            f"The report is measured on {one.report_systems} systems × {one.report_segments:,} segments in one lang "
            f"pair, by BLEU and chrF with all tests: {one.report_peak:.1f} GiB. On all lang pairs, one after the "
            f"other, that is {_span(one.report * pairs)}."
        )


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=SYSTEMS)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--wait", type=float, default=10, help="seconds that a job waits for its start")
    parser.add_argument("--killed", type=float, default=0.02, help="the share of jobs that are killed half-way")
    parser.add_argument("--again", action="store_true", help="measure this machine anew")
    given = parser.parse_args()
    results = _HERE / "large_run.jsonl"
    text = results.read_text("utf-8") if results.exists() else ""
    found = {one.machine: one for one in (Measured(**json.loads(line)) for line in text.splitlines())}
    if given.again or machine() not in found:
        found[machine()] = measure(given.systems, given.segments)
        results.write_text("".join(json.dumps(asdict(one)) + "\n" for one in found.values()), "utf-8")
    page = list(lines(list(found.values()), given.systems, given.pairs, given.segments, given.wait, given.killed))
    (_HERE / "large_run.md").write_text("\n".join(page) + "\n", "utf-8")
    print("\n".join(page))


if __name__ == "__main__":
    main()
