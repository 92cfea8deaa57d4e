"""A tiny BLEURT checkpoint with random weights, laid out as ``bleurt-pytorch`` converts the official ones.

Its scores mean nothing, but the official code can score with the same weights, and the same seed always gives the same
ones: they are drawn from numpy's frozen generator.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

POSITIONS = 64
"""How many tokens the tiny checkpoint takes, marks included (512 in the published ones)."""

_WORDS = (
    "a o os as um uma de da do em no na que não é foi com para por casa rua cidade água tempo "
    "the a of to and in is was that not with house street city water time child rain saw bought book yesterday"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-–áàâãéêíóôõúç"
_CONTROL, _UNKNOWN, _NORMAL = 3, 2, 1
_HIDDEN, _INNER, _LAYERS = 16, 32, 2


def write_bleurt(folder: Path, *, seed: int = 0, embedding_size: int | None = 8) -> Path:
    """Write a tiny BLEURT checkpoint into ``folder``.

    Args:
        seed: of the weights.
        embedding_size: how wide its embeddings are, where these are projected to the width of its layers, as RemBERT's
            are; ``None`` for BERT's, which are as wide as those and are not projected.

    Returns:
        ``folder``.
    """
    from safetensors.numpy import save_file

    pieces = write_sentencepiece(folder / "spm.model", marks=("[PAD]", "[UNK]", "[CLS]", "[SEP]"))
    config = {
        "architectures": ["BleurtForSequenceClassification"],
        "model_type": "bleurt",
        "vocab_size": pieces + 3,  # as in the published ones, the weights know some more
        "embedding_size": embedding_size,
        "hidden_size": _HIDDEN,
        "intermediate_size": _INNER,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": 2,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    random = np.random.RandomState(seed)  # whose numbers never change, unlike those of its successors
    state = {}
    for name, shape in sorted(_shapes(pieces + 3, embedding_size).items()):
        drawn = random.standard_normal(shape).astype(np.float32)
        # Layer norms stay near 1; the rest is wide, so that different texts get scores that differ.
        state[name] = 1 + 0.1 * drawn if name.endswith("LayerNorm.weight") else 0.5 * drawn
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_sentencepiece(file: Path, *, marks: tuple[str, ...] = ("<unk>", "<s>", "</s>")) -> int:
    """Write a tiny SentencePiece model, which knows some words, and letters; return how many pieces it has.

    Args:
        marks: its first pieces; the one named ``<unk>`` or ``[UNK]`` stands for what it does not know.
    """
    convert: Any = importlib.import_module("transformers.convert_slow_tokenizer")
    proto = convert.import_protobuf().ModelProto()
    for mark in marks:
        proto.pieces.add(piece=mark, score=0.0, type=_UNKNOWN if mark in ("<unk>", "[UNK]") else _CONTROL)
    for word in sorted({f"▁{word}" for word in _WORDS.split()}):
        proto.pieces.add(piece=word, score=-5.0, type=_NORMAL)
    for letter in sorted({"▁", *_LETTERS}):
        proto.pieces.add(piece=letter, score=-9.0, type=_NORMAL)
    unknown = next(index for index, mark in enumerate(marks) if mark in ("<unk>", "[UNK]"))
    proto.trainer_spec.model_type = 1
    proto.trainer_spec.unk_id, proto.trainer_spec.unk_piece = unknown, marks[unknown]
    proto.trainer_spec.bos_id = proto.trainer_spec.eos_id = proto.trainer_spec.pad_id = -1
    proto.normalizer_spec.name = "identity"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(proto.SerializeToString())
    return len(proto.pieces)


def _shapes(vocabulary: int, embedding_size: int | None) -> dict[str, tuple[int, ...]]:
    """The shape of each weight, by name."""
    narrow = embedding_size or _HIDDEN
    linear = {"bleurt.pooler.dense": (_HIDDEN, _HIDDEN), "classifier": (1, _HIDDEN)}
    if embedding_size is not None:
        linear["bleurt.encoder.embedding_projection"] = (_HIDDEN, narrow)
    norms = {"bleurt.embeddings.LayerNorm": narrow}
    for layer in (f"bleurt.encoder.layer.{index}" for index in range(_LAYERS)):
        linear |= {f"{layer}.attention.self.{part}": (_HIDDEN, _HIDDEN) for part in ("query", "key", "value")}
        linear |= {
            f"{layer}.attention.output.dense": (_HIDDEN, _HIDDEN),
            f"{layer}.intermediate.dense": (_INNER, _HIDDEN),
            f"{layer}.output.dense": (_HIDDEN, _INNER),
        }
        norms |= {f"{layer}.attention.output.LayerNorm": _HIDDEN, f"{layer}.output.LayerNorm": _HIDDEN}
    return {
        "bleurt.embeddings.word_embeddings.weight": (vocabulary, narrow),
        "bleurt.embeddings.position_embeddings.weight": (POSITIONS, narrow),
        "bleurt.embeddings.token_type_embeddings.weight": (2, narrow),
        **{f"{name}.weight": shape for name, shape in linear.items()},
        **{f"{name}.bias": shape[:1] for name, shape in linear.items()},
        **{f"{name}.{part}": (width,) for name, width in norms.items() for part in ("weight", "bias")},
    }
