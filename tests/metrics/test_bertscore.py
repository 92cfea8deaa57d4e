"""BertScore against the ``bert-score`` package itself, on a tiny encoder, and against everything that can be wrong.

The official numbers are those of ``bert_score.score(hypotheses, references, model_type=FOLDER, num_layers=…)``.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mteval.errors import ConfigError, DataError, MissingReferenceError, UnavailableError
from mteval.metrics.base import Item, ItemScore, combined
from mteval.metrics.bertscore import BertScore
from mteval.metrics.bertscore_fakes import LAYERS, POSITIONS, write_bert
from mteval.metrics.bertscore_model import DEFAULTS, MEASURES, OTHER
from mteval.metrics.families import family_of

CONFIGS = Path(__file__).parents[2] / "configs" / "metrics"
ITEMS = [
    Item("", "The child was in the street.", ("The child went to the street.", "It was the child in town.")),
    Item("", "House.", ("The house.", "Houses.")),
    Item("", "He did  not\tgo home !!", ("It was not the house.", "He went not.")),
    Item("", "", ("the time", "time")),
    Item("", " \t", ("the time", "time")),
    Item("", "water 東京 – yesterday", ("water", "yesterday water")),
    Item("", "the street of the city " * 12, ("the city street " * 3, "the street " * 30)),
    Item("", "the street", ("the city", "")),
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"measure": "precision"},
    {"measure": "recall", "layer": 1},
    {"use_fast_tokenizer": True},
]


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bert(tmp_path_factory.mktemp("bertscore") / "encoder", seed=3)


@pytest.fixture
def copy(encoder: Path, tmp_path: Path) -> Path:
    """An encoder to be broken."""
    return Path(shutil.copytree(encoder, tmp_path / "copy"))


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.tsv"
    path.write_text("LAYER,P,R,F\n0,0.1,0.1,0.1\n1,0.2,0.3,0.25\n2,0.31,0.32,0.33\n", encoding="utf-8")
    return path


def bertscore(encoder: Path | str, **settings: Any) -> BertScore:
    return BertScore(checkpoint=str(encoder), **{"layer": 2, "device": "cpu", **settings})


def scores(metric: BertScore, items: list[Item]) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda pair: pair[0])]


def numbers(metric: BertScore, items: list[Item]) -> list[float]:
    return [score.score if score.score is not None else float("nan") for score in scores(metric, items)]


def one_reference(items: list[Item]) -> list[Item]:
    return [Item(item.source, item.hypothesis, item.references[:1]) for item in items]


def official(encoder: Path, items: list[Item], measure: str = "f1", **settings: Any) -> list[float]:
    import bert_score

    references: Any = [list(item.references) for item in items]
    if all(len(of_item) == 1 for of_item in references):
        references = [of_item[0] for of_item in references]
    hypotheses = [item.hypothesis for item in items]
    given = {"num_layers": 2, "nthreads": 0, "device": "cpu", **settings}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how the package reads its baselines
        found = bert_score.score(hypotheses, references, model_type=str(encoder), **given)
    numbers: list[float] = found[MEASURES.index(measure)].tolist()
    return numbers


# The numbers


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("references", [1, 2])
def test_scores_are_official(encoder: Path, settings: dict[str, Any], references: int) -> None:
    items = [Item("", item.hypothesis, item.references[:references]) for item in ITEMS]
    theirs = official(
        encoder,
        items,
        settings.get("measure", "f1"),
        num_layers=settings.get("layer", 2),
        use_fast_tokenizer=settings.get("use_fast_tokenizer", False),
    )
    metric = bertscore(encoder, **settings)
    ours = scores(metric, items)
    assert np.ptp([score for score in theirs if score]) > 0.05, "the tiny encoder must tell texts apart"
    assert [score.score for score in ours] == pytest.approx(theirs, abs=1e-6, rel=0)
    system = combined(metric, np.array([score.statistics for score in ours]))
    assert system == pytest.approx(sum(theirs) / len(theirs), abs=1e-6, rel=0)


def test_scores_are_official_by_a_baseline(encoder: Path, baseline: Path) -> None:
    settings: dict[str, Any] = {"rescale_with_baseline": True, "lang": "en", "baseline_path": str(baseline)}
    theirs = official(encoder, ITEMS, **settings)
    metric = bertscore(encoder, language="en", rescale_with_baseline=True, baseline=str(baseline))
    assert numbers(metric, ITEMS) == pytest.approx(theirs, abs=1e-6, rel=0)
    assert (metric.card.low, metric.card.high) == (None, 1)
    assert metric.nothing(ITEMS[0]).score == pytest.approx(theirs[3], abs=1e-6)
    assert theirs[3] < 0


def test_scores_are_official_by_idf(encoder: Path, tmp_path: Path) -> None:
    """The package takes the weights of words from the references that it is given, so they are put into a file."""
    items = one_reference(ITEMS[:7])
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("".join(item.references[0] + "\n" for item in items), encoding="utf-8")
    theirs = official(encoder, items, idf=True)
    metric = bertscore(encoder, idf=str(sentences))
    assert numbers(metric, items) == pytest.approx(theirs, abs=1e-6, rel=0)
    assert numbers(bertscore(encoder), items) != pytest.approx(theirs, abs=1e-4)
    assert numbers(metric, items[:1]) == pytest.approx(theirs[:1], abs=1e-6)  # whatever else is scored


def test_a_fast_tokenizer_that_knows_no_length_is_no_obstacle(tmp_path: Path) -> None:
    """``bert-score`` alone stops with an OverflowError."""
    folder = write_bert(tmp_path / "limitless", seed=3, max_length=None)
    with pytest.raises(OverflowError):
        official(folder, one_reference(ITEMS), use_fast_tokenizer=True)
    again = write_bert(tmp_path / "limited", seed=3)
    for fast in (True, False):
        metric = bertscore(folder, use_fast_tokenizer=fast)
        assert numbers(metric, ITEMS) == pytest.approx(official(again, ITEMS), abs=1e-6)
        assert metric._model.limit == POSITIONS


def test_the_batch_changes_nothing_but_rounding(encoder: Path) -> None:
    alone, together = (numbers(bertscore(encoder, batch_size=size), ITEMS) for size in (1, 64))
    assert alone == pytest.approx(together, abs=1e-6)


def test_scores_come_in_batches_longest_first_and_each_item_is_scored_once(encoder: Path) -> None:
    items = [Item("x", "a " * n, ("a",)) for n in (1, 30, 5, 12, 30)]
    metric = bertscore(encoder, batch_size=2)
    asked: list[int] = []
    score = metric._model.score

    def note(hypotheses: Any, references: Any) -> list[tuple[float, ...]]:
        asked.append(len(hypotheses))
        return score(hypotheses, references)

    metric._model.score = note  # type: ignore[method-assign]
    assert [position for position, _ in metric.score(items)] == [1, 4, 3, 2, 0]
    assert asked == [1, 1, 1, 1]


def test_truncation_is_marked_exactly_where_the_package_cuts(encoder: Path) -> None:
    metric = bertscore(encoder)
    counts = range(POSITIONS - 5, POSITIONS + 4)
    for items in (
        [Item("", "the " * n, ("a",)) for n in counts],
        [Item("", "a", ("the house", "the " * n)) for n in counts],
    ):
        found = [score.truncated for score in scores(metric, items)]
        assert found == [n + 2 > POSITIONS for n in counts]
        assert set(found) == {True, False}
    short = scores(bertscore(encoder, max_length=5), [ITEMS[0], Item("", "the house", ("the city street",))])
    assert [score.truncated for score in short] == [True, False]
    long, longer = numbers(metric, [Item("", "the " * n, ("the house",)) for n in (POSITIONS - 2, POSITIONS + 9)])
    assert long == longer  # what is cut off is not seen


def test_nothing_is_written_to_the_terminal(encoder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    metric = bertscore(encoder)
    metric.check()
    numbers(metric, ITEMS)
    assert capfd.readouterr() == ("", "")


def test_an_item_that_counts_as_nothing_gets_what_an_empty_one_gets(encoder: Path) -> None:
    metric = bertscore(encoder)
    assert metric.nothing(ITEMS[0]) == ItemScore(0.0, (0.0,))
    assert numbers(metric, [Item("", "", ("the time",))]) == [0.0]


def test_nothing_to_score_loads_nothing(tmp_path: Path) -> None:
    assert list(bertscore(tmp_path / "nowhere").score([])) == []


def test_weights_are_given_up_and_loaded_again(encoder: Path) -> None:
    metric = bertscore(encoder)
    before = numbers(metric, ITEMS[:2])
    metric.close()
    assert "scorer" not in metric._model.__dict__
    assert numbers(metric, ITEMS[:2]) == before


# The package, the checkpoint and its files


def test_check_loads_no_weights(encoder: Path) -> None:
    metric = bertscore(encoder)
    metric.check()
    assert "scorer" not in metric._model.__dict__


def test_needs(encoder: Path, baseline: Path, tmp_path: Path) -> None:
    settings = {"language": "en", "rescale_with_baseline": True, "baseline": str(baseline)}
    needs = bertscore(encoder, idf=str(tmp_path / "gone.txt"), **settings).needs()
    assert [(need.kind, need.found) for need in needs] == [
        ("package", True),
        ("checkpoint", True),
        ("file", False),
        ("file", True),
    ]
    assert needs[1].memory == (encoder / "model.safetensors").stat().st_size


def test_a_checkpoint_that_is_not_here_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    metric = bertscore("roberta-large")
    assert [(need.name, need.found, need.hub) for need in metric.needs()[1:]] == [
        ("roberta-large", False, "roberta-large")
    ]
    with pytest.raises(UnavailableError, match="is not in the hub's cache, and this run is offline"):
        metric.check()


def test_the_language_chooses_the_package_s_own_checkpoint() -> None:
    from bert_score.utils import lang2model

    for language in (*DEFAULTS, "de", "pt", "ro"):
        assert BertScore(language=language).needs()[1].name == lang2model[language]
    assert lang2model["xx"] == OTHER
    assert dict(DEFAULTS) == {code: name for code, name in lang2model.items() if code in DEFAULTS}


def test_the_best_layer_is_the_package_s_own(encoder: Path) -> None:
    from bert_score.utils import model2layers

    for name in ("roberta-large", "FacebookAI/roberta-large", "xlm-roberta-large"):
        metric = bertscore(name, layer=None)
        metric._model.__dict__["checkpoint"] = bertscore(encoder)._model.checkpoint
        metric._model.config_of = lambda found: {}  # type: ignore[method-assign]
        assert metric._model.layer == model2layers[name.removeprefix("FacebookAI/")]


def test_the_hash_is_the_package_s_own(encoder: Path, baseline: Path) -> None:
    import bert_score

    for settings, theirs in (
        ({}, {}),
        ({"use_fast_tokenizer": True}, {"use_fast_tokenizer": True}),
        (
            {"language": "en", "rescale_with_baseline": True, "baseline": str(baseline)},
            {"lang": "en", "rescale_with_baseline": True, "baseline_path": str(baseline)},
        ),
    ):
        given: dict[str, Any] = {"model_type": str(encoder), "num_layers": 2, "device": "cpu", **theirs}
        scorer = bert_score.BERTScorer(**given)
        assert f"|hash:{scorer.hash}|" in str(bertscore(encoder, **settings).signature(1))


@pytest.mark.parametrize(
    "change",
    [{"layer": 1}, {"measure": "recall"}, {"use_fast_tokenizer": True}, {"max_length": 9}, {"label": "other"}],
    ids=str,
)
def test_what_changes_a_score_changes_the_signature(encoder: Path, change: dict[str, Any]) -> None:
    mine = bertscore(encoder).signature(1)
    assert mine != bertscore(encoder, **change).signature(1)
    assert mine != bertscore(encoder).signature(2)
    assert mine == bertscore(encoder, batch_size=3).signature(1)


def test_what_files_hold_is_in_the_signature(encoder: Path, baseline: Path, tmp_path: Path) -> None:
    sentences = tmp_path / "sentences.txt"
    settings: dict[str, Any] = {"language": "en", "rescale_with_baseline": True, "baseline": str(baseline)}
    seen = set()
    for text in ("a house\n", "a street\n"):
        sentences.write_text(text, encoding="utf-8")
        seen.add(bertscore(encoder, idf=str(sentences), **settings).signature(1))
    baseline.write_text(baseline.read_text().replace("0.31", "0.35"), encoding="utf-8")
    seen.add(bertscore(encoder, idf=str(sentences), **settings).signature(1))
    assert len(seen) == 3


def refused(metric: BertScore, problem: str) -> None:
    with pytest.raises(UnavailableError, match=problem) as caught:
        list(metric.score(ITEMS))
    assert "\n" not in str(caught.value)


def test_a_broken_checkpoint_is_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = copy / "model.safetensors"
    state = load_file(weights)
    lost = "encoder.layer.1.output.dense.bias"
    save_file({key: value for key, value in state.items() if key != lost}, weights, metadata={"format": "pt"})
    refused(bertscore(copy), rf"1 of its weights are missing, {lost} first")
    weights.write_bytes(b"no weights")
    refused(bertscore(copy), r"model\.safetensors is cut off, or no safetensors")
    save_file(state, weights, metadata={"format": "pt"})
    (copy / "vocab.txt").unlink()
    (copy / "tokenizer.json").write_text("{")
    refused(bertscore(copy, use_fast_tokenizer=True), r"tokenizer\.json is cut off, or no JSON")
    (copy / "config.json").write_text("{")
    refused(bertscore(copy), r"config\.json is cut off, or no JSON")


def test_a_folder_that_the_package_would_take_for_a_t5_is_refused(encoder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(encoder, tmp_path / "my-t5-folder"))
    refused(bertscore(folder), "bert-score takes whatever has t5 in its path for a T5")


def test_a_missing_package_is_named(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mteval.metrics.bertscore_model.REQUIREMENT", "bert-score>=99")
    metric = bertscore(encoder)
    assert metric.needs()[0].found is False
    with pytest.raises(UnavailableError, match=r"package bert-score: version .*; pip install 'mteval\[bertscore\]'"):
        metric.check()


def test_layers_that_are_not_there_are_refused(encoder: Path) -> None:
    with pytest.raises(ConfigError, match=rf"key layer: is {LAYERS + 1}, and .* has {LAYERS} layers; give {LAYERS}"):
        bertscore(encoder, layer=LAYERS + 1).check()
    with pytest.raises(ConfigError, match=r"key layer: is not given, and bert-score knows no best one of"):
        bertscore(encoder, layer=None).check()


def test_lengths_that_the_encoder_does_not_take_are_refused(encoder: Path, copy: Path) -> None:
    with pytest.raises(ConfigError, match=rf"key max_length: is 99, and .* takes {POSITIONS} tokens at most"):
        bertscore(encoder, max_length=99).check()
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings.pop("model_max_length")
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"model_type": "roberta", "pad_token_id": 1}))
    model = bertscore(copy)._model
    assert model._limit(int(1e30)) == POSITIONS - 2
    config.pop("max_position_embeddings")
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=r"key max_length: is not given, and .* does not say how long a text"):
        model._limit(int(1e30))


def test_files_that_are_no_use_are_refused(encoder: Path, baseline: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n")
    with pytest.raises(DataError, match=r"empty\.txt: holds no sentence"):
        bertscore(encoder, idf=str(empty)).check()
    with pytest.raises(DataError, match=r"gone\.txt: no such file"):
        bertscore(encoder, idf=str(tmp_path / "gone.txt")).check()
    settings: dict[str, Any] = {"language": "en", "rescale_with_baseline": True}
    with pytest.raises(ConfigError, match=r"key baseline: bert-score has no baseline of .* in en"):
        bertscore(encoder, **settings).check()
    with pytest.raises(ConfigError, match=r"key baseline: no such file"):
        bertscore(encoder, baseline=str(tmp_path / "gone.tsv"), **settings).check()
    with pytest.raises(DataError, match=r"baseline\.tsv: holds no line LAYER,P,R,F for layer 3"):
        bertscore(encoder, baseline=str(baseline), layer=3, **settings).check()


def test_a_missing_reference_is_named(encoder: Path) -> None:
    with pytest.raises(MissingReferenceError, match="item 2 has no reference"):
        list(bertscore(encoder).score([ITEMS[0], Item("casa", "house")]))


# Settings


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("label", {"label": ""}),
        ("measure", {"measure": "f2"}),
        ("batch_size", {"batch_size": 0}),
        ("layer", {"layer": 0}),
        ("max_length", {"max_length": 2}),
        ("device", {"device": "tpu"}),
        ("revision", {"revision": ""}),
        ("language", {"rescale_with_baseline": True}),
        ("baseline", {"baseline": "x.tsv"}),
        ("languages", {"languages": "english"}),
        ("thresholds", {"thresholds": "bertscore2"}),
    ],
)
def test_wrong_settings_are_refused(key: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: "):
        bertscore("nowhere", **settings)


def test_something_must_choose_the_checkpoint() -> None:
    with pytest.raises(ConfigError, match="checkpoint: is not given; name one, or give the language"):
        BertScore()


def test_a_fit_holds_for_f1_as_it_comes() -> None:
    fit = {"thresholds": "bertscore"}
    assert bertscore("x", **fit).card.thresholds == "bertscore"
    for other in ({"measure": "recall"}, {"idf": "x.txt"}, {"rescale_with_baseline": True, "language": "en"}):
        assert bertscore("x", **fit, **other).card.thresholds is None


def test_the_options() -> None:
    from bert_score.utils import model2layers

    found = {}
    for file in sorted(CONFIGS.glob("bertscore*.yaml")):
        ((name, settings),) = yaml.safe_load(file.read_text("utf-8")).items()
        assert name == file.stem
        assert settings.pop("_target_") == "mteval.metrics.bertscore.BertScore"
        assert settings["layer"] == model2layers[settings["checkpoint"]]
        card = BertScore(**settings).card
        assert (card.higher_is_better, card.low, card.high) == (True, -1, 1)
        assert (family_of(name), card.family, card.sees_source) == ("bertscore", "bertscore", False)
        found[name] = (settings["checkpoint"], card.thresholds, "pt" in (card.languages or ()))
    assert found == {
        "bertscore": ("roberta-large", "bertscore", False),
        "bertscore_deberta": ("microsoft/deberta-xlarge-mnli", None, False),
        "bertscore_mbert": ("bert-base-multilingual-cased", "bertscore", True),
        "bertscore_xlmr": ("xlm-roberta-large", None, True),
    }
