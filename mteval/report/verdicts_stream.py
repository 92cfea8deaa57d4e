"""Writes verdicts one by one as JSON Lines, each as soon as it is passed."""

from __future__ import annotations

from typing import TextIO

from mteval.files import dump_json
from mteval.garble.base import Verdict
from mteval.report.base import VerdictStream
from mteval.report.verdicts import evidence_of, segments_of, unseen_of
from mteval.unjudged.base import UNKNOWN, Language, Unjudged


class JsonStream(VerdictStream):
    """Writes an object a text, with all its evidence and each segment's verdict.

    ``system`` and ``source_language`` are ``null`` for a source document; a language that is not known is ``null``, and
    ``language_identified`` says that it was read from the text. Evidence is as in ``verdicts.jsonl``.

    Args:
        out: what is written to.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: Unjudged, verdict: Verdict, *, shown: bool) -> None:
        if not shown:
            return
        source = text.source_language
        row = {
            "file": text.file,
            "document": text.document,
            "system": text.system,
            "language": _code(text.language),
            "language_identified": text.language.identified,
            "source_language": _code(source) if source else None,
            "source_language_identified": source.identified if source else None,
            "verdict": verdict.label,
            "probability": verdict.probability,
            "evidence": evidence_of(verdict, text.judged),
            "segments": segments_of(verdict),
            "unseen": unseen_of(verdict),
        }
        self._out.write(dump_json(row) + "\n")
        self._out.flush()

    def end(self) -> None:
        pass


def _code(language: Language) -> str | None:
    return None if language.code == UNKNOWN else language.code
