"""Reads the data folder: human scores, parallel and monolingual text, and what is held out of them.

The folder holds JSON Lines, xz-compressed: ``qe/{ro,et,ru,ne,si}-en.{train,dev}`` (``source``, ``hypothesis``,
``da_mean``, ``da_z`` and, for ro-en, ``hypothesis_tokens``, ``token_gap_tags`` and ``post_edit_tokens``),
``mqm/bio-pt-en.dev``, ``parallel/{pt,ro}-en`` (``origin``, ``source``, ``english``), ``mono/{pt,ro,en}`` (``origin``,
``text``) and ``systems/flores-dev.{pt,ro}-en``. Training opens no ``dev`` file but to choose, and no ``systems`` file.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Of parallel text, one source in so many is held out for pairwise measures, by the digest of its letters.
HELD_OUT_OF = 25


@dataclass(frozen=True)
class Example:
    """A source and a hypothesis, and what is known of how good it is.

    Attributes:
        lang: the source's language code.
        score: the wanted score, 0 to 1.
        bad: for each of the hypothesis's words, as ``str.split`` finds them, whether it is wrong; ``None`` if unknown.
        weight: how much the score counts.
    """

    lang: str
    source: str
    hypothesis: str
    score: float
    bad: tuple[bool, ...] | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Parallel:
    """A source, its human translation, and where both come from (projects of the ``oss:`` kind as one)."""

    lang: str
    origin: str
    source: str
    english: str


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The objects of one file.

    Raises:
        SystemExit: the file is not there.
    """
    path = data / f"{name}.jsonl.xz"
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; set data=FOLDER to the folder that corpora.py describes")
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def origin(row: dict[str, Any]) -> str:
    return "oss" if row["origin"].startswith("oss:") else str(row["origin"])


def is_held_out(source: str) -> bool:
    letters = "".join(filter(str.isalnum, source.casefold()))
    return int.from_bytes(hashlib.sha256(letters.encode()).digest()[:4], "big") % HELD_OUT_OF == 0


def parallel(data: Path, lang: str, *, held_out: bool) -> list[Parallel]:
    """The training part of ``parallel/{lang}-en``, or its held-out part; each pair once."""
    found = (Parallel(lang, origin(row), row["source"], row["english"]) for row in rows(data, f"parallel/{lang}-en"))
    return list(dict.fromkeys(pair for pair in found if is_held_out(pair.source) is held_out))


def scored(data: Path, lang: str, part: str, mean: float, spread: float) -> list[Example]:
    """Human direct assessments: the z-score, as what ro-en's annotators would have given, over 100.

    Args:
        mean, spread: of ``da_mean`` over ro-en's training part.
    """
    examples = []
    for row in rows(data, f"qe/{lang}-en.{part}"):
        bad = None
        if "token_gap_tags" in row:
            bad = _bad_words(row["hypothesis"], row["hypothesis_tokens"], row["token_gap_tags"][1::2])
        raw = mean + spread * row["da_z"] if lang == "ro" else row["da_mean"]
        examples.append(Example(lang, row["source"], row["hypothesis"], min(1.0, max(0.0, raw / 100)), bad))
    return examples


def _bad_words(text: str, tokens: Sequence[str], tags: Sequence[str]) -> tuple[bool, ...] | None:
    """Tags of tokens as tags of words; ``None`` where the tokens do not make up the text."""
    words = text.split()
    bad, at = [], 0
    for word in words:
        left, any_bad = word, False
        while left:
            if at == len(tokens) or not left.startswith(tokens[at]):
                return None
            left = left[len(tokens[at]) :]
            any_bad |= tags[at] == "BAD"
            at += 1
        bad.append(any_bad)
    return tuple(bad)


def post_edited(data: Path) -> list[Parallel]:
    """Sources of ro-en's training part with the hypothesis as people corrected it."""
    found = rows(data, "qe/ro-en.train")
    return [Parallel("ro", "post-edit", row["source"], detokenized(row["post_edit_tokens"])) for row in found]


def detokenized(tokens: Sequence[str]) -> str:
    """Tokens as running text: no space before a closing mark, none after an opening one."""
    text = ""
    opened = False
    for index, token in enumerate(tokens):
        quote = token in ('"', "'")
        closes = token in {".", ",", ";", ":", "!", "?", ")", "]", "%", "'s", "n't", "’s", "...", "”"} or (
            quote and opened
        )
        glued = index > 0 and (
            tokens[index - 1] in {"(", "[", "“", "$", "£"} or (tokens[index - 1] in ('"', "'") and opened)
        )
        if text and not closes and not glued:
            text += " "
        text += token
        if quote:
            opened = not opened
    return text
