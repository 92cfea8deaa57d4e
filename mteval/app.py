"""``mteval run`` on Hydra: composes the config, runs the evaluation and writes the run's folder."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mteval.config import Run, RunConfig, build
from mteval.errors import ConfigError, MtevalError, OutputError
from mteval.files import packaged, write_text
from mteval.lang_pair_source import LangPairSource

_KEYS = "see mteval run --cfg job for the keys"


def run(arguments: Sequence[str]) -> int:
    """Run with Hydra's command line: overrides such as ``metrics=[chrf]`` and flags such as ``--cfg job``.

    Returns:
        The exit code: 0, 2 for what a user can mend, 130 for Ctrl-C.
    """
    Plugins.instance().register(LangPairSource)
    ConfigStore.instance().store(name="run_schema", node=RunConfig, provider="mteval")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come here, and are shown in one line
    sys.argv = ["mteval run", *arguments]
    try:
        _check_flags(arguments)
        hydra.main(version_base="1.3", config_path=str(packaged("configs").resolve()), config_name="run")(_task)()
    except MtevalError as error:
        return _fail(error)
    except (HydraException, OmegaConfBaseException) as error:
        return _fail(_explain(error))
    except KeyboardInterrupt:
        print("mteval: stopped; run the same command again to go on from here", file=sys.stderr)
        return 130
    except OSError as error:
        if error.filename is None:
            raise
        return _fail(
            OutputError(str(error.filename), error.strerror or str(error), "choose another with output=FOLDER")
        )
    return 0


def _fail(error: MtevalError) -> int:
    print(f"mteval: error: {error}", file=sys.stderr)
    return 2


def _task(config: DictConfig) -> None:
    output = Path(HydraConfig.get().runtime.output_dir)
    try:
        _run(build(config), config, output)
    finally:
        with suppress(OSError):  # Hydra has made the folder already; a run that came to nothing leaves none behind
            output.rmdir()
            output.parent.rmdir()


def _run(run: Run, config: DictConfig, output: Path) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from mteval.report.record import Record
    from mteval.report.segments import Segments
    from mteval.report.terminal import show
    from mteval.report.verdicts import Verdicts

    _check_output(output, run.overwrite)
    screen, errors = Console(), Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        result = run.evaluation.run(progress)
    partial = output.with_name(f".{output.name}.part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        written = [report.write(result, partial) for report in run.reports.values()]
        for always in (Segments(), Verdicts(), Record()):
            always.write(result, partial)
        _write_hydra(config, partial / ".hydra")
        _replace(output, partial, run.overwrite)
    except OSError as error:
        raise OutputError(str(output), error.strerror or str(error), "choose another with output=FOLDER") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    show(result, screen)
    best = next((file for file in written if file.suffix == ".html"), written[0] if written else partial / "run.json")
    shown = os.path.relpath(output / best.name)
    screen.print(
        f"Report: {shown if not shown.startswith('..') else output / best.name}", soft_wrap=True, highlight=False
    )


def _check_output(output: Path, overwrite: bool) -> None:
    """Make sure that the run's folder can be written, before anything is translated."""
    if any(output.iterdir()) and not overwrite:
        raise OutputError(
            str(output), "the folder is not empty", "choose another with output=FOLDER, or overwrite=true"
        )
    if not os.access(output, os.W_OK) or not os.access(output.parent, os.W_OK):
        raise OutputError(str(output), "the folder cannot be written", "choose another with output=FOLDER")


def _replace(output: Path, partial: Path, overwrite: bool) -> None:
    """Put a finished run in its place in one step."""
    if overwrite:
        shutil.rmtree(output, ignore_errors=True)
    partial.rename(output)


def _write_hydra(config: DictConfig, folder: Path) -> None:
    """Write what Hydra would have written into ``.hydra/``, had it known that the run would succeed."""
    whole = HydraConfig.get()
    write_text(folder / "config.yaml", OmegaConf.to_yaml(config))
    write_text(folder / "hydra.yaml", OmegaConf.to_yaml(OmegaConf.create({"hydra": whole})))
    write_text(folder / "overrides.yaml", OmegaConf.to_yaml(whole.overrides.task))


def _check_flags(arguments: Sequence[str]) -> None:
    """A ``--config-dir`` that is not there is named, since Hydra passes it over in silence."""
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, given = flag.partition("=")
        if name in ("--config-dir", "-cd"):
            folder = given if equals else value
            if not Path(folder).is_dir():
                raise ConfigError(name, f"no such folder {folder!r}", "give the folder that holds your configs")


def _explain(error: Exception) -> ConfigError:
    """Hydra's and OmegaConf's errors as one line that names the key and the remedy."""
    cause: Any = error.__cause__
    if type(error) is ConfigCompositionException and isinstance(cause, HydraException | OmegaConfBaseException):
        if not str(error):
            return _explain(cause)
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        options = ", ".join(error.options or ())
        if group:
            return ConfigError(group, f"there is no option {option!r}", f"choose one of {options}")
        return ConfigError("--config-name", f"there is no config {option!r}", "check the name and --config-dir")
    found = re.search(r"Could not override '([^']+)'", text) or re.search(
        r"Could not append to config\. .*'([^']+)'", text
    )
    if found:
        key = found.group(1)
        reason = str(cause).splitlines()[0] if cause is not None else "no such key"
        if "is not in struct" in reason or "not in" in reason:
            return ConfigError(
                key, "unknown key", "see mteval run --cfg job for the keys; a new entry needs a + before it"
            )
        return ConfigError(key, reason, "give a value of the right type")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    key = getattr(error, "full_key", None) or "config"
    if isinstance(error, OmegaConfBaseException):
        return ConfigError(
            str(key), lines[0] if lines else type(error).__name__, "see mteval run --cfg job for the keys"
        )
    return ConfigError(str(key), " ".join(lines[:3]) or type(error).__name__, "see mteval run --help")
