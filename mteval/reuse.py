"""Translating and scoring through the store: what is there is not computed again, what is computed is kept at once.

Here a system's and a metric's promises are checked: one hypothesis a segment, one score an item.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mteval.errors import ContractError
from mteval.files import is_text
from mteval.metrics.base import Item, ItemScore, Metric
from mteval.segment import ErrorSpan, EvalSet, Hypotheses
from mteval.store import Store, key_of
from mteval.systems.base import Output, System
from mteval.usage import Meter, Usage

Advance = Callable[[int], None]
"""Called with how many more segments or items are done."""


def translate(
    name: str,
    system: System,
    eval_set: EvalSet,
    hypotheses: Mapping[str, Hypotheses],
    store: Store,
    advance: Advance,
    meter: Meter,
) -> Hypotheses:
    """A system's hypotheses of an eval set.

    Args:
        name: the system's name, for errors.
        hypotheses: of the systems before it, for canaries.
        meter: counts what the hypotheses cost.

    Raises:
        ContractError: the system did not give exactly one hypothesis a segment.
    """
    segments = eval_set.scored
    outputs: list[Output | None] = [None] * len(segments)
    keys = _keys(system, eval_set) if system.card.reusable else []
    with store.shelf("translations", type(system).__name__, system.signature(eval_set.pair), keys) as shelf:
        if system.card.reusable:
            outputs = [_output(shelf.get(key)) for key in keys]
        if system.card.unit == "document":
            for rows in eval_set.rows.values():
                if any(outputs[row] is None for row in rows):
                    for row in rows:
                        outputs[row] = None
        for kept in filter(None, dict(zip(keys, outputs, strict=True)).values() if keys else ()):
            meter.count(kept.usage, made_now=False)  # equal sources were paid for once
        missing = [index for index, output in enumerate(outputs) if output is None]
        advance(len(segments) - len(missing))
        asked = [segments[index] for index in missing]
        others = {other: [found.texts[index] for index in missing] for other, found in hypotheses.items()}
        for position, output in system.translate(asked, eval_set.pair, others) if asked else ():
            if not 0 <= position < len(asked) or outputs[missing[position]] is not None:
                problem = f"gave hypothesis {position + 1} of {len(asked)} twice or for no segment"
                raise ContractError(f"system {name}", problem, "report it")
            if not is_text(output.text):
                problem = f"gave half of a surrogate pair for segment {asked[position].id}, which is no text"
                raise ContractError(f"system {name}", problem, "report it")
            outputs[missing[position]] = output
            meter.count(output.usage, made_now=True)
            if system.card.reusable:
                usage = [output.usage.row] if output.usage.requests else []
                shelf.put(keys[missing[position]], [output.text, list(output.notices), *usage])
            advance(1)
    complete = [output for output in outputs if output is not None]
    if len(complete) != len(segments):
        lost = next(segment.id for segment, output in zip(segments, outputs, strict=True) if output is None)
        raise ContractError(
            f"system {name}",
            f"gave {len(complete)} hypotheses for {len(segments)} segments (none for {lost})",
            "report it: a system gives one for each, an empty one if it must",
        )
    notices = [
        f"segment {segment.id}: {notice}"
        for segment, output in zip(segments, complete, strict=True)
        for notice in output.notices
    ]
    return Hypotheses(name, tuple(output.text for output in complete), tuple(notices))


def _keys(system: System, eval_set: EvalSet) -> list[str]:
    """What the store holds each segment's hypothesis under: its source, or its place in its document's sources."""
    sources = [segment.source for segment in eval_set.scored]
    if system.card.unit == "segment":
        return [key_of(source) for source in sources]
    documents = {document: [sources[row] for row in rows] for document, rows in eval_set.rows.items()}
    places = {row: place for rows in eval_set.rows.values() for place, row in enumerate(rows)}
    return [
        key_of("document", str(places[row]), *documents[segment.document])
        for row, segment in enumerate(eval_set.scored)
    ]


def score(
    name: str, metric: Metric, items: Sequence[Item], references: int, store: Store, advance: Advance, meter: Meter
) -> list[ItemScore]:
    """A metric's scores of items, in their order; equal items are scored once.

    Args:
        name: the metric's name, for errors.
        references: how many references each item has.
        meter: counts what the scores cost.

    Raises:
        ContractError: the metric did not score every item.
    """
    keys = [_key(item) for item in items]
    with store.shelf("scores", type(metric).__name__, metric.signature(references), keys) as shelf:
        held = {key: found for key in dict.fromkeys(keys) if (found := _unpack(shelf.get(key))) is not None}
        for kept in held.values():
            meter.count(kept.usage, made_now=False)
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in held}
        asked = list(missing)
        advance(len(items) - len(asked))
        for position, found in metric.score(list(missing.values())) if asked else ():
            if not 0 <= position < len(asked):
                raise ContractError(f"metric {name}", f"scored item {position + 1} of {len(asked)}", "report it")
            key = asked[position]
            if key in held:
                raise ContractError(f"metric {name}", f"scored item {position + 1} twice", "report it")
            numbers = found.statistics if found.score is None else (found.score, *found.statistics)
            if not all(map(math.isfinite, numbers)) or (found.score is None) != (not found.statistics):
                problem = f"gave {found.score} for the hypothesis “{missing[key].hypothesis[:60]}”"
                raise ContractError(f"metric {name}", problem, "report it with that segment")
            held[key] = found
            meter.count(found.usage, made_now=True)
            shelf.put(key, _pack(found))
            advance(1)
    if not all(key in held for key in keys):
        raise ContractError(f"metric {name}", "gave some items no score", "report it: it must score each")
    return [held[key] for key in keys]


def _key(item: Item) -> str:
    texts = [text for one in (*item.context, item) for text in (one.source, one.hypothesis, *one.references)]
    return key_of(*texts, *([] if item.pair is None else [str(item.pair)]))


def _pack(found: ItemScore) -> list[Any]:
    """An item's score as JSON holds it."""
    spans = None
    if found.spans is not None:
        spans = [[span.start, span.end, span.category, span.severity, span.confidence] for span in found.spans]
    more = [list(found.notices), found.usage.row] if found.notices or found.usage.requests else []
    return [found.score, list(found.statistics), spans, found.truncated, *more]


def _unpack(value: Any) -> ItemScore | None:
    """An item's score from the store; ``None`` if there is none, or if what is there is damaged."""
    try:
        points, statistics, spans, truncated, *more = value
        notices, usage = more or ((), {})
        numbers = [*statistics] if points is None else [points, *statistics]
        if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
            return None
        found = None if spans is None else tuple(ErrorSpan(*span) for span in spans)
        told = tuple(map(str, notices))
        return ItemScore(points, tuple(statistics), found, bool(truncated), told, Usage(**usage))
    except (TypeError, ValueError):
        return None


def _output(value: Any) -> Output | None:
    """A hypothesis from the store; ``None`` if there is none, or if what is there is damaged."""
    try:
        text, notices, *more = value
        (usage,) = map(_usage, more or [{}])
    except (TypeError, ValueError):
        return None
    whole = isinstance(text, str) and is_text(text) and isinstance(notices, list)
    return Output(text, tuple(map(str, notices)), usage) if whole else None


def _usage(value: Any) -> Usage:
    return Usage(**value)
