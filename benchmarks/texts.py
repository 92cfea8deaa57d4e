"""Eval sets of any size, made of pieces of the seeds: the compute of real news, without the data.

Sentences join stretches of 3 to 8 words of the Romanian seeds, or of their references; their lengths are log-normal,
about 22 words in the mean as in news. A hypothesis is its reference with some words dropped, doubled, exchanged with
their neighbour or replaced. The same arguments always give the same texts, and a longer set begins with the shorter
one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mteval.files import packaged, read_jsonl

LONGEST = 80
_MEAN, _SPREAD = math.log(19), 0.55


@dataclass(frozen=True)
class Row:
    """A segment: its source, its reference, and each system's hypothesis."""

    source: str
    reference: str
    hypotheses: tuple[str, ...]


def rows(segments: int, systems: int, seed: int = 1) -> list[Row]:
    """So many segments with the hypotheses of so many systems."""
    return list(islice(endless(systems, seed), segments))


def endless(systems: int, seed: int = 1) -> Iterator[Row]:
    """Segments without end, for sets that are to be written as they are made."""
    source_words, target_words = _words("source"), _words("reference")
    generator = np.random.default_rng(seed)
    edits = [np.random.default_rng((seed, system)) for system in range(systems)]
    while True:
        length = min(LONGEST, max(3, round(generator.lognormal(_MEAN, _SPREAD))))
        source = _sentence(generator, source_words, length)
        reference = _sentence(generator, target_words, length)
        found = tuple(_edited(edits[system], reference, target_words, 0.2 + 0.04 * system) for system in range(systems))
        yield Row(source, reference, found)


def write_jsonl(file: Path, made: Iterator[Row] | list[Row], pair: str = "ro-en") -> None:
    """Write segments as ``evalset=jsonl`` reads them: systems are ``s1``, ``s2``, …; 20 segments a document."""
    with file.open("w", encoding="utf-8") as stream:
        for number, one in enumerate(made):
            row = {
                "id": f"{number + 1}",
                "document": f"d{number // 20 + 1}",
                "lang_pair": pair,
                "source": one.source,
                "references": {"ref": one.reference},
                "hypotheses": {f"s{system + 1}": text for system, text in enumerate(one.hypotheses)},
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_lines(folder: Path, made: list[Row]) -> tuple[Path, Path, list[Path]]:
    """Write segments as ``sacrebleu`` and ``comet-score`` read them, a line each: source, reference, hypotheses."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(name: str, texts: list[str]) -> Path:
        file = folder / name
        file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return file

    systems = range(len(made[0].hypotheses))
    return (
        write("source.txt", [one.source for one in made]),
        write("reference.txt", [one.reference for one in made]),
        [write(f"s{system + 1}.txt", [one.hypotheses[system] for one in made]) for system in systems],
    )


def _words(name: str) -> list[str]:
    """The words of the Romanian seeds' ``source`` or ``reference``, in running order."""
    files = sorted((packaged("references") / "ro-en").glob("*.jsonl"))
    return [word for file in files for _, line in read_jsonl(file) for word in str(line[name]).split()]


def _sentence(generator: np.random.Generator, words: list[str], length: int) -> str:
    found: list[str] = []
    while len(found) < length:
        start, size = int(generator.integers(len(words))), int(generator.integers(3, 9))
        found += words[start : start + size]
    return " ".join(found[:length])


def _edited(generator: np.random.Generator, text: str, words: list[str], rate: float) -> str:
    found = text.split()
    for at in np.flatnonzero(generator.random(len(found)) < rate)[::-1]:
        match int(generator.integers(4)):
            case 0:
                del found[at]
            case 1:
                found.insert(at, found[at])
            case 2:
                found[at : at + 2] = reversed(found[at : at + 2])
            case _:
                found[at] = words[int(generator.integers(len(words)))]
    return " ".join(found) or text
