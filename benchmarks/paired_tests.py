"""How long all pairs of systems take to compare, against sacreBLEU's PairedTest on the same texts, seed and draws.

    python -m benchmarks.paired_tests EVALSET

EVALSET is JSON Lines with references and hypotheses, as ``evalset=jsonl`` reads. Both start from texts, so that the
segment statistics are counted in; sacreBLEU compares with one baseline at a time, so it is called once a system but the
last. Rounds alternate, and the median ratio is told. The p-values of the two must be equal, or the benchmark fails.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import sacrebleu
from sacrebleu.significance import PairedTest

from mteval.comparison import Comparisons, Resampling, compare
from mteval.files import read_jsonl
from mteval.metrics.base import Item, Metric
from mteval.metrics.lexical import Bleu, Chrf, Ter
from mteval.scoring import segment_scores

DRAWS, SEED, ROUNDS = 1000, 12345, 3
METRICS: Mapping[str, tuple[Metric, Callable[..., Any]]] = {
    "BLEU": (Bleu(), sacrebleu.BLEU),
    "chrF2": (Chrf(), sacrebleu.CHRF),
    "TER": (Ter(), sacrebleu.TER),
}


def ours(metric: Metric, texts: Mapping[str, Sequence[str]], references: Sequence[str]) -> Comparisons:
    found = []
    for system, hypotheses in texts.items():
        items = [Item("", text, (reference,)) for text, reference in zip(hypotheses, references, strict=True)]
        found.append(
            segment_scores("m", system, [score for _, score in sorted(metric.score(items), key=lambda s: s[0])])
        )
    resampling = Resampling(DRAWS, SEED, trials=DRAWS, unit="segment")
    compared = compare(found, metric.aggregate, metric.card.higher_is_better, ["d"] * len(references), resampling)
    assert compared is not None
    return compared


def theirs(
    metric: Callable[..., Any], texts: Mapping[str, Sequence[str]], references: Sequence[str]
) -> dict[tuple[str, str, str], float]:
    found = {}
    names = list(texts)
    for at, baseline in enumerate(names[:-1]):
        named = [(name, texts[name]) for name in names[at:]]
        for test in ("bs", "ar"):
            _, scores = PairedTest(named, {"m": metric(references=[references])}, None, test, n_samples=DRAWS)()
            (of_metric,) = (results for key, results in scores.items() if key != "System")
            for name, result in zip(names[at + 1 :], of_metric[1:], strict=True):
                found[test, baseline, name] = result.p_value
    return found


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.paired_tests EVALSET")
    os.environ["SACREBLEU_SEED"] = str(SEED)
    rows = [row for _, row in read_jsonl(Path(sys.argv[1]))]
    references = [next(iter(row["references"].values())) for row in rows]
    texts = {system: [row["hypotheses"][system] for row in rows] for system in rows[0]["hypotheses"]}
    pairs = len(texts) * (len(texts) - 1) // 2
    print(f"{len(rows)} segments, {len(texts)} systems, {pairs} pairs, both tests, {DRAWS} draws each, {ROUNDS} rounds")
    for label, (metric, official) in METRICS.items():
        ratios = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            mine = ours(metric, texts, references)
            between = time.perf_counter()
            official_p = theirs(official, texts, references)
            ratios.append((time.perf_counter() - between) / (between - started))
        for (test, one, other), p in official_p.items():
            found = mine.between(one, other)
            assert found is not None
            assert p == (found.bootstrap_p if test == "bs" else found.randomisation_p), (label, test, one, other)
        print(
            f"{label}: {median(ratios):.1f} times as fast as sacreBLEU "
            f"({min(ratios):.1f} to {max(ratios):.1f}), p-values equal"
        )


if __name__ == "__main__":
    main()
