"""MetricX's weights and tokenizer: an mT5 whose decoder makes one step, in which one token's logit is the score.

Written after ``MT5ForRegression`` of https://github.com/google-research/metricx, on ``transformers``' own mT5.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mteval.checkpoint import Checkpoint, find, need
from mteval.errors import UnavailableError
from mteval.loading import ANEW, find_device, free, load, load_weights
from mteval.needs import Need

PRECISIONS = ("fp32", "bf16")
TOKENIZER = "google/mt5-xl"
"""Where the tokenizer of all published MetricX checkpoints is: their own repositories hold none."""

WORST = 25.0
"""The high end of the scale: as bad as an MQM score gets."""

_SCORE = 250089
"""The token ``<extra_id_10>``, whose logit is the score."""
_START = 0


class MetricXModel:
    """A MetricX checkpoint, running no code that it brings along; each part is loaded when it is first needed.

    Args:
        checkpoint: a hub name or a folder, with weights.
        revision: of it at the hub.
        tokenizer: a hub name or a folder, with a tokenizer; ``None`` for the one in the checkpoint's folder, or else
            ``TOKENIZER``.
        tokenizer_revision: of it at the hub.
        precision: one of ``PRECISIONS``.
        device: one of ``DEVICES``.

    Everything loaded raises ``UnavailableError`` if its files are missing, broken or do not belong together.
    """

    def __init__(
        self,
        checkpoint: str,
        revision: str | None,
        tokenizer: str | None,
        tokenizer_revision: str | None,
        precision: str,
        device: str,
    ) -> None:
        self._name = checkpoint
        self._revision = revision
        self._tokenizer = tokenizer
        self._tokenizer_revision = tokenizer_revision
        self._precision = precision
        self._device = device

    @functools.cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the weights lie; downloaded if need be."""
        return find(self._name, self._revision, ("weights",))

    @functools.cached_property
    def tokenizer_checkpoint(self) -> Checkpoint:
        """Where the tokenizer lies; downloaded if need be."""
        return find(self._tokenizer_name, self._tokenizer_revision, ("tokenizer",))

    @property
    def _tokenizer_name(self) -> str:
        if self._tokenizer is not None:
            return self._tokenizer
        beside = Path(self._name).expanduser()
        there = beside.is_dir() and need(self._name, None, parts=("tokenizer",)).found
        return self._name if there else TOKENIZER

    def needs(self) -> tuple[Need, ...]:
        """The weights and the tokenizer, found or not, without asking the hub."""
        stored = 2 if self._name.endswith("bfloat16") else 4
        weight = (4 if self._precision == "fp32" else 2) * 4 / stored
        name = self._tokenizer_name
        tokenizer = need(name, self._tokenizer_revision, parts=("tokenizer",))
        return need(self._name, self._revision, weight, parts=("weights",)), tokenizer

    @functools.cached_property
    def config(self) -> Any:
        """The ``transformers`` configuration, which must be of an mT5 that can be a MetricX."""
        from transformers import AutoConfig

        config = load(self.checkpoint.name, self.checkpoint.folder, "configuration", AutoConfig)
        if config.model_type != "mt5" or config.vocab_size <= _SCORE or config.tie_word_embeddings:
            problem = f"is a {config.model_type} of {getattr(config, 'vocab_size', 0)} tokens, and no MetricX"
            raise UnavailableError(
                self.checkpoint.name, problem, "choose a checkpoint such as google/metricx-23-xl-v2p0"
            )
        return config

    @functools.cached_property
    def tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        found = self.tokenizer_checkpoint
        with _quiet():  # of what the official tool's tokenizer, which is this one, does to rare letters
            tokenizer = load(found.name, found.folder, "tokenizer", AutoTokenizer)
        if not callable(tokenizer):  # which is what a broken SentencePiece model comes to
            raise UnavailableError(found.name, "its tokenizer cannot be loaded", ANEW)
        if len(tokenizer) > self.config.vocab_size:
            problem = f"has {len(tokenizer)} tokens, and {self._name} knows {self.config.vocab_size}"
            raise UnavailableError(found.name, problem, f"set tokenizer to {TOKENIZER}")
        return tokenizer

    @property
    def device(self) -> Any:
        """Where the weights go; ``UnavailableError`` if CUDA is asked for in vain."""
        return find_device(self._device)

    @functools.cached_property
    def weights(self) -> tuple[Any, Any, Any]:
        """Encoder, decoder and the one row of the output layer that is read, on their device."""
        import torch
        from transformers import MT5ForConditionalGeneration

        found, here = self.checkpoint, torch.device("cpu")  # where the other rows of the output layer are let go
        model = load_weights(found.name, found.folder, MT5ForConditionalGeneration, self._precision, here)
        row = model.lm_head.weight[_SCORE].detach().clone()
        return model.encoder.to(self.device), model.decoder.to(self.device), row.to(self.device)

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text, without an end mark, which the model is not given, and uncut."""
        tokens = self.tokenizer(list(texts), add_special_tokens=False, padding=False, truncation=False, verbose=False)
        rows: list[list[int]] = tokens["input_ids"]
        return rows

    def score(self, rows: Sequence[Sequence[int]]) -> list[float]:
        """The scores of a batch, each given by its token ids, from 0 to ``WORST``."""
        import torch

        encoder, decoder, row = self.weights
        width = max(map(len, rows))
        pad = int(self.config.pad_token_id)
        ids = torch.tensor([[*ids, *[pad] * (width - len(ids))] for ids in rows], device=self.device)
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in rows], device=self.device)
        start = torch.full((len(rows), 1), _START, device=self.device)
        with torch.inference_mode():
            hidden = encoder(input_ids=ids, attention_mask=mask)[0]
            step = decoder(input_ids=start, encoder_hidden_states=hidden, encoder_attention_mask=mask, use_cache=False)[
                0
            ]
            scores: list[float] = torch.clamp(step[:, 0] @ row, 0, WORST).float().tolist()
        return scores

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("weights", None) is not None:
            free(self.device)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep ``transformers`` from writing to the terminal, and leave logging and warnings as they were."""
    logger = logging.getLogger("transformers")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            logger.setLevel(logging.ERROR)
            yield
        finally:
            logger.setLevel(level)
