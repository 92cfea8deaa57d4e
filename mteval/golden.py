"""Golden segments: before a checkpoint scores anything, it must score these as it did before.

The store holds scores for as long as one likes, and other versions of what computes them may give other numbers without
a word. So the first scores of twenty fixed segments are kept for each checkpoint and setting, with the versions; where
versions or device are others now, the segments are scored again, and a difference beyond the tolerance stops the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mteval.environment import device, version
from mteval.errors import ComparabilityError
from mteval.lang import LangPair
from mteval.metrics.base import Item, Metric
from mteval.signature import Signature
from mteval.store import Store, key_of

PACKAGES = ("unbabel-comet", "transformers", "torch", "tokenizers", "sentencepiece", "numpy")
"""What a checkpoint's scores can depend on."""

TOLERANCES: Mapping[str, float] = {"fp32": 1e-4, "bf16": 1e-2, "fp16": 1e-2}
"""On a scale of length 1, by what the signature says of the precision; other words stand for the coarser ones."""

SEGMENTS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "pt-en": (
        ("O comboio parte às oito e meia.", "The train leaves at half past eight.", "The train departs at 8:30."),
        ("Não encontrei as chaves em lado nenhum.", "I could not find the keys anywhere.", "I couldn't find the keys."),
        ("A ponte foi inaugurada em 1998.", "The bridge was opened in 1989.", "The bridge was opened in 1998."),
        ("Ela falou com o vizinho do lado.", "She spoke with neighbour of side.", "She talked to the man next door."),
        (
            "Os preços do pão subiram outra vez.",
            "Os preços do pão subiram outra vez.",
            "Bread has become dearer again.",
        ),
        ("O médico recomendou repouso.", "The doctor the doctor the doctor rest.", "The doctor advised rest."),
        ("Chove desde ontem à noite.", "It has been raining since last night.", "It has rained since last night."),
        ("Quantas pessoas cabem na sala?", "How many rooms fit people?", "How many people fit into the room?"),
        ("Obrigado pela tua ajuda.", "", "Thank you for your help."),
        ("O jornal publicou uma correção.", "Newspaper published correction a.", "The paper printed a correction."),
    ),
    "ro-en": (
        ("Trenul pleacă la opt și jumătate.", "The train leaves at half past eight.", "The train departs at 8:30."),
        ("Nu am găsit cheile nicăieri.", "I did not find the keys anywhere.", "I couldn't find the keys."),
        ("Podul a fost deschis în 1998.", "The bridge has been closed in 1998.", "The bridge was opened in 1998."),
        ("A vorbit cu vecinul de alături.", "He spoke with the neighbour from near.", "She talked to the neighbour."),
        ("Prețul pâinii a crescut din nou.", "Prețul pâinii a crescut din nou.", "Bread has become dearer again."),
        ("Medicul a recomandat odihnă.", "Rest rest rest rest rest.", "The doctor advised rest."),
        ("Plouă de aseară.", "It has been raining since last night.", "It has rained since last night."),
        ("Câți oameni încap în sală?", "How many people fit in the hall?", "How many people fit into the room?"),
        ("Mulțumesc pentru ajutor.", "Thanks for help.", "Thank you for your help."),
        (
            "Ziarul a publicat o rectificare.",
            "The newspaper published a correction.",
            "The paper printed a correction.",
        ),
    ),
}
"""By lang pair, source, hypothesis and reference: good translations, and bad ones of several kinds."""


def versions() -> dict[str, str]:
    """What scores may depend on here: the packages that are installed, and the device."""
    import torch  # noqa: F401  # or the device would not be known

    found = {package: told for package in PACKAGES if (told := version(package)) is not None}
    return {**found, "device": device()}


def check(name: str, metric: Metric, references: int, store: Store) -> None:
    """Make sure that a checkpoint scores the golden segments as it did when the store first saw it.

    A metric without a checkpoint is left alone, and without a store there is nothing to compare with.

    Args:
        name: the metric's, for errors.
        references: how many references each item has.

    Raises:
        ComparabilityError: it does not; it names the versions that differ.
    """
    signature = metric.signature(references)
    told = dict(signature.settings)
    if "checkpoint" not in told or store.folder is None:
        return
    lasting = Signature(tuple((key, value) for key, value in signature.settings if key not in (*PACKAGES, "version")))
    items = [_item(pair, *texts, metric, references) for pair, several in SEGMENTS.items() for texts in several]
    keys = [key_of(item.source, item.hypothesis, *item.references, str(item.pair)) for item in items]
    now = versions()
    passed = key_of("passed", *(f"{key} {value}" for key, value in sorted(now.items())))
    with store.shelf("golden", type(metric).__name__, lasting, [*keys, passed]) as shelf:
        kept = [_row(value) for value in shelf.get_all(keys)]
        if shelf.get(passed) is not None and None not in kept:
            return
        scores = {position: found.score for position, found in metric.score(items)}
        for position, (key, row) in enumerate(zip(keys, kept, strict=True)):
            if row is None:
                shelf.put(key, [scores[position], now])
            elif _apart(row[0], scores[position]) > _tolerance(metric, told):
                raise _drift(name, row, scores[position], now)
        shelf.put(passed, True)


def _item(pair: str, source: str, hypothesis: str, reference: str, metric: Metric, references: int) -> Item:
    several = (reference,) * references if metric.card.needs_reference else ()
    return Item(source, hypothesis, several, (), LangPair.parse(pair, "golden") if metric.card.sees_languages else None)


def _row(value: Any) -> tuple[float | None, Mapping[str, str]] | None:
    """What the store holds of one segment; ``None`` if nothing, or if it is damaged."""
    try:
        score, told = value
        return (None if score is None else float(score)), dict(told)
    except (TypeError, ValueError):
        return None


def _apart(before: float | None, now: float | None) -> float:
    if before is None or now is None:
        return 0.0 if before is now else float("inf")
    return abs(before - now)


def _tolerance(metric: Metric, told: Mapping[str, str]) -> float:
    low, high = metric.card.low, metric.card.high
    scale = high - low if low is not None and high is not None else 1.0
    return TOLERANCES.get(told.get("precision", ""), TOLERANCES["bf16"]) * scale


def _drift(
    name: str, row: tuple[float | None, Mapping[str, str]], score: float | None, now: Mapping[str, str]
) -> ComparabilityError:
    before = row[1]
    differing = [
        f"{key} {before.get(key, 'not there')} then, {now.get(key, 'not there')} now"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    return ComparabilityError(
        f"metric {name}",
        f"scores a golden segment {score}, and scored it {row[0]} before ({'; '.join(differing)})",
        "install what was there then, or keep scores of what is there now in another store, with store=FOLDER",
    )
