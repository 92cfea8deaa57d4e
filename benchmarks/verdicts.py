"""Measures the verdicts that ship, on data that nothing was trained or chosen on, and on the seeds.

    python -m benchmarks.verdicts DATA [--documents 200] [--scored 60] [--show GROUP]

``DATA`` is the folder that ``recipes/garble/corpora.py`` describes; of it only what is held out there is used: three of
every ten blocks of 100 segments, the second half of FLORES, and of MLQE-PE's ro-en dev the documents that the
calibration did not use (its ROC area is given for the whole as well). Apertium makes the rule-based translations anew.
``--documents`` is the most documents of one corpus and maker, ``--scored`` the most that quality estimation scores.
Intervals are 95%: Wilson's for shares, 2,000 bootstrap resamples of segments for ROC areas. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from hydra.utils import instantiate
from numpy.typing import NDArray
from sacrebleu.metrics import CHRF
from scipy.stats import mannwhitneyu

from benchmarks import verdicts_seeds
from mteval import judging
from mteval.garble.base import Detector, Line, Signal, Text, Verdict
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.metrics.base import Item, Metric
from recipes.garble import calibrate, corpora, folds, observe
from recipes.garble.corpora import CHAINS, Segment

ROOT = Path(__file__).resolve().parent.parent
GATE = Gate()
CHRF2 = CHRF()
LANGUAGES = {"en": "English", "pt": "Portuguese", "ro": "Romanian"}


@dataclass(frozen=True)
class Judged:
    """A document's group, and its verdict."""

    group: str
    garbled: bool | None
    verdict: Verdict


def defaults() -> tuple[dict[str, Signal], Detector, Metric]:
    """The signals and the detector that a run has by default, and the quality estimation that ships."""
    node = yaml.safe_load((ROOT / "configs" / "detector" / "default.yaml").read_text(encoding="utf-8"))
    quality = yaml.safe_load((ROOT / "configs" / "metrics" / "comet_qe_mini.yaml").read_text(encoding="utf-8"))
    return observe.signals(None), instantiate(node), instantiate(quality["comet_qe_mini"])


SIGNALS, DETECTOR, QUALITY = defaults()


def judge(text: Text) -> Verdict:
    return judging.judge(text, SIGNALS, DETECTOR)


def alone(document: Sequence[Segment], name: str) -> Text:
    """A document as a text whose source is not known."""
    lines = tuple(Line(f"{name}:{number}", segment.text) for number, segment in enumerate(document, 1))
    return Text(name, None, document[0].language, None, lines)


def translated(document: Sequence[Segment], pair: str, name: str, reference: bool) -> Text:
    """A document as a translation, with its source and, if wanted, its reference and chrF."""
    langs = LangPair.parse(pair, "pair")
    lines = []
    for number, segment in enumerate(document, 1):
        source = segment.source or ""
        line = Line(f"{name}:{number}", segment.text, source, marks=GATE.marks(source, segment.text, langs))
        if reference and segment.reference is not None:
            score = CHRF2.sentence_score(segment.text, [segment.reference]).score
            line = replace(line, references=(segment.reference,), scores={"chrf": score})
        lines.append(line)
    scores = {}
    if reference and all(line.references for line in lines):
        texts, references = [line.text for line in lines], [line.references[0] for line in lines]
        scores = {"chrf": CHRF2.corpus_score(texts, [references]).score}
    return Text(name, document[0].maker, langs.target, langs.source, tuple(lines), scores)


def with_quality(texts: Sequence[Text]) -> list[Text]:
    """The same texts with scores of comet-qe-mini."""
    items = [Item(line.source, line.text, ()) for text in texts for line in text.lines if line.source is not None]
    by_place = dict(QUALITY.score(items))
    scores = iter([by_place[place].score for place in range(len(items))])
    found = []
    for text in texts:
        lines = tuple(
            replace(line, scores={**line.scores, **({} if (s := next(scores)) is None else {"comet_qe_mini": s})})
            for line in text.lines
        )
        own = [line.scores["comet_qe_mini"] for line in lines if "comet_qe_mini" in line.scores]
        means = {"comet_qe_mini": sum(own) / len(own)} if own else {}
        found.append(replace(text, lines=lines, scores={**text.scores, **means}))
    return found


def people(data: Path, most: int) -> Iterable[Judged]:
    """Held-out texts by people, as texts whose source is not known."""
    held = [segment for segment in corpora.people(data) if segment.held]
    for key, group in _groups(corpora.documents(held, 5, 15, 7), most).items():
        for number, document in enumerate(group):
            yield Judged(f"{key[0]} {key[1]}", False, judge(alone(document, f"{key} {number}")))


def translations(data: Path, most: int, scored: int) -> Iterable[Judged]:
    """Held-out good MT and rule-based MT: alone, with the source, and with all that a run has by default."""
    held = [segment for segment in corpora.people(data) if segment.held]
    good = [segment for segment in corpora.systems(data) if segment.held]
    made: dict[tuple[str, ...], list[list[Segment]]] = {}
    for key, group in _groups(corpora.documents(good, 5, 15, 8), most).items():
        made[("good", key[2][:5], key[2][6:])] = group
    originals = _groups(corpora.documents(held, 5, 15, 9), max(10, most // 6))
    for chain, modes in CHAINS.items() if shutil.which("apertium") else ():
        target = chain[-2:]
        documents = [d for key, group in originals.items() if key[0] == chain[:2] for d in group]
        made[("rules", f"{chain[:2]}-{target}", chain)] = _by_rules(documents, target, chain, modes)
    for (kind, pair, maker), group in made.items():
        garbled = True if kind == "rules" else observe.is_garbled(f"{pair} {maker}")
        names = [f"{pair} {maker} {number}" for number in range(len(group))]
        for document, name in zip(group, names, strict=True):
            yield Judged(f"alone|{pair} {maker}", garbled, judge(alone(document, name)))
            text = translated(document, pair, name, reference=False)
            yield Judged(f"with source|{pair} {maker}", garbled, judge(text))
        some = list(zip(group, names, strict=True))
        random.Random(maker).shuffle(some)
        full = [translated(d, pair, n, reference=True) for d, n in some[:scored]]
        if pair.endswith("-en"):
            full = with_quality(full)
        for text in full:
            yield Judged(f"with all|{pair} {maker}", garbled, judge(text))


def _by_rules(
    documents: Sequence[list[Segment]], target: str, chain: str, modes: Sequence[tuple[str, str]]
) -> list[list[Segment]]:
    """What Apertium makes of documents, blocks taking turns; segments that it fails on are left out."""
    texts: dict[int, str | None] = {}
    for turn, mode in enumerate(modes):
        mine = [s for document in documents for s in document if s.block % len(modes) == turn]
        texts |= dict(zip(map(id, mine), corpora.apertium([s.text for s in mine], mode), strict=True))
    return [
        [
            Segment(target, s.origin, chain, s.block, True, text, s.text, s.source if s.reference is not None else None)
            for s in document
            if (text := texts[id(s)])
        ]
        for document in documents
    ]


def _groups(documents: Iterable[list[Segment]], most: int) -> dict[tuple[str, str, str], list[list[Segment]]]:
    """Documents by language, corpus and maker, so many of each at most."""
    groups: dict[tuple[str, str, str], list[list[Segment]]] = {}
    for document in documents:
        key = (document[0].language, folds.corpus(document[0]), document[0].maker)
        groups.setdefault(key, []).append(document)
    for key, group in groups.items():
        random.Random(str(key)).shuffle(group)
        groups[key] = group[:most]
    return groups


def rated(data: Path) -> tuple[list[float], list[Verdict], list[Verdict], list[bool]]:
    """MLQE-PE's ro-en dev: ratings, verdicts with quality estimation and without, and which the calibration used."""
    rows = list(corpora.rated(data, "ro", "dev"))
    texts = [translated([segment], "ro-en", str(n), reference=False) for n, (segment, _) in enumerate(rows)]
    with_scores = [judge(text) for text in with_quality(texts)]
    used = [segment.block % 2 == 0 for segment, _ in rows]
    return [rating for _, rating in rows], with_scores, [judge(text) for text in texts], used


def share(count: int, total: int) -> str:
    """A share in percent with Wilson's interval (Wilson, 1927)."""
    if not total:
        return "–"
    p, z = count / total, 1.96
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return f"{p:.1%} ({max(0.0, middle - half):.1%}–{min(1.0, middle + half):.1%})"


def rates(title: str, named: Mapping[str, Sequence[Judged]]) -> None:
    print(f"| {title} | n | clean | suspect | garbled | suspect or garbled |\n|---|---:|---:|---:|---:|---:|")
    for name, found in named.items():
        labels = [one.verdict.label for one in found]
        clean, suspect, garbled = (labels.count(label) for label in ("clean", "suspect", "garbled"))
        n = len(labels)
        print(
            f"| {name} | {n} | {clean / n:.1%} | {share(suspect, n)} | {share(garbled, n)} | "
            f"{share(suspect + garbled, n)} |"
        )
    print()


def roc_area(bad: Sequence[float], good: Sequence[float]) -> float:
    return float(mannwhitneyu(bad, good).statistic) / (len(bad) * len(good))


def roc_interval(bad: Sequence[float], good: Sequence[float]) -> str:
    draw = np.random.default_rng(1)
    areas = [roc_area(draw.choice(bad, len(bad)).tolist(), draw.choice(good, len(good)).tolist()) for _ in range(2000)]
    low, high = np.percentile(areas, [2.5, 97.5])
    return f"{roc_area(bad, good):.3f} ({low:.3f}–{high:.3f}), n = {len(bad)} and {len(good)}"


def reliability(found: Sequence[tuple[float, bool]]) -> None:
    """A reliability diagram in letters: garbled and other texts weigh the same."""
    p, bad = np.array([one for one, _ in found]), np.array([float(two) for _, two in found])
    weights: NDArray[np.float64] = np.where(bad == 1, 0.5 / max(1, bad.sum()), 0.5 / max(1, (1 - bad).sum()))
    error = calibrate.ece(p, bad, weights)
    print(f"Expected calibration error: {error:.3f} (n = {len(found)}).\n")
    print("```text\nprobability   texts  mean   garbled")
    place = np.minimum((p * 10).astype(int), 9)
    for number in range(10):
        inside = place == number
        if inside.any():
            mean = np.average(p[inside], weights=weights[inside])
            true = np.average(bad[inside], weights=weights[inside])
            bar = "█" * round(true * 40)
            print(f"{number / 10:.1f}–{(number + 1) / 10:.1f}   {inside.sum():7d}  {mean:.2f}   {true:.2f}  {bar}")
    print("```\n")


def speed(data: Path) -> None:
    """Documents a second, by the judge alone, and by the whole program on a file."""
    held = [segment for segment in corpora.people(data) if segment.held and segment.language == "pt"]
    documents = corpora.documents(held, 5, 15, 11)[:1000]
    texts = [alone(document, str(number)) for number, document in enumerate(documents)]
    words = sum(len(line.text.split()) for text in texts for line in text.lines)
    started = time.perf_counter()
    for text in texts:
        judge(text)
    took = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.jsonl"
        path.write_text(
            "".join(
                json.dumps({"document": text.document, "lines": [line.text for line in text.lines]}) + "\n"
                for text in texts
            ),
            encoding="utf-8",
        )
        started = time.perf_counter()
        command = [sys.executable, "-m", "mteval", "flag", "--lang", "pt", "--json", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - started
    print(
        f"{len(texts)} Portuguese documents of 5 to 15 segments, {words / len(texts):.0f} words each: "
        f"{len(texts) / took:.0f} a second judged, {len(texts) / whole:.0f} a second by `mteval flag --json`, "
        "start-up included; one process, no neural metric.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the verdicts that ship.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--scored", type=int, default=60)
    parser.add_argument("--show", default=None, help="print the evidence of a group's documents that are not clean")
    arguments = parser.parse_args()
    print("# Verdicts\n\n## The seeds\n")
    verdicts_seeds.show(judge, translated, with_quality)
    by_people = list(people(arguments.data, arguments.documents))
    print("## Documents by people, 5 to 15 segments, as texts alone\n")
    rates("language", {LANGUAGES[la]: [j for j in by_people if j.group.startswith(la)] for la in LANGUAGES})
    rates("corpus", {g: [j for j in by_people if j.group == g] for g in sorted({j.group for j in by_people})})
    made = list(translations(arguments.data, arguments.documents, arguments.scored))
    for view, said in (
        ("alone", "as texts alone"),
        ("with source", "with the source"),
        ("with all", "with source, reference and, into English, comet-qe-mini"),
    ):
        groups = sorted({j.group for j in made if j.group.startswith(f"{view}|")})
        print(f"## Translated documents of 5 to 15 segments, {said}\n")
        named = {g.split("|")[1]: [j for j in made if j.group == g] for g in groups}
        both = {
            "**good MT**": [j for g in groups for j in made if j.group == g and j.garbled is False],
            "**rule-based, into Portuguese**": [j for j in made if j.group.startswith(f"{view}|en-pt") and j.garbled],
            "**rule-based, into English**": [j for j in made if re.match(rf"{view}\|..-en", j.group) and j.garbled],
        }
        rates("system", {**{name: found for name, found in both.items() if found}, **named})
    ratings, scored, plain, used = rated(arguments.data)
    print("## Segments of MLQE-PE's ro-en dev: da_mean under 30 (garbled) against over 70\n")
    for name, verdicts in (("with comet-qe-mini", scored), ("without", plain)):
        for half, kept in (
            ("all", [True] * len(used)),
            ("half that the calibration did not use", [not u for u in used]),
        ):
            rows = [(r, v) for r, v, k in zip(ratings, verdicts, kept, strict=True) if k]
            bad = [v.segments[0] for r, v in rows if r < 30]
            good = [v.segments[0] for r, v in rows if r > 70]
            area = roc_interval([v.probability for v in bad], [v.probability for v in good])
            print(f"- {name}, {half}: ROC area {area}")
            for label, worse in (("garbled", ("garbled",)), ("suspect or garbled", ("suspect", "garbled"))):
                hit, false = sum(v.label in worse for v in bad), sum(v.label in worse for v in good)
                everyone = sum(v.segments[0].label in worse for _, v in rows)
                print(
                    f"  - {label}: recall {share(hit, len(bad))}, precision {share(hit, hit + false)}; "
                    f"with the segments between, precision {share(hit, everyone)}"
                )
    print("\n## Reliability\n")
    for view in ("alone", "with source", "with all"):
        documents = [
            (j.verdict.probability, bool(j.garbled))
            for j in made
            if j.group.startswith(view + "|") and j.garbled is not None
        ]
        if view == "alone":
            documents += [(j.verdict.probability, False) for j in by_people]
        print(f"Documents, {view}. ", end="")
        reliability(documents)
    segments = [
        (one.probability, bool(j.garbled))
        for j in (*by_people, *(j for j in made if j.group.startswith("alone|")))
        if j.garbled is not None
        for one in j.verdict.segments
    ]
    print("Single segments, alone. ", end="")
    reliability(segments)
    print("## Speed\n")
    speed(arguments.data)
    if arguments.show:
        for judged in (*by_people, *made):
            if arguments.show in judged.group and judged.verdict.label != "clean":
                print(
                    f"{judged.group} {judged.verdict.document}: {judged.verdict.label} {judged.verdict.probability:.3f}"
                )
                for e in judged.verdict.evidence[:8]:
                    print(f"    {e.strength:.2f} {e.signal} {e.segment} [{e.start}:{e.end}] {e.message}")


if __name__ == "__main__":
    main()
