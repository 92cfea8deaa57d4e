"""The COMET checkpoints that mteval names: what their cards say, and that the settings on them are checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mt_thresholds
import pytest
import yaml

from mteval.errors import ConfigError
from mteval.lang import LangPair
from mteval.metrics.base import Item, MetricCard
from mteval.metrics.comet import Comet
from mteval.metrics.comet_fakes import MAX_POSITIONS
from mteval.metrics.families import family_of
from mteval.metrics.language_sets import LANGUAGE_SETS
from mteval.plan import Plan, warnings_of
from mteval.segment import EvalSet
from tests.tiny_comet import Write, checkpoint, comet

__all__ = ["checkpoint"]

CONFIGS = Path(__file__).parents[2] / "configs" / "metrics"
OPEN, CLOSED = "Apache-2.0", "CC-BY-NC-SA-4.0"
# By option: checkpoint, whether it needs a reference, licence, the ends of its scale, languages, tokens, thresholds.
ROWS: dict[str, tuple[str, bool, str, tuple[int | None, int | None], str, int | None, str | None]] = {
    "comet20": ("Unbabel/wmt20-comet-da", True, OPEN, (None, None), "xlm-r", 510, "comet20"),
    "comet22": ("Unbabel/wmt22-comet-da", True, OPEN, (0, 1), "xlm-r", 510, "comet22"),
    "comet_qe20": ("Unbabel/wmt20-comet-qe-da", False, OPEN, (None, None), "xlm-r", 510, None),
    "cometinho22": ("Unbabel/eamt22-cometinho-da", True, OPEN, (None, None), "xlm-r", None, None),
    "cometkiwi22": ("Unbabel/wmt22-cometkiwi-da", False, CLOSED, (0, 1), "infoxlm", 512, "cometkiwi22"),
    "cometkiwi23_xl": ("Unbabel/wmt23-cometkiwi-da-xl", False, CLOSED, (0, 1), "xlm-r", 512, "cometkiwi23-xl-src"),
    "cometkiwi23_xxl": ("Unbabel/wmt23-cometkiwi-da-xxl", False, CLOSED, (0, 1), "xlm-r", 512, "cometkiwixxl"),
    "xcomet_xl": ("Unbabel/XCOMET-XL", True, CLOSED, (0, 1), "xlm-r", 512, "xcometxl"),
    "xcomet_xl_qe": ("Unbabel/XCOMET-XL", False, CLOSED, (0, 1), "xlm-r", 512, None),
    "xcomet_xxl": ("Unbabel/XCOMET-XXL", True, CLOSED, (0, 1), "xlm-r", 512, "xcometxxl"),
    "xcomet_xxl_qe": ("Unbabel/XCOMET-XXL", False, CLOSED, (0, 1), "xlm-r", 512, None),
    "unite22": ("Unbabel/wmt22-unite-da", True, "unknown", (0, 1), "xlm-r", 512, None),
    "unite_mup": ("Unbabel/unite-mup", True, OPEN, (None, None), "xlm-r", 512, None),
    "africomet": ("masakhane/africomet-stl-1.1", True, OPEN, (0, 1), "afro-xlm-r-76", None, None),
    "africomet_mtl": ("masakhane/africomet-mtl", True, OPEN, (0, 1), "afro-xlm-r", None, None),
    "africomet_qe": ("masakhane/africomet-qe-stl-1.1", False, OPEN, (0, 1), "afro-xlm-r-76", None, None),
    "doc_comet22": ("Unbabel/wmt22-comet-da", True, OPEN, (0, 1), "xlm-r", 510, None),
    "doc_comet_qe20": ("Unbabel/wmt20-comet-qe-da", False, OPEN, (None, None), "xlm-r", 510, None),
}


def settings_of(name: str) -> dict[str, Any]:
    (key, settings), *others = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8")).items()
    assert key == name and not others
    assert settings.pop("_target_") == "mteval.metrics.comet.Comet"
    return dict(settings)


def card_of(name: str) -> MetricCard:
    return Comet(**settings_of(name)).card


def test_every_option_that_names_a_checkpoint_is_in_the_table() -> None:
    found = [file.stem for file in CONFIGS.glob("*.yaml") if "metrics.comet.Comet" in file.read_text("utf-8")]
    assert set(found) - {"comet", "comet_qe_mini"} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_each_config_makes_its_metric(name: str) -> None:
    where, needs, licence, scale, languages, length, thresholds = ROWS[name]
    settings, card = settings_of(name), card_of(name)
    assert settings["checkpoint"] == where
    assert (card.needs_reference, card.licence, (card.low, card.high)) == (needs, licence, scale)
    assert card.gated == (licence != OPEN) and card.higher_is_better
    assert settings["languages"] == languages
    assert card.languages == tuple(sorted(LANGUAGE_SETS[languages]))
    assert (card.max_length, card.thresholds) == (length, thresholds)
    assert thresholds is None or thresholds in mt_thresholds.METRICS
    assert card.context == (2 if name.startswith("doc_") else 0)
    assert family_of(name) == family_of(where) == card.family == "comet"
    assert f"https://huggingface.co/{where}" in (CONFIGS / f"{name}.yaml").read_text("utf-8")


def test_no_two_options_are_written_alike_in_a_table() -> None:
    labels = [card_of(name).label for name in ROWS]
    assert len(set(labels)) == len(labels)


def test_what_ships_says_its_pairs_and_no_more() -> None:
    card = card_of("comet_qe_mini")
    assert (card.pairs, card.languages, card.max_length, card.context) == (("pt-en", "ro-en"), None, None, 0)


@pytest.mark.parametrize(
    ("pair", "outside"), [("pt-en", []), ("en-no", []), ("arb-sw", []), ("tt-en", ["tt"]), ("yo-ig", ["ig", "yo"])]
)
def test_a_language_that_the_encoder_does_not_know_is_warned_of(pair: str, outside: list[str]) -> None:
    card = card_of("comet22")
    plan = Plan(EvalSet("test", LangPair.parse(pair, "pair"), (), ()), {}, {})
    expected = f"{pair}: COMET-22 was not trained on {' and '.join(outside)}; its scores say little here"
    assert warnings_of([plan], {"comet22": card}) == ((expected,) if outside else ())
    if pair == "yo-ig":
        assert warnings_of([plan], {"africomet": card_of("africomet")}) == ()


@pytest.mark.parametrize(
    ("kind", "needs", "takes"),
    [
        ("regression", True, MAX_POSITIONS - 2),
        ("referenceless", False, MAX_POSITIONS - 2),
        ("unified_qe", False, MAX_POSITIONS),
        ("xcomet_xxl", True, MAX_POSITIONS),
    ],
)
def test_a_length_is_held_against_the_checkpoint(checkpoint: Write, kind: str, needs: bool, takes: int) -> None:
    fitting = comet(checkpoint(kind), needs_reference=needs, max_length=takes)
    fitting.check()
    assert fitting.card.max_length == takes
    wrong = comet(checkpoint(kind), needs_reference=needs, max_length=512)
    for use in (wrong.check, lambda: list(wrong.score([Item("casa", "house", ("house",))]))):
        with pytest.raises(ConfigError, match=rf"key max_length: is 512, but .* takes {takes}; set it to that"):
            use()


@pytest.mark.parametrize("wrong", [0, 1.5, True, "512"])
def test_a_length_that_is_no_number_of_tokens(wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"key max_length: is .*; give null, or a whole number from 1 up"):
        comet("some/where", max_length=wrong)


def test_languages_are_checked_and_stand_on_the_card() -> None:
    assert comet("some/where").card.languages is None
    assert comet("some/where", languages=["por", "ro"]).card.languages == ("pt", "ro")
    for wrong in ("xlmr", [], ["pt-BR"], [False]):
        with pytest.raises(ConfigError, match="metric COMET, key languages"):
            comet("some/where", languages=wrong)
