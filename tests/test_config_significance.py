"""The config's keys that say what tells systems apart, and which metrics a system was optimised with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mteval.comparison import Resampling
from mteval.composition import compose
from mteval.config import build
from mteval.errors import ConfigError
from tests.conftest import program

ALONE = ["systems=[reference]", "metrics=[chrf]", "garble=[]", "store=null"]


def built(*overrides: str) -> Resampling:
    return build(compose([*ALONE, *overrides], [])).evaluation.resampling


def test_the_defaults_are_those_of_the_schema() -> None:
    assert built() == Resampling(1000, 12345, trials=10000, test="randomisation", level=0.05, unit=None)


def test_every_key_reaches_the_tests() -> None:
    given = ("significance.test=bootstrap", "significance.trials=7", "significance.level=0.01", "seed=3")
    assert built(*given, "significance.unit=document", "bootstrap_draws=9") == Resampling(
        9, 3, trials=7, test="bootstrap", level=0.01, unit="document"
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("significance.test=t", "significance.test: unknown value 't'; choose one of randomisation, bootstrap"),
        ("significance.unit=word", "significance.unit: unknown value 'word'; choose one of auto, segment, document"),
        ("significance.trials=-1", "significance.trials: -1 is negative; give 0 or more"),
        ("significance.level=5", "significance.level: 5.0 is no level; give one above 0 and below 1"),
        ("seed=-1", "seed: -1 is negative; give 0 or more"),
        ("+optimised_with.a=comet22", "optimised_with.a"),
        ("+optimised_with.a=[astrology]", "optimised_with.a: 'astrology' is of no family of metrics that is known;"),
        ("+systems.reference.optimised_with=[x]", "systems.reference.optimised_with: 'x' is of no family"),
    ],
)
def test_a_value_that_cannot_be_is_refused(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        built(override)
    assert said in str(refused.value)


def test_both_places_declare_what_a_system_was_optimised_with() -> None:
    given = ("+optimised_with.google=[cometkiwi22]", "+systems.reference.optimised_with=[Unbabel/wmt22-comet-da, bleu]")
    found = build(compose([*ALONE, *given], [])).evaluation.optimised_with
    assert found == {"google": ("cometkiwi22",), "reference": ("Unbabel/wmt22-comet-da", "bleu")}


def test_a_run_stars_what_a_system_was_optimised_with(tmp_path: Path) -> None:
    """MBR with chrF: chrF and BLEU are of one family, so COMET-QE-mini would rank; here nothing is left that could."""
    rows = [
        {
            "source": f"Ora {n}.",
            "references": {"r": f"It is {n} o'clock now."},
            "hypotheses": {"mbr": f"It is {n} now.", "plain": f"It's {n}."},
        }
        for n in range(5)
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    shown = program(
        "run",
        *("evalset=jsonl", f"evalset.path={file}", "lang_pairs=[ro-en]", "systems=[]", "metrics=[bleu,chrf]"),
        *("garble=[]", "store=null", "bootstrap_draws=20", "significance.trials=50", f"output={tmp_path / 'run'}"),
        "+optimised_with.mbr=[chrf]",
    )
    assert shown.returncode == 0, shown.stderr
    told = " ".join(shown.stdout.split())
    assert "mbr was optimised with chrf: its scores by that family are starred, and it is not ranked" in told
    (pair,) = json.loads((tmp_path / "run" / "leaderboard.json").read_text("utf-8"))["pairs"]
    ranks = {row["system"]: (row["rank"], row["scores"]["chrf"]["starred"]) for row in pair["systems"]}
    assert ranks == {"plain": (1, False), "mbr": (None, True)}
