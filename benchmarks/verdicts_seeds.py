"""The seeds, what Apertium makes of them, and their references, as texts to judge."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mteval.evalsets.documents import DocumentFolder
from mteval.garble.base import Line, Text, Verdict
from mteval.lang import LangPair
from recipes.garble import corpora
from recipes.garble.corpora import CHAINS, Segment

ROOT = Path(__file__).resolve().parent.parent
Judge = Callable[[Text], Verdict]
Translated = Callable[[Sequence[Segment], str, str, bool], Text]


def show(judge: Judge, translated: Translated, with_quality: Callable[[Sequence[Text]], list[Text]]) -> None:
    """Print a table of every seed, its variants, its translations and its references."""
    print("| seed | what | judged with | verdict | probability |\n|---|---|---|---|---:|")
    for seed, pair, lines, references in _seeds():
        for what, texts in _variants(seed, lines):
            _row(seed, what, "text alone", judge(_alone(seed, pair[:2], texts)))
        post_edits = ROOT / "references" / "post-edits" / pair[:2] / f"{seed}.jsonl"
        if post_edits.is_file():
            _row(
                seed,
                "post-edited by people",
                "text alone",
                judge(_alone(seed, pair[:2], _field(post_edits, "post_edit"))),
            )
        _row(seed, "reference", "text alone", judge(_alone(seed, "en", references)))
        made = [("reference", references)]
        if shutil.which("apertium"):
            for chain, modes in CHAINS.items():
                if chain.startswith(pair[:2]) and chain.endswith("en"):
                    made.append((chain, [text or "" for text in corpora.apertium(lines, modes[0])]))
        for what, texts in made:
            document = [
                Segment("en", seed, what, 0, True, text, source, None if what == "reference" else reference)
                for text, source, reference in zip(texts, lines, references, strict=True)
            ]
            if what != "reference":
                _row(seed, what, "text alone", judge(_alone(seed, "en", texts)))
            _row(seed, what, "source", judge(translated(document, pair, seed, False)))
            (full,) = with_quality([translated(document, pair, seed, what != "reference")])
            _row(seed, what, "source, QE" + ("" if what == "reference" else ", reference"), judge(full))
    print()


def _seeds() -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Each seed's id, lang pair, sentences without page furniture, and their references."""
    for pair in ("pt-en", "ro-en"):
        reader = DocumentFolder("seeds", "package:seeds", {"mteval": "package:references"})
        eval_set = reader.load(LangPair.parse(pair, "pair"), [LangPair.parse(pair, "pair")])
        for document in eval_set.documents:
            segments = [eval_set.scored[row] for row in eval_set.rows[document.id]]
            yield document.id, pair, [s.source for s in segments], [s.references["mteval"] for s in segments]


def _variants(seed: str, lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    yield "as it is", lines
    if any(re.search(r"\w -\w", line) for line in lines):
        yield "hyphens repaired", [re.sub(r"(?<=\w) -(?=\w)", "-", line) for line in lines]
    elif any(re.search(r"\w-\w", line) for line in lines):
        yield "hyphens torn off", [re.sub(r"(?<=\w)-(?=\w)", " -", line) for line in lines]


def _alone(seed: str, language: str, lines: Sequence[str]) -> Text:
    return Text(seed, None, language, None, tuple(Line(f"{seed}:{n}", line) for n, line in enumerate(lines, 1)))


def _field(path: Path, name: str) -> list[str]:
    return [json.loads(line)[name] for line in path.read_text(encoding="utf-8").splitlines()]


def _row(seed: str, what: str, given: str, verdict: Verdict) -> None:
    print(f"| {seed} | {what} | {given} | {verdict.label} | {verdict.probability:.3f} |")
