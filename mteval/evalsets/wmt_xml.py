"""WMT's XML format (2021 on): documents with source, references by translator and hypotheses by system in one file."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import langcodes

from mteval.errors import ConfigError, DataError
from mteval.evalsets.base import EvalSetReader
from mteval.files import read_text, resolve
from mteval.lang import LangPair, base_language
from mteval.needs import Need, file
from mteval.segment import Document, EvalSet, Hypotheses, Segment

_SPACE = frozenset(" \t\r\n")
_SET_ASIDE = {"<?": "?>", "<!--": "-->"}
"""What may stand before the root beside a DOCTYPE: processing instructions and comments, by their ends."""


class WmtXml(EvalSetReader):
    """Reads ``<dataset>``, in it ``<doc id= origlang=>`` (in a ``<collection>`` or not), in each ``<src lang=>``, any
    number of ``<ref lang= translator=>`` and ``<hyp system=>``, and in these ``<p>`` with ``<seg id=>``.

    The schema is that of wmt-conference/wmt-format-tools. The file is read in the direction from the language of its
    ``src`` into that of its ``ref`` and ``hyp``; those in other languages belong to other lang pairs. A reference is
    called ``refA`` by its translator, ``ref`` without one. Texts are taken letter by letter, where sacreBLEU squeezes
    white space. A segment that a reference lacks has none; one that a system lacks is an error, and so is one that the
    source does not have. A file with a DOCTYPE, and so with entities of its own, is refused.

    Args:
        path: the file (``.xml``, ``.xml.gz`` or ``.xml.xz``); ``{lang_pair}``, ``{source}`` and ``{target}`` in it are
            filled in.
        name: the test set's name; ``None`` for the file's.
        systems: whose hypotheses are read, by name; ``None`` for all.
        testsuites: whether documents that belong to a test suite are read as well.
    """

    def __init__(
        self, path: str, name: str | None = None, systems: Sequence[str] | None = None, testsuites: bool = False
    ) -> None:
        self._path = path
        self._name = name
        self._systems = None if systems is None else tuple(systems)
        self._testsuites = testsuites

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(resolve(pair.fill(self._path)), "correct evalset.path"),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        path = resolve(pair.fill(self._path))
        read = _Reading(path, pair)
        for node in _root(path).iter("doc"):
            if self._testsuites or node.get("testsuite") is None:
                read.document(node)
        if not read.segments:
            raise DataError(str(path), "holds no document", "give a file with <doc>, or testsuites=true for all of it")
        return EvalSet(
            name=self._name or path.name.split(".xml")[0],
            pair=pair,
            documents=tuple(read.documents),
            segments=tuple(read.segments),
            hypotheses=read.hypotheses(self._systems),
        )


@dataclass
class _Reading:
    """What was read of a file so far."""

    path: Path
    pair: LangPair
    ids: set[str] = field(default_factory=set)
    documents: list[Document] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    outputs: list[Mapping[str, list[str]]] = field(default_factory=list)
    """By document and system, the hypotheses of its segments, in the order of the source."""

    def document(self, node: Any) -> None:
        """Read a ``<doc>``."""
        where = self._where(node)
        name = node.get("id")
        if not name or name in self.ids:
            problem = f"document id {name!r} is used twice" if name else "the document has no id"
            raise DataError(where, problem, "give each <doc> its own id")
        source = self._source(node, name)
        texts, paragraphs = self._texts(source, name)
        if not texts:
            raise DataError(self._where(source), f"document {name} has no segment", "write <seg id=…> into its <src>")
        references = {who: found for who, _, found in self._parts(node, name, "ref", texts)}
        outputs = {}
        for system, there, found in self._parts(node, name, "hyp", texts):
            for key in texts:
                if key not in found:
                    raise DataError(
                        there,
                        f"system {system} has no segment {key} of document {name}",
                        f'write <seg id="{key}"></seg> where it gave nothing',
                    )
            outputs[system] = [found[key] for key in texts]
        self.outputs.append(outputs)
        self.ids.add(name)
        self.documents.append(Document(name, self.pair.source, origlang=_origlang(node)))
        for key, (at, text) in texts.items():
            if not text.strip():
                raise DataError(at, f"segment {key} of document {name} has no source text", "write it, or take it out")
            given = {who: part[key] for who, part in references.items() if part.get(key, "").strip()}
            self.segments.append(Segment(f"{name}:{key}", text, name, at, paragraph=paragraphs[key], references=given))

    def hypotheses(self, wanted: Sequence[str] | None) -> dict[str, Hypotheses]:
        """The hypotheses of systems, which must have all documents."""
        names = list(dict.fromkeys(system for outputs in self.outputs for system in outputs))
        for system in wanted or ():
            if system not in names:
                problem = f"{self.path} holds no hypotheses of {system!r}"
                raise ConfigError("evalset.systems", problem, f"name one of {', '.join(names) or 'none'}")
        found = {}
        for system in names if wanted is None else wanted:
            for document, outputs in zip(self.documents, self.outputs, strict=True):
                if system not in outputs:
                    raise DataError(
                        str(self.path),
                        f"system {system} has no hypotheses of document {document.id}",
                        "add its <hyp> there, or leave the system out with evalset.systems",
                    )
            found[system] = Hypotheses(system, tuple(text for outputs in self.outputs for text in outputs[system]))
        return found

    def _source(self, node: Any, document: str) -> Any:
        sources = node.findall("src")
        mine = [one for one in sources if _same(one.get("lang"), self.pair.source)]
        if len(mine) != 1:
            languages = ", ".join(str(one.get("lang")) for one in sources) or "none"
            raise DataError(
                self._where(sources[0] if sources else node),
                f"document {document} is not from {self.pair.source} (src is in {languages})",
                "choose the lang pair that the file holds, with lang_pairs=[SOURCE-TARGET]",
            )
        return mine[0]

    def _texts(self, part: Any, document: str) -> tuple[dict[str, tuple[str, str]], dict[str, int | None]]:
        """By segment: where it is and its text; and its paragraph."""
        texts: dict[str, tuple[str, str]] = {}
        paragraphs: dict[str, int | None] = {}
        numbers = {paragraph: number for number, paragraph in enumerate(part.iter("p"), start=1)}
        for node in part.iter("seg"):
            where, key = self._where(node), node.get("id")
            if not key or key in texts:
                problem = f"segment {key} of document {document} is there twice" if key else "a segment has no id"
                raise DataError(where, problem, "give each <seg> of a text its own id")
            if len(node):
                problem = f"segment {key} of document {document} holds <{node[0].tag}>"
                raise DataError(where, problem, "write plain text, with &lt; for <")
            texts[key] = (where, node.text or "")
            paragraphs[key] = numbers.get(node.getparent())
        return texts, paragraphs

    def _parts(
        self, node: Any, document: str, tag: str, source: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """The references or hypotheses of a document in the target language: whose each is, where, and its texts."""
        seen = set()
        for part in node.findall(tag):
            where, language = self._where(part), part.get("lang") or part.get("language")
            if language is not None and not _same(language, self.pair.target):
                continue
            who = _reference(part.get("translator")) if tag == "ref" else part.get("system")
            if not who or who in seen:
                problem = f"document {document} has two <{tag}> of {who}" if who else "a <hyp> names no system"
                raise DataError(where, problem, "give each its own name")
            seen.add(who)
            texts, _ = self._texts(part, document)
            for key, (at, _) in texts.items():
                if key not in source:
                    raise DataError(
                        at, f"{who} has a segment {key} that document {document} does not", "number both alike"
                    )
            yield who, where, {key: text for key, (_, text) in texts.items()}

    def _where(self, node: Any) -> str:
        return f"{self.path}:{node.sourceline}"


def _root(path: Path) -> Any:
    """The root of an XML file, parsed without a DTD, entities or a network.

    Raises:
        DataError: it is no XML, or has a DOCTYPE; it names the line.
    """
    etree = importlib.import_module("lxml.etree")
    text = read_text(path)
    _refuse_doctype(text, path)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        problem = f"not XML that can be read ({str(error.msg).split(', line')[0]})"
        raise DataError(f"{path}:{error.lineno or 1}", problem, "fetch the file again, or correct it") from None
    if root.getroottree().docinfo.doctype:
        raise _doctype(str(path))
    return root


def _refuse_doctype(text: str, path: Path) -> None:
    """Make sure, before anything is parsed, that nothing but comments and the like stands before the root."""
    at = 0
    while True:
        while text[at : at + 1] in _SPACE:
            at += 1
        opening = next((mark for mark in _SET_ASIDE if text.startswith(mark, at)), None)
        if opening is None or (end := text.find(_SET_ASIDE[opening], at + len(opening))) < 0:
            break
        at = end + len(_SET_ASIDE[opening])
    if text.startswith("<!DOCTYPE", at):
        raise _doctype(f"{path}:{text.count(chr(10), 0, at) + 1}")


def _doctype(where: str) -> DataError:
    return DataError(where, "has a DOCTYPE, whose entities could hold anything", "take it out: the format has none")


def _origlang(node: Any) -> str | None:
    code = (node.get("origlang") or "").strip().replace("-", "_")
    return code if code and code != "und" and langcodes.tag_is_valid(code) else None


def _same(language: str | None, code: str) -> bool:
    """Whether the file's code is that of the lang pair, whatever region or script either adds."""
    if language is None or not langcodes.tag_is_valid(language):
        return language == code
    return base_language(language) == base_language(code)


def _reference(translator: str | None) -> str:
    """``refA`` for translator ``A`` or ``refA``, ``ref`` for none."""
    return "ref" + (translator or "").removeprefix("ref")
