"""Lets ``lang_pairs=[de-cs]`` name any lang pair, without a YAML file for each of the many thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

_PAIR = re.compile(r"lang_pairs/([^-/]+)-([^-/]+?)(?:\.yaml)?")


class LangPairSource(ConfigSource):
    """A Hydra config source that has an option ``lang_pairs/SOURCE-TARGET`` for every two codes.

    Whether the codes are languages is checked when the config is built, where the error can say which is not.

    Attributes:
        yields_to: folders of configs whose own files come first. Hydra puts a plug-in's source before the folders that
            ``--config-dir`` names, and would never look into those.
    """

    yields_to: ClassVar[Sequence[Path]] = ()

    @staticmethod
    def scheme() -> str:
        return "langpairs"

    def load_config(self, config_path: str) -> ConfigResult:
        match = _PAIR.fullmatch(config_path)
        if match is None:
            raise FileNotFoundError(config_path)
        source, target = match.groups()
        config = OmegaConf.create({f"{source}-{target}": {"source": source, "target": target}})
        header: dict[str, str | None] = {"package": "lang_pairs"}
        return ConfigResult(config=config, path=f"{self.scheme()}://{self.path}", provider=self.provider, header=header)

    def available(self) -> bool:
        return True

    def is_group(self, config_path: str) -> bool:
        return config_path == "lang_pairs"

    def is_config(self, config_path: str) -> bool:
        if _PAIR.fullmatch(config_path) is None:
            return False
        file = config_path.removesuffix(".yaml") + ".yaml"
        return not any((folder / file).is_file() for folder in self.yields_to)

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        return []


class LangPairSearchPath(SearchPathPlugin):
    """Puts that source into Hydra's search path, after what ships with mteval."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append("mteval", f"{LangPairSource.scheme()}://any")
