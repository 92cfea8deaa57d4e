"""From rows, one a segment, to an eval set: what every reader of rows checks alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mteval.errors import ConfigError, DataError
from mteval.lang import LangPair, check_code
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.texts import Texts

_NO_GOLD: Mapping[str, float] = {}
"""One for all segments that have none: there may be millions."""


@dataclass(frozen=True, slots=True)
class Row:
    """One segment, as a file holds it.

    Attributes:
        where: its file and line.
        document: the id of its document; ``None`` for the one that is named after the test set.
        id: its own; ``None`` for its document's and its number.
        references: human translations by name, none of them empty.
        hypotheses: stored outputs by system name.
        gold: human scores by system name.
        origlang: the language that its document was first written in; ``None`` where the row does not say.
    """

    where: str
    source: str
    document: str | None = None
    id: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    hypotheses: Mapping[str, str] = field(default_factory=dict)
    gold: Mapping[str, float] = field(default_factory=dict)
    notes: str | None = None
    origlang: str | None = None


def assembled(
    name: str, pair: LangPair, rows: Iterable[Row], origlang: str | None = None, notices: Sequence[str] = ()
) -> EvalSet:
    """An eval set of rows.

    Args:
        name: the test set's.
        rows: in order, each document's together; none of them is kept.
        origlang: the language that documents were first written in whose rows do not say it; ``None`` for unknown.
        notices: what must be said of how the rows were read.

    Raises:
        DataError: a source is empty, an id is used twice, a document begins again, its rows name several original
            languages, or a system has no hypothesis of a segment.
    """
    documents: dict[str, Document] = {}
    segments: list[Segment] = []
    columns = _Columns()
    ids: set[str] = set()
    last: str | None = None
    for number, row in enumerate(rows, start=1):
        document = name if row.document is None else row.document
        id_ = f"{document}:{number}" if row.id is None else row.id
        if not row.source.strip():
            raise DataError(row.where, "has no source text", "write the text to translate, or take the segment out")
        if id_ in ids:
            raise DataError(row.where, f"segment id {id_!r} is used twice", "give each segment its own id")
        if document != last and document in documents:
            raise DataError(row.where, f"document {document!r} begins again", "put the lines of a document together")
        ids.add(id_)
        last = document
        known = documents.get(document, Document(document, pair.source))
        known = documents[document] = _told(known, row)
        gold = row.gold or _NO_GOLD
        segments.append(
            Segment(id_, row.source, known.id, row.where, references=row.references, notes=row.notes, gold=gold)
        )
        columns.add(row)
    found = [replace(one, origlang=origlang) if one.origlang is None else one for one in documents.values()]
    return EvalSet(name, pair, tuple(found), tuple(segments), columns.hypotheses, notices=tuple(notices))


def _told(document: Document, row: Row) -> Document:
    """A document with what a row of it says of its original language."""
    if row.origlang is None or row.origlang == document.origlang:
        return document
    if document.origlang is not None:
        raise DataError(
            row.where,
            f"document {document.id!r} was first written in {document.origlang} by an earlier line, and in "
            f"{row.origlang} by this one",
            "give all segments of a document one origlang",
        )
    return replace(document, origlang=row.origlang)


class _Columns:
    """The hypotheses of rows, by system, as the rows come."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._texts: dict[str, Texts] = {}
        self._lacking: dict[str, str] = {}

    def add(self, row: Row) -> None:
        """Take the next row's hypotheses."""
        first = self._first is None
        self._first = self._first or row.where
        for system in self._texts:
            if system not in row.hypotheses:
                self._lacking.setdefault(system, row.where)
        for system, text in row.hypotheses.items():
            if system not in self._texts and not first:
                self._lacking[system] = self._first
            self._texts.setdefault(system, Texts()).append(text)

    @property
    def hypotheses(self) -> dict[str, Hypotheses]:
        """Every system's.

        Raises:
            DataError: a row has none of some system that others have.
        """
        for system in self._texts:
            if system in self._lacking:
                raise DataError(
                    self._lacking[system],
                    f"no hypothesis of system {system!r}, which other lines have",
                    'write "" where the system gave nothing',
                )
        return {system: Hypotheses(system, texts) for system, texts in self._texts.items()}


def origlang_of(where: str, value: object) -> str | None:
    """The language that a file names as the original one, as ``pt`` or ``pt_BR``; ``None`` for nothing.

    Args:
        value: a code, as BCP 47 has it or with underscores.

    Raises:
        DataError: it is no language code.
    """
    if value is None:
        return None
    try:
        return check_code(value.replace("-", "_") if isinstance(value, str) else value, where)
    except ConfigError as error:
        raise DataError(where, f"origlang: {error.problem}", error.remedy) from None


def checked_origlang(value: str | None) -> str | None:
    """A reader's setting ``origlang``.

    Raises:
        ConfigError: it is no language code.
    """
    return None if value is None else check_code(value, "origlang")


def is_of_pair(where: str, said: object, pair: LangPair, pairs: Sequence[LangPair], *, told: bool) -> bool:
    """Whether a row belongs to a lang pair: by what it says, by the file's name, or since there is only one.

    Args:
        said: the lang pair that it names; ``None`` if it names none.
        pairs: all lang pairs of the run.
        told: whether the file's name tells the lang pair.

    Raises:
        ConfigError: nothing tells which of several lang pairs it belongs to, or what it names is none.
    """
    if said is not None:
        return LangPair.parse(str(said), where) == pair
    if len(pairs) > 1 and not told:
        raise ConfigError(
            "evalset.path",
            f"{where} does not say which of the lang pairs {', '.join(map(str, pairs))} it belongs to",
            "choose one as in lang_pairs=[ro-en], write {lang_pair} into the path, or add lang_pair to each line",
        )
    return True
