"""``mteval run`` on Hydra: composes the config, runs the evaluation and writes the run's folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mteval import failed_cells
from mteval.command_line import fail
from mteval.composition import ROOT, check_config_dirs, check_names, explain, mended, not_yaml, register, unexplained
from mteval.config import Run, build
from mteval.config_secrets import check_words
from mteval.errors import MtevalError, OutputError
from mteval.files import packaged, write_text
from mteval.run_folder import RunFolder, forget_if_empty
from mteval.sweeping import Sweeps, explained, forget_unbegun, given_up, tell_failed

_JOB = Path(__file__).stem
"""What ``hydra.main`` calls a job: by the module of its task."""

_VALUED = {
    *("--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"),
    *("--package", "-p", "--cfg", "-c", "--experimental-rerun"),
}
"""Hydra's flags that take a value."""


def run(arguments: Sequence[str]) -> int:
    """Run with Hydra's command line: overrides such as ``metrics=[chrf]`` and flags such as ``--cfg job``.

    Returns:
        The exit code: 0, 2 for what a user can mend, 130 for Ctrl-C.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come here, and are shown in one line
    arguments = [mended(argument) for argument in _flags_first(arguments)]
    sys.argv = ["mteval run", *arguments]
    config_dirs = _config_dirs(arguments)
    register(config_dirs, arguments)
    failed: list[MtevalError] = []
    existed = _there_before(arguments)
    Sweeps.begun.clear()

    begun: list[bool] = []

    def task(config: DictConfig) -> None:
        begun.append(True)
        swept = HydraConfig.get().mode is RunMode.MULTIRUN
        try:
            _task(config, existed)
        except MtevalError as error:
            if swept:
                _record_failure(error)
            else:
                failed.append(error)
        except Exception as error:
            if not swept:
                raise
            _record_failure(error)  # the other cells go on

    try:
        check_words([argument for argument in arguments if not argument.startswith("-")])
        check_config_dirs(config_dirs)
        _check_sweep(arguments)
        folder = str(packaged("configs").resolve())
        if _is_plain(arguments):
            with hydra.initialize_config_dir(folder, version_base="1.3", job_name=_JOB):
                GlobalHydra.instance().hydra.run(ROOT, task, [*arguments, "hydra.mode=RUN"])  # type: ignore[union-attr]
        else:
            hydra.main(version_base="1.3", config_path=folder, config_name=ROOT)(task)()
        if failed:
            return fail(failed[0])
        return max((tell_failed(sweep) for sweep in Sweeps.begun), default=0)
    except MtevalError as error:
        forget_unbegun(existed)
        return fail(error)
    except (HydraException, OmegaConfBaseException) as error:
        forget_unbegun(existed)
        return fail(explain(error, config_dirs))
    except ValueError as error:  # from Hydra's composing, as for metrics=null
        if begun:
            raise
        return fail(unexplained(error))
    except yaml.MarkedYAMLError as error:
        return fail(not_yaml(error))
    except KeyboardInterrupt:
        print("mteval: stopped; run the same command again to go on from here", file=sys.stderr)
        return 130
    except OSError as error:
        if begun or error.filename is None:
            raise
        problem = error.strerror or str(error)  # Hydra could not make the run's folder
        return fail(OutputError(str(error.filename), problem, "choose another with output=FOLDER"))
    except Exception as error:
        if (lacking := explained(error)) is not None:
            forget_unbegun(existed)
            return fail(lacking)
        if not given_up(error):
            raise
        return max(2, *map(tell_failed, Sweeps.begun))


def _is_plain(arguments: Sequence[str]) -> bool:
    """Whether all arguments are overrides after which Hydra must start one job from the root config alone.

    ``hydra.main`` composes the config once only to read there whether it says ``hydra.mode: MULTIRUN``, which takes a
    tenth of the default run.
    """
    return not any(
        argument.startswith("-") or re.match(r"[+~]*(hydra|experiment)\b", argument) for argument in arguments
    )


def _task(config: DictConfig, existed: Collection[Path]) -> None:
    output = Path(HydraConfig.get().runtime.output_dir)  # which Hydra has made already
    try:
        chosen = HydraConfig.get()
        given: Any = OmegaConf.to_container(chosen.overrides.task, resolve=False)  # one may hold an interpolation
        check_names(str(chosen.job.config_name), given)
        run = build(config)
        with RunFolder(output, run.overwrite) as folder:
            _run(run, config, folder)
    finally:
        forget_if_empty(output, existed)


def _record_failure(error: Exception) -> None:
    """Write into a cell's folder why it failed; where that cannot be written, Hydra must tell it."""
    chosen = HydraConfig.get()
    try:
        given: Any = OmegaConf.to_container(chosen.overrides.task, resolve=False)  # what one looks up may be secret
        failed_cells.record(Path(chosen.runtime.output_dir), given, error)
    except (MtevalError, OSError):
        raise error from None


def _there_before(arguments: Sequence[str]) -> Collection[Path]:
    """The folders on the way to the run's folder that are there before Hydra makes any; all, if it is not known."""
    named = _named_output(arguments)
    if named is None and any(flag.startswith(("--config-name", "-cn")) for flag in arguments):
        return [Path.cwd(), *Path.cwd().parents]
    output = named or Path("runs").absolute()
    return [folder for folder in (output, *output.parents) if folder.exists()]


def _named_output(arguments: Sequence[str]) -> Path | None:
    """The folder that ``output=`` names; ``None`` if nothing does."""
    named = [argument.partition("=")[2] for argument in arguments if argument.startswith("output=")]
    return Path(named[-1].strip("'\"")).expanduser().absolute() if named else None


def _run(run: Run, config: DictConfig, folder: RunFolder) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from mteval.delivery import check, deliver

    check(run.trackers)
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        result = run.evaluation.run(progress)
    result = replace(result, record={**result.record, "metric_configs": run.metric_configs, "config": run.config})
    if run.people:
        result = replace(result, record={**result.record, "people": run.people})
    deliver(result, run.reports, run.trackers, folder, lambda partial: _write_hydra(config, partial / ".hydra"))


def _write_hydra(config: DictConfig, folder: Path) -> None:
    """Write what Hydra would have written into ``.hydra/``, had it known that the run would succeed."""
    whole = HydraConfig.get()
    write_text(folder / "config.yaml", OmegaConf.to_yaml(config))
    write_text(folder / "hydra.yaml", OmegaConf.to_yaml(OmegaConf.create({"hydra": whole})))
    write_text(folder / "overrides.yaml", OmegaConf.to_yaml(whole.overrides.task))


def _flags_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with flags before overrides, since Hydra's parser takes no flag between two overrides."""
    flags: list[str] = []
    overrides: list[str] = []
    last: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-"):
            overrides.append(argument)
        elif argument in ("--info", "-i"):  # its value is optional, so it would take an override for it
            last = [argument, *([rest.pop(0)] if rest and "=" not in rest[0] else [])]
        else:
            flags.extend([argument, *([rest.pop(0)] if rest and argument in _VALUED else [])])
    return [*flags, *overrides, *last]


def _config_dirs(arguments: Sequence[str]) -> list[Path]:
    """The folders that ``--config-dir`` names."""
    named = []
    for index, flag in enumerate(arguments):
        name, equals, given = flag.partition("=")
        if name in ("--config-dir", "-cd"):
            named.append(Path(given if equals else "".join(arguments[index + 1 : index + 2])))
    return named


def _check_sweep(arguments: Sequence[str]) -> None:
    """A sweep's folder must be new or empty: Hydra writes into it before any cell has been built."""
    if not {"-m", "--multirun"} & set(arguments) or "overwrite=true" in arguments:
        return
    folder = _named_output(arguments)
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        remedy = "choose another with output=FOLDER, or add overwrite=true"
        raise OutputError(str(folder), "the sweep's folder is not empty", remedy)
