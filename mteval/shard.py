"""Cuts one large eval set into shards, a run each, which together are the whole and share nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mteval.errors import ConfigError, ContractError
from mteval.files import dump_json
from mteval.segment import Document, EvalSet, Hypotheses, Part, Segment
from mteval.texts import Texts

_WORD = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class Shard:
    """One of several parts of every eval set of a run; ``shard=3/8`` is the third of eight.

    Parts are contiguous, and cut at the borders of documents: a document belongs to the part in which its first scored
    segment lies when these are divided evenly. An eval set of a single document is cut between its segments. So parts
    may be empty where there are fewer documents.

    Attributes:
        number: from 1 to ``of``.
        of: how many parts there are.

    Raises:
        ConfigError: there is no such part.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ConfigError("shard", f"there is no shard {self}", "write 1/8 to 8/8 for eight, or null for the whole")

    @classmethod
    def parse(cls, word: str) -> Shard:
        """The shard that a word as ``3/8`` names.

        Raises:
            ConfigError: it names none.
        """
        found = _WORD.fullmatch(word.strip())
        if found is None:
            raise ConfigError("shard", f"{word!r} is no shard", "write NUMBER/OF, as 3/8, or null for the whole")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def name(self, whole: str) -> str:
        """What the part of an eval set is called."""
        return f"{whole} [shard {self}]"

    def of_place(self, before: int, segments: int) -> int:
        """Which part holds what begins after ``before`` of so many scored segments, from 0."""
        return min(before * self.of // max(segments, 1), self.of - 1)

    def cut(self, whole: EvalSet) -> EvalSet:
        """The part of an eval set, with its stored hypotheses cut along.

        Raises:
            ContractError: the segments are not in the order of their documents.
        """
        documents, segments, start, kept = self._within(whole) if len(whole.documents) == 1 else self._whole(whole)
        part = Part(
            self.number,
            self.of,
            whole.name,
            digest_of(whole),
            len(whole.documents),
            len(whole.scored),
            start,
            len(whole.documents) == 1,
            whole.reference_names,
            whole.partial_references,
        )
        return replace(
            whole,
            name=self.name(whole.name),
            documents=tuple(documents),
            segments=tuple(segments),
            hypotheses={
                name: Hypotheses(found.system, Texts(found.texts[at] for at in kept), found.notices)
                for name, found in whole.hypotheses.items()
            },
            whole=None,
            part=part,
        )

    def _whole(self, whole: EvalSet) -> tuple[list[Document], list[Segment], int, range]:
        """Documents that are not cut, their segments, and which scored segments these are."""
        before, sizes, mine = 0, [0] * self.of, []
        for document in whole.documents:
            rows = whole.rows[document.id]
            if rows and (rows[0] != before or rows[-1] != before + len(rows) - 1):
                problem = f"segments of document {document.id} are not where the document is"
                raise ContractError(f"{whole.name} {whole.pair}", problem, "report it with the eval set")
            place = self.of_place(before, len(whole.scored))
            if place == self.number - 1:
                mine.append(document)
            sizes[place] += len(rows)
            before += len(rows)
        start = sum(sizes[: self.number - 1])
        names = {document.id for document in mine}
        segments = [segment for segment in whole.segments if segment.document in names]
        return mine, segments, start, range(start, start + sizes[self.number - 1])

    def _within(self, whole: EvalSet) -> tuple[Sequence[Document], list[Segment], int, range]:
        """The same of an eval set of one document."""
        before, sizes, segments = 0, [0] * self.of, []
        for segment in whole.segments:
            place = self.of_place(before, len(whole.scored))
            scored = whole.include_furniture or not segment.furniture
            if place == self.number - 1:
                segments.append(segment)
            sizes[place] += scored
            before += scored
        start = sum(sizes[: self.number - 1])
        return whole.documents if segments else (), segments, start, range(start, start + sizes[self.number - 1])


class Digest:
    """The SHA-256 of an eval set, row by row."""

    def __init__(self) -> None:
        self._found = hashlib.sha256()

    def add(self, *values: object) -> None:
        """Take what a row holds, as JSON writes it."""
        self._found.update(dump_json(values).encode("utf-8", "surrogatepass") + b"\n")

    def __str__(self) -> str:
        return self._found.hexdigest()


def digest_of(whole: EvalSet) -> str:
    """The SHA-256 of all that an eval set holds."""
    digest = Digest()
    digest.add(str(whole.pair), whole.name, whole.include_furniture)
    for document in whole.documents:
        digest.add(document.id, document.language, document.text, document.origin, document.origlang)
    at = 0
    for one in whole.segments:
        scored = whole.include_furniture or not one.furniture
        given = {name: found.texts[at] for name, found in whole.hypotheses.items()} if scored else {}
        place = (one.paragraph, one.start, one.end, one.furniture)
        digest.add(one.id, one.document, one.source, dict(one.references), given, dict(one.gold), one.notes, *place)
        at += scored
    return str(digest)
