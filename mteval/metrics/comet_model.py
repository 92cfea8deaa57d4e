"""Asking a COMET model, which is in memory, for scores and error spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mteval.halving import Halving
from mteval.metrics.comet_batches import batches
from mteval.metrics.comet_kept import handing_back
from mteval.metrics.comet_quiet import quiet
from mteval.metrics.comet_texts import Part
from mteval.segment import ErrorSpan

Output = tuple[float, list[ErrorSpan] | None]
"""A score, and the error spans; ``None`` from a model that looks for none."""


def joined(model: Any, parts: Sequence[Part], budget: int, halving: Halving) -> Iterator[list[tuple[Part, Output]]]:
    """What a model says of samples, each of which it joins into one sequence; the longest go first.

    Args:
        model: COMET's, of a class that joins.
        budget: how many tokens it is given together at most.
        halving: computes the batches.
    """
    longest = model.encoder.max_positions

    def size_of(part: Part) -> int:
        return int(min(part.size, longest))

    def said(some: Sequence[Part]) -> list[Output]:
        return predict(model, [part.sample for part in some])

    made = batches([(part, size_of(part)) for part in parts], budget)
    for batch in handing_back(made, budget, model.device.type):
        for some, found in halving.run(batch, size_of, said):
            yield list(zip(some, found, strict=True))


def predict(model: Any, samples: Sequence[Mapping[str, str]]) -> list[Output]:
    """What a model says of samples, which it is given as one batch, by the code that COMET's ``predict`` runs."""
    import torch

    with quiet(), torch.inference_mode():
        batch = model.prepare_sample(list(samples), stage="predict")
        output = model.predict_step(model.transfer_batch_to_device(batch, model.device, 0))
    scores = output["scores"].tolist()
    metadata = output.get("metadata", {})
    found = metadata.get("error_spans", [None] * len(scores))
    spans = [None if of_sample is None else _error_spans(of_sample) for of_sample in found]
    return list(zip(scores, spans, strict=True))


def _error_spans(found: list[dict[str, Any]]) -> list[ErrorSpan]:
    """COMET's error spans as ours; it numbers characters as we do. One of a special token alone has no characters."""
    return [
        ErrorSpan(span["start"], span["end"], category="", severity=span["severity"], confidence=span["confidence"])
        for span in found
        if span["start"] < span["end"]
    ]
