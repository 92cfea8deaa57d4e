"""From rows to one shard of their eval set: they are read twice, and only the shard's own are kept."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from mteval.evalsets.rows import Row, assembled
from mteval.lang import LangPair
from mteval.segment import EvalSet, Hypotheses, Part
from mteval.shard import Digest, Shard
from mteval.texts import Texts


def assembled_part(
    name: str, pair: LangPair, rows: Callable[[], Iterable[Row]], shard: Shard, origlang: str | None = None
) -> EvalSet:
    """One shard of an eval set of rows: what ``shard`` cuts out of what ``assembled`` makes of all of them.

    Of the rows of other shards 8 bytes are held each.

    Args:
        name: the test set's.
        rows: gives all rows from the first, each time it is called.
        origlang: the language that documents were first written in whose rows do not say it; ``None`` for unknown.

    Raises:
        DataError: as ``assembled``, wherever in the whole it is.
    """
    survey = _Survey(name, pair, origlang)
    for row in rows():
        survey.add(row)
    if survey.is_odd:
        assembled(name, pair, rows(), origlang)  # says what is wrong, unless two names have one hash by chance
    start, end = survey.bounds(shard)
    mine = islice(_named(name, rows()), start, end)
    found = assembled(name, pair, mine if start < end else (), origlang)
    part = Part(
        shard.number,
        shard.of,
        name,
        str(survey.digest),
        len(survey.starts),
        survey.count,
        start,
        len(survey.starts) == 1,
        survey.references,
        {one: times for one, times in survey.seen.items() if times < survey.count},
    )
    given = {system: found.hypotheses.get(system, Hypotheses(system, Texts())) for system in survey.systems}
    return replace(found, name=shard.name(name), hypotheses=given, part=part)


def _named(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with the names that ``assembled`` gives them, which count from the first row of the whole."""
    for number, row in enumerate(rows, start=1):
        document, id_ = _names(name, number, row)
        yield replace(row, document=document, id=id_)


def _names(name: str, number: int, row: Row) -> tuple[str, str]:
    document = name if row.document is None else row.document
    return document, f"{document}:{number}" if row.id is None else row.id


@dataclass
class _Survey:
    """What must be known of all rows before some are chosen.

    Attributes:
        count: how many there are.
        starts: the positions of rows that begin a document.
        seen: references, with how many rows have them.
        references: those that the first row has and all others.
        systems: whose hypotheses the first row has.
        digest: of all that they hold.
    """

    name: str
    pair: LangPair
    origlang: str | None
    count: int = 0
    starts: array[int] = field(default_factory=lambda: array("Q"))
    seen: Counter[str] = field(default_factory=Counter)
    systems: tuple[str, ...] = ()
    digest: Digest = field(default_factory=Digest)
    _first: tuple[str, ...] = ()
    _ids: array[int] = field(default_factory=lambda: array("Q"))
    _documents: array[int] = field(default_factory=lambda: array("Q"))
    _document: str | None = None
    _written: str | None = None
    _odd: bool = False

    def __post_init__(self) -> None:
        self.digest.add(str(self.pair), self.name, self.origlang)

    def add(self, row: Row) -> None:
        """Take the next row."""
        document, id_ = _names(self.name, self.count + 1, row)
        if not self.count:
            self._first, self.systems = tuple(row.references), tuple(row.hypotheses)
        if document != self._document:
            self.starts.append(self.count)
            self._documents.append(_hash(document))
            self._document, self._written = document, None
        self._odd |= not row.source.strip() or row.hypotheses.keys() != set(self.systems)
        self._odd |= None not in (row.origlang, self._written) and row.origlang != self._written
        self._written = self._written or row.origlang
        self._ids.append(_hash(id_))
        self.seen.update(row.references.keys())
        self.count += 1
        texts = (row.source, dict(row.references), dict(row.hypotheses))
        self.digest.add(id_, document, *texts, dict(row.gold), row.notes, row.origlang)

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(name for name in self._first if self.seen[name] == self.count)

    @property
    def is_odd(self) -> bool:
        """Whether the rows cannot be an eval set, or two names have one hash by chance."""
        return self._odd or any(_twice(hashes) for hashes in (self._ids, self._documents))

    def bounds(self, shard: Shard) -> tuple[int, int]:
        """The positions of the first row of a shard, and of the first behind it."""
        ideal = [-(-place * self.count // shard.of) for place in (shard.number - 1, shard.number)]
        if len(self.starts) == 1:
            return ideal[0], ideal[1]
        first, behind = (bisect_left(self.starts, place) for place in ideal)
        begins = [*self.starts[first : first + 1], self.count], [*self.starts[behind : behind + 1], self.count]
        return begins[0][0], begins[1][0]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "little")


def _twice(hashes: array[int]) -> bool:
    """Whether a number is there twice."""
    ordered = np.sort(np.frombuffer(hashes, np.uint64))
    return bool((ordered[1:] == ordered[:-1]).any())
