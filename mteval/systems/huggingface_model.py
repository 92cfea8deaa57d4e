"""A checkpoint: its configuration, tokenizer and weights, each loaded when it is first needed, and what they do."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mteval.checkpoint import Checkpoint
from mteval.errors import ConfigError, UnavailableError
from mteval.systems.huggingface_languages import FAMILIES, codes_in, token

if TYPE_CHECKING:
    import torch

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
DEVICES = ("auto", "cpu", "cuda")

_ANEW = "download it again, or choose another one"
_TOKENIZERS = {
    "MarianTokenizer": "marian",
    "NllbTokenizer": "nllb",
    "M2M100Tokenizer": "m2m100",
    "MBart50Tokenizer": "mbart50",
    "T5Tokenizer": "t5",
}
_KEPT = (
    "bos_token_id",
    "decoder_start_token_id",
    "eos_token_id",
    "pad_token_id",
    "forced_bos_token_id",
    "bad_words_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
)


class Output(NamedTuple):
    """A hypothesis, and whether the model ended it or was stopped."""

    text: str
    ended: bool


class Model:
    """A sequence-to-sequence checkpoint, running no code that it brings along.

    Args:
        checkpoint: where it lies.
        family: one of ``FAMILIES``, or ``auto``.
        precision: one of ``DTYPES``.
        device: one of ``DEVICES``.

    Everything loaded raises ``UnavailableError`` if its files are broken or do not belong together.
    """

    def __init__(self, checkpoint: Checkpoint, family: str, precision: str, device: str) -> None:
        self.checkpoint = checkpoint
        self._family = family
        self._precision = precision
        self._device = device

    @cached_property
    def config(self) -> Any:
        """The ``transformers`` configuration; ``ConfigError`` if it is not of an encoder with a decoder."""
        from transformers import AutoConfig

        config = self._load("configuration", AutoConfig)
        if not config.is_encoder_decoder:
            problem = f"{self.checkpoint.name} ({config.model_type}) has no encoder and decoder"
            raise ConfigError("checkpoint", problem, "choose a sequence-to-sequence checkpoint")
        return config

    @cached_property
    def tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")  # the signature says it instead
            tokenizer = self._load("tokenizer", AutoTokenizer, config=self.config)
        if tokenizer is False:  # which is what a broken SentencePiece model comes to
            raise UnavailableError(self.checkpoint.name, "its tokenizer cannot be loaded", _ANEW)
        return tokenizer

    @cached_property
    def weights(self) -> Any:
        """The ``transformers`` model on its device, ready to translate."""
        import torch
        from transformers import AutoModelForSeq2SeqLM

        device, dtype = self.device, getattr(torch, DTYPES[self._precision])
        model, report = self._load("weights", AutoModelForSeq2SeqLM, dtype=dtype, output_loading_info=True)
        if missing := sorted(report["missing_keys"]):  # which transformers would fill with random numbers
            problem = f"{len(missing)} of its weights are missing, {missing[0]} first"
            raise UnavailableError(self.checkpoint.name, problem, _ANEW)
        return model.to(device).eval()

    @property
    def device(self) -> torch.device:
        """Where the weights go; ``UnavailableError`` if CUDA is asked for in vain."""
        import torch

        found = torch.cuda.is_available()
        if self._device == "cuda" and not found:
            raise UnavailableError("device", "PyTorch finds no CUDA device here", "set it to cpu or auto")
        return torch.device("cuda" if found and self._device != "cpu" else "cpu")

    @cached_property
    def family(self) -> str:
        """How the checkpoint is told languages; ``ConfigError`` if its tokenizer does not show that."""
        if self._family != "auto":
            return self._family
        tokenizer = type(self.tokenizer).__name__.removesuffix("Fast")
        if tokenizer in _TOKENIZERS:
            return _TOKENIZERS[tokenizer]
        if hasattr(self.tokenizer, "src_lang"):
            problem = f"how {self.checkpoint.name} ({tokenizer}) is told languages is not known"
            raise ConfigError("family", problem, f"set it to one of {', '.join(FAMILIES)}")
        return "plain"

    @cached_property
    def codes(self) -> frozenset[str]:
        """The family's language codes that the tokenizer and the weights both have."""
        names = {*self.tokenizer.get_vocab(), *getattr(self.tokenizer, "lang_token_to_id", ())}
        codes = codes_in(names, self.family)
        return frozenset(code for code in codes if self.id_of(code) < self.config.vocab_size)

    @cached_property
    def most_read(self) -> int | None:
        """The most tokens that the encoder takes; ``None`` if the checkpoint sets no limit."""
        limits = (self.most_written, self.tokenizer.model_max_length)
        return min((int(limit) for limit in limits if limit is not None and limit < 1_000_000), default=None)

    @property
    def most_written(self) -> int | None:
        """The most tokens that the decoder has positions for; ``None`` if these are relative."""
        most = getattr(self.config, "max_position_embeddings", None)
        return None if most is None else int(most)

    def id_of(self, code: str) -> int:
        """The id of a language's token."""
        return int(self.tokenizer.convert_tokens_to_ids(token(code, self.family)))

    def read(self, text: str, language: str | None) -> tuple[list[int], int]:
        """The token ids of a source, cut to what the encoder takes, and how many there were.

        Args:
            text: the source with its prefix.
            language: the checkpoint's code for the source language, where its tokenizer wants to be told.
        """
        tokenizer = self.tokenizer
        if language is not None and hasattr(tokenizer, "src_lang"):
            tokenizer.src_lang = language
        ids: list[int] = tokenizer(text, verbose=False)["input_ids"]
        count = len(ids)
        if self.most_read is not None and count > self.most_read:
            tokenizer.truncation_side = "right"
            ids = tokenizer(text, truncation=True, max_length=self.most_read)["input_ids"]
        return ids, count

    def write(self, batch: Sequence[Sequence[int]], first: int | None, beam_size: int, most: int) -> list[Output]:
        """Translate a batch by beam search.

        Args:
            batch: each source's token ids.
            first: the id of the target language's token, where that comes first in a hypothesis.
            beam_size: how many beams; 1 is greedy search.
            most: new tokens in a hypothesis, its end and ``first`` included.
        """
        import torch

        model, decoding = self.weights, self._decoding(first)
        width = max(map(len, batch))
        pad = decoding.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in batch], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch], device=model.device)
        decoding.update(num_beams=beam_size, max_new_tokens=most)
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids, attention_mask=mask, generation_config=decoding, use_model_defaults=False
            )
        ends = decoding.eos_token_id if isinstance(decoding.eos_token_id, list) else [decoding.eos_token_id]
        rows = [row[1 if first is None else 2 :] for row in made.tolist()]  # without start and language
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [Output(text.strip(), any(end in row for end in ends)) for text, row in zip(texts, rows, strict=True)]

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("weights", None) is not None and self.device.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _decoding(self, first: int | None) -> Any:
        """Decoding settings that have the checkpoint's token ids and nothing else of its own."""
        import transformers

        generation_config: Any = transformers.GenerationConfig
        shipped, config = self.weights.generation_config, self.config
        kept = {key: getattr(shipped, key, None) for key in _KEPT}
        kept = {key: getattr(config, key, None) if value is None else value for key, value in kept.items()}
        if first is not None:
            kept["forced_bos_token_id"] = first
        return generation_config(**kept, do_sample=False)

    def _load(self, what: str, auto: Any, **settings: Any) -> Any:
        folder = self.checkpoint.folder
        try:
            return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **settings)
        except Exception as error:  # sentencepiece, tokenizers, safetensors and transformers raise what they like
            reason = next(iter(str(error).strip().splitlines()), "")[:200]
            problem = f"its {what} cannot be loaded ({type(error).__name__}: {reason})"
            raise UnavailableError(self.checkpoint.name, problem, _ANEW) from error
