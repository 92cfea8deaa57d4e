"""``mteval run`` on Hydra: composes the config, runs the evaluation and writes the run's folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mteval.config import Run, RunConfig, build
from mteval.errors import ConfigError, MtevalError, OutputError
from mteval.files import packaged, write_text
from mteval.lang_pair_source import LangPairSearchPath, LangPairSource
from mteval.report.plain import plain
from mteval.run_folder import RunFolder, forget_if_empty

_KEYS = "see mteval run --cfg job for the keys"
_VALUED = {
    *("--config-dir", "-cd", "--config-name", "-cn", "--config-path", "-cp"),
    *("--package", "-p", "--cfg", "-c", "--experimental-rerun"),
}
"""Hydra's flags that take a value."""


def register() -> None:
    """Tell Hydra of the root config's schema and of the lang pairs that have no file."""
    Plugins.instance().register(LangPairSource)
    Plugins.instance().register(LangPairSearchPath)
    OmegaConf.register_new_resolver("home", lambda path: str(Path(path).expanduser()), replace=True)
    ConfigStore.instance().store(name="run_schema", node=RunConfig, provider="mteval")


def run(arguments: Sequence[str]) -> int:
    """Run with Hydra's command line: overrides such as ``metrics=[chrf]`` and flags such as ``--cfg job``.

    Returns:
        The exit code: 0, 2 for what a user can mend, 130 for Ctrl-C.
    """
    register()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come here, and are shown in one line
    arguments = [_quoted(argument) for argument in _flags_first(arguments)]
    sys.argv = ["mteval run", *arguments]
    LangPairSource.yields_to = _config_dirs(arguments)
    failed: list[MtevalError] = []
    existed = _there_before(arguments)

    begun: list[bool] = []

    def task(config: DictConfig) -> None:
        begun.append(True)
        try:
            _task(config, existed)
        except MtevalError as error:
            if HydraConfig.get().mode is RunMode.MULTIRUN:
                raise  # Hydra says which cell of the sweep it was
            failed.append(error)

    try:
        _check_flags(arguments)
        _check_sweep(arguments)
        hydra.main(version_base="1.3", config_path=str(packaged("configs").resolve()), config_name="run")(task)()
        if failed:
            return _fail(failed[0])
    except MtevalError as error:
        return _fail(error)
    except (HydraException, OmegaConfBaseException) as error:
        return _fail(_explain(error))
    except ValueError as error:  # from Hydra's composing, as for metrics=null
        if begun:
            raise
        return _fail(ConfigError("config", _first_line(error), _KEYS))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{mark.name}:{mark.line + 1}" if mark else "config"
        return _fail(ConfigError(where, f"not YAML ({error.problem})", "correct the file"))
    except KeyboardInterrupt:
        print("mteval: stopped; run the same command again to go on from here", file=sys.stderr)
        return 130
    except OSError as error:
        if begun or error.filename is None:
            raise
        problem = error.strerror or str(error)  # Hydra could not make the run's folder
        return _fail(OutputError(str(error.filename), problem, "choose another with output=FOLDER"))
    return 0


def _fail(error: MtevalError) -> int:
    print(f"mteval: error: {plain(str(error))}", file=sys.stderr)
    return 2


def _task(config: DictConfig, existed: Collection[Path]) -> None:
    output = Path(HydraConfig.get().runtime.output_dir)  # which Hydra has made already
    try:
        _check_names()
        run = build(config)
        with RunFolder(output, run.overwrite) as folder:
            _run(run, config, folder)
    finally:
        forget_if_empty(output, existed)


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

    from mteval.report.record import Record
    from mteval.report.segments import Segments
    from mteval.report.terminal import show
    from mteval.report.verdicts import Verdicts

    always = (Segments(), Verdicts(), Record())
    screen, errors = Console(), Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True) as progress:
        result = run.evaluation.run(progress)
    written: list[str] = []

    def write(partial: Path) -> None:
        written.extend(report.write(result, partial).name for report in (*run.reports.values(), *always))
        _write_hydra(config, partial / ".hydra")

    folder.fill(write)
    show(result, screen)
    best = next((name for name in written if name.endswith(".html")), written[0])
    shown = os.path.relpath(folder.path / best)
    screen.print(
        f"Report: {folder.path / best if shown.startswith('..') else shown}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


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


def _quoted(argument: str) -> str:
    """An override whose value Hydra's grammar would stumble over, as a path with an accent or a brace, in quotes."""
    key, equals, value = argument.partition("=")
    if not equals or argument.startswith("-") or value[:1] in ("[", "'", '"') or re.match(r"\{\s*\w+\s*:", value):
        return argument
    parser = OverridesParser.create()
    try:
        parser.parse_override(argument)
    except HydraException:
        quoted = f"{key}='" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        try:
            parser.parse_override(quoted)
        except HydraException:
            return argument
        return quoted
    return argument


def _config_dirs(arguments: Sequence[str]) -> list[Path]:
    """The folders that ``--config-dir`` names."""
    named = []
    for index, flag in enumerate(arguments):
        name, equals, given = flag.partition("=")
        if name in ("--config-dir", "-cd"):
            named.append(Path(given if equals else "".join(arguments[index + 1 : index + 2])))
    return named


def _check_flags(arguments: Sequence[str]) -> None:
    """A ``--config-dir`` that is not there is named, since Hydra passes it over in silence."""
    for folder in _config_dirs(arguments):
        if not folder.is_dir():
            raise ConfigError(
                "--config-dir", f"no such folder {str(folder)!r}", "give the folder that holds your configs"
            )


def _check_sweep(arguments: Sequence[str]) -> None:
    """A sweep's folder must be new or empty: Hydra writes into it before any cell has been built."""
    if not {"-m", "--multirun"} & set(arguments) or "overwrite=true" in arguments:
        return
    folder = _named_output(arguments)
    if folder is not None and folder.is_dir() and any(folder.iterdir()):
        remedy = "choose another with output=FOLDER, or add overwrite=true"
        raise OutputError(str(folder), "the sweep's folder is not empty", remedy)


def _check_names() -> None:
    """Refuse two chosen files that define an entry of one name, which Hydra would merge in silence."""
    loader = GlobalHydra.instance().config_loader()
    chosen = HydraConfig.get()
    task: Any = OmegaConf.to_container(chosen.overrides.task, resolve=False)  # one may hold an interpolation
    defaults = loader.compute_defaults_list(chosen.job.config_name, task, RunMode.RUN)
    seen: dict[tuple[str, str], str] = {}
    for default in defaults.defaults:
        group, _, option = str(default.config_path).rpartition("/")
        if group not in ("systems", "metrics", "garble", "report"):
            continue
        found = loader.repository.load_config(str(default.config_path))  # type: ignore[attr-defined]
        for name in found.config if found is not None else ():
            if (first := seen.get((group, str(name)))) is not None:
                raise ConfigError(
                    f"{group}.{name}",
                    f"the name is used twice, in {group}/{first} and in {group}/{option}",
                    "choose one of them, or rename one of the two",
                )
            seen[group, str(name)] = option


def _explain(error: Exception) -> ConfigError:
    """Hydra's and OmegaConf's errors as one line that names the key and the remedy."""
    cause: Any = error.__cause__
    known = isinstance(cause, HydraException | OmegaConfBaseException)
    if type(error) is ConfigCompositionException and known and not str(error):
        return _explain(cause)
    text = str(error)
    if found := re.search(r"Could not (?:find|load) '([^']*)'", text):
        group, _, option = found.group(1).rpartition("/")
        folders = [packaged("configs"), *_config_dirs(sys.argv[1:])]
        if group == "lang_pairs":
            remedy = "write two language codes, the source first, with scripts after underscores: pt-en, zh_Hans-en"
            return ConfigError(group, f"{option!r} is not a lang pair", remedy)
        options = sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})
        return ConfigError(group or "config", f"there is no option {option!r}", f"choose one of {', '.join(options)}")
    if found := re.search(r"Could not (?:override|append to config\..*) '([^']+)'", text):
        return ConfigError(found.group(1), "unknown key", f"{_KEYS}; a new entry needs a + before it")
    if found := re.search(r"Error merging override \+*([^=]+)=", text):
        return ConfigError(found.group(1), _first_line(cause or error), "give a value of the right type")
    if found := re.search(r"In '([^']+)': \w+ raised while composing config:\s*([^\n]+)", text):
        key = re.search(r"full_key: (\S+)", text)
        where = f"{found.group(1)}.yaml: {key.group(1)}" if key else f"{found.group(1)}.yaml"
        unknown = " not in '" in found.group(2)
        return ConfigError(where, "unknown key" if unknown else found.group(2), _KEYS)
    if found := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return ConfigError(
            found.group(1), "several values for one run", "add -m for one run a value, or write a list [a,b]"
        )
    if isinstance(error, OverrideParseException):
        return ConfigError(
            error.override, _first_line(error), "write KEY=VALUE, in quotes if it has special characters"
        )
    return ConfigError(str(getattr(error, "full_key", None) or "config"), _first_line(error), _KEYS)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
