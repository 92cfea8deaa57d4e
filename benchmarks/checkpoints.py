"""COMET checkpoints with XLM-R's shapes and random weights: the compute of the real ones, without the download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.texts import rows
from mteval.metrics.comet_fakes import write_comet_checkpoint

#: What each kind is shaped after: the name in ``comet_fakes``, and the layers between the encoder and the score.
KINDS = {
    "regression": ("regression", (3072, 1024)),  # wmt22-comet-da
    "referenceless": ("referenceless", (2048, 1024)),  # wmt20-comet-qe-da
    "unified": ("unified_qe", (3072, 1024)),  # wmt22-cometkiwi-da
}
SHAPES = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
}
_ROWS, _PIECES = 250_002, 8_000


def write(folder: Path, kind: str, shape: str, seed: int = 1) -> Path:
    """Write a checkpoint of a kind in ``KINDS`` and a shape in ``SHAPES``; return its ``.ckpt`` file.

    Its tokenizer has some thousands of pieces, learned from ``benchmarks.texts``; its embedding matrix has as many rows
    as XLM-R's. Its settings name the encoder by its path, so the folder must stay where it is.
    """
    made, hidden_sizes = KINDS[kind]
    encoder = _write_encoder(folder / "encoder", SHAPES[shape])
    write_comet_checkpoint(folder, made, seed=seed, encoder=encoder, hidden_sizes=hidden_sizes)
    return folder / "checkpoints" / "model.ckpt"


def _write_encoder(folder: Path, shape: dict[str, int]) -> Path:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import XLMRobertaTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=_PIECES, special_tokens=[*special, "<mask>"], unk_token="<unk>", show_progress=False
    )
    texts = [text for row in rows(1000, 1) for text in (row.source, row.reference)]
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    make: Any = XLMRobertaTokenizerFast
    make(tokenizer_object=tokenizer, model_max_length=512).save_pretrained(folder)
    config = {
        "model_type": "xlm-roberta",
        "architectures": ["XLMRobertaModel"],
        **shape,
        "vocab_size": _ROWS,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return folder
