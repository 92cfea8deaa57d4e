"""A checkpoint's weights, loaded when they are first needed, and what they write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mteval.loading import find_device, free, load_weights
from mteval.sampling import Draws
from mteval.systems.huggingface_reader import Reader
from mteval.systems.huggingface_search import beam_search

if TYPE_CHECKING:
    import torch

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


class Written(NamedTuple):
    """A hypothesis, and whether the model ended it or was stopped."""

    text: str
    ended: bool


def forbidding(shipped: Any, config: Any) -> dict[str, Any]:
    """The token ids and forbidden tokens of a checkpoint's own decoding settings, and nothing else of them.

    Args:
        shipped: its ``generation_config``.
        config: its configuration, where older checkpoints have the same.
    """
    kept = {key: getattr(shipped, key, None) for key in _KEPT}
    return {key: getattr(config, key, None) if value is None else value for key, value in kept.items()}


class Model:
    """The weights of a sequence-to-sequence checkpoint.

    Args:
        reader: of the same checkpoint.
        precision: one of ``DTYPES``.
        device: one of ``DEVICES``.
    """

    def __init__(self, reader: Reader, precision: str, device: str) -> None:
        self._reader = reader
        self._precision = precision
        self._device = device

    @cached_property
    def weights(self) -> Any:
        """The ``transformers`` model on its device, ready to translate."""
        from transformers import AutoModelForSeq2SeqLM

        found = self._reader
        return load_weights(found.name, found.folder, AutoModelForSeq2SeqLM, self._precision, self.device, found.trust)

    @property
    def device(self) -> torch.device:
        """Where the weights go; ``UnavailableError`` if CUDA is asked for in vain."""
        return find_device(self._device)

    def search(
        self, batch: Sequence[Sequence[int]], first: int | None, beam_size: int, most: int, count: int = 1
    ) -> list[list[Written]]:
        """Translate a batch by beam search.

        Args:
            batch: each source's token ids.
            first: the id of the target language's token, where that comes first in a hypothesis.
            beam_size: how many beams; 1 is greedy search.
            most: new tokens in a hypothesis, its end and ``first`` included.
            count: how many hypotheses of each source, ``beam_size`` at most.

        Returns:
            For each source its hypotheses, the likeliest first.
        """
        found = self._generate(batch, first, most, num_beams=beam_size, num_return_sequences=count)
        return [found[start : start + count] for start in range(0, len(found), count)]

    def draw(self, batch: Sequence[Sequence[int]], first: int | None, most: int, draws: Draws) -> list[Written]:
        """Translate a batch by drawing tokens; arguments as for ``search``, with a hypothesis for each row."""
        return self._generate(batch, first, most, draws=draws)

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("weights", None) is not None:
            free(self.device)

    def _generate(
        self,
        batch: Sequence[Sequence[int]],
        first: int | None,
        most: int,
        draws: Draws | None = None,
        **settings: int,
    ) -> list[Written]:
        import torch

        model, decoding = self.weights, self._decoding(first)
        width = max(map(len, batch))
        pad = decoding.pad_token_id
        ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in batch], device=model.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch], device=model.device)
        decoding.update(max_new_tokens=most, **settings)
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=decoding,
                use_model_defaults=False,
                logits_processor=[] if draws is None else [draws],
                custom_generate=beam_search if settings.get("num_beams", 1) > 1 else None,
            )
        ends = decoding.eos_token_id if isinstance(decoding.eos_token_id, list) else [decoding.eos_token_id]
        rows = [row[1 if first is None else 2 :] for row in made.tolist()]  # without start and language
        texts = self._reader.texts(rows)
        return [Written(text, any(end in row for end in ends)) for text, row in zip(texts, rows, strict=True)]

    def _decoding(self, first: int | None) -> Any:
        import transformers

        generation_config: Any = transformers.GenerationConfig
        kept = forbidding(self.weights.generation_config, self._reader.config)
        if first is not None:
            kept["forced_bos_token_id"] = first
        return generation_config(**kept, do_sample=False)
