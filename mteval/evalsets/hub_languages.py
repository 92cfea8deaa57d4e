"""How a data set writes languages: its names of configs and columns, matched with a lang pair's codes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

import langcodes

from mteval.errors import ConfigError
from mteval.lang import LangPair

_PLACE = re.compile(r"\{(source|target)\}")
_CODE = r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{2,8})*?"
_ALPHABETICAL = "{alphabetical}"


def fill(template: str, pair: LangPair, codes: Mapping[str, str]) -> str:
    """A template with ``{source}``, ``{target}``, ``{lang_pair}`` and ``{alphabetical}`` filled in.

    Args:
        codes: how the data set writes a language, by the lang pair's code; the others are written as they are there.
    """
    source, target = codes.get(pair.source, pair.source), codes.get(pair.target, pair.target)
    values = {"{source}": source, "{target}": target, "{lang_pair}": f"{source}-{target}"}
    values[_ALPHABETICAL] = "-".join(sorted((source, target)))
    for key, value in values.items():
        template = template.replace(key, value)
    return template


def find(template: str, pair: LangPair, codes: Mapping[str, str], known: Collection[str], key: str, what: str) -> str:
    """The name among a data set's own that a template means in a lang pair.

    That is the template filled in, or else the only name that says the same languages: ``por_Latn``, ``por`` and
    ``pt`` are one, with the likeliest script and region where a code has none. A region that the lang pair names must
    be there: ``pt_PT`` is not ``por_Latn``, which may be any.

    Args:
        codes: as for ``fill``; a language that is there is matched by nothing else.
        known: the data set's names; none if they are not known, and then the template is filled in as it is.
        key: the setting that holds the template, for errors.
        what: what the names are of, for errors: ``configs``.

    Raises:
        ConfigError: no name fits, or several do equally.
    """
    plain = fill(template, pair, codes)
    if not known or plain in known:
        return plain
    written = template.replace("{lang_pair}", "{source}-{target}")
    ranked = sorted(_fitting(written, pair, codes, known, _distance))
    best = [name for rank, name in ranked if rank == ranked[0][0]]
    if len(best) == 1:
        return best[0]
    if best:
        problem = f"{template} in {pair} may be {', '.join(best)}"
        raise ConfigError(f"evalset.{key}", problem, "say which with evalset.language_codes")
    related = [name for _, name in _fitting(written, pair, codes, known, _relation)]
    near = related or difflib.get_close_matches(plain, known, n=5, cutoff=0.4) or sorted(known)[:20]
    such = "such as " if len(known) > len(near) else ""
    of_languages = _PLACE.search(written) or _ALPHABETICAL in template
    remedy = "choose other lang_pairs, or say how it writes the language with evalset.language_codes"
    raise ConfigError(
        f"evalset.{key}",
        f"the data set has no {plain}; its {what} are {such}{', '.join(near)}",
        remedy if of_languages else "name one of them",
    )


def _fitting(
    template: str,
    pair: LangPair,
    codes: Mapping[str, str],
    known: Collection[str],
    distance: Callable[[str, str], int | None],
) -> Iterator[tuple[int, str]]:
    """The names that say the lang pair's languages, each with how far it is from saying no more than that."""
    pattern, seen = "", set()
    for index, part in enumerate(_PLACE.split(template)):
        if not index % 2:
            pattern += re.escape(part)
        else:
            pattern += f"(?P={part})" if part in seen else f"(?P<{part}>{_CODE})"
            seen.add(part)
    for found in filter(None, (re.fullmatch(pattern, name) for name in known) if seen else ()):
        ranks = []
        for place, code in found.groupdict().items():
            asked = getattr(pair, place)
            ranks.append((0 if code == codes[asked] else None) if asked in codes else distance(asked, code))
        if None not in ranks:
            yield sum(rank for rank in ranks if rank is not None), found[0]


def _relation(asked: str, given: str) -> int | None:
    """0 if two codes are of one language, whatever its script and region; ``None`` if they are not."""
    return 0 if langcodes.tag_is_valid(given) and _parsed(asked).language == _parsed(given).language else None


@lru_cache(maxsize=4096)
def _distance(asked: str, given: str) -> int | None:
    """0 if two codes say the same language, 1 if the given one adds the likeliest region; ``None`` if they do not."""
    if not langcodes.tag_is_valid(given):
        return None
    mine, theirs = _whole(asked), _whole(given)
    if (mine.language, mine.script) != (theirs.language, theirs.script):
        return None
    my_region, their_region = _parsed(asked).territory, _parsed(given).territory
    if my_region is not None or their_region is None:
        return 0 if my_region == their_region else None
    return 1 if their_region == mine.territory else None


def _whole(code: str) -> langcodes.Language:
    """A code with its likeliest script and region."""
    found = _parsed(code).maximize()
    return _replaced(found, script="Kore") if found.script == "Hang" else found  # kor_Hang is how FLORES writes ko


def _parsed(code: str) -> langcodes.Language:
    found = langcodes.Language.get(langcodes.standardize_tag(code, macro=True))
    return _replaced(found, language="nb") if found.language == "no" else found  # no set has Nynorsk as "no"


def _replaced(code: langcodes.Language, language: str | None = None, script: str | None = None) -> langcodes.Language:
    return langcodes.Language.make(language or code.language, script=script or code.script, territory=code.territory)
