"""A translation memory (TMX) as an eval set: the texts of one language are sources, those of another references."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from mteval.errors import DataError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.markup import Text, Told, closeness, parsing, read_xml, text_of, toolkit
from mteval.evalsets.rows import Row, assembled, checked_origlang, origlang_of
from mteval.files import resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet

_CODE = frozenset(("bpt", "ept", "it", "ph", "ut"))
"""Inline elements whose content is the original's markup, not text."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SUFFIX = re.compile(r"\.tmx(\.gz|\.xz)?$", re.IGNORECASE)


class Tmx(EvalSetReader):
    """Reads a TMX file with translate-toolkit (the extra ``mteval[tmx]``), one segment a translation unit.

    Languages are matched by language, and by region and script where both sides say them: ``pt-BR`` fits a lang pair
    with ``pt`` or ``pt_BR``, ``pt-PT`` does not fit ``pt_BR``. Where several variants of the target fit equally well,
    all are references (``reference``, ``reference_2``), ordered by their tags; several variants of the source are an
    error. Of inline markup the tags are left out and the text is kept, but for the content of ``bpt``, ``ept``, ``it``,
    ``ph`` and ``ut``, which is markup of the original. All that is left out is said in the run's warnings.

    Args:
        path: the file (``.tmx``, ``.tmx.gz``, ``.tmx.xz``); ``{lang_pair}``, ``{source}`` and ``{target}`` in it are
            filled in.
        document: the ``type`` of the ``prop`` that holds a unit's document id; ``None`` for one document.
        complete: whether a unit without source or target is an error; otherwise it is left out, or has no reference.
        origlang: the language that the texts were first written in; ``srclang`` for the one that the file names as
            the source of each unit; ``None`` for unknown.
        name: the test set's name; ``None`` for the file's.
    """

    def __init__(
        self,
        path: str,
        document: str | None = None,
        complete: bool = False,
        origlang: str | None = None,
        name: str | None = None,
    ) -> None:
        self._path = path
        self._document = document
        self._complete = complete
        self._srclang = origlang == "srclang"
        self._origlang = None if self._srclang else checked_origlang(origlang)
        self._name = name

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return toolkit(), file(resolve(pair.fill(self._path)), "correct evalset.path")

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        path = resolve(pair.fill(self._path))
        xml = read_xml(path)
        if xml.root != "tmx":
            raise DataError(str(path), f"not TMX (its root element is {xml.root})", "give a TMX file")
        with parsing(path):
            from translate.storage import tmx

            library: Any = tmx
            store = library.tmxfile(BytesIO(xml.data))
        told = Told(path)
        tags: dict[str, None] = {}
        units = []
        for unit in store.units:
            variants = _variants(unit)
            tags |= dict.fromkeys(tag for tag, _ in variants)
            row = self._row(unit, variants, store.sourcelanguage, pair, path, told)
            units += [(row, unit.xmlelement.get("tuid"))] if row is not None else []
        if not units:
            problem = f"holds no unit with a text in {pair.source}; its languages are {', '.join(tags) or 'none'}"
            raise DataError(str(path), problem, "choose lang_pairs of these")
        ids = [tuid for _, tuid in units]
        unique = all(ids) and len(set(ids)) == len(ids)
        rows = [replace(row, id=tuid if unique else None) for row, tuid in units]
        notices = told.notices(len(store.units), "units")
        return assembled(self._name or _SUFFIX.sub("", path.name), pair, rows, self._origlang, notices)

    def _row(
        self,
        unit: Any,
        variants: Sequence[tuple[str, Text]],
        srclang: str | None,
        pair: LangPair,
        path: Path,
        told: Told,
    ) -> Row | None:
        line = unit.xmlelement.sourceline
        where = f"{path}:{line}"
        sources, targets = _best(variants, pair.source), _best(variants, pair.target)
        for code, found in ((pair.source, sources), (pair.target, targets)):
            if not found and self._complete:
                raise DataError(where, f"the unit has no text in {code}", "add it, or set evalset.complete=false")
        if not sources:
            told.note(f"have no text in {pair.source}, and are left out", line)
            return None
        if len(sources) > 1:
            tags = " and ".join(sources)
            raise DataError(where, f"several sources fit {pair.source}: {tags}", "name the region, as in pt_BR-en")
        if not targets:
            told.note(f"have no text in {pair.target}, and so no reference", line)
        fitting = [tag for tag, _ in variants if closeness(tag, pair.source) or closeness(tag, pair.target)]
        if len(fitting) > len(sources) + len(targets):
            told.note("have variants that fit the lang pair less well, or twice the same text, and are left out", line)
        texts = [*sources.values(), *targets.values()]
        if any(text.tagged for text in texts):
            told.note(f"have inline tags, which are left out; the content of {', '.join(sorted(_CODE))} is too", line)
        references = {
            "reference" if number == 1 else f"reference_{number}": targets[tag].text
            for number, tag in enumerate(sorted(targets), start=1)
        }
        (source,) = sources.values()
        return Row(
            where=where,
            source=source.text,
            document=self._document_of(unit, where),
            references=references,
            origlang=self._original(unit, srclang, where),
        )

    def _document_of(self, unit: Any, where: str) -> str | None:
        if self._document is None:
            return None
        for prop in unit.xmlelement.iterchildren(unit.namespaced("prop")):
            if prop.get("type") == self._document and (prop.text or "").strip():
                return str(prop.text).strip()
        problem = f"the unit has no prop of type {self._document!r}, which is to name its document"
        raise DataError(where, problem, "correct evalset.document, or leave it out")

    def _original(self, unit: Any, srclang: str | None, where: str) -> str | None:
        """The language that a unit says it was translated from, if that is asked for."""
        if not self._srclang:
            return None
        said = unit.xmlelement.get("srclang") or srclang
        return None if not said or said.lower() == "*all*" else origlang_of(where, said)


def _variants(unit: Any) -> list[tuple[str, Text]]:
    """A unit's texts that are not empty, each with its language tag."""
    found = []
    for node in unit.getlanguageNodes():
        seg = node.find(unit.namespaced("seg"))
        if seg is not None and (text := text_of(seg, _CODE, preserve=True)).text.strip():
            found.append((str(node.get(_LANG) or node.get("lang") or ""), text))
    return found


def _best(variants: Sequence[tuple[str, Text]], code: str) -> Mapping[str, Text]:
    """The texts that fit a language best, by their tags; of those of one tag and one text the first."""
    fits = [(closeness(tag, code), tag, text) for tag, text in variants]
    best = max((fit for fit, _, _ in fits), default=0)
    found: dict[str, Text] = {}
    for fit, tag, text in fits:
        if fit == best > 0 and text.text not in (one.text for one in found.values()):
            found[tag if tag not in found else f"{tag} ({len(found) + 1})"] = text
    return found
