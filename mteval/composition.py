"""What every command asks of Hydra: the root config composed, and what is wrong with it said in one line."""

from __future__ import annotations

import difflib
import itertools
import re
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import ConfigCompositionException, HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mteval.config import RunConfig
from mteval.config_secrets import check_words
from mteval.config_trust import install
from mteval.errors import ConfigError, DataError
from mteval.files import packaged, read_yaml
from mteval.lang_pair_source import LangPairSearchPath, LangPairSource

ROOT = "run"
"""The root config's name."""

warnings.filterwarnings("ignore", r"\s*'hydra/launcher/\w+' is validated against ConfigStore schema", UserWarning)
# Our options of launchers have the names of the launchers' own, which thus check their keys; Hydra warns that its next
# version will not.

_FEW = 12
"""How many options an error lists."""

_KEYS = "see mteval run --cfg job for the keys"


def register(config_dirs: Sequence[Path] = (), said: Sequence[str] = ()) -> None:
    """Tell Hydra of the root config's schema, of the lang pairs that have no file, and of what configs may look up.

    Args:
        config_dirs: folders of the user's own options, in which ``${config_dir:NAME}`` is looked up.
        said: the overrides that the user gave, who alone can allow what brings code.
    """
    install(said)
    LangPairSource.yields_to = config_dirs
    OmegaConf.register_new_resolver("config_dir", partial(_in_config_dir, config_dirs), replace=True)
    Plugins.instance().register(LangPairSource)
    Plugins.instance().register(LangPairSearchPath)
    OmegaConf.register_new_resolver("home", lambda path: str(Path(path).expanduser()), replace=True)
    ConfigStore.instance().store(name="run_schema", node=RunConfig, provider="mteval")


def compose(overrides: Sequence[str], config_dirs: Sequence[Path], said: Sequence[str] | None = None) -> DictConfig:
    """The root config with overrides, as ``mteval run`` composes it, without starting a run.

    Args:
        overrides: as ``garble=[spacing]`` or ``detector.garbled=0.7``.
        config_dirs: folders of the user's own options.
        said: those of the overrides that the user gave; ``None`` for all.

    Raises:
        ConfigError: a folder, a group's option or a key is not there, a name is used twice, or a file allows itself to
            bring code.
    """
    register(config_dirs, overrides if said is None else said)
    check_words(overrides)
    check_config_dirs(config_dirs)
    given = [mended(override) for override in overrides]
    search = search_path(config_dirs)
    try:
        with hydra.initialize_config_dir(str(packaged("configs").resolve()), version_base="1.3"):
            config = hydra.compose(ROOT, overrides=[*search, *given])
            check_names(ROOT, [*search, *given])
            return config
    except (HydraException, OmegaConfBaseException) as error:
        raise explain(error, config_dirs) from None
    except yaml.MarkedYAMLError as error:
        raise not_yaml(error) from None
    except ValueError as error:  # from Hydra's composing, as for metrics=null
        raise unexplained(error) from None


def search_path(config_dirs: Sequence[Path]) -> list[str]:
    """The override with which Hydra looks into folders of the user's own options; none if there are none."""
    paths = ",".join(_quote(f"file://{folder.absolute()}") for folder in config_dirs)
    return [f"hydra.searchpath=[{paths}]"] if config_dirs else []


def _in_config_dir(config_dirs: Sequence[Path], name: str) -> str:
    """A file or folder of a folder of the user's own configs, so that these may lie anywhere: of the first that has it.

    Args:
        name: relative to that folder, as ``data`` or ``data/set.jsonl``.
    """
    found = [folder / name for folder in config_dirs]
    return str(next((path for path in found if path.exists()), found[0] if found else Path(name)))


def mended(argument: str) -> str:
    """An override as Hydra takes it: ``baseline``, a key that is there, without a + before it, values in quotes, and
    ``shard=all/3`` as ``shard=1/3,2/3,3/3``.

    People write ``+baseline=NAME``, since they add a baseline to a run that has none.
    """
    if all_of := re.fullmatch(r"shard=all/([1-9]\d{0,5})", argument):
        return f"shard={','.join(f'{number}/{all_of[1]}' for number in range(1, int(all_of[1]) + 1))}"
    return _quoted(argument.removeprefix("+") if argument.startswith("+baseline=") else argument)


def _quoted(argument: str) -> str:
    """An override whose value Hydra's grammar would stumble over, as a path with an accent or a brace, in quotes."""
    key, equals, value = argument.partition("=")
    if not equals or argument.startswith("-") or value[:1] in ("[", "'", '"') or re.match(r"\{\s*\w+\s*:", value):
        return argument
    parser = OverridesParser.create()
    try:
        parser.parse_override(argument)
    except HydraException:
        in_quotes = f"{key}={_quote(value)}"
        try:
            parser.parse_override(in_quotes)
        except HydraException:
            return argument
        return in_quotes
    return argument


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def check_config_dirs(folders: Sequence[Path]) -> None:
    """A ``--config-dir`` that is not there is named, since Hydra passes it over in silence."""
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(
                "--config-dir", f"no such folder {str(folder)!r}", "give the folder that holds your configs"
            )


def check_names(root: str, overrides: Sequence[str]) -> None:
    """Refuse two chosen files that define an entry of one name, which Hydra would merge in silence.

    Args:
        root: the root config's name.
        overrides: those that it is composed with.
    """
    loader = GlobalHydra.instance().config_loader()
    defaults = loader.compute_defaults_list(root, list(overrides), RunMode.RUN)
    seen: dict[tuple[str, str], str] = {}  # by where the entry stands: an option may be nested in another one's
    for default in defaults.defaults:
        group, _, option = str(default.config_path).rpartition("/")
        if group not in ("systems", "metrics", "garble", "report", "tracking"):
            continue
        found = loader.repository.load_config(str(default.config_path))  # type: ignore[attr-defined]
        for name in found.config if found is not None else ():
            if (first := seen.get((str(default.package), str(name)))) is not None:
                raise ConfigError(
                    f"{default.package}.{name}",
                    f"the name is used twice, in {group}/{first} and in {group}/{option}",
                    "choose one of them, or rename one of the two",
                )
            seen[str(default.package), str(name)] = option


def cells(sweep: Path) -> list[tuple[str, ...]]:
    """What each numbered cell of a sweep has of its own, as ``systems=[nllb]``, by the ``multirun.yaml`` beside them;
    nothing where that does not tell."""
    try:
        chosen = read_yaml(sweep)["hydra"]
        if chosen["sweep"]["subdir"] != "${hydra.job.num}":
            return []
        given = [f"{key}={value}" for key, value in (chosen["sweeper"].get("params") or {}).items()]
        parsed = OverridesParser.create().parse_overrides([*given, *chosen["overrides"]["task"]])
        # As Hydra's own sweeper: of two overrides of one key the last counts.
        values = {
            (key := one.get_key_element()): [f"{key}={value}" for value in one.sweep_string_iterator()]
            if one.is_sweep_override()
            else None
            for one in parsed
        }
    except (DataError, HydraException, KeyError, TypeError, AttributeError, ValueError, NotImplementedError):
        return []  # another sweeper's, or not from here
    return list(itertools.product(*(value for value in values.values() if value is not None)))


def explain(error: Exception, config_dirs: Sequence[Path]) -> ConfigError:
    """Hydra's and OmegaConf's errors as one line that names the key and the remedy."""
    cause: Any = error.__cause__
    known = isinstance(cause, HydraException | OmegaConfBaseException)
    if type(error) is ConfigCompositionException and known and not str(error):
        return explain(cause, config_dirs)
    text = str(error)
    if found := re.search(r"Could not (?:find|load) '([^']*)'", text):
        group, _, option = found.group(1).rpartition("/")
        folders = [packaged("configs"), *config_dirs]
        if group == "lang_pairs":
            remedy = "write two language codes, the source first, with scripts after underscores: pt-en, zh_Hans-en"
            return ConfigError(group, f"{option!r} is not a lang pair", remedy)
        options = sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})
        return ConfigError(group or "config", f"there is no option {option!r}", _choice(group, option, options))
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


def _choice(group: str, option: str, options: Sequence[str]) -> str:
    """What to choose instead: all that there is, or what is nearest where there is much."""
    if len(options) <= _FEW:
        return f"choose one of {', '.join(options)}"
    close = difflib.get_close_matches(option, options, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}? mteval list {group} shows all" if close else f"see mteval list {group}"


def not_yaml(error: yaml.MarkedYAMLError) -> ConfigError:
    """A config file that is not YAML, with its line."""
    mark = error.problem_mark
    where = f"{mark.name}:{mark.line + 1}" if mark else "config"
    return ConfigError(where, f"not YAML ({error.problem})", "correct the file")


def unexplained(error: Exception) -> ConfigError:
    """What went wrong while composing and names no key."""
    return ConfigError("config", _first_line(error), _KEYS)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
