"""BERTScore (Zhang et al. 2020): how well the tokens of hypothesis and reference match in an encoder's eyes.

The numbers are those of ``bert_score.BERTScorer`` of the ``bert-score`` package, which computes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, ContractError, MissingReferenceError
from mteval.loading import DEVICES
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.bertscore_model import DEFAULTS, MEASURES, OTHER, BertScoreModel
from mteval.metrics.fits import fits
from mteval.metrics.language_sets import language_codes
from mteval.needs import Need
from mteval.setting_checks import check_choices, check_counts, check_texts
from mteval.signature import Signature

_Seen = tuple[str, tuple[str, ...]]


class BertScore(Metric):
    """BERTScore by any encoder, against one or more references, of which the best counts, as in the package.

    It sees hypothesis and reference, not the source. A text that is empty, or only space, has the raw score 0. Items
    that are the same are scored once.

    Args:
        checkpoint: a hub name (``xlm-roberta-large``) or a folder; ``None`` for the package's choice by ``language``.
        language: the target language, as ``en``: it chooses the checkpoint where none is given, and the baseline.
        label: how the metric is written in a table.
        layer: whose output is compared; ``None`` for the one that the package knows to be best of that checkpoint.
        measure: ``f1``, ``precision`` or ``recall``.
        idf: a file of sentences, one a line, in which rare words are looked for: these weigh more; ``None`` weighs all
            words alike. The package itself takes the references of a call, by which a score would depend on what else
            is scored.
        rescale_with_baseline: spread scores so that unrelated texts score about 0. It needs ``language``.
        baseline: a file to take that baseline from, in place of the package's own.
        use_fast_tokenizer: use a tokenizer of the ``tokenizers`` package, whose numbers may differ.
        batch_size: how many texts are encoded together at most.
        device: ``auto`` (CUDA if there is a device, else the CPU), ``cpu`` or ``cuda``.
        revision: of the checkpoint at the hub: a commit, branch or tag.
        max_length: how many tokens of a text are seen, marks included; ``None`` for as many as the encoder takes.
        languages: those that the encoder was pre-trained on: a set in ``language_sets`` by name, or a list of codes;
            ``None`` where that is not known.
        licence: of the checkpoint, as an SPDX identifier.
        thresholds: its name in MT-Thresholds (Kocmi et al. 2024), which holds for F1 as it comes: with another
            measure, word weights or a baseline the card has none.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(
        self,
        *,
        checkpoint: str | None = None,
        language: str | None = None,
        label: str = "BERTScore",
        layer: int | None = None,
        measure: str = "f1",
        idf: str | None = None,
        rescale_with_baseline: bool = False,
        baseline: str | None = None,
        use_fast_tokenizer: bool = False,
        batch_size: int = 64,
        device: str = "auto",
        revision: str | None = None,
        max_length: int | None = None,
        languages: str | Sequence[str] | None = None,
        licence: str = "unknown",
        thresholds: str | None = None,
    ) -> None:
        check_texts(("checkpoint", checkpoint), ("language", language), ("label", label), ("licence", licence))
        check_texts(("idf", idf), ("baseline", baseline), ("revision", revision))
        check_choices(("measure", measure, MEASURES), ("device", device, DEVICES))
        check_counts(("batch_size", batch_size))
        if layer is not None:
            check_counts(("layer", layer))
        if max_length is not None:
            check_counts(("max_length", max_length), least=3)
        if thresholds is not None:
            check_choices(("thresholds", thresholds, fits()))
        if checkpoint is None and language is None:
            raise ConfigError("checkpoint", "is not given", "name one, or give the language that chooses one")
        if rescale_with_baseline and language is None:
            raise ConfigError("language", "is not given, and baselines are by language", "give the target's, as en")
        if baseline is not None and not rescale_with_baseline:
            raise ConfigError("baseline", "is not used", "set rescale_with_baseline to true, or leave it out")
        plain = measure == "f1" and idf is None and not rescale_with_baseline
        self._label = label
        self._measure = measure
        self._batch_size = batch_size
        self._model = BertScoreModel(
            where=f"metric {label}",
            checkpoint=DEFAULTS.get(language or "", OTHER) if checkpoint is None else checkpoint,
            revision=revision,
            layer=layer,
            idf=idf,
            language=language if rescale_with_baseline else None,
            baseline=baseline,
            use_fast_tokenizer=use_fast_tokenizer,
            device=device,
            max_length=max_length,
        )
        self._card = MetricCard(
            label=label,
            needs_reference=True,
            higher_is_better=True,
            low=None if rescale_with_baseline else -1,
            high=1,
            decimals=4,
            licence=licence,
            family="bertscore",
            thresholds=thresholds if plain else None,
            points=100,
            languages=language_codes(languages, "languages"),
            sees_source=False,
            max_length=max_length,
        )

    @property
    def card(self) -> MetricCard:
        return self._card

    def check(self) -> None:
        """Make sure that package, checkpoint, files and device can be had; what is not on this machine is downloaded.

        The weights are not loaded yet.

        Raises:
            GatedError, UnavailableError: the package is not installed, a file is missing or broken, the hub cannot be
                reached, there is no such device.
            ConfigError: the layer, the baseline or the length is not known, or more than the encoder has.
            DataError: a file that a setting names cannot be read.
        """
        model = self._model
        _ = model.tokenizer, model.layer, model.device, model.sentences, model.baselines

    def needs(self) -> tuple[Need, ...]:
        return self._model.needs()

    def signature(self, references: int) -> Signature:
        """Every setting that must match for scores against so many references to be comparable.

        ``hash`` is the package's own, which names the versions of it and of ``transformers``.

        Raises:
            UnavailableError: the checkpoint cannot be had: its revision is part of the signature.
        """
        checkpoint = self._model.checkpoint
        return Signature.of(
            {
                "bertscore": self._label,
                "measure": self._measure,
                "hash": self._model.hash,
                "checkpoint": f"{checkpoint.name}@{checkpoint.revision}",
                "tokens": self._model.limit,
                **self._model.digests,
                "nrefs": references,
            }
        )

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        """Score items, longest first, in batches; see ``Metric.score``.

        Raises:
            MissingReferenceError: an item has no reference.
            ContractError: the package gives a score that is not a number.
            UnavailableError, ConfigError, DataError: as ``check`` does.
        """
        same: dict[_Seen, list[int]] = {}
        for position, item in enumerate(items):
            if not item.references:
                raise MissingReferenceError(
                    f"metric {self._label}",
                    f"item {position + 1} has no reference",
                    "give every segment a reference, or choose a metric that needs none",
                )
            same.setdefault((item.hypothesis, item.references), []).append(position)
        if not same:
            return
        texts = list(dict.fromkeys(text for hypothesis, references in same for text in (hypothesis, *references)))
        lengths = dict(zip(texts, self._model.lengths(texts), strict=True))
        longest = {seen: max(lengths[text] for text in (seen[0], *seen[1])) for seen in same}
        for batch in _batches(longest, self._batch_size):
            found = self._model.score([hypothesis for hypothesis, _ in batch], [references for _, references in batch])
            for seen, measures in zip(batch, found, strict=True):
                score = measures[MEASURES.index(self._measure)]
                if not math.isfinite(score):
                    raise ContractError(
                        f"metric {self._label}",
                        f"gave {score} for item {same[seen][0] + 1} ({seen[0][:60]!r})",
                        "check the checkpoint",
                    )
                item_score = ItemScore(score, (score,), truncated=longest[seen] > self._model.limit)
                yield from ((position, item_score) for position in same[seen])

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean of the segment scores, which are the only column of segment statistics."""
        means: NDArray[np.float64] = sums[:, 0] / counts
        return means

    def nothing(self, item: Item) -> ItemScore:
        """What an empty hypothesis gets: the raw score 0, far below what unrelated texts get."""
        baselines = self._model.baselines
        base = 0.0 if baselines is None else baselines[MEASURES.index(self._measure)]
        score = (0.0 - base) / (1.0 - base)
        return ItemScore(score, (score,))

    def close(self) -> None:
        self._model.release()


def _batches(longest: dict[_Seen, int], most: int) -> Iterator[list[_Seen]]:
    """Group items of like length, the longest first, so that what does not fit into memory fails at once."""
    batch: list[_Seen] = []
    texts = 0
    for seen in sorted(longest, key=lambda seen: -longest[seen]):
        if batch and texts + 1 + len(seen[1]) > most:
            yield batch
            batch, texts = [], 0
        batch.append(seen)
        texts += 1 + len(seen[1])
    if batch:
        yield batch
