"""Which language a text is in, by n-gram statistics (lingua); of many texts at once on all cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lingua import ConfidenceValue, Language, LanguageDetector

# A detector that knows every language needs a gigabyte; these are the ones that MT of European languages strays into.
_COMMON = frozenset(("en", "es", "pt", "ca", "fr", "it", "ro", "de", "nl", "pl", "ru", "tr", "ar", "zh"))
_BATCH = 1024
"""Texts that are identified together: enough for all cores, few enough that no memory is needed for the answers."""


def identify(text: str, expected: frozenset[str]) -> dict[str, float]:
    """How likely a text is in each language.

    Args:
        text: at least a sentence; of shorter text little can be said.
        expected: base language codes that must be told apart.

    Returns:
        Probabilities by base language code, the likeliest first; empty if an expected language is not known.
    """
    detector = _detector(expected | _COMMON)
    return {} if detector is None else _by_code(detector.compute_language_confidence_values(text))


def identify_all(texts: Sequence[str], expected: frozenset[str]) -> Iterator[dict[str, float]]:
    """What ``identify`` says of each of many texts, on all cores."""
    detector = _detector(expected | _COMMON)
    for start in range(0, len(texts), _BATCH):
        batch = list(texts[start : start + _BATCH])
        if detector is None:
            yield from ({} for _ in batch)
        else:
            yield from map(_by_code, detector.compute_language_confidence_values_in_parallel(batch))


def forget() -> None:
    """Give up the memory of the n-grams, some hundreds of megabytes; they are loaded again when they are needed."""
    for detector in _built:
        detector.unload_language_models()  # type: ignore[no-untyped-call]
    _built.clear()
    _detector.cache_clear()


_built: list[LanguageDetector] = []


@lru_cache(maxsize=8)
def _detector(codes: frozenset[str]) -> LanguageDetector | None:
    """What tells languages apart; ``None`` if it does not know one of them, since nothing can be said then."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    known = {code: iso for code in sorted(codes) if (iso := getattr(IsoCode639_1, code.upper(), None)) is not None}
    if len(known) < len(codes):
        return None
    _built.append(LanguageDetectorBuilder.from_iso_codes_639_1(*known.values()).build())
    return _built[-1]


def _by_code(values: Sequence[ConfidenceValue]) -> dict[str, float]:
    return {_code(value.language): value.value for value in values}


@lru_cache(maxsize=128)
def _code(language: Language) -> str:
    return language.iso_code_639_1.name.lower()
