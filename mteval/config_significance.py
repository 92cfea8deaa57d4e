"""The config's keys that say what tells systems apart, and which metrics may not rank a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mteval.comparison import Resampling
from mteval.errors import ConfigError
from mteval.metrics.families import FAMILIES, family_of


@dataclass
class SignificanceConfig:
    """The keys of ``significance``.

    Attributes:
        test: ``randomisation`` or ``bootstrap``: which paired test decides; the p-values of both are in the reports.
        trials: of approximate randomisation; 0 for no such test.
        level: the level of significance, after Holm's correction.
        unit: what is drawn: ``segment``, ``document``, or ``auto`` for documents where there are enough of them.
    """

    test: str = "randomisation"
    trials: int = 10000
    level: float = 0.05
    unit: str = "auto"


def keys_of(resampling: Resampling) -> dict[str, Any]:
    """The keys of a config under which intervals and tests are made in this way."""
    return {
        "seed": resampling.seed,
        "bootstrap_draws": resampling.draws,
        "significance.test": resampling.test,
        "significance.trials": resampling.trials,
        "significance.level": resampling.level,
        "significance.unit": resampling.unit or "auto",
    }


def resampling_of(plain: Mapping[str, Any]) -> Resampling:
    """How intervals and tests are made, by the keys of a composed config.

    Raises:
        ConfigError: a value is none that can be.
    """
    chosen = plain["significance"]
    counts = {
        "seed": plain["seed"],
        "bootstrap_draws": plain["bootstrap_draws"],
        "significance.trials": chosen["trials"],
    }
    for key, count in counts.items():
        if count < 0:
            raise ConfigError(key, f"{count} is negative", "give 0 or more")
    for key, choices in {"test": ("randomisation", "bootstrap"), "unit": ("auto", "segment", "document")}.items():
        if chosen[key] not in choices:
            raise ConfigError(
                f"significance.{key}", f"unknown value {chosen[key]!r}", f"choose one of {', '.join(choices)}"
            )
    if not 0 < chosen["level"] < 1:
        raise ConfigError("significance.level", f"{chosen['level']} is no level", "give one above 0 and below 1")
    return Resampling(
        draws=plain["bootstrap_draws"],
        seed=plain["seed"],
        trials=chosen["trials"],
        test=chosen["test"],
        level=chosen["level"],
        unit=None if chosen["unit"] == "auto" else chosen["unit"],
    )


def metrics_named(given: Any, key: str) -> tuple[str, ...]:
    """Metrics and families of metrics that a config names.

    Args:
        key: where it names them, for errors.

    Raises:
        ConfigError: it is no list of names, or one is of no family that is known.
    """
    if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
        raise ConfigError(key, f"{given!r} is no list of names", f"name metrics or families, as in {key}=[comet22]")
    for name in given:
        if family_of(name) is None:
            raise ConfigError(
                key,
                f"{name!r} is of no family of metrics that is known",
                f"name a family ({', '.join(FAMILIES)}) or a metric of one, as comet22",
            )
    return tuple(given)
