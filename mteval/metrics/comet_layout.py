"""What the folders of COMET checkpoints and of their encoders hold, and how they are named at the hub."""

from __future__ import annotations

import re
from pathlib import Path

HPARAMS = "hparams.yaml"
CKPT = "checkpoints/model.ckpt"
TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "sentencepiece.model", "vocab.txt")
ENCODER_FILES = ("config.json", "tokenizer_config.json", "special_tokens_map.json", *TOKENIZERS)
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
ENCODER_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")  # the oldest models at the hub have no owner in their name


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a checkpoint's settings and weights."""
    return (folder / HPARAMS).is_file() and (folder / CKPT).is_file()


def is_encoder(folder: Path) -> bool:
    """Whether a folder holds an encoder's configuration and a tokenizer."""
    return (folder / "config.json").is_file() and any((folder / file).is_file() for file in TOKENIZERS)
