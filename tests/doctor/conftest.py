"""A hub on this machine, and a small eval set to examine things with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mteval.doctor import doctor
from mteval.doctor_fakes import HubServer, Shelved

Cli = Callable[..., tuple[int, str, str]]

GB = 1_000_000_000
NLLB = {"config.json": 1000, "pytorch_model.bin": 2 * GB, "tf_model.h5": 9 * GB, "tokenizer.json": 1000}
COMET = {"hparams.yaml": 500, "checkpoints/model.ckpt": 3 * GB, "README.md": 700, "logs/old.ckpt": 8 * GB}
MODELS = {
    "facebook/nllb-200-distilled-600M": Shelved(NLLB),
    "Unbabel/wmt22-comet-da": Shelved(COMET),
    "Unbabel/wmt22-cometkiwi-da": Shelved(COMET, gated=True, accepted_by=("good",)),
    "org/silent": Shelved(NLLB, seconds=1.5),
    "org/untold": Shelved(dict.fromkeys(NLLB)),
    "org/vast": Shelved({"config.json": 1, "model.safetensors": 10**17, "tokenizer.json": 1}),
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that holds ``MODELS``, and an empty cache; no token is known."""
    from huggingface_hub import constants

    with HubServer(MODELS) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield server


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval doctor`` on an eval set of one segment in ro-en; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    row = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {"other": "Good afternoon."}}
    Path("set.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    small = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "garble=[]", "report=[]", "store=null"]

    def run(*arguments: str, systems: Sequence[str] = (), metrics: Sequence[str] = ()) -> tuple[int, str, str]:
        chosen = [f"systems=[{','.join(systems)}]", f"metrics=[{','.join(metrics)}]"]
        code = doctor([*small, *chosen, *arguments])
        output, errors = capfd.readouterr()
        return code, output, errors

    return run
