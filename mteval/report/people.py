"""How well metrics and verdicts agree with people, said beside their numbers, by the gold set that is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mteval.errors import DataError
from mteval.files import read_json
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard

_COEFFICIENT = ("segment", "pearson")


def read(path: Path) -> list[dict[str, Any]]:
    """The gold sets of a ``meta.json`` that ``mteval meta`` wrote, as a run's record holds them.

    Returns:
        One a lang pair: ``eval_set``, ``lang_pair``, ``gold_scores``, ``metrics`` (Pearson's correlation of segments by
        the metric's label) and ``garbled`` (``precision`` and ``recall``; ``None`` where verdicts were not judged).

    Raises:
        DataError: it is no such file.
    """
    found = read_json(path)
    try:
        labels = found["metrics"]
        return [_set(pair, labels) for pair in found["pairs"]]
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        problem = f"is not as mteval meta writes it ({type(error).__name__}: {error})"
        raise DataError(str(path), problem, "name the meta.json that mteval meta --output=FOLDER wrote") from None


def _set(pair: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    asked = next(one for one in pair["found"] if (one["level"], one["coefficient"]) == _COEFFICIENT)
    garbled = pair["garbled"]
    return {
        "eval_set": pair["eval_set"],
        "lang_pair": pair["lang_pair"],
        "gold_scores": pair["gold_scores"],
        "metrics": {labels[name]: one["value"] for name, one in asked["metrics"].items() if one["value"] is not None},
        "garbled": None
        if garbled is None
        else {
            "precision": garbled["found"] / garbled["flagged"] if garbled["flagged"] else None,
            "recall": garbled["found"] / garbled["bad"],
        },
    }


def notes(sets: Sequence[Mapping[str, Any]], pair: LangPair, cards: Mapping[str, MetricCard]) -> Iterable[str]:
    """What is said of it in one lang pair, a sentence each.

    A set in the same lang pair is nearer than one with the same target language, and of several the one with more gold
    scores is; a set with another target language says nothing here.

    Args:
        sets: as ``read`` gives them.
        cards: the metrics', by name.
    """
    order = sorted(sets, key=lambda one: (one["lang_pair"] != str(pair), -one["gold_scores"]))
    near = [one for one in order if LangPair.parse(one["lang_pair"], "people").target == pair.target]
    by_set: dict[str, list[str]] = {}
    for card in cards.values():
        if (one := next((one for one in near if card.label in one["metrics"]), None)) is not None:
            by_set.setdefault(_named(one), []).append(f"{card.label} {one['metrics'][card.label]:.2f}")
    if by_set:
        told = "; ".join(f"{', '.join(found)} ({name})" for name, found in by_set.items())
        yield f"Agreement with people, as Pearson's correlation of segments on the nearest gold set: {told}."
    judged = next((one for one in near if one["garbled"] is not None), None)
    if judged is not None:
        precision = judged["garbled"]["precision"]
        of_those = "none was called garbled" if precision is None else f"precision {precision:.0%}"
        recall = judged["garbled"]["recall"]
        yield f"Verdicts on segments, by people on {_named(judged)}: {of_those}, recall {recall:.0%}."


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['eval_set']} {one['lang_pair']}, {one['gold_scores']:,} gold scores"
