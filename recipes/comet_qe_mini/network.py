"""The network: COMET's ``ReferencelessRegression`` around the first layers of the pretrained encoder.

Source and hypothesis are encoded apart, and a small regressor compares the means of their pieces. That suits an encoder
that was pretrained to bring translations together: README.md compares it with joining both texts in one input, which
the encoder never saw before.

While it is trained it knows more pieces than it ships with, so that the other languages' scored pairs can be learnt
from; their rows come after those that stay, and are dropped at the end. Its word embeddings stay as they were
pretrained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from comet.models import ReferencelessRegression
from numpy.typing import NDArray
from torch import nn
from transformers import XLMRobertaConfig, XLMRobertaModel

from recipes.comet_qe_mini import vocabulary
from recipes.comet_qe_mini.corpora import Example
from recipes.comet_qe_mini.e5_file import Encoder

CLS, PAD, SEP, UNK = range(4)
WORDS = "embeddings.word_embeddings.weight"

#: A hypothesis's ids and a source's.
Input = tuple[list[int], list[int]]


class Pieces:
    """Texts as ids: the languages that ship by the pruned vocabulary, the others by the whole one.

    Args:
        encoder: the pretrained encoder.
        kept: ids of the pieces that ship.
        extra: ids of further pieces, known only while training.
        most: how many pieces of a text are seen.
    """

    def __init__(self, encoder: Encoder, kept: Sequence[int], extra: Sequence[int], most: int) -> None:
        self.kept, self.extra = list(kept), list(extra)
        self._pruned = vocabulary.unigram([encoder.pieces[id_] for id_ in kept])
        self._whole = vocabulary.unigram(encoder.pieces)
        self._place = {id_: place for place, id_ in enumerate([*kept, *extra])}
        self._most = min(most, encoder.positions - 2)  # beside the two special ones

    def inputs(self, examples: Sequence[Example], shipped: frozenset[str]) -> list[Input]:
        """``<s> text </s>`` of each example's two texts."""
        hypotheses = self._pruned_ids([example.hypothesis for example in examples])
        sources = self._pruned_ids([example.source for example in examples])
        foreign = [index for index, example in enumerate(examples) if example.lang not in shipped]
        found = self._whole.encode_batch([examples[index].source for index in foreign], add_special_tokens=False)
        for index, source in zip(foreign, found, strict=True):
            sources[index] = [self._place.get(id_, UNK) for id_ in source.ids[: self._most]]
        return [([CLS, *mt, SEP], [CLS, *src, SEP]) for mt, src in zip(hypotheses, sources, strict=True)]

    def _pruned_ids(self, texts: list[str]) -> list[list[int]]:
        return [found.ids[: self._most] for found in self._pruned.encode_batch(texts, add_special_tokens=False)]

    def labels(self, examples: Sequence[Example]) -> list[list[float] | None]:
        """For each of an input's pieces of the hypothesis, from the first on, whether its word is wrong."""
        found = self._pruned.encode_batch([example.hypothesis for example in examples], add_special_tokens=False)
        result: list[list[float] | None] = []
        for example, encoding in zip(examples, found, strict=True):
            if example.bad is None:
                result.append(None)
                continue
            place, word = [], -1
            inside = False
            for character in example.hypothesis:
                word += not inside and not character.isspace()
                inside = not character.isspace()
                place.append(max(0, word))
            ends = [max(start, min(end, len(place)) - 1) for start, end in encoding.offsets[: self._most]]
            result.append([float(example.bad[place[end]]) if place else 0.0 for end in ends])
        return result


def write_encoder(folder: Path, encoder: Encoder, kept: Sequence[int], layers: int) -> Path:
    """Write the encoder's configuration and pruned tokenizer, as COMET's loader reads them."""
    positions = encoder.positions + 2  # XLM-R counts positions from 2 on
    vocabulary.save(vocabulary.unigram([encoder.pieces[id_] for id_ in kept]), folder, encoder.positions)
    config = {
        "architectures": ["XLMRobertaModel"],
        "model_type": "xlm-roberta",
        "vocab_size": len(kept),
        "hidden_size": encoder.width,
        "num_hidden_layers": layers,
        "num_attention_heads": encoder.heads,
        "intermediate_size": encoder.inner,
        "max_position_embeddings": positions,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": PAD,
        "bos_token_id": CLS,
        "eos_token_id": SEP,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return folder


def settings(encoder_folder: str, hidden: int) -> dict[str, Any]:
    """What COMET builds the model with, and what goes into ``hparams.yaml``."""
    return {
        "class_identifier": "referenceless_regression_metric",
        "encoder_model": "XLM-RoBERTa",
        "pretrained_model": encoder_folder,
        "pool": "avg",
        "layer": "mix",
        "layer_transformation": "softmax",
        "layer_norm": False,
        "hidden_sizes": [hidden],
        "activations": "Tanh",
        "final_activation": "Sigmoid",
        "dropout": 0.1,
        "train_data": [],
        "validation_data": [],
    }


class Trainee(nn.Module):
    """COMET's model, with what does not ship: a head for wrong words, and features brought to one scale."""

    def __init__(self, encoder: Encoder, pieces: Pieces, folder: Path, layers: int, hidden: int) -> None:
        super().__init__()
        arguments = settings(str(folder), hidden)
        del arguments["class_identifier"]
        self.comet = ReferencelessRegression(**arguments, load_pretrained_weights=False, local_files_only=True)
        # The eager attention is the faster one backwards, on short sequences and a CPU.
        config = XLMRobertaConfig.from_pretrained(folder, local_files_only=True)
        model = XLMRobertaModel._from_config(config, attn_implementation="eager", add_pooling_layer=False)
        self.comet.encoder.model = model
        model.embeddings.word_embeddings = nn.Embedding(len(pieces.kept) + len(pieces.extra), encoder.width, PAD)
        model.load_state_dict(_initial(encoder, pieces, layers))
        model.embeddings.word_embeddings.weight.requires_grad_(False)
        self.comet.layerwise_attention.scalar_parameters[-1].data.fill_(2.0)
        self.wrong_words = nn.Linear(encoder.width, 1)
        self.mean: torch.Tensor
        self.spread: torch.Tensor
        self.register_buffer("mean", torch.zeros(4 * encoder.width))
        self.register_buffer("spread", torch.ones(4 * encoder.width))

    def set_dropout(self, rate: float) -> None:
        for name, module in self.comet.encoder.named_modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0 if name.endswith("self.dropout") else rate  # none on attention

    def features(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the regressor compares, shape [batch, 4 * width], and the hypotheses' last layer.

        Args:
            ids: the batch's hypotheses and then its sources, shape [2 * batch, longest].
        """
        means, last = self.pooled(ids)
        with torch.autocast(ids.device.type, enabled=False):
            pooled = self.comet.layerwise_attention(means)[:, 0]
            mt, src = pooled.chunk(2)
            found = torch.cat([mt, src, mt * src, torch.abs(mt - src)], dim=1)  # in the order of COMET's own
        return found, last.chunk(2)[0]

    def pooled(self, ids: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """Each layer's means of the pieces' vectors, from the embeddings on, and the last layer whole.

        Args:
            ids: the batch, shape [texts, longest]; the means are of shape [texts, 1, width].
        """
        mask = ids != PAD
        hidden = self.comet.encoder.model(
            input_ids=ids, attention_mask=mask.long(), output_hidden_states=True, return_dict=False
        )[-1]
        with torch.autocast(ids.device.type, enabled=False):
            share = (mask / mask.sum(dim=1, keepdim=True))[:, None].float()
            return [share @ layer.float() for layer in hidden], hidden[-1]

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the scores, shape [batch], and of each place's being wrong, shape [batch, longest]."""
        found, last = self.features(ids)
        with torch.autocast(ids.device.type, enabled=False):
            logits = self.comet.estimator.ff[:-1](self.scaled(found)).view(-1)
        return logits, self.wrong_words(last).squeeze(-1)

    def scaled(self, found: torch.Tensor) -> torch.Tensor:
        """The features about their means and in their spreads; the product is that of the centred means.

        All of it is linear in the features, so that ``checkpoint.py`` takes it into the regressor's first layer.
        """
        mt, src, product, difference = (found - self.mean).chunk(4, dim=-1)
        mean_mt, mean_src, _, _ = self.mean.chunk(4)
        product = product - mean_src * mt - mean_mt * src
        return torch.cat([mt, src, product, difference], dim=-1) / self.spread

    @torch.inference_mode()
    def fit_scale(self, inputs: Sequence[Input]) -> None:
        """Take the features' means and spreads from these inputs."""
        self.eval()
        found = torch.cat([self.features(batch([inputs[at] for at in part]))[0] for part in by_length(inputs, 4000)])
        self.mean.copy_(found.mean(dim=0))
        self.spread.fill_(1.0)
        self.spread.copy_(self.scaled(found).std(dim=0) + 1e-6)


def _initial(encoder: Encoder, pieces: Pieces, layers: int) -> dict[str, torch.Tensor]:
    """The pretrained weights as XLM-R names and shapes them: the first layers, and the rows of the pieces."""
    state = {
        name: weight
        for name, weight in encoder.weights.items()
        if not name.startswith("encoder.layer.") or int(name.split(".")[2]) < layers
    }
    places = "embeddings.position_embeddings.weight"
    state[places] = torch.cat([torch.zeros(2, encoder.width), state[places]])
    kinds = "embeddings.token_type_embeddings.weight"
    state[kinds] = state[kinds][:1]
    state[WORDS] = torch.from_numpy(encoder.words[[*pieces.kept, *pieces.extra]])
    return state


def batch(inputs: Sequence[Input]) -> torch.Tensor:
    """The hypotheses and then the sources, padded: shape [2 * inputs, longest]."""
    sequences = [mt for mt, _ in inputs] + [src for _, src in inputs]
    padded = np.full((len(sequences), max(map(len, sequences))), PAD, dtype=np.int64)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.from_numpy(padded)


@torch.inference_mode()
def predict(model: Trainee, inputs: Sequence[Input], tokens: int = 6000) -> NDArray[np.float64]:
    """Scores, shape [inputs], in the order given."""
    model.eval()
    scores = np.zeros(len(inputs))
    for chosen in by_length(inputs, tokens):
        with torch.autocast("cpu", torch.bfloat16):
            logits, _ = model(batch([inputs[index] for index in chosen]))
        scores[chosen] = torch.sigmoid(logits).double().numpy()
    return scores


def by_length(inputs: Sequence[Input], tokens: int, indices: Sequence[int] | None = None) -> Iterator[list[int]]:
    """Batches of indices, the inputs of a batch about equally long and with padding at most so many tokens."""

    def length(index: int) -> int:
        return 2 * max(map(len, inputs[index]))

    chosen: list[int] = []
    for index in sorted(range(len(inputs)) if indices is None else indices, key=length):
        if chosen and length(index) * (len(chosen) + 1) > tokens:
            yield chosen
            chosen = []
        chosen.append(index)
    if chosen:
        yield chosen
