"""Rows of data sets at the model hub, in its cache or on disk, through the library ``datasets``."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mteval import network
from mteval.errors import ConfigError, DataError, GatedError, MtevalError, UnavailableError
from mteval.files import resolve
from mteval.needs import Need

BUILDERS = ("arrow", "csv", "json", "parquet", "text")
"""Formats that ``datasets`` reads from files that are named, in place of a data set's name."""

TIMEOUT = 10.0
"""Seconds that the hub has to answer."""

_REMOTE = "://"
_MAGIC = "*?["


@dataclass(frozen=True)
class Source:
    """Where rows come from.

    Attributes:
        path: a data set's name at the hub, a folder, or one of ``BUILDERS``.
        files: which files, for a folder or one of ``BUILDERS``; patterns are possible.
        revision: a branch, tag or commit at the hub; ``None`` for ``main``.
        streaming: read the hub's files as they come, and keep none.
        gated: whether a licence must be accepted first.
    """

    path: str
    files: tuple[str, ...] = ()
    revision: str | None = None
    streaming: bool = True
    gated: bool = False

    @property
    def at_hub(self) -> bool:
        """Whether it is a data set's name at the hub."""
        is_local = self.path in BUILDERS or self.path.startswith((".", "~", "/")) or resolve(self.path).is_dir()
        return not is_local and self.path.count("/") <= 1

    @property
    def from_cache(self) -> bool:
        """Whether the hub is not asked: this process is offline, or the hub does not answer and the cache will do.

        Raises:
            UnavailableError: the hub has no such data set or revision, or it does not answer and nothing is cached.
            GatedError: the hub does not so much as show it.
        """
        return self.at_hub and (network.offline() or not self._answers)

    @cached_property
    def _answers(self) -> bool:
        hub = importlib.import_module("huggingface_hub")
        with _reading(self), quiet():
            try:  # what datasets asks by itself, it asks again and again
                hub.HfApi().dataset_info(self.path, revision=self.revision, timeout=TIMEOUT)
            except (hub.errors.RepositoryNotFoundError, hub.errors.RevisionNotFoundError):
                raise
            except OSError:  # of which every failure of the network is a kind
                if not self._cached("*"):
                    raise
                return False
        return True

    @cached_property
    def configs(self) -> tuple[str, ...]:
        """The names of its configs, as far as the hub or the cache knows them; none for files.

        Raises:
            UnavailableError: it is not to be had.
        """
        if self.path in BUILDERS:
            return ()
        if self.from_cache:
            return self.cached_configs
        datasets = importlib.import_module("datasets")
        with _reading(self), quiet():
            return tuple(datasets.get_dataset_config_names(self._where, revision=self.revision))

    @cached_property
    def cached_configs(self) -> tuple[str, ...]:
        """The names of those of its configs that are in the cache."""
        return tuple(dict.fromkeys(folder.parts[-3] for folder in self._cached("*"))) if self.at_hub else ()

    def rows(self, config: str | None, split: str) -> Iterator[Mapping[str, Any]]:
        """The rows of a split, as they are read.

        Args:
            config: ``None`` for the only one.

        Raises:
            UnavailableError: it is not to be had.
            GatedError: its licence must be accepted first.
            ConfigError: there is no such split.
            DataError: it cannot be read.
        """
        with _reading(self), quiet():
            yield from self._opened(config, split)

    def need(self, config: str | None) -> Need:
        """The data as something that must be there; the hub is not asked.

        Args:
            config: its name, or a pattern for it.
        """
        if not self.at_hub:
            local = [one for one in self.files if _REMOTE not in one] or [self.path]
            missing = [one for one in local if not _is_there(one)]
            told, remedy = "no such file or folder" if missing else "", "correct evalset.path and evalset.data_files"
            return Need("file", (missing or local)[0], not missing, told, remedy)
        folders = self._cached(config or "*")
        return Need(
            "data",
            self.path,
            bool(folders),
            f"in {folders[-1]}" if folders else "not in the hub's cache",
            "load it once with evalset.streaming=false where there is a network",
            gated=self.gated,
            hub=self.path,
            dataset=True,
            revision=self.revision,
        )

    @property
    def _where(self) -> str:
        return self.path if self.path in BUILDERS or self.at_hub else str(resolve(self.path))

    def _opened(self, config: str | None, split: str) -> Any:
        datasets = importlib.import_module("datasets")
        if self.from_cache:
            return self._from_cache(config, split)
        files = [str(resolve(one)) if _REMOTE not in one else one for one in self.files]
        for address in (one for one in files if _REMOTE in one):
            network.check_online(self.path, address)
        return datasets.load_dataset(
            self._where,
            config,
            # so that it is not the name of a split that tells which files are read
            data_files={split: files} if files else None,
            split=split,
            revision=self.revision,
            streaming=self.streaming or not self.at_hub,
        )

    def _from_cache(self, config: str | None, split: str) -> Any:
        """What the cache has, without so much as a look at the network."""
        folders = self._cached(config or "*")
        if not folders:
            raise UnavailableError(
                _named(self, config),
                "is not in the hub's cache, and there is no network",
                "load it once with evalset.streaming=false where there is a network",
            )
        if len({folder.parts[-3] for folder in folders}) > 1:
            names = ", ".join(sorted({folder.parts[-3] for folder in folders}))
            raise ConfigError("evalset.config", f"the cache has several of {self.path}", f"name one of {names}")
        latest = max(folders, key=lambda folder: folder.stat().st_mtime)
        cache = importlib.import_module("datasets.packaged_modules.cache.cache")
        name, version, digest = latest.parts[-3:]
        builder = cache.Cache(
            cache_dir=str(latest.parents[3]),
            dataset_name=self.path.split("/")[-1],
            repo_id=self.path,
            config_name=name,
            version=version,
            hash=digest,
        )
        return builder.as_streaming_dataset(split=split)

    def _cached(self, config: str) -> list[Path]:
        """The folders of the cache that hold it; with a revision, of that commit alone."""
        config_of, naming = (importlib.import_module(f"datasets.{name}") for name in ("config", "naming"))
        owner, _, name = self.path.rpartition("/")
        folder = "___".join(filter(None, (owner, naming.camelcase_to_snakecase(name))))
        root = Path(config_of.HF_DATASETS_CACHE).expanduser() / folder
        found = (one for one in sorted(root.glob(f"{config}/*/*")) if (one / "dataset_info.json").is_file())
        return [one for one in found if self.revision in (None, one.name)]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """``datasets`` without its progress bars and advice, which are no part of a run's output."""
    datasets = importlib.import_module("datasets")
    hidden = datasets.are_progress_bars_disabled()
    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    datasets.disable_progress_bars()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if not hidden:
            datasets.enable_progress_bars()


def columns_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a row's columns, those in columns after a dot: ``translation.pt``."""
    nested = ([f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [] for name, value in row.items())
    return tuple(itertools.chain.from_iterable([name, *more] for name, more in zip(row, nested, strict=True)))


def value_of(row: Mapping[str, Any], column: str) -> Any:
    """What a row has in a column; ``KeyError`` if it has no such column."""
    if column in row:
        return row[column]
    outer, _, inner = column.partition(".")
    value = row[outer]
    if not isinstance(value, dict):
        raise KeyError(column)
    return value[inner]


def _named(source: Source, config: str | None) -> str:
    return f"{source.path} {config}" if config else source.path


def _is_there(pattern: str) -> bool:
    path = resolve(pattern)
    if not any(sign in pattern for sign in _MAGIC):
        return path.exists()
    anchor = Path(path.anchor)
    return any(anchor.glob(str(path.relative_to(anchor)))) if path.is_absolute() else any(Path().glob(str(path)))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


@contextlib.contextmanager
def _reading(source: Source) -> Iterator[None]:
    """Whatever ``datasets`` raises, as one error that names the data set."""
    errors = importlib.import_module("huggingface_hub.errors")
    try:
        yield
    except MtevalError:
        raise
    except Exception as error:
        raise _said(source, error, _causes(error), errors) from None


def _listed(error: Exception) -> str:
    """The names that an error of ``datasets`` lists, or the first of them."""
    names = str(error).partition("[")[2].partition("]")[0].replace("'", "").split(", ")
    return ", ".join(names[:20])


def _unreachable() -> tuple[type[BaseException], ...]:
    """What is raised where a hub does not answer, or answers that it cannot."""
    requests = importlib.import_module("requests")
    return (ConnectionError, TimeoutError, requests.exceptions.RequestException)


def _causes(error: BaseException) -> Sequence[BaseException]:
    found: list[BaseException] = []
    last: BaseException | None = error
    while last is not None and last not in found:
        found.append(last)
        last = last.__cause__ or last.__context__
    return found


def _said(source: Source, error: Exception, causes: Sequence[BaseException], errors: Any) -> MtevalError:
    where, line = " ".join(source.files) if source.path in BUILDERS else source.path, _first_line(error)
    if any(isinstance(cause, errors.GatedRepoError) for cause in causes) or "is a gated dataset" in line:
        page = f"https://huggingface.co/datasets/{where}"
        remedy = f"accept it at {page} and log in with hf auth login, or give a folder of your own as evalset.path"
        return GatedError(where, "the hub gives it only to those who accepted its licence", remedy)
    if "Bad split" in line or "Unknown split" in line:
        return ConfigError("evalset.split", line.rstrip("."), "name one that it has")
    if "Config name is missing" in line:
        return ConfigError("evalset.config", f"{where} has several configs", f"name one, as {_listed(error)}")
    if not source.at_hub:
        return DataError(where, f"cannot be read ({line})", "correct evalset.path, evalset.data_files or the files")
    if any(isinstance(cause, errors.RevisionNotFoundError) for cause in causes):
        return UnavailableError(where, f"the hub has no revision {source.revision!r} of it", "correct evalset.revision")
    if any(isinstance(cause, errors.RepositoryNotFoundError) for cause in causes) or "doesn't exist on the Hub" in line:
        remedy = "correct evalset.path, or log in with hf auth login if it is private"
        return UnavailableError(where, "the hub has no such data set, and there is no such folder", remedy)
    if any(isinstance(cause, _unreachable()) for cause in causes):
        remedy = "check the network, or give a folder of your own as evalset.path"
        return UnavailableError(where, f"the hub cannot be reached ({type(error).__name__})", remedy)
    return DataError(where, f"cannot be read ({line})", "choose another config, split or data set")
