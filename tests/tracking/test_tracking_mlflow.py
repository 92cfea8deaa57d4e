"""MLflow as a tracker, with the real library and its file store: no server, no network."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

import pytest

from mteval.environment import version
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.report.fakes import SIGNATURES, fake_result
from mteval.tracking.base import numbers
from mteval.tracking.fakes import renamed
from mteval.tracking.mlflow import MLflow, shortened

# Not pytest.importorskip: an import before the tracker's own would send telemetry.
pytestmark = pytest.mark.skipif(find_spec("mlflow") is None, reason="MLflow is not installed: the extra tracking")

FILES = (PurePath(".hydra/config.yaml"), PurePath("leaderboard.md"), PurePath("run.json"))


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow as the tracker sets it up, in tests that call it themselves too."""
    for key in ("MLFLOW_DISABLE_TELEMETRY", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.setenv(key, "true")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, with a file in it that is no part of the run."""
    folder = tmp_path / "2025-01-31_12-00-00"
    for file in (*FILES, PurePath("mine.txt")):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(f"this is {file}", encoding="utf-8")
    return folder


def client(store: Path) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=store.absolute().as_uri())


def runs(store: Path, experiment: str = "mteval") -> list[Any]:
    found = client(store).get_experiment_by_name(experiment)
    return list(client(store).search_runs([found.experiment_id]))


def test_a_run_is_read_back_whole(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "é [x] #1%"
    tracker = MLflow(str(store))
    tracker.check()
    assert not store.exists()
    where = tracker.log(fake_result(), folder, FILES)
    (run,) = runs(store)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == folder.name
    assert run.info.run_id in where
    assert str(store) in where
    assert run.data.tags["mteval.version"] == version("mteval")
    assert run.data.metrics == {"/".join(key): value for key, value in numbers(fake_result()).items()}
    assert run.data.metrics["pt-en/apertium/bleu"] == 17.94
    assert "pt-en/silent/bleu" not in run.data.metrics
    assert run.data.params == {
        "eval_set": "tiny",
        "lang_pairs": "pt-en",
        "seed": "12345",
        **{f"signature/pt-en/{metric}": signature for metric, signature in SIGNATURES.items()},
    }
    artifacts = store / run.info.experiment_id / run.info.run_id / "artifacts"
    there = {file.relative_to(artifacts) for file in artifacts.rglob("*") if file.is_file()}
    assert there == set(map(Path, FILES))
    assert [file.path for file in client(store).list_artifacts(run.info.run_id)] == [
        ".hydra",
        "leaderboard.md",
        "run.json",
    ]
    assert (artifacts / FILES[0]).read_text("utf-8") == f"this is {FILES[0]}"
    assert capfd.readouterr() == ("", "")


def test_each_run_is_one_run_of_an_experiment_and_may_be_named(folder: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        tracker = MLflow((tmp_path / "store").as_uri(), experiment="my study", run_name=name)
        tracker.check()
        tracker.log(fake_result(), folder, FILES[1:])
    assert {run.info.run_name for run in runs(tmp_path / "store", "my study")} == {"first", "second"}


def test_names_that_mlflow_refuses_are_replaced_and_never_merged(folder: Path, tmp_path: Path) -> None:
    odd = renamed(fake_result(), {"opus": "my/model (2)", "silent": "my+model (2)", "human": ".."})
    MLflow(str(tmp_path / "store")).log(odd, folder, FILES)
    (run,) = runs(tmp_path / "store")
    assert len(run.data.metrics) == len(numbers(odd))
    assert run.data.metrics["pt-en/_./kiwi"] == 0.8801
    mine = sorted(name for name in run.data.metrics if name.endswith("/kiwi") and "/my_model _2__" in name)
    assert sorted(run.data.metrics[name] for name in mine) == [0.6, 0.8312]


def test_a_value_that_is_too_long_is_cut_and_says_so() -> None:
    assert shortened("x" * 6000) == "x" * 6000
    one, other = shortened("x" * 6001), shortened("x" * 6002)
    assert len(one) == len(other) == 6000
    assert "… (cut; sha256:" in one
    assert one != other


def test_a_run_that_cannot_be_logged_whole_is_marked_as_failed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone\.txt"):
        MLflow(str(tmp_path / "store")).log(fake_result(), folder, [PurePath("gone.txt")])
    (run,) = runs(tmp_path / "store")
    assert run.info.status == "FAILED"


def test_what_cannot_work_is_said_before_the_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = tmp_path / "store"
    MLflow(str(store), experiment="gone").log(fake_result(), folder, FILES)
    client(store).delete_experiment(client(store).get_experiment_by_name("gone").experiment_id)
    for tracker, error, message in (
        (MLflow(str(tmp_path / "file")), ConfigError, "file is no folder; name a folder"),
        (MLflow(str(tmp_path / "file" / "below")), ConfigError, "file is no folder"),
        (MLflow(str(store), experiment="gone"), ConfigError, "the experiment gone has been deleted"),
        (MLflow("htp://127.0.0.1"), UnavailableError, "htp://127.0.0.1: MLflow cannot use it"),
        (MLflow("http://me:secret@127.0.0.1:9"), UnavailableError, "^http://127.0.0.1:9: MLflow cannot use it"),
    ):
        with pytest.raises(error, match=message) as raised:
            tracker.check()
        assert "secret" not in str(raised.value)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UnavailableError, match=r"pip install 'mteval\[tracking\]'"):
        MLflow(str(store)).check()


@pytest.mark.parametrize("settings", [{"uri": ""}, {"experiment": " "}, {"run_name": ""}])
def test_settings_are_checked(settings: dict[str, str]) -> None:
    with pytest.raises(MtevalError, match=f"{next(iter(settings))}: .* is no name"):
        MLflow(**settings)
