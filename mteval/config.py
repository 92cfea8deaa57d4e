"""The root config's schema, and ``build()``: from a composed config to objects that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from mteval import network
from mteval.comparison import Resampling
from mteval.config_objects import build_all, build_node, targets_of
from mteval.config_secrets import check_no_secrets
from mteval.config_significance import SignificanceConfig, metrics_named, resampling_of
from mteval.errors import ConfigError, MtevalError, RunError
from mteval.evalsets.base import EvalSetReader, RoundTripReader
from mteval.evaluation import Evaluation
from mteval.files import resolve
from mteval.flagging import Judges
from mteval.garble.base import Detector, Signal
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.metrics.base import Metric
from mteval.report.base import Report
from mteval.report.people import read as read_people
from mteval.shard import Shard
from mteval.store import Store
from mteval.subset import Subset
from mteval.systems.base import System
from mteval.tracking.base import Tracker


@dataclass
class RunConfig:
    """The keys of ``run.yaml``; a key that is not here is refused when the config is composed.

    Attributes:
        evalset: the test set's reader.
        lang_pairs: by name, each with ``source`` and ``target``.
        systems, metrics: by name.
        gate: what marks hypotheses before metrics see them.
        garble: signals by name.
        detector: what weighs their evidence.
        report: formats by name.
        tracking: what logs the run besides, by name; nothing by default.
        output: the run's folder.
        overwrite: replace a run that is already there.
        store: the folder that holds translations and scores between runs; ``null`` for none.
        bootstrap_draws: resamples for confidence intervals and the paired bootstrap test; 0 for none.
        significance: what tells systems apart.
        seed: of everything that is resampled.
        baseline: the system that the others are compared to; ``null`` for none.
        people: files that ``mteval meta`` wrote (``meta.json``), so that tables say how well metrics agree with people.
        optimised_with: by system, the metrics or families of metrics that it was made to score well by; for systems of
            ``systems`` it can stand there as well.
        subset: which part of each eval set is evaluated; all of it by default.
        shard: which of several parts of that, as ``3/8``, where each is a run of its own; ``null`` for all of it.
        offline: do without a network: what is not on this machine is refused.
        allow: packages besides mteval whose classes a config may name in ``_target_``.
    """

    evalset: Any = None
    lang_pairs: dict[str, Any] = field(default_factory=dict)
    systems: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    gate: Any = None
    garble: dict[str, Any] = field(default_factory=dict)
    detector: Any = None
    report: dict[str, Any] = field(default_factory=dict)
    tracking: dict[str, Any] = field(default_factory=dict)
    output: str = "runs"
    overwrite: bool = False
    store: str | None = None
    bootstrap_draws: int = 1000
    significance: SignificanceConfig = field(default_factory=SignificanceConfig)
    seed: int = 12345
    baseline: str | None = None
    people: list[str] = field(default_factory=list)
    optimised_with: dict[str, list[str]] = field(default_factory=dict)
    subset: Subset = field(default_factory=Subset)
    shard: str | None = None
    offline: bool = False
    allow: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """Everything that a config asks for, built and not yet begun.

    Attributes:
        metric_configs: by metric name, what each was built from.
        config: all keys with their values, but for what tracking needs, which may be secret.
        people: how well metrics agree with people, by gold set.
    """

    evaluation: Evaluation
    reports: Mapping[str, Report]
    trackers: Mapping[str, Tracker]
    overwrite: bool
    metric_configs: Mapping[str, Any]
    config: Mapping[str, Any]
    people: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Reporting:
    """Everything that a config asks for of a report on runs that are done, built."""

    reports: Mapping[str, Report]
    trackers: Mapping[str, Tracker]
    resampling: Resampling
    baseline: str | None
    output: Path
    overwrite: bool
    people: Sequence[Mapping[str, Any]] = ()


def build_judges(config: DictConfig) -> Judges:
    """Build what passes verdicts, and nothing else that a composed config names.

    Raises:
        ConfigError: a key of it is missing, misspelt or has a value that its owner refuses; it names the key.
    """
    plain = _plain(config)
    allow = ("mteval", *plain["allow"])
    if plain["offline"]:
        network.go_offline()
    return Judges(
        gate=build_node(config.gate, "gate", Gate, allow),
        metrics=build_all(config, "metrics", Metric, allow),
        signals=build_all(config, "garble", Signal, allow),
        detector=build_node(config.detector, "detector", Detector, allow),
    )


def build_one(config: DictConfig, group: str, name: str) -> System | Metric | EvalSetReader:
    """Build one system, one metric or the eval set's reader, and nothing else that a composed config names.

    Args:
        group: ``systems``, ``metrics`` or ``evalset``.
        name: of the system or metric; an eval set's reader has none in the config.

    Raises:
        ConfigError: a key of it is missing, misspelt or has a value that its owner refuses; it names the key.
    """
    allow = ("mteval", *config.allow)
    if group == "evalset":
        return build_node(_whole(config.evalset, "evalset"), "evalset", EvalSetReader, allow)
    key = f"{group}.{name}"
    node = _whole(config[group][name], key)
    if group == "metrics":
        return build_node(node, key, Metric, allow)
    if isinstance(node, DictConfig) and "optimised_with" in node:
        with open_dict(node):
            node.pop("optimised_with")
    return build_node(node, key, System, allow)


def build(config: DictConfig) -> Run:
    """Build everything that a composed config names.

    Raises:
        ConfigError: a key is missing, misspelt or has a value that its owner refuses; it names the key.
    """
    plain = _plain(config)
    allow = ("mteval", *plain["allow"])
    if plain["offline"]:
        network.go_offline()
    for name in plain:
        if name not in RunConfig.__dataclass_fields__:
            raise ConfigError(str(name), "unknown key", "see mteval run --cfg job for the keys")
    for name, value in plain.items():
        if name != "tracking":  # which is not recorded
            check_no_secrets(value, str(name))
    optimised_with = _optimised_with(config, plain)
    reader = build_node(config.evalset, "evalset", EvalSetReader, allow)
    evaluation = Evaluation(
        reader=reader,
        pairs=_lang_pairs(plain["lang_pairs"], isinstance(reader, RoundTripReader)),
        systems=build_all(config, "systems", System, allow),
        metrics=build_all(config, "metrics", Metric, allow),
        gate=build_node(config.gate, "gate", Gate, allow),
        signals=build_all(config, "garble", Signal, allow),
        detector=build_node(config.detector, "detector", Detector, allow),
        store=Store(resolve(plain["store"]) if plain["store"] else None),
        resampling=resampling_of(plain),
        optimised_with=optimised_with,
        baseline=plain["baseline"],
        subset=Subset(**plain["subset"]),
        shard=Shard.parse(plain["shard"]) if plain["shard"] is not None else None,
    )
    reports = build_all(config, "report", Report, allow)
    trackers = build_all(config, "tracking", Tracker, allow)
    shown = {key: value for key, value in plain.items() if key != "tracking"}
    sets = _people(plain["people"])
    return Run(evaluation, reports, trackers, plain["overwrite"], plain["metrics"], shown, sets)


def _people(files: Sequence[str]) -> list[dict[str, Any]]:
    return [one for file in files for one in read_people(resolve(file))]


def build_reporting(config: DictConfig, defaults: Mapping[str, Any]) -> Reporting:
    """Build what a report on runs that are done needs, and nothing else that a composed config names.

    Args:
        defaults: values of keys (``seed``, ``significance.level``) in place of those in the config.

    Raises:
        ConfigError: a key is missing, misspelt or has a value that its owner refuses; it names the key.
    """
    for key, value in defaults.items():
        OmegaConf.update(config, key, value)
    plain = _plain(config)
    allow = ("mteval", *plain["allow"])
    if plain["offline"]:
        network.go_offline()
    reports = build_all(config, "report", Report, allow)
    return Reporting(
        reports=reports,
        trackers=build_all(config, "tracking", Tracker, allow),
        resampling=resampling_of(plain),
        baseline=plain["baseline"],
        output=resolve(plain["output"]),
        overwrite=plain["overwrite"],
        people=_people(plain["people"]),
    )


def build_metrics(config: DictConfig, recorded: Mapping[str, Any], where: str) -> dict[str, Metric]:
    """Build the metrics of a run that is done, from what its record says that they were built from.

    Args:
        config: its ``allow`` names the packages besides mteval whose classes may be built: the user's own word, not
            the run's.
        recorded: by metric name.
        where: the record's place, for errors.

    Raises:
        RunError: one cannot be built here, or names a class of another package.
    """
    allow = ("mteval", *config.allow)
    for key, path in targets_of(dict(recorded), "metric_configs"):
        package = path.split(".")[0]
        if package not in allow:
            remedy = f"if you trust that package, allow it by name: allow=[{package}]"
            raise RunError(where, f"{key}._target_: {path} is outside {' and '.join(allow)}", remedy)
    try:
        # Not as a config: what looks like an interpolation there, as of a key in the environment, is text.
        return {name: build_node(node, f"metric_configs.{name}", Metric, allow) for name, node in recorded.items()}
    except MtevalError as error:
        raise RunError(where, f"{error.where}: {error.problem}", "install what the run was made with") from None


def _optimised_with(config: DictConfig, plain: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By system, what it was optimised with, from both places; the key is taken out of each system's own node."""
    found: dict[str, tuple[str, ...]] = {}
    for name, given in plain["optimised_with"].items():
        found[str(name)] = metrics_named(given, f"optimised_with.{name}")
    for name, node in (config["systems"] or {}).items():
        if isinstance(node, DictConfig) and "optimised_with" in node:
            given = plain["systems"][name]["optimised_with"]
            found[str(name)] = (*found.get(str(name), ()), *metrics_named(given, f"systems.{name}.optimised_with"))
            with open_dict(node):
                node.pop("optimised_with")
    return found


def _plain(config: DictConfig) -> dict[str, Any]:
    """The config without Hydra's own part, interpolations resolved.

    Raises:
        ConfigError: a value is missing (``???``) or an interpolation leads nowhere.
    """
    return cast(dict[str, Any], OmegaConf.to_container(_whole(config, "config"), resolve=True))


def _whole(node: Any, key: str) -> Any:
    """A node of the config, once it is known that no value in it is missing and no interpolation leads nowhere."""
    try:
        if isinstance(node, DictConfig):
            OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
        return node
    except MissingMandatoryValue as error:
        key = error.full_key or key
        raise ConfigError(key, "has no value", f"give it one, as in {key}=VALUE") from None
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or key
        raise ConfigError(key, str(error).splitlines()[0], "correct the value") from None


def _lang_pairs(rows: Mapping[str, Any], round_trip: bool) -> list[LangPair]:
    pairs: list[LangPair] = []
    for name, row in rows.items():
        where = f"lang_pairs.{name}"
        if not isinstance(row, dict):
            raise ConfigError(where, "has no source and target", f"choose it by name, as in lang_pairs=[{name}]")
        for key in row:
            if key not in ("source", "target"):
                raise ConfigError(f"{where}.{key}", "unknown key", "a lang pair has only source and target")
        pair = LangPair.of(row.get("source"), row.get("target"), where, round_trip=round_trip)
        if pair in pairs:
            raise ConfigError(where, f"{pair} is there twice", "name each lang pair once")
        pairs.append(pair)
    return pairs
