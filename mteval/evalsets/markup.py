"""XML files of texts in two languages: what must hold before a library parses one, and the text among its tags."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import langcodes
from langcodes.tag_parser import LanguageTagError

from mteval.errors import DataError, EncodingError, UnavailableError
from mteval.files import read_bytes
from mteval.lang import base_language
from mteval.needs import Need, package

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARATION = re.compile(r"<\?xml\s[^<>]*?\?>")
_ENCODING = re.compile(rb"<\?xml\s[^<>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_QUOTED = r"(?:\"[^\"]*\"|'[^']*')"
_DOCTYPE = re.compile(rf"<!DOCTYPE\s+[^\s\[<>\"']+(?:\s+(?:SYSTEM|PUBLIC\s+{_QUOTED})\s+{_QUOTED})?\s*>")
_START = re.compile(rf"<(?:[^\s<>/:=\"']+:)?([^\s<>/:=\"']+)((?:\s+[^\s<>/=\"']+\s*=\s*{_QUOTED})*)\s*/?>")
_ATTRIBUTE = re.compile(rf"([^\s<>/=\"']+)\s*=\s*({_QUOTED})")
_OPENERS = re.compile(r"&|<!--|<!\[CDATA\[|<\?")
_CLOSERS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
_REFERENCE = re.compile(r"&(?:#[0-9]+|#x[0-9a-fA-F]+|amp|lt|gt|quot|apos);")
_BROKEN = "the file may be cut: fetch it again, or correct the line"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True)
class Xml:
    """A file that may be parsed.

    Attributes:
        data: UTF-8 without an XML declaration; its lines are the file's.
        root: the name of the root element, without a prefix.
        attributes: of the root element.
    """

    data: bytes
    root: str
    attributes: dict[str, str]


def toolkit() -> Need:
    """The library that reads TMX and XLIFF."""
    return package("translate-toolkit>=3.15,<4", "tmx")


def read_xml(path: Path) -> Xml:
    """Read an XML file, and make sure that no parser can be attacked with it, before any sees it.

    A DOCTYPE may only name a document type, as that of TMX does, which is never fetched. One that declares anything
    itself is refused, and with it all expansion of entities (billion laughs, quadratic blowup) and external entities;
    so is a reference to an entity that XML does not define. It is decoded here, so that what is checked is what is
    parsed.

    Raises:
        DataError: it is no XML, or is refused; it names the line.
        EncodingError: it is not in the encoding that it says.
    """
    text = _decoded(path)
    declaration = _DECLARATION.match(text)
    if declaration:
        text = re.sub(r"[^\n]", " ", declaration.group()) + text[declaration.end() :]
    at, seen = 0, False
    while True:
        while text[at : at + 1] in (" ", "\t", "\n"):
            at += 1
        if text.startswith(("<?", "<!--"), at):
            closer = "?>" if text.startswith("<?", at) else "-->"
            end = text.find(closer, at)
            if end < 0:
                raise DataError(_place(path, text, at), f"not XML ({closer} is missing)", _BROKEN)
            at = end + len(closer)
        elif text.startswith("<!DOCTYPE", at) and not seen:
            found = _DOCTYPE.match(text, at)
            if found is None:
                raise DataError(
                    _place(path, text, at),
                    "the DOCTYPE declares entities or other things itself, by which a file can attack its reader",
                    "take what is in [ ] out of it, and write the texts in full",
                )
            at, seen = found.end(), True
        else:
            break
    start = _START.match(text, at)
    if start is None:
        raise DataError(_place(path, text, at), "not XML (no element begins here)", _BROKEN)
    _check_references(path, text, at)
    attributes = {name: value[1:-1] for name, value in _ATTRIBUTE.findall(start[2])}
    return Xml(text.encode("utf-8"), start[1], attributes)


def _decoded(path: Path) -> str:
    raw = read_bytes(path)
    marked = next(((bom, name) for bom, name in _BOMS if raw.startswith(bom)), None)
    if marked is not None:
        bom, encoding = marked
        raw = raw.removeprefix(bom)
    else:
        declared = _ENCODING.match(raw)
        wide = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
        encoding = declared[1].decode("ascii") if declared else wide.get(raw[:2], "utf-8")
    try:
        return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")  # as every XML parser does
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{raw[error.start]:02x} is not {encoding}, in which the file says it is"
        raise EncodingError(f"{path}:{line}", problem, "convert the file to UTF-8") from None
    except LookupError:
        raise EncodingError(f"{path}:1", f"unknown encoding {encoding!r}", "convert the file to UTF-8") from None


def _check_references(path: Path, text: str, at: int) -> None:
    """Make sure that all references are to characters and to the five entities that XML defines."""
    while found := _OPENERS.search(text, at):
        if found.group() == "&":
            reference = _REFERENCE.match(text, found.start())
            if reference is None:
                named = re.match(r"&[^\s;&<>]{0,40};?", text[found.start() : found.start() + 50])
                problem = f"{named.group() if named else '&'} stands for nothing that XML defines"
                raise DataError(_place(path, text, found.start()), problem, "write the character, or &amp; for &")
            at = reference.end()
        else:
            end = text.find(_CLOSERS[found.group()], found.end())
            if end < 0:
                return  # the parser says where
            at = end


def _place(path: Path, text: str, at: int) -> str:
    return f"{path}:{text.count(chr(10), 0, at) + 1}"


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """What can go wrong while the library reads a file that ``read_xml`` let through, as one error that names it.

    Raises:
        UnavailableError: the library is not installed.
        DataError: the file is no XML, or not what it says it is.
    """
    try:
        from lxml import etree
    except ImportError:
        raise _unavailable() from None
    try:
        yield
    except ImportError:
        raise _unavailable() from None
    except etree.XMLSyntaxError as error:
        said = re.sub(r", line \d+, column \d+.*", "", error.msg or "broken")
        raise DataError(f"{path}:{error.lineno}", f"not XML ({said})", _BROKEN) from None
    except (AssertionError, AttributeError, StopIteration, ValueError) as error:
        said = str(error) or "an element is missing"
        raise DataError(str(path), f"not what its root element says ({said})", _BROKEN) from None


def _unavailable() -> UnavailableError:
    return UnavailableError("evalset", f"TMX and XLIFF need the package {toolkit().name}", "pip install 'mteval[tmx]'")


@dataclass(frozen=True)
class Text:
    """The text of an element.

    Attributes:
        tagged: whether it had inline tags, which are left out.
    """

    text: str
    tagged: bool


def text_of(element: Any, code: Collection[str], *, preserve: bool) -> Text:
    """The text of an element without its inline tags.

    Args:
        code: local names of inline elements whose content is no text but the markup of the original; it is left out
            with them. The content of others is kept.
        preserve: whether white space is kept where no ``xml:space`` says; it is made single spaces otherwise, as XML
            formats have it.
    """
    pieces: list[str] = []
    tagged = _collect(element, code, pieces)
    spaces = [one.get(_SPACE) for one in (element, *element.iterancestors()) if one.get(_SPACE)]
    text = "".join(pieces)
    keep = spaces[0] == "preserve" if spaces else preserve
    return Text(text if keep else " ".join(text.split()), tagged)


def _collect(element: Any, code: Collection[str], pieces: list[str]) -> bool:
    tagged = False
    pieces.append(element.text or "")
    for child in element:
        if isinstance(child.tag, str):  # comments have no name
            tagged = True
            if child.tag.rpartition("}")[2] not in code:
                _collect(child, code, pieces)
        pieces.append(child.tail or "")
    return tagged


@cache
def closeness(tag: str, code: str) -> int:
    """How well a language tag fits a lang pair's code: 2 if they are the same, 1 if nothing speaks against it, else 0.

    ``pt-BR`` fits ``pt`` and ``pt_BR``, and ``pt`` fits ``pt_BR``; ``pt-PT`` does not fit ``pt_BR``.
    """
    try:
        mine, theirs = (langcodes.Language.get(langcodes.standardize_tag(one)) for one in (tag, code))
    except LanguageTagError:
        return 0
    if base_language(tag.replace("-", "_")) != base_language(code):
        return 0
    if mine == theirs:
        return 2
    if mine.territory and theirs.territory and mine.territory != theirs.territory:
        return 0
    scripts = (mine.script, theirs.script)
    return int(not any(scripts) or mine.maximize().script == theirs.maximize().script)


class Told:
    """What must be said of a file's units, with how many there are of each kind and where the first is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, list[int]] = {}

    def note(self, what: str, line: int) -> None:
        """Note something of the unit that begins in a line, in the words that follow ``3 of 10 segments``."""
        self._places.setdefault(what, []).append(line)

    def notices(self, total: int, unit: str) -> list[str]:
        """A sentence each.

        Args:
            total: how many units there are.
            unit: what they are called, in the plural.
        """
        return [
            f"{self._path}: {len(lines)} of {total} {unit} {what} (the first in line {lines[0]})"
            for what, lines in self._places.items()
        ]
