"""What languages are called in English, for prompts: by the IANA registry that ships with ``langcodes``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import langcodes
from langcodes.registry_parser import parse_registry

# Where the registry's first name is not the one that people, and what models read, commonly use.
_USUAL: Mapping[str, str] = {
    "el": "Greek",
    "ht": "Haitian Creole",
    "ky": "Kyrgyz",
    "lg": "Luganda",
    "li": "Limburgish",
    "nso": "Northern Sotho",
    "ny": "Chichewa",
    "or": "Odia",
    "ory": "Odia",
    "os": "Ossetic",
    "pa": "Punjabi",
    "ps": "Pashto",
    "ug": "Uyghur",
    "yue": "Cantonese",
    "Hans": "Simplified",
    "Hant": "Traditional",
    "Jpan": "Japanese",
}


def english_name(code: str) -> str | None:
    """A language's name: ``Portuguese``, ``Portuguese (Brazil)``, ``Chinese (Simplified)``.

    It depends on the code and the version of the registry alone; ``language_data``, which ``langcodes`` itself would
    ask, is not needed.

    Args:
        code: a valid code, as ``pt``, ``por`` or ``pt_BR``.

    Returns:
        ``None`` if the registry has no name for a part of it.
    """
    tag = langcodes.Language.get(langcodes.standardize_tag(code))
    parts = [part for part in (tag.script, tag.territory) if part is not None]
    names = [_name(part) for part in (tag.language or "", *parts)]
    known = [name for name in names if name is not None]
    if len(known) < len(names):
        return None
    return f"{known[0]} ({', '.join(known[1:])})" if parts else known[0]


def _name(subtag: str) -> str | None:
    usual = _USUAL.get(subtag)
    if usual is not None:
        return usual
    found = _registry().get(subtag)
    return None if found is None else re.sub(r"\s*\([^)]*\)$", "", found)


@lru_cache(maxsize=1)
def _registry() -> Mapping[str, str]:
    """The first name of every language, script and region."""
    kinds = ("language", "script", "region")
    rows = parse_registry()  # type: ignore[no-untyped-call]
    return {row["Subtag"]: row["Description"][0] for row in rows if row["Type"] in kinds}
