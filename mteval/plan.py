"""What is to be done in a lang pair, what must hold before it begins, and what must be said of it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mteval.errors import ConfigError, MissingReferenceError, MtevalError
from mteval.lang import LangPair, base_language
from mteval.language_models import families_of
from mteval.metrics.base import Metric, MetricCard
from mteval.segment import EvalSet
from mteval.systems.base import System


@dataclass(frozen=True)
class Plan:
    """One lang pair's work, checked and not yet begun.

    Attributes:
        systems: those that translate the eval set, in the order in which they run: canaries last.
        declined: those that do not, with the reason.
    """

    eval_set: EvalSet
    systems: Mapping[str, System]
    declined: Mapping[str, str]


@contextmanager
def keys_of(plug_in: object, key: str) -> Iterator[None]:
    """Within it, an error at a setting that a plug-in can only call by its own name is raised with the whole key.

    Args:
        key: where the plug-in stands in the config, as ``systems.chat``; then ``client.key`` is
            ``systems.chat.client.key``.
    """
    try:
        yield
    except MtevalError as error:
        setting = re.match(r"[a-z_]+(?=\.[a-z_.]+$)", error.where)
        if setting is None or setting[0] not in inspect.signature(type(plug_in)).parameters:
            raise
        raise type(error)(f"{key}.{error.where}", error.problem, error.remedy) from error.__cause__


def check_baseline(baseline: str | None, ranked: Iterable[str]) -> None:
    """Make sure that a baseline, if there is one, is a system that is ranked.

    Args:
        ranked: the names of those that are, in any lang pair.

    Raises:
        ConfigError: it is none of them.
    """
    names = list(dict.fromkeys(ranked))
    if baseline is not None and baseline not in names:
        raise ConfigError("baseline", f"no system {baseline} is ranked", f"name one of {', '.join(names)}")


def check_cut(plan: Plan, metrics: Mapping[str, Metric], judged: bool) -> None:
    """Make sure that nothing which looks at a document sees only a part of it, where a shard is cut within it.

    Args:
        metrics: by name.
        judged: whether verdicts are passed.

    Raises:
        ConfigError: something would, and the shards together would not give what the whole gives.
    """
    part = plan.eval_set.part
    if part is None or not part.within or part.of == 1:
        return
    looking = [
        *(f"metrics.{name}" for name, metric in metrics.items() if metric.card.context),
        *(f"systems.{name}" for name, system in plan.systems.items() if system.card.unit == "document"),
        *(["garble"] if judged else []),
    ]
    if looking:
        problem = f"{part.name} {plan.eval_set.pair} is one document, and {looking[0]} looks at whole documents"
        remedy = "name documents in the eval set, or choose what looks at segments alone, with garble=[]"
        raise ConfigError("shard", problem, remedy)


def ranked_of(systems: Mapping[str, System]) -> list[str]:
    """The names of those that are ranked."""
    return [name for name, system in systems.items() if system.card.kind == "system"]


def warnings_of(plans: Sequence[Plan], cards: Mapping[str, MetricCard]) -> tuple[str, ...]:
    """How eval sets were read and cut, metrics outside what they were made for, judges of their own kind, and
    references that are left out."""
    found = []
    for plan in plans:
        pair, part = plan.eval_set.pair, plan.eval_set.part
        scored = len(plan.eval_set.scored) if part is None else part.segments
        if pair.round_trip:
            found.append(
                f"{pair}: a round trip: texts were translated into another language and back, and are compared with "
                "the source itself; the translation between is not judged, and what copies the source comes out best"
            )
        plain = f"{base_language(pair.source)}-{base_language(pair.target)}"
        found += [f"{pair}: {notice}" for notice in plan.eval_set.notices]
        found += [
            f"{pair}: {card.label} was made for {', '.join(card.pairs)}; its scores say little here"
            for card in cards.values()
            if card.pairs is not None and plain not in card.pairs
        ]
        for card in cards.values():
            found += [f"{pair}: {said}" for said in (*_unknown(card, pair), *_own_kind(card, plan.systems))]
        found += [
            f"{pair}: reference {name} is left out, since only {count} of {scored} segments have it"
            for name, count in plan.eval_set.partial_references.items()
        ]
    return tuple(found)


def _unknown(card: MetricCard, pair: LangPair) -> Iterable[str]:
    """That a metric was not trained on a language."""
    if card.languages is None or card.pairs is not None:
        return
    seen = (pair.target, pair.source) if card.sees_source else (pair.target,)
    codes = dict.fromkeys(map(base_language, seen))
    if unknown := [code for code in codes if code not in card.languages]:
        yield f"{card.label} was not trained on {' and '.join(unknown)}; its scores say little here"


def _own_kind(card: MetricCard, systems: Mapping[str, System]) -> Iterable[str]:
    """That a judge is of one family with what it judges."""
    if card.model is None:
        return
    for name, system in systems.items():
        if system.card.model is not None and (shared := families_of(card.model) & families_of(system.card.model)):
            yield (
                f"{card.label} is judged by {card.model}, and {name} translates with {system.card.model}: both are of "
                f"one family ({', '.join(sorted(shared))}), and judges favour their own"
            )


def check_references(metric: str, eval_set: EvalSet) -> None:
    """Make sure that a metric that needs a reference has one for every segment.

    Raises:
        MissingReferenceError: it has not; the segment is named.
    """
    if eval_set.reference_names or not eval_set.scored:
        return
    bare = next((segment for segment in eval_set.scored if not segment.references), eval_set.scored[0])
    problem = "has no reference" if not bare.references else "lacks a reference that other segments have"
    raise MissingReferenceError(
        bare.where,
        f"segment {bare.id} {problem}, and metric {metric} needs one ({eval_set.pair})",
        "give every segment one, or choose metrics that need none",
    )
