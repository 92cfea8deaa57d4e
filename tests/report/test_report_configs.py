from importlib import import_module
from pathlib import Path

import pytest

from mteval.files import packaged, read_yaml
from mteval.report.base import Report
from mteval.report.fakes import fake_result

CONFIGS = sorted(packaged("configs").joinpath("report").glob("*.yaml"))


def test_there_is_a_config_a_format() -> None:
    assert {path.stem for path in CONFIGS} >= {"csv", "html", "json", "latex", "markdown"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_names_a_report(path: Path, tmp_path: Path) -> None:
    ((name, settings),) = read_yaml(path).items()
    assert name == path.stem
    module, _, kind = settings.pop("_target_").rpartition(".")
    report = getattr(import_module(module), kind)(**settings)
    assert isinstance(report, Report)
    assert report.write(fake_result(), tmp_path).parent == tmp_path
