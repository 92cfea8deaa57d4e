"""Prunes a Unigram vocabulary to what a few languages use, and writes it as a fast tokenizer."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
MASK = "<mask>"
#: Letters and marks of Latin script, punctuation, currency and arrows: kept whether the corpora have them or not.
KEPT_RANGES = (
    (0x20, 0x7E),
    (0xA1, 0x17F),
    (0x218, 0x21B),
    (0x370, 0x3FF),
    (0x400, 0x45F),
    (0x2010, 0x203A),
    (0x20AC, 0x20AC),
)


def unigram(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """A tokenizer as XLM-R's: NFKC, spaces run together, a word's first piece marked."""
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=SPECIAL.index("<unk>"), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def choose(pieces: Sequence[tuple[str, float]], corpora: Iterable[tuple[float, Sequence[str]]], size: int) -> list[int]:
    """The ids of the pieces to keep, ascending: special ones, single characters, then the most used.

    Args:
        pieces: the whole vocabulary, each piece with its log probability; its place is its id.
        corpora: texts, each set with a weight: how often a piece is used is counted within the set, then weighted.
        size: how many pieces to keep.
    """
    tokenizer = unigram(pieces)
    used: dict[int, float] = defaultdict(float)
    for weight, texts in corpora:
        counts = Counter(id_ for found in tokenizer.encode_batch(list(texts)) for id_ in found.ids)
        total = sum(counts.values())
        for id_, count in counts.items():
            used[id_] += weight * count / total
    by_name = {piece: id_ for id_, (piece, _) in enumerate(pieces)}
    kept = {by_name[name] for name in (*SPECIAL, MASK, "▁")}
    letters = {chr(code) for first, last in KEPT_RANGES for code in range(first, last + 1)}
    kept |= {by_name[letter] for letter in letters if letter in by_name}
    for id_ in sorted(used, key=used.__getitem__, reverse=True):
        if len(kept) >= size:
            break
        kept.add(id_)
    return sorted(kept)


def save(tokenizer: Tokenizer, folder: Path, positions: int) -> None:
    """Write the tokenizer as ``XLMRobertaTokenizerFast`` reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    special = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "cls_token": "<s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "mask_token": MASK,
    }
    settings: Mapping[str, object] = {
        **special,
        "model_max_length": positions,
        "tokenizer_class": "XLMRobertaTokenizerFast",
        "clean_up_tokenization_spaces": False,
    }
    for name, content in (("tokenizer_config.json", settings), ("special_tokens_map.json", special)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
