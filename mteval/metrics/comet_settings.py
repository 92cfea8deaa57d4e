"""What a COMET metric may be told, checked, and the card that follows from it."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence

from mteval.errors import ConfigError
from mteval.lang import parse_pairs
from mteval.loading import DEVICES
from mteval.metrics.base import MetricCard
from mteval.metrics.fits import fits
from mteval.metrics.language_sets import language_codes
from mteval.setting_checks import checked_names

PRECISIONS = ("fp32", "bf16", "fp16")
WINDOWS = ("sentences",)
_CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def card_of(
    *,
    label: str,
    needs_reference: bool,
    licence: str,
    gated: bool,
    low: float | None,
    high: float | None,
    pairs: Sequence[str] | None,
    languages: str | Sequence[str] | None,
    max_length: int | None,
    context: int,
    thresholds: str | None,
    trained_on: Sequence[str],
) -> MetricCard:
    """The card of a COMET metric; the arguments are ``Comet``'s.

    Raises:
        ConfigError: one of them is wrong.
    """
    require = functools.partial(_require, label)
    check_texts(label, {"label": label, "licence": licence}, {"thresholds": thresholds})
    for key, flag in {"needs_reference": needs_reference, "gated": gated}.items():
        require(isinstance(flag, bool), key, flag, "give true or false")
    for key, end in {"low": low, "high": high}.items():
        require(end is None or _is_number(end), key, end, "give a number, or null where there is no bound")
    require(low is None or high is None or low < high, "low", low, f"give less than high, which is {high}")
    unsaid = max_length is None
    require(unsaid or _is_whole(max_length, 1), "max_length", max_length, "give null, or a whole number from 1 up")
    require(_is_whole(context, 0), "context", context, "give a whole number from 0 up")
    known = thresholds is None or thresholds in fits()
    require(known, "thresholds", thresholds, "give null, or a metric's name in MT-Thresholds, as comet22")
    return MetricCard(
        label=label,
        needs_reference=needs_reference,
        higher_is_better=True,
        low=low,
        high=high,
        decimals=4,
        licence=licence,
        gated=gated,
        pairs=None if pairs is None else tuple(map(str, parse_pairs(pairs, f"metric {label}, key pairs"))),
        family="comet",
        thresholds=thresholds,
        trained_on=checked_names(f"metric {label}, key trained_on", trained_on),
        points=100,
        languages=language_codes(languages, f"metric {label}, key languages"),
        max_length=max_length,
        context=context,
    )


def check_texts(label: str, texts: Mapping[str, object], optional: Mapping[str, object]) -> None:
    """Make sure that settings are texts that are not empty.

    Args:
        optional: those that may be ``None``.

    Raises:
        ConfigError: one is not.
    """
    for key, text in {**texts, **{key: text for key, text in optional.items() if text is not None}}.items():
        _require(label, isinstance(text, str) and bool(text.strip()), key, text, "give a text that is not empty")


def checked_code(label: str, names: object) -> tuple[str, ...]:
    """The names of pickled code that may run, those of builtins without their module.

    Raises:
        ConfigError: they are no list, or one is none of code.
    """
    found = checked_names(f"metric {label}, key trust_pickled_code", names)
    for name in found:
        known = _CODE.fullmatch(name) is not None
        _require(label, known, "trust_pickled_code", name, "give names of code, as argparse.Namespace")
    return tuple(name.removeprefix("builtins.") for name in found)


def check_way(card: MetricCard, precision: str, batch_size: int, device: str, windows: str | None) -> None:
    """Make sure that the settings of how a model is run are right.

    Raises:
        ConfigError: one is wrong.
    """
    require = functools.partial(_require, card.label)
    require(precision in PRECISIONS, "precision", precision, f"give one of {', '.join(PRECISIONS)}")
    require(device in DEVICES, "device", device, f"give one of {', '.join(DEVICES)}")
    require(_is_whole(batch_size, 1), "batch_size", batch_size, "give a whole number from 1 up")
    require(windows is None or windows in WINDOWS, "windows", windows, f"give null, or {', '.join(WINDOWS)}")
    require(windows is None or not card.context, "windows", windows, "give null, since there is a context")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _require(label: str, holds: bool, key: str, value: object, remedy: str) -> None:
    if not holds:
        raise ConfigError(f"metric {label}, key {key}", f"is {value!r}", remedy)
