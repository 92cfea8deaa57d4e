"""Makes what the garble detector ships: fluency models of each language, and the calibration of its verdicts.

    python -m recipes.garble.train DATA OUTPUT

``DATA`` is described in ``recipes/garble/corpora.py``; ``OUTPUT`` keeps every step, so that a run that was cut off goes
on. Apertium's modes are needed for the first step.
"""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.utils import instantiate

from mteval.garble.detector_calibrated import Calibrated
from mteval.garble.detector_calibration import Calibration
from mteval.metrics.base import Metric
from recipes.garble import calibrate, corpora, folds, observe
from recipes.garble.corpora import Segment
from recipes.garble.observe import Observed

LANGUAGES = ("pt", "ro", "en")


def observed(data: Path, output: Path, held: bool, quality: bool = True) -> list[Observed]:
    """Documents of one half, observed with models that never saw their corpus (or, held out, never saw them)."""
    path = output / f"observed.{'held' if held else 'dev'}.pickle"
    if not path.is_file():
        people = list(corpora.people(data))
        machines = list(corpora.rule_based(people, output / "apertium"))
        segments = [s for s in (*people, *machines, *corpora.systems(data)) if s.held == held]
        segments += observe.damaged(people, held, seed=3)
        rated = [(s, rating) for s, rating in corpora.rated(data, "ro", "dev") if (s.block % 2 == 1) == held]
        documents = observe.choose(segments, rated, seed=1)
        metric = _quality() if quality else None
        path.write_bytes(pickle.dumps(observe.observe(documents, output / "models", metric)))
    found: list[Observed] = pickle.loads(path.read_bytes())
    return found


def _quality() -> Metric:
    node = yaml.safe_load((observe.ROOT / "configs" / "metrics" / "comet_qe_mini.yaml").read_text(encoding="utf-8"))
    metric: Metric = instantiate(node["comet_qe_mini"])
    return metric


def train_models(data: Path, output: Path, chosen: Sequence[str] = tuple(folds.FOLDS)) -> None:
    """Train the models of these folds, in every language."""
    people = list(corpora.people(data))
    machines: list[Segment] = list(corpora.rule_based(people, output / "apertium"))
    for fold in chosen:
        for language in LANGUAGES:
            folds.train(language, fold, people, machines, data, output / "models" / fold)


def write(made: Calibration, figures: Mapping[str, Any], path: Path) -> None:
    """Write the calibration's file.

    Args:
        figures: what justifies it.
    """
    content = {
        "ways": [vars(way) for way in made.ways],
        "curves": made.curves,
        "thresholds": [vars(one) for one in made.thresholds],
        "chosen_for": {
            "documents_by_people_of_unseen_corpora": {
                "at_most_suspect_or_garbled": calibrate.MOST_SUSPECT,
                "at_most_garbled": calibrate.MOST_GARBLED,
            },
        },
        "figures": figures,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes what the garble detector ships.")
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    train_models(arguments.data, output)
    texts = observed(arguments.data, output, held=False)
    ways = calibrate.fit(texts)
    curves = calibrate.curves(texts, ways)
    made = Calibration(ways, curves, calibrate.thresholds(texts, ways, curves))
    draft = output / "calibration.draft.json"
    write(made, {}, draft)
    figures = calibrate.figures(texts, Calibrated(calibrate.ARTEFACTS, str(draft)))
    draft.unlink()
    write(made, figures, output / "calibration.json")
    print(json.dumps(figures, indent=1))
    print(f"copy {output}/models/all/*.npz and {output}/calibration.json")


if __name__ == "__main__":
    main()
