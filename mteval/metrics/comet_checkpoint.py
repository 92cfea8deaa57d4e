"""A COMET checkpoint: finding it, looking into it without running it, and loading it into COMET's own class.

A checkpoint is a folder that holds ``hparams.yaml`` and ``checkpoints/model.ckpt``, here or at the hub. The published
ones do not hold their encoder's tokenizer and shape: those are the files of another hub model, which their settings
name. One whose settings name a folder within its own brings them along.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml

from mteval.errors import UnavailableError
from mteval.files import resolve
from mteval.metrics.comet_contents import check_whole, glanced, opened
from mteval.metrics.comet_hub import fetch, first_line
from mteval.metrics.comet_layout import CKPT, ENCODER_FILES, ENCODER_NAME, HPARAMS, HUB_NAME, is_checkpoint, is_encoder
from mteval.metrics.comet_needs import cached_encoder_need, checkpoint_need, local_encoder_need
from mteval.metrics.comet_quiet import quiet
from mteval.needs import Need

#: The classes of COMET that score; ``ranking_metric`` only ranks while it is trained.
CLASSES = ("referenceless_regression_metric", "regression_metric", "unified_metric", "xcomet_metric")
#: Those of them that join hypothesis, source and reference into one sequence.
JOINING = ("unified_metric", "xcomet_metric")
#: Those that encode each text alone and pool its vectors, which can leave out those of a context.
POOLING = ("referenceless_regression_metric", "regression_metric")


class CometCheckpoint:
    """One COMET checkpoint, looked at step by step; each step is made once and raises what is wrong with it.

    Args:
        name: a hub name (``Unbabel/wmt20-comet-qe-da``), a folder, or a ``.ckpt`` file in a folder's ``checkpoints``;
            with ``package:`` before it, a folder that ships with mteval.
        revision: of the hub; ``None`` for the newest, or for the one in the hub's cache.
        local_encoder: a folder with the encoder's configuration and tokenizer, in place of the one from the hub.
        gated: whether a licence must be accepted at the hub; only for error messages.
        open_alternative: the name of an open checkpoint, for error messages.
        trusted: the names of pickled code in it that may run.

    Raises:
        UnavailableError: from every property and method, if the checkpoint cannot be had, or not safely.
    """

    def __init__(
        self,
        name: str,
        revision: str | None,
        local_encoder: str | None,
        gated: bool,
        open_alternative: str,
        trusted: Collection[str] = (),
    ) -> None:
        self.name = name
        self._revision = revision
        self._local_encoder = local_encoder
        self._gated = gated
        self._trusted = trusted
        self._where = f"checkpoint {name}"
        open_one = "" if name == open_alternative else f", or use the open checkpoint {open_alternative}"
        self._remedy = f"set checkpoint to a local folder that holds {HPARAMS} and {CKPT}{open_one}"

    def _refuse(self, problem: str, remedy: str | None = None) -> NoReturn:
        raise UnavailableError(self._where, problem, remedy or self._remedy) from None

    def _fetch(
        self, name: str, files: tuple[str, ...], is_whole: Callable[[Path], bool], what: str, remedy: str
    ) -> Path:
        own = name == self.name
        revision, gated = (self._revision, self._gated) if own else (None, False)
        return fetch(name, revision, files, is_whole, self._where, what, remedy, gated)

    @functools.cached_property
    def ckpt(self) -> Path:
        """The ``.ckpt`` file, downloaded if need be."""
        here = resolve(self.name)
        if here.is_file():
            return here.absolute()
        if not here.is_dir():
            if not HUB_NAME.fullmatch(self.name):
                self._refuse("there is no such file or folder")
            here = self._fetch(self.name, (HPARAMS, CKPT), is_checkpoint, "", self._remedy)
        if not (here / CKPT).is_file():
            self._refuse(f"has no {CKPT}")
        return here.absolute() / CKPT

    @functools.cached_property
    def settings(self) -> Mapping[str, Any]:
        """What ``hparams.yaml`` says: the class and, maybe relabelled since, how the model was trained."""
        file = self.ckpt.parent.parent / HPARAMS
        try:
            settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._refuse(f"has no {HPARAMS} in the folder above that of its .ckpt file ({file.parent})")
        except (OSError, ValueError, yaml.YAMLError) as error:
            self._refuse(f"its {HPARAMS} cannot be read ({first_line(error)})")
        if not isinstance(settings, dict):
            self._refuse(f"its {HPARAMS} is no mapping of settings")
        if settings.get("class_identifier") not in CLASSES:
            self._refuse(
                f"its {HPARAMS} has the class_identifier {settings.get('class_identifier')!r}",
                f"use a checkpoint of one of the classes {', '.join(CLASSES)}",
            )
        return settings

    @property
    def class_identifier(self) -> str:
        """COMET's name of the model's class: one of ``CLASSES``."""
        return str(self.settings["class_identifier"])

    @functools.cached_property
    def hparams(self) -> Mapping[str, Any]:
        """What the model is built with: the ``.ckpt`` file's own settings, and softmax where COMET patches that in.

        COMET up to 2.2.3 mixed the layers of unified and XCOMET models by softmax whatever their settings said. Newer
        ones do as told, so the published models were relabelled: ``sparsemax_patch`` in ``hparams.yaml`` means softmax,
        though their ``.ckpt`` files still say sparsemax (https://github.com/Unbabel/COMET/issues/195).
        """
        hparams = dict(glanced(self.ckpt, self._refuse, self._trusted)["hyper_parameters"])
        if self.settings.get("layer_transformation") == "sparsemax_patch":
            hparams["layer_transformation"] = "softmax"
        return hparams

    @property
    def reference_modes(self) -> frozenset[bool]:
        """Whether the model scores with a reference (True), without one (False), or either way."""
        if self.class_identifier == "referenceless_regression_metric":
            return frozenset({False})
        if self.class_identifier == "regression_metric":
            return frozenset({True})
        if self.class_identifier == "xcomet_metric":
            return frozenset({True, False})
        inputs = set(self.hparams.get("input_segments", ("mt", "src", "ref")))
        return frozenset(mode for mode, name in ((True, "ref"), (False, "src")) if name in inputs)

    @property
    def encoder_name(self) -> str:
        """The encoder's hub name, or the last part of its path: the same on every machine."""
        name = str(self.hparams.get("pretrained_model", ""))
        return _without_path(name)

    def _encoder_here(self, name: str) -> Path:
        """The folder on this machine that may be the encoder's, there or not; one in the checkpoint's goes first."""
        folder = resolve(self._local_encoder or name)
        if self._local_encoder or folder.is_absolute():
            return folder
        beside = self.ckpt.parent.parent / name
        return beside if name and beside.is_dir() else folder

    @functools.cached_property
    def encoder(self) -> Path:
        """The folder with the encoder's configuration and tokenizer, downloaded if need be."""
        name = str(self.hparams.get("pretrained_model", ""))
        remedy = f"set local_encoder to a folder that holds the config.json and tokenizer of {name}"
        if self.hparams.get("encoder_model") == "MiniLM":  # COMET always takes its tokenizer from there
            what = "its tokenizer xlm-roberta-base "
            self._fetch("xlm-roberta-base", ENCODER_FILES, is_encoder, what, self._remedy)
        folder = self._encoder_here(name)
        if not folder.is_dir():
            if self._local_encoder or not ENCODER_NAME.fullmatch(name):
                self._refuse(f"its encoder's folder {folder} is not there", remedy)
            folder = self._fetch(name, ENCODER_FILES, is_encoder, f"its encoder {name} ", remedy)
        if not is_encoder(folder):
            self._refuse(f"its encoder's folder {folder} lacks config.json or a tokenizer", remedy)
        return folder

    @functools.cached_property
    def encoder_digest(self) -> str:
        """Eight hexadecimal digits of the encoder's configuration and tokenizer files, without their names."""
        files = [self.encoder / name for name in ENCODER_FILES if (self.encoder / name).is_file()]
        parts = [_digest(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:8]

    @functools.cached_property
    def max_positions(self) -> int:
        """How many tokens the encoder takes, special ones included."""
        try:
            config = json.loads((self.encoder / "config.json").read_text(encoding="utf-8"))
            return int(config["max_position_embeddings"]) - 2
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._refuse(f"its encoder's config.json does not say how long a text it takes ({first_line(error)})")

    @property
    def max_length(self) -> int:
        """How many tokens of each text COMET keeps, or of all together if it joins them, special ones included."""
        return self.max_positions if self.class_identifier in JOINING else self.max_positions - 2

    @property
    def no_context(self) -> str | None:
        """Why the model cannot be given the segments before one; ``None`` if it can."""
        if self.class_identifier not in POOLING:
            return f"is of class {self.class_identifier}, which joins its texts and cannot tell a context from them"
        pool = self.hparams.get("pool", "avg")
        return None if pool == "avg" else f"pools by {pool}, and COMET can leave a context out of averages only"

    def needs(self, bytes_per_weight: float) -> tuple[Need, ...]:
        """The checkpoint and its encoder's configuration and tokenizer, found or not, without asking the hub.

        Args:
            bytes_per_weight: how a weight is held once it is loaded; the file holds four bytes for each.
        """
        there = checkpoint_need(self.name, self._revision, self._gated, self._remedy, bytes_per_weight)
        if not there.found:
            return (there,)
        try:
            check_whole(self.ckpt, self._refuse)
            name = str(self.settings.get("pretrained_model") or self.hparams.get("pretrained_model", ""))
        except UnavailableError as error:
            return (there, Need("file", self.name, False, error.problem, error.remedy))
        remedy = f"set local_encoder to a folder that holds the config.json and tokenizer of {name}"
        here = self._encoder_here(name)
        if here.is_dir() or self._local_encoder or not ENCODER_NAME.fullmatch(name):
            found = [local_encoder_need(_without_path(name), here, remedy)]
        else:
            found = [cached_encoder_need(name, remedy)]
        if (self.settings.get("encoder_model") or self.hparams.get("encoder_model")) == "MiniLM":
            found.append(cached_encoder_need("xlm-roberta-base", self._remedy))
        return (there, *found)

    @property
    def digest(self) -> str:
        """The first sixteen hexadecimal digits of the SHA-256 of the ``.ckpt`` file."""
        stat = self.ckpt.stat()
        return _digest(self.ckpt, stat.st_size, stat.st_mtime_ns)

    def load(self) -> Any:
        """The model, on the CPU, in full precision and ready to score, as ``comet.load_from_checkpoint`` makes it.

        That function is not called: it cannot be told where the encoder is, makes random weights and reads the file's
        beside them, and goes on with the random ones where the file lacks some. Here the weights stay in the file, from
        which the system brings in what is used.
        """
        with quiet():
            from comet.models import str2model
            from transformers.modeling_utils import no_init_weights

        contents = opened(self.ckpt, self._refuse, self._trusted)
        model_class = str2model[self.class_identifier]
        changes = {"pretrained_model": str(self.encoder), "load_pretrained_weights": False, "local_files_only": True}
        accepted = inspect.signature(model_class.__init__).parameters
        arguments = {key: value for key, value in {**self.hparams, **changes}.items() if key in accepted}
        weights = {name: _full(weight) for name, weight in contents["state_dict"].items()}
        try:
            with quiet():
                with no_init_weights():
                    model = model_class(**arguments)
                unmatched = model.load_state_dict(weights, strict=False, assign=True)
        except Exception as error:  # whatever COMET, transformers or torch make of settings that do not fit
            self._refuse(f"cannot be loaded with the encoder in {self.encoder} ({first_line(error)})")
        parameters = {name for name, _ in model.named_parameters()}
        if lacking := sorted(parameters.intersection(unmatched.missing_keys)):
            self._refuse(f"lacks {len(lacking)} of the model's {len(parameters)} weights, {lacking[0]} among them")
        self.check_layers(model)
        return model.eval()

    def check_layers(self, model: Any) -> None:
        """Make sure that a model relabelled ``sparsemax_patch`` mixes its encoder's layers by softmax."""
        import torch

        mix = model.layerwise_attention
        patched = self.settings.get("layer_transformation") == "sparsemax_patch"
        if patched and mix is not None and mix.transform_fn is not torch.softmax:
            self._refuse(
                "must mix its encoder's layers by softmax (its layer_transformation is sparsemax_patch) and does not",
                "install unbabel-comet 2.2.7, under which it does",
            )


def _full(weight: Any) -> Any:
    """A weight in full precision, in which COMET's own loading would put it."""
    return weight.float() if weight.is_floating_point() else weight


def _without_path(encoder: str) -> str:
    return encoder if ENCODER_NAME.fullmatch(encoder) else Path(encoder).name


@functools.lru_cache(maxsize=64)
def _digest(file: Path, size: int, modified: int) -> str:
    """The digest of a file's bytes; computed again once its size or time of change differs."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
