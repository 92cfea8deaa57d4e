"""What a reader must know before believing a leaderboard's numbers, a sentence each."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median

from mteval.comparison import ENOUGH_DOCUMENTS, Comparisons
from mteval.metrics.base import MetricCard
from mteval.report.base import Counting, PairResult, SystemResult
from mteval.report.plain import counted
from mteval.report.ranking import interferes, scores_of, standings
from mteval.report.views import through

_ENTITIES = 3
"""How many different HTML entities of a system a note names."""

_TESTS = {"randomisation": "paired approximate randomisation", "bootstrap": "paired bootstrap resampling"}


def testing(pair: PairResult, labels: Mapping[str, str], headline: str | None) -> str:
    """How ranks were made, a sentence; without a test, by which metric; empty for fewer than two systems."""
    ranked = [system for system in pair.systems if system.kind == "system"]
    if headline is None or not scores_of(headline, ranked):
        return ""
    compared = pair.comparisons.get(headline)
    if compared is None or not compared.tested:
        return f"Systems are ranked by {labels[headline]}; no difference was tested." if len(ranked) > 1 else ""
    how = compared.resampling
    times = f"{how.trials:,} trials" if how.test == "randomisation" else f"{how.draws:,} draws"
    return (
        f"Systems are ranked by {labels[headline]}; those that cannot be told apart share a rank ({_TESTS[how.test]}: "
        f"{counted(compared.units, compared.unit)}, {times}, seed {how.seed}, p < {how.level:g} with Holm's correction "
        f"for {counted(len(compared.pairs), 'pair')})."
    )


def notes(
    pair: PairResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str], headline: str | None
) -> Iterable[str]:
    """The notes of one lang pair.

    Args:
        labels: of the metrics, by name, as the table shows them.
        headline: the metric that ranks.
    """
    yield from _interference(pair, metrics, labels, headline)
    yield from _power(pair, metrics, labels)
    yield from _missing(pair, labels)
    yield from _truncated(pair, labels)
    yield from _entities(pair, metrics, labels, headline)
    yield from _gate(pair, metrics, labels, headline)


def _interference(
    pair: PairResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str], headline: str | None
) -> Iterable[str]:
    for system in pair.systems:
        if system.kind == "system" and any(interferes(card, system) for card in metrics.values()):
            left = headline is not None and interferes(metrics[headline], system)
            yield (
                f"{system.name} was optimised with {', '.join(system.optimised_with)}: its scores by that family are "
                f"starred{', and it is not ranked: every metric here is of it' if left else ''}."
            )
    first = next((name for name in metrics if scores_of(name, pair.systems)), None)
    if headline is not None and first != headline and first is not None:
        yield f"{labels[first]} does not rank here, since a system was optimised with its family."


def _power(pair: PairResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str]) -> Iterable[str]:
    found = {}
    compared_by = {name: pair.comparisons[name] for name in metrics if name in pair.comparisons}
    for name, compared in compared_by.items():
        sizes = [one.detectable for one in compared.pairs if one.detectable]
        if sizes:
            found[name] = f"{labels[name]} {median(sizes):.{metrics[name].decimals}f}"
    if found:
        yield (
            "The smallest differences that this eval set shows four times in five (one test at the level above, of a "
            f"typical pair of these systems): {', '.join(found.values())}. A tie at less than that says little."
        )
    if any(_dependent(pair, compared) for compared in compared_by.values()):
        yield (
            f"Segments were drawn one by one, since fewer than {ENOUGH_DOCUMENTS} documents are too few to draw from: "
            "segments of one document are not independent, so intervals and p-values are too confident."
        )


def _dependent(pair: PairResult, compared: Comparisons) -> bool:
    tested = compared.resampling.draws or compared.resampling.trials
    documents = [found for found in pair.eval_set.rows.values() if found]
    return bool(tested) and compared.unit == "segment" and 1 < len(documents) < len(pair.eval_set.scored)


def _missing(pair: PairResult, labels: Mapping[str, str]) -> Iterable[str]:
    total = len(pair.eval_set.scored)
    for name, label in labels.items():
        scores = scores_of(name, pair.systems).values()
        partial = [f"{s.system} {s.segments}" for s in scores if s.score is not None and s.segments < total]
        if partial:
            yield f"{label} scored fewer than the {counted(total, 'segment')}: {', '.join(partial)}."


def _truncated(pair: PairResult, labels: Mapping[str, str]) -> Iterable[str]:
    for name, label in labels.items():
        cut = {s.name: len(s.truncated.get(name, ())) for s in pair.systems}
        number = sum(cut.values())
        if number:
            who = ", ".join(f"{system} {count}" for system, count in cut.items() if count)
            are = "is" if number == 1 else "are"
            yield f"{counted(number, 'segment')} {are} longer than {label} takes, and not seen whole: {who}."


def _entities(
    pair: PairResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str], headline: str | None
) -> Iterable[str]:
    """In how many segments a system's output carries HTML entities, and what they cost it."""
    for system, would_have in _recounts(pair, "decoded", metrics, labels, headline):
        found = [[mark for mark in marks if mark.kind == "html_entities"] for marks in system.marks]
        number = sum(map(bool, found))
        quoted = Counter(
            text[mark.start : mark.end]
            for text, marks in zip(system.hypotheses.texts, found, strict=True)
            for mark in marks
        )
        names = ", ".join(f"{entity} for {html.unescape(entity)}" for entity, _ in quoted.most_common(_ENTITIES))
        yield (
            f"{system.name}: {number} of {counted(len(system.marks), 'segment')} carry HTML entities ({names}). With "
            f"them decoded it would have {would_have}."
        )


def _gate(
    pair: PairResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str], headline: str | None
) -> Iterable[str]:
    """What a ranked system's score would be if its failed hypotheses counted as nothing."""
    for system, would_have in _recounts(pair, "gated", metrics, labels, headline):
        yield (
            f"{system.name}: if its hypotheses that are empty, copied, looped, a refusal or in the wrong language "
            f"counted as nothing, it would have {would_have}."
        )


def _recounts(
    pair: PairResult,
    counting: Counting,
    metrics: Mapping[str, MetricCard],
    labels: Mapping[str, str],
    headline: str | None,
) -> Iterable[tuple[SystemResult, str]]:
    """The ranked systems that score otherwise in another way of counting, each with what it would have, in words."""
    if (counting, "all") not in pair.views:
        return
    other = through(pair, counting, "all")
    there = {system.name: system for system in other.systems}
    for system in pair.systems:
        if system.kind == "system" and system.recounted.get(counting):
            changes = _changes(system, there[system.name], metrics, labels)
            yield system, changes + _moves(pair, other, system.name, metrics, labels, headline)


def _changes(
    system: SystemResult, there: SystemResult, metrics: Mapping[str, MetricCard], labels: Mapping[str, str]
) -> str:
    """A system's scores in another way of counting: ``BLEU 48.16 (not 45.55)``, for each metric."""
    said = []
    for name, label in labels.items():
        before, after = (found.scores.get(name) for found in (system, there))
        if before is not None and after is not None and before.score is not None and after.score is not None:
            one, two = (f"{score:z.{metrics[name].decimals}f}" for score in (after.score, before.score))
            said.append(f"{label} {one}" + (f" (not {two})" if one != two else ""))
    return ", ".join(said) or "no score"


def _moves(
    pair: PairResult,
    other: PairResult,
    system: str,
    metrics: Mapping[str, MetricCard],
    labels: Mapping[str, str],
    headline: str | None,
) -> str:
    """Where a system would stand in another way of counting, as the end of a sentence."""
    if headline is None:
        return ""
    before, after = (standings(one, headline, metrics[headline]).get(system) for one in (pair, other))
    if before is None or after is None:
        return ""
    if (before.place, before.text) == (after.place, after.text):
        return f", and the same place by {labels[headline]} ({after.place})"
    ranks = f", rank {after.text} (not {before.text})" if after.text != before.text else f", rank {after.text}"
    places = f"place {after.place} (not {before.place})" if after.place != before.place else f"place {after.place}"
    return f", and {places} by {labels[headline]}{ranks}"
