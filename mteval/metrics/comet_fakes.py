"""Tiny COMET checkpoints with random weights, in COMET's own format, for tests that need no download.

Their scores mean nothing, but they go through COMET's own code, and the same seed always gives the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from mteval.metrics.comet_quiet import quiet

#: The kinds of checkpoint that ``write_comet_checkpoint`` writes, and which published one each is shaped after.
KINDS = {
    "referenceless": "wmt20-comet-qe-da",
    "regression": "wmt22-comet-da",
    "unified_qe": "wmt22-cometkiwi-da",
    "unified": "wmt22-unite-da",
    "unified_ref": "no published one: it sees hypothesis and reference alone",
    "xcomet": "XCOMET-XL",
    "xcomet_xxl": "XCOMET-XXL, whose encoder is of the class that XLM-R XL and XXL are of",
}

#: How many tokens the tiny encoder takes, special ones included (512 in the published ones).
MAX_POSITIONS = 64

_WORDS = (
    "a o os as um uma de da do em no na que não é foi com para por casa rua cidade água tempo "
    "un și în este nu care pe la cu din oraș casă apă timp copil ploaie "
    "the a of to and in is was that not with house street city water time child rain saw bought book yesterday"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()-–„”áàâãéêíóôõúçăîșțşţ"
_ENCODER = {
    "model_type": "xlm-roberta",
    "architectures": ["XLMRobertaModel"],
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": MAX_POSITIONS + 2,
    "type_vocab_size": 1,
    "initializer_range": 0.3,  # wide, so that different texts get different vectors
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}
_COMMON: dict[str, Any] = {
    "encoder_model": "XLM-RoBERTa",
    "layer_norm": False,
    "dropout": 0.1,
    "activations": "Tanh",
    "final_activation": None,
    "hidden_sizes": [8, 4],
    "train_data": [],
    "validation_data": [],
}
_HPARAMS: dict[str, dict[str, Any]] = {
    "referenceless": {
        "class_identifier": "referenceless_regression_metric",
        "layer": "mix",
        "pool": "avg",
        "layer_transformation": "softmax",
    },
    "regression": {
        "class_identifier": "regression_metric",
        "layer": "mix",
        "pool": "avg",
        "layer_transformation": "sparsemax",
    },
    "unified_qe": {
        "class_identifier": "unified_metric",
        "sent_layer": "mix",
        "layer_transformation": "sparsemax",
        "input_segments": ["mt", "src"],
    },
    "unified": {
        "class_identifier": "unified_metric",
        "sent_layer": "mix",
        "layer_transformation": "softmax",
        "input_segments": ["mt", "src", "ref"],
    },
    "unified_ref": {
        "class_identifier": "unified_metric",
        "sent_layer": "mix",
        "layer_transformation": "softmax",
        "input_segments": ["mt", "ref"],
    },
    "xcomet": {
        "class_identifier": "xcomet_metric",
        "sent_layer": "mix",
        "layer_transformation": "sparsemax",
        "word_layer": 2,
        "word_level_training": True,
        "error_labels": ["minor", "major", "critical"],
        "cross_entropy_weights": [0.08, 0.486, 0.505, 0.533],
    },
}
_HPARAMS["xcomet_xxl"] = _HPARAMS["xcomet"] | {"encoder_model": "XLM-RoBERTa-XL"}


def write_encoder(folder: Path, large: bool = False) -> Path:
    """Write the configuration and tokenizer of a tiny XLM-R encoder, without weights, into ``folder``.

    Its tokenizer knows some words, and letters; what is neither is one unknown token.

    Args:
        large: it is of the class that XLM-R XL and XXL are of.
    """
    with quiet():
        from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
        from transformers import XLMRobertaTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = sorted({f"▁{word}" for word in _WORDS.split()})
    letters = sorted({"▁", *_LETTERS})
    pieces = [(piece, 0.0) for piece in special]
    pieces += [(word, -5.0) for word in words] + [(letter, -9.0) for letter in letters] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(list(dict(pieces).items()), unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        make: Any = XLMRobertaTokenizerFast
        make(tokenizer_object=tokenizer, model_max_length=MAX_POSITIONS).save_pretrained(folder)
    config = _ENCODER | {"vocab_size": tokenizer.get_vocab_size()}
    if large:
        config |= {"model_type": "xlm-roberta-xl", "architectures": ["XLMRobertaXLModel"]}
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return folder


def write_comet_checkpoint(
    folder: Path, kind: str, *, seed: int = 0, encoder: Path | None = None, hidden_sizes: Sequence[int] = (8, 4)
) -> Path:
    """Write a checkpoint of a kind in ``KINDS``, tiny but for what is given, into ``folder``; return that folder.

    ``comet.load_from_checkpoint(folder / "checkpoints" / "model.ckpt")`` loads it, as long as the folder stays where
    it is: the encoder is named by its path.

    Args:
        encoder: a folder with the encoder's configuration and tokenizer; ``None`` to write that of a tiny one.
        hidden_sizes: of the layers between the encoder's vectors and the score.
    """
    if encoder is None:
        encoder = write_encoder(folder / "encoder", large=_HPARAMS[kind].get("encoder_model") == "XLM-RoBERTa-XL")
    with quiet():
        import torch
        from comet.models import str2model

    hparams = {**_COMMON, **_HPARAMS[kind], "pretrained_model": str(encoder.absolute())}
    hparams["hidden_sizes"] = list(hidden_sizes)
    class_identifier = hparams["class_identifier"]
    arguments = {key: value for key, value in hparams.items() if key != "class_identifier"}
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = str2model[class_identifier](**arguments, load_pretrained_weights=False, local_files_only=True)
        for index, weight in enumerate(model.layerwise_attention.scalar_parameters):
            weight.data.fill_(0.9 * index)  # unequal, so that softmax and sparsemax give different mixtures
        for layer in model.estimator.ff[::3]:
            layer.weight.data.mul_(3.0)  # so that different texts get scores that differ
        if class_identifier == "xcomet_metric":
            _vary_labels(model)
    write_ckpt(folder, model.state_dict(), hparams)
    # The published models of these two classes were relabelled in hparams.yaml, and only there.
    relabelled = hparams["layer_transformation"] == "sparsemax" and class_identifier != "regression_metric"
    settings = hparams | {"layer_transformation": "sparsemax_patch"} if relabelled else hparams
    (folder / "hparams.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def _vary_labels(model: Any) -> None:
    """Make the word-level head call most tokens right, and some of each text minor, major or critical.

    A random one gives nearly all tokens the same label, so that no error span ever ends.
    """
    import torch

    texts = [" ".join(_WORDS.split()[start : start + 8]) for start in range(0, 48, 8)]
    batch = model.eval().prepare_sample([{"src": text, "mt": text} for text in texts], stage="predict")[0]
    head = model.hidden2tag
    with torch.no_grad():
        logits = model(**batch).logits[batch["label_ids"] >= 0]
        mean, spread = logits.mean(dim=0), logits.std(dim=0)
        head.bias.sub_(mean).div_(spread)
        head.weight.div_(spread[:, None])
        head.bias[0].add_(0.5)


def write_ckpt(folder: Path, state_dict: dict[str, Any], hparams: dict[str, Any]) -> Path:
    """Write weights and settings as Lightning's ``trainer.save_checkpoint`` lays them out, for COMET to load."""
    import torch

    ckpt = folder / "checkpoints" / "model.ckpt"
    ckpt.parent.mkdir(parents=True, exist_ok=True)
    contents = {"epoch": 0, "global_step": 0, "pytorch-lightning_version": "2.2.0", "hparams_name": "kwargs"}
    torch.save({**contents, "state_dict": state_dict, "hyper_parameters": hparams}, ckpt)
    return ckpt
