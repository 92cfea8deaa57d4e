"""What is seen of a .ckpt file at a glance is what torch reads, and what torch refuses is refused."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import zipfile
from argparse import Namespace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mteval.files import packaged
from mteval.metrics.comet_contents import glanced, opened
from mteval.metrics.comet_fakes import write_ckpt
from tests.tiny_comet import Write, checkpoint

__all__ = ["checkpoint"]

CKPT = Path("checkpoints") / "model.ckpt"
NAMESPACE = ("argparse.Namespace",)


class RefusedError(Exception):
    pass


def refuse(problem: str, remedy: str) -> NoReturn:
    raise RefusedError(f"{problem}; {remedy}")


def refusal(read: Any, ckpt: Path) -> str:
    with pytest.raises(RefusedError) as caught:
        read(ckpt, refuse)
    return str(caught.value)


def held(ckpt: Path) -> Any:
    """What a checkpoint holds, not mapped from its file, so that the file can be written anew."""
    import torch

    return torch.load(ckpt, weights_only=True)


@pytest.fixture
def copy(checkpoint: Write, tmp_path: Path) -> Path:
    return Path(shutil.copytree(checkpoint("referenceless"), tmp_path / "copy"))


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # so that importing it fails


@pytest.mark.parametrize("kind", ["referenceless", "unified", "xcomet"])
def test_a_glance_sees_the_settings_that_torch_reads(checkpoint: Write, kind: str) -> None:
    ckpt = checkpoint(kind) / CKPT
    seen, read = glanced(ckpt, refuse), opened(ckpt, refuse)
    assert {key: value for key, value in seen.items() if key != "state_dict"} == {
        key: value for key, value in read.items() if key != "state_dict"
    }
    assert list(seen["state_dict"]) == list(read["state_dict"])


@pytest.mark.usefixtures("no_torch")
def test_a_glance_takes_no_torch() -> None:
    ckpt = packaged("metrics/checkpoints/comet-qe-mini") / CKPT
    assert glanced(ckpt, refuse)["hyper_parameters"]["class_identifier"] == "referenceless_regression_metric"


def test_what_a_glance_does_not_know_torch_reads(copy: Path) -> None:
    import torch

    contents = held(copy / CKPT)
    sizes = {"sizes": torch.Size([2, 3])}
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | sizes)
    assert glanced(copy / CKPT, refuse)["hyper_parameters"]["sizes"] == (2, 3)


class Call:
    """Unpickled, it calls a function with a file that must not come to be."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("function", [open, os.mkdir, exec, getattr, pickle.loads, shutil.rmtree])
def test_code_is_refused_under_the_name_that_torch_gives_it(
    copy: Path, tmp_path: Path, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = held(copy / CKPT)
    hostile = Call(function, str(tmp_path / "made"), "w")
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | {"x": hostile})
    expected = refusal(opened, copy / CKPT)
    assert "holds pickled code (" in expected
    monkeypatch.setitem(sys.modules, "torch", None)
    assert refusal(glanced, copy / CKPT) == expected
    assert not (tmp_path / "made").exists()


def test_code_that_is_trusted_by_name_is_run(copy: Path) -> None:
    contents = held(copy / CKPT)
    code = {"namespace": Namespace(hidden=[2, 3]), "called": Call(abs, -3)}
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | code)
    for read in (glanced, opened):
        for trusted, named in (((), "argparse.Namespace"), (("abs",), "argparse.Namespace"), (NAMESPACE, "abs")):
            with pytest.raises(
                RefusedError, match=rf"\({named}\).*set trust_pickled_code=\[([\w.]+,)?{named}\], which"
            ):
                read(copy / CKPT, refuse, trusted)
        found = read(copy / CKPT, refuse, (*NAMESPACE, "abs"))["hyper_parameters"]
        assert (found["namespace"], found["called"]) == (Namespace(hidden=[2, 3]), 3)


def test_what_torch_takes_from_no_one_and_what_is_not_there_are_refused(copy: Path, tmp_path: Path) -> None:
    contents = held(copy / CKPT)
    made = Call(os.mkdir, str(tmp_path / "made"))
    write_ckpt(copy, contents["state_dict"], contents["hyper_parameters"] | {"x": made})
    trusted = (f"{os.mkdir.__module__}.mkdir",)
    for read in (glanced, opened):
        with pytest.raises(
            RefusedError, match=r"mkdir\), which loading would run, and which torch takes from no one; use"
        ):
            read(copy / CKPT, refuse, trusted)
        with pytest.raises(RefusedError, match=r"names no\.such, which cannot be had \(No module named 'no'\)"):
            read(copy / CKPT, refuse, (*trusted, "no.such"))
    assert not (tmp_path / "made").exists()


def changed(ckpt: Path, changes: dict[str, bytes | None]) -> None:
    """Write a checkpoint anew with some records exchanged, or left out."""
    with zipfile.ZipFile(ckpt) as archive:
        records = {info.filename: archive.read(info) for info in archive.infolist()}
    folder = next(iter(records)).partition("/")[0]
    records |= {f"{folder}/{name}": raw for name, raw in changes.items()}  # type: ignore[dict-item]
    with zipfile.ZipFile(ckpt, "w") as archive:
        for name, raw in records.items():
            if raw is not None:
                archive.writestr(name, raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"data.pkl": None},
        {"data.pkl": b""},
        {"data.pkl": b"\x80\x02}q\x00."},
        {"data.pkl": b"\x80\x02]q\x00."},
        {"data.pkl": b"\x80\x02Xdamaged"},
        {"data.pkl": pickle.dumps({"state_dict": {}, "hyper_parameters": {}, "x": os.mkdir}, protocol=4)},
        {"version": None},
        {"data/0": None},
    ],
)
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_what_is_damaged_is_refused_as_torch_refuses_it(copy: Path, changes: dict[str, bytes | None]) -> None:
    changed(copy / CKPT, changes)
    assert refusal(glanced, copy / CKPT) == refusal(opened, copy / CKPT)
