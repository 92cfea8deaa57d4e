"""BLEURT-20 and its distilled kin (Sellam et al. 2020, Pu et al. 2021): learned from ratings, against a reference.

The numbers are those of ``bleurt.score.BleurtScorer`` of https://github.com/google-research/bleurt, by PyTorch.
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
from mteval.metrics.bleurt_model import GELUS, PRECISIONS, BleurtModel, cut
from mteval.metrics.fits import fits
from mteval.metrics.language_sets import language_codes
from mteval.needs import Need
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_texts, checked_names
from mteval.signature import Signature

_MARKS = 3
_Pair = tuple[str, str]


class Bleurt(Metric):
    """A BLEURT of 2021: good translations score near 1 and bad ones near 0, but the scale has no ends.

    It sees hypothesis and reference, not the source. Where an item has several references, its score is the mean of
    those against each; the official tool takes one. Pairs that are the same are scored once. Scores do not depend on
    the batch in fp32, but for rounding: padding is masked.

    Args:
        checkpoint: a hub name (``lucadiliello/BLEURT-20``), or a folder with ``config.json``, weights and
            ``spm.model``, as ``bleurt-pytorch`` converts the official ones.
        label: how the metric is written in a table.
        gelu: how the activation called ``gelu`` in the checkpoint's settings is computed: by ``tanh``, as the official
            code does, or by the error function (``erf``), as ``bleurt-pytorch`` does. The two differ in the third
            decimal.
        precision: ``fp32`` or ``bf16``.
        batch_size: the most tokens in a batch, padding included; a longer pair is a batch of its own.
        device: ``auto`` (CUDA if there is a device, else the CPU), ``cpu`` or ``cuda``.
        revision: of the checkpoint at the hub: a commit, branch or tag.
        max_length: how many tokens hypothesis and reference have together at most, with three marks; ``None`` for as
            many as the checkpoint takes, 512 in the published ones.
        languages: those that its encoder was pre-trained on: a set in ``language_sets`` by name, or a list of codes;
            ``None`` where that is not known.
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
        gelu: str = "tanh",
        precision: str = "fp32",
        batch_size: int = 4096,
        device: str = "auto",
        revision: str | None = None,
        max_length: int | None = None,
        languages: str | Sequence[str] | None = "rembert",
        licence: str = "Apache-2.0",
        thresholds: str | None = None,
        trained_on: Sequence[str] = (),
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("label", label), ("licence", licence), ("revision", revision))
        check_choices(("gelu", gelu, GELUS), ("precision", precision, PRECISIONS), ("device", device, DEVICES))
        check_counts(("batch_size", batch_size))
        if max_length is not None:
            check_counts(("max_length", max_length), least=_MARKS + 2)
        if thresholds is not None:
            check_choices(("thresholds", thresholds, fits()))
        self._gelu = gelu
        self._precision = precision
        self._batch_size = batch_size
        self._max_length = max_length
        self._model = BleurtModel(checkpoint, revision, gelu, precision, device)
        self._card = MetricCard(
            label=label,
            needs_reference=True,
            higher_is_better=True,
            low=None,
            high=None,
            decimals=4,
            licence=licence,
            family="bleurt",
            thresholds=thresholds,
            trained_on=checked_names("trained_on", trained_on),
            points=100,
            languages=language_codes(languages, "languages"),
            sees_source=False,
            max_length=512 if max_length is None else max_length,
        )

    @property
    def card(self) -> MetricCard:
        return self._card

    def check(self) -> None:
        """Make sure that checkpoint and device can be had; what is not on this machine is downloaded.

        The weights are not loaded yet.

        Raises:
            GatedError, UnavailableError: a file is missing or broken, the hub cannot be reached, there is no such
                device.
            ConfigError: ``checkpoint`` is neither a folder nor a possible name; it takes less than ``max_length``.
        """
        _ = self._model.pieces, self._model.device, self._most

    def needs(self) -> tuple[Need, ...]:
        return self._model.needs()

    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable.

        Raises:
            UnavailableError: the checkpoint cannot be had: its revision is part of the signature.
        """
        checkpoint = self._model.checkpoint
        settings: dict[str, object] = {
            "bleurt": self._card.label,
            "checkpoint": f"{checkpoint.name}@{checkpoint.revision}",
            "gelu": self._gelu,
            "tokens": self._most,
            "precision": self._precision,
            "nrefs": references,
        }
        return Signature.of(settings | {"transformers": importlib.metadata.version("transformers")})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; see ``Metric.score``.

        Raises:
            MissingReferenceError: an item has no reference.
            ContractError: the model gives a score that is not a number.
            UnavailableError, ConfigError: as ``check`` does.
        """
        waiting: dict[_Pair, list[int]] = defaultdict(list)
        for position, item in enumerate(items):
            if not item.references:
                raise MissingReferenceError(
                    f"metric {self._card.label}",
                    f"item {position + 1} has no reference",
                    "give every segment a reference, or choose a metric that needs none",
                )
            for reference in dict.fromkeys(item.references):
                waiting[reference, item.hypothesis].append(position)
        if not waiting:
            return
        whole = {pair: self._model.read(*pair) for pair in waiting}
        seen = {pair: cut(*ids, self._most - _MARKS) for pair, ids in whole.items()}
        scores: dict[_Pair, float] = {}
        lengths = {pair: sum(map(len, ids)) + _MARKS for pair, ids in seen.items()}
        for batch in _batches(lengths, self._batch_size):
            scores.update(zip(batch, self._model.score([seen[pair] for pair in batch]), strict=True))
            for position in dict.fromkeys(position for pair in batch for position in waiting[pair]):
                item = items[position]
                pairs = [(reference, item.hypothesis) for reference in item.references]
                if not all(pair in scores for pair in pairs):
                    continue
                score = math.fsum(scores[pair] for pair in pairs) / len(pairs)
                if not math.isfinite(score):
                    raise ContractError(
                        f"metric {self._card.label}",
                        f"gave {score} for item {position + 1} in {self._precision} ({item.hypothesis[:60]!r})",
                        "set its precision to fp32, or check the checkpoint",
                    )
                short = any(lengths[pair] < sum(map(len, whole[pair])) + _MARKS for pair in pairs)
                yield position, ItemScore(score, (score,), truncated=short)

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore | None:
        """None: the scale has no end."""
        return None

    def close(self) -> None:
        self._model.release()

    @property
    def _most(self) -> int:
        """How many tokens are seen of a pair, marks included."""
        takes = self._model.positions
        if self._max_length is not None and self._max_length > takes:
            raise ConfigError(
                f"metric {self._card.label}, key max_length",
                f"is {self._max_length}, and the checkpoint takes {takes} tokens at most",
                f"set it to {takes} or less, or to null",
            )
        return takes if self._max_length is None else self._max_length


def _batches(lengths: Mapping[_Pair, int], most: int) -> Iterator[list[_Pair]]:
    """Group pairs of like length, the longest first, so that what does not fit into memory fails at once."""
    batch: list[_Pair] = []
    for pair in sorted(lengths, key=lambda pair: -lengths[pair]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(pair)
    if batch:
        yield batch
