"""Writes the trained network as a COMET checkpoint small enough to ship.

Word embeddings and the encoder's matrices are stored in 8 bits (``float8_e4m3fn``), the other weights in half
precision; COMET's own loader copies both into the float32 weights of the model that it builds. Float8
is coarse below 1/64. Word embeddings are small, so that all three kinds of embeddings are stored ``EMBEDDING_SCALE``
times as large: their sum goes through a layer norm, which takes the factor out again.
"""

from __future__ import annotations

from pathlib import Path

import torch
import yaml

from mteval.metrics.comet_fakes import write_ckpt
from recipes.comet_qe_mini.e5_file import Encoder
from recipes.comet_qe_mini.network import Pieces, Trainee, settings, write_encoder

WORDS = "encoder.model.embeddings.word_embeddings.weight"
OTHER_EMBEDDINGS = tuple(f"encoder.model.embeddings.{kind}_embeddings.weight" for kind in ("position", "token_type"))
EMBEDDING_SCALE = 16.0
EIGHT_BITS = ("query.weight", "key.weight", "value.weight", "dense.weight")
FIRST = "estimator.ff.0"


def packed(model: Trainee, pieces: Pieces) -> dict[str, torch.Tensor]:
    """The weights that ship, under COMET's names; the features' scale is taken into the regressor's first layer."""
    whole = {name: weight.detach().float() for name, weight in model.comet.state_dict().items()}
    state = {}
    for name, weight in whole.items():
        if name.endswith(("position_ids", "token_type_ids")):
            continue  # which the model makes anew
        if name == WORDS:
            state[name] = (weight[: len(pieces.kept)] * EMBEDDING_SCALE).to(torch.float8_e4m3fn)
        elif name in OTHER_EMBEDDINGS:
            state[name] = (weight * EMBEDDING_SCALE).half()
        elif name.endswith(EIGHT_BITS):
            state[name] = weight.to(torch.float8_e4m3fn)
        else:
            state[name] = weight.half()
    mt, src, product, difference = (whole[f"{FIRST}.weight"] / model.spread).chunk(4, dim=1)
    mean_mt, mean_src, _, _ = model.mean.chunk(4)
    first = torch.cat([mt - product * mean_src, src - product * mean_mt, product, difference], dim=1)
    state[f"{FIRST}.weight"] = first.half()
    # From the rounded weights, so that rounding does not move the features' mean; it is large beside their spread.
    shift = state[f"{FIRST}.weight"].double() @ model.mean.double()
    state[f"{FIRST}.bias"] = (whole[f"{FIRST}.bias"].double() - shift).float()
    return state


def write_checkpoint(folder: Path, model: Trainee, pieces: Pieces, encoder: Encoder, layers: int, hidden: int) -> None:
    """Write ``hparams.yaml``, ``checkpoints/model.ckpt`` and ``encoder/`` into ``folder``."""
    write_encoder(folder / "encoder", encoder, pieces.kept, layers)
    hparams = settings("encoder", hidden)
    write_ckpt(folder, packed(model, pieces), hparams)
    (folder / "hparams.yaml").write_text(yaml.safe_dump(hparams, sort_keys=False), encoding="utf-8")
