"""MetricX-23 and MetricX-24 (Juraska et al. 2023, 2024): mT5 trained to predict MQM error scores; lower is better.

The numbers are those of ``python -m metricx23.predict`` and ``python -m metricx24.predict`` of
https://github.com/google-research/metricx, with ``--batch_size 1`` and the ``--max_input_length`` of its README.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, ContractError, MissingReferenceError
from mteval.loading import DEVICES
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.fits import fits
from mteval.metrics.language_sets import language_codes
from mteval.metrics.metricx_model import PRECISIONS, WORST, MetricXModel
from mteval.needs import Need
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_texts, checked_names
from mteval.signature import Signature

_LENGTHS = {23: 1024, 24: 1536}
"""By generation, the ``--max_input_length`` that its models were trained with."""


class MetricX(Metric):
    """A MetricX model, with or without a reference.

    MetricX-23 sees the hypothesis with the reference, or (its QE models) with the source. MetricX-24 sees source and
    hypothesis, and the reference too if there is one: the same checkpoint does both.

    Where an item has several references, its score is the mean of those against each; the official tool takes one.
    Inputs that are the same are scored once. Scores do not depend on the batch in fp32, but for rounding: padding is
    masked.

    Args:
        checkpoint: a hub name (``google/metricx-24-hybrid-large-v2p6``), or a folder with ``config.json`` and weights.
        label: how the metric is written in a table.
        generation: 23 or 24, which decides what is put before the model, and in what order.
        needs_reference: whether it scores against references.
        precision: ``fp32``, as the official tool has it even of weights that are stored in bfloat16; or ``bf16``.
        batch_size: the most tokens in a batch, padding included; a longer input is a batch of its own.
        device: ``auto`` (CUDA if there is a device, else the CPU), ``cpu`` or ``cuda``.
        revision: of the checkpoint at the hub: a commit, branch or tag.
        tokenizer: a hub name, or a folder with mT5's tokenizer and ``config.json``; ``None`` takes the one in the
            checkpoint's folder, or else ``google/mt5-xl``, whose tokenizer all published models use.
        tokenizer_revision: of the tokenizer at the hub.
        max_length: ``--max_input_length``: how many tokens an input has at most, one of which is an end mark that is
            counted and then taken away; ``None`` for the one that the generation was trained with.
        languages: those that it was pre-trained on: a set in ``language_sets`` by name, or a list of codes; ``None``
            where that is not known.
        licence: of the checkpoint, as an SPDX identifier.
        thresholds: its name in MT-Thresholds (Kocmi et al. 2024); ``None`` where no fit was published for it.
        trained_on: test sets whose gold scores it was trained on, as its authors say: ``[wmt20, mlqe-pe]``.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(
        self,
        *,
        checkpoint: str,
        label: str,
        generation: int,
        needs_reference: bool,
        precision: str = "fp32",
        batch_size: int = 4096,
        device: str = "auto",
        revision: str | None = None,
        tokenizer: str | None = None,
        tokenizer_revision: str | None = None,
        max_length: int | None = None,
        languages: str | Sequence[str] | None = "mt5",
        licence: str = "Apache-2.0",
        thresholds: str | None = None,
        trained_on: Sequence[str] = (),
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("label", label), ("licence", licence), ("revision", revision))
        check_texts(("tokenizer", tokenizer), ("tokenizer_revision", tokenizer_revision))
        check_choices(("precision", precision, PRECISIONS), ("device", device, DEVICES))
        check_counts(("batch_size", batch_size))
        if generation not in _LENGTHS:
            raise ConfigError("generation", f"is {generation!r}", "give 23 or 24")
        if max_length is not None:
            check_counts(("max_length", max_length), least=2)
        if thresholds is not None:
            check_choices(("thresholds", thresholds, fits()))
        self._max_length = _LENGTHS[generation] if max_length is None else max_length
        self._generation = generation
        self._precision = precision
        self._batch_size = batch_size
        self._model = MetricXModel(checkpoint, revision, tokenizer, tokenizer_revision, precision, device)
        self._card = MetricCard(
            label=label,
            needs_reference=needs_reference,
            higher_is_better=False,
            low=0,
            high=WORST,
            decimals=3,
            licence=licence,
            family="metricx",
            thresholds=thresholds,
            trained_on=checked_names("trained_on", trained_on),
            languages=language_codes(languages, "languages"),
            sees_source=generation == 24 or not needs_reference,
            max_length=self._max_length - 1,
        )

    @property
    def card(self) -> MetricCard:
        return self._card

    def check(self) -> None:
        """Make sure that weights, tokenizer and device can be had; what is not on this machine is downloaded.

        The weights are not loaded yet.

        Raises:
            GatedError, UnavailableError: a file is missing or broken, the hub cannot be reached, there is no such
                device.
            ConfigError: ``checkpoint`` or ``tokenizer`` is neither a folder nor a possible name.
        """
        _ = self._model.tokenizer, self._model.device

    def needs(self) -> tuple[Need, ...]:
        return self._model.needs()

    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable.

        Raises:
            UnavailableError: weights or tokenizer cannot be had: their revisions are part of the signature.
        """
        weights, tokenizer = self._model.checkpoint, self._model.tokenizer_checkpoint
        needs = self._card.needs_reference
        settings: dict[str, object] = {
            "metricx": self._card.label,
            "generation": self._generation,
            "input": "reference" if needs else "qe",
            "checkpoint": f"{weights.name}@{weights.revision}",
            "tokenizer": f"{tokenizer.name}@{tokenizer.revision}",
            "tokens": self._max_length,
            "precision": self._precision,
            **({"nrefs": references} if needs else {}),
        }
        return Signature.of(settings | {"transformers": importlib.metadata.version("transformers")})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; see ``Metric.score``.

        Raises:
            MissingReferenceError: an item lacks the reference that the model needs.
            ContractError: the model gives a score that is not a number.
            UnavailableError, ConfigError: as ``check`` does.
        """
        inputs = [self._inputs(item, position) for position, item in enumerate(items)]
        waiting: dict[str, list[int]] = defaultdict(list)
        for position, of_item in enumerate(inputs):
            for text in dict.fromkeys(of_item):
                waiting[text].append(position)
        if not waiting:
            return
        whole = dict(zip(waiting, self._model.read(list(waiting)), strict=True))
        seen = {text: ids[: self._max_length - 1] for text, ids in whole.items()}
        scores: dict[str, float] = {}
        for batch in _batches(seen, self._batch_size):
            scores.update(zip(batch, self._model.score([seen[text] for text in batch]), strict=True))
            for position in dict.fromkeys(position for text in batch for position in waiting[text]):
                of_item = inputs[position]
                if not all(text in scores for text in of_item):
                    continue
                score = math.fsum(scores[text] for text in of_item) / len(of_item)
                if not math.isfinite(score):
                    beginning = items[position].hypothesis[:60]
                    raise ContractError(
                        f"metric {self._card.label}",
                        f"gave {score} for item {position + 1} in {self._precision} ({beginning!r})",
                        "set its precision to fp32, or check the checkpoint",
                    )
                cut = any(len(whole[text]) > len(seen[text]) for text in of_item)
                yield position, ItemScore(score, (score,), truncated=cut)

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore:
        """The high end of the scale, which is its worst: what the model says of an empty text is not relied on."""
        return ItemScore(WORST, (WORST,))

    def close(self) -> None:
        self._model.release()

    def _inputs(self, item: Item, position: int) -> list[str]:
        """What the model is given of an item, once for each reference, or once if it sees none."""
        if self._card.needs_reference and not item.references:
            raise MissingReferenceError(
                f"metric {self._card.label}",
                f"item {position + 1} has no reference",
                "give every segment a reference, or choose a metric that needs none",
            )
        source, hypothesis = f"source: {item.source}", f"candidate: {item.hypothesis}"
        if not self._card.needs_reference:
            return [f"{hypothesis} {source}" if self._generation == 23 else f"{source} {hypothesis}"]
        before = hypothesis if self._generation == 23 else f"{source} {hypothesis}"
        return [f"{before} reference: {reference}" for reference in item.references]


def _batches(ids: Mapping[str, Sequence[int]], most: int) -> Iterator[list[str]]:
    """Group inputs of like length, the longest first, so that what does not fit into memory fails at once."""
    batch: list[str] = []
    for text in sorted(ids, key=lambda text: -len(ids[text])):
        if batch and len(ids[batch[0]]) * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch
