"""A tiny MetricX checkpoint with random weights, laid out as the published ones and mT5's tokenizer are.

Its scores mean nothing, but the official code loads and scores with it too, and the same seed always gives the same
ones: the weights are drawn from numpy's frozen generator.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY = 250112
"""As many tokens as mT5's embeddings hold: the score is the logit of one of the last."""

_WORDS = (
    "a o os as um uma de da do em no na que não é foi com para por casa rua cidade água tempo "
    "source candidate reference the a of to and in is was that not with house street city water time child rain saw "
    "bought book yesterday"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-–áàâãéêíóôõúç"
_CONTROL, _UNKNOWN = 3, 2


def write_metricx(folder: Path, *, seed: int = 0, tokenizer: bool = False) -> Path:
    """Write a tiny MetricX checkpoint into ``folder``: configuration and weights, 16 MB of which most is vocabulary.

    Args:
        seed: of the weights.
        tokenizer: whether its tokenizer is written beside them, where the published ones have none.

    Returns:
        ``folder``.
    """
    import torch

    transformers: Any = importlib.import_module("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    config = transformers.MT5Config(
        vocab_size=VOCABULARY,
        d_model=8,
        d_kv=4,
        d_ff=16,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=2,
        tie_word_embeddings=False,
        feed_forward_proj="gated-gelu",
    )
    model = transformers.MT5ForConditionalGeneration(config)
    random = np.random.RandomState(seed)  # whose numbers never change, unlike those of its successors
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            drawn = torch.from_numpy(random.standard_normal(tuple(weight.shape)).astype(np.float32))
            # Layer norms stay near 1; the rest is wide, so that different texts get scores that differ.
            weight.copy_(1 + 0.1 * drawn if "layer_norm" in name else 0.6 * drawn)
        start = model.shared.weight[0].mul_(10)  # so that it stands out from what the layers add to it
        model.lm_head.weight.copy_(0.1 * model.lm_head.weight)
        model.lm_head.weight[-23].add_(4 * start / start.norm())  # so that scores lie amid the scale
    model.save_pretrained(folder)
    config_file = folder / "config.json"
    settings = json.loads(config_file.read_text("utf-8")) | {"architectures": ["MT5ForRegression"]}
    config_file.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    if tokenizer:
        write_mt5_tokenizer(folder)
    return folder


def write_mt5_tokenizer(folder: Path) -> Path:
    """Write a tiny tokenizer as ``google/mt5-xl`` has it: a SentencePiece model, its settings, and a ``config.json``.

    It knows some words, and letters; what is neither is one unknown token.
    """
    convert: Any = importlib.import_module("transformers.convert_slow_tokenizer")
    proto = convert.import_protobuf().ModelProto()
    pieces = [("<pad>", 0.0, _CONTROL), ("</s>", 0.0, _CONTROL), ("<unk>", 0.0, _UNKNOWN)]
    words = sorted({f"▁{word}" for word in _WORDS.split()})
    pieces += [(word, -5.0, 1) for word in words] + [(letter, -9.0, 1) for letter in sorted({"▁", *_LETTERS})]
    for piece, score, kind in pieces:
        proto.pieces.add(piece=piece, score=score, type=kind)
    proto.trainer_spec.model_type = 1
    proto.trainer_spec.pad_id, proto.trainer_spec.eos_id, proto.trainer_spec.unk_id = 0, 1, 2
    proto.trainer_spec.bos_id = -1
    proto.normalizer_spec.name = "identity"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(proto.SerializeToString())
    settings = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "extra_ids": 0}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if not (folder / "config.json").exists():
        (folder / "config.json").write_text(json.dumps({"model_type": "mt5"}), encoding="utf-8")
    return folder
