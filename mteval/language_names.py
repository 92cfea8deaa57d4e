"""Languages' names in English, for prompts: from the IANA registry, which ``langcodes`` brings along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import langcodes
from langcodes.registry_parser import parse_registry

# Where the registry's first name is not the one in use (which CLDR, and with it language models' prompts, has).
_NAMES = {
    "ast": "Asturian", "dz": "Dzongkha", "el": "Greek", "ht": "Haitian Creole", "ky": "Kyrgyz", "mni": "Manipuri",
    "or": "Odia", "pa": "Punjabi", "ps": "Pashto", "ug": "Uyghur", "yue": "Cantonese",
}  # fmt: skip
_SCRIPTS = {"Hans": "Simplified", "Hant": "Traditional"}
_REGIONS = {
    "BO": "Bolivia", "CD": "Congo-Kinshasa", "IR": "Iran", "KP": "North Korea", "KR": "South Korea", "TW": "Taiwan",
    "TZ": "Tanzania", "VE": "Venezuela",
}  # fmt: skip


def language_name(code: str) -> str:
    """A language's name in English: ``Portuguese`` for ``pt``, ``Portuguese (Brazil)`` for ``pt_BR``, ``Chinese
    (Traditional)`` for ``zh_Hant``.

    Args:
        code: a BCP 47 code, with underscores, that the registry knows.
    """
    found = langcodes.Language.get(langcodes.standardize_tag(code))
    names = _registry()
    language, script, region = found.language or code, found.script, found.territory
    name = _NAMES.get(language) or names.get(("language", language), language)
    details = []
    if script is not None:
        details.append(_SCRIPTS.get(script) or names.get(("script", script), script))
    if region is not None:
        details.append(_REGIONS.get(region) or names.get(("region", region), region))
    return f"{name} ({', '.join(details)})" if details else name


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
