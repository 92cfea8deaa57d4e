"""Scores of the COMET models that encode each text alone: every text is encoded once, whatever it stands beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from mteval.halving import Halving
from mteval.metrics.comet_batches import batches
from mteval.metrics.comet_kept import handing_back
from mteval.metrics.comet_model import Output
from mteval.metrics.comet_quiet import quiet
from mteval.metrics.comet_texts import Part

_KEYS = ("src", "mt", "ref")
_MIXED = 512  # tokens; the layers of so many fit into a CPU's cache
_TOGETHER = 64  # samples go through the top of the model so many at a time at least: its weights are read each time


def pooled(model: Any, parts: Sequence[Part], budget: int, halving: Halving) -> Iterator[list[tuple[Part, Output]]]:
    """What a model says of samples, each soon after all its texts are encoded; the longest texts go first.

    A text's vector is kept until the last sample that it stands in is scored.

    Args:
        model: COMET's, of a class that pools.
        budget: how many tokens are encoded together at most.
        halving: computes the batches.
    """
    longest = model.encoder.max_positions - 2
    texts = [tuple(part.sample[key] for key in _KEYS if key in part.sample) for part in parts]
    lengths = {text: min(part.lengths[text], longest) for part, own in zip(parts, texts, strict=True) for text in own}
    users: dict[str, list[int]] = {text: [] for text in lengths}
    for number, own in enumerate(texts):
        for text in dict.fromkeys(own):
            users[text].append(number)
    lacking = [len(set(own)) for own in texts]
    unscored = Counter({text: len(numbers) for text, numbers in users.items()})
    vectors: dict[str, Any] = {}
    whole: list[int] = []
    left = len(lengths)
    for batch in handing_back(batches(list(lengths.items()), budget), budget, model.device.type):
        for some, found in halving.run(batch, lengths.__getitem__, partial(_encoded, model)):
            vectors.update(zip(some, found, strict=True))
        left -= len(batch)
        for number in (number for text in batch for number in users[text]):
            lacking[number] -= 1
            if not lacking[number]:
                whole.append(number)
        if len(whole) >= _TOGETHER or (whole and not left):
            scores = _scores(model, [texts[number] for number in whole], vectors)
            yield [(parts[number], (score, None)) for number, score in zip(whole, scores, strict=True)]
            for text in (text for number in whole for text in dict.fromkeys(texts[number])):
                unscored[text] -= 1
                if not unscored[text]:
                    del vectors[text]
            whole = []


def mix_few(model: Any) -> None:
    """Have COMET's own module mix the layers of a few texts at a time, as each text is mixed for itself anyway.

    It makes a copy of all layers: of a whole batch, that would be as much as the layers themselves.
    """
    import torch

    if (mix := model.layerwise_attention) is None:
        return

    class Mix(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = mix

        def forward(self, layers: Any, mask: Any) -> Any:
            texts, width = mask.shape
            step = max(1, _MIXED // width)
            few = [slice(start, start + step) for start in range(0, texts, step)]
            return torch.cat([self.mix([layer[some] for layer in layers], mask[some]) for some in few])

    model.layerwise_attention = Mix()


def _encoded(model: Any, texts: Sequence[str]) -> Any:
    """The vectors of texts, a row each, by the code that COMET's ``predict`` runs."""
    import torch

    with quiet(), torch.inference_mode():
        batch = model.encoder.prepare_sample(list(texts)).to(model.device)
        return model.compute_sentence_embedding(batch["input_ids"], batch["attention_mask"])


def _scores(model: Any, texts: Sequence[tuple[str, ...]], vectors: dict[str, Any]) -> list[float]:
    """The scores of samples whose texts have vectors, by COMET's ``forward``: it gets them where it gets ids else."""
    import torch

    given: dict[str, Any] = {}
    for place, key in enumerate(_KEYS[: len(texts[0])]):
        given[f"{key}_input_ids"] = torch.stack([vectors[own[place]] for own in texts])
        given[f"{key}_attention_mask"] = None
    model.get_sentence_embedding = _as_it_is
    try:
        with quiet(), torch.inference_mode():
            scores: list[float] = model(**given).score.tolist()
            return scores
    finally:
        del model.get_sentence_embedding


def _as_it_is(vectors: Any, _: None) -> Any:
    return vectors
