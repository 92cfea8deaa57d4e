"""Languages' names in English, for prompts: from the IANA registry, which ``langcodes`` brings along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import langcodes
from langcodes.registry_parser import parse_registry

# Where the registry's first name is not the one in use, which is what people write and models read.
_USUAL: Mapping[str, Mapping[str, str]] = {
    "language": {
        "el": "Greek", "ht": "Haitian Creole", "ky": "Kyrgyz", "lg": "Luganda", "li": "Limburgish",
        "nso": "Northern Sotho", "ny": "Chichewa", "or": "Odia", "os": "Ossetic", "pa": "Punjabi",
        "ps": "Pashto", "ug": "Uyghur", "yue": "Cantonese",
    },
    "script": {"Hans": "Simplified", "Hant": "Traditional"},
    "region": {
        "CD": "Congo-Kinshasa", "IR": "Iran", "KP": "North Korea", "KR": "South Korea", "TW": "Taiwan",
        "TZ": "Tanzania",
    },
}  # fmt: skip


def language_name(code: str) -> str | None:
    """A language's name: ``Portuguese`` for ``pt``, ``Portuguese (Brazil)`` for ``pt_BR``, ``Chinese (Traditional)``
    for ``zh_Hant``.

    It depends on the code and the version of the registry alone; ``language_data``, which ``langcodes`` itself would
    ask, is not needed.

    Args:
        code: a valid code, as ``pt``, ``por`` or ``pt_BR``.

    Returns:
        ``None`` if a part of the code has no name, as ``qaa``, which is anyone's to use.
    """
    tag = langcodes.Language.get(langcodes.standardize_tag(code))
    name = _name("language", tag.language)
    details = [_name(kind, part) for kind, part in (("script", tag.script), ("region", tag.territory)) if part]
    known = [detail for detail in details if detail is not None]
    if name is None or len(known) < len(details):
        return None
    return f"{name} ({', '.join(known)})" if known else name


def _name(kind: str, subtag: str | None) -> str | None:
    if subtag is None:
        return None
    return _USUAL[kind].get(subtag) or _registry().get((kind, subtag))


@lru_cache(maxsize=1)
def _registry() -> Mapping[tuple[str, str], str]:
    """The first description of each subtag, without what stands in brackets at its end, by type and subtag."""
    found = {}
    records: Iterable[Mapping[str, Any]] = parse_registry()  # type: ignore[no-untyped-call]
    for record in records:
        if "Subtag" in record:
            name = re.sub(r" \([^()]*\)$", "", str(record["Description"][0]))
            found[str(record["Type"]), str(record["Subtag"])] = name
    return found
