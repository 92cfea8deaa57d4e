"""COMET: metrics learned from human judgements, with or without a reference, from any checkpoint in COMET's format.

The numbers are those of ``comet.load_from_checkpoint(path).predict(samples, gpus=0)``, which computes in full
precision. The command ``comet-score`` casts the weights to half precision first: its numbers are those of ``fp16``.
"""

from __future__ import annotations

import functools
import importlib.metadata
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, ContractError, MissingReferenceError, UnavailableError
from mteval.halving import Halving
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.comet_batches import groups
from mteval.metrics.comet_checkpoint import JOINING, POOLING, CometCheckpoint
from mteval.metrics.comet_first_token import keep_first_token
from mteval.metrics.comet_model import Output, joined
from mteval.metrics.comet_pooling import pooled
from mteval.metrics.comet_precision import SIGNED, lower
from mteval.metrics.comet_settings import card_of, check_texts, check_way
from mteval.metrics.comet_texts import Given, Texts
from mteval.needs import Need
from mteval.segment import ErrorSpan
from mteval.signature import Signature

_GROUP = 4096  # items are looked at so many at a time, so that what is known of their texts takes bounded memory
_CPU_TOKENS = 1024


class Comet(Metric):
    """A COMET model of any class that scores; XCOMET's error spans are kept.

    Where an item has several references, its score is the mean of those against each, and its spans are those found
    against the first. Items that are the same in all that the model sees are scored once.

    With a ``context`` it is Doc-COMET (Vernikos et al. 2022, "Embarrassingly easy document-level MT metrics"): the
    encoder reads so many segments before each text, of which nothing but the text itself is scored. Before a
    hypothesis stand those of the reference, or its own where the model sees no reference. Where not all fit into the
    encoder the farthest are left out, of all texts of the item alike, and the item's notice says how many are left.

    With ``windows`` a text that is too long for the encoder is scored in windows of whole sentences, as
    ``comet_windows`` says; its notice says in how many, and its error spans count characters of the whole hypothesis.
    What cannot be cut so (a sentence too long, a hypothesis of one sentence for a source of many) stays truncated.

    Args:
        checkpoint: a hub name (``Unbabel/wmt22-comet-da``), a folder that holds ``hparams.yaml`` and
            ``checkpoints/model.ckpt``, or that ``.ckpt`` file. ``package:`` before it names one that ships with mteval.
        label: how the metric is written in a table.
        needs_reference: whether it scores against references. XCOMET and some unified models can do both.
        licence: of the checkpoint, as an SPDX identifier.
        gated: whether that licence must be accepted at the hub.
        low, high: the ends of the scale; ``None`` where it has no bound.
        pairs: the lang pairs that it was made for, as ``[pt-en, ro-en]``; ``None`` if it is for any.
        languages: those that its encoder was pre-trained on: the name of a set in ``language_sets``, as ``xlm-r``, or a
            list of codes; ``None`` where they are not known.
        max_length: how many tokens of a text it sees, or of all texts together if it joins them, special ones included;
            ``check`` holds it against the checkpoint. ``None`` where that is not known before the checkpoint is opened.
        context: how many segments before each it reads; only models that average their encoder's vectors can.
        windows: ``sentences`` to score what is too long in windows; ``None`` to let COMET cut it.
        precision: ``fp32``; ``bf16`` for the encoder's products alone; or ``fp16``, by casting all weights as
            ``comet-score`` does.
        batch_size: how many texts as long as the encoder takes are scored together at most; of shorter ones as many
            more as have as many tokens together. On a CPU, where more is no faster, less is taken.
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
        languages: str | Sequence[str] | None = None,
        max_length: int | None = None,
        context: int = 0,
        windows: str | None = None,
        precision: str = "fp32",
        batch_size: int = 16,
        device: str = "auto",
        revision: str | None = None,
        local_encoder: str | None = None,
        open_alternative: str = "Unbabel/wmt20-comet-qe-da",
        thresholds: str | None = None,
    ) -> None:
        texts = {"checkpoint": checkpoint, "open_alternative": open_alternative}
        check_texts(label, texts, {"revision": revision, "local_encoder": local_encoder})
        self._card = card_of(
            label=label,
            needs_reference=needs_reference,
            licence=licence,
            gated=gated,
            low=low,
            high=high,
            pairs=pairs,
            languages=languages,
            max_length=max_length,
            context=context,
            thresholds=thresholds,
        )
        check_way(self._card, precision, batch_size, device, windows)
        self._windows = windows
        self._precision = precision
        self._batch_size = batch_size
        self._device = device
        self._checkpoint = CometCheckpoint(checkpoint, revision, local_encoder, gated, open_alternative)

    @property
    def card(self) -> MetricCard:
        return self._card

    def check(self) -> None:
        """Make sure that checkpoint, encoder and device can be had, and that the settings fit the model.

        What is not on this machine is downloaded. The checkpoint is opened, but not loaded.

        Raises:
            GatedError: the checkpoint's licence has not been accepted.
            UnavailableError: a file is missing, damaged or unsafe, the hub cannot be reached, there is no such device.
            ConfigError: ``needs_reference``, ``context`` or ``max_length`` does not fit the model.
        """
        checkpoint, card = self._checkpoint, self._card
        if (needs := card.needs_reference) not in checkpoint.reference_modes:
            self._refuse(
                "needs_reference",
                f"is {str(needs).lower()}, but {checkpoint.name} scores only with{'out' if needs else ''} a reference",
                f"set it to {str(not needs).lower()}",
            )
        if card.context and (reason := checkpoint.no_context) is not None:
            remedy = f"set it to 0, or use a checkpoint of class {' or '.join(POOLING)}"
            self._refuse("context", f"is {card.context}, but {checkpoint.name} {reason}", remedy)
        takes = checkpoint.max_length
        if card.max_length not in (None, takes):
            self._refuse("max_length", f"is {card.max_length}, but {checkpoint.name} takes {takes}", "set it to that")
        if self._device == "cuda":
            import torch

            if not torch.cuda.is_available():
                problem = "is cuda, but torch finds no such device"
                raise UnavailableError(f"metric {card.label}, key device", problem, "set it to auto")

    def _refuse(self, key: str, problem: str, remedy: str) -> NoReturn:
        raise ConfigError(f"metric {self._card.label}, key {key}", problem, remedy)

    def needs(self) -> tuple[Need, ...]:
        return self._checkpoint.needs(2 if self._precision == "fp16" else 4)

    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable.

        ``layers`` says how the model mixes its encoder's layers, ``tokens`` how long a text it takes; ``context`` and
        ``windows``, with the version of what finds sentences, are named where they are set.

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
            "precision": SIGNED[self._precision],
        }
        if self._card.context:
            settings["context"] = self._card.context
        if self._windows is not None:
            settings["windows"] = f"{self._windows}@sentencex-{importlib.metadata.version('sentencex')}"
        if self._card.needs_reference:
            settings["nrefs"] = references
        return Signature.of(settings | {"version": importlib.metadata.version("unbabel-comet")})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; see ``Metric.score``.

        A batch that memory has no room for is halved, which a notice of the next score tells.

        Raises:
            MissingReferenceError: an item, or its context, lacks the reference that the model needs.
            ContractError: the model gives a score that is not a number.
            UnavailableError, ConfigError: as ``check`` does.
        """
        same: dict[Item, list[int]] = {}
        for position, item in enumerate(items):
            same.setdefault(self._seen(item, position), []).append(position)
        if not same:
            return
        model = self._model
        joining = self._checkpoint.class_identifier in JOINING
        outputs_of = joined if joining else pooled
        halving = Halving(f"metric {self._card.label}")
        for group in groups(same, _GROUP):
            given = Texts(model, joining, self._card.context, self._windows is not None).of(group)
            owners = {id(part): item for item, one in given.items() for of_sample in one.parts for part in of_sample}
            parts = [part for one in given.values() for of_sample in one.parts for part in of_sample]
            outputs: dict[Item, dict[int, Output]] = {item: {} for item in given}
            for found in outputs_of(model, parts, self._budget, halving):
                for part, output in found:
                    outputs[owners[id(part)]][id(part)] = output
                for item in dict.fromkeys(owners[id(part)] for part, _ in found):
                    if len(outputs[item]) == sum(map(len, given[item].parts)):
                        score = self._score(item, same[item][0], given[item], outputs.pop(item))
                        if told := halving.taken():
                            score = replace(score, notices=(*score.notices, *told))
                        yield from ((position, score) for position in same[item])

    def _seen(self, item: Item, position: int) -> Item:
        """What the model sees of an item.

        Raises:
            MissingReferenceError: something that it needs is not there.
        """
        before = item.context[-self._card.context :] if self._card.context else ()
        if not self._card.needs_reference:
            return Item(item.source, item.hypothesis, (), tuple(Item(one.source, one.hypothesis) for one in before))
        lacking = not item.references or any(len(one.references) != len(item.references) for one in before)
        if lacking:
            what = "has no reference" if not item.references else "has context with other references than its own"
            raise MissingReferenceError(
                f"metric {self._card.label}",
                f"item {position + 1} {what}",
                "give every segment a reference, or choose a metric that needs none",
            )
        context = tuple(Item(one.source, "", one.references) for one in before)  # which stand before the hypothesis too
        return Item(item.source, item.hypothesis, item.references, context)

    def _score(self, item: Item, position: int, given: Given, outputs: Mapping[int, Output]) -> ItemScore:
        """An item's score, from what the model says of its parts.

        Raises:
            ContractError: it is not a number.
        """
        by_reference = [[outputs[id(part)][0] for part in of_sample] for of_sample in given.parts]
        score = _mean([_mean(scores) for scores in by_reference])
        if not math.isfinite(score):
            raise ContractError(
                f"metric {self._card.label}",
                f"gave {score} for item {position + 1} in {self._precision} ({item.hypothesis[:60]!r})",
                "set its precision to fp32, or check the checkpoint",
            )
        spans: list[ErrorSpan] | None = []
        for part in given.parts[0]:
            found = outputs[id(part)][1]
            spans = None if found is None or spans is None else spans + _moved(found, part.start)
        return ItemScore(
            score, (score,), None if spans is None else tuple(spans), given.truncated, notices=given.notices
        )

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
        if self._card.context:
            model.enable_context()
        if self._checkpoint.class_identifier in JOINING:
            keep_first_token(model)
        cuda = self._device == "cuda" or (self._device == "auto" and torch.cuda.is_available())
        return lower(model.to("cuda" if cuda else "cpu"), self._precision)

    @property
    def _budget(self) -> int:
        """How many tokens are encoded together at most; a CPU is no faster with more than some hundreds."""
        tokens = self._batch_size * self._checkpoint.max_positions
        return tokens if self._model.device.type == "cuda" else min(tokens, _CPU_TOKENS)


def _moved(spans: list[ErrorSpan], by: int) -> list[ErrorSpan]:
    """Spans of a window as spans of the text that it begins at so many characters of."""
    return [replace(span, start=span.start + by, end=span.end + by) for span in spans]


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)
