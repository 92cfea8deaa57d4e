"""Bleurt against the official TensorFlow code and its PyTorch port, on tiny checkpoints, and against what can be wrong.

``OFFICIAL`` holds what ``bleurt.score.BleurtScorer`` of https://github.com/google-research/bleurt (``score.py``,
``encoding.py``, ``model.py``, ``lib/modeling.py`` and ``lib/tokenizers.py`` of commit 76f75d1) makes of ``ITEMS``, by
first reference, under TensorFlow 2.15.1 and SentencePiece 0.2.0 on a CPU::

    BleurtScorer(EXPORT).score(references=…, candidates=…)

``EXPORT`` is a SavedModel of ``create_model(config, False, …, n_hidden_layers=0, …)`` with the weights that
``write_bleurt(folder, seed=4, embedding_size=…)`` writes, its ``max_seq_length`` 64 and its ``sp_model`` the same. With
``embedding_size=None`` that is the published code as it stands. RemBERT's projection of narrow embeddings is in the
graphs of the published BLEURT-20, but not in that code; for ``embedding_size=8`` it was added as
https://github.com/google-research/albert has it: ``dense_layer_2d(embeddings, hidden_size, …,
"embedding_hidden_mapping_in")`` before the first layer.

``PORT`` holds what ``bleurt_pytorch`` 0.0.1, which converted the checkpoints at the hub, makes of the same, under
transformers 4.30.2 and torch 2.2.2::

    model(**BleurtSPTokenizer(SPM)(reference, hypothesis, truncation="longest_first", max_length=64)).logits

Published weights could not be had for either.
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
from mteval.metrics.bleurt import Bleurt
from mteval.metrics.bleurt_fakes import POSITIONS, write_bleurt, write_sentencepiece
from mteval.metrics.bleurt_model import cut
from mteval.metrics.families import family_of

CONFIGS = Path(__file__).parents[2] / "configs" / "metrics"
ITEMS = [
    Item("O menino foi para a rua.", "The child was in the street.", ("The child went to the street.",)),
    Item("Casa.", "House.", ("The house.",)),
    Item("Ele não foi  para casa", "He did  not\tgo home !!", ("It was not the house.",)),
    Item("o tempo", "", ("the time",)),
    Item("água", "water 東京 – yesterday", ("water",)),
    Item("a rua da cidade", "the street of the city " * 12, ("the city street " * 3,)),
    Item("a rua da cidade", "the street of the city " * 3, ("the city street " * 30,)),
    Item("a rua da cidade", "the street of the city " * 12, ("the city street " * 13,)),
    Item("Casa.", "Hause [SEP] house", ("The house.",)),
]
TWO = Item("um menino em casa", "a child in the city, with a book", ("a child in the city", "one child in town"))
OFFICIAL: dict[int | None, list[float]] = {
    8: [-2.770986, -2.532789, -2.650360, -2.900081, -2.133754, -2.653837, -2.450592, -2.535499, -2.801891],
    None: [1.688133, 2.196468, 0.831558, 3.383018, 1.941587, 1.929061, 1.823100, 2.083486, 1.946141],
}
PORT: dict[int | None, list[float]] = {
    8: [-2.770379, -2.532670, -2.649956, -2.899651, -2.133437, -2.652999, -2.450014, -2.535031, -2.801676],
    None: [1.688103, 2.196367, 0.831619, 3.383304, 1.941947, 1.928369, 1.822682, 2.083030, 1.946149],
}


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[int | None, Path]:
    folder = tmp_path_factory.mktemp("bleurt")
    return {size: write_bleurt(folder / str(size), seed=4, embedding_size=size) for size in (8, None)}


@pytest.fixture
def copy(checkpoints: dict[int | None, Path], tmp_path: Path) -> Path:
    """A checkpoint to be broken."""
    return Path(shutil.copytree(checkpoints[8], tmp_path / "copy"))


def bleurt(checkpoint: Path | str, **settings: Any) -> Bleurt:
    return Bleurt(checkpoint=str(checkpoint), **{"label": "BLEURT", "device": "cpu", **settings})


def scores(metric: Bleurt, items: list[Item]) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda pair: pair[0])]


def numbers(metric: Bleurt, items: list[Item]) -> list[float]:
    return [score.score if score.score is not None else float("nan") for score in scores(metric, items)]


# The numbers


@pytest.mark.parametrize("size", [8, None])
def test_scores_are_official(checkpoints: dict[int | None, Path], size: int | None) -> None:
    theirs = OFFICIAL[size]
    metric = bleurt(checkpoints[size])
    ours = scores(metric, ITEMS)
    assert np.ptp(theirs) > 0.5, "the tiny model must tell texts apart, or this test says nothing"
    assert [score.score for score in ours] == pytest.approx(theirs, abs=1e-5, rel=0)
    system = combined(metric, np.array([score.statistics for score in ours]))
    assert system == pytest.approx(sum(theirs) / len(theirs), abs=1e-5, rel=0)


@pytest.mark.parametrize("size", [8, None])
def test_scores_with_the_other_gelu_are_the_port_s(checkpoints: dict[int | None, Path], size: int | None) -> None:
    assert numbers(bleurt(checkpoints[size], gelu="erf"), ITEMS) == pytest.approx(PORT[size], abs=1e-5, rel=0)
    gap = max(abs(a - b) for a, b in zip(PORT[size], OFFICIAL[size], strict=True))
    assert gap > 2e-4, "otherwise these tests cannot tell the two apart"


def test_an_activation_that_is_no_gelu_is_what_it_is(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))
    assert numbers(bleurt(copy), ITEMS[:3]) == numbers(bleurt(copy, gelu="erf"), ITEMS[:3])
    assert numbers(bleurt(copy), ITEMS[:3]) != pytest.approx(OFFICIAL[8][:3], abs=1e-3)


def test_weights_of_pytorch_s_own_format_are_read(checkpoints: dict[int | None, Path], copy: Path) -> None:
    import torch
    from safetensors.torch import load_file

    state = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(state | {"bleurt.embeddings.position_ids": torch.arange(POSITIONS)[None]}, copy / "pytorch_model.bin")
    assert numbers(bleurt(copy), ITEMS[:2]) == numbers(bleurt(checkpoints[8]), ITEMS[:2])


def test_the_batch_changes_nothing_but_rounding(checkpoints: dict[int | None, Path]) -> None:
    alone, together = (numbers(bleurt(checkpoints[8], batch_size=size), ITEMS) for size in (1, 4096))
    assert alone == pytest.approx(together, abs=1e-5, rel=0)


def test_bf16_is_near_full_precision_and_not_it(checkpoints: dict[int | None, Path]) -> None:
    full, brief = (numbers(bleurt(checkpoints[8], precision=p), ITEMS) for p in ("fp32", "bf16"))
    assert brief == pytest.approx(full, abs=0.2, rel=0)
    assert max(abs(a - b) for a, b in zip(full, brief, strict=True)) > 1e-4


def test_several_references_give_the_mean_score(checkpoints: dict[int | None, Path]) -> None:
    metric = bleurt(checkpoints[None])
    both, *each = numbers(metric, [TWO, *(Item("", TWO.hypothesis, (one,)) for one in TWO.references)])
    assert each[0] != pytest.approx(each[1], abs=1e-3)
    assert both == pytest.approx(sum(each) / 2, abs=1e-6)


def test_the_source_is_not_seen(checkpoints: dict[int | None, Path]) -> None:
    metric = bleurt(checkpoints[8])
    one, other = numbers(metric, [Item("casa", "house", ("the house",)), Item("rua", "house", ("the house",))])
    assert one == other
    assert not metric.card.sees_source


def test_scores_come_in_batches_longest_first_and_each_pair_is_scored_once(
    checkpoints: dict[int | None, Path],
) -> None:
    items = [Item("", "a " * n, ("a",)) for n in (1, 30, 5, 12, 30)]
    metric = bleurt(checkpoints[8], batch_size=1)
    asked: list[int] = []
    score = metric._model.score

    def note(pairs: Any) -> list[float]:
        asked.append(len(pairs))
        return score(pairs)

    metric._model.score = note  # type: ignore[method-assign]
    assert [position for position, _ in metric.score(items)] == [1, 4, 3, 2, 0]
    assert asked == [1, 1, 1, 1]


def test_texts_are_cut_as_the_official_tool_cuts_them() -> None:
    for reference in range(20):
        for hypothesis in range(20):
            for most in range(2, 40):
                kept = [reference, hypothesis]
                while sum(kept) > most:
                    kept[0 if kept[0] > kept[1] else 1] -= 1
                assert [len(part) for part in cut(range(reference), range(hypothesis), most)] == kept


def test_truncation_is_marked(checkpoints: dict[int | None, Path]) -> None:
    metric = bleurt(checkpoints[8])
    found = [score.truncated for score in scores(metric, [Item("", "a " * n, ("a",)) for n in range(50, 70)])]
    tokens = [n + 1 + 3 for n in range(50, 70)]
    assert found == [count > POSITIONS for count in tokens]
    assert set(found) == {True, False}
    short = scores(bleurt(checkpoints[8], max_length=10), ITEMS[:4])
    assert [score.truncated for score in short] == [True, True, True, False]


def test_nothing_to_score_loads_nothing(tmp_path: Path) -> None:
    assert list(bleurt(tmp_path / "nowhere").score([])) == []


def test_weights_are_given_up_and_loaded_again(checkpoints: dict[int | None, Path]) -> None:
    metric = bleurt(checkpoints[8])
    before = numbers(metric, ITEMS[:2])
    metric.close()
    assert "weights" not in metric._model.__dict__
    assert numbers(metric, ITEMS[:2]) == before


def test_a_scale_without_ends_has_no_worst(checkpoints: dict[int | None, Path]) -> None:
    assert bleurt(checkpoints[8]).nothing(ITEMS[0]) is None


# The checkpoint


def test_check_loads_no_weights(checkpoints: dict[int | None, Path]) -> None:
    metric = bleurt(checkpoints[8])
    metric.check()
    assert "weights" not in metric._model.__dict__
    (need,) = metric.needs()
    assert (need.found, need.kind, need.memory) == (
        True,
        "checkpoint",
        (checkpoints[8] / "model.safetensors").stat().st_size,
    )


def test_a_checkpoint_that_is_not_here_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    metric = bleurt("lucadiliello/BLEURT-20")
    (need,) = metric.needs()
    assert (need.found, need.hub) == (False, "lucadiliello/BLEURT-20")
    with pytest.raises(UnavailableError, match="is not in the hub's cache, and this run is offline"):
        metric.check()


@pytest.mark.parametrize(
    "change", [{"gelu": "erf"}, {"precision": "bf16"}, {"max_length": 32}, {"label": "other"}], ids=str
)
def test_what_changes_a_score_changes_the_signature(
    checkpoints: dict[int | None, Path], change: dict[str, Any]
) -> None:
    mine = bleurt(checkpoints[8]).signature(1)
    assert mine != bleurt(checkpoints[8], **change).signature(1)
    assert mine != bleurt(checkpoints[8]).signature(2)
    assert mine != bleurt(checkpoints[None]).signature(1)
    assert mine == bleurt(checkpoints[8], batch_size=7).signature(1)


def refused(metric: Bleurt, problem: str) -> None:
    with pytest.raises(UnavailableError, match=problem) as caught:
        list(metric.score(ITEMS))
    assert "\n" not in str(caught.value)


def test_broken_weights_are_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = copy / "model.safetensors"
    state = load_file(file)
    save_file({k: v for k, v in state.items() if k != "bleurt.pooler.dense.bias"}, file, metadata={"format": "pt"})
    refused(bleurt(copy), "1 of its weights are missing, pooler.dense.bias first")
    save_file(state | {"dense.weight": state["classifier.weight"].clone()}, file, metadata={"format": "pt"})
    refused(bleurt(copy), "1 of its weights are of no BLEURT, dense.weight first")
    save_file({k: v for k, v in state.items() if not k.startswith("classifier")}, file, metadata={"format": "pt"})
    refused(bleurt(copy), r"its weights do not fit its config.json \(KeyError: 'classifier.weight'\)")
    file.write_bytes(b"no weights")
    refused(bleurt(copy), r"model\.safetensors is cut off, or no safetensors")


def test_broken_settings_are_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"hidden_size": 24}))
    refused(bleurt(copy), r"its weights do not fit its config\.json")
    config.pop("hidden_size")
    (copy / "config.json").write_text(json.dumps(config))
    refused(bleurt(copy), r"its config\.json lacks hidden_size, and is of no BLEURT")
    (copy / "config.json").write_text("{")
    refused(bleurt(copy), r"config\.json is cut off, or no JSON")


def test_a_broken_tokenizer_is_refused(copy: Path) -> None:
    (copy / "spm.model").write_bytes(b"no pieces")
    refused(bleurt(copy), r"its spm\.model cannot be loaded")
    write_sentencepiece(copy / "spm.model")
    refused(bleurt(copy), r"its spm\.model does not know \[CLS\]")
    (copy / "spm.model").rename(copy / "vocab.txt")
    refused(bleurt(copy), r"it has no spm\.model: a BLEURT from before BLEURT-20")


def test_a_score_that_is_no_number_is_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    state = load_file(copy / "model.safetensors")
    state["classifier.bias"].fill_(float("nan"))
    save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ContractError, match=r"gave nan for item 1 in fp32 \('The child"):
        list(bleurt(copy).score(ITEMS[:1]))


def test_a_missing_reference_is_named(checkpoints: dict[int | None, Path]) -> None:
    with pytest.raises(MissingReferenceError, match="item 2 has no reference"):
        list(bleurt(checkpoints[8]).score([ITEMS[0], Item("casa", "house")]))


# Settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label", ""),
        ("gelu", "new"),
        ("precision", "fp16"),
        ("batch_size", 0),
        ("device", "tpu"),
        ("revision", ""),
        ("max_length", 4),
        ("thresholds", "bleurt21"),
    ],
)
def test_wrong_settings_are_refused(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: "):
        bleurt("nowhere", **{key: value})


def test_more_than_the_checkpoint_takes_is_refused(checkpoints: dict[int | None, Path]) -> None:
    with pytest.raises(ConfigError, match="key max_length: is 65, and the checkpoint takes 64 tokens at most"):
        bleurt(checkpoints[8], max_length=65).check()


def test_the_published_checkpoints_are_options() -> None:
    found = {}
    for file in sorted(CONFIGS.glob("bleurt*.yaml")):
        ((name, settings),) = yaml.safe_load(file.read_text("utf-8")).items()
        assert name == file.stem
        assert settings.pop("_target_") == "mteval.metrics.bleurt.Bleurt"
        card = Bleurt(**settings).card
        assert (card.higher_is_better, card.low, card.high, card.licence) == (True, None, None, "Apache-2.0")
        assert (family_of(name), card.family, card.max_length, card.points) == ("bleurt", "bleurt", 512, 100)
        assert {"pt", "ro", "en", "no"} <= set(card.languages or ())
        found[name] = (settings["checkpoint"], card.label, card.thresholds)
    assert found == {
        "bleurt20": ("lucadiliello/BLEURT-20", "BLEURT-20", "bleurt20"),
        "bleurt20_d12": ("lucadiliello/BLEURT-20-D12", "BLEURT-20-D12", None),
        "bleurt20_d6": ("lucadiliello/BLEURT-20-D6", "BLEURT-20-D6", None),
        "bleurt20_d3": ("lucadiliello/BLEURT-20-D3", "BLEURT-20-D3", None),
    }
