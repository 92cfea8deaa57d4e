"""Sampling of hypotheses that depends on the text, the seed and the settings, and not on what else is in a batch."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mteval.errors import ConfigError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; ``str()`` is for signatures.

    Attributes:
        temperature: logits are divided by it; below 1 the likely tokens become likelier.
        top_p: only the likeliest tokens, that together have at least this probability, are drawn (nucleus sampling,
            Holtzman et al. 2020); 1 for all.
        epsilon_cutoff: no token less likely than this is drawn (epsilon sampling, Hewitt et al. 2022); 0 for all.
        seed: with the text, and the number of the draw, decides what is drawn.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    epsilon_cutoff: float = 0.0
    seed: int = 0

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name):g}" for field in fields(self))


def parse_sampling(settings: Mapping[str, float] | None, where: str) -> Sampling | None:
    """Read the settings of sampling, as a config has them: ``{temperature: 1.0, epsilon_cutoff: 0.02, seed: 1}``.

    Args:
        where: their key, for errors.

    Returns:
        ``None`` for ``None``: nothing is drawn.

    Raises:
        ConfigError: a key is unknown or a value out of its range.
    """
    if settings is None:
        return None
    if not isinstance(settings, Mapping):
        raise ConfigError(where, f"{settings!r} is not a mapping", "write it as in {temperature: 1.0, seed: 1}")
    known = [field.name for field in fields(Sampling)]
    for key, value in settings.items():
        if key not in known:
            raise ConfigError(f"{where}.{key}", "unknown key", f"it takes {', '.join(known)}")
        whole = key != "seed" or isinstance(value, int)
        if not isinstance(value, int | float) or isinstance(value, bool) or not whole:
            raise ConfigError(f"{where}.{key}", f"{value!r} is not a {'whole ' * (key == 'seed')}number", "correct it")
    found = Sampling(**settings)  # type: ignore[arg-type]
    for key, right, said in (
        ("temperature", 0 < found.temperature < float("inf"), "above 0"),
        ("top_p", 0 < found.top_p <= 1, "above 0, and 1 at most"),
        ("epsilon_cutoff", 0 <= found.epsilon_cutoff < 1, "0 or above, and below 1"),
        ("seed", found.seed >= 0, "0 or above"),
    ):
        if not right:
            raise ConfigError(f"{where}.{key}", f"{getattr(found, key)} is out of range", f"give a number {said}")
    return found


class Draws:
    """Draws a batch's next tokens: a logits processor of ``transformers`` that leaves greedy search no choice.

    Each row has random numbers of its own, one a token, and each picks a token by where it falls in the cumulative
    distribution, the likeliest first. So a row draws the same, whatever rows stand beside it and wherever it runs,
    but for rounding.

    Args:
        sampling: the settings.
        rows: of each row, the text and the number of the draw from it, from 0.
    """

    def __init__(self, sampling: Sampling, rows: Sequence[tuple[str, int]]) -> None:
        self._sampling = sampling
        self._numbers = [random.Random(_seed(sampling.seed, text, number)) for text, number in rows]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores that are 0 for the token that is drawn, and minus infinity for all others: shape [rows, tokens]."""
        import torch

        chances, tokens = distribution(self._sampling, scores)
        cumulative: Any = chances.cumsum(-1)
        points = [number.random() for number in self._numbers]
        wanted = torch.tensor(points, dtype=cumulative.dtype, device=scores.device)[:, None] * cumulative[:, -1:]
        places = torch.searchsorted(cumulative, wanted, right=True)
        last = (chances > 0).sum(-1, keepdim=True) - 1  # where rounding took the point beyond the end
        drawn = tokens.gather(-1, torch.minimum(places, last))
        return torch.full_like(scores, -torch.inf).scatter(-1, drawn, 0.0)


def distribution(sampling: Sampling, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What tokens are drawn from.

    Args:
        scores: logits or log probabilities: shape [rows, tokens].

    Returns:
        Weights in descending order, 0 for what is not drawn (they need not add up to 1), and the token of each.
    """
    ordered = (scores.double() / sampling.temperature).softmax(-1).sort(stable=True, dim=-1, descending=True)
    chances, tokens = ordered.values, ordered.indices
    if sampling.top_p < 1:
        before = chances.cumsum(-1) - chances
        chances = chances.masked_fill(before >= sampling.top_p, 0.0)
        chances = chances / chances.sum(-1, keepdim=True)
    if sampling.epsilon_cutoff > 0:
        unlikely = chances < sampling.epsilon_cutoff
        unlikely[..., 0] = False
        chances = chances.masked_fill(unlikely, 0.0)
    return chances, tokens


def _seed(seed: int, text: str, number: int) -> int:
    digest = hashlib.sha256(f"{seed}\0{number}\0{text}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little")
