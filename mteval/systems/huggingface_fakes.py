"""Tiny checkpoints with random weights, written to a folder, that load as the real families do.

Each function writes what a published checkpoint of its family holds (``config.json``, ``generation_config.json``,
safetensors weights and the tokenizer's files), a few hundred kilobytes in all and the same for the same seed. What they
translate into is nonsense; their codes, prefixes, limits and decoding are those of the family.
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_TEXT = (
    "O rápido cão castanho saltou por cima da vedação, não foi? Às vezes, à tarde, põe-se o sol; ÇÃÕÉÍÓÚÂÊÔ üê",
    "Ştirile de astăzi: țara își alege președintele, iar oamenii așteaptă în liniște. ĂÂÎȘȚ şţ „da” «nu»",
    "The quick brown fox jumps over the lazy dog; 0123456789 pages, (half) of them: \"blank\"! 'It' isn't <a/b> &c. %",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz",
)
"""Holds the letters that the tokenizers know; every other one is unknown to them."""

_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_SPACE = "▁"


def write_marian(folder: Path, *, seed: int = 0, source: str = "ROMANCE", targets: Sequence[str] = ("en",)) -> Path:
    """Write an OPUS-MT checkpoint; with several targets, each is chosen by its ``>>xxx<<``.

    Args:
        folder: where to; made if need be.
        seed: of the weights.
        source: the source language or group of languages that the tokenizer's settings name.
        targets: the target languages, in the checkpoint's own codes.

    Returns:
        ``folder``.
    """
    transformers = _module("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    model, pieces = _sentencepiece()
    (folder / "source.spm").write_bytes(model)
    (folder / "target.spm").write_bytes(model)
    codes = [f">>{target}<<" for target in targets] if len(targets) > 1 else []
    vocab = ["</s>", "<unk>", *pieces, *codes, "<pad>"]
    _write_json(folder / "vocab.json", {piece: index for index, piece in enumerate(vocab)})
    target = targets[0] if len(targets) == 1 else "mul"
    settings = {"source_lang": source, "target_lang": target, "model_max_length": 512}
    _write_json(folder / "tokenizer_config.json", {**settings, "tokenizer_class": "MarianTokenizer"})
    pad = len(vocab) - 1
    config = transformers.MarianConfig(
        **_size(len(vocab)), pad_token_id=pad, decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0
    )
    _save(
        transformers.MarianMTModel, config, folder, seed, {"num_beams": 6, "max_length": 512, "bad_words_ids": [[pad]]}
    )
    return folder


def write_m2m100(folder: Path, *, seed: int = 0) -> Path:
    """Write an M2M-100 checkpoint, with all hundred languages; ``folder`` and ``seed`` as for ``write_marian``."""
    transformers = _module("transformers")
    folder.mkdir(parents=True, exist_ok=True)
    model, pieces = _sentencepiece()
    (folder / "sentencepiece.bpe.model").write_bytes(model)
    _write_json(folder / "vocab.json", {piece: index for index, piece in enumerate([*_SPECIAL, *pieces])})
    languages = _module("transformers.models.m2m_100.tokenization_m2m_100").FAIRSEQ_LANGUAGE_CODES
    tokenizer = transformers.M2M100Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "sentencepiece.bpe.model"),
        model_max_length=512,
        additional_special_tokens=[f"__{code}__" for code in languages["m2m100"]],
    )
    tokenizer.save_pretrained(folder)
    size = tokenizer.encoder_size + len(tokenizer.lang_code_to_id) + tokenizer.num_madeup_words
    _save(
        transformers.M2M100ForConditionalGeneration,
        transformers.M2M100Config(**_size(size)),
        folder,
        seed,
        {"max_length": 200},
    )
    return folder


def write_nllb(folder: Path, *, seed: int = 0) -> Path:
    """Write an NLLB-200 checkpoint, with all its languages; ``folder`` and ``seed`` as for ``write_marian``."""
    transformers = _module("transformers")
    tokenizer = transformers.NllbTokenizerFast(tokenizer_object=_characters(_SPECIAL), model_max_length=512)
    tokenizer.save_pretrained(folder)
    config = transformers.M2M100Config(**_size(len(tokenizer)))
    _save(transformers.M2M100ForConditionalGeneration, config, folder, seed, {"max_length": 200})
    return folder


def write_mbart50(folder: Path, *, seed: int = 0) -> Path:
    """Write an mBART-50 checkpoint, with all its languages; ``folder`` and ``seed`` as for ``write_marian``."""
    transformers = _module("transformers")
    tokenizer = transformers.MBart50TokenizerFast(tokenizer_object=_characters(_SPECIAL), model_max_length=512)
    tokenizer.save_pretrained(folder)
    config = transformers.MBartConfig(
        **_size(len(tokenizer)),
        decoder_start_token_id=2,
        forced_eos_token_id=2,
        normalize_before=True,  # which, like the next two, published checkpoints hold, and converters read
        normalize_embedding=True,
        tokenizer_class="MBart50Tokenizer",
    )
    _save(transformers.MBartForConditionalGeneration, config, folder, seed, {"num_beams": 5, "max_length": 200})
    return folder


def write_t5(folder: Path, *, seed: int = 0, targets: Sequence[str] = ("en", "pt", "ro")) -> Path:
    """Write a T5 checkpoint whose ``<2xx>`` tokens choose the target, as MADLAD-400's do.

    Args:
        folder, seed: as for ``write_marian``.
        targets: the target languages, in the checkpoint's own codes; none makes a T5 without language tokens.
    """
    transformers = _module("transformers")
    codes = tuple(f"<2{target}>" for target in targets)
    characters = _characters(("<pad>", "</s>", "<unk>"), codes)
    ending = _module("tokenizers").processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    characters.post_processor = ending
    tokenizer = transformers.T5TokenizerFast(
        tokenizer_object=characters,
        extra_ids=0,
        additional_special_tokens=list(codes),
        model_max_length=int(1e30),
    )
    tokenizer.save_pretrained(folder)
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        initializer_factor=3.0,
        tie_word_embeddings=False,
        feed_forward_proj="gated-gelu",
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    _save(transformers.T5ForConditionalGeneration, config, folder, seed, {})
    return folder


def _size(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "max_position_embeddings": 512,
        "init_std": 0.5,
        "scale_embedding": False,
    }


def _save(model_class: Any, config: Any, folder: Path, seed: int, generation: dict[str, Any]) -> None:
    """Write weights drawn from ``seed`` (the caller's random state is left alone) and the decoding settings."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = model_class(config)
    with torch.no_grad():  # so that some hypotheses end early, some late and some not at all
        model.get_output_embeddings().weight[config.eos_token_id] *= 2.5
    model.generation_config.update(**generation)
    model.save_pretrained(folder)


def _sentencepiece() -> tuple[bytes, list[str]]:
    """A SentencePiece model of single characters, and its pieces without the control symbols."""
    sentencepiece = _module("sentencepiece")
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXT),
        model_writer=written,
        model_type="char",
        vocab_size=500,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    pieces = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    return written.getvalue(), [piece for piece in pieces if piece not in _SPECIAL]


def _characters(special: Sequence[str], codes: Sequence[str] = ()) -> Any:
    """A ``tokenizers.Tokenizer`` of single characters."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    letters = sorted({_SPACE, *"".join(_TEXT)} - {" "})
    vocab = {piece: index for index, piece in enumerate([*special, *letters, *codes])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[], unk_token="<unk>", fuse_unk=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _module(name: str) -> Any:
    """A module that is slow to import and declares no types."""
    return importlib.import_module(name)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
