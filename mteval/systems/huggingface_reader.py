"""What a checkpoint reads: its configuration, its tokenizer, its language codes and how much it takes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mteval.errors import ConfigError, UnavailableError
from mteval.loading import ANEW, load
from mteval.systems.huggingface_languages import FAMILIES, codes_in, token

_TOKENIZERS = {
    "MarianTokenizer": "marian",
    "NllbTokenizer": "nllb",
    "M2M100Tokenizer": "m2m100",
    "MBart50Tokenizer": "mbart50",
    "T5Tokenizer": "t5",
}
_CLASSES = {family: tokenizer for tokenizer, family in _TOKENIZERS.items()}


class Reader:
    """Reads texts as a sequence-to-sequence checkpoint does.

    Args:
        name: the checkpoint's, for errors.
        folder: where it lies.
        family: one of ``FAMILIES``, or ``auto``.
        vocabulary: the tokens that the weights know, where the folder has no configuration of ``transformers``.
        trust: whether Python code that the checkpoint brings along is run; ``None`` where the user is not asked, and it
            is not.

    Everything loaded raises ``UnavailableError`` if its files are broken or do not belong together.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        family: str,
        vocabulary: Collection[str] | None = None,
        trust: bool | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.trust = trust
        self._family = family
        self._vocabulary = vocabulary

    @cached_property
    def config(self) -> Any:
        """The ``transformers`` configuration, ``None`` if the folder has none; ``ConfigError`` if it is not of an
        encoder with a decoder."""
        if self._vocabulary is not None:
            return None
        from transformers import AutoConfig

        config = load(self.name, self.folder, "configuration", AutoConfig, self.trust)
        if not config.is_encoder_decoder:
            problem = f"{self.name} ({config.model_type}) has no encoder and decoder"
            raise ConfigError("checkpoint", problem, "choose a sequence-to-sequence checkpoint")
        return config

    @cached_property
    def tokenizer(self) -> Any:
        import transformers

        library: Any = transformers
        settings = {} if self.config is None else {"config": self.config}
        auto = library.AutoTokenizer
        if self.config is None and not self._names_tokenizer():  # which AutoTokenizer would guess from the path
            if self._family not in _CLASSES:
                problem = f"{self.name} does not say of which class its tokenizer is"
                raise ConfigError("family", problem, f"set it to one of {', '.join(_CLASSES)}")
            quick = (self.folder / "tokenizer.json").is_file()
            auto = getattr(library, f"{_CLASSES[self._family]}{'Fast' * quick}")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")  # the signature says it instead
            tokenizer = load(self.name, self.folder, "tokenizer", auto, self.trust, **settings)
        if tokenizer is False:  # which is what a broken SentencePiece model comes to
            raise UnavailableError(self.name, "its tokenizer cannot be loaded", ANEW)
        return tokenizer

    @cached_property
    def family(self) -> str:
        """How the checkpoint is told languages; ``ConfigError`` if its tokenizer does not show that."""
        if self._family != "auto":
            return self._family
        tokenizer = type(self.tokenizer).__name__.removesuffix("Fast")
        if tokenizer in _TOKENIZERS:
            return _TOKENIZERS[tokenizer]
        if hasattr(self.tokenizer, "src_lang"):
            problem = f"how {self.name} ({tokenizer}) is told languages is not known"
            raise ConfigError("family", problem, f"set it to one of {', '.join(FAMILIES)}")
        return "plain"

    @cached_property
    def codes(self) -> frozenset[str]:
        """The family's language codes that the tokenizer and the weights both have."""
        names = {*self.tokenizer.get_vocab(), *getattr(self.tokenizer, "lang_token_to_id", ())}
        codes = codes_in(names, self.family)
        if self._vocabulary is not None:
            return frozenset(code for code in codes if token(code, self.family) in self._vocabulary)
        return frozenset(code for code in codes if self.id_of(code) < self.config.vocab_size)

    @cached_property
    def most_read(self) -> int | None:
        """The most tokens that the encoder takes; ``None`` if the checkpoint sets no limit."""
        limits = (self.most_written, self.tokenizer.model_max_length)
        return min((int(limit) for limit in limits if limit is not None and limit < 1_000_000), default=None)

    def check_length(self, length: int, checkpoint: str) -> None:
        """Make sure that the decoder has positions for so many new tokens.

        Args:
            checkpoint: what the config calls it.

        Raises:
            ConfigError: it has not.
        """
        most = self.most_written
        if most is not None and length > most:
            raise ConfigError("max_length", f"{checkpoint} writes {most} tokens at most", f"set it to {most} or less")

    @cached_property
    def most_written(self) -> int | None:
        """The most tokens that the decoder has positions for; ``None`` if these are relative, or not known."""
        most = getattr(self.config, "max_position_embeddings", None)
        if self.config is None and self.family != "t5" and self.tokenizer.model_max_length < 1_000_000:
            most = self.tokenizer.model_max_length  # which these families' checkpoints set to their positions
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

    def texts(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The texts of hypotheses' token ids, without control symbols and blanks around them."""
        return [text.strip() for text in self.tokenizer.batch_decode(rows, skip_special_tokens=True)]

    def _names_tokenizer(self) -> bool:
        """Whether the folder says of which class its tokenizer is."""
        try:
            return "tokenizer_class" in json.loads((self.folder / "tokenizer_config.json").read_bytes())
        except (OSError, ValueError):
            return False
