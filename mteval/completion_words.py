"""The keys of a config that a word may become, as Hydra's own completion finds them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.plugins.completion_plugin import DefaultCompletionPlugin
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mteval.composition import ROOT, mended, register, search_path
from mteval.errors import MtevalError
from mteval.files import packaged


def keys(word: str, overrides: Sequence[str], config_dirs: Sequence[Path]) -> list[str]:
    """What a word may become: groups (``metrics=``), keys (``seed=``), nodes (``gate.``), or a key's value.

    Args:
        word: the override that is being written, as far as it is; ``seed=`` asks for the value.
        overrides: those before it, which decide which keys there are.
        config_dirs: folders of the user's own options.

    Returns:
        Sorted; none where the config cannot be composed.
    """
    register(config_dirs, overrides)
    search = search_path(config_dirs)
    with hydra.initialize_config_dir(str(packaged("configs").resolve()), version_base="1.3"):
        for chosen in (list(map(mended, overrides)), []):  # overrides that do not fit must not keep others from view
            try:
                return _keys(word, [*search, *chosen])
            except (HydraException, OmegaConfBaseException, MtevalError, ValueError):
                continue
    return []


def _keys(word: str, overrides: Sequence[str]) -> list[str]:
    loader = GlobalHydra.instance().config_loader()
    plugin = DefaultCompletionPlugin(loader)
    groups, exact = plugin._query_config_groups(word, config_name=ROOT, words=list(overrides))
    if exact and groups:
        return sorted(groups)
    plain = word.lstrip("+~")
    before = word.removesuffix(plain)
    config = loader.load_configuration(ROOT, list(overrides), RunMode.RUN)
    found = [_list_opened(match, config) for match in plugin._get_matches(config, plain)]
    return sorted({*groups, *(f"{before}{match}" for match in found)})


def _list_opened(match: str, config: DictConfig) -> str:
    """A key that holds a list with the list's bracket; Hydra offers its items by number, which nobody overrides."""
    key = match.removesuffix(".")
    return f"{key}=[" if match.endswith(".") and OmegaConf.is_list(OmegaConf.select(config, key)) else match
