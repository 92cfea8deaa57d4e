"""Writes ``verdicts.jsonl``: every verdict with all its evidence, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mteval.files import write_jsonl
from mteval.garble.base import Evidence, Label, Verdict
from mteval.report.base import PairResult, Report, RunResult
from mteval.report.judged import hypotheses_by_segment, sources_by_segment


class Verdicts(Report):
    """Writes ``verdicts.jsonl``: by lang pair, a line a source document, then a line a system's document.

    ``system`` is ``null`` for a source document; ``source_verdict`` is the source document's label beside a
    translation's, for whose fault it is. Evidence holds the quoted span as ``text``, ``null`` for a sign of the whole
    document; its ``start`` and ``end`` count characters of the segment's text from 0, end exclusive. ``segments`` holds
    the verdict on each segment by itself.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "verdicts.jsonl"
        write_jsonl(path, (row for pair in result.pairs for row in _rows(pair)))
        return path


def _rows(pair: PairResult) -> Iterable[dict[str, Any]]:
    originals = sources_by_segment(pair, pair.sources)
    labels = {verdict.document: verdict.label for verdict in pair.sources}
    for verdict in pair.sources:
        yield _row(pair, verdict, originals, None)
    for system in pair.systems:
        texts = hypotheses_by_segment(pair, system)
        for verdict in system.verdicts:
            yield _row(pair, verdict, texts, labels.get(verdict.document))


def _row(pair: PairResult, verdict: Verdict, texts: Mapping[str, str], source: Label | None) -> dict[str, Any]:
    return {
        "lang_pair": str(pair.eval_set.pair),
        "document": verdict.document,
        "system": verdict.system,
        "verdict": verdict.label,
        "probability": verdict.probability,
        "source_verdict": source,
        "segments": segments_of(verdict),
        "evidence": evidence_of(verdict, texts),
        "unseen": unseen_of(verdict),
    }


def evidence_of(verdict: Verdict, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """A verdict's evidence, each piece with the span that it speaks of.

    Args:
        texts: what was judged, by segment id.
    """
    return [{**vars(one), "text": _quoted(one, texts)} for one in verdict.evidence]


def segments_of(verdict: Verdict) -> list[dict[str, Any]]:
    """Each segment's own verdict."""
    return [{"segment": one.segment, "verdict": one.label, "probability": one.probability} for one in verdict.segments]


def unseen_of(verdict: Verdict) -> list[dict[str, str]]:
    """The signals that could not look, each with its reason."""
    return [{"signal": signal, "reason": reason} for signal, reason in verdict.unseen]


def _quoted(evidence: Evidence, texts: Mapping[str, str]) -> str | None:
    text = texts.get(evidence.segment) if evidence.segment is not None else None
    return text[evidence.start or 0 : evidence.end] if text is not None else None
