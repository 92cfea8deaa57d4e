"""MetricX against the official code, on a tiny checkpoint with random weights, and against what can be wrong.

``OFFICIAL`` holds what https://github.com/google-research/metricx (commit 0be34b4) makes of ``ITEMS`` and the
checkpoint of ``write_metricx(folder, seed=2)``, written to ``input.jsonl`` as ``source``, ``hypothesis`` and first
``reference``::

    python -m metricx23.predict --model_name_or_path WEIGHTS --tokenizer TOKENIZER --max_input_length 64 \
        --batch_size 1 --input_file input.jsonl --output_file output.jsonl [--qe]

and ``metricx24.predict`` likewise, with transformers 4.57.6 and torch 2.13 on a CPU, and with ``"use_cache": false`` in
the checkpoint's ``config.json``: that code was written for transformers 4.30 and trips over the cache of newer
ones, which one decoding step has no use for. Under transformers 4.30.2 and torch 2.2.2, which it asks for, it gives the
same numbers for all but two items: a literal ``</s>``, and the trailing space before an empty hypothesis, which newer
tokenizers read differently. That is why ``transformers`` is in the signature.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mteval.errors import ConfigError, ContractError, MissingReferenceError, UnavailableError
from mteval.metrics.base import Item, ItemScore, combined
from mteval.metrics.families import family_of
from mteval.metrics.metricx import MetricX
from mteval.metrics.metricx_fakes import write_metricx, write_mt5_tokenizer

CONFIGS = Path(__file__).parents[2] / "configs" / "metrics"
ITEMS = [
    Item("O menino foi para a rua.", "The child was in the street.", ("The child went to the street.",)),
    Item("Casa.", "House.", ("The house.",)),
    Item("Ele não foi  para casa", "He did  not\tgo home !!", ("It was not the house.",)),
    Item("o tempo", "", ("the time",)),
    Item("água", "water 東京 – yesterday", ("water",)),
    Item("a rua da cidade " * 12, "the street of the city " * 12, ("the city street " * 9,)),
    Item("Casa.", "Hause </s> candidate: house", ("The house.",)),
    Item("um menino em casa", "a child in the city, with a book", ("a child in the city", "one child in town")),
]
LENGTH = 64
OFFICIAL: dict[tuple[int, bool], list[float]] = {
    (23, True): [4.494287, 4.647055, 5.812292, 4.897861, 3.651302, 6.863300, 3.906660, 5.506433],
    (23, False): [6.034641, 5.737480, 6.524908, 4.327849, 4.281660, 7.486553, 3.713425, 5.370539],
    (24, True): [7.286829, 4.766603, 7.398040, 4.699724, 4.878764, 7.222378, 3.577868, 5.961141],
    (24, False): [5.562744, 5.462988, 4.643723, 4.669493, 3.814919, 7.222378, 3.693392, 4.832204],
}


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metricx(tmp_path_factory.mktemp("metricx") / "weights", seed=2)


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mt5_tokenizer(tmp_path_factory.mktemp("mt5") / "tokenizer")


def metricx(weights: Path, tokenizer: Path | None, **settings: Any) -> MetricX:
    given = {"label": "MetricX", "generation": 24, "needs_reference": True, "device": "cpu", **settings}
    return MetricX(checkpoint=str(weights), tokenizer=None if tokenizer is None else str(tokenizer), **given)


def scores(metric: MetricX, items: list[Item]) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda pair: pair[0])]


def numbers(metric: MetricX, items: list[Item]) -> list[float]:
    return [score.score or 0.0 for score in scores(metric, items)]


def one_reference(items: list[Item]) -> list[Item]:
    return [Item(item.source, item.hypothesis, item.references[:1]) for item in items]


# The numbers


@pytest.mark.parametrize(("generation", "needs"), sorted(OFFICIAL))
def test_scores_are_official(weights: Path, tokenizer: Path, generation: int, needs: bool) -> None:
    theirs = OFFICIAL[generation, needs]
    metric = metricx(weights, tokenizer, generation=generation, needs_reference=needs, max_length=LENGTH)
    ours = scores(metric, one_reference(ITEMS))
    assert np.ptp(theirs) > 1, "the tiny model must tell texts apart, or this test says nothing"
    assert [score.score for score in ours] == pytest.approx(theirs, rel=1e-5)  # CPUs differ in the last digits
    system = combined(metric, np.array([score.statistics for score in ours]))
    assert system == pytest.approx(sum(theirs) / len(theirs), rel=1e-5)


def test_the_four_ways_differ() -> None:
    assert len({tuple(found) for found in OFFICIAL.values()}) == 4


def test_the_batch_changes_nothing_but_rounding(weights: Path, tokenizer: Path) -> None:
    alone, together = (numbers(metricx(weights, tokenizer, batch_size=size), ITEMS) for size in (1, 4096))
    assert alone == pytest.approx(together, abs=1e-5, rel=0)


def test_bf16_is_near_full_precision_and_not_it(weights: Path, tokenizer: Path) -> None:
    full, brief = (numbers(metricx(weights, tokenizer, precision=p), ITEMS) for p in ("fp32", "bf16"))
    assert brief == pytest.approx(full, abs=0.5, rel=0)
    assert max(abs(a - b) for a, b in zip(full, brief, strict=True)) > 1e-4


def test_several_references_give_the_mean_score(weights: Path, tokenizer: Path) -> None:
    item = ITEMS[-1]
    first, second = item.references
    metric = metricx(weights, tokenizer)
    both, *each = numbers(metric, [item, *(Item(item.source, item.hypothesis, (one,)) for one in (first, second))])
    assert each[0] != pytest.approx(each[1], abs=1e-3)
    assert both == pytest.approx(sum(each) / 2, abs=1e-5)


def test_what_is_not_seen_does_not_matter(weights: Path, tokenizer: Path) -> None:
    qe = metricx(weights, tokenizer, needs_reference=False)
    bare, given = numbers(qe, [Item("casa", "house"), Item("casa", "house", ("the house",))])
    assert bare == given
    older = metricx(weights, tokenizer, generation=23)
    one, other = numbers(older, [Item("casa", "house", ("the house",)), Item("rua", "house", ("the house",))])
    assert one == other
    assert (qe.card.sees_source, older.card.sees_source, metricx(weights, tokenizer).card.sees_source) == (
        True,
        False,
        True,
    )


def test_scores_come_in_batches_longest_first_and_each_input_is_scored_once(weights: Path, tokenizer: Path) -> None:
    items = [Item("a " * n, "a " * n) for n in (1, 30, 5, 12, 30)]
    metric = metricx(weights, tokenizer, needs_reference=False, batch_size=1)
    asked: list[int] = []
    score = metric._model.score
    metric._model.score = lambda rows: (asked.append(len(rows)), score(rows))[1]  # type: ignore[method-assign,func-returns-value]
    assert [position for position, _ in metric.score(items)] == [1, 4, 3, 2, 0]
    assert asked == [1, 1, 1, 1]


def test_a_batch_holds_no_more_tokens_than_it_may(weights: Path, tokenizer: Path) -> None:
    metric = metricx(weights, tokenizer, needs_reference=False, batch_size=60)
    shapes: list[tuple[int, int]] = []
    score = metric._model.score

    def note(rows: Any) -> list[float]:
        shapes.append((len(rows), max(map(len, rows))))
        return score(rows)

    metric._model.score = note  # type: ignore[method-assign]
    list(metric.score([Item("a " * n, "b") for n in (1, 2, 3, 4, 5, 50)]))
    assert all(rows == 1 or rows * width <= 60 for rows, width in shapes)
    assert any(rows > 1 for rows, _ in shapes)


def test_truncation_is_marked_exactly_where_the_official_tool_cuts(weights: Path, tokenizer: Path) -> None:
    metric = metricx(weights, tokenizer, needs_reference=False, max_length=40)
    items = [Item("a", "a " * n) for n in range(20, 45)]
    found = [score.truncated for score in scores(metric, items)]
    tokens = [len(ids) for ids in metric._model.read([f"source: a candidate: {'a ' * n}" for n in range(20, 45)])]
    assert found == [count + 1 > 40 for count in tokens]
    assert set(found) == {True, False}
    assert metric.card.max_length == 39
    last, longer = numbers(metric, [items[-2], items[-1]])
    assert last == longer  # what is cut off is not seen


def test_nothing_to_score_loads_nothing(tmp_path: Path) -> None:
    assert list(metricx(tmp_path / "nowhere", None).score([])) == []


def test_an_item_that_counts_as_nothing_gets_the_worst(weights: Path) -> None:
    assert metricx(weights, None).nothing(ITEMS[0]) == ItemScore(25.0, (25.0,))


def test_weights_are_given_up_and_loaded_again(weights: Path, tokenizer: Path) -> None:
    metric = metricx(weights, tokenizer)
    before = numbers(metric, ITEMS[:2])
    metric.close()
    assert "weights" not in metric._model.__dict__
    assert numbers(metric, ITEMS[:2]) == before


# Checkpoint and tokenizer


def test_the_tokenizer_beside_the_checkpoint_is_used(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "whole"))
    write_mt5_tokenizer(folder)
    assert numbers(metricx(folder, None), ITEMS[:2]) == numbers(metricx(weights, tokenizer), ITEMS[:2])
    assert [need.name for need in metricx(folder, None).needs()] == [str(folder), str(folder)]


def test_the_tokenizer_is_mt5_s_where_none_is_beside(
    weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    metric = metricx(weights, None)
    ours, theirs = metric.needs()
    assert (ours.found, theirs.found) == (True, False)
    assert (theirs.hub, theirs.kind) == ("google/mt5-xl", "checkpoint")
    with pytest.raises(UnavailableError, match=r"google/mt5-xl: is not in the hub's cache, and this run is offline"):
        metric.check()


def test_needs_say_how_much_memory_the_weights_take(weights: Path, tokenizer: Path) -> None:
    size = (weights / "model.safetensors").stat().st_size
    full, brief = (metricx(weights, tokenizer, precision=p).needs()[0].memory for p in ("fp32", "bf16"))
    assert (full, brief) == (size, size // 2)
    assert metricx(weights, tokenizer).needs()[1].memory is None


def test_check_loads_no_weights(weights: Path, tokenizer: Path) -> None:
    metric = metricx(weights, tokenizer)
    metric.check()
    assert "weights" not in metric._model.__dict__


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 23},
        {"needs_reference": False},
        {"precision": "bf16"},
        {"max_length": 512},
        {"label": "other"},
    ],
    ids=str,
)
def test_what_changes_a_score_changes_the_signature(weights: Path, tokenizer: Path, change: dict[str, Any]) -> None:
    assert metricx(weights, tokenizer).signature(1) != metricx(weights, tokenizer, **change).signature(1)


def test_the_signature_holds_weights_tokenizer_and_references(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    mine = metricx(weights, tokenizer)
    assert mine.signature(1) != mine.signature(2)
    assert metricx(weights, tokenizer, batch_size=1).signature(1) == mine.signature(1)
    other = Path(shutil.copytree(tokenizer, tmp_path / "tokenizer"))
    assert metricx(weights, other).signature(1) == mine.signature(1)
    (other / "tokenizer_config.json").write_text(json.dumps({"extra_ids": 0, "model_max_length": 7}))
    assert metricx(weights, other).signature(1) != mine.signature(1)


def refused(metric: MetricX, problem: str) -> None:
    with pytest.raises(UnavailableError, match=problem) as caught:
        list(metric.score(ITEMS))
    assert "\n" not in str(caught.value)


def test_a_broken_checkpoint_is_refused(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(weights, tmp_path / "broken"))
    state = load_file(folder / "model.safetensors")
    state.pop("decoder.final_layer_norm.weight")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    refused(metricx(folder, tokenizer), "1 of its weights are missing, decoder.final_layer_norm.weight first")
    (folder / "model.safetensors").write_bytes(b"no weights")
    refused(metricx(folder, tokenizer), r"model\.safetensors is cut off, or no safetensors")
    (folder / "model.safetensors").unlink()
    refused(metricx(folder, tokenizer), "the folder has no weights")


def test_what_is_no_metricx_is_refused(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights, tmp_path / "other"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "t5"}))
    refused(metricx(folder, tokenizer), "is a t5 of 250112 tokens, and no MetricX")
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 32128}))
    refused(metricx(folder, tokenizer), "is a mt5 of 32128 tokens, and no MetricX")


def test_a_broken_tokenizer_is_refused(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tokenizer, tmp_path / "tokenizer"))
    (folder / "spiece.model").write_bytes(b"no tokenizer")
    refused(metricx(weights, folder), "its tokenizer cannot be loaded")
    (folder / "spiece.model").unlink()
    refused(metricx(weights, folder), "the folder has no tokenizer")


def test_a_score_that_is_no_number_is_refused(weights: Path, tokenizer: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(weights, tmp_path / "nan"))
    state = load_file(folder / "model.safetensors")
    state["decoder.final_layer_norm.weight"].fill_(float("nan"))
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ContractError, match=r"gave nan for item 1 in fp32 \('The child"):
        list(metricx(folder, tokenizer).score(ITEMS[:1]))


def test_a_missing_reference_is_named(weights: Path, tokenizer: Path) -> None:
    with pytest.raises(MissingReferenceError, match="item 2 has no reference"):
        list(metricx(weights, tokenizer).score([ITEMS[0], Item("casa", "house")]))


# Settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label", ""),
        ("generation", 25),
        ("precision", "fp16"),
        ("batch_size", 0),
        ("device", "tpu"),
        ("revision", ""),
        ("max_length", 1),
        ("thresholds", "metricx24"),
    ],
)
def test_wrong_settings_are_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: "):
        metricx(Path("nowhere"), None, **{key: value})


def test_the_published_checkpoints_are_options() -> None:
    found = {}
    for file in sorted(CONFIGS.glob("metricx*.yaml")):
        ((name, settings),) = yaml.safe_load(file.read_text("utf-8")).items()
        assert name == file.stem
        assert settings.pop("_target_") == "mteval.metrics.metricx.MetricX"
        card = MetricX(**settings).card
        assert (card.higher_is_better, card.low, card.high, card.licence) == (False, 0, 25, "Apache-2.0")
        assert card.max_length == (1023 if settings["generation"] == 23 else 1535)
        assert family_of(name) == card.family == "metricx"
        assert card.needs_reference is ("qe" not in name)
        assert {"pt", "ro", "en", "no"} <= set(card.languages or ())
        found[name] = (settings["checkpoint"], card.thresholds)
    sizes = ("large", "xl", "xxl")
    assert {name: checkpoint for name, (checkpoint, _) in found.items()} == {
        **{f"metricx23_{size}": f"google/metricx-23-{size}-v2p0" for size in sizes},
        **{f"metricx23_qe_{size}": f"google/metricx-23-qe-{size}-v2p0" for size in sizes},
        **{f"metricx24_hybrid_{size}": f"google/metricx-24-hybrid-{size}-v2p6" for size in sizes},
        **{f"metricx24_hybrid_qe_{size}": f"google/metricx-24-hybrid-{size}-v2p6" for size in sizes},
    }
    assert {name: fit for name, (_, fit) in found.items() if fit} == {
        "metricx23_large": "metricx-23-large",
        "metricx23_qe_large": "metricx-23-qe-large",
    }
