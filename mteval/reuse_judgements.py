"""Gate marks and verdicts through the store: a document is looked at again only where something about it has changed.

What decides them is the document's own texts, marks and scores, which make the key; and the settings, the code and the
language identifier, which make the signature. The code is known by its bytes, so that no change of it can be missed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from mteval import judging
from mteval.environment import version
from mteval.files import resolve
from mteval.garble.base import Detector, Evidence, Family, Label, SegmentVerdict, Signal, Text, Verdict
from mteval.gate import MARK_KINDS, Gate, Mark
from mteval.segment import EvalSet
from mteval.signature import Signature
from mteval.store import Store, key_of

Advance = Callable[[int], None]
"""Called with how many more hypotheses or documents are done."""


def marks(
    gate: Gate, eval_set: EvalSet, texts: Sequence[str], store: Store, advance: Advance
) -> tuple[tuple[Mark, ...], ...]:
    """What the gate sees in each of a system's hypotheses."""
    sources = [segment.source for segment in eval_set.scored]
    rows = list(eval_set.rows.values())
    keys = [key_of(str(eval_set.pair), *(text for at in one for text in (sources[at], texts[at]))) for one in rows]
    found: list[tuple[Mark, ...]] = [()] * len(texts)
    with store.shelf("marks", type(gate).__name__, _signature(vars(gate)), keys) as shelf:
        missing = []
        for key, one, value in zip(keys, rows, shelf.get_all(keys), strict=True):
            kept = _marks(value, len(one))
            if kept is None:
                missing.append((key, one))
                continue
            for place, seen in kept.items():
                found[one[place]] = seen
            advance(len(one))
        asked = [at for _, one in missing for at in one]
        made = gate.marks_of([sources[at] for at in asked], [texts[at] for at in asked], eval_set.pair, advance)
        for at, seen in zip(asked, made, strict=True):
            found[at] = seen
        for key, one in missing:
            shelf.put(key, {place: [_row(mark) for mark in found[at]] for place, at in enumerate(one) if found[at]})
    return tuple(found)


def verdicts(
    texts: Sequence[Text], signals: Mapping[str, Signal], detector: Detector, store: Store, advance: Advance
) -> tuple[Verdict, ...]:
    """A verdict of each text, looked at each time where a signal is the user's own or reads files of the user's."""
    if not signals:  # what nothing looked at is not clean
        advance(len(texts))
        return ()
    settings = {**{f"garble.{name}": signal for name, signal in signals.items()}, "detector": detector}
    lasting = all(map(_lasting, settings.values()))
    keys = [key_of(repr(text)) for text in texts] if lasting else []
    signature = _signature({name: repr(one) for name, one in settings.items()})
    found = []
    with (store if lasting else Store(None)).shelf("verdicts", type(detector).__name__, signature, keys) as shelf:
        for at, text in enumerate(texts):
            verdict = _verdict(text, shelf.get(keys[at])) if lasting else None
            if verdict is None:
                verdict = judging.judge(text, signals, detector)
                if lasting:
                    shelf.put(keys[at], _kept(verdict))
            found.append(verdict)
            advance(1)
    return tuple(found)


def _lasting(value: object) -> bool:
    """Whether a setting is told whole by how it prints: a number, a word, or a plug-in of mteval's made of these.

    A name with a slash, or of something that is there, is that of a file or a checkpoint, whose content may change.
    """
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, str):
        return "/" not in value and not resolve(value).exists()
    if isinstance(value, Mapping):
        return all(map(_lasting, [*value, *value.values()]))
    if isinstance(value, tuple | list | frozenset):
        return all(map(_lasting, value))
    ours = is_dataclass(value) and type(value).__module__.startswith("mteval.")
    return ours and all(_lasting(getattr(value, one.name)) for one in fields(value))  # type: ignore[arg-type]


def _signature(settings: Mapping[str, object]) -> Signature:
    packages = {name: version(name) for name in ("lingua-language-detector", "langcodes", "numpy")}
    return Signature.of({**settings, **packages, "unicode": unicodedata.unidata_version, "code": _code()})


@cache
def _code() -> str:
    """A digest of what marks and verdicts come from: the modules of mteval itself, and the room of garble."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*package.glob("*.py"), *package.glob("garble/**/*.*")]):
        if "__pycache__" not in file.parts:
            raw = file.read_bytes()
            digest.update(f"{file.relative_to(package).as_posix()} {len(raw)}\n".encode() + raw)
    return digest.hexdigest()[:16]


def _row(mark: Mark) -> list[object]:
    return [mark.kind, mark.message, mark.start, mark.end]


def _marks(kept: Any, size: int) -> dict[int, tuple[Mark, ...]] | None:
    """A document's marks by place as the store holds them; ``None`` where it holds none, or they are damaged."""
    try:
        found = {int(place): tuple(Mark(*mark) for mark in those) for place, those in kept.items()}
    except (AttributeError, TypeError, ValueError):
        return None
    marks = [mark for those in found.values() for mark in those]
    sound = all(
        mark.kind in MARK_KINDS and isinstance(mark.message, str) and _are(int, mark.start, mark.end) for mark in marks
    )
    return found if sound and all(0 <= place < size for place in found) else None


def _kept(verdict: Verdict) -> list[object]:
    return [
        verdict.label,
        verdict.probability,
        [[e.signal, e.family, e.segment, e.start, e.end, e.strength, e.message] for e in verdict.evidence],
        verdict.unseen,
        [[one.segment, one.label, one.probability] for one in verdict.segments],
    ]


def _verdict(text: Text, kept: Any) -> Verdict | None:
    """A verdict as the store holds it; ``None`` where it holds none, or it is damaged."""
    try:
        label, probability, evidence, unseen, segments = kept
        found = Verdict(
            text.document,
            text.system,
            label,
            probability,
            tuple(Evidence(*one) for one in evidence),
            tuple((name, reason) for name, reason in unseen),
            tuple(SegmentVerdict(*one) for one in segments),
        )
    except (TypeError, ValueError):
        return None
    judged: tuple[Verdict | SegmentVerdict, ...] = (found, *found.segments)
    told = all(one.label in get_args(Label) and _are(float, one.probability) for one in judged)
    places = {None, *(line.segment for line in text.lines)}
    seen = all(
        e.family in get_args(Family) and e.segment in places and isinstance(e.message, str) for e in found.evidence
    )
    whole = [one.segment for one in found.segments] == [line.segment for line in text.lines]
    return found if told and seen and whole else None


def _are(kind: type, *values: object) -> bool:
    return all(isinstance(value, kind) and not isinstance(value, bool) for value in values)
