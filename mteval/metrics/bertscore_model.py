"""What BERTScore compares texts by: an encoder's layer, loaded and run by the ``bert-score`` package."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mteval.checkpoint import Checkpoint, find, need
from mteval.errors import ConfigError, DataError, UnavailableError
from mteval.files import read_lines
from mteval.loading import ANEW, find_device, free
from mteval.metrics.bertscore_quiet import quiet
from mteval.needs import Need, file, lacking, package

MEASURES = ("precision", "recall", "f1")
REQUIREMENT = "bert-score>=0.3.13,<0.4"

DEFAULTS = {
    "en": "roberta-large",
    "zh": "bert-base-chinese",
    "tr": "dbmdz/bert-base-turkish-cased",
    "en-sci": "allenai/scibert_scivocab_uncased",
}
"""The package's own choice of a checkpoint, by language."""
OTHER = "bert-base-multilingual-cased"
"""Its choice for every other language."""

_LIMITLESS = 1_000_000
_OFFSET = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "longformer", "mpnet", "xmod")
"""Kinds of encoders that count positions from behind the padding's."""


class BertScoreModel:
    """An encoder as ``bert-score`` uses it; each part is loaded when it is first needed.

    Args:
        where: the metric, for errors.
        checkpoint: a hub name or a folder.
        revision: of it at the hub.
        layer: which one; ``None`` for the one that the package knows to be best.
        idf: a file of sentences from which rare words get more weight; ``None`` weighs all alike.
        language: whose baseline is taken; ``None`` if scores are not rescaled.
        baseline: a file to take it from, in place of the package's own.
        use_fast_tokenizer: whether a tokenizer of the ``tokenizers`` package is used.
        device: one of ``DEVICES``.
        max_length: how many tokens of a text are seen; ``None`` for as many as the encoder takes.

    Everything loaded raises ``UnavailableError`` if its files are missing, broken or do not belong together.
    """

    def __init__(
        self,
        *,
        where: str,
        checkpoint: str,
        revision: str | None,
        layer: int | None,
        idf: str | None,
        language: str | None,
        baseline: str | None,
        use_fast_tokenizer: bool,
        device: str,
        max_length: int | None,
    ) -> None:
        self._where = where
        self._name = checkpoint
        self._revision = revision
        self._layer = layer
        self._idf = None if idf is None else Path(idf).expanduser()
        self._language = language
        self._baseline = None if baseline is None else Path(baseline).expanduser()
        self._fast = use_fast_tokenizer
        self._device = device
        self._max_length = max_length

    def needs(self) -> tuple[Need, ...]:
        """The package, the checkpoint, and the files that settings name; without asking the hub."""
        files = [(self._idf, "idf"), (self._baseline, "baseline")]
        named = [file(path, f"correct {key}") for path, key in files if path is not None]
        return package(REQUIREMENT, "bertscore"), need(self._name, self._revision), *named

    @functools.cached_property
    def package(self) -> Any:
        """``bert_score.utils``, whose tables and functions are used."""
        for one in lacking([package(REQUIREMENT, "bertscore")]):
            raise UnavailableError(f"package {one.name}", one.detail, one.remedy)
        with quiet():
            return importlib.import_module("bert_score.utils")

    @functools.cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the encoder lies; downloaded if need be."""
        found = find(self._name, self._revision)
        if "t5" in str(found.folder) and "t5" not in self.config_of(found).get("model_type", ""):
            problem = f"bert-score takes whatever has t5 in its path for a T5, as {found.folder} has"
            raise UnavailableError(found.name, problem, "move the folder")
        return found

    def config_of(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What a checkpoint's ``config.json`` says."""
        try:
            config = json.loads((checkpoint.folder / "config.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            self._refuse(checkpoint, f"its config.json cannot be read ({_line(error)})")
        if not isinstance(config, dict):
            self._refuse(checkpoint, "its config.json holds no settings")
        return config

    @functools.cached_property
    def layer(self) -> int:
        """The layer that is compared; ``ConfigError`` if it is not known, or the encoder has no such layer."""
        best = self.package.model2layers.get(self._plain_name)
        if self._layer is None and best is None:
            problem = f"is not given, and bert-score knows no best one of {self._name}"
            raise ConfigError(f"{self._where}, key layer", problem, "give the layer's number, from 1 up")
        layer = int(best if self._layer is None else self._layer)
        layers = self.config_of(self.checkpoint).get("num_hidden_layers")
        if isinstance(layers, int) and layer > layers:
            problem = f"is {layer}, and {self._name} has {layers} layers"
            raise ConfigError(f"{self._where}, key layer", problem, f"give {layers} or less")
        return layer

    @property
    def _plain_name(self) -> str:
        """The checkpoint's name in the package's tables, which were made before some moved at the hub."""
        return self._name.removeprefix("FacebookAI/").removeprefix("google-bert/")

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer, which is told how long a text it may give."""
        checkpoint = self.checkpoint
        try:
            with quiet():
                tokenizer = self.package.get_tokenizer(str(checkpoint.folder), self._fast)
                tokenizer.model_max_length = self._limit(tokenizer.model_max_length)
        except (ConfigError, UnavailableError):
            raise
        except Exception as error:  # sentencepiece, tokenizers and transformers raise what they like
            self._refuse(checkpoint, f"its tokenizer cannot be loaded ({_line(error)})")
        if tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
            self._refuse(checkpoint, "its tokenizer has no marks for a text's beginning and end")
        return tokenizer

    @property
    def limit(self) -> int:
        """How many tokens of a text are seen, marks included."""
        return int(self.tokenizer.model_max_length)

    @property
    def device(self) -> Any:
        """Where the encoder goes; ``UnavailableError`` if CUDA is asked for in vain."""
        return find_device(self._device)

    @functools.cached_property
    def scorer(self) -> Any:
        """The package's own ``BERTScorer``."""
        checkpoint, tokenizer, sentences, baseline = self.checkpoint, self.tokenizer, self.sentences, self.baseline
        scorer_class: Any = importlib.import_module("bert_score.scorer").BERTScorer
        try:
            with quiet() as made_up:
                scorer = scorer_class(
                    model_type=str(checkpoint.folder),
                    num_layers=self.layer,
                    nthreads=0,  # a pool of processes would be forked for idf
                    idf=sentences is not None,
                    device=str(self.device),
                    lang=self._language,
                    rescale_with_baseline=baseline is not None,
                    baseline_path=None if baseline is None else str(baseline),
                    use_fast_tokenizer=self._fast,
                )
                scorer._tokenizer = tokenizer
                if sentences is not None:
                    scorer.compute_idf(sentences)
        except Exception as error:  # safetensors, torch and transformers raise what they like
            self._refuse(checkpoint, f"its weights cannot be loaded ({_line(error)})")
        if lost := [name for name in made_up if "pooler" not in name]:  # a pooler is never used here
            self._refuse(checkpoint, f"{len(lost)} of its weights are missing, {lost[0]} first")
        return scorer

    @functools.cached_property
    def sentences(self) -> list[str] | None:
        """What word weights are computed from; ``DataError`` if the file cannot be read or is empty."""
        if self._idf is None:
            return None
        lines = [line for line in read_lines(self._idf) if line.strip()]
        if not lines:
            raise DataError(str(self._idf), "holds no sentence", "write one a line")
        return lines

    @functools.cached_property
    def baseline(self) -> Path | None:
        """The file of baselines; ``None`` if scores are not rescaled."""
        if self._language is None:
            return None
        own = Path(self.package.__file__).parent / "rescale_baseline" / self._language / f"{self._plain_name}.tsv"
        path = own if self._baseline is None else self._baseline
        if not path.is_file():
            problem = (
                f"bert-score has no baseline of {self._name} in {self._language}" if path == own else "no such file"
            )
            raise ConfigError(
                f"{self._where}, key baseline", problem, "give a file, or set rescale_with_baseline=false"
            )
        return path

    @functools.cached_property
    def baselines(self) -> tuple[float, ...] | None:
        """Precision, recall and F1 of unrelated texts at the layer; ``None`` if scores are not rescaled."""
        if self.baseline is None:
            return None
        rows = [line.split(",") for line in read_lines(self.baseline)]
        try:
            _, *values = map(float, rows[1 + self.layer])
        except (IndexError, ValueError):
            values = []
        if len(values) != len(MEASURES):
            problem = f"holds no line LAYER,P,R,F for layer {self.layer}"
            raise DataError(str(self.baseline), problem, "write it as bert-score's own baselines are")
        return tuple(values)

    @property
    def hash(self) -> str:
        """The package's own hash of the settings, with the checkpoint's name in place of its folder."""
        custom = self._baseline is not None
        rescaled = self._language is not None
        return str(self.package.get_hash(self._name, self.layer, self._idf is not None, rescaled, custom, self._fast))

    @property
    def digests(self) -> dict[str, str]:
        """Eight hexadecimal digits of each file that settings name and that scores depend on, by its setting."""
        files = {"idf": self._idf, "baseline": self._baseline}
        return {
            key: hashlib.sha256("\n".join(read_lines(path)).encode()).hexdigest()[:8]
            for key, path in files.items()
            if path is not None
        }

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, marks included, before anything is cut."""
        tokenizer, limit = self.tokenizer, self.limit
        try:
            tokenizer.model_max_length = _LIMITLESS
            with quiet():
                return [len(self.package.sent_encode(tokenizer, text)) for text in texts]
        finally:
            tokenizer.model_max_length = limit

    def score(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Precision, recall and F1 of a batch, each the best over an item's references."""
        with quiet():
            found = self.scorer.score(list(hypotheses), [list(of_item) for of_item in references])
        return list(zip(*(measure.tolist() for measure in found), strict=True))

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if self.__dict__.pop("scorer", None) is not None:
            free(self.device)

    def _limit(self, own: int) -> int:
        """How many tokens the tokenizer may give: what it says itself, where that is a limit, and what is set."""
        config = self.config_of(self.checkpoint)
        positions = config.get("max_position_embeddings")
        if isinstance(positions, int) and config.get("model_type") in _OFFSET:
            positions -= int(config.get("pad_token_id", 1)) + 1
        limits = [limit for limit in (own, positions) if isinstance(limit, int) and 0 < limit < _LIMITLESS]
        key = f"{self._where}, key max_length"
        if self._max_length is None and not limits:
            raise ConfigError(key, f"is not given, and {self._name} does not say how long a text it takes", "give it")
        if self._max_length is not None and limits and self._max_length > min(limits):
            problem = f"is {self._max_length}, and {self._name} takes {min(limits)} tokens at most"
            raise ConfigError(key, problem, f"set it to {min(limits)} or less, or to null")
        return min(limits) if self._max_length is None else self._max_length

    def _refuse(self, checkpoint: Checkpoint, problem: str) -> NoReturn:
        raise UnavailableError(checkpoint.name, problem, ANEW) from None


def _line(error: Exception) -> str:
    """The first line of what an error says, with its name."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')[:200]}"
