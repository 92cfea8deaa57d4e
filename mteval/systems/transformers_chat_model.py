"""A chat model: its configuration, tokenizer with chat template, and weights, and what they write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mteval.checkpoint import Checkpoint
from mteval.errors import ConfigError, UnavailableError
from mteval.loading import find_device, free, load, load_weights
from mteval.sampling import Draws

if TYPE_CHECKING:
    import torch

_KEPT = ("bos_token_id", "eos_token_id", "pad_token_id", "bad_words_ids", "suppress_tokens", "begin_suppress_tokens")
_PROBE = "mteval"


class Written(NamedTuple):
    """What the model wrote, and whether it ended that or was stopped."""

    text: str
    ended: bool


class Model:
    """A causal checkpoint with a chat template, running no code that it brings along.

    Args:
        checkpoint: where it lies.
        precision: one of ``DTYPES``.
        device: one of ``DEVICES``.
        template_settings: what its chat template takes besides messages: ``{enable_thinking: false}``.
        trust: whether Python code that the checkpoint brings along is run.

    Everything loaded raises ``UnavailableError`` if its files are broken or do not belong together.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        precision: str,
        device: str,
        template_settings: Mapping[str, object],
        trust: bool = False,
    ) -> None:
        self.checkpoint = checkpoint
        self._precision = precision
        self._device = device
        self._template_settings = template_settings
        self._trust = trust

    @cached_property
    def config(self) -> Any:
        """The ``transformers`` configuration; ``ConfigError`` if it is not of a decoder alone."""
        from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig

        config = load(self.checkpoint.name, self.checkpoint.folder, "configuration", AutoConfig, self._trust)
        own = self._trust and "AutoModelForCausalLM" in getattr(config, "auto_map", {})
        if config.is_encoder_decoder or not (own or type(config) in MODEL_FOR_CAUSAL_LM_MAPPING):
            problem = f"{self.checkpoint.name} ({config.model_type}) is no causal language model"
            raise ConfigError("checkpoint", problem, "choose one that is, or another system (systems=[huggingface])")
        return config

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer; ``ConfigError`` if it has no chat template."""
        from transformers import AutoTokenizer

        found = self.checkpoint
        tokenizer = load(found.name, found.folder, "tokenizer", AutoTokenizer, self._trust, config=self.config)
        if not tokenizer.chat_template:
            problem = f"{self.checkpoint.name} has no chat template"
            raise ConfigError("checkpoint", problem, "choose one that was trained to follow instructions")
        return tokenizer

    @cached_property
    def weights(self) -> Any:
        """The ``transformers`` model on its device, ready to write."""
        from transformers import AutoModelForCausalLM

        found = self.checkpoint
        return load_weights(found.name, found.folder, AutoModelForCausalLM, self._precision, self.device, self._trust)

    @property
    def device(self) -> torch.device:
        """Where the weights go; ``UnavailableError`` if CUDA is asked for in vain."""
        return find_device(self._device)

    @property
    def positions(self) -> int | None:
        """How many tokens prompt and answer may have together; ``None`` if the checkpoint sets no limit."""
        most = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return None if most is None else int(most)

    @cached_property
    def control_symbols(self) -> tuple[str, ...]:
        """What the tokenizer takes for a control symbol wherever it stands in a text."""
        added = [token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special]
        return tuple(dict.fromkeys(word for word in (*self.tokenizer.all_special_tokens, *added) if word.strip()))

    def rendered(self, messages: Sequence[Mapping[str, Any]], *, answered: bool = False) -> str:
        """What the chat template makes of messages, ready for an answer, or ``answered``.

        Raises:
            UnavailableError: it refuses them.
        """
        return str(self._template(messages, tokenize=False, add_generation_prompt=not answered))

    def read(self, messages: Sequence[Mapping[str, Any]]) -> list[int]:
        """The token ids of what the chat template makes of messages, ready for an answer."""
        return [int(number) for number in self._template(messages, tokenize=True, add_generation_prompt=True)]

    def ends(self, messages: Sequence[Mapping[str, Any]]) -> list[int]:
        """The tokens that end an answer to messages: those that the checkpoint's decoding settings name, the
        tokenizer's own end, and the control symbol that the chat template puts after an answer."""
        own = self._own("eos_token_id")
        found = [*(own if isinstance(own, list) else [own]), self.tokenizer.eos_token_id]
        answered = self.rendered([*messages, {"role": "assistant", "content": _PROBE}], answered=True)
        after = self.tokenizer(answered.rpartition(_PROBE)[2].lstrip(), add_special_tokens=False)["input_ids"]
        symbols = {*self.tokenizer.all_special_ids, *self.tokenizer.added_tokens_decoder}
        found += [number for number in after[:1] if number in symbols]
        return list(dict.fromkeys(number for number in found if number is not None))

    def write(
        self, batch: Sequence[Sequence[int]], ends: Sequence[int], most: int, draws: Draws | None = None
    ) -> list[Written]:
        """Answer a batch of prompts: with the likeliest token each time, or with tokens that are drawn.

        Args:
            batch: each prompt's token ids.
            ends: the tokens that end an answer.
            most: new tokens in an answer, its end included.
            draws: what draws the tokens, a row a prompt; ``None`` for none.
        """
        import torch
        import transformers

        generation_config: Any = transformers.GenerationConfig
        kept = {key: self._own(key) for key in _KEPT}
        pad = next(number for number in (kept["pad_token_id"], *ends, 0) if number is not None)
        decoding = generation_config(**kept | {"eos_token_id": list(ends) or None, "pad_token_id": pad})
        decoding.update(do_sample=False, num_beams=1, max_new_tokens=most)
        width, device = max(map(len, batch)), self.weights.device
        ids = torch.tensor([[*[pad] * (width - len(row)), *row] for row in batch], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in batch], device=device)
        with torch.inference_mode():
            made = self.weights.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=decoding,
                use_model_defaults=False,
                logits_processor=[] if draws is None else [draws],
            )
        rows = made[:, width:].tolist()
        texts = self.tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return [Written(text.strip(), any(end in row for end in ends)) for text, row in zip(texts, rows, strict=True)]

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("weights", None) is not None:
            free(self.device)

    def _own(self, key: str) -> Any:
        """One of the checkpoint's own decoding settings, from its configuration if its ``generation_config`` lacks
        it."""
        value = getattr(self.weights.generation_config, key, None)
        return getattr(self.config.get_text_config(), key, None) if value is None else value

    def _template(self, messages: Sequence[Mapping[str, Any]], **settings: bool) -> Any:
        try:
            return self.tokenizer.apply_chat_template(list(messages), **self._template_settings, **settings)
        except Exception as error:  # a template raises what it likes
            reason = next(iter(str(error).strip().splitlines()), "")[:200]
            problem = f"its chat template refuses the messages ({type(error).__name__}: {reason})"
            raise UnavailableError(
                self.checkpoint.name, problem, "correct prompt, system_message or messages"
            ) from error
