"""Fits the ways of being garbled, the curve and the thresholds, and says what they were fitted on."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from mteval.garble.detector_calibrated import Calibrated, Weighed, joined
from mteval.garble.detector_calibration import ANY, CURVES, Calibration, Thresholds, Way, curve_of, length
from recipes.garble import observe
from recipes.garble.corpora import CHAINS
from recipes.garble.observe import Observed

Floats = NDArray[np.float64]

RIDGE = 1e-3
#: Of documents by people of corpora that the models never saw, at most so many are to come out so, in each language.
MOST_GARBLED, MOST_SUSPECT = 0.01, 0.04
#: Texts by people of this corpus (strings of interfaces) are like no others: thresholds are not chosen on models that
#: never saw any.
UNLIKE = "oss"
ARTEFACTS = observe.artefact_detector()
#: Thresholds differ between texts of fewer words than these: of a short text, less can be said.
LENGTHS = (20, 50, 100)
#: A corpus with fewer texts of a length says nothing of its rates.
FEWEST = 15
HIGHEST = 0.988
#: Between these raw probabilities, a curve has a point each.
EDGES = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.995, 0.999, 1.01)
#: However rare false positives are, a text is not called suspect, or garbled, with a lower probability.
LOWEST = (0.3, 0.5)


@dataclass(frozen=True)
class Plan:
    """One way to fit: on which texts, against which others, by which gauges.

    Attributes:
        makers: of the garbled texts that it is to see.
        people: how much texts that are not garbled weigh beside those.
    """

    name: str
    language: str
    gauges: tuple[str, ...]
    makers: frozenset[str]
    people: float


RULES = frozenset(CHAINS)
PLANS = (
    *(Plan("rule_based", la, ("unlikely_words", "machine_wording"), RULES, 1.0) for la in ("pt", "en")),
    *(Plan("broken", la, ("unlikely_words", "broken_wording"), frozenset({"damage"}), 3.0) for la in ("pt", "en")),
    Plan("broken", "ro", ("unlikely_words", "broken_wording"), frozenset({"damage"}), 1.5),
    Plan("unfaithful", "en", ("low_comet_qe_mini",), RULES | {"rated bad"}, 1.5),
    Plan("far_from_reference", ANY, ("low_chrf",), RULES, 3.0),
)


def fit(observed: Sequence[Observed]) -> tuple[Way, ...]:
    """Fit every way."""
    return tuple(_fit(plan, observed) for plan in PLANS)


Curve = tuple[tuple[float, float], ...]


def weighed(one: Observed, ways: Sequence[Way]) -> Weighed:
    """What a document's observations amount to, as the detector weighs them."""
    able = [way for way in ways if way.language in (one.language, ANY) and way.gauges.keys() <= one.means.keys()]
    return Weighed(
        one.language, one.words, {way.name: way.probability(one.means, one.words) for way in able}, one.families
    )


def raw_probability(one: Observed, ways: Sequence[Way]) -> float:
    """The probability that a document is garbled in any way, were the ways independent; without artefacts."""
    return 1 - math.prod(1 - p for p in weighed(one, ways).ways.values())


def curves(observed: Sequence[Observed], ways: Sequence[Way]) -> dict[str, Curve]:
    """The curves for texts judged by their words alone and by scores too, short and long."""
    of = [curve_of(weighed(one, ways).ways, one.words) for one in observed]
    return {name: _curve([one for one, own in zip(observed, of, strict=True) if own == name], ways) for name in CURVES}


def _curve(observed: Sequence[Observed], ways: Sequence[Way]) -> Curve:
    """The share of texts that were garbled, by raw probability: isotonic; garbled and others weigh the same."""
    known = [one for one in observed if one.garbled is not None]
    raw = np.array([raw_probability(one, ways) for one in known])
    bad = np.array([float(bool(one.garbled)) for one in known])
    weights = _weights(known, bad)
    order = np.argsort(raw)
    raw, weights = raw[order], weights[order]
    rising = isotonic_regression(bad[order], weights=weights).x
    points = [(0.0, 0.0)]
    for low, high in itertools.pairwise(EDGES):
        inside = (raw >= low) & (raw < high)
        if inside.any():
            place, share = (float(np.average(values[inside], weights=weights[inside])) for values in (raw, rising))
            if points[-1][0] + 1e-4 < place < 0.9999:
                points.append((round(place, 4), round(max(share, points[-1][1]), 4)))
    return (*points, (1.0, max(points[-1][1], 0.999)))


def thresholds(
    observed: Sequence[Observed], ways: tuple[Way, ...], made: Mapping[str, Curve]
) -> tuple[Thresholds, ...]:
    """For texts of each language and length, the lowest thresholds that keep people's texts of unseen corpora clean.

    They are no lower than those of longer texts. Other languages have the highest of all.
    """
    calibration = Calibration(ways, made, ())
    found: list[Thresholds] = []
    for language in sorted({one.language for one in observed}):
        own: list[Thresholds] = []
        suspect = garbled = 0.0
        for low, high in reversed(list(itertools.pairwise((0, *LENGTHS, None)))):
            inside = [
                one for one in observed if one.language == language and (low or 0) <= one.words < (high or math.inf)
            ]
            groups = _people(inside, calibration)
            at_suspect, at_garbled = 0.5, 0.8
            for _ in range(3):  # what artefacts amount to depends on both thresholds
                at_suspect = _lowest(groups, MOST_SUSPECT, partial(_with_garbled, at_garbled), 0)
                at_garbled = _lowest(groups, MOST_GARBLED, partial(_with_suspect, at_suspect), 1)
            suspect = max(suspect, at_suspect)
            garbled = max(garbled, at_garbled, suspect + 0.01)
            own.append(Thresholds(language, high, round(suspect, 3), round(garbled, 3)))
        found += reversed(own)
    for high in (*LENGTHS, None):
        same = [one for one in found if one.words == high]
        found.append(Thresholds(ANY, high, max(one.suspect for one in same), max(one.garbled for one in same)))
    return tuple(found)


_Group = list[tuple[float, float]]


def _people(observed: Sequence[Observed], calibration: Calibration) -> list[_Group]:
    """For each corpus of text by people: each text's probability by its gauges, and by its artefacts."""
    found: dict[str, _Group] = {}
    for one in observed:
        if one.maker == "people" and one.corpus != UNLIKE:
            worded = calibration.calibrated(weighed(one, calibration.ways).ways, one.words)
            seen = 1 - math.prod(1 - p for p in one.families.values())
            found.setdefault(one.corpus, []).append((worded, seen))
    return [group for group in found.values() if len(group) >= FEWEST]


def _with_garbled(garbled: float, suspect: float) -> tuple[float, float]:
    return suspect, max(suspect + 0.01, garbled)


def _with_suspect(suspect: float, garbled: float) -> tuple[float, float]:
    return min(suspect, garbled - 0.01), garbled


def _lowest(groups: Sequence[_Group], most: float, pair: Callable[[float], tuple[float, float]], which: int) -> float:
    """The lowest threshold that no more than ``most`` of people's texts reach, each corpus weighing the same."""
    for threshold in np.arange(LOWEST[which], HIGHEST, 0.005):
        suspect, garbled = pair(float(threshold))

        def share(group: _Group, suspect: float = suspect, garbled: float = garbled) -> float:
            reached = [joined(*one, suspect, garbled, ARTEFACTS) >= (suspect, garbled)[which] for one in group]
            return float(np.mean(reached))

        if not groups or float(np.mean([share(group) for group in groups])) <= most:
            return float(threshold)
    return HIGHEST


def figures(observed: Sequence[Observed], detector: Calibrated) -> dict[str, Any]:
    """What a detector says of documents of 5 to 15 segments, and how far its probabilities are from the truth.

    The corpora of all but FLORES and the rated segments were unseen by the models that gauged them.
    """
    labels = [detector.decide(weighed(one, detector.learnt.ways)) for one in observed]
    rates: dict[str, dict[str, dict[str, float]]] = {"people": {}, "good MT": {}, "garbled": {}}
    groups: dict[tuple[str, str], list[str]] = {}
    for one, (label, _) in zip(observed, labels, strict=True):
        if one.segments >= 5 and one.garbled is not None:
            kind = "people" if one.maker == "people" else "garbled" if one.garbled else "good MT"
            name = f"{one.language} {one.corpus}" if kind == "people" else f"{one.language} {one.maker}"
            groups.setdefault((kind, name), []).append(label)
    for (kind, name), found in sorted(groups.items()):
        rates[kind][name] = {
            "documents": len(found),
            "suspect": round(found.count("suspect") / len(found), 4),
            "garbled": round(found.count("garbled") / len(found), 4),
        }
    errors = {}
    for kind, segments in (("documents of 5 to 15 segments", (5, 15)), ("single segments", (1, 1))):
        known = [
            (p, one)
            for one, (_, p) in zip(observed, labels, strict=True)
            if segments[0] <= one.segments <= segments[1] and one.garbled is not None
        ]
        bad = np.array([float(bool(one.garbled)) for _, one in known])
        errors[kind] = round(ece(np.array([p for p, _ in known]), bad, _weights([one for _, one in known], bad)), 4)
    return {"labels": rates, "expected_calibration_error": errors}


def ece(probabilities: Floats, bad: Floats, weights: Floats, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al., 2015): the mean gap between probability and share, over equal bins."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    gap = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            share = np.average(bad[inside], weights=weights[inside])
            mean = np.average(probabilities[inside], weights=weights[inside])
            gap += float(weights[inside].sum() / weights.sum() * abs(share - mean))
    return gap


def _fit(plan: Plan, observed: Sequence[Observed]) -> Way:
    texts = [
        one
        for one in observed
        if plan.language in (one.language, ANY)
        and one.means.keys() >= set(plan.gauges)
        and (one.garbled is False or one.maker in plan.makers)
    ]
    if not texts:
        raise SystemExit(f"nothing to fit {plan.name} on in {plan.language}")
    bad = np.array([float(bool(one.garbled)) for one in texts])
    weights = _weights(texts, bad)
    weights[bad == 0] *= plan.people
    values = np.array([[one.means[name] for name in plan.gauges] for one in texts])
    center = values.mean(axis=0)
    scale = np.array([length(one.words) for one in texts])
    columns = [np.ones(len(texts)), scale]
    for number in range(len(plan.gauges)):
        columns += [values[:, number] - center[number], (values[:, number] - center[number]) * scale]
    x = np.column_stack(columns)

    def loss(v: Floats) -> tuple[float, Floats]:
        z = x @ v
        value = float(np.sum(weights * (np.logaddexp(0, z) - bad * z)) + RIDGE * v @ v)
        return value, x.T @ (weights * (1 / (1 + np.exp(-np.clip(z, -40, 40))) - bad)) + 2 * RIDGE * v

    v = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 5000}).x
    gauges: dict[str, Mapping[str, float]] = {
        name: {
            "center": round(float(center[number]), 4),
            "weight": round(float(v[2 + 2 * number]), 4),
            "slope": round(float(v[3 + 2 * number]), 4),
        }
        for number, name in enumerate(plan.gauges)
    }
    return Way(plan.name, plan.language, round(float(v[0]), 4), round(float(v[1]), 4), gauges)


def _weights(texts: Sequence[Observed], bad: Floats) -> Floats:
    """Garbled and others weigh the same, and among each, so do single segments, short and longer documents."""
    sizes = np.array([1 if one.segments == 1 else 2 if one.segments < 5 else 5 for one in texts])
    groups = Counter((one.language, one.maker, one.corpus, size) for one, size in zip(texts, sizes, strict=True))
    weights = np.array(
        [
            1 / math.sqrt(groups[one.language, one.maker, one.corpus, size])
            for one, size in zip(texts, sizes, strict=True)
        ]
    )
    for size in (1, 2, 5):
        for kind in (0.0, 1.0):
            inside = (sizes == size) & (bad == kind)
            if inside.any():
                weights[inside] /= weights[inside].sum()
    weighted: Floats = weights * len(texts) / weights.sum()
    return weighted
