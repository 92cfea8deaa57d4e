"""Weights & Biases as a tracker, with the real library, offline."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

import pytest

from mteval.environment import version
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.report.fakes import SIGNATURES, fake_result
from mteval.tracking.base import numbers
from mteval.tracking.fakes import renamed
from mteval.tracking.wandb import WandB

# Not pytest.importorskip: an import before the tracker's own would let W&B report its errors.
pytestmark = pytest.mark.skipif(find_spec("wandb") is None, reason="W&B is not installed: the extra tracking")

FILES = (PurePath(".hydra/config.yaml"), PurePath("leaderboard.md"), PurePath("run.json"))


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """W&B without a key, with its caches in a folder of the test; its service ends with the test."""
    for key in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "HOME"):
        monkeypatch.setenv(key, str(tmp_path / "home"))
    for key in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE", "WANDB_DIR", "NETRC"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # should anything be sent after all
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_SILENT", "true")
    import wandb

    yield
    wandb.teardown()


def records(run: Path) -> list[Any]:
    """What an offline run would upload."""
    from wandb.proto.wandb_internal_pb2 import Record
    from wandb.sdk.internal.datastore import DataStore

    (file,) = run.glob("*.wandb")
    store = DataStore()
    store.open_for_scan(str(file))
    found = []
    while (data := store.scan_data()) is not None:
        record = Record()
        record.ParseFromString(data)
        found.append(record)
    return found


def test_an_offline_run_is_read_back_whole(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder, parent = tmp_path / "2025-01-31_12-00-00", tmp_path / "é [x] #1%"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(f"this is {file}", encoding="utf-8")
    tracker = WandB(mode="offline", folder=str(parent))
    tracker.check()
    assert not parent.exists()
    odd = renamed(fake_result(), {"opus": "my-model", "silent": "my_model"})
    where = tracker.log(odd, folder, FILES)
    assert capfd.readouterr() == ("", "")
    shutil.rmtree(folder)  # what will be uploaded is W&B's own
    (run,) = (parent / "wandb").glob("offline-run-*")
    assert where.endswith(f"wandb sync {run}")
    assert [(run / "files" / file).read_text("utf-8") for file in FILES] == [f"this is {file}" for file in FILES]
    told = records(run)
    assert {file.path for record in told for file in record.files.files} >= {file.as_posix() for file in FILES}
    ((begun),) = [record.run for record in told if record.HasField("run")]
    assert (begun.project, begun.display_name) == ("mteval", folder.name)
    config = {item.key: json.loads(item.value_json) for item in begun.config.update}
    assert {key: value for key, value in config.items() if not key.startswith("_")} == {
        "mteval": version("mteval"),
        "eval_set": "tiny",
        "lang_pairs": "pt-en",
        "seed": "12345",
        **{f"signature/pt_en/{metric}": signature for metric, signature in SIGNATURES.items()},
    }
    ((history),) = [record.history for record in told if record.HasField("history")]
    logged = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in history.item}
    scores = {name: value for name, value in logged.items() if not name.startswith("_")}
    assert len(scores) == len(numbers(odd))
    assert scores["pt_en/apertium/bleu"] == 17.94
    assert scores["pt_en/human/garbled_share"] == 0.0
    mine = sorted(scores[name] for name in scores if name.startswith("pt_en/my_model_") and name.endswith("/kiwi"))
    assert mine == [0.6, 0.8312]


def test_what_cannot_work_is_said_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"no API key is known; call wandb login once, or set .*mode=offline"):
        WandB().check()
    monkeypatch.setenv("WANDB_API_KEY", "short")
    with pytest.raises(UnavailableError, match="W&B cannot be logged in to"):
        WandB().check()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="file is no folder"):
        WandB(mode="offline", folder=str(tmp_path / "file")).check()
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UnavailableError, match=r"pip install 'mteval\[tracking\]'"):
        WandB(mode="offline").check()


@pytest.mark.parametrize(
    "settings", [{"project": ""}, {"entity": " "}, {"folder": ""}, {"run_name": ""}, {"mode": "disabled"}]
)
def test_settings_are_checked(settings: dict[str, str]) -> None:
    with pytest.raises(MtevalError, match=f"{next(iter(settings))}: .* is "):
        WandB(**settings)
