"""Language codes of translation checkpoints: what the families call each language, and where their vocabularies say it.

Each family writes languages in its own way:

======== ============================== ============================================
family   codes                          as tokens
======== ============================== ============================================
marian   ``por``, ``pt``, ``pt_BR``     ``>>por<<`` before the source
nllb     ``por_Latn`` (FLORES-200)      ``por_Latn``
m2m100   ``pt``                         ``__pt__``
mbart50  ``pt_XX``                      ``pt_XX``
t5       ``pt`` (MADLAD-400)            ``<2pt>`` before the source
======== ============================== ============================================
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

import langcodes

FAMILIES = ("marian", "nllb", "m2m100", "mbart50", "t5", "plain")
"""``plain``: a checkpoint of one lang pair that takes the source as it is and needs no codes."""

_TOKENS = {
    "marian": re.compile(r">>(.+)<<"),
    "nllb": re.compile(r"([a-z]{3}_[A-Z][a-z]{3})"),
    "m2m100": re.compile(r"__([a-z]{2,3})__"),
    "mbart50": re.compile(r"([a-z]{2}_[A-Z]{2})"),
    "t5": re.compile(r"<2(\w+)>"),
}
_WRITTEN = {"marian": ">>{}<<", "nllb": "{}", "m2m100": "__{}__", "mbart50": "{}", "t5": "<2{}>"}

# Where FLORES-200 names one language of a group for which BCP 47 has a code of its own.
_FLORES = {
    "ara": "arb", "aym": "ayr", "aze": "azj", "cmn": "zho", "din": "dik", "fas": "pes", "fil": "tgl", "ful": "fuv",
    "kau": "knc", "kur": "kmr", "lav": "lvs", "mlg": "plt", "mon": "khk", "msa": "zsm", "nep": "npi", "nor": "nob",
    "ori": "ory", "orm": "gaz", "pus": "pbt", "que": "quy", "sqi": "als", "swa": "swh", "uzb": "uzn", "yid": "ydd",
}  # fmt: skip

# Codes that are out of date or the checkpoints' own, by the code of today.
_ALIASES = {
    "he": ("iw",), "id": ("in",), "yi": ("ji",), "jv": ("jw",), "nb": ("no",), "nso": ("ns",), "fil": ("tl",),
    "tl": ("fil",), "zh": ("cmn",), "cmn": ("zh",),
}  # fmt: skip


def token(code: str, family: str) -> str:
    """The token that stands for a language of ``family``: ``>>por<<`` for ``por`` and ``marian``."""
    return _WRITTEN[family].format(code)


def codes_in(tokens: Iterable[str], family: str) -> frozenset[str]:
    """The family's language codes among a vocabulary's tokens."""
    pattern = _TOKENS.get(family)
    if pattern is None:
        return frozenset()
    return frozenset(match[1] for match in map(pattern.fullmatch, tokens) if match)


def find_code(language: str, family: str, known: Collection[str]) -> str | None:
    """What a checkpoint calls a language.

    A region is given up where the checkpoint does not tell regions apart (``pt_BR`` is ``pt``); a script is not:
    ``zh_Hant`` (or ``zh_TW``, whose script it is) is not ``zh``, whose script is another.

    Args:
        language: a BCP 47 code, with underscores.
        family: one of ``FAMILIES``.
        known: the checkpoint's codes, of ``codes_in``.

    Returns:
        The first of ``known`` that fits; ``None`` if there is none.
    """
    for candidate in _candidates(language, family):
        if candidate in known:
            return candidate
    asked = langcodes.Language.get(langcodes.standardize_tag(language))
    base = asked.language or language
    if _script(language) == _script(base):
        # the checkpoint has the language in one script only, and names it otherwise: kor_Hang for Kore, say
        heads = {"nllb": (_flores(language),), "mbart50": (base, *_ALIASES.get(base, ()))}.get(family, ())
        only = [code for code in known if code.split("_")[0] in heads]
        return only[0] if len(only) == 1 else None
    return None


def _candidates(language: str, family: str) -> Iterator[str]:
    """The codes that may stand for ``language``, the closest first."""
    yield language
    asked = langcodes.Language.get(langcodes.standardize_tag(language))
    script, base = _script(language), asked.language or language
    if family == "nllb":
        if base == "fa" and asked.territory == "AF":
            yield "prs_Arab"
        yield f"{_flores(language)}_{script}"
        return
    names = [base, *_ALIASES.get(base, ()), _alpha3(asked)]
    for name in names:
        if asked.territory:
            yield f"{name}_{asked.territory}"
            yield f"{name}_{asked.territory.lower()}"
        yield f"{name}_{script}"
    if script == _script(base):
        yield from names


def _flores(language: str) -> str:
    """The FLORES-200 language, without its script."""
    code = _alpha3(langcodes.Language.get(langcodes.standardize_tag(language)))
    return _FLORES.get(code, code)


def _alpha3(language: langcodes.Language) -> str:
    """The three-letter code; the code as it is where the registry has none."""
    try:
        return language.to_alpha3()
    except LookupError:
        return language.language or ""


def _script(language: str) -> str | None:
    """The script that a language is written in, the likeliest where its code does not say."""
    return langcodes.Language.get(langcodes.standardize_tag(language)).maximize().script
