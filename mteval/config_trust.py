"""What a config may bring about before anything of it is built: no code but mteval's, Hydra's and what the user allows.

Hydra builds its own part of a config (callbacks, launcher, sweeper, logging) by itself, while it composes and starts
jobs, and asks nobody. That part can come from an experiment file of somebody else. So each config that Hydra composes,
every cell of a sweep included, is looked at here before Hydra uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hydra._internal import hydra as hydra_main
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.config_search_path import ConfigSearchPath
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from mteval.config_objects import check_target, targets_of
from mteval.config_secrets import check_no_secrets
from mteval.errors import ConfigError

_BUILT = ("callbacks", "launcher", "sweeper", "job_logging", "hydra_logging")
"""The parts of ``hydra`` that are built or run."""

_OWN = ("mteval.sweeping.Sweeps",)
"""What of mteval's is Hydra's to build."""

_SAFE = re.compile(r"\$\{(?:hydra[.:][\w.]+|output|store|seed|(?:now|oc\.env):[^${}]*)\}")
"""Interpolations that give text, or a part of ``hydra`` that is looked at anyway."""

_HANDLERS = ("logging.StreamHandler", "logging.FileHandler", "logging.NullHandler")
_LOGS = "${hydra.runtime.output_dir}/"

_TRUST = ("trust_remote_code", "trust_pickled_code")
"""Keys that have code of a checkpoint run: ``true`` for all that it brings along, or a list of names."""

_CODE = ("setup", "srun_args", "python", "additional_parameters")
"""Keys of a launcher that become a job's commands, or options of ``sbatch`` that can."""


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's loader of configs, which refuses what would run code that nobody has allowed.

    Attributes:
        words: the overrides that the user gave on the command line, which this process hands to each loader.
        said: those that this loader was given; they go with it to the processes and machines of a sweep.
    """

    words: ClassVar[Sequence[str]] = ()

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        super().__init__(config_search_path)
        self.said = tuple(self.words)

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        config = super().load_configuration(config_name, overrides, run_mode, from_shell, validate_sweep_overrides)
        check_allowed(config, self.said)
        _, repository = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        self._check_hydra(config, repository)
        for name, node in OmegaConf.to_container(config, resolve=False).items():  # type: ignore[union-attr]
            if name != "hydra":  # whose overrides are looked at before it is composed
                check_no_secrets(node, str(name))
                check_trust(node, str(name), self.said)
        return config

    def _check_hydra(self, config: DictConfig, repository: Any) -> None:
        chosen = OmegaConf.to_container(config.hydra, resolve=False)
        if not isinstance(chosen, dict):
            raise ConfigError("hydra", "is an interpolation", "write its keys out")
        built = {name: chosen.get(name) for name in _BUILT}
        for key, text in _texts(built, "hydra"):
            if "${" in _SAFE.sub("", text):
                raise ConfigError(key, f"{text} could bring in anything", "write the value out")
        for key, path in targets_of(chosen, "hydra"):
            if path not in _OWN:
                check_target(key, path, ("hydra", "hydra_plugins", *config.allow), optional="hydra_plugins")
        for name in ("job_logging", "hydra_logging"):
            _check_logging(built[name], f"hydra.{name}")
        self._check_launcher(built["launcher"], chosen["runtime"]["choices"].get("hydra/launcher"), repository)
        job = chosen["job"]
        for name in job["env_set"]:
            if name not in job["env_copy"] and not self._says(r"hydra\.job\.env_set\b", str(name)):
                problem = f"a file may not set the environment's {name}, which could change what is run"
                raise ConfigError(f"hydra.job.env_set.{name}", problem, "give it on the command line, or export it")

    def _check_launcher(self, launcher: Any, name: str | None, repository: Any) -> None:
        """Make sure that a job's commands are the user's own: on the command line, or in the launcher's own file, which
        the command line names; no other file may change them."""
        for key, text in _texts(launcher, "hydra.launcher"):
            if not text.isprintable():
                raise ConfigError(key, f"{text!r} is more than one line, in a job's script", "write it in one line")
        if not isinstance(launcher, dict):
            return
        found = repository.load_config(f"hydra/launcher/{name}") if name else None
        option: Any = OmegaConf.to_container(found.config, resolve=False) if found and found.config else {}
        ours = found is not None and "command-line" not in found.provider and "searchpath" not in found.provider
        named = ours or self._says(r"hydra/launcher\b", str(name))
        for key in _CODE:
            own = option.get(key) if isinstance(option, dict) else None
            given = launcher.get(key)
            if not given or (named and given == own) or self._says(rf"hydra\.launcher(\.{key}\b|=)", ""):
                continue
            where = f"hydra.launcher.{key}"
            problem = "a file may not say what a job runs, unless it is a launcher's own that the command line names"
            raise ConfigError(where, problem, f"give {where}=… or hydra/launcher=NAME on the command line")

    def _says(self, key: str, word: str) -> bool:
        return says(self.said, key, word)


def says(words: Sequence[str], key: str, word: str) -> bool:
    """Whether an override on the command line sets a key, and holds a word.

    Args:
        key: a pattern for the beginning of the key, after any ``+``.
    """
    for override in words:
        if re.match(rf"\+{{0,2}}{key}", override) and re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", override):
            return True
    return False


def check_allowed(config: DictConfig, words: Sequence[str]) -> None:
    """Make sure that each package that may bring code is named on the command line: a file cannot allow it.

    Raises:
        ConfigError: a file allows one.
    """
    for package in config.get("allow") or ():
        if not says(words, r"allow(\.\d+)?=", str(package)):
            problem = f"a file allows {package} to bring code, which only the command line can"
            raise ConfigError("allow", problem, f"if you trust that package, add allow=[{package}]")


def check_trust(node: Any, key: str, words: Sequence[str]) -> None:
    """Make sure that a checkpoint whose own code is run is trusted on the command line: a file cannot do so.

    Args:
        node: a part of the config, unresolved.
        words: the overrides of the command line.

    Raises:
        ConfigError: a file trusts one.
    """
    if isinstance(node, list):
        for index, value in enumerate(node):
            check_trust(value, f"{key}[{index}]", words)
    elif isinstance(node, dict):
        for name, value in node.items():
            where = f"{key}.{name}"
            if name in _TRUST:
                _check_trusted(value, where, words)
            check_trust(value, where, words)


def _check_trusted(value: Any, key: str, words: Sequence[str]) -> None:
    for code in value if isinstance(value, list) else [value]:
        if code is not False and not any(_trusts(word, key, code) for word in words):
            problem = "a file has code that a checkpoint brings along run, which only the command line can"
            said = f"[{code}]" if isinstance(value, list) else "true"
            raise ConfigError(key, problem, f"if you have read that code, add {key}={said}")


def _trusts(word: str, where: str, code: object) -> bool:
    """Whether an override sets this key to true, or names this code in it, alone or with what it belongs to."""
    key, _, value = word.lstrip("+").partition("=")
    name = where.rpartition(".")[2]
    if name == "trust_remote_code":
        alone, within = r"^\s*(?i:true)\s*$", rf"\b{name}\s*:\s*(?i:true)\b"
    elif "${" in str(code):
        return False
    else:
        alone = rf"(?<![\w.]){re.escape(str(code))}(?![\w.])"
        within = rf"\b{name}\s*:\s*\[[^\]]*{alone}"
    if key == where:
        return re.search(alone, value) is not None
    return where.startswith(f"{key}.") and re.search(within, value) is not None


def install(words: Sequence[str]) -> None:
    """Have Hydra load configs by ``CheckedLoader`` from now on.

    Args:
        words: the overrides of the command line.
    """
    CheckedLoader.words = tuple(words)
    hydra_main.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]


def _check_logging(node: Any, key: str) -> None:
    """Make sure that what Python's ``logging`` is told names no code, and no file outside the run's folder.

    Its configuration is a language of its own, in which ``class`` and ``()`` call anything, and a file's name and a
    format together write anything anywhere.
    """
    if isinstance(node, list):
        for index, value in enumerate(node):
            _check_logging(value, f"{key}[{index}]")
    elif isinstance(node, dict):
        for name, value in node.items():
            where = f"{key}.{name}"
            if name in ("()", ".") or (name == "class" and value not in _HANDLERS):
                raise ConfigError(where, f"{value} is not for a config to call", f"use {', '.join(_HANDLERS)}")
            if name == "filename" and not (
                str(value).startswith(_LOGS) and ".." not in Path(value.removeprefix(_LOGS)).parts
            ):
                raise ConfigError(where, "a log is not in the run's folder", f"write {_LOGS}NAME.log")
            _check_logging(value, where)
    elif isinstance(node, str) and re.match(r"(?:ext|cfg)://", node) and not re.fullmatch(r"ext://sys\.std\w+", node):
        raise ConfigError(key, f"{node} is not for a config to name", "use ext://sys.stdout or ext://sys.stderr")


def _texts(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every text in a node, however deep, with its key."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _texts(value, f"{key}.{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(value, f"{key}[{index}]")
    elif isinstance(node, str):
        yield key, node
