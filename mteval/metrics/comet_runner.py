"""One COMET model that scores items in this process: loaded when it is first asked, on one device."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mteval.errors import ContractError
from mteval.halving import Halving
from mteval.metrics.base import Item, ItemScore
from mteval.metrics.comet_batches import groups
from mteval.metrics.comet_checkpoint import JOINING, CometCheckpoint
from mteval.metrics.comet_first_token import keep_first_token
from mteval.metrics.comet_kept import hand_back_freed, keep_freed
from mteval.metrics.comet_model import Output, joined
from mteval.metrics.comet_pooling import mix_few, pooled
from mteval.metrics.comet_precision import lower
from mteval.metrics.comet_texts import Given, Texts
from mteval.segment import ErrorSpan

_GROUP = 4096  # items are looked at so many at a time, so that what is known of their texts takes bounded memory
_CPU_TOKENS = 768
_CPU_TOKENS_BF16 = 3072  # matrix units want large products


class CometRunner:
    """Scores items that are all different; settings are ``Comet``'s, and checked.

    It can be pickled, without the model: workers are sent one.

    Args:
        checkpoint: whose model it is.
        label: the metric's, for errors.
        windows: whether what is too long is scored in windows of whole sentences.
        context, precision, batch_size, device: as for ``Comet``.
    """

    def __init__(
        self,
        checkpoint: CometCheckpoint,
        label: str,
        *,
        context: int,
        windows: bool,
        precision: str,
        batch_size: int,
        device: str,
    ) -> None:
        self._checkpoint = checkpoint
        self._label = label
        self._context = context
        self._windows = windows
        self._precision = precision
        self._batch_size = batch_size
        self._device = device
        self._halving = Halving(f"metric {label}")

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "model"}

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; those of one segment share what is computed of its texts.

        A batch that memory has no room for is halved, which a notice of the next score tells.

        Yields:
            An item's position and its score.

        Raises:
            ContractError: the model gives a score that is not a number.
            UnavailableError: a text does not fit into memory, even alone.
        """
        positions = {item: position for position, item in enumerate(items)}
        model = self.model
        joining = self._checkpoint.class_identifier in JOINING
        outputs_of = joined if joining else pooled
        for group in groups(items, _GROUP):
            given = Texts(model, joining, self._context, self._windows).of(group)
            owners = {id(part): item for item, one in given.items() for of_sample in one.parts for part in of_sample}
            parts = [part for one in given.values() for of_sample in one.parts for part in of_sample]
            outputs: dict[Item, dict[int, Output]] = {item: {} for item in given}
            for found in outputs_of(model, parts, self._budget, self._halving):
                for part, output in found:
                    outputs[owners[id(part)]][id(part)] = output
                for item in dict.fromkeys(owners[id(part)] for part, _ in found):
                    if len(outputs[item]) == sum(map(len, given[item].parts)):
                        yield positions[item], self._score(item, given[item], outputs.pop(item))

    def _score(self, item: Item, given: Given, outputs: Mapping[int, Output]) -> ItemScore:
        """An item's score, from what the model says of its parts.

        Raises:
            ContractError: it is not a number.
        """
        by_reference = [[outputs[id(part)][0] for part in of_sample] for of_sample in given.parts]
        score = _mean([_mean(scores) for scores in by_reference])
        if not math.isfinite(score):
            raise ContractError(
                f"metric {self._label}",
                f"gave {score} for a hypothesis in {self._precision} ({item.hypothesis[:60]!r})",
                "set its precision to fp32, or check the checkpoint",
            )
        spans: list[ErrorSpan] | None = []
        for part in given.parts[0]:
            found = outputs[id(part)][1]
            spans = None if found is None or spans is None else spans + _moved(found, part.start)
        notices = (*given.notices, *self._halving.taken())
        return ItemScore(score, (score,), None if spans is None else tuple(spans), given.truncated, notices=notices)

    def close(self) -> None:
        """Give up the memory that the model takes; it is loaded again when it is needed."""
        if self.__dict__.pop("model", None) is not None:
            hand_back_freed()

    @functools.cached_property
    def model(self) -> Any:
        """COMET's, on its device and ready to score."""
        import torch

        model = self._checkpoint.load()
        if self._context:
            model.enable_context()
        cuda = self._device == "cuda" or (self._device == "auto" and torch.cuda.is_available())
        if self._checkpoint.class_identifier in JOINING:
            keep_first_token(model)
        elif not cuda:
            mix_few(model)
        if not cuda:
            keep_freed()
        return lower(model.to("cuda" if cuda else "cpu"), self._precision)

    @property
    def _budget(self) -> int:
        """How many tokens are encoded together at most; a CPU gains nothing beyond some thousands."""
        tokens = self._batch_size * self._checkpoint.max_positions
        if self.model.device.type == "cuda":
            return tokens
        return min(tokens, _CPU_TOKENS_BF16 if self._precision == "bf16" else _CPU_TOKENS)


def _moved(spans: list[ErrorSpan], by: int) -> list[ErrorSpan]:
    """Spans of a window as spans of the text that it begins at so many characters of."""
    return [replace(span, start=span.start + by, end=span.end + by) for span in spans]


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)
