"""Every YAML file composes, and every class it names is built; nothing is loaded or downloaded by that."""

from __future__ import annotations

import importlib
import inspect
import shlex
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from mteval.composition import register
from mteval.config import Run, RunConfig, build
from mteval.files import packaged

CONFIGS = packaged("configs")
GROUPS = sorted(folder.name for folder in CONFIGS.iterdir() if folder.is_dir())
OPTIONS = sorted((file.parent.name, file.stem) for file in CONFIGS.glob("*/*.yaml"))
LISTS = {"systems", "metrics", "lang_pairs", "garble", "report", "tracking"}


def example(group: str, option: str) -> list[str]:
    """The overrides that an option says it needs: a line of its first comment, ``Example: KEY=VALUE KEY=VALUE``."""
    lines = (CONFIGS / group / f"{option}.yaml").read_text("utf-8").splitlines()
    found = [line.removeprefix("# Example: ") for line in lines if line.startswith("# Example: ")]
    return [override for line in found for override in shlex.split(line)]


def composed(*overrides: str) -> DictConfig:
    register()
    with initialize_config_dir(str(CONFIGS.resolve()), version_base="1.3"):
        return compose("run", overrides=["output=out", *overrides])


def built(*overrides: str) -> Run:
    return build(composed(*overrides))


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=str)
def test_every_option_composes_and_is_built(group: str, option: str) -> None:
    chosen = f"{group}=[{option}]" if group in LISTS else f"{group}={option}"
    run = built(chosen, *example(group, option))
    assert run.evaluation.pairs


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=str)
def test_every_option_says_what_it_is(group: str, option: str) -> None:
    lines = (CONFIGS / group / f"{option}.yaml").read_text("utf-8").splitlines()
    said = [line for line in lines if line.startswith("# ") and not line.startswith("# @package")]
    assert said, "an option begins with a comment of one line or more"


def targets(node: object) -> list[dict[str, object]]:
    if isinstance(node, dict):
        mine = [node] if "_target_" in node else []
        return mine + [found for value in node.values() for found in targets(value)]
    return [found for value in node for found in targets(value)] if isinstance(node, list) else []


@pytest.mark.parametrize(("group", "option"), OPTIONS, ids=str)
def test_no_option_repeats_a_default_wrongly(group: str, option: str) -> None:
    """Every key of a YAML file is an argument of the class that it names."""
    for node in targets(yaml.safe_load((CONFIGS / group / f"{option}.yaml").read_text("utf-8"))):
        module, _, name = str(node["_target_"]).rpartition(".")
        known = inspect.signature(getattr(importlib.import_module(module), name)).parameters
        assert set(node) - {"_target_", "defaults"} <= set(known)


def test_lists_define_no_name_twice() -> None:
    for group in LISTS:
        files = [yaml.safe_load(file.read_text("utf-8")) for file in (CONFIGS / group).glob("*.yaml")]
        names = [name for file in files for name in file if name != "defaults"]
        assert len(names) == len(set(names)), group


def test_the_default_looks_for_every_kind_of_evidence() -> None:
    every = {file.stem for file in (CONFIGS / "garble").glob("*.yaml")}
    assert every - set(built().evaluation.signals) == {"causal_model"}  # which needs a model hub


def test_every_group_is_a_key_of_the_schema() -> None:
    assert set(GROUPS) - {"experiment", "hydra"} <= set(RunConfig.__dataclass_fields__)


def test_configs_are_data() -> None:
    for file in CONFIGS.rglob("*.yaml"):
        text = file.read_text("utf-8")
        assert "!!python" not in text
        assert "{{" not in text


def test_paths_are_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTEVAL_STORE", str(tmp_path))
    assert built().evaluation.store.folder == tmp_path
    monkeypatch.delenv("MTEVAL_STORE")
    assert built().evaluation.store.folder == Path.home() / ".cache" / "mteval"
    assert built("store=null").evaluation.store.folder is None
