"""Verdicts as a reader sees them: each with its strongest evidence, quoted where it stands, and whose fault it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mteval.garble.base import Evidence, Label, SegmentVerdict, Verdict
from mteval.report.base import PairResult, SystemResult
from mteval.report.plain import counted, plain, words
from mteval.report.table import Table
from mteval.segment import Document

MOST = 3
"""How many pieces of evidence a page shows of one text; ``verdicts.jsonl`` holds them all."""

FEW = 30
"""How many texts a page lists of each sort; ``verdicts.jsonl`` holds them all."""

FAULT = "*"
"""Stands by a system's label in a table where the source document is itself not clean."""

FAULT_LEGEND = f"{FAULT} its source is itself garbled or suspect: the source's fault before the system's."


@dataclass(frozen=True)
class Passage:
    """A piece of evidence where it stands: the text before it, the span itself, the text after it, each on one line."""

    before: str
    marked: str
    after: str

    def __str__(self) -> str:
        return self.before + self.marked + self.after


@dataclass(frozen=True)
class Piece:
    """One piece of evidence, with its passage; ``None`` for a sign of the whole document or of an empty text."""

    evidence: Evidence
    passage: Passage | None


@dataclass(frozen=True)
class Judged:
    """One text's verdict.

    Attributes:
        document: the source document.
        verdict: what was decided.
        pieces: the strongest evidence, at most ``MOST``, one of each signal before a second of any.
        source: the source document's label, where the text is a translation and its source was judged.
    """

    document: Document
    verdict: Verdict
    pieces: tuple[Piece, ...]
    source: Label | None = None

    @property
    def facts(self) -> str:
        """The document's language and origin: ``pt, machine translation``."""
        return f"{self.document.language}, {words(self.document.origin)}"

    @property
    def blame(self) -> str:
        """Whose fault it is, where the source is not clean either; empty otherwise."""
        if self.source in (None, "clean") or self.verdict.label == "clean":
            return ""
        return f"its source is {self.source}: the source's fault before the system's"

    @property
    def mark(self) -> str:
        """The label as a table shows it, with ``FAULT`` where the source is not clean either."""
        return self.verdict.label + (FAULT if self.blame else "")

    @property
    def probability(self) -> str:
        """The probability as a page shows it."""
        return probability(self.verdict.probability)

    @property
    def held_back(self) -> str:
        """How much evidence is not shown here; empty if all is."""
        left = len(self.verdict.evidence) - len(self.pieces)
        return f"{left} more in verdicts.jsonl" if left else ""


@dataclass(frozen=True)
class Judgement:
    """All verdicts of one lang pair, and those of them that a page lists.

    Attributes:
        sources: the source documents, in document order.
        systems: by system name, its documents by id, in the order of the leaderboard.
        listed_sources: all of them if they are few, else the first few that are not clean.
        listed_documents: ids of documents that systems were judged on; chosen likewise.
        listed: translations that are not clean, to be shown with evidence; canaries, nonsense by design, are left out.
        unlisted: what is not listed, a sentence each.
        unseen: signals that could not look at translations by ranked systems, a sentence each: missing is not the same
            as clean. Of sources and canaries ``verdicts.jsonl`` says the same.
    """

    sources: tuple[Judged, ...]
    systems: Mapping[str, Mapping[str, Judged]]
    listed_sources: tuple[Judged, ...]
    listed_documents: tuple[str, ...]
    listed: tuple[Judged, ...]
    unlisted: tuple[str, ...]
    unseen: tuple[str, ...]

    def batches(self, size: int) -> list[tuple[str, ...]]:
        """The listed documents, so many at a time: as many as stand side by side."""
        listed = self.listed_documents
        return [listed[at : at + size] for at in range(0, len(listed), size)]

    @property
    def blamed(self) -> bool:
        """Whether any translation's source is not clean either."""
        return any(judged.blame for row in self.systems.values() for judged in row.values())


def probability(value: float) -> str:
    """A probability as a page shows it; it is never certain."""
    shown = f"{value:.2f}"
    return {"0.00": "<0.01", "1.00": ">0.99"}.get(shown, shown)


def strongest(evidence: Sequence[Evidence], most: int) -> tuple[Evidence, ...]:
    """The strongest evidence, one piece of each signal before a second of any, in order of strength."""
    ordered = sorted(evidence, key=lambda piece: -piece.strength)
    first: dict[str, Evidence] = {}
    for piece in ordered:
        first.setdefault(piece.signal, piece)
    picked = list(first.values())
    picked += [piece for piece in ordered if not any(piece is one for one in picked)]
    return tuple(sorted(picked[:most], key=lambda piece: -piece.strength))


def quote(text: str, start: int | None, end: int | None, *, around: int = 60) -> Passage:
    """A span in its context.

    Args:
        text: a segment's text.
        start, end: characters of it; ``None`` where all of it is meant.
        around: how many characters of context are kept on either side; a span longer than four times as much is
            shortened in its middle. What is cut is shown as ``…``.
    """
    low = min(max(start or 0, 0), len(text))
    high = len(text) if end is None else min(max(end, low), len(text))
    before, marked, after = text[:low], text[low:high], text[high:]
    if len(before) > around:
        before = "…" + _cut(before[::-1], around)[::-1]
    if len(after) > around:
        after = _cut(after, around) + "…"
    if len(marked) > 4 * around:
        marked = marked[: 2 * around] + " … " + marked[-2 * around :]
    return Passage(plain(before), plain(marked), plain(after))


def _cut(text: str, most: int) -> str:
    """So many characters at most, whole words if there are any."""
    kept = text[:most]
    space = kept.rfind(" ")
    return kept if text[most].isspace() or space < most // 2 else kept[:space]


def judgement(pair: PairResult, table: Table) -> Judgement:
    """What a page says of one lang pair's verdicts, the systems in the order of its table."""
    eval_set = pair.eval_set
    documents = {document.id: document for document in eval_set.documents}
    originals = sources_by_segment(pair, pair.sources)
    labels = {verdict.document: verdict.label for verdict in pair.sources}

    def judged(verdict: Verdict, texts: Mapping[str, str]) -> Judged:
        document = documents.get(verdict.document) or Document(verdict.document, eval_set.pair.source)
        label = labels.get(verdict.document) if verdict.system is not None else None
        return Judged(document, verdict, tuple(pieces(verdict, texts)), label)

    sources = tuple(judged(verdict, originals) for verdict in pair.sources)
    systems: dict[str, dict[str, Judged]] = {}
    broken: list[Judged] = []
    by_name = {system.name: system for system in pair.systems}
    for system in (by_name[row.system] for row in table.rows):
        texts = hypotheses_by_segment(pair, system)
        row = {verdict.document: judged(verdict, texts) for verdict in system.verdicts}
        if row:
            systems[system.name] = row
        if system.kind != "canary":
            broken += [one for one in row.values() if one.verdict.label != "clean"]
    every = tuple(dict.fromkeys(document for row in systems.values() for document in row))
    chosen_sources = _few(sources, [one for one in sources if one.verdict.label != "clean"])
    chosen = _few(every, list(dict.fromkeys(one.verdict.document for one in broken)))
    ranked = [verdict for system in pair.systems if system.kind == "system" for verdict in system.verdicts]
    return Judgement(
        sources=sources,
        systems=systems,
        listed_sources=chosen_sources,
        listed_documents=chosen,
        listed=tuple(broken[:FEW]),
        unlisted=(
            *_unlisted(len(sources) - len(chosen_sources), "source document"),
            *_unlisted(len(every) - len(chosen), "document's translations", "documents' translations"),
            *_unlisted(len(broken[FEW:]), "translation's evidence", "translations' evidence"),
        ),
        unseen=tuple(_unseen(ranked, "translated document")),
    )


_T = TypeVar("_T")


def _few(every: Sequence[_T], wanted: Sequence[_T]) -> tuple[_T, ...]:
    return tuple(every if len(every) <= FEW else wanted[:FEW])


def _unlisted(number: int, thing: str, things: str | None = None) -> Iterable[str]:
    if number:
        what = f"{number} {things}" if things and number != 1 else counted(number, thing)
        yield f"{what} not listed here: verdicts.jsonl has all."


def segment_verdicts(verdicts: Iterable[Verdict]) -> dict[str, SegmentVerdict]:
    """What was decided of each segment by itself, by its id."""
    return {segment.segment: segment for verdict in verdicts for segment in verdict.segments}


def sources_by_segment(pair: PairResult, verdicts: Iterable[Verdict]) -> dict[str, str]:
    """The sources that evidence speaks of, by segment id."""
    asked = _spoken_of(verdicts)
    return {segment.id: segment.source for segment in pair.eval_set.segments if segment.id in asked} if asked else {}


def hypotheses_by_segment(pair: PairResult, system: SystemResult) -> dict[str, str]:
    """A system's hypotheses that evidence speaks of, by segment id."""
    asked, texts = _spoken_of(system.verdicts), system.hypotheses.texts
    if not asked:
        return {}
    return {segment.id: texts[row] for row, segment in enumerate(pair.eval_set.scored) if segment.id in asked}


def _spoken_of(verdicts: Iterable[Verdict]) -> frozenset[str]:
    """The segments that evidence stands in, by id: the others' texts need not be in memory together."""
    return frozenset(one.segment for verdict in verdicts for one in verdict.evidence if one.segment is not None)


def pieces(verdict: Verdict, texts: Mapping[str, str]) -> Iterable[Piece]:
    """The strongest evidence, at most ``MOST`` pieces, each where it stands.

    Args:
        texts: what was judged, by segment id.
    """
    for evidence in strongest(verdict.evidence, MOST):
        text = texts.get(evidence.segment) if evidence.segment is not None else None
        yield Piece(evidence, quote(text, evidence.start, evidence.end) if text else None)


def _unseen(verdicts: Sequence[Verdict], thing: str) -> Iterable[str]:
    found = Counter(unseen for verdict in verdicts for unseen in verdict.unseen)
    for (signal, reason), times in found.items():
        which = f"the {thing}" if len(verdicts) == 1 else f"{times} of {counted(len(verdicts), thing)}"
        yield f"{signal} could not look at {which}: {reason}."
