"""Reads the data folder as segments by people and by machines, and says which of them are held out.

The folder holds JSON Lines, xz-compressed: ``mono/{pt,ro,en}`` (``origin``, ``text``), ``parallel/{pt,ro}-en``
(``origin``, ``source``, ``english``), ``qe/{ro,et,ru,ne,si}-en.{train,dev}`` (``source``, ``hypothesis``, ``da_mean``,
``document``) and ``systems/flores-dev.{pt-en,ro-en,en-pt,en-ro}`` (``source``, ``references``, ``hypotheses``).

Segments of one origin are cut into blocks of 100 as they stand, and three of every ten blocks are held out: nothing is
trained or chosen on them. Of FLORES, which nothing is trained on, the first half is for choosing and the second held.
"""

from __future__ import annotations

import json
import lzma
import random
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = 100
FLORES_BLOCK = 10
FLORES_DEV_BLOCKS = 48
#: Of large origins, so many segments are used, in whole blocks drawn at random.
MOST = {"tatoeba": 6000, "oss": 10000, "bible": 6000, "ro-sts": 6000}
#: By the languages on the way, the last of which comes out: chains of Apertium's modes, of which blocks take turns.
CHAINS: dict[str, tuple[tuple[str, str], ...]] = {
    "pt-es-en": (("pt-es", "spa-eng"),),
    "pt-ca-en": (("por-cat", "cat-eng"),),
    "ro-es-en": (("ro-es", "spa-eng"),),
    "en-es-pt": (("eng-spa", "es-pt"), ("eng-spa", "es-pt_BR")),
    "en-ca-pt": (("eng-cat", "cat-por"), ("eng-cat", "cat-por_BR")),
}


@dataclass(frozen=True)
class Segment:
    """A segment of text.

    Attributes:
        language: of the text.
        origin: the corpus that it, or what it translates, comes from.
        maker: ``people``, an Apertium chain, a system, or what was done to a text by people.
        block: which run of neighbours it belongs to.
        held: whether it is held out.
        text: itself.
        source: what it translates, if that is known.
        reference: a translation of ``source`` by people, if there is one.
    """

    language: str
    origin: str
    maker: str
    block: int
    held: bool
    text: str
    source: str | None = None
    reference: str | None = None


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The objects of one file.

    Raises:
        SystemExit: the file is not there.
    """
    path = data / f"{name}.jsonl.xz"
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; give the folder that recipes/garble/corpora.py describes")
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def is_held(block: int) -> bool:
    return block % 10 in (2, 5, 8)


def people(data: Path) -> Iterator[Segment]:
    """Every text by people; of parallel text both sides, each the other's reference."""
    for language in ("pt", "ro", "en"):
        for origin, block, (text,) in _blocks(
            (row["origin"], (row["text"],)) for row in rows(data, f"mono/{language}")
        ):
            yield Segment(language, origin, "people", block, is_held(block), text)
    for language in ("pt", "ro"):
        pairs = ((row["origin"], (row["source"], row["english"])) for row in rows(data, f"parallel/{language}-en"))
        for origin, block, (text, english) in _capped(_blocks(pairs)):
            held = is_held(block)
            yield Segment(language, origin, "people", block, held, text, english, text)
            yield Segment("en", f"{origin} ({language})", "people", block, held, english, text, english)
    for row_number, row in enumerate(rows(data, "qe/ro-en.train")):
        yield Segment("ro", "mlqe-pe", "people", row_number // BLOCK, is_held(row_number // BLOCK), row["source"])
    for language in ("pt", "ro"):
        for number, row in enumerate(rows(data, f"systems/flores-dev.{language}-en")):
            block, english = number // FLORES_BLOCK, row["references"]["flores"]
            held = block >= FLORES_DEV_BLOCKS
            yield Segment(language, "flores", "people", block, held, row["source"], english, row["source"])
            yield Segment("en", f"flores ({language})", "people", block, held, english, row["source"], english)


def systems(data: Path) -> Iterator[Segment]:
    """What Google, Microsoft and others made of FLORES, beside its reference."""
    for pair in ("pt-en", "ro-en", "en-pt", "en-ro"):
        for number, row in enumerate(rows(data, f"systems/flores-dev.{pair}")):
            block, reference = number // FLORES_BLOCK, row["references"]["flores"]
            for system, text in row["hypotheses"].items():
                held = block >= FLORES_DEV_BLOCKS
                yield Segment(pair[3:], "flores", f"{pair} {system}", block, held, text, row["source"], reference)


def rated(data: Path, language: str, part: str) -> Iterator[tuple[Segment, float]]:
    """English by neural MT, with the mean of people's ratings, 0 to 100; a block is a document."""
    for row in rows(data, f"qe/{language}-en.{part}"):
        block = zlib.crc32(row["document"].encode("utf-8"))
        origin = f"mlqe-pe {language}"
        yield Segment("en", origin, "rated", block, part == "dev", row["hypothesis"], row["source"]), row["da_mean"]


def rule_based(texts: Iterable[Segment], cache: Path) -> Iterator[Segment]:
    """What Apertium makes of texts by people, by every chain that starts from their language.

    Args:
        texts: by people.
        cache: a folder that keeps the translations.
    """
    by_language: dict[str, list[Segment]] = {}
    for segment in texts:
        by_language.setdefault(segment.language, []).append(segment)
    for chain, modes in CHAINS.items():
        target, originals = chain[-2:], by_language[chain[:2]]
        path = cache / f"{chain}.jsonl"
        if not path.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".part").write_text("".join(_translated(originals, modes)), encoding="utf-8")
            path.with_suffix(".part").rename(path)
        with path.open(encoding="utf-8") as stream:
            for original, line in zip(originals, stream, strict=True):
                text = json.loads(line)
                if text is not None:
                    reference = original.source if original.reference is not None else None
                    yield Segment(
                        target, original.origin, chain, original.block, original.held, text, original.text, reference
                    )


def documents(segments: Sequence[Segment], least: int, most: int, seed: int) -> list[list[Segment]]:
    """Neighbouring segments of one maker, language, origin and block, ``least`` to ``most`` of them at a time."""
    draw = random.Random(seed)
    blocks: dict[tuple[str, str, str, int], list[Segment]] = {}
    for segment in segments:
        blocks.setdefault((segment.maker, segment.language, segment.origin, segment.block), []).append(segment)
    made = []
    for block in blocks.values():
        at = 0
        while at < len(block):
            size = draw.randint(least, most)
            if len(block) - at >= least:
                made.append(block[at : at + size])
            at += size
    return made


def apertium(lines: Sequence[str], modes: Sequence[str]) -> list[str | None]:
    """Lines through a chain of modes; ``None`` for a line that Apertium fails on."""
    texts = [" ".join(line.split()) for line in lines]
    for mode in modes:
        done = subprocess.run(
            ["apertium", "-u", mode], input="\n\n".join(texts), text=True, capture_output=True, check=False
        )
        texts = [text.strip() for text in done.stdout.split("\n\n")]
        if done.returncode or len(texts) != len(lines):
            if len(lines) == 1:
                return [None]
            half = len(lines) // 2
            return [*apertium(lines[:half], modes), *apertium(lines[half:], modes)]
    return list(texts)


def _translated(originals: Sequence[Segment], modes: Sequence[tuple[str, str]]) -> Iterator[str]:
    texts: list[str | None] = [None] * len(originals)
    for turn, chain in enumerate(modes):
        mine = [place for place, one in enumerate(originals) if one.block % len(modes) == turn]
        for at in range(0, len(mine), 1000):
            places = mine[at : at + 1000]
            for place, text in zip(places, apertium([originals[p].text for p in places], chain), strict=True):
                texts[place] = text
    for text in texts:
        yield json.dumps(text, ensure_ascii=False) + "\n"


def _blocks(items: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    by_origin: dict[str, list[tuple[str, ...]]] = {}
    for origin, texts in items:
        by_origin.setdefault("oss" if origin.startswith("oss:") else origin, []).append(texts)
    for origin, all_texts in by_origin.items():
        for number, texts in enumerate(all_texts):
            yield origin, number // BLOCK, texts


def _capped(items: Iterable[tuple[str, int, tuple[str, ...]]]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    kept = list(items)
    blocks: dict[str, set[int]] = {}
    for origin, block, _ in kept:
        blocks.setdefault(origin, set()).add(block)
    for origin, most in MOST.items():
        if origin in blocks and len(blocks[origin]) * BLOCK > most:
            blocks[origin] = set(random.Random(origin).sample(sorted(blocks[origin]), most // BLOCK))
    return (item for item in kept if item[1] in blocks[item[0]])
