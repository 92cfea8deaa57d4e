"""Measures the default verdicts on texts by people, good MT, rule-based MT and the seeds.

    python benchmarks/verdicts.py DATA [--half held|dev] [--show GROUP]

``DATA`` is a folder of JSON Lines, xz-compressed: ``mono/{pt,ro,en}`` (``origin``, ``text``), ``parallel/{pt,ro}-en``
(``origin``, ``source``, ``english``), ``systems/flores-dev.{pt,ro}-en`` (``source``, ``references``, ``hypotheses``)
and ``qe/ro-en.dev`` (``source``, ``hypothesis``, ``da_mean``). Documents are groups of 5 to 15 consecutive segments of
one origin. The held half is three of every ten blocks of 100 segments, and FLORES from segment 481 on; the tables of
word pairs were counted on, and rules and thresholds chosen with, the dev half alone.
Rule-based MT comes from Apertium, where it is installed.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import sentencex
import yaml
from hydra.utils import instantiate
from sacrebleu.metrics import CHRF

from mteval import judging
from mteval.garble.base import Line, Signal, Text, Verdict
from mteval.gate import Gate
from mteval.lang import LangPair

ROOT = Path(__file__).resolve().parent.parent
CHAINS = {
    "pt-en": (("pt-es", "spa-eng"), ("por-cat", "cat-eng")),
    "ro-en": (("ro-es", "spa-eng"),),
    "en-pt": (("eng-spa", "es-pt"), ("eng-cat", "cat-por")),
}
FLORES_DEV = 480
DOCUMENTS = 300


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def signals() -> dict[str, Signal]:
    made: dict[str, Signal] = {}
    for path in sorted((ROOT / "configs" / "garble").glob("*.yaml")):
        made |= {name: instantiate(node) for name, node in yaml.safe_load(path.read_text()).items()}
    return made


SIGNALS = signals()
DETECTOR = instantiate(yaml.safe_load((ROOT / "configs" / "detector" / "default.yaml").read_text()))
GATE = Gate()
METRIC = CHRF()


def judge(text: Text) -> Verdict:
    return judging.judge(text, SIGNALS, DETECTOR)


def source_text(document: str, language: str, lines: Iterable[str]) -> Text:
    return Text(document, None, language, None, tuple(Line(f"{document}:{i}", t) for i, t in enumerate(lines, 1)))


def system_text(
    document: str, pair: str, sources: list[str], hypotheses: list[str], references: list[str] | None
) -> Text:
    langs = LangPair.parse(pair, "pair")
    lines = tuple(
        Line(f"{document}:{i}", hypothesis, source=source, marks=GATE.marks(source, hypothesis, langs))
        for i, (source, hypothesis) in enumerate(zip(sources, hypotheses, strict=True), 1)
    )
    scores = {}
    if references is not None:
        lines = tuple(
            replace(line, references=(r,), scores={"chrf": METRIC.sentence_score(line.text, [r]).score})
            for line, r in zip(lines, references, strict=True)
        )
        scores = {"chrf": METRIC.corpus_score(hypotheses, [references]).score}
    return Text(document, "system", langs.target, langs.source, lines, scores)


def apertium(lines: list[str], modes: tuple[str, ...]) -> list[str]:
    for mode in modes:
        text = "\n\n".join(" ".join(line.split()) for line in lines)
        out = subprocess.run(["apertium", "-u", mode], input=text, text=True, capture_output=True, check=True).stdout
        lines = [line.strip() for line in out.split("\n\n")]
    return lines


def seed_lines() -> Iterator[tuple[str, str, list[str]]]:
    """Each seed's id, language and sentences, page furniture left out."""
    for path in sorted((ROOT / "seeds").glob("*.txt")):
        seed = path.name[:3]
        lines = path.read_text(encoding="utf-8").splitlines()
        if seed == "002":
            lines = [line for i, line in enumerate(lines) if i not in (0, 2) and line != "Foto: Profimedia"]
        if seed == "003":
            lines = lines[: lines.index("LEAVE A REPLY")]
        if seed == "004":
            lines = lines[:7]
        language = "pt" if seed in ("000", "003") else "ro"
        yield seed, language, [s for line in lines if line.strip() for s in sentencex.segment(language, line.strip())]


def people(data: Path, held: bool) -> Iterator[tuple[str, Text]]:
    """Texts by people: monolingual and parallel, grouped as they stand, at most ``DOCUMENTS`` of each origin."""
    named: list[tuple[str, str, list[tuple[str, str]]]] = []
    named += [("mono", la, [(r["origin"], r["text"]) for r in rows(data, f"mono/{la}")]) for la in ("pt", "ro", "en")]
    for language in ("pt", "ro"):
        parallel = rows(data, f"parallel/{language}-en")
        named.append(("parallel", language, [(r["origin"], r["source"]) for r in parallel]))
        named.append(("parallel", "en", [(r["origin"], r["english"]) for r in parallel]))
        flores = rows(data, f"systems/flores-dev.{language}-en")
        named.append(("flores", language, [("flores", r["source"]) for r in flores]))
    for kind, language, texts in named:
        by_origin: dict[str, list[str]] = {}
        for origin, text in texts:
            by_origin.setdefault("oss" if origin.startswith("oss:") else origin, []).append(text)
        for origin, lines in by_origin.items():
            draw = random.Random(origin)
            blocks = [lines[:FLORES_DEV], lines[FLORES_DEV:]] if origin == "flores" else []
            blocks = blocks or [lines[at : at + 100] for at in range(0, len(lines), 100)]
            made = []
            for number, block in enumerate(blocks):
                if held != (number == 1 if origin == "flores" else number % 10 in (2, 5, 8)):
                    continue
                at = 0
                while at < len(block):
                    size = draw.randint(5, 15)
                    made.append(source_text(f"{origin}:{number}.{at}", language, block[at : at + size]))
                    at += size
            draw.shuffle(made)
            for text in made[:DOCUMENTS]:
                yield f"people {kind} {language} {origin}", text


def systems(data: Path, held: bool) -> Iterator[tuple[str, Text]]:
    """Good MT and rule-based MT of the same sources, with and without references, and bad NMT."""
    size = 8
    for pair in ("pt-en", "ro-en"):
        flores = rows(data, f"systems/flores-dev.{pair}")
        flores = flores[FLORES_DEV:] if held else flores[:FLORES_DEV]
        sources, references = [r["source"] for r in flores], [r["references"]["flores"] for r in flores]
        outputs = {name: [r["hypotheses"][name] for r in flores] for name in flores[0]["hypotheses"]}
        outputs["human reference"] = references
        if shutil.which("apertium"):
            outputs |= {f"apertium {'>'.join(modes)}": apertium(sources, modes) for modes in CHAINS[pair]}
        for name, texts in outputs.items():
            for at in range(0, len(sources), size):
                part = slice(at, at + size)
                if name != "human reference":
                    text = system_text(f"{pair}:{at}", pair, sources[part], texts[part], references[part])
                    yield f"system {pair} {name} +ref", text
                yield (
                    f"system {pair} {name} -ref",
                    system_text(f"{pair}:{at}", pair, sources[part], texts[part], None),
                )
                if name.startswith("apertium"):
                    yield f"source en {name}", source_text(f"{pair}:{at}", "en", texts[part])
        if pair == "pt-en" and shutil.which("apertium"):
            for modes in CHAINS["en-pt"]:
                texts = apertium(references, modes)
                for at in range(0, len(texts), size):
                    name = ">".join(modes)
                    yield f"source pt apertium {name}", source_text(f"en-pt:{at}", "pt", texts[at : at + size])
    worst = [r for r in rows(data, "qe/ro-en.dev") if r["da_mean"] < 30]
    best = [r for r in rows(data, "qe/ro-en.dev") if r["da_mean"] > 85]
    for name, chosen in (("DA < 30", worst), ("DA > 85", best)):
        for at in range(0, len(chosen) - size + 1, size):
            part_rows = chosen[at : at + size]
            texts = [r["hypothesis"] for r in part_rows]
            yield (
                f"system ro-en MLQE-PE {name} -ref",
                system_text(f"{at}", "ro-en", [r["source"] for r in part_rows], texts, None),
            )


def seeds() -> Iterator[tuple[str, Text]]:
    """The seeds, seed 000 with its hyphens joined again, and a clean seed with hyphens torn off."""
    for seed, language, lines in seed_lines():
        yield f"seed {seed}", source_text(seed, language, lines)
        if seed == "000":
            joined = [re.sub(r"(?<=\w) -(?=\w)", "-", line) for line in lines]
            yield "seed 000 repaired", source_text(seed, language, joined)
        if shutil.which("apertium"):
            for modes in CHAINS[f"{language}-en"]:
                yield (
                    f"seed {seed} apertium {'>'.join(modes)} -ref",
                    system_text(seed, f"{language}-en", lines, apertium(lines, modes), None),
                )
        if seed in ("001", "002"):
            torn = [re.sub(r"(?<=\w)-(?=\w)", " -", line) for line in lines]
            yield f"seed {seed} torn", source_text(seed, language, torn)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the default verdicts.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("dev", "held"), default="held")
    parser.add_argument("--show", default=None, help="print the evidence of a group's flagged documents")
    arguments = parser.parse_args()
    if not (arguments.data / "mono").is_dir():
        sys.exit(f"{arguments.data}: no folder mono there; give the folder of the data that this docstring describes")
    groups: dict[str, Counter[str]] = {}
    seen: dict[str, Counter[str]] = {}
    held = arguments.half == "held"
    for group, text in (*seeds(), *people(arguments.data, held), *systems(arguments.data, held)):
        verdict = judge(text)
        names = [group] if not group.startswith("people") else [group, f"PEOPLE all {text.language}"]
        for name in names:
            groups.setdefault(name, Counter())[verdict.label] += 1
            seen.setdefault(name, Counter()).update({e.signal for e in verdict.evidence})
        if group.startswith("seed") or (arguments.show and arguments.show in group and verdict.label != "clean"):
            print(f"{group} {text.document}: {verdict.label} {verdict.probability:.3f}")
            for e in verdict.evidence:
                print(f"    {e.strength:.2f} {e.signal} {e.segment} [{e.start}:{e.end}] {e.message}")
    print(f"half: {arguments.half}")
    for group, labels in sorted(groups.items()):
        n = sum(labels.values())
        shares = "  ".join(f"{label} {labels[label] / n:6.1%}" for label in ("clean", "suspect", "garbled"))
        print(f"{group:52} n={n:4}  {shares}  {dict(seen[group].most_common(6))}")


if __name__ == "__main__":
    main()
