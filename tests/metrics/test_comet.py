"""Comet against COMET itself, on tiny checkpoints with random weights, and against everything that can be wrong.

The official numbers are those of ``comet.load_from_checkpoint(ckpt).predict(samples, gpus=0)``, in full precision. The
command ``comet-score --gpus 0`` calls ``model.half()`` before that, which is what ``precision: fp16`` stands for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mteval.errors import ConfigError, ContractError, GatedError, MissingReferenceError, UnavailableError
from mteval.metrics.base import Item, ItemScore, combined
from mteval.metrics.comet import Comet
from mteval.metrics.comet_checkpoint import CometCheckpoint
from mteval.metrics.comet_fakes import KINDS, MAX_POSITIONS, write_ckpt, write_comet_checkpoint
from mteval.metrics.comet_quiet import quiet

ITEMS = [
    Item("O menino foi para a rua.", "The child was in the street.", ("The child went to the street.",)),
    Item("Casa.", "House.", ("The house.",)),
    Item("Ploaia în oraș nu este cu apă.", "Rain  in the city is not\twith water!!", ("It does not rain water.",)),
    Item("o tempo", "", ("the time",)),
    Item("água", "water 東京 – yesterday", ("water",)),
    Item("a rua da cidade " * 12, "the street of the city " * 12, ("the city street " * 9,)),
    Item("Casa.", "Hause", ("The house.",)),
    Item("un copil în oraș", "a child in the city, with a book", ("a child in the city", "one child in town")),
]
# Each class with the ways in which it scores.
WAYS = [
    ("referenceless", False),
    ("regression", True),
    ("unified_qe", False),
    ("unified", True),
    ("unified", False),
    ("unified_ref", True),
    ("xcomet", True),
    ("xcomet", False),
    ("xcomet_xxl", True),
    ("xcomet_xxl", False),
]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("comet")
    return {kind: write_comet_checkpoint(folder / kind, kind, seed=2) for kind in KINDS}


@pytest.fixture
def copy(checkpoints: dict[str, Path], tmp_path: Path) -> Path:
    """A referenceless checkpoint to be broken."""
    return Path(shutil.copytree(checkpoints["referenceless"], tmp_path / "copy"))


def comet(checkpoint: Path | str, **settings: Any) -> Comet:
    given = {"label": "COMET", "needs_reference": False, "licence": "Apache-2.0", "device": "cpu", **settings}
    return Comet(checkpoint=str(checkpoint), **given)


def scores(metric: Comet, items: list[Item]) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda pair: pair[0])]


def official(folder: Path, items: list[Item], needs_reference: bool, half: bool = False) -> Any:
    from comet import load_from_checkpoint

    samples = [{"src": item.source, "mt": item.hypothesis} for item in items]
    if needs_reference:
        samples = [{**s, "ref": item.references[0]} for s, item in zip(samples, items, strict=True)]
    with quiet():
        model = load_from_checkpoint(str(folder / "checkpoints" / "model.ckpt"))
        model = model.half() if half else model
        return model.predict(samples, batch_size=3, gpus=0, progress_bar=False)


def one_reference(items: list[Item]) -> list[Item]:
    return [Item(item.source, item.hypothesis, item.references[:1]) for item in items]


# The numbers


@pytest.mark.parametrize(("kind", "needs"), WAYS)
def test_full_precision_is_official(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    items = one_reference(ITEMS)
    theirs = official(checkpoints[kind], items, needs)
    metric = comet(checkpoints[kind], needs_reference=needs, batch_size=4)
    ours = scores(metric, items)
    assert np.ptp(theirs.scores) > 0.05, "the tiny model must tell texts apart, or this test says nothing"
    assert [score.score for score in ours] == pytest.approx(theirs.scores, abs=1e-5, rel=0)
    system = combined(metric, np.array([score.statistics for score in ours]))
    assert system == pytest.approx(theirs.system_score, abs=1e-5, rel=0)


@pytest.mark.parametrize(("kind", "needs"), WAYS)
def test_half_precision_is_that_of_comet_score(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    items = one_reference(ITEMS)
    theirs = official(checkpoints[kind], items, needs, half=True).scores
    metric = comet(checkpoints[kind], needs_reference=needs, precision="fp16")
    # Half precision has 11 bits, and how a batch is padded changes the order in which they are lost.
    assert [score.score for score in scores(metric, items)] == pytest.approx(theirs, abs=8e-3, rel=0)
    assert {str(weight.dtype) for weight in metric._model.parameters()} == {"torch.float16"}


@pytest.mark.parametrize(("kind", "needs"), WAYS)
def test_bf16_is_near_full_precision_and_not_it(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    full = [s.score for s in scores(comet(checkpoints[kind], needs_reference=needs), ITEMS)]
    brief = [s.score for s in scores(comet(checkpoints[kind], needs_reference=needs, precision="bf16"), ITEMS)]
    assert brief == pytest.approx(full, abs=0.1, rel=0)
    assert max(abs(a - b) for a, b in zip(full, brief, strict=True)) > 1e-5


@pytest.mark.parametrize(("kind", "needs"), [way for way in WAYS if way[0].startswith("xcomet")])
def test_xcomet_spans_are_official(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    items = one_reference(ITEMS)
    theirs = official(checkpoints[kind], items, needs).metadata.error_spans
    ours = [score.spans for score in scores(comet(checkpoints[kind], needs_reference=needs), items)]
    seen: set[str] = set()
    for item, found, spans in zip(items, theirs, ours, strict=True):
        found = [span for span in found if span["start"] < span["end"]]
        assert spans is not None
        assert [(s.start, s.end, s.severity) for s in spans] == [(f["start"], f["end"], f["severity"]) for f in found]
        assert [s.confidence for s in spans] == pytest.approx([f["confidence"] for f in found], abs=1e-5)
        for span, official_span in zip(spans, found, strict=True):
            text = item.hypothesis[span.start : span.end]
            if "東" not in item.hypothesis:  # its tokens are unknown, and are not in the text that COMET puts together
                assert "".join(text.split()) == re.sub(r"<s>|\s", "", official_span["text"])
            assert span.category == "" and span.confidence is not None and 0 < span.confidence <= 1
            seen.add(span.severity)
    assert seen == {"minor", "major", "critical"}


def test_only_models_with_a_word_level_give_spans(checkpoints: dict[str, Path]) -> None:
    assert scores(comet(checkpoints["unified_qe"]), ITEMS[:1])[0].spans is None
    assert scores(comet(checkpoints["xcomet"]), [Item("a", "")])[0].spans == ()


def test_several_references_give_the_mean_score_and_the_first_one_s_spans(checkpoints: dict[str, Path]) -> None:
    metric = comet(checkpoints["xcomet"], needs_reference=True, batch_size=2)
    item = ITEMS[-1]
    first, second = item.references
    both, *each = scores(metric, [item, *(Item(item.source, item.hypothesis, (one,)) for one in (first, second))])
    assert each[0].score != pytest.approx(each[1].score, abs=1e-4)
    assert both.score == pytest.approx((each[0].score + each[1].score) / 2, abs=1e-6)
    assert [(s.start, s.end) for s in both.spans or ()] == [(s.start, s.end) for s in each[0].spans or ()]


def test_a_reference_is_not_seen_where_none_is_needed(checkpoints: dict[str, Path]) -> None:
    metric = comet(checkpoints["unified"])
    bare, given = scores(metric, [Item("casa", "house"), Item("casa", "house", ("the house",))])
    assert bare is given


def test_the_same_item_is_scored_once_and_given_to_each_position(checkpoints: dict[str, Path]) -> None:
    metric = comet(checkpoints["regression"], needs_reference=True, batch_size=1)
    first, other, again = scores(metric, [ITEMS[0], ITEMS[1], ITEMS[0]])
    assert first is again
    assert first.score != other.score


def test_scores_come_in_batches_longest_first(checkpoints: dict[str, Path]) -> None:
    items = [Item("a " * n, "a " * n) for n in (1, 30, 5, 12)]
    positions = [position for position, _ in comet(checkpoints["unified_qe"], batch_size=1).score(items)]
    assert positions == [1, 3, 2, 0]


def test_nothing_to_score_loads_nothing(tmp_path: Path) -> None:
    assert list(comet(tmp_path / "nowhere").score([])) == []


def test_the_same_seed_writes_the_same_checkpoint(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    again = write_comet_checkpoint(tmp_path / "again", "xcomet", seed=2)
    other = write_comet_checkpoint(tmp_path / "other", "xcomet", seed=3)
    found = [[s.score for s in scores(comet(path), ITEMS)] for path in (checkpoints["xcomet"], again, other)]
    assert found[0] == found[1] != found[2]


# The guards


@pytest.mark.parametrize(("kind", "needs"), WAYS)
def test_truncation_is_marked_exactly_where_comet_cuts(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    metric = comet(checkpoints[kind], needs_reference=needs)
    joined = [n for m in (20, 30, 31) for n in range(MAX_POSITIONS - 2 * m - 12, MAX_POSITIONS - m + 3) if n >= 0]
    lengths = [(n, n, n) for n in (*range(16, 22), *range(58, 64))] + [(n, m, m) for m in (20, 30, 31) for n in joined]
    lengths += [(1, 1, n) for n in range(57, 64)] + [(1, n, 1) for n in range(57, 64)]
    items = [Item("a " * source, "a " * mt, ("a " * ref,)) for mt, source, ref in lengths]
    ours = [score.truncated for score in scores(metric, items)]

    model = metric._model
    config = model.encoder.model.config

    def tokens_seen(item: Item) -> int:
        sample = {"src": item.source, "mt": item.hypothesis} | ({"ref": item.references[0]} if needs else {})
        with quiet():
            batch = model.prepare_sample([sample], stage="predict")
        parts = batch if isinstance(batch, tuple) else (batch,)
        return sum(ids.shape[1] for part in parts for name, ids in part.items() if name.endswith("input_ids"))

    cut = [tokens_seen(item) for item in items]
    config.max_position_embeddings = 1000
    whole = [tokens_seen(item) for item in items]
    assert ours == [a < b for a, b in zip(cut, whole, strict=True)]
    assert set(ours) == {True, False}


@pytest.mark.parametrize("kind", ["unified_qe", "xcomet", "xcomet_xxl"])
def test_a_model_relabelled_sparsemax_patch_uses_softmax(
    checkpoints: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    folder = Path(shutil.copytree(checkpoints[kind], tmp_path / kind))
    settings = yaml.safe_load((folder / "hparams.yaml").read_text())
    assert settings["layer_transformation"] == "sparsemax_patch"
    (folder / "hparams.yaml").write_text(yaml.safe_dump(settings | {"layer_transformation": "sparsemax"}))
    patched, unpatched = comet(checkpoints[kind]), comet(folder)
    assert "|layers:softmax|" in str(patched.signature(0))
    assert "|layers:sparsemax|" in str(unpatched.signature(0))
    gap = abs(scores(patched, ITEMS[:1])[0].score - scores(unpatched, ITEMS[:1])[0].score)
    assert gap > 1e-3, "otherwise the parity tests cannot tell the two apart"
    with pytest.raises(UnavailableError, match=r"must mix its encoder's layers by softmax"):
        CometCheckpoint(str(checkpoints[kind]), None, None, False, "x").check_layers(unpatched._checkpoint.load())


@pytest.mark.parametrize(
    ("kind", "needs"), [("referenceless", True), ("regression", False), ("unified_qe", True), ("unified_ref", False)]
)
def test_needs_reference_must_fit_the_model(checkpoints: dict[str, Path], kind: str, needs: bool) -> None:
    metric = comet(checkpoints[kind], needs_reference=needs)
    for use in (metric.check, lambda: list(metric.score(ITEMS))):
        with pytest.raises(ConfigError, match=rf"key needs_reference: is {str(needs).lower()}, but .*; set it to"):
            use()


def test_a_missing_reference_is_named(checkpoints: dict[str, Path]) -> None:
    metric = comet(checkpoints["regression"], needs_reference=True)
    with pytest.raises(MissingReferenceError, match="item 2 has no reference"):
        list(metric.score([ITEMS[0], Item("casa", "house")]))


def test_a_score_that_is_no_number_is_refused(copy: Path) -> None:
    contents = opened(copy)
    contents["state_dict"]["estimator.ff.6.bias"].fill_(float("nan"))
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"])
    with pytest.raises(ContractError, match=r"gave nan for a hypothesis in fp32 \('House\.'\)"):
        list(comet(copy).score([ITEMS[1]]))


# The checkpoint


def opened(folder: Path) -> dict[str, Any]:
    import torch

    return dict(torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True))


def refused(metric: Comet, problem: str) -> str:
    """The error's one line, which must name the checkpoint."""
    with pytest.raises(UnavailableError, match=problem) as caught:
        metric.check()
    assert str(caught.value).startswith("checkpoint ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_and_its_ckpt_are_the_same_checkpoint(checkpoints: dict[str, Path]) -> None:
    folder = checkpoints["unified_qe"]
    by_folder, by_file = comet(folder), comet(folder / "checkpoints" / "model.ckpt")
    by_file.check()
    assert by_folder.signature(0) == by_file.signature(0)
    assert scores(by_folder, ITEMS[:2]) == scores(by_file, ITEMS[:2])


def test_what_lightning_saves_is_accepted(copy: Path, tmp_path: Path) -> None:
    with quiet():
        import pytorch_lightning
        from comet import load_from_checkpoint

        model = load_from_checkpoint(str(copy / "checkpoints" / "model.ckpt"))
        trainer = pytorch_lightning.Trainer(logger=False, accelerator="cpu", enable_progress_bar=False)
        trainer.strategy.connect(model)
        before = scores(comet(copy), ITEMS)
        trainer.save_checkpoint(copy / "checkpoints" / "model.ckpt", weights_only=True)
    metric = comet(copy)
    metric.check()
    assert scores(metric, ITEMS) == before


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    line = refused(comet(tmp_path / "nowhere"), "there is no such file or folder")
    assert line.endswith(
        "; set checkpoint to a local folder that holds hparams.yaml and checkpoints/model.ckpt, "
        "or use the open checkpoint Unbabel/wmt20-comet-qe-da"
    )


def test_a_folder_without_a_ckpt(copy: Path) -> None:
    (copy / "checkpoints" / "model.ckpt").unlink()
    refused(comet(copy), "has no checkpoints/model.ckpt")


def test_no_hparams(copy: Path) -> None:
    (copy / "hparams.yaml").unlink()
    refused(comet(copy), r"has no hparams\.yaml in the folder above")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "hparams.yaml cannot be read"),
        ("a: !!python/object/apply:os.getcwd []", "hparams.yaml cannot be read"),
        ("just words", "is no mapping of settings"),
        (
            "class_identifier: ranking_metric",
            "class_identifier 'ranking_metric'; use a checkpoint of one of the classes",
        ),
        ("layer: mix", "class_identifier None"),
    ],
)
def test_hparams_that_cannot_be_used(copy: Path, text: str, problem: str) -> None:
    (copy / "hparams.yaml").write_text(text)
    refused(comet(copy), problem)


def test_hparams_that_are_not_utf8(copy: Path) -> None:
    (copy / "hparams.yaml").write_bytes(b"\xff\xfe\x00")
    refused(comet(copy), "hparams.yaml cannot be read")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_ckpt_that_is_cut_off(copy: Path, share: float) -> None:
    ckpt = copy / "checkpoints" / "model.ckpt"
    ckpt.write_bytes(ckpt.read_bytes()[: int(share * ckpt.stat().st_size)])
    refused(comet(copy), r"model\.ckpt is cut off.*; copy or download it again")


def test_a_zip_that_is_no_ckpt(copy: Path) -> None:
    import zipfile

    with zipfile.ZipFile(copy / "checkpoints" / "model.ckpt", "w") as archive:
        archive.writestr("readme.txt", "no weights here")
    refused(comet(copy), r"model\.ckpt is damaged")


@pytest.mark.parametrize("raw", [b"\x80\x02.", b"\x80\x02}q\x00(K\x01u.", b"\x80\x02h\x07."])
def test_a_ckpt_whose_pickle_is_damaged(copy: Path, raw: bytes) -> None:
    import zipfile

    with zipfile.ZipFile(copy / "checkpoints" / "model.ckpt", "w") as archive:
        for name, held in (("data.pkl", raw), ("byteorder", b"little"), ("version", b"3\n")):
            archive.writestr(f"archive/{name}", held)
    refused(comet(copy), r"model\.ckpt is damaged")


def test_pickled_code_is_refused_and_not_run(copy: Path, tmp_path: Path) -> None:
    contents = opened(copy)
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | {"x": Touch(tmp_path / "touched")})
    metric = comet(copy)
    refused(metric, r"model\.ckpt holds pickled code \([\w.]+\), which loading would run")
    with pytest.raises(UnavailableError, match="pickled code"):
        list(metric.score(ITEMS))
    assert not (tmp_path / "touched").exists()


def test_pickled_code_that_is_trusted_by_name_is_run_and_told(checkpoints: dict[str, Path], copy: Path) -> None:
    plain = comet(checkpoints["referenceless"])
    contents = opened(copy)
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | {"x": Namespace(y=1)})
    refused(comet(copy), r"pickled code \(argparse\.Namespace\).* set trust_pickled_code=\[argparse\.Namespace\]")
    trusting = comet(copy, trust_pickled_code=["argparse.Namespace"])
    trusting.check()
    assert scores(trusting, ITEMS) == scores(plain, ITEMS)
    assert "|code:trusted|" in f"{trusting.signature(0)}"
    assert "|code:" not in f"{plain.signature(0)}"
    for wrong in ("argparse.Namespace", ["argparse.Namespace()"], ["a..b"], [3]):
        with pytest.raises(ConfigError, match=r"^metric COMET, key trust_pickled_code: "):
            comet(copy, trust_pickled_code=wrong)


class Touch:
    """Unpickled, it writes a file."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self._file, "w")


def test_a_ckpt_without_settings(copy: Path) -> None:
    import torch

    torch.save({"state_dict": opened(copy)["state_dict"]}, copy / "checkpoints" / "model.ckpt")
    refused(comet(copy), "holds no state_dict and hyper_parameters")


def test_a_ckpt_that_lacks_a_weight_is_not_filled_up_with_random_ones(copy: Path) -> None:
    contents = opened(copy)
    del contents["state_dict"]["estimator.ff.0.weight"]
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"])
    with pytest.raises(UnavailableError, match=r"lacks 1 of the model's \d+ weights, estimator\.ff\.0\.weight among"):
        list(comet(copy).score(ITEMS))


def test_an_encoder_of_another_size(copy: Path) -> None:
    config = json.loads((copy / "encoder" / "config.json").read_text())
    (copy / "encoder" / "config.json").write_text(json.dumps(config | {"vocab_size": 7}))
    with pytest.raises(UnavailableError, match="cannot be loaded with the encoder in"):
        list(comet(copy, local_encoder=str(copy / "encoder")).score(ITEMS))


def test_a_local_encoder_stands_in_for_the_one_that_is_named(copy: Path) -> None:
    before = scores(comet(copy), ITEMS)
    name_encoder(copy, "example/tiny-xlmr")
    metric = comet(copy, local_encoder=str(copy / "encoder"))
    metric.check()
    assert scores(metric, ITEMS) == before
    assert "|encoder:example/tiny-xlmr@" in str(metric.signature(0))


def test_an_encoder_within_the_checkpoint_s_folder_goes_where_it_goes(copy: Path, tmp_path: Path) -> None:
    before = scores(comet(copy), ITEMS)
    name_encoder(copy, "encoder")
    moved = copy.rename(tmp_path / "moved")
    metric = comet(moved)
    assert scores(metric, ITEMS) == before
    assert "|encoder:encoder@" in str(metric.signature(0))


def name_encoder(folder: Path, name: str, model: str = "XLM-RoBERTa") -> None:
    contents = opened(folder)
    changes = {"pretrained_model": name, "encoder_model": model}
    write_ckpt(folder, contents["state_dict"], contents["hyper_parameters"] | changes)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_an_encoder_s_folder_that_lacks_a_file(copy: Path, missing: str) -> None:
    (copy / "encoder" / missing).unlink()
    refused(comet(copy, local_encoder=str(copy / "encoder")), "lacks config.json or a tokenizer; set local_encoder to")


def test_an_encoder_s_folder_that_is_not_there(copy: Path, tmp_path: Path) -> None:
    refused(comet(copy, local_encoder=str(tmp_path / "gone")), r"its encoder's folder .*gone is not there")
    name_encoder(copy, str(tmp_path / "moved"))
    refused(comet(copy), r"its encoder's folder .*moved is not there; set local_encoder")


def test_an_encoder_that_does_not_say_how_long_a_text_it_takes(copy: Path) -> None:
    (copy / "encoder" / "config.json").write_text("{}")
    refused(comet(copy, local_encoder=str(copy / "encoder")), "does not say how long a text it takes")


def test_cuda_that_is_not_there(checkpoints: dict[str, Path]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(UnavailableError, match="key device: is cuda, but torch finds no such device"):
        comet(checkpoints["referenceless"], device="cuda").check()


# The signature and the settings


def test_the_signature_names_what_must_match(checkpoints: dict[str, Path], copy: Path) -> None:
    line = str(comet(checkpoints["regression"], needs_reference=True, precision="bf16").signature(2))
    assert re.fullmatch(
        r"comet:COMET\|class:regression_metric\|checkpoint:[0-9a-f]{16}\|encoder:encoder@[0-9a-f]{8}\|layers:sparsemax"
        rf"\|tokens:{MAX_POSITIONS}\|precision:bf16-mixed\|nrefs:2\|version:[0-9.]+",
        line,
    )
    metric = comet(copy)
    before = metric.signature(1)
    assert "nrefs" not in str(before) and before == metric.signature(0)
    contents = opened(copy)
    contents["state_dict"]["estimator.ff.6.bias"].add_(1e-3)
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"])
    assert comet(copy).signature(1) != before


def test_the_length_in_the_signature_is_the_model_s(checkpoints: dict[str, Path]) -> None:
    metric = comet(checkpoints["xcomet"])
    assert (
        metric._model.encoder.max_positions
        == CometCheckpoint(str(checkpoints["xcomet"]), None, None, False, "x").max_positions
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label", ""),
        ("licence", None),
        ("revision", ""),
        ("local_encoder", 3),
        ("open_alternative", " "),
        ("needs_reference", "false"),
        ("gated", 1),
        ("low", "0"),
        ("high", float("nan")),
        ("low", 1.0),
        ("precision", "fp64"),
        ("device", "tpu"),
        ("batch_size", 0),
        ("batch_size", 2.0),
        ("batch_size", True),
    ],
)
def test_a_wrong_setting_is_named(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"key {key}: is .*; give"):
        comet("some/where", **{"high": 1.0, key: value})
    with pytest.raises(ConfigError, match="key checkpoint: is ''"):
        comet("")


# The hub: a small one of our own, asked by a process of its own, because the hub's address is read when it is imported


class Hub(BaseHTTPRequestHandler):
    """Serves ``tiny/qe`` and ``tiny/encoder`` from a folder; shows ``tiny/gated`` to all and gives it to nobody."""

    root: Path
    commit = "0123456789abcdef0123456789abcdef01234567"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        path = self.path.partition("?")[0].removeprefix("/api/models").strip("/")
        repo, rest = "/".join(path.split("/")[:2]), path.split("/")[2:]
        folder = self.root / repo
        if repo == "tiny/broken":
            return self._send(500, b"", {}, with_body)
        if not folder.is_dir():
            return self._send(401, b"", {"X-Error-Code": "RepoNotFound"}, with_body)
        if rest[:1] == ["revision"] and rest[1] not in ("main", self.commit):
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"}, with_body)
        if not rest or rest[0] == "revision":
            files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
            info = {"id": repo, "sha": self.commit, "siblings": [{"rfilename": file} for file in files]}
            return self._send(200, json.dumps(info).encode(), {}, with_body)
        if repo == "tiny/gated":
            return self._send(403, b"", {"X-Error-Code": "GatedRepo"}, with_body)
        body = (folder / "/".join(rest[2:])).read_bytes()
        etag = f'"{"/".join(rest[2:]).replace("/", "-")}"'
        return self._send(200, body, {"ETag": etag, "X-Repo-Commit": self.commit}, with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hub(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    Hub.root = tmp_path_factory.mktemp("hub")
    for name in ("qe", "gated"):
        shutil.copytree(
            checkpoints["referenceless"], Hub.root / "tiny" / name, ignore=shutil.ignore_patterns("encoder")
        )
    shutil.copytree(checkpoints["referenceless"] / "encoder", Hub.root / "tiny" / "encoder")
    name_encoder(Hub.root / "tiny" / "qe", "tiny/encoder")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


CHECK = """
import sys
from mteval.errors import MtevalError
from mteval.metrics.comet import Comet
metric = Comet(checkpoint=sys.argv[1], label="QE", needs_reference=False, licence="x", gated=True, device="cpu",
               revision=sys.argv[2] or None, local_encoder=sys.argv[3] or None)
try:
    metric.check()
except MtevalError as error:
    print(type(error).__name__, error)
else:
    print("ready", metric.signature(0))
"""


def check_at(
    hub: str, home: Path, name: str, revision: str = "", local_encoder: str = "", **environment: str
) -> tuple[str, str, float]:
    """What a check of a hub's checkpoint says, what it writes to stderr, and the seconds it took."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
    env = {**clean, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_PROGRESS_BARS": "1", **environment}
    env["no_proxy"] = env["NO_PROXY"] = "127.0.0.1"
    start = time.monotonic()
    command = [sys.executable, "-c", CHECK, name, revision, local_encoder]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    return done.stdout.strip(), done.stderr, time.monotonic() - start


def test_a_checkpoint_and_its_encoder_come_from_the_hub_and_then_from_its_cache(hub: str, tmp_path: Path) -> None:
    said, noise, _ = check_at(hub, tmp_path, "tiny/qe")
    assert said.startswith("ready comet:QE|class:referenceless_regression_metric|checkpoint:")
    assert "|encoder:tiny/encoder@" in said
    assert noise == ""
    nobody = "http://127.0.0.1:9"
    assert check_at(nobody, tmp_path, "tiny/qe")[:2] == (said, "")
    assert check_at(nobody, tmp_path, "tiny/qe", HF_HUB_OFFLINE="1")[:2] == (said, "")


def test_a_gated_checkpoint_says_how_to_get_it_and_what_to_use_instead(hub: str, tmp_path: Path) -> None:
    said, noise, _ = check_at(hub, tmp_path, "tiny/gated")
    assert said == (
        f"{GatedError.__name__} checkpoint tiny/gated: is gated: its licence must be accepted first; accept it at "
        f"{hub}/tiny/gated and log in with `hf auth login`, or set checkpoint to a local folder that holds "
        "hparams.yaml and checkpoints/model.ckpt, or use the open checkpoint Unbabel/wmt20-comet-qe-da"
    )
    assert noise == ""


def test_a_name_or_revision_that_the_hub_does_not_know(hub: str, tmp_path: Path) -> None:
    said, noise, _ = check_at(hub, tmp_path, "tiny/unknown")
    assert said.startswith(
        "UnavailableError checkpoint tiny/unknown: is neither a folder here nor a model that the hub shows; set check"
    )
    assert noise == ""
    said, noise, _ = check_at(hub, tmp_path, "tiny/qe", revision="v9")
    assert said.startswith("UnavailableError checkpoint tiny/qe: has no revision v9 at the hub; set revision")
    assert noise == ""


def test_a_hub_that_is_broken(hub: str, tmp_path: Path) -> None:
    said, noise, seconds = check_at(hub, tmp_path, "tiny/broken")
    assert said.startswith("UnavailableError checkpoint tiny/broken: ")
    assert said.endswith("or use the open checkpoint Unbabel/wmt20-comet-qe-da")
    assert noise == "" and seconds < 10


def test_no_hub_is_one_line_at_once(tmp_path: Path) -> None:
    said, noise, seconds = check_at("http://127.0.0.1:9", tmp_path, "tiny/qe")
    assert said.startswith(
        "UnavailableError checkpoint tiny/qe: is not in the hub's cache, and the hub (http://127.0.0.1:9, where its "
        "licence must be accepted too) cannot be reached; set checkpoint to a local folder that holds hparams.yaml and "
        "checkpoints/model.ckpt, or use the open checkpoint Unbabel/wmt20-comet-qe-da"
    )
    assert noise == ""
    assert seconds < 10


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said, noise, seconds = check_at(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path, "tiny/qe")
    assert "cannot be reached" in said
    assert noise == ""
    assert seconds < 15


def test_offline_says_so(tmp_path: Path) -> None:
    said, noise, _ = check_at("http://127.0.0.1:9", tmp_path, "tiny/qe", HF_HUB_OFFLINE="1")
    assert said.startswith("UnavailableError checkpoint tiny/qe: is not in the hub's cache, and this run is offline")
    assert noise == ""


def test_an_encoder_that_cannot_be_had(hub: str, copy: Path, tmp_path: Path) -> None:
    name_encoder(copy, "xlm-roberta-large")
    said, noise, _ = check_at("http://127.0.0.1:9", tmp_path, str(copy))
    assert re.match(
        r"UnavailableError checkpoint \S+: its encoder xlm-roberta-large is not in the hub's cache, and", said
    )
    assert said.endswith("set local_encoder to a folder that holds the config.json and tokenizer of xlm-roberta-large")
    assert noise == ""
    said, noise, _ = check_at("http://127.0.0.1:9", tmp_path, str(copy), local_encoder=str(copy / "encoder"))
    assert said.startswith("ready") and noise == ""


def test_the_tokenizer_that_comet_always_takes_from_the_hub(copy: Path, tmp_path: Path) -> None:
    name_encoder(copy, str(copy / "encoder"), model="MiniLM")
    said, noise, _ = check_at("http://127.0.0.1:9", tmp_path, str(copy))
    assert "its tokenizer xlm-roberta-base is not in the hub's cache, and the hub" in said
    assert noise == ""


def test_scoring_is_silent_and_importing_is_cheap(checkpoints: dict[str, Path]) -> None:
    script = f"""
import logging, sys, warnings
from mteval.metrics.base import Item
from mteval.metrics.comet import Comet
assert not {{"torch", "comet", "transformers", "huggingface_hub"}} & set(sys.modules), "heavy imports"
metric = Comet(checkpoint={str(checkpoints["xcomet"])!r}, label="X", needs_reference=False, licence="x", device="cpu")
assert "torch" not in sys.modules, "the constructor loads"
assert len(list(metric.score([Item("a " * 90, "the house"), Item("casa", "")]))) == 2
assert logging.getLogger().handlers == [] and logging.getLogger().level == logging.WARNING, "root logger changed"
assert logging.getLogger("transformers").level != logging.CRITICAL, "transformers silenced for ever"
assert ("ignore", None, Warning, None, 0) not in warnings.filters, "warnings silenced for ever"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Lang pairs


def test_lang_pairs_are_checked_and_stand_on_the_card(copy: Path) -> None:
    assert comet(copy).card.pairs is None
    assert comet(copy, pairs=["pt-en", "ro-en"]).card.pairs == ("pt-en", "ro-en")
    for wrong in ("pt-en", [], ["pt"], [False]):
        with pytest.raises(ConfigError, match="metric COMET, key pairs"):
            comet(copy, pairs=wrong)
