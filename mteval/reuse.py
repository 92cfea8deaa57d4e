"""Translating and scoring through the store: what is there is not computed again, what is computed is kept at once.

Here a system's and a metric's promises are checked: one hypothesis a segment, one score an item.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mteval import golden
from mteval.errors import ContractError
from mteval.files import is_text
from mteval.metrics.base import Item, ItemScore, Metric
from mteval.segment import ErrorSpan, EvalSet, Hypotheses
from mteval.store import Keys, Shelf, Store, key_of
from mteval.systems.base import Output, System
from mteval.texts import Texts
from mteval.usage import UNUSED, Meter, Usage

Advance = Callable[[int], None]
"""Called with how many more segments or items are done."""

_BATCH = 65536
"""Hypotheses that are read from the store together."""


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
    texts: list[str | None] = [None] * len(segments)
    told: dict[int, tuple[str, ...]] = {}
    keys = Keys(_keys(system, eval_set)) if system.card.reusable else ()
    kept_in = store if system.card.reusable else Store(None)
    with kept_in.shelf("translations", type(system).__name__, system.signature(eval_set.pair), keys) as shelf:
        used = _held(shelf, keys, texts, told)
        if system.card.unit == "document":
            for rows in eval_set.rows.values():
                if any(texts[row] is None for row in rows):
                    for row in rows:
                        texts[row] = None
        kept = {keys[row]: usage for row, usage in used.items() if texts[row] is not None}
        for usage in kept.values():
            meter.count(usage, made_now=False)  # equal sources were paid for once
        missing = [index for index, text in enumerate(texts) if text is None]
        advance(len(segments) - len(missing))
        asked = [segments[index] for index in missing]
        others = {other: [found.texts[index] for index in missing] for other, found in hypotheses.items()}
        for position, output in system.translate(asked, eval_set.pair, others) if asked else ():
            if not 0 <= position < len(asked) or texts[missing[position]] is not None:
                problem = f"gave hypothesis {position + 1} of {len(asked)} twice or for no segment"
                raise ContractError(f"system {name}", problem, "report it")
            if not is_text(output.text):
                problem = f"gave half of a surrogate pair for segment {asked[position].id}, which is no text"
                raise ContractError(f"system {name}", problem, "report it")
            texts[missing[position]] = output.text
            told.pop(missing[position], None)
            if output.notices:
                told[missing[position]] = output.notices
            if output.usage != UNUSED:
                meter.count(output.usage, made_now=True)
            if system.card.reusable:
                usage_row = [output.usage.row] if output.usage.requests else []
                shelf.put(keys[missing[position]], [output.text, list(output.notices), *usage_row])
            advance(1)
    complete = Texts(text for text in texts if text is not None)
    if len(complete) != len(segments):
        lost = next(segment.id for segment, text in zip(segments, texts, strict=True) if text is None)
        raise ContractError(
            f"system {name}",
            f"gave {len(complete)} hypotheses for {len(segments)} segments (none for {lost})",
            "report it: a system gives one for each, an empty one if it must",
        )
    notices = [f"segment {segments[row].id}: {notice}" for row in sorted(told) for notice in told[row]]
    given = eval_set.hypotheses.get(name)
    shared = given.texts if given is not None and given.texts == complete else complete  # in memory once
    return Hypotheses(name, shared, tuple(notices))


def _held(
    shelf: Shelf, keys: Sequence[str], texts: list[str | None], told: dict[int, tuple[str, ...]]
) -> dict[int, Usage]:
    """Put what a shelf holds in its places among the texts and their notices; what it used, where it used anything."""
    used: dict[int, Usage] = {}
    for start in range(0, len(keys), _BATCH):
        for row, value in enumerate(shelf.get_all(keys[start : start + _BATCH]), start=start):
            output = _output(value)
            if output is not None:
                texts[row] = output.text
                if output.notices:
                    told[row] = output.notices
                if output.usage != UNUSED:
                    used[row] = output.usage
    return used


def _keys(system: System, eval_set: EvalSet) -> Iterator[str]:
    """What the store holds each segment's hypothesis under: its source, or its place in its document's sources."""
    segments = eval_set.scored
    if system.card.unit == "segment":
        yield from (key_of(segment.source) for segment in segments)
        return
    places = {row: place for rows in eval_set.rows.values() for place, row in enumerate(rows)}
    for row, segment in enumerate(segments):
        sources = (segments[one].source for one in eval_set.rows[segment.document])
        yield key_of("document", str(places[row]), *sources)


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
        ComparabilityError: its checkpoint no longer scores golden segments as it did.
    """
    (scores,) = score_blocks(name, metric, [items], references, store, advance, meter)
    return scores


def score_blocks(
    name: str,
    metric: Metric,
    blocks: Sequence[Sequence[Item]],
    references: int,
    store: Store,
    advance: Advance,
    meter: Meter,
) -> Iterator[list[ItemScore]]:
    """A metric's scores of blocks of items, block by block, so that those of one alone are in memory.

    Equal items are scored once, in whatever blocks they are.

    Args:
        blocks: what the metric sees together; each is gone through twice, and may make its items as it goes.

    Others, and what is raised, are as in ``score``.
    """
    keys = [Keys(_key(item) for item in block) for block in blocks]
    again = _in_several(keys)
    kept: dict[str, ItemScore] = {}
    checked = False
    wanted = (key for of_block in keys for key in of_block)
    with store.shelf("scores", type(metric).__name__, metric.signature(references), wanted) as shelf:
        for block, of_block in zip(blocks, keys, strict=True):
            there = dict.fromkeys(of_block)
            held = {key: kept[key] for key in there if key in kept}
            asked = [key for key in there if key not in held]
            for key, value in zip(asked, shelf.get_all(asked), strict=True):
                if (found := _unpack(value)) is not None:
                    held[key] = found
                    meter.count(found.usage, made_now=False)
            missing = {key: item for key, item in zip(of_block, block, strict=True) if key not in held}
            if missing and not checked:
                golden.check(name, metric, references, store)
                checked = True
            advance(len(of_block) - len(missing))
            for key, found in _made(name, metric, missing, meter):
                held[key] = found
                shelf.put(key, _pack(found))
                advance(1)
            kept.update((key, found) for key, found in held.items() if hash(key) in again)
            yield [held[key] for key in of_block]


def _in_several(blocks: Sequence[Sequence[str]]) -> frozenset[int]:
    """The hashes of keys that are in more than one block."""
    if len(blocks) < 2:
        return frozenset()
    found = np.concatenate([np.unique(np.fromiter(map(hash, block), np.int64)) for block in blocks])
    hashes, times = np.unique(found, return_counts=True)
    return frozenset(hashes[times > 1].tolist())


def _made(name: str, metric: Metric, missing: Mapping[str, Item], meter: Meter) -> Iterator[tuple[str, ItemScore]]:
    """What a metric says of items, by key, once it has kept its promises."""
    asked, scored = list(missing), set[str]()
    for position, found in metric.score(list(missing.values())) if asked else ():
        if not 0 <= position < len(asked):
            raise ContractError(f"metric {name}", f"scored item {position + 1} of {len(asked)}", "report it")
        key = asked[position]
        if key in scored:
            raise ContractError(f"metric {name}", f"scored item {position + 1} twice", "report it")
        numbers = found.statistics if found.score is None else (found.score, *found.statistics)
        if not all(map(math.isfinite, numbers)) or (found.score is None) != (not found.statistics):
            problem = f"gave {found.score} for the hypothesis “{missing[key].hypothesis[:60]}”"
            raise ContractError(f"metric {name}", problem, "report it with that segment")
        scored.add(key)
        if found.usage != UNUSED:
            meter.count(found.usage, made_now=True)
        yield key, found
    if len(scored) < len(asked):
        raise ContractError(f"metric {name}", "gave some items no score", "report it: it must score each")


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
