"""What there is to choose from, and ``mteval list``, which says it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mteval.building import build_options
from mteval.config import RunConfig
from mteval.errors import ConfigError
from mteval.files import packaged
from mteval.list_command import ANY_PAIR, list_options
from mteval.metrics.base import Metric
from mteval.options import Option, group_named, groups, is_list, options_of, strangers
from tests.conftest import program


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def option(group: str, name: str) -> Option:
    return next(option for option in options_of(group) if option.name == name)


def rows(shown: str) -> dict[str, str]:
    """By the first word of each printed line, the line."""
    return {line.split()[0]: line for line in shown.splitlines() if line.strip()}


def test_groups_are_those_of_the_root_config() -> None:
    folders = {folder.name for folder in packaged("configs").iterdir() if folder.is_dir()}
    assert set(groups()) == folders - {"hydra"}
    assert set(groups()) - {"experiment"} <= set(RunConfig.__dataclass_fields__)
    assert is_list("metrics")
    assert is_list("tracking")
    assert not is_list("evalset")
    assert not is_list("experiment")


def test_a_group_may_be_named_in_the_singular_or_the_plural() -> None:
    for given, group in {"evalsets": "evalset", "system": "systems", "metrics": "metrics"}.items():
        assert group_named(given) == group
    with pytest.raises(ConfigError, match="stems: there is no such group; choose one of evalset, lang_pairs"):
        group_named("stems")


@pytest.mark.parametrize("group", groups())
def test_every_file_that_ships_is_an_option_that_says_what_it_is(group: str) -> None:
    options = options_of(group)
    assert [one.name for one in options] == sorted(file.stem for file in (packaged("configs") / group).glob("*.yaml"))
    for one in options:
        assert one.about
        assert one.problem is None
        assert not one.about.startswith(("@", "Example"))


def test_comments_are_read_as_they_were_meant(tmp_path: Path) -> None:
    long = (
        "A line as long as may be, so that its sentence goes on in the next one, which a reader is to see as well: the"
    )
    file = written(
        tmp_path / "metrics" / "mine.yaml",
        f"# @package _global_\n# {long}\n# sentence. Another (see below).\n# https://example.org\n"
        "# Example: metrics.mine.path='a b' seed=1\nmine:\n  _target_: x.Y\nother:\n  x: 1\n# end\n",
    )
    found = options_of("metrics", [tmp_path])[-1]
    assert found.comment == (f"{long} sentence. Another (see below).", "https://example.org")
    assert found.about == f"{long} sentence"
    assert found.example == ("metrics.mine.path=a b", "seed=1")
    assert found.entries == ("mine", "other")
    assert (found.file, found.own, found.default, found.hidden) == (file, tmp_path, False, False)
    assert option("evalset", "seeds_as_output").about.endswith("their post-edits the references")
    assert option("metrics", "bleu").default
    assert option("evalset", "seeds").default
    assert not option("metrics", "comet22").default


def test_of_two_files_of_one_name_the_second_is_hidden_as_hydra_has_it(tmp_path: Path) -> None:
    text = "bleu:\n  _target_: mteval.metrics.lexical.Ter\n"
    written(tmp_path / "metrics" / "bleu.yaml", f"# Mine\n{text}")
    mine = next(one for one in options_of("metrics", [tmp_path]) if one.own)
    assert mine.hidden
    built = build_options(options_of("metrics", [tmp_path]), [], [tmp_path])
    bleu = built["bleu", "bleu"]
    assert isinstance(bleu, Metric)
    assert bleu.card.label == "BLEU"


def test_every_metric_is_built_with_its_example() -> None:
    built = build_options(options_of("metrics"), [], [])
    assert {name for name, _ in built} == {one.name for one in options_of("metrics")}
    assert all(isinstance(found, Metric) for found in built.values())


@pytest.mark.slow
def test_one_that_cannot_be_built_keeps_no_other_from_view(tmp_path: Path) -> None:
    written(tmp_path / "metrics" / "broken.yaml", "# Broken\nbroken: [1\n")
    written(
        tmp_path / "metrics" / "open.yaml", "# Open\nopen:\n  _target_: mteval.metrics.lexical.Bleu\n  tokenize: ???\n"
    )
    written(tmp_path / "metrics" / "twice.yaml", "# Twice\nchrf:\n  _target_: mteval.metrics.lexical.Chrf\n")
    written(tmp_path / "metrics" / "foreign.yaml", "# Foreign\nforeign:\n  _target_: os.system\n")
    written(tmp_path / "metrics" / "good.yaml", "# Good\ndefaults: [chrf]\n")
    built = build_options(options_of("metrics", [tmp_path]), [], [tmp_path])
    assert "not YAML" in str(built["broken", "broken"])
    assert "metrics.open.tokenize: has no value" in str(built["open", "open"])
    assert "os.system is outside mteval" in str(built["foreign", "foreign"])
    assert isinstance(built["twice", "chrf"], Metric)
    assert isinstance(built["good", "chrf"], Metric)
    assert isinstance(built["bleu", "bleu"], Metric)


def test_all_groups_are_counted(capfd: pytest.CaptureFixture[str]) -> None:
    assert list_options([]) == 0
    shown = rows(capfd.readouterr().out)
    assert shown["metrics"].split()[1:] == [str(len(options_of("metrics"))), "metrics=[NAME,...]"]
    assert shown["experiment"].split()[-1] == "experiment=NAME"
    assert set(groups()) <= set(shown)


def test_metrics_are_listed_with_what_decides_between_them(capfd: pytest.CaptureFixture[str]) -> None:
    assert list_options(["metrics"]) == 0
    output = capfd.readouterr().out
    shown = rows(output)
    assert "↓  reference  Apache-2.0" in shown["ter"]
    assert "↑  source     CC-BY-NC-SA" in shown["cometkiwi22"]
    assert shown["bleu"].startswith("bleu * ")
    assert "gated" in output.split("cometkiwi22")[1].split("cometkiwi23_xl")[0]
    listed = [line for line in output.splitlines() if " ↑  " in line or " ↓  " in line]
    assert len(listed) == len(list((packaged("configs") / "metrics").glob("*.yaml")))  # a line an option


def test_a_terminal_is_not_wider_than_it_is(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # which is a terminal to rich
    monkeypatch.setenv("COLUMNS", "80")
    assert list_options(["metrics"]) == 0
    output = re.sub(r"\x1b\[[0-9;]*m", "", capfd.readouterr().out)
    assert max(map(len, output.splitlines())) <= 80
    assert "from 0 to 1" in output


def test_lists_name_entries_settings_and_any_lang_pair(capfd: pytest.CaptureFixture[str]) -> None:
    assert list_options(["systems", "lang_pairs", "evalsets"]) == 0
    output = " ".join(capfd.readouterr().out.split())
    assert "(canary_copy, canary_shuffle, canary_loop, canary_half)" in output
    assert "set systems.stored.path" in output
    assert "any other two language codes, the source first, as in lang_pairs=[de-cs]" in output.replace("TARGET ", "")
    assert "evalset: choose with evalset=NAME" in output
    assert "as in lang_pairs=[de-cs]" in ANY_PAIR


def test_ones_own_are_marked_and_folders_that_are_no_group_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    written(
        tmp_path / "systems" / "mine.yaml", "# A system of mine\nmine:\n  _target_: mteval.systems.fakes.UpperCase\n"
    )
    written(tmp_path / "systems" / "torn.yaml", "# Torn\ntorn: [1\n")
    written(tmp_path / "systems" / "stored.yaml", "# Hidden\nstored: {}\n")
    written(tmp_path / "metric" / "x.yaml", "# In the wrong folder\nx: {}\n")
    (tmp_path / "data").mkdir()
    assert list_options(["systems", "--config-dir", str(tmp_path)]) == 0
    output, errors = capfd.readouterr()
    assert "A system of mine" in rows(output)["mine"]
    assert "+ your own" in output
    assert "not YAML" in " ".join(output.split())
    assert "is never read: an option of the same name comes before it" in " ".join(output.split())
    assert errors.startswith(f"mteval: warning: {tmp_path / 'metric'}: no group has this name")
    assert [folder.name for folder in strangers([tmp_path])] == ["metric"]


def test_programs_get_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "metrics" / "bad.yaml", "# Bad\nbad:\n  _target_: mteval.metrics.lexical.Bleu\n  tokenise: x\n")
    assert list_options(["metrics", "--json", "--config-dir", str(tmp_path)]) == 0
    found = {row["name"]: row for row in json.loads(capfd.readouterr().out)["metrics"]}
    assert found["ter"]["metrics"]["ter"]["higher_is_better"] is False
    assert found["cometkiwi22"]["metrics"]["cometkiwi22"]["gated"] is True
    assert found["comet"]["example"] == ["metrics.comet.checkpoint=Unbabel/wmt20-comet-qe-da"]
    assert (found["bad"]["own"], found["bleu"]["own"], found["bleu"]["default"]) == (True, False, True)
    assert "did you mean tokenize?" in found["bad"]["metrics"]["bad"]["problem"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "nothing: there is no such group; choose one of evalset"),
        (["--config-dir", "none"], "--config-dir: no such folder 'none'; give the folder"),
    ],
)
def test_what_is_not_there_is_one_line(arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert list_options(arguments) == 2
    output, errors = capfd.readouterr()
    assert (output, errors.count("\n")) == ("", 1)
    assert errors.startswith(f"mteval: error: {message}")


def test_listing_imports_nothing_heavy_and_stops_with_its_reader() -> None:
    code = (
        "import sys; from mteval.list_command import list_options; list_options(['metrics', 'systems', '--json'])\n"
        "heavy = {'torch', 'transformers', 'comet', 'sacrebleu', 'huggingface_hub', 'openai'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    cut = subprocess.Popen(
        [sys.executable, "-m", "mteval", "list", "systems", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert cut.stdout is not None
    assert cut.stderr is not None
    cut.stdout.close()  # as head does
    assert (cut.stderr.read(), cut.wait()) == (b"", 141)
    assert program("list", "--help").stdout.startswith("usage: mteval list [options] [GROUP ...]\n")
