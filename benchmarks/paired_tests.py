"""How long it takes to compare all pairs of systems by both paired tests, against ``sacrebleu``'s two.

    python -m benchmarks.paired_tests

Whole processes: a script that scores the texts with the metric, and compares all pairs (not ``mteval run``, most of
which would be its gate's look at languages); and ``sacrebleu --paired-bs`` and ``sacrebleu --paired-ar``, their seconds
added, which compare with one baseline. Resampling alone: a script of each, without the seconds that reading texts and
extracting segment statistics take. Same texts, seed and draws; p-values must be equal, or the benchmark fails.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import texts
from benchmarks.timing import HEADER, Finished, finish, in_turn, machine, row
from mteval.files import read_jsonl

SEED = 12345
PEER = "`sacrebleu --paired-bs` and `--paired-ar`"
NAMES = {"bleu": "BLEU", "chrf": "chrF2"}

P_values = dict[str, dict[str, float]]
"""By test (``bs`` and ``ar``) and system, against the first."""

Texts = dict[str, list[str]]
"""Hypotheses by system."""


def rows(rounds: int, segments: int = 3000, systems: int = 8, draws: int = 10000) -> Iterator[str]:
    """A row for the whole process and one for the resampling alone, for BLEU and for chrF."""
    made = texts.rows(segments, systems)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts.write_jsonl(evalset := folder / "set.jsonl", made)
        _, reference, hypotheses = texts.write_lines(folder / "lines", made)
        for metric in NAMES:
            work = f"{NAMES[metric]}: {systems} systems × {segments:,} segments, {draws:,} draws"
            ours = partial(_process, "ours", metric, evalset, folder, draws)
            whole = in_turn(ours, partial(_cli, metric, reference, hypotheses, folder, draws), rounds)
            _check(_said(folder, "ours")["p"], _p_values_of_cli(folder, metric), work)
            yield row(f"{work}, whole", PEER, whole)
            alone = in_turn(
                partial(_alone, "ours", metric, evalset, folder, draws),
                partial(_alone, "theirs", metric, evalset, folder, draws),
                rounds,
            )
            _check(_said(folder, "ours")["p"], _said(folder, "theirs")["p"], work)
            yield row(f"{work}, resampling alone", "`sacrebleu.significance`", alone)


def _cli(metric: str, reference: Path, hypotheses: list[Path], folder: Path, draws: int) -> Finished:
    both = []
    for test in ("bs", "ar"):
        command = [sys.executable, "-m", "sacrebleu", str(reference), "-i", *map(str, hypotheses), "-m", metric]
        command += [f"--paired-{test}", f"--paired-{test}-n", str(draws), "-f", "json", "-w", "6"]
        both.append(finish(command, folder / f"{test}.json", {"SACREBLEU_SEED": str(SEED)}))
    return Finished(sum(one.seconds for one in both), max(one.peak for one in both))


def _process(side: str, metric: str, evalset: Path, folder: Path, draws: int) -> Finished:
    """One side's script in a process of its own, from texts to p-values."""
    command = [sys.executable, "-m", "benchmarks.paired_tests", "--alone", side, metric, str(evalset), str(draws)]
    return finish(command, folder / f"{side}.json")


def _alone(side: str, metric: str, evalset: Path, folder: Path, draws: int) -> Finished:
    """The same, of which only the seconds of resampling count."""
    whole = _process(side, metric, evalset, folder, draws)
    return Finished(_said(folder, side)["seconds"], whole.peak)


def _said(folder: Path, side: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{side}.json").read_text("utf-8"))
    return found


def _p_values_of_cli(folder: Path, metric: str) -> P_values:
    found: P_values = {}
    for test in ("bs", "ar"):
        systems = json.loads((folder / f"{test}.json").read_text("utf-8"))
        found[test] = {f"s{at + 1}": float(one[NAMES[metric]]["p_value"]) for at, one in enumerate(systems) if at}
    return found


def _check(ours: P_values, theirs: P_values, work: str) -> None:
    if ours != theirs:
        sys.exit(f"{work}: the p-values are not equal:\n{ours}\n{theirs}")


def _resample_ours(metric: str, systems: Texts, references: list[str], draws: int) -> tuple[float, P_values]:
    from mteval.comparing import compare
    from mteval.comparison import Resampling
    from mteval.metrics.base import Item, Metric
    from mteval.metrics.lexical import Bleu, Chrf
    from mteval.scoring import segment_scores

    scoring: Metric = Bleu() if metric == "bleu" else Chrf()
    items = [Item("", text, (one,)) for of in systems.values() for text, one in zip(of, references, strict=True)]
    scores, size = dict(scoring.score(items)), len(references)
    found = [
        segment_scores(metric, name, [scores[at * size + place] for place in range(size)])
        for at, name in enumerate(systems)
    ]
    resampling = Resampling(draws, SEED, trials=draws, unit="segment")
    started = time.perf_counter()
    compared = compare(found, scoring.aggregate, True, ["d"] * size, resampling)
    seconds = time.perf_counter() - started
    assert compared is not None
    pairs = {name: compared.between("s1", name) for name in list(systems)[1:]}
    return seconds, {
        "bs": {name: one.bootstrap_p for name, one in pairs.items() if one and one.bootstrap_p is not None},
        "ar": {name: one.randomisation_p for name, one in pairs.items() if one and one.randomisation_p is not None},
    }


def _resample_theirs(metric: str, systems: Texts, references: list[str], draws: int) -> tuple[float, P_values]:
    """sacreBLEU's two tests of all systems against the first; extraction gives what was extracted beforehand."""
    import sacrebleu
    from sacrebleu import significance

    official: Any = sacrebleu.BLEU() if metric == "bleu" else sacrebleu.CHRF()
    found = {name: official._extract_corpus_statistics(of, [references]) for name, of in systems.items()}
    official._extract_corpus_statistics = lambda name, _: found[name[0]]
    label, (first, *others) = NAMES[metric], systems
    p_values: P_values = {}
    started = time.perf_counter()
    baseline = {label: (found[first], official._aggregate_and_compute(found[first]))}
    tests: dict[str, Callable[..., Any]] = {"bs": significance._paired_bs_test, "ar": significance._paired_ar_test}
    for test, made in tests.items():
        p_values[test] = {}
        for name in others:
            # The name once a segment, since the test wants to know how many there are.
            _, results = made(baseline, name, [name] * len(references), None, {label: official}, draws, seed=SEED)
            p_values[test][name] = results[label].p_value
    return time.perf_counter() - started, p_values


def _measure(side: str, metric: str, evalset: str, draws: str) -> None:
    """One side's resampling alone, in this process: its seconds and its p-values, as JSON."""
    lines = [line for _, line in read_jsonl(Path(evalset))]
    references = [str(line["references"]["ref"]) for line in lines]
    systems = {name: [str(line["hypotheses"][name]) for line in lines] for name in lines[0]["hypotheses"]}
    resample = _resample_ours if side == "ours" else _resample_theirs
    seconds, p_values = resample(metric, systems, references, int(draws))
    print(json.dumps({"seconds": seconds, "p": p_values}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", type=int, default=3000)
    parser.add_argument("--systems", type=int, default=8)
    parser.add_argument("--draws", type=int, default=10000)
    parser.add_argument("--alone", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        _measure(*given.alone)
        return
    print(f"{machine()}\n\n{HEADER}", flush=True)
    for line in rows(given.rounds, given.segments, given.systems, given.draws):
        print(line, flush=True)


if __name__ == "__main__":
    main()
