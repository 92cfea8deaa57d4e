"""How cost grows: seconds of each stage and peak memory, by segments and by systems, with the fitted exponents.

    python -m benchmarks.growth [--largest 10000] [--systems-at 1000] [--judged 3000] [--again]
    python -m benchmarks.growth --largest 1000000

Each size is a fresh ``mteval run`` over stored hypotheses, by BLEU and chrF, with all tests and reports; and a second
run of it, which finds everything in the store but the verdicts of the default signals (up to ``--judged`` segments,
none beyond). Stages are timed by the runs themselves (``seconds`` in ``run.json``), memory by the kernel. What has
been measured is kept in ``growth.jsonl`` at once, so that a benchmark that was cut off goes on where it was;
``growth.md`` and ``growth.svg`` are written anew after each size.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import texts
from benchmarks.timing import finish, machine

SIZES = (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
SYSTEMS = (1, 2, 4, 8, 16, 32)
USUAL = 4
"""Systems, where it is segments that grow."""

LARGEST, SYSTEMS_AT, JUDGED = 10_000, 1000, 3000
_LEAST = 0.05
"""Seconds below which a stage says nothing of how it grows."""

_FITTED = 3
"""How many of the largest sizes a line is fitted to."""

_REPORTS = "report=[markdown,csv,json,latex,html]"
_HERE = Path(__file__).parent
STAGES: Mapping[str, str] = {
    "read": "reading the eval set",
    "translate": "hypotheses from the eval set",
    "gate": "gate",
    "bleu": "BLEU",
    "chrf": "chrF",
    "compare": "statistics and tests",
    "store": "both metrics from the store",
    "judge": "verdicts",
    "report": "reports",
    "whole": "whole process",
}


@dataclass(frozen=True)
class Measured:
    """One size.

    Attributes:
        seconds: by stage.
        peak: resident memory of the first run in GiB, and of the second.
        machine: where it was measured.
    """

    segments: int
    systems: int
    seconds: Mapping[str, float]
    peak: tuple[float, float]
    machine: str


def measure(segments: int, systems: int, *, judged: bool) -> Measured:
    """Run one size, and run it again.

    Args:
        judged: whether the second run passes verdicts.
    """
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        texts.write_jsonl(folder / "set.jsonl", islice(texts.endless(systems), segments))

        def run(output: str, *more: str) -> tuple[dict[str, float], float, float]:
            said = ["evalset=jsonl", f"evalset.path={folder / 'set.jsonl'}", "lang_pairs=[ro-en]", "systems=[]"]
            kept = [f"store={folder / 'store'}", f"output={folder / output}", "metrics=[bleu,chrf]", _REPORTS]
            found = finish([sys.executable, "-m", "mteval", "run", *said, *kept, *more])
            record = json.loads((folder / output / "run.json").read_text("utf-8"))
            return record["seconds"], found.seconds, found.peak

        first, whole, peak = run("first", "garble=[]")
        second, _, second_peak = run("second", *([] if judged else ["garble=[]"]))
        if not judged:
            for name in ("segments.jsonl", "statistics.npz", "leaderboard.json"):
                if (folder / "first" / name).read_bytes() != (folder / "second" / name).read_bytes():
                    sys.exit(f"the second run's {name} is another one")
    seconds = {
        "read": first["read"],
        "translate": _sum(first, "translate "),
        "gate": _sum(first, "gate "),
        **{metric: _sum(first, "score ", f" {metric}") for metric in ("bleu", "chrf")},
        "compare": _sum(first, "compare "),
        "store": _sum(second, "score "),
        **({"judge": _sum(second, "judge ")} if judged else {}),
        "report": _sum(first, "report "),
        "whole": whole,
    }
    return Measured(segments, systems, seconds, (peak, second_peak), machine())


def _sum(seconds: Mapping[str, float], start: str, end: str = "") -> float:
    return sum(taken for step, taken in seconds.items() if step.startswith(start) and step.endswith(end))


def exponent(found: Sequence[Measured], stage: str, by: str) -> float | None:
    """The exponent of a stage's seconds by segments or systems, fitted to the largest sizes by least squares on
    logarithms; ``None`` where there are too few that take long enough."""
    points = [(getattr(one, by), one.seconds[stage]) for one in found if one.seconds.get(stage, 0) >= _LEAST]
    if len(points) < _FITTED:
        return None
    sizes, seconds = np.log(np.array(points[-_FITTED:])).T
    return float(np.polyfit(sizes, seconds, 1)[0])


def table(found: Sequence[Measured], by: str) -> Iterator[str]:
    """Rows of Markdown: a stage each, a size a column, and the exponent; then memory."""
    sizes = [getattr(one, by) for one in found]
    yield f"| {by} | {' | '.join(f'{size:,}' for size in sizes)} | exponent |"
    yield f"|---|{'---:|' * (len(sizes) + 1)}"
    for stage, name in STAGES.items():
        cells = ["" if (taken := one.seconds.get(stage)) is None else _shown(taken) for one in found]
        fitted = exponent(found, stage, by)
        yield f"| {name}, s | {' | '.join(cells)} | {'' if fitted is None else f'{fitted:.2f}'} |"
    for at, name in enumerate(("peak memory", "peak memory from the store")):
        yield f"| {name}, GiB | {' | '.join(f'{one.peak[at]:.2f}' for one in found)} | |"


def _shown(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:,.0f}"


def lines(largest: int = LARGEST, systems_at: int = SYSTEMS_AT, judged: int = JUDGED) -> Iterator[str]:
    """The lines of both tables, each with its own head, since nothing is compared with a peer.

    Args:
        largest: segments, at most; each size is measured once, since many sizes tell the growth.
        systems_at: segments, where it is systems that grow.
        judged: segments of the largest set that verdicts are passed on.
    """
    results = _HERE / "growth.jsonl"
    found = (
        [Measured(**json.loads(line)) for line in results.read_text("utf-8").splitlines()] if results.exists() else []
    )
    known = {(one.segments, one.systems): one for one in found if one.machine == machine()}
    sizes = [(segments, USUAL) for segments in SIZES if segments <= largest]
    for segments, systems in [*((systems_at, systems) for systems in SYSTEMS), *sizes]:
        if (segments, systems) not in known:
            one = measure(segments, systems, judged=segments <= judged)
            known[segments, systems] = one
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")
            print(f"{segments:,} segments × {systems} systems: {one.seconds['whole']:.0f} s", file=sys.stderr)
            _write(known, systems_at)
    _write(known, systems_at)
    by_segments, by_systems = _both(known, systems_at)
    yield from table([one for one in by_segments if one.segments <= largest], "segments")
    yield ""
    yield from table(by_systems, "systems")


def _both(known: Mapping[tuple[int, int], Measured], systems_at: int) -> tuple[list[Measured], list[Measured]]:
    """What there is by segments at ``USUAL`` systems, and by systems at so many segments; in order."""
    ordered = [known[size] for size in sorted(known)]
    return (
        [one for one in ordered if one.systems == USUAL],
        [one for one in ordered if one.segments == systems_at],
    )


def _write(known: Mapping[tuple[int, int], Measured], systems_at: int) -> None:
    import vl_convert

    by_segments, by_systems = _both(known, systems_at)
    told = [
        "# How cost grows",
        "",
        f"Made by `python -m benchmarks.growth` on {machine()}; what is measured is told there. The exponent "
        f"is that of the {_FITTED} largest sizes: 1 is linear. ![growth](growth.svg)",
        "",
        f"By segments, with {USUAL} systems:",
        "",
        *table(by_segments, "segments"),
        "",
        f"By systems, with {systems_at:,} segments:",
        "",
        *table(by_systems, "systems"),
    ]
    (_HERE / "growth.md").write_text("\n".join(told) + "\n", "utf-8")
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "hconcat": [
            _panel(by_segments, "segments", f"segments, {USUAL} systems"),
            _panel(by_systems, "systems", f"systems, {systems_at:,} segments"),
            _memory(by_segments),
        ],
    }
    (_HERE / "growth.svg").write_text(vl_convert.vegalite_to_svg(spec), "utf-8")


def _panel(found: Sequence[Measured], by: str, title: str) -> dict[str, Any]:
    values = [
        {"size": getattr(one, by), "seconds": taken, "stage": STAGES[stage]}
        for one in found
        for stage, taken in one.seconds.items()
        if taken >= _LEAST / 10
    ]
    return {
        "width": 340,
        "height": 320,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "size", "type": "quantitative", "scale": {"type": "log"}, "title": title},
            "y": {"field": "seconds", "type": "quantitative", "scale": {"type": "log"}, "title": "seconds"},
            "color": {"field": "stage", "type": "nominal", "sort": list(STAGES.values())},
        },
    }


def _memory(found: Sequence[Measured]) -> dict[str, Any]:
    values = [{"size": one.segments, "peak": one.peak[0]} for one in found]
    return {
        "width": 240,
        "height": 320,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "size", "type": "quantitative", "title": f"segments, {USUAL} systems"},
            "y": {"field": "peak", "type": "quantitative", "title": "peak memory, GiB"},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=LARGEST, help="the most segments")
    parser.add_argument("--systems-at", type=int, default=SYSTEMS_AT, help="segments, where it is systems that grow")
    parser.add_argument("--judged", type=int, default=JUDGED, help="the most segments that verdicts are passed on")
    parser.add_argument("--again", action="store_true", help="measure everything anew")
    given = parser.parse_args()
    if given.again:
        (_HERE / "growth.jsonl").unlink(missing_ok=True)
    for line in lines(given.largest, given.systems_at, given.judged):
        print(line, flush=True)


if __name__ == "__main__":
    main()
