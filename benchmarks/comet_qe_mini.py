"""Measures how far comet-qe-mini can be trusted, beside baselines, on data that it was not trained on.

    python -m benchmarks.comet_qe_mini DATA [CHECKPOINT] [--precision fp32|bf16] [--lines 2000]

``DATA`` is the folder that ``recipes/comet_qe_mini/corpora.py`` describes, ``CHECKPOINT`` a folder that the recipe
wrote, unless it is the checkpoint that ships.
``qe/ro-en.dev`` chose between recipes and stages, so its figures are a little rosy; the comparisons with Apertium led
to more such pairs in the second stage; nothing else here chose anything. Intervals are 95%, from 2,000 bootstrap
resamples of segments. Apertium makes the rule-based hypotheses.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import html
import math
import random
import re
import resource
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import CHRF
from scipy.stats import kendalltau, mannwhitneyu, pearsonr, spearmanr

from mteval.metrics.base import Item
from mteval.metrics.comet import Comet
from recipes.comet_qe_mini import corpora
from recipes.comet_qe_mini.synthetic import CHAINS, Corruptor, apertium

Floats = NDArray[np.float64]
SHIPPED = "package:metrics/checkpoints/comet-qe-mini"
DRAWS = 2000
#: Weights of the MQM typology's severities, as WMT's metrics tasks add them up.
SEVERITIES = {"Minor": 1.0, "Major": 5.0, "Critical": 10.0}
#: The COMET scores that Mozilla's evaluation publishes with these outputs (MPL-2.0).
PUBLISHED = {
    "pt-en": {"google": 0.8982, "microsoft": 0.8981, "bergamot-base-memory": 0.8887, "bergamot-tiny": 0.8866},
    "ro-en": {"microsoft": 0.8969, "google": 0.8966, "bergamot-tiny": 0.8782, "nllb": 0.8135},
}


class Judge:
    """The metric, as the harness loads and calls it."""

    def __init__(self, checkpoint: str, precision: str) -> None:
        self._metric = Comet(
            checkpoint=checkpoint,
            label="comet-qe-mini",
            needs_reference=False,
            licence="CC-BY-SA-4.0",
            precision=precision,
            batch_size=32,
        )

    def __call__(self, sources: Sequence[str], hypotheses: Sequence[str]) -> Floats:
        items = [Item(source, hypothesis) for source, hypothesis in zip(sources, hypotheses, strict=True)]
        scores = np.zeros(len(items))
        for position, found in self._metric.score(items):
            assert found.score is not None
            scores[position] = found.score
        return scores


def interval(statistic: Callable[..., float], *columns: Floats, seed: int = 1) -> str:
    """A statistic of rows and its 95% bootstrap interval, as text."""
    draw = np.random.default_rng(seed)
    size = len(columns[0])
    found = []
    for _ in range(DRAWS):
        rows = draw.integers(0, size, size)
        found.append(statistic(*(column[rows] for column in columns)))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return f"{statistic(*columns):.3f} ({low:.3f}–{high:.3f})"


def pearson(x: Floats, y: Floats) -> float:
    return float(pearsonr(x, y)[0])


def spearman(x: Floats, y: Floats) -> float:
    return float(spearmanr(x, y)[0])


def auc(scores: Floats, good: Floats) -> float:
    """The area under the ROC curve: how often a good segment scores above a bad one."""
    above, below = scores[good > 0], scores[good == 0]
    if not len(above) or not len(below):
        return math.nan
    return float(mannwhitneyu(above, below).statistic / (len(above) * len(below)))


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print(f"\n## {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    sys.stdout.flush()


class FluencyBaseline:
    """An interpolated trigram model of English words, counted on the training part of the data."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: tuple[Counter[tuple[str, ...]], ...] = (Counter(), Counter(), Counter(), Counter())
        for text in texts:
            words = self._words(text)
            for order in range(4):
                self._counts[order].update(
                    tuple(words[at - order + 1 : at + 1]) if order else () for at in range(2, len(words))
                )
        self._heads: Counter[tuple[str, ...]] = Counter()
        for order in (2, 3):
            for gram, count in self._counts[order].items():
                self._heads[gram[:-1]] += count

    @staticmethod
    def _words(text: str) -> list[str]:
        return ["<s>", "<s>", *re.findall(r"\w+|[^\w\s]", text.casefold()), "</s>"]

    def score(self, text: str) -> float:
        """The mean log probability of a word."""
        words = self._words(text)
        total, kinds = self._counts[0][()], len(self._counts[1])
        logs = []
        for at in range(2, len(words)):
            one, two, three = ((*words[at - n : at], words[at]) for n in range(3))
            p = 0.05 / kinds + 0.25 * self._counts[1][one] / total
            for weight, gram, order in ((0.3, two, 2), (0.4, three, 3)):
                if head := self._heads[gram[:-1]]:
                    p += weight * self._counts[order][gram] / head
            logs.append(math.log(p))
        return statistics.fmean(logs)


def assessed(judge: Judge, data: Path) -> None:
    rows = corpora.rows(data, "qe/ro-en.dev")
    sources, hypotheses = [row["source"] for row in rows], [row["hypothesis"] for row in rows]
    z = np.array([row["da_z"] for row in rows])
    mean = np.array([row["da_mean"] for row in rows])
    pivot = apertium(sources, CHAINS["ro"][0])
    chrf = CHRF()
    english = [pair.english for lang in ("pt", "ro") for pair in corpora.parallel(data, lang, held_out=False)]
    english += [row["text"] for row in corpora.rows(data, "mono/en")]
    fluency = FluencyBaseline(english)
    columns = {
        "comet-qe-mini": judge(sources, hypotheses),
        "chrF against Apertium's translation": [
            chrf.sentence_score(hypothesis, [other]).score for hypothesis, other in zip(hypotheses, pivot, strict=True)
        ],
        "trigram model of English": [fluency.score(hypothesis) for hypothesis in hypotheses],
        "length ratio": [
            -abs(math.log(len(hypothesis) / len(source)))
            for source, hypothesis in zip(sources, hypotheses, strict=True)
        ],
    }
    extreme = (mean < 30) | (mean > 70)
    table(
        f"ro-en direct assessments (MLQE-PE dev, {len(rows)} segments)",
        ("metric", "Pearson with da_z", "Spearman with da_z", f"AUC, da_mean under 30 ({sum(mean < 30)}) or over 70"),
        [
            (
                name,
                interval(pearson, np.array(column), z),
                interval(spearman, np.array(column), z),
                interval(auc, np.array(column)[extreme], (mean > 70)[extreme].astype(float)),
            )
            for name, column in columns.items()
        ],
    )


def mqm(judge: Judge, data: Path) -> None:
    rows = corpora.rows(data, "mqm/bio-pt-en.dev")
    grouped: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    is_person: dict[tuple[str, str], bool] = {}
    for row in rows:
        severities = [error["severity"] for error in row["errors"]]
        penalty = sum(SEVERITIES.get(severity, 0.0) for severity in severities)
        severe = any(severity in ("Major", "Critical") for severity in severities)
        key = (row["source"], row["hypothesis"])
        grouped[key].append((penalty, severe))
        is_person[key] = is_person.get(key, False) or row["system"].startswith("reference")
    keys = list(grouped)
    scores = judge([source for source, _ in keys], [hypothesis for _, hypothesis in keys])
    gold = np.array([-statistics.fmean(penalty for penalty, _ in grouped[key]) for key in keys])
    severe = np.array([any(bad for _, bad in grouped[key]) for key in keys])
    length = np.array([-float(len(hypothesis)) for _, hypothesis in keys])
    machine = np.array([not is_person[key] for key in keys])
    clean = gold == 0
    chosen = {"all": np.ones(len(keys), bool), "machine translations": machine}
    table(
        f"pt-en MQM (Bio-MQM dev, {len(rows)} annotated, {len(keys)} different; penalties 1, 5, 10)",
        ("segments", "n", "Pearson", "Spearman", "AUC, clean above Major or Critical", "AUC of shortness alone"),
        [
            (
                name,
                int(part.sum()),
                interval(pearson, scores[part], gold[part]),
                interval(spearman, scores[part], gold[part]),
                interval(auc, scores[judged], clean[judged].astype(float)) + f", {int((severe & part).sum())} severe",
                interval(auc, length[judged], clean[judged].astype(float)),
            )
            for name, part in chosen.items()
            for judged in [part & (clean | severe)]
        ],
    )


def pairwise(judge: Judge, data: Path, lines: int) -> None:
    for lang in ("pt", "ro"):
        draw = random.Random(7)
        pairs = [pair for pair in corpora.parallel(data, lang, held_out=True) if len(pair.english.split()) > 3]
        draw.shuffle(pairs)
        pairs = pairs[:lines]
        corruptor = Corruptor(pairs, draw)
        sources, people = [pair.source for pair in pairs], [pair.english for pair in pairs]
        rivals: dict[str, list[str | None]] = {
            f"Apertium {'>'.join(modes)}": list(apertium(sources, modes)) for modes in CHAINS[lang]
        }
        rivals["shuffled"] = [" ".join(draw.sample(text.split(), len(text.split()))) for text in people]
        rivals["looped"] = [" ".join(corruptor.looped(text.split())) for text in people]
        rivals["number changed"] = [corruptor.changed_number(text) for text in people]
        rivals["name changed"] = [corruptor.changed_name(text) for text in people]
        rivals["half"] = [" ".join(text.split()[: len(text.split()) // 2]) for text in people]
        rivals["source copied"] = list(sources)
        rivals["another source's translation"] = [*people[1:], people[0]]
        own = judge(sources, people)
        rows = []
        for name, texts in rivals.items():
            used = [at for at, text in enumerate(texts) if text and text != people[at]]
            other = judge([sources[at] for at in used], [str(texts[at]) for at in used])
            wins = (own[used] > other).astype(float)
            by_origin: dict[str, list[float]] = defaultdict(list)
            for at, won in zip(used, wins, strict=True):
                by_origin[pairs[at].origin].append(won)
            shares = ", ".join(f"{origin} {statistics.fmean(found):.3f}" for origin, found in sorted(by_origin.items()))
            rows.append((name, len(used), interval(lambda w: float(w.mean()), wins), f"{other.mean():.3f}", shares))
        title = f"{lang}-en, human translation above … (held-out parallel text, {len(pairs)} segments of over 3 words"
        head = ("rival", "n", "share above", "rival's mean", "by origin")
        table(f"{title}, mean score {own.mean():.3f})", head, rows)


def systems(judge: Judge, data: Path) -> None:
    for pair, published in PUBLISHED.items():
        rows = corpora.rows(data, f"systems/flores-dev.{pair}")
        sources = [row["source"] for row in rows]
        outputs: dict[str, list[str]] = {name: [row["hypotheses"][name] for row in rows] for name in published}
        decoded = {name: [html.unescape(text) for text in texts] for name, texts in outputs.items()}
        outputs |= {f"{name}, entities decoded": texts for name, texts in decoded.items() if texts != outputs[name]}
        outputs["reference"] = [row["references"]["flores"] for row in rows]
        outputs |= {f"apertium {'>'.join(modes)}": apertium(sources, modes) for modes in CHAINS[pair[:2]]}
        scores = {name: judge(sources, texts) for name, texts in outputs.items()}
        means = {name: float(found.mean()) for name, found in scores.items()}
        repaired = [means.get(f"{name}, entities decoded", means[name]) for name in published]
        raw, decoded_too = (
            kendalltau(values, list(published.values())).statistic
            for values in ([means[name] for name in published], repaired)
        )
        ordered = sorted(means, key=lambda name: -means[name])
        agreement = f"Kendall's tau with published COMET {raw:.2f}, with HTML entities decoded {decoded_too:.2f}"
        table(
            f"{pair} systems (FLORES dev, {len(rows)} segments): {agreement}",
            ("system", "comet-qe-mini", "published COMET"),
            [(name, interval(lambda s: float(s.mean()), scores[name]), published.get(name, "–")) for name in ordered],
        )


def speed(checkpoint: str, data: Path) -> None:
    rows = corpora.rows(data, "qe/ro-en.dev")
    sources, hypotheses = [row["source"] for row in rows], [row["hypothesis"] for row in rows]
    found: Mapping[str, list[float]] = defaultdict(list)
    for precision in ("fp32", "bf16"):
        judge = Judge(checkpoint, precision)
        started = time.perf_counter()
        judge(sources[:1], hypotheses[:1])
        found[precision].append(time.perf_counter() - started)
        started = time.perf_counter()
        judge(sources, hypotheses)
        found[precision].append(len(rows) / (time.perf_counter() - started))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table(
        f"Speed on this machine ({len(rows)} segments of ro-en dev; peak memory of this process {peak:.2f} GiB)",
        ("precision", "first score, s", "segments a second"),
        [(precision, f"{first:.1f}", f"{rate:.0f}") for precision, (first, rate) in found.items()],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how far comet-qe-mini can be trusted.")
    parser.add_argument("data", type=Path)
    parser.add_argument("checkpoint", nargs="?", default=SHIPPED, help="its folder; the one that ships if left out")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--lines", type=int, default=2000, help="held-out parallel segments of each lang pair")
    arguments = parser.parse_args()
    print("# comet-qe-mini")
    speed(arguments.checkpoint, arguments.data)  # first, so that its memory is its own
    judge = Judge(arguments.checkpoint, arguments.precision)
    assessed(judge, arguments.data)
    mqm(judge, arguments.data)
    pairwise(judge, arguments.data, arguments.lines)
    systems(judge, arguments.data)


if __name__ == "__main__":
    main()
