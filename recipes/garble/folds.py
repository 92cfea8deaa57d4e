"""Which corpora each fold leaves out: a text is calibrated on with models that never saw its corpus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from recipes.garble import corpora, models
from recipes.garble.corpora import Segment

FOLDS: Mapping[str, frozenset[str]] = {
    "a": frozenset({"UD_Portuguese-GSD", "tico19", "UD_English-EWT", "RONEC"}),
    "b": frozenset({"UD_Portuguese-Bosque", "tatoeba", "UD_Romanian-SiMoNERo", "mlqe-pe"}),
    "c": frozenset({"bible", "UD_Portuguese-Porttinari", "ro-sts", "UD_Romanian-RRT"}),
    "d": frozenset({"oss", "mt-geneval", "UD_Portuguese-PetroGold", "XQuAD-ro"}),
    "all": frozenset(),
}
#: Neural MT into English that people rated so low is shown as bad as that of rules; rated so high, as good as people's.
RATED_BAD, RATED_GOOD = 30, 75
RATED = ("ro", "et", "ne", "si", "ru")


def corpus(segment: Segment) -> str:
    """The corpus of a segment, without the language beside it."""
    return segment.origin.split(" ")[0]


def fold_of(segment: Segment) -> str:
    """The fold whose models never saw a segment's corpus; FLORES is in none, so that any would do."""
    if segment.held:
        return "all"
    return next((name for name, left_out in FOLDS.items() if corpus(segment) in left_out), "all")


def train(
    language: str, fold: str, people: Sequence[Segment], machines: Iterable[Segment], data: Path, folder: Path
) -> None:
    """Train one language's models without one fold's corpora, and without what is held out, into ``folder``."""
    path = folder / f"{language}.npz"
    if path.is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)

    def shown(segment: Segment) -> bool:
        return not segment.held and corpus(segment) != "flores" and corpus(segment) not in FOLDS[fold]

    good = [segment for segment in people if segment.language == language and shown(segment)]
    bad = [segment for segment in machines if segment.language == language and shown(segment)]
    if language == "en" and "mlqe-pe" not in FOLDS[fold]:
        for other in RATED:
            for segment, rating in corpora.rated(data, other, "train"):
                if rating < RATED_BAD:
                    bad.append(segment)
                elif rating > RATED_GOOD:
                    good.append(segment)
    stranger = "pt" if language == "en" else "en"
    foreign = [segment.text for segment in people if segment.language == stranger and shown(segment)]
    models.pack(models.train(good, bad, foreign), path)
