"""A signature: every setting that must match for two scores, or two translations, to be comparable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """Named settings, in order; prints as ``nrefs:1|case:mixed|…``, as sacreBLEU's do."""

    settings: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Signature:
        return cls(tuple((key, str(value)) for key, value in settings.items()))

    def __str__(self) -> str:
        return "|".join(f"{key}:{value}" for key, value in self.settings)

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for the whole signature in file names."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:16]


def difference(one: str, other: str, first: str, second: str) -> str:
    """What differs between two signatures, in words: ``precision: fp32 in runs/a, bf16 in runs/b``.

    Args:
        one, other: the signatures, as printed.
        first, second: where each is from, as ``in runs/a``.
    """
    left, right = (dict(setting.partition(":")[::2] for setting in text.split("|")) for text in (one, other))
    keys = [key for key in {**left, **right} if left.get(key) != right.get(key)]
    said = (f"{key}: {left.get(key, 'not set')} {first}, {right.get(key, 'not set')} {second}" for key in keys)
    return "; ".join(said) or f"{one} {first}, {other} {second}"
