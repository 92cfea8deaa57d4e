"""Families of metrics: a system optimised with one gains by the others of its family too, and is not ranked by them.

Pombal et al. 2025 ("Adding chocolate to mint") and Kovacs et al. 2024 measured how far the gain carries over.
"""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "lexical": ("bleu", "spbleu", "sacrebleu", "chrf", "ter", "rouge", "meteor"),
    "comet": (
        *("comet", "xcomet", "wmt20-comet", "wmt21-comet", "wmt22-comet", "wmt23-comet", "cometkiwi"),
        *("africomet", "doc_comet", "eamt22-comet", "ssa-comet", "unite", "wmt22-unite"),
    ),
    "metricx": ("metricx", "mt5-metricx"),
    "bleurt": ("bleurt",),
    "bertscore": ("bertscore", "bert_score"),
}
"""By family, how the names of its metrics begin."""


def family_of(name: str) -> str | None:
    """The family that a metric's name, as ``comet22`` or ``Unbabel/wmt22-comet-da``, or a family's own belongs to.

    Returns:
        ``None`` if it is of none that is known.
    """
    plain = name.rpartition("/")[2].strip().casefold()
    if plain in FAMILIES:
        return plain
    # The longest beginning decides, since BLEURT begins as BLEU does.
    fitting = [(len(name), family) for family, names in FAMILIES.items() for name in names if plain.startswith(name)]
    return max(fitting)[1] if fitting else None
