"""Which part of an eval set is evaluated: documents by their original language or by id, and the first segments."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from mteval.errors import ConfigError
from mteval.lang import base_language, check_code
from mteval.segment import Document, EvalSet, Hypotheses

_NAMED = 3
"""Of how many documents a subset's name holds the ids; more are named by their number and a digest."""


@dataclass
class Subset:
    """A part of every eval set of a run; all of it by default. What is given must hold together.

    Attributes:
        origlang: ``original`` for documents that were first written in the source language, ``translated`` for those
            that were not, or a language code for those first written in that language; a document of which it is not
            known is none of these.
        documents: the ids of the documents.
        first: so many segments, the first of what is left; the last document may be cut by that.
    """

    origlang: str | None = None
    documents: list[str] | None = None
    first: int | None = None

    def __post_init__(self) -> None:
        if self.origlang not in (None, "original", "translated"):
            try:
                check_code(self.origlang, "subset.origlang")
            except ConfigError as error:
                remedy = f"write original, translated, or a language code ({error.remedy})"
                raise ConfigError(error.where, error.problem, remedy) from None
        if self.documents is not None and not self.documents:
            raise ConfigError("subset.documents", "the list is empty", "name a document, or write null for all")
        if self.documents is not None and len(set(self.documents)) < len(self.documents):
            twice = next(one for one in self.documents if self.documents.count(one) > 1)
            raise ConfigError("subset.documents", f"{twice!r} is there twice", "name each document once")
        if self.first is not None and self.first < 1:
            raise ConfigError("subset.first", f"{self.first} is no number of segments", "write 1 or more, or null")

    @property
    def is_all(self) -> bool:
        """Whether nothing is chosen, so that all of it counts."""
        return (self.origlang, self.documents, self.first) == (None, None, None)

    def cut(self, eval_sets: Sequence[EvalSet]) -> list[EvalSet]:
        """The same part of each eval set, named after what it is, with its stored hypotheses cut along.

        An eval set is kept as it is where nothing is chosen; a part that happens to be all of it is called a part.

        Raises:
            ConfigError: a document is in no eval set, or nothing is left of one.
        """
        if self.is_all:
            return list(eval_sets)
        known = dict.fromkeys(document.id for one in eval_sets for document in one.documents)
        for name in self.documents or ():
            if name not in known:
                shown = ", ".join([*list(known)[:10], *(["…"] if len(known) > 10 else [])])
                raise ConfigError("subset.documents", f"no document {name!r}", f"there are {shown}")
        return [self._cut(one) for one in eval_sets]

    def _cut(self, whole: EvalSet) -> EvalSet:
        chosen = {document.id for document in whole.documents if self._has(document)}
        every = [at for at, segment in enumerate(whole.scored) if segment.document in chosen]
        kept = every[: self.first]
        if not kept:
            problem = f"nothing is left of {whole.name} {whole.pair} ({self._what}{self._unknown(whole)})"
            raise ConfigError("subset", problem, "choose more of it, or other lang_pairs")
        ids = {whole.scored[at].id for at in kept}
        last = max(at for at, segment in enumerate(whole.segments) if segment.id in ids)
        end = len(whole.segments) if len(kept) == len(every) else last + 1
        documents = {whole.scored[at].document for at in kept}
        return replace(
            whole,
            name=f"{whole.name} [{self._what}]",
            documents=tuple(document for document in whole.documents if document.id in documents),
            segments=tuple(segment for segment in whole.segments[:end] if segment.document in documents),
            hypotheses={
                name: Hypotheses(found.system, tuple(found.texts[at] for at in kept), found.notices)
                for name, found in whole.hypotheses.items()
            },
            notices=(*whole.notices, *self._notices(whole, documents, kept)),
            whole=whole,
        )

    def _has(self, document: Document) -> bool:
        if self.documents is not None and document.id not in self.documents:
            return False
        if self.origlang in ("original", "translated"):
            return document.translated is (self.origlang == "translated")
        return self.origlang is None or (document.origlang is not None and self._is(document.origlang, self.origlang))

    @staticmethod
    def _is(code: str, asked: str) -> bool:
        """Whether a language is the one that is asked for, whatever its script and region if none is asked for."""
        return code.lower() == asked.lower() if "_" in asked else base_language(code) == base_language(asked)

    @property
    def _what(self) -> str:
        """The part, as an eval set's name and an error hold it: ``origlang=original, first=100``."""
        parts = [f"origlang={self.origlang}"] if self.origlang is not None else []
        if self.documents is not None:
            named = "+".join(sorted(self.documents))
            if len(self.documents) > _NAMED:
                digest = hashlib.sha256("\0".join(sorted(self.documents)).encode()).hexdigest()[:8]
                named = f"{len(self.documents)} of sha256 {digest}"
            parts.append(f"documents={named}")
        return ", ".join([*parts, *([f"first={self.first}"] if self.first is not None else [])])

    def _unknown(self, whole: EvalSet) -> str:
        """How many documents are left out since nothing is known of their original language, as a sentence's end."""
        count = sum(one.origlang is None for one in whole.documents) if self.origlang is not None else 0
        return f"; the original language of {count} of them is not known" if count else ""

    def _notices(self, whole: EvalSet, documents: Collection[str], kept: Sequence[int]) -> Iterator[str]:
        yield (
            f"of {whole.name} only {len(documents)} of {len(whole.documents)} documents and {len(kept)} of "
            f"{len(whole.scored)} segments are evaluated ({self._what}{self._unknown(whole)})"
        )
        last = whole.scored[kept[-1]]
        if self.first is not None and whole.rows[last.document][-1] > kept[-1]:
            yield (
                f"document {last.document} is cut after segment {last.id}: its verdicts and scores are of what is left"
            )
