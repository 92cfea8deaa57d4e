"""BLEURT's weights and tokenizer: a BERT or RemBERT that reads reference and hypothesis together, and one linear layer.

Written after https://github.com/google-research/bleurt, on ``transformers``' own BERT and RemBERT. The published
checkpoints are TensorFlow's; those read here were converted to PyTorch by https://github.com/lucadiliello/bleurt-pytorch.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mteval.checkpoint import Checkpoint, find, need, used
from mteval.errors import UnavailableError
from mteval.loading import DTYPES, find_device, free
from mteval.needs import Need

PRECISIONS = ("fp32", "bf16")
GELUS = {"tanh": "gelu_pytorch_tanh", "erf": "gelu"}

_PIECES = ("spm.model", "sent_piece.model")
_CLS, _SEP, _PAD = "[CLS]", "[SEP]", 0
_BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")
_SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_ANEW = "download it again, or choose another one, such as lucadiliello/BLEURT-20"


class BleurtModel:
    """A BLEURT checkpoint, running no code that it brings along; each part is loaded when it is first needed.

    Args:
        checkpoint: a hub name or a folder, with ``config.json``, weights and a SentencePiece model.
        revision: of it at the hub.
        gelu: one of ``GELUS``: what ``gelu`` in its configuration means.
        precision: one of ``PRECISIONS``.
        device: one of ``DEVICES``.

    Everything loaded raises ``UnavailableError`` if its files are missing, broken or do not belong together.
    """

    def __init__(self, checkpoint: str, revision: str | None, gelu: str, precision: str, device: str) -> None:
        self._name = checkpoint
        self._revision = revision
        self._gelu = gelu
        self._precision = precision
        self._device = device

    def needs(self) -> tuple[Need, ...]:
        """The checkpoint, found or not, without asking the hub."""
        return (need(self._name, self._revision, 4 if self._precision == "fp32" else 2),)

    @functools.cached_property
    def checkpoint(self) -> Checkpoint:
        """Where it lies; downloaded if need be."""
        return find(self._name, self._revision)

    @functools.cached_property
    def settings(self) -> dict[str, Any]:
        """What its ``config.json`` says."""
        try:
            settings = json.loads((self.checkpoint.folder / "config.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            self._refuse(f"its config.json cannot be read ({error})")
        if not isinstance(settings, dict) or (lacking := [key for key in _SIZES if key not in settings]):
            named = lacking[0] if isinstance(settings, dict) else "its settings"
            self._refuse(f"its config.json lacks {named}, and is of no BLEURT")
        return settings

    @property
    def positions(self) -> int:
        """The most tokens that it takes."""
        return int(self.settings["max_position_embeddings"])

    @functools.cached_property
    def pieces(self) -> Any:
        """The SentencePiece model."""
        import sentencepiece

        file = next((self.checkpoint.folder / name for name in _PIECES if self._has(name)), None)
        if file is None:
            self._refuse("it has no spm.model: a BLEURT from before BLEURT-20, which reads words otherwise")
        try:
            pieces = sentencepiece.SentencePieceProcessor(model_file=str(file))
        except (OSError, RuntimeError) as error:
            self._refuse(f"its {file.name} cannot be loaded ({_line(error)})")
        if unknown := [mark for mark in (_CLS, _SEP) if pieces.piece_to_id(mark) == pieces.unk_id()]:
            self._refuse(f"its {file.name} does not know {unknown[0]}")
        if pieces.get_piece_size() > self.settings["vocab_size"]:
            self._refuse(f"its {file.name} has more tokens than its weights know")
        return pieces

    @property
    def device(self) -> Any:
        """Where the weights go; ``UnavailableError`` if CUDA is asked for in vain."""
        return find_device(self._device)

    @functools.cached_property
    def weights(self) -> tuple[Any, Any]:
        """Encoder and linear layer, on their device."""
        import torch
        import transformers

        settings = self.settings
        activation = settings.get("hidden_act", "gelu")
        narrow = settings.get("embedding_size")
        kind: Any = transformers.BertModel if narrow is None else transformers.RemBertModel
        config = kind.config_class(
            **{key: settings[key] for key in _SIZES},
            **({} if narrow is None else {"input_embedding_size": narrow}),
            hidden_act=GELUS[self._gelu] if activation == "gelu" else activation,
            layer_norm_eps=1e-12,
            pad_token_id=_PAD,
        )
        state = {name.removeprefix("bleurt."): weight for name, weight in self._state().items()}
        state = {name.replace("embedding_projection", "embedding_hidden_mapping_in"): w for name, w in state.items()}
        dtype = getattr(torch, DTYPES[self._precision])
        try:
            head = torch.nn.Linear(settings["hidden_size"], 1)
            head.load_state_dict({key: state.pop(f"classifier.{key}") for key in ("weight", "bias")})
            state = {name: weight for name, weight in state.items() if name not in _BUFFERS}
            given = {"config": config, "state_dict": state, "dtype": dtype, "output_loading_info": True}
            encoder, report = kind.from_pretrained(None, **given)
        except Exception as error:  # whatever torch and transformers make of weights that do not fit
            self._refuse(f"its weights do not fit its config.json ({_line(error)})")
        for found, what in (("missing_keys", "are missing"), ("unexpected_keys", "are of no BLEURT")):
            if names := sorted(report[found]):  # which transformers would fill at random, or leave out
                self._refuse(f"{len(names)} of its weights {what}, {names[0]} first")
        return encoder.to(self.device).eval(), head.to(self.device, dtype).eval()

    def read(self, reference: str, hypothesis: str) -> tuple[list[int], list[int]]:
        """The token ids of both texts, uncut and without marks."""
        return self.pieces.encode(reference), self.pieces.encode(hypothesis)

    def score(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
        """The scores of a batch of references and hypotheses, each given by its token ids and cut to fit."""
        import torch

        encoder, head = self.weights
        cls, sep = self.pieces.piece_to_id(_CLS), self.pieces.piece_to_id(_SEP)
        rows = [[cls, *reference, sep, *hypothesis, sep] for reference, hypothesis in pairs]
        second = [[0] * (len(reference) + 2) + [1] * (len(hypothesis) + 1) for reference, hypothesis in pairs]
        width = max(map(len, rows))

        def padded(values: Sequence[Sequence[int]], pad: int) -> Any:
            return torch.tensor([[*row, *[pad] * (width - len(row))] for row in values], device=self.device)

        with torch.inference_mode():
            pooled = encoder(
                input_ids=padded(rows, _PAD),
                attention_mask=padded([[1] * len(row) for row in rows], 0),
                token_type_ids=padded(second, 0),
            ).pooler_output
            scores: list[float] = head(pooled)[:, 0].float().tolist()
        return scores

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("weights", None) is not None:
            free(self.device)

    def _state(self) -> dict[str, Any]:
        """The weights by name, as the files hold them."""
        import torch
        from safetensors.torch import load_file

        folder = self.checkpoint.folder
        state: dict[str, Any] = {}
        for file in (folder / name for name in used([path.name for path in folder.iterdir()], ("weights",))):
            if file.suffix not in (".safetensors", ".bin"):
                continue
            try:
                part = load_file(file) if file.suffix == ".safetensors" else torch.load(file, weights_only=True)
            except Exception as error:  # safetensors and torch raise what they like
                self._refuse(f"{file.name} cannot be loaded ({_line(error)})")
            state.update(part)
        return state

    def _has(self, name: str) -> bool:
        path: Path = self.checkpoint.folder / name
        return path.is_file()

    def _refuse(self, problem: str) -> NoReturn:
        raise UnavailableError(self.checkpoint.name, problem, _ANEW) from None


def cut(reference: Sequence[int], hypothesis: Sequence[int], most: int) -> tuple[Sequence[int], Sequence[int]]:
    """Both texts, cut at their ends as the official tool does: the longer first, and the hypothesis of two alike.

    Args:
        most: how many tokens they may have together.
    """
    excess = len(reference) + len(hypothesis) - most
    longer, shorter = max(len(reference), len(hypothesis)), min(len(reference), len(hypothesis))
    if excess <= 0:
        return reference, hypothesis
    if excess < longer - shorter:
        kept = (longer - excess, shorter)
        sizes = kept if len(reference) > len(hypothesis) else kept[::-1]
    else:
        sizes = ((most + 1) // 2, most // 2)
    return reference[: sizes[0]], hypothesis[: sizes[1]]


def _line(error: Exception) -> str:
    """The first line of what an error says, with its name."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')[:200]}"
