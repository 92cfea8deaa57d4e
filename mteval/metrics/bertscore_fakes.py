"""A tiny BERT with random weights, for BERTScore, that loads as the published ones do.

Its scores mean nothing, but they go through the package's own code, and the same seed always gives the same ones.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

POSITIONS = 48
"""How many tokens the tiny encoder takes, marks included (512 in the published ones)."""

LAYERS = 3

_WORDS = (
    "a the of to and in is was that not with house street city water time child rain saw bought book yesterday went it "
    "o os um uma de da do em no na que não é foi com para por casa rua cidade água tempo"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-–áàâãéêíóôõúç"


def write_bert(folder: Path, *, seed: int = 0, max_length: int | None = POSITIONS) -> Path:
    """Write a tiny BERT, with a WordPiece tokenizer, into ``folder``.

    Args:
        seed: of the weights.
        max_length: what the tokenizer says that the encoder takes; ``None`` if it says nothing, as that of
            ``microsoft/deberta-xlarge-mnli``.

    Returns:
        ``folder``.
    """
    import torch

    transformers: Any = importlib.import_module("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(_LETTERS)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(_WORDS.split()) - set(letters))]
    vocabulary += letters + [f"##{letter}" for letter in letters]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings: dict[str, object] = {"tokenizer_class": "BertTokenizer", "do_lower_case": False}
    if max_length is not None:
        settings["model_max_length"] = max_length
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=POSITIONS,
    )
    model = transformers.BertModel(config, add_pooling_layer=False)
    random = np.random.RandomState(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            drawn = torch.from_numpy(random.standard_normal(tuple(weight.shape)).astype(np.float32))
            # Layer norms stay near 1, and their shifts make all texts somewhat alike, as in real encoders.
            weight.copy_(1 + 0.1 * drawn if name.endswith("LayerNorm.weight") else 0.4 * drawn)
    model.save_pretrained(folder)
    return folder
