"""What the scores would be if other texts counted: the gate's failures as nothing, or HTML entities decoded."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mteval import reuse
from mteval.gate import Mark, MarkKind
from mteval.metrics.base import Item, ItemScore, Metric, stacked
from mteval.scores import Points, SegmentScores, narrowest
from mteval.store import Store
from mteval.usage import Meter

FAILURES: tuple[MarkKind, ...] = ("empty", "copied", "wrong_language", "looped", "refusal")
"""The marks of a hypothesis that is no translation at all, however a metric scores it."""


def failed(marks: Sequence[Mark]) -> bool:
    """Whether a hypothesis with these marks is no translation at all."""
    return any(mark.kind in FAILURES for mark in marks)


def gated(
    metric: Metric,
    items: Mapping[str, Sequence[Item]],
    marks: Mapping[str, Sequence[Sequence[Mark]]],
    found: Mapping[str, SegmentScores],
) -> Mapping[str, SegmentScores]:
    """The scores with failed hypotheses as nothing, by system; only systems that have one.

    None at all where the metric's scale has no end to give a failed one.

    Args:
        items: what was scored, by system, one a segment.
        marks: what the gate saw of each.
        found: the scores of the texts as they are.
    """
    failures = {
        system: {row: metric.nothing(of_system[row]) for row, seen in enumerate(marks[system]) if failed(seen)}
        for system, of_system in items.items()
    }
    if any(score is None for of_system in failures.values() for score in of_system.values()):
        return {}
    return {
        system: _replaced(found[system], {row: score for row, score in of_system.items() if score is not None})
        for system, of_system in failures.items()
        if of_system
    }


def decoded(
    name: str,
    metric: Metric,
    items: Mapping[str, Sequence[Item]],
    marks: Mapping[str, Sequence[Sequence[Mark]]],
    found: Mapping[str, SegmentScores],
    store: Store,
    meter: Meter,
    documents: Iterable[Sequence[int]] | None = None,
) -> Mapping[str, SegmentScores]:
    """The scores with HTML entities decoded where the gate marked them, by system; only systems that have any.

    The decoded texts alone are scored.

    Args:
        name: the metric's name, for errors.
        items: what was scored, by system, one a segment.
        marks: what the gate saw of each.
        found: the scores of the texts as they are.
        store: keeps the scores of decoded texts like those of others.
        meter: counts what the scores cost.
        documents: the positions of each document's segments, which stand in each other's context alone; ``None`` for
            one document of all.
    """
    asked: dict[tuple[str, int], Item] = {}
    together = [range(len(seen)) for seen in list(marks.values())[:1]] if documents is None else list(documents)
    for system, of_system in items.items():
        marked = {row for row, seen in enumerate(marks[system]) if any(mark.kind == "html_entities" for mark in seen)}
        for rows in together if marked else ():
            texts = (of_system[row].hypothesis for row in rows if row in marked)
            plain = {text: html.unescape(text) for text in texts}
            for row in rows if plain else ():
                if (changed := _with(plain, item := of_system[row])) != item:
                    asked[system, row] = changed
    if not asked:
        return {}
    references = len(next(iter(asked.values())).references)
    scores = reuse.score(name, metric, list(asked.values()), references, store, lambda _: None, meter)
    by_system: dict[str, dict[int, ItemScore]] = {}
    for (system, row), score in zip(asked, scores, strict=True):
        by_system.setdefault(system, {})[row] = score
    return {system: _replaced(found[system], rows) for system, rows in by_system.items()}


def _with(texts: Mapping[str, str], item: Item) -> Item:
    """An item with some hypotheses replaced, in its context too."""
    context = tuple(_with(texts, one) for one in item.context)
    return replace(item, hypothesis=texts.get(item.hypothesis, item.hypothesis), context=context)


def _replaced(found: SegmentScores, items: Mapping[int, ItemScore]) -> SegmentScores:
    """The same scores with those of some segments, by position, replaced."""
    scores, statistics = found.numbers.copy(), found.statistics
    for row, item in items.items():
        scores[row] = np.nan if item.score is None else item.score
    new = stacked(list(items.values()))
    if statistics is None and new is not None:
        statistics = np.full((len(found), new.shape[1]), np.nan)
    if statistics is not None:
        kind = statistics.dtype if new is None else np.promote_types(statistics.dtype, narrowest(new))
        statistics = statistics.astype(kind)
        statistics[list(items)] = np.nan if new is None else new
    return SegmentScores(found.metric, found.system, Points(scores), statistics)
