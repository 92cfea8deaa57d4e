"""What is written of a meta-evaluation: tables, as a terminal and Markdown show them, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mteval.meta import SOFT, Found, Judged, Level, Question, Settings
from mteval.metrics.base import MetricCard
from mteval.report.markdown import escape

FORMAT = 1

_NAMES = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "kendall": "Kendall",
    "accuracy": "Accuracy",
    SOFT: "Soft acc.",
}
_TITLES: Mapping[Level, str] = {"segment": "Segments", "system": "Systems"}


@dataclass(frozen=True)
class Table:
    """One level in one lang pair.

    Attributes:
        rows: a metric each, the one that agrees best by the first column first; a cell is a value and its interval, the
            latter empty where there is none.
        notes: what the columns mean, a sentence each.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    notes: tuple[str, ...]


def tables(judged: Judged, cards: Mapping[str, MetricCard], settings: Settings) -> Iterator[Table]:
    """The tables of one lang pair, segments first.

    Args:
        cards: the metrics', by name.
    """
    for level, title in _TITLES.items():
        asked = [question for question in judged.found if question.level == level]
        if not asked:
            continue
        first = judged.found[asked[0]]
        order = sorted(first, key=lambda name: -(_number(first[name])))
        rows = tuple(
            (cards[name].label, tuple(_cell(judged.found[question][name]) for question in asked)) for name in order
        )
        yield Table(title, tuple(map(_head, asked)), rows, tuple(_notes(asked, settings)))


def _number(found: Found) -> float:
    return float("-inf") if found.value is None else found.value


def _head(question: Question) -> str:
    return f"{_NAMES[question.name]} by segment" if question.by == "segment" else _NAMES[question.name]


def _cell(found: Found) -> tuple[str, str]:
    if found.value is None:
        return "–", ""
    rank = "" if found.rank is None else f"{found.rank}  "
    interval = "" if found.interval is None else "–".join(f"{end:.3f}" for end in found.interval)
    return f"{rank}{found.value:.3f}", interval


def _notes(asked: Sequence[Question], settings: Settings) -> Iterator[str]:
    if any(question.by == "segment" for question in asked):
        yield "By segment: among the systems of each segment, averaged; otherwise over all gold scores together."
    if asked[0].level == "segment":
        yield "Accuracy: the share of pairs in people's order, where differences up to a threshold of its own are ties."
    else:
        yield "Accuracy: the share of pairs of systems in people's order; soft: how alike their p-values are."
    if settings.draws:
        yield (
            "Before a value its rank: metrics that share one cannot be told apart (PERM-BOTH, "
            f"{settings.draws:,} draws, seed {settings.seed}, p < {settings.level:g} with Holm's correction); below it "
            "its 95% confidence interval."
        )


def garbled(judged: Judged, settings: Settings) -> Iterator[str]:
    """How well verdicts find what people found bad, in sentences; none where that was not asked."""
    if (one := judged.garbled) is None:
        return
    way = "at most" if settings.higher_is_better else "at least"
    yield f"Verdicts: people gave {one.bad:,} of {one.hypotheses:,} hypotheses {way} {settings.bad_at:g}."
    precision = "" if one.precision is None else f", {one.found:,} of them ({one.precision:.0%}) among those"
    yield f"{one.flagged:,} are called garbled{precision}: {one.recall:.0%} are found."
    yield f"Area under the ROC curve of the probability {one.roc_area:.3f}{_between(one.roc_interval)},"
    by_chance = one.bad / one.hypotheses
    yield f"average precision {one.average_precision:.3f}{_between(one.precision_interval)}, {by_chance:.3f} by chance."


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.3f}–{interval[1]:.3f})"


def markdown(judged: Sequence[Judged], cards: Mapping[str, MetricCard], settings: Settings) -> str:
    """Everything in GitHub's Markdown."""
    lines = ["# Metrics against people", ""]
    for one in judged:
        lines += [f"## {escape(one.pair)}, {escape(one.eval_set)}", "", escape(size(one)), ""]
        for table in tables(one, cards, settings):
            lines += [f"### {table.title}", ""]
            lines += [f"| Metric | {' | '.join(table.heads)} |", f"|---|{'---:|' * len(table.heads)}"]
            for name, cells in table.rows:
                shown = [f"{value} ({interval})" if interval else value for value, interval in cells]
                lines.append(f"| {escape(name)} | {' | '.join(shown)} |")
            lines += ["", *(f"{note}  " for note in table.notes), ""]
        if said := list(garbled(one, settings)):
            lines += ["### Garbled", "", " ".join(said), ""]
        lines += [f"- {escape(notice)}" for notice in one.notices]
        lines += [""] if one.notices else []
    return "\n".join(lines).rstrip("\n") + "\n"


def size(judged: Judged) -> str:
    """How much people judged, in a sentence."""
    systems = "1 system" if len(judged.systems) == 1 else f"{len(judged.systems)} systems"
    return f"{judged.scores:,} gold scores of {systems} on {judged.segments:,} segments."


def as_json(judged: Sequence[Judged], cards: Mapping[str, MetricCard], settings: Settings) -> dict[str, Any]:
    """Everything, as JSON holds it."""
    return {
        "format": FORMAT,
        "settings": asdict(settings),
        "metrics": {name: card.label for name, card in cards.items()},
        "pairs": [
            {
                "lang_pair": one.pair,
                "eval_set": one.eval_set,
                "systems": list(one.systems),
                "segments": one.segments,
                "gold_scores": one.scores,
                "found": [
                    {
                        "level": question.level,
                        "coefficient": question.name,
                        "by": question.by,
                        "metrics": {name: _found(found) for name, found in one.found[question].items()},
                        "tests": [
                            {"better": better, "worse": worse, "p": p}
                            for (better, worse), p in one.p_values.get(question, {}).items()
                        ],
                    }
                    for question in one.found
                ],
                "notices": list(one.notices),
                "garbled": None if one.garbled is None else asdict(one.garbled),
            }
            for one in judged
        ],
    }


def _found(found: Found) -> dict[str, Any]:
    low, high = found.interval or (None, None)
    return {"value": found.value, "low": low, "high": high, "tie": found.tie, "rank": found.rank}
