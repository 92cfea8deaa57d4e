"""COMET: metrics learned from human judgements, with or without a reference, from any checkpoint in COMET's format.

The numbers are those of ``comet.load_from_checkpoint(path).predict(samples, gpus=0)``, which computes in full
precision. The command ``comet-score`` casts the weights to half precision first: its numbers are those of ``fp16``.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, ContractError, MissingReferenceError, UnavailableError
from mteval.lang import parse_pairs
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.comet_checkpoint import JOINING, CometCheckpoint
from mteval.metrics.comet_quiet import quiet
from mteval.needs import Need
from mteval.segment import ErrorSpan
from mteval.signature import Signature

PRECISIONS = ("fp32", "bf16", "fp16")
DEVICES = ("auto", "cpu", "cuda")

_Spans = tuple[ErrorSpan, ...]


def _fits() -> Collection[str]:
    import mt_thresholds

    names: Collection[str] = mt_thresholds.METRICS
    return names


class Comet(Metric):
    """A COMET model of any class that scores; XCOMET's error spans are kept.

    Where an item has several references, its score is the mean of those against each, and its spans are those found
    against the first. Items that are the same in all that the model sees are scored once.

    Args:
        checkpoint: a hub name (``Unbabel/wmt22-comet-da``), a folder that holds ``hparams.yaml`` and
            ``checkpoints/model.ckpt``, or that ``.ckpt`` file. ``package:`` before it names one that ships with mteval.
        label: how the metric is written in a table.
        needs_reference: whether it scores against references. XCOMET and some unified models can do both.
        licence: of the checkpoint, as an SPDX identifier.
        gated: whether that licence must be accepted at the hub.
        low, high: the ends of the scale; ``None`` where it has no bound.
        pairs: the lang pairs that it was made for, as ``[pt-en, ro-en]``; ``None`` if it is for any.
        precision: ``fp32``; ``bf16``, by autocast; or ``fp16``, by casting the weights as ``comet-score`` does.
        batch_size: how many texts are scored together at most.
        device: ``auto`` (CUDA if there is a device, else the CPU), ``cpu`` or ``cuda``.
        revision: of the checkpoint at the hub: a commit, branch or tag.
        local_encoder: a folder with the configuration and tokenizer of the checkpoint's encoder, so that nothing is
            looked for at the hub.
        open_alternative: the open checkpoint that errors propose.
        thresholds: its name in MT-Thresholds (Kocmi et al. 2024); ``None`` where no fit was published for it.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(
        self,
        *,
        checkpoint: str,
        label: str,
        needs_reference: bool,
        licence: str,
        gated: bool = False,
        low: float | None = None,
        high: float | None = None,
        pairs: Sequence[str] | None = None,
        precision: str = "fp32",
        batch_size: int = 16,
        device: str = "auto",
        revision: str | None = None,
        local_encoder: str | None = None,
        open_alternative: str = "Unbabel/wmt20-comet-qe-da",
        thresholds: str | None = None,
    ) -> None:
        require = functools.partial(_require, label)
        texts = {"label": label, "checkpoint": checkpoint, "licence": licence, "open_alternative": open_alternative}
        optional = {"revision": revision, "local_encoder": local_encoder, "thresholds": thresholds}
        for key, text in {**texts, **{key: text for key, text in optional.items() if text is not None}}.items():
            require(isinstance(text, str) and bool(text.strip()), key, text, "give a text that is not empty")
        for key, flag in {"needs_reference": needs_reference, "gated": gated}.items():
            require(isinstance(flag, bool), key, flag, "give true or false")
        for key, end in {"low": low, "high": high}.items():
            require(end is None or _is_number(end), key, end, "give a number, or null where there is no bound")
        require(low is None or high is None or low < high, "low", low, f"give less than high, which is {high}")
        require(precision in PRECISIONS, "precision", precision, f"give one of {', '.join(PRECISIONS)}")
        require(device in DEVICES, "device", device, f"give one of {', '.join(DEVICES)}")
        whole = isinstance(batch_size, int) and not isinstance(batch_size, bool)
        require(whole and batch_size > 0, "batch_size", batch_size, "give a whole number from 1 up")
        known = thresholds is None or thresholds in _fits()
        require(known, "thresholds", thresholds, "give null, or a metric's name in MT-Thresholds, as comet22")
        self._card = MetricCard(
            label=label,
            needs_reference=needs_reference,
            higher_is_better=True,
            low=low,
            high=high,
            decimals=4,
            licence=licence,
            gated=gated,
            pairs=None if pairs is None else tuple(map(str, parse_pairs(pairs, f"metric {label}, key pairs"))),
            family="comet",
            thresholds=thresholds,
            points=100,
        )
        self._precision = precision
        self._batch_size = batch_size
        self._device = device
        self._checkpoint = CometCheckpoint(checkpoint, revision, local_encoder, gated, open_alternative)

    @property
    def card(self) -> MetricCard:
        return self._card

    def check(self) -> None:
        """Make sure that checkpoint, encoder and device can be had, and that the model fits ``needs_reference``.

        What is not on this machine is downloaded. The checkpoint is opened, but not loaded.

        Raises:
            GatedError: the checkpoint's licence has not been accepted.
            UnavailableError: a file is missing, damaged or unsafe, the hub cannot be reached, there is no such device.
            ConfigError: ``needs_reference`` does not fit the model.
        """
        checkpoint, needs = self._checkpoint, self._card.needs_reference
        if needs not in checkpoint.reference_modes:
            raise ConfigError(
                f"metric {self._card.label}, key needs_reference",
                f"is {str(needs).lower()}, but {checkpoint.name} scores only with{'out' if needs else ''} a reference",
                f"set it to {str(not needs).lower()}",
            )
        _ = checkpoint.max_positions
        if self._device == "cuda":
            import torch

            if not torch.cuda.is_available():
                raise UnavailableError(
                    f"metric {self._card.label}, key device",
                    "is cuda, but torch finds no such device",
                    "set it to auto",
                )

    def needs(self) -> tuple[Need, ...]:
        return self._checkpoint.needs(2 if self._precision == "fp16" else 4)

    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable.

        ``layers`` says how the model mixes its encoder's layers, ``tokens`` how long a text it takes.

        Raises:
            UnavailableError: the checkpoint or its encoder's tokenizer cannot be had: their bytes are part of the
                signature.
        """
        checkpoint = self._checkpoint
        settings: dict[str, object] = {
            "comet": self._card.label,
            "class": checkpoint.class_identifier,
            "checkpoint": checkpoint.digest,
            "encoder": f"{checkpoint.encoder_name}@{checkpoint.encoder_digest}",
            "layers": checkpoint.hparams.get("layer_transformation", "default"),
            "tokens": checkpoint.max_positions,
            "precision": self._precision,
        }
        if self._card.needs_reference:
            settings["nrefs"] = references
        return Signature.of(settings | {"version": importlib.metadata.version("unbabel-comet")})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; see ``Metric.score``.

        Raises:
            MissingReferenceError: an item lacks the reference that the model needs.
            ContractError: the model gives a score that is not a number.
            UnavailableError, ConfigError: as ``check`` does.
        """
        same: dict[Item, list[int]] = {}
        for position, item in enumerate(items):
            if self._card.needs_reference and not item.references:
                raise MissingReferenceError(
                    f"metric {self._card.label}",
                    f"item {position + 1} has no reference",
                    "give every segment a reference, or choose a metric that needs none",
                )
            seen = item if self._card.needs_reference else Item(item.source, item.hypothesis)
            same.setdefault(seen, []).append(position)
        if not same:
            return
        model = self._model
        lengths = _lengths(model, {text for item in same for text in (item.source, item.hypothesis, *item.references)})
        samples = {item: self._samples(item) for item in same}
        sizes = {item: self._size(model, samples[item], lengths) for item in same}
        longest_first = sorted(same, key=lambda item: -sizes[item][0])
        step = max(1, self._batch_size // max(len(of_item) for of_item in samples.values()))
        for start in range(0, len(longest_first), step):
            batch = longest_first[start : start + step]
            outputs = self._predict(model, [sample for item in batch for sample in samples[item]])
            for item in batch:
                of_item = [next(outputs) for _ in samples[item]]
                score = math.fsum(one for one, _ in of_item) / len(of_item)
                if not math.isfinite(score):
                    raise ContractError(
                        f"metric {self._card.label}",
                        f"gave {score} for item {same[item][0] + 1} in {self._precision} ({item.hypothesis[:60]!r})",
                        "set its precision to fp32, or check the checkpoint",
                    )
                item_score = ItemScore(score, (score,), of_item[0][1], truncated=sizes[item][1])
                yield from ((position, item_score) for position in same[item])

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore | None:
        """The low end of the scale: what the model itself says of an empty text is not to be relied on."""
        return None if self._card.low is None else ItemScore(self._card.low, (self._card.low,))

    def close(self) -> None:
        self.__dict__.pop("_model", None)

    @functools.cached_property
    def _model(self) -> Any:
        self.check()
        import torch

        model = self._checkpoint.load()
        if self._precision == "fp16":
            model = model.half()
        cuda = self._device == "cuda" or (self._device == "auto" and torch.cuda.is_available())
        return model.to("cuda" if cuda else "cpu")

    def _samples(self, item: Item) -> list[dict[str, str]]:
        """What COMET calls samples, in its words: one a reference, or one if the model sees none."""
        base = {"src": item.source, "mt": item.hypothesis}
        return [{**base, "ref": reference} for reference in item.references] if item.references else [base]

    def _size(self, model: Any, samples: list[dict[str, str]], lengths: dict[str, int]) -> tuple[int, bool]:
        """An item's longest sequence in tokens, special ones included, and whether COMET would cut any of its texts."""
        encoder = model.encoder
        joining = self._checkpoint.class_identifier in JOINING
        inputs = {"mt", *model.hparams.input_segments} if joining else {"mt", "src", "ref"}
        texts: list[int] = []
        sequences: list[int] = []
        for sample in samples:
            mt, *others = [lengths[sample[key]] for key in ("mt", "src", "ref") if key in sample and key in inputs]
            texts += [mt, *others]
            if joining:
                others_only = [other - 2 for other in others]  # without their two special tokens
                groups = [[one] for one in others_only] + ([others_only] if len(others_only) > 1 else [])
                sequences += [mt + sum(group) + encoder.size_separator * len(group) for group in groups]
        cut = max(texts) > encoder.max_positions - 2 or max(sequences, default=0) > encoder.max_positions
        return max(texts + sequences), cut

    def _predict(self, model: Any, samples: list[dict[str, str]]) -> Iterator[tuple[float, _Spans | None]]:
        """Score and error spans of each sample."""
        import torch

        kind = model.device.type
        bf16 = torch.autocast(kind, torch.bfloat16) if self._precision == "bf16" else contextlib.nullcontext()
        with quiet(), torch.inference_mode(), bf16:
            batch = model.prepare_sample(samples, stage="predict")
            output = model.predict_step(model.transfer_batch_to_device(batch, model.device, 0))
        scores = output["scores"].tolist()
        metadata = output.get("metadata", {})
        found = metadata.get("error_spans", [None] * len(scores))
        spans = [None if of_sample is None else _error_spans(of_sample) for of_sample in found]
        return iter(list(zip(scores, spans, strict=True)))


def _error_spans(found: list[dict[str, Any]]) -> _Spans:
    """COMET's error spans as ours; it numbers characters as we do. One of a special token alone has no characters."""
    return tuple(
        ErrorSpan(span["start"], span["end"], category="", severity=span["severity"], confidence=span["confidence"])
        for span in found
        if span["start"] < span["end"]
    )


def _lengths(model: Any, texts: set[str]) -> dict[str, int]:
    """How many tokens each text has, the special ones at its ends included, before anything is cut."""
    ordered = sorted(texts)
    with quiet():
        tokenized = model.encoder.tokenizer(ordered, truncation=False, padding=False, verbose=False)["input_ids"]
    return {text: len(tokens) for text, tokens in zip(ordered, tokenized, strict=True)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _require(label: str, holds: bool, key: str, value: object, remedy: str) -> None:
    if not holds:
        raise ConfigError(f"metric {label}, key {key}", f"is {value!r}", remedy)
