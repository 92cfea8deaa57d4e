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
