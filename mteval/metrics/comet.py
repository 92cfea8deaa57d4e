"""COMET: metrics learned from human judgements, with or without a reference, from any checkpoint in COMET's format.

The numbers are those of ``comet.load_from_checkpoint(path).predict(samples, gpus=0)``, which computes in full
precision. The command ``comet-score`` casts the weights to half precision first: its numbers are those of ``fp16``.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, MissingReferenceError, UnavailableError
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.comet_checkpoint import POOLING, CometCheckpoint
from mteval.metrics.comet_precision import SIGNED
from mteval.metrics.comet_runner import CometRunner
from mteval.metrics.comet_settings import card_of, check_texts, check_way, checked_code
from mteval.needs import Need
from mteval.signature import Signature
from mteval.workers import Crew, Part, check_workers, copies


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
        workers: how many processes share the items, each with a model of its own: ``auto`` is one for each CUDA device
            and, without any, this process alone. Scores are the same but for rounding, as with other batches.
        revision: of the checkpoint at the hub: a commit, branch or tag.
        local_encoder: a folder with the configuration and tokenizer of the checkpoint's encoder, so that nothing is
            looked for at the hub.
        open_alternative: the open checkpoint that errors propose.
        thresholds: its name in MT-Thresholds (Kocmi et al. 2024); ``None`` where no fit was published for it.
        trained_on: test sets whose gold scores it was trained on, as its authors say: ``[wmt20, mlqe-pe]``.
        trust_pickled_code: the names of code in the checkpoint's file that loading it may run, as errors name it:
            ``[argparse.Namespace]``. Such code may do all that the user may: name it only if you trust its maker. It
            counts on the command line alone; the signature tells it.

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
        workers: int | str = "auto",
        revision: str | None = None,
        local_encoder: str | None = None,
        open_alternative: str = "Unbabel/wmt20-comet-qe-da",
        thresholds: str | None = None,
        trained_on: Sequence[str] = (),
        trust_pickled_code: Sequence[str] = (),
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
            trained_on=trained_on,
        )
        check_way(self._card, precision, batch_size, device, windows)
        check_workers(f"metric {label}, key workers", workers)
        self._windows = windows
        self._precision = precision
        self._device = device
        self._workers = workers
        self._trusted = checked_code(label, trust_pickled_code)
        self._checkpoint = CometCheckpoint(checkpoint, revision, local_encoder, gated, open_alternative, self._trusted)
        self._crew = Crew(f"metric {label}", device, workers)
        self._runner = CometRunner(
            self._checkpoint,
            label,
            context=context,
            windows=windows is not None,
            precision=precision,
            batch_size=batch_size,
            device=device,
        )

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
        found = self._checkpoint.needs(2 if self._precision == "fp16" else 4)
        return tuple(replace(one, copies=copies(self._workers)) for one in found)

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
        if self._trusted:
            settings["code"] = "trusted"
        return Signature.of(settings | {"version": importlib.metadata.version("unbabel-comet")})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches, by as many workers as there are; see ``Metric.score``.

        A batch that memory has no room for is halved, which a notice of the next score tells.

        Raises:
            MissingReferenceError: an item, or its context, lacks the reference that the model needs.
            ContractError: the model gives a score that is not a number.
            UnavailableError, ConfigError: as ``check`` does; a text does not fit into memory, or a worker died.
        """
        same: dict[Item, list[int]] = {}
        for position, item in enumerate(items):
            same.setdefault(self._seen(item, position), []).append(position)
        if not same:
            return
        self.check()
        different = list(same)
        sizes = [len(item.source) + len(item.hypothesis) for item in different]
        parts = self._crew.shares([(item.source, item.references) for item in different], sizes)
        if parts:
            self._runner.close()  # which would take a device's memory beside the workers'
            tasks = [Part(part, ([different[position] for position in part],)) for part in parts]
            found = self._crew.run(lambda: self._runner, "score", tasks)
        else:
            found = self._runner.score(different)
        for place, score in found:
            yield from ((position, score) for position in same[different[place]])

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

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore | None:
        """The low end of the scale: what the model itself says of an empty text is not to be relied on."""
        return None if self._card.low is None else ItemScore(self._card.low, (self._card.low,))

    def close(self) -> None:
        self._crew.close()
        self._runner.close()

    @property
    def _model(self) -> Any:
        """COMET's, in this process."""
        self.check()
        return self._runner.model
