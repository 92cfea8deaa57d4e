"""Signs that a text is unlikely in its language, by a causal language model from a hub or a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from mteval.errors import ConfigError, UnavailableError
from mteval.files import resolve
from mteval.garble.base import Evidence, Family, Gauge, Text
from mteval.garble.settings import check_number
from mteval.lang import base_language

if TYPE_CHECKING:
    from collections.abc import Sequence

_ELSEWHERE = "download it on a machine with access to the hub and give the folder as checkpoint"


@dataclass(frozen=True)
class CausalModel(Gauge):
    """Gauges how likely a line is by a causal model of ``transformers``: mean log probability, in nats a token.

    The calibration that ships does not know the gauge: its evidence counts by its strength. Choose bounds for the model
    and the languages that it is used with, on text known to be good. No code that a checkpoint brings along is run.

    Args:
        checkpoint: a name on the hub, or a folder with configuration, tokenizer and weights.
        low: a line with a lower gauge shows evidence, of strength 0 at this bound.
        hopeless: the gauge at which strength is 1.
        languages: that the model knows; ``None`` for any.
        revision: a branch, tag or commit on the hub.
        precision: of the weights.
        device: ``auto`` takes a GPU if there is one.

    Raises:
        ConfigError: a bound is no number, or ``hopeless`` is not below ``low``.
    """

    checkpoint: str
    low: float
    hopeless: float
    languages: tuple[str, ...] | list[str] | None = None
    revision: str | None = None
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.checkpoint, str) or not self.checkpoint:
            raise ConfigError("garble.causal_model.checkpoint", "names no checkpoint", "give a name or a folder")
        low = check_number("garble.causal_model.low", self.low)
        if not check_number("garble.causal_model.hopeless", self.hopeless) < low:
            raise ConfigError("garble.causal_model.hopeless", f"it is not below low ({low})", "give a lower bound")

    @property
    def family(self) -> Family:
        return "fluency"

    def blind(self, text: Text) -> str | None:
        language = base_language(text.language)
        if self.languages is not None and language not in self.languages:
            return f"{self.checkpoint} was not chosen for {language}"
        return None

    def gauge(self, text: Text) -> tuple[float | None, ...]:
        return tuple(self._loaded().log_probability(line.text) for line in text.lines)

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line, mean in zip(text.lines, self.gauge(text), strict=True):
            if mean is not None and mean < self.low:
                strength = min(1.0, (self.low - mean) / (self.low - self.hopeless))
                message = f"The line is unlikely: {mean:.2f} nats a token by {self.checkpoint}."
                yield Evidence(name, self.family, line.segment, None, None, strength, message)

    def _loaded(self) -> _Loaded:
        return _load(self.checkpoint, self.revision, self.precision, self.device)


class _Loaded:
    def __init__(self, tokenizer: Any, network: Any, device: str) -> None:
        self._tokenizer = tokenizer
        self._network = network
        self._device = device
        self._most = int(getattr(network.config, "max_position_embeddings", 0) or 1024)

    @lru_cache(maxsize=4096)  # noqa: B019 - what is gauged is looked at again for evidence; loaded once a process
    def log_probability(self, text: str) -> float | None:
        """The mean over all tokens but the first; a text longer than the model takes goes through in windows."""
        import torch

        numbers = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        if self._tokenizer.bos_token_id is not None:
            numbers = [self._tokenizer.bos_token_id, *numbers]
        if len(numbers) < 2:
            return None
        total = 0.0
        for part in _windows(numbers, self._most):
            row = torch.tensor([part], device=self._device)
            with torch.inference_mode():
                log = self._network(row).logits[0, :-1].float().log_softmax(-1)
            total += float(log.gather(1, row[0, 1:, None]).sum())
        return total / (len(numbers) - 1)


def _windows(numbers: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """Runs of at most so many, each beginning with the last of the one before."""
    for start in range(0, len(numbers) - 1, most - 1):
        yield numbers[start : start + most]


@lru_cache(maxsize=2)
def _load(checkpoint: str, revision: str | None, precision: str, device: str) -> _Loaded:
    import torch
    import transformers

    library: Any = transformers
    folder = resolve(checkpoint)
    name = str(folder) if folder.is_dir() else checkpoint
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    where = "cuda" if device == "cuda" or (device == "auto" and torch.cuda.is_available()) else "cpu"
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=False)
        network: Any = library.AutoModelForCausalLM.from_pretrained(
            name, revision=revision, trust_remote_code=False, dtype=dtype, weights_only=True
        )
    except (OSError, ValueError, KeyError) as error:
        lines = str(error).strip().splitlines()
        problem = lines[0] if lines else type(error).__name__
        raise UnavailableError(f"garble: {checkpoint}", problem, _ELSEWHERE) from error
    return _Loaded(tokenizer, network.to(where).eval(), where)
