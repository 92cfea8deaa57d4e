"""A second opinion on human scores, from the encoder as it was pretrained.

Kernel ridge regression on several layers of the frozen encoder agrees better with people than a small network that is
fine-tuned on as many pairs. A network that learns from its opinion beside the human score, which is one noisy
measurement, does better than either; README.md has the figures. An opinion of a pair comes from the other folds alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from recipes.comet_qe_mini.network import Input, Trainee, batch, by_length

Floats = NDArray[np.float64]
FOLDS = 7
RIDGE = 1.0


@torch.inference_mode()
def pooled(model: Trainee, inputs: Sequence[Input], layers: Sequence[int]) -> Floats:
    """Means of the pieces' vectors, shape [inputs, 2 (hypothesis, source), layers, width]."""
    model.eval()
    found = np.zeros((len(inputs), 2, len(layers), model.comet.encoder.output_units))
    for chosen in by_length(inputs, 6000):
        with torch.autocast("cpu", torch.bfloat16):
            means, _ = model.pooled(batch([inputs[index] for index in chosen]))
        for place, layer in enumerate(layers):
            for side, values in enumerate(means[layer][:, 0].chunk(2)):
                found[chosen, side, place] = values.double().numpy()
    return found


def opinions(means: Floats, scores: Floats, seed: int) -> Floats:
    """Scores, shape [pairs], each predicted from the pairs of the other folds.

    Args:
        means: what ``pooled`` gives, of pairs of one lang pair.
        scores: human scores, shape [pairs].
        seed: of the folds.
    """
    # Each language about its own mean and brought to length 1: what differs between languages is of no interest.
    centred = means - means.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=-1, keepdims=True)
    mt, src = centred[:, 0], centred[:, 1]
    cosine = (mt * src).sum(axis=-1, keepdims=True)
    parts = np.concatenate([mt, src, np.abs(mt - src), mt * src, cosine], axis=-1).reshape(len(means), -1)
    parts -= parts.mean(axis=0)
    squares = (parts**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * parts @ parts.T
    kernel = np.exp(-distances / np.median(distances))
    places = np.arange(len(scores))
    random.Random(seed).shuffle(order := places.tolist())
    found = np.zeros(len(scores))
    for fold in range(FOLDS):
        held = np.sort(order[fold::FOLDS])
        rest = np.setdiff1d(places, held)
        mean = scores[rest].mean()
        weights = np.linalg.solve(kernel[np.ix_(rest, rest)] + RIDGE * np.eye(len(rest)), scores[rest] - mean)
        found[held] = kernel[np.ix_(held, rest)] @ weights + mean
    return found
