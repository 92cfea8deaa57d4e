"""Trains the fluency models of one language, and packs them into the file that ships."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mteval.garble.fluency_model import FluencyModel
from mteval.garble.fluency_tokens import tokens
from recipes.garble import language_model, wording
from recipes.garble.corpora import Segment
from recipes.garble.damage import Damage

#: Of texts by people, this share is damaged too.
DAMAGED = 0.8


def train(
    people: Sequence[Segment], machines: Sequence[Segment], foreign: Sequence[str], seed: int = 1
) -> FluencyModel:
    """Train on texts by people and by machines, all of one language.

    Args:
        people: texts by people.
        machines: texts by machines, bad ones.
        foreign: texts of another language, words of which stand untranslated in damaged texts.
        seed: of the damage.
    """
    draw = random.Random(seed)
    damage = Damage([segment.text for segment in people], foreign)
    damaged = [damage(segment, draw) for segment in people if draw.random() < DAMAGED]
    by_people = [tokens(segment.text) for segment in people]
    origins = [segment.origin for segment in people]
    vocabulary = language_model.vocabulary(list(zip(origins, by_people, strict=True)))
    numbers = [vocabulary.numbered(found) for found in by_people]
    trigrams = language_model.train(numbers, len(vocabulary))
    wordings = {}
    for kind, bad in (("rule_based", machines), ("broken", damaged)):
        if bad:
            shown = [*people, *bad]
            machine = np.arange(len(shown)) >= len(people)
            all_numbers = [*numbers, *(vocabulary.numbered(tokens(segment.text)) for segment in bad)]
            all_origins = [segment.origin for segment in shown]
            weights = _weights(shown, machine)
            wordings[kind] = wording.train(all_numbers, machine, all_origins, weights, vocabulary)
    return FluencyModel(vocabulary, trigrams, wordings)


def _weights(shown: Sequence[Segment], machine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """People and machines weigh the same; a large origin weighs more than a small one, but less than by its size."""
    counts = Counter((segment.origin, segment.maker) for segment in shown)
    weights = np.array([counts[segment.origin, segment.maker] ** -0.3 for segment in shown])
    for of_machine in (False, True):
        weights[machine == of_machine] *= len(shown) / 2 / weights[machine == of_machine].sum()
    return weights


def pack(model: FluencyModel, path: Path) -> None:
    """Write a model's file: numbers as bytes on scales of their own, sorted keys as differences."""
    arrays: dict[str, NDArray[np.generic]] = {
        "entries": np.frombuffer("\n".join(model.vocabulary.entries).encode("utf-8"), dtype=np.uint8),
        "plain": model.trigrams.plain.astype(np.float16),
        "one": model.trigrams.one.astype(np.float16),
        "one_off": model.trigrams.one_off.astype(np.float16),
        "two": np.diff(model.trigrams.two, prepend=0),
        "three": np.diff(model.trigrams.three, prepend=0),
        "coarse": next(iter(model.wordings.values())).coarse.astype(np.int32),
        "kinds": np.frombuffer(" ".join(model.wordings).encode("utf-8"), dtype=np.uint8),
        "biases": np.array([one.bias for one in model.wordings.values()]),
    }
    for name, values in (
        ("two_log", model.trigrams.two_log),
        ("two_off", model.trigrams.two_off),
        ("three_log", model.trigrams.three_log),
        *((f"{kind}_weights", one.weights) for kind, one in model.wordings.items()),
    ):
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        step = (high - low) / 255 or 1.0
        arrays[name] = np.round((values - low) / step).astype(np.uint8)
        arrays[f"{name}_scale"] = np.array([low, step])
    for kind, one in model.wordings.items():
        arrays[f"{kind}_keys"] = np.diff(one.keys, prepend=0)
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
