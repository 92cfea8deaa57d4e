"""MLflow as a tracker: a folder that needs no server and no network, or a tracking server."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from mteval.environment import version
from mteval.errors import ConfigError, UnavailableError
from mteval.files import resolve
from mteval.network import check_online
from mteval.report.base import RunResult
from mteval.tracking.base import INSTALL, Tracker, check_folder, first_line, name_of, named, numbers, parameters

_REFUSED = r"[^\w .-]|^\."
"""MLflow takes letters, digits, ``_``, ``-``, ``.`` and spaces; its file store makes a file of each name."""

_LONGEST_VALUE = 6000
"""Characters of a parameter's value; MLflow itself would cut a longer one without saying so."""

_URI = re.compile(r"[a-z][a-z0-9+-]+:|databricks(-uc)?$")

_QUIET = (
    "MLFLOW_DISABLE_TELEMETRY",  # sent from a thread that is started on import
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT",
    "MLFLOW_ALLOW_FILE_STORE",  # newer ones refuse a folder otherwise, and ask for a database
)
"""What MLflow reads from the environment; what the user has set there stays."""

_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
"""With what a server that does not answer is found out in seconds; MLflow itself tries for some minutes."""


class MLflow(Tracker):
    """Logs to MLflow.

    A folder needs no network: MLflow's own telemetry is off unless ``MLFLOW_DISABLE_TELEMETRY=false`` is set.

    Args:
        uri: a folder, in which MLflow keeps runs as files, or a tracking URI: ``https://…``, ``sqlite:///FILE``.
            Databases need the whole of ``mlflow``, not ``mlflow-skinny`` alone.
        experiment: which the run belongs to; it is made if it is not there.
        run_name: the run's; ``None`` is the name of its folder.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(self, uri: str = "mlruns", experiment: str = "mteval", run_name: str | None = None) -> None:
        for key, text in (("uri", uri), ("experiment", experiment), ("run_name", run_name)):
            if text is not None and not text.strip():
                raise ConfigError(key, f"{text!r} is no name", "write one, or leave the key out")
        self._where = _without_password(uri)
        self._folder = None if _URI.match(uri) else resolve(uri).absolute()
        self._uri = uri if self._folder is None else self._folder.as_uri()
        self._experiment = experiment
        self._run_name = run_name

    def check(self) -> None:
        """Make sure that MLflow is installed, and that the folder can be written or the server answers.

        Raises:
            UnavailableError: MLflow is not installed, or what ``uri`` names cannot be opened.
            ConfigError: the folder cannot be used, or the experiment has been deleted.
        """
        _mlflow()
        if self._folder is not None:
            check_folder(self._folder, "tracking.mlflow.uri")
            if not self._folder.exists():
                return  # opening it would make it
        elif self._uri.startswith(("http:", "https:")):
            check_online("tracking.mlflow.uri", self._uri)
        try:
            with _impatience():
                found = self._client().get_experiment_by_name(self._experiment)
        except Exception as error:  # MLflow passes on what its stores raise: requests', SQLAlchemy's, OSError
            raise UnavailableError(
                self._where,
                f"MLflow cannot use it ({_without_password(first_line(error))})",
                "correct tracking.mlflow.uri, or start the server; a database needs pip install mlflow",
            ) from None
        if found is not None and found.lifecycle_stage != "active":
            problem = f"the experiment {self._experiment} has been deleted in {self._where}"
            raise ConfigError("tracking.mlflow.experiment", problem, "name another, or restore it")

    def log(self, result: RunResult, folder: Path, files: Sequence[PurePath]) -> str:
        client = self._client()
        from mlflow.entities import Metric, Param

        tags = {"mteval.version": version("mteval") or "unknown"}
        run = client.create_run(self._experiment_id(client), tags=tags, run_name=self._run_name or name_of(folder)).info
        try:
            now = int(time.time() * 1000)
            client.log_batch(
                run.run_id,
                metrics=[Metric(name, value, now, 0) for name, value in named(numbers(result), _REFUSED).items()],
                params=[Param(name, shortened(text)) for name, text in named(parameters(result), _REFUSED).items()],
            )
            for file in files:
                client.log_artifact(run.run_id, str(folder / file), str(file.parent) if file.parent.name else None)
        except BaseException:
            client.set_terminated(run.run_id, "FAILED")
            raise
        client.set_terminated(run.run_id)
        return f"MLflow run {run.run_name} ({run.run_id}) of experiment {self._experiment} in {self._where}"

    def _client(self) -> Any:
        _mlflow()
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self._uri)

    def _experiment_id(self, client: Any) -> str:
        found = client.get_experiment_by_name(self._experiment)
        if found is None:
            try:
                return str(client.create_experiment(self._experiment))
            except Exception:
                found = client.get_experiment_by_name(self._experiment)  # another run has just made it
                if found is None:
                    raise
        return str(found.experiment_id)


def shortened(text: str) -> str:
    """A value that MLflow takes: one too long is cut, and ends in the SHA-256 of the whole."""
    if len(text) <= _LONGEST_VALUE:
        return text
    end = f"… (cut; sha256:{hashlib.sha256(text.encode()).hexdigest()})"
    return text[: _LONGEST_VALUE - len(end)] + end


def _mlflow() -> None:
    """Import MLflow, with what it would print and send by itself turned off.

    Raises:
        UnavailableError: it is not installed.
    """
    for key in _QUIET:
        os.environ.setdefault(key, "true")
    try:
        import mlflow  # noqa: F401
    except ImportError as error:
        raise UnavailableError("tracking.mlflow", f"MLflow cannot be imported ({error})", INSTALL) from None


@contextmanager
def _impatience() -> Iterator[None]:
    """MLflow gives up soon in here, unless the user has set how long it tries."""
    hasty = {key: value for key, value in _IMPATIENT.items() if key not in os.environ}
    os.environ.update(hasty)
    try:
        yield
    finally:
        for key in hasty:
            del os.environ[key]


def _without_password(text: str) -> str:
    """A text that may be shown: what stands before the ``@`` of a URI is left out."""
    return re.sub(r"//[^/@\s]*@", "//", text)
