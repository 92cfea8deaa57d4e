"""An XLIFF file, 1.2 or 2.x, as an eval set: its sources, and its targets as references."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from mteval.errors import DataError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.markup import Told, Xml, closeness, parsing, read_xml, text_of, toolkit
from mteval.evalsets.rows import Row, assembled, checked_origlang
from mteval.files import resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet

_CODE = frozenset(("bpt", "ept", "it", "ph"))
"""Inline elements whose content is the original's markup, not text (in XLIFF 2 they have none)."""

_UNTRANSLATED = frozenset(("initial", "new", "needs-translation"))
"""States of a target that is not translated yet, whatever it holds."""

_SUFFIX = re.compile(r"\.(xlf|xliff)(\.gz|\.xz)?$", re.IGNORECASE)


class Xliff(EvalSetReader):
    """Reads an XLIFF file with translate-toolkit (the extra ``mteval[tmx]``), one segment a segment (XLIFF 2.x) or
    trans-unit (1.2), and one document a ``file``.

    Its languages must be those of the lang pair, in that direction; region and script count where both sides say them.
    A target whose state is ``initial``, ``new`` or ``needs-translation`` is no reference; suggestions (``alt-trans``,
    ``matches``) are none either. Of inline markup the tags are left out and the text is kept, but for the content of
    ``bpt``, ``ept``, ``it`` and ``ph``, which is markup of the original; white space is made single spaces unless
    ``xml:space`` keeps it. All that is left out is said in the run's warnings.

    Args:
        path: the file (``.xlf``, ``.xliff``, each also ``.gz`` or ``.xz``); ``{lang_pair}``, ``{source}`` and
            ``{target}`` in it are filled in.
        complete: whether a segment without a target is an error; otherwise it has no reference.
        origlang: the language that the texts were first written in; ``None`` for unknown.
        name: the test set's name; ``None`` for the file's.
    """

    def __init__(self, path: str, complete: bool = False, origlang: str | None = None, name: str | None = None) -> None:
        self._path = path
        self._complete = complete
        self._origlang = checked_origlang(origlang)
        self._name = name

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return toolkit(), file(resolve(pair.fill(self._path)), "correct evalset.path")

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        path = resolve(pair.fill(self._path))
        xml = read_xml(path)
        version = xml.attributes.get("version", "")
        if xml.root != "xliff" or not version.startswith(("1.", "2.")):
            said = (
                f"its root element is {xml.root}" if xml.root != "xliff" else f"its version is {version or 'missing'}"
            )
            raise DataError(str(path), f"not XLIFF 1 or 2 ({said})", "give an XLIFF file")
        units = _units(path, xml)
        told = Told(path)
        languages: dict[str, None] = {}
        rows: list[Row] = []
        for unit in units:
            line = unit.xmlelement.sourceline
            source, target = _languages(unit, xml)
            languages[f"{source or '?'}-{target or '?'}"] = None
            if not (closeness(source, pair.source) and (not target or closeness(target, pair.target))):
                told.note(f"are from {source or '?'} into {target or '?'}, and are left out", line)
                continue
            rows += self._row(unit, path, line, pair, told)
        if not rows:
            said = f"; it is {', '.join(languages)}" if languages else ""
            raise DataError(str(path), f"holds no segment of {pair}{said}", "choose lang_pairs that it has")
        notices = told.notices(len(units), "segments")
        return assembled(self._name or _SUFFIX.sub("", path.name), pair, rows, self._origlang, notices)

    def _row(self, unit: Any, path: Path, line: int, pair: LangPair, told: Told) -> Iterator[Row]:
        """A unit as a row; none if it is not to be translated, or has no source text."""
        element = unit.xmlelement
        marks = [one.get("translate") for one in (element, *element.iterancestors()) if one.get("translate")]
        if marks[:1] == ["no"]:
            told.note('are marked translate="no", and are left out', line)
            return
        texts = {
            name: text_of(found, _CODE, preserve=False)
            for name in ("source", "target")
            if (found := element.find(unit.namespaced(name))) is not None
        }
        if "source" not in texts or not texts["source"].text.strip():
            told.note("have no source text, and are left out", line)
            return
        target = texts.get("target")
        node = element.find(unit.namespaced("target"))
        state = element.get("state") or (node.get("state") if node is not None else None)
        if target is not None and target.text.strip() and state in _UNTRANSLATED:
            told.note(f"have a target whose state is {state}, and so no reference", line)
            target = None
        elif target is None or not target.text.strip():
            told.note("have no target, and so no reference", line)
            target = None
        if target is None and self._complete:
            problem = f"segment {unit.getid()} has no translation into {pair.target}"
            raise DataError(f"{path}:{line}", problem, "translate it, or set evalset.complete=false")
        if any(text.tagged for text in texts.values()):
            told.note("have inline tags, which are left out", line)
        document = _document(unit)
        yield Row(
            f"{path}:{line}",
            texts["source"].text,
            document,
            f"{document}:{_id(unit)}",
            {} if target is None else {"reference": target.text},
        )


def _units(path: Path, xml: Xml) -> Sequence[Any]:
    """The library's units, in the order of the file."""
    with parsing(path):
        from translate.storage import xliff, xliff2

        library: Any = xliff.Xliff1File if xml.attributes["version"].startswith("1.") else xliff2.Xliff2File
        found: Sequence[Any] = library(BytesIO(xml.data)).units
    return found


def _file(unit: Any) -> Mapping[str, str]:
    """The attributes of a unit's file element."""
    file = next(unit.xmlelement.iterancestors(unit.namespaced("file")), None)
    return {} if file is None else dict(file.attrib)


def _languages(unit: Any, xml: Xml) -> tuple[str, str]:
    """The source and the target language that the file names, empty where it does not."""
    if xml.attributes["version"].startswith("2."):
        return xml.attributes.get("srcLang", ""), xml.attributes.get("trgLang", "")
    attributes = _file(unit)
    return attributes.get("source-language", ""), attributes.get("target-language", "")


def _document(unit: Any) -> str:
    """The id of a unit's document: of its file element, which XLIFF 1.2 calls ``original``."""
    attributes = _file(unit)
    return attributes.get("id") or attributes.get("original") or "file"


def _id(unit: Any) -> str:
    """A unit's id within its file."""
    return str(unit.getid()).rpartition("\x04")[2].replace("::", ":")
