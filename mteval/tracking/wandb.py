"""Weights & Biases as a tracker: online, or offline into a folder that ``wandb sync`` uploads later."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from mteval.environment import version
from mteval.errors import ConfigError, UnavailableError
from mteval.files import resolve
from mteval.network import check_online
from mteval.report.base import RunResult
from mteval.tracking.base import INSTALL, Tracker, check_folder, first_line, name_of, named, numbers, parameters

MODES = ("online", "offline")

_REFUSED = r"[^A-Za-z0-9_]"
"""W&B takes other characters, and then does not sort or filter runs by that name."""

_QUIET = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
"""What W&B reads from the environment when it is imported; what the user has set there stays."""


class WandB(Tracker):
    """Logs to Weights & Biases.

    Besides the run W&B keeps what it always tells of a machine: its make, its Python packages, the command. Code, the
    state of git, machine statistics and what is printed are left out, and reports of W&B's own errors too, unless
    ``WANDB_ERROR_REPORTING=true`` is set. Offline nothing is sent at all.

    Args:
        project: which the run belongs to; W&B makes it if it is not there.
        entity: the user or team that the project belongs to; ``None`` is the one that W&B logs in as.
        mode: ``online``, or ``offline`` for a folder that ``wandb sync`` uploads.
        folder: where W&B makes its folder ``wandb``, which holds a folder a run, online too.
        run_name: the run's; ``None`` is the name of its folder.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        project: str = "mteval",
        entity: str | None = None,
        mode: str = "online",
        folder: str = ".",
        run_name: str | None = None,
    ) -> None:
        for key, text in (("project", project), ("entity", entity), ("folder", folder), ("run_name", run_name)):
            if text is not None and not text.strip():
                raise ConfigError(key, f"{text!r} is no name", "write one, or leave the key out")
        if mode not in MODES:
            raise ConfigError("mode", f"{mode!r} is not one of its values", f"choose from {', '.join(MODES)}")
        self._project = project
        self._entity = entity
        self._mode = mode
        self._folder = resolve(folder).absolute()
        self._run_name = run_name

    def check(self) -> None:
        """Make sure that W&B is installed, its folder can be written and, online, that it lets us in.

        Raises:
            UnavailableError: W&B is not installed, no key is known, or the server refuses it or does not answer.
            ConfigError: the folder cannot be used.
        """
        wandb = _wandb()
        check_folder(self._folder, "tracking.wandb.folder")
        if self._mode == "offline":
            return
        instead = "or set tracking.wandb.mode=offline and upload later with wandb sync"
        if not (wandb.api.api_key or os.environ.get("WANDB_IDENTITY_TOKEN_FILE")):  # wandb.login would ask for it
            raise UnavailableError("tracking.wandb", "no API key is known", f"call wandb login once, {instead}")
        check_online("tracking.wandb", str(wandb.api.settings("base_url")))
        try:
            wandb.login(verify=True)
        except Exception as error:
            problem = f"W&B cannot be logged in to ({first_line(error)})"
            raise UnavailableError("tracking.wandb", problem, f"correct the key or the network, {instead}") from None

    def log(self, result: RunResult, folder: Path, files: Sequence[PurePath]) -> str:
        wandb = _wandb()
        config = {"mteval": version("mteval"), **named(parameters(result), _REFUSED)}
        scores = named(numbers(result), _REFUSED)
        with wandb.init(
            project=self._project,
            entity=self._entity,
            mode=self._mode,
            dir=str(self._folder),
            name=self._run_name or name_of(folder),
            config=config,
            settings=wandb.Settings(
                console="off", silent=True, disable_git=True, save_code=False, x_disable_stats=True
            ),
        ) as run:
            for file in files:
                self._save(run, folder / file, file)
            run.log(scores)
            if self._mode == "online":
                return f"W&B run {run.name} at {run.url}"
            return f"W&B run {run.name}, offline; to upload it: wandb sync {Path(run.dir).parent}"

    def _save(self, run: Any, source: Path, name: PurePath) -> None:
        """Copy a file into the run's own folder, where W&B would link it, and let W&B know of it.

        A link would lead nowhere, or to another run, by the time that an offline run is uploaded.
        """
        copy = Path(run.dir, name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        run.save(glob.escape(str(copy)), base_path=glob.escape(run.dir), policy="now")


def _wandb() -> Any:
    """W&B's module.

    Raises:
        UnavailableError: it is not installed.
    """
    for key, value in _QUIET.items():
        os.environ.setdefault(key, value)
    try:
        import wandb
    except ImportError as error:
        raise UnavailableError("tracking.wandb", f"W&B cannot be imported ({error})", INSTALL) from None
    return wandb
