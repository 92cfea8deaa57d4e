"""Completion: what a word may become, and real shells that ask it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hydra._internal.utils import get_args_parser

from mteval.__main__ import COMMANDS
from mteval.completion import OPTIONS, SHELLS, VALUES, complete, completion, split
from mteval.files import packaged
from mteval.options import options_of
from tests.conftest import program

METRICS = [one.name for one in options_of("metrics")]


def became(line: str) -> list[str]:
    """What the last word of a line may become, without the word's own spaces."""
    return [one.rstrip() for one in complete(f"mteval {line}")]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configs of one's own, in the folder that one is in."""
    monkeypatch.chdir(tmp_path)
    for group, name in (("metrics", "my_metric"), ("experiment", "my_experiment")):
        (tmp_path / "my configs" / group).mkdir(parents=True)
        text = f"{name}:\n  _target_: mteval.metrics.lexical.Ter\n" if group == "metrics" else "seed: 7\n"
        text = text if group == "metrics" else f"# @package _global_\n{text}"
        (tmp_path / "my configs" / group / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "my configs"


def test_commands_and_their_options() -> None:
    assert became("") == [*COMMANDS, "--help", "--version"]
    assert became("re") == ["report"]
    assert became("flag --f") == ["--format", "--fail-on"]
    assert became("flag --min s") == ["suspect"]
    assert became("run --cfg ") == ["job", "hydra", "all"]
    assert became("list l") == ["lang_pairs"]
    assert became("completion ") == list(SHELLS)
    assert became("nonsense ") == became("init ") == became("flag text") == []


def beginning(group: str, letters: str) -> list[str]:
    """The options of a group whose names begin so."""
    return sorted(file.stem for file in (packaged("configs") / group).glob(f"{letters}*.yaml"))


def test_groups_and_their_options_in_lists_too() -> None:
    assert became("run evalset=se") == [f"evalset={name}" for name in beginning("evalset", "se")]
    assert became("run metrics=") == [f"metrics=[{name}" for name in METRICS]
    found = {f"metrics=[bleu,{name}" for name in beginning("metrics", "chrf")}
    assert set(became("run metrics=[bleu,chrf")) in (found, found | {"metrics=[bleu,chrf]"})
    assert became("run metrics=[bleu,chrfpp") == ["metrics=[bleu,chrfpp", "metrics=[bleu,chrfpp]"]
    assert became("run 'metrics=[bleu,te") == ["metrics=[bleu,ter"]
    assert became("run metrics=\\[bleu,te") == ["metrics=[bleu,ter"]
    assert "metrics=[bleu" not in became("run metrics=[bleu,")
    assert became("run metrics=ble") == [f"metrics={name}" for name in beginning("metrics", "ble")]
    assert became("doctor +experiment=q") == ["+experiment=quick"]
    assert became("run lang_pairs=[p") == ["lang_pairs=[pt-en"]


def test_keys_are_those_of_the_config_that_is_chosen_so_far() -> None:
    assert became("run se") == ["seed="]
    assert became("run gate.cop") == ["gate.copied_share="]
    assert became("run metrics=[chrf] metrics.chrf.w") == ["metrics.chrf.word_order="]
    assert became("run metrics=[chrf] metrics.bl") == []
    assert became("run seed=") == ["seed=12345"]
    assert became("run offline=") == ["offline=true", "offline=false"]
    assert became("run overwrite=t") == ["overwrite=true"]
    assert {"metrics.", "metrics=["} <= set(became("run met"))
    assert not any(one.startswith("hydra") for one in became("run "))
    assert "hydra." in became("run hyd")
    assert became("run al") == ["allow=["]


def test_what_does_not_compose_keeps_nothing_else_from_view() -> None:
    assert became("run metrics=[nope] nonsense=1 'x=[' se") == ["seed="]


def test_commands_offer_what_they_heed() -> None:
    offered = {re.split(r"[.=]", one)[0] for one in became("report ")}
    assert {"seed", "report", "baseline", "significance", "offline"} <= offered
    assert not offered & {"systems", "evalset", "store"}
    assert became("flag systems=[a") == []
    assert became("flag metrics=[ble") == [f"metrics=[{name}" for name in beginning("metrics", "ble")]


def test_ones_own_folders_and_options(mine: Path) -> None:
    assert complete("mteval run --config-dir m") == ["my configs/"]
    assert complete("mteval run --config-dir=m") == ["--config-dir=my configs/"]
    assert complete("mteval run --config-dir ./my\\ configs/met") == ["./my configs/metrics/"]
    for given in ("--config-dir 'my configs'", "--config-dir=my\\ configs", f'-cd "{mine}"'):
        assert became(f"run {given} metrics=[my") == ["metrics=[my_metric"]
        assert became(f"run {given} metrics=[my_metric] metrics.my") == ["metrics.my_metric."]
        assert became(f"run {given} experiment=my_experiment seed=") == ["seed=7"]


def test_lines_are_split_as_a_shell_does() -> None:
    assert split("mteval run 'a b' c\\ d \"e") == ["mteval", "run", "a b", "c d", "e"]
    assert split("mteval ") == ["mteval", ""]
    assert split("mteval 'it'\\''s") == ["mteval", "it's"]
    assert split("a\\") == ["a"]
    assert complete("") == complete("mteval") == []


def test_the_options_are_those_of_the_commands() -> None:
    for command in COMMANDS:
        if command == "run":
            known = {name for action in get_args_parser()._actions for name in action.option_strings}
        else:
            known = set(re.findall(r"(?<![\w-])--[a-z-]+", program(command, "--help").stdout.split("exit codes")[0]))
            known |= {"--help"}
        known = {name for name in known if name.startswith("--")}
        assert set(OPTIONS[command]) == known - ({"--fail-on"} if command == "report" else set()), command
    assert {command for command, _ in VALUES} <= set(COMMANDS)


def test_scripts_are_printed_and_no_other_shell_is(capfd: pytest.CaptureFixture[str]) -> None:
    for shell in SHELLS:
        assert completion([shell]) == 0
        assert capfd.readouterr().out == (packaged("shells") / f"{shell}.sh").read_text("utf-8")
    assert completion(["--help"]) == 0
    assert max(map(len, capfd.readouterr().out.splitlines())) <= 80
    for given in ([], ["tcsh"], ["bash", "zsh"]):
        assert completion(given) == 2
        assert capfd.readouterr().err.startswith("mteval: error: mteval completion: names no shell; choose one of bash")


def asked(shell: str, folder: Path, script: str, *lines: str) -> list[list[str]]:
    """What a real shell makes of lines, each as it would be when Tab is pressed at its end."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "mteval").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mteval "$@"\n', encoding="utf-8")
    (bin_ / "mteval").chmod(0o755)
    (folder / "script").write_text(script, encoding="utf-8")
    root = str(Path(__file__).parent.parent)
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": root, "HOME": str(folder)}
    options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    command = [shell, *options, str(folder / "script"), *lines]
    shown = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert shown.stderr == ""
    return [block.strip("\n").split("\n") for block in shown.stdout.split("--\n")[:-1]]


BASH = """
eval "$(mteval completion bash)"
for line; do
    COMP_LINE="$line" COMP_POINT=${#line}
    read -ra COMP_WORDS <<< "$line"
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
    _mteval
    printf '%s\\n' "${COMPREPLY[@]}"
    echo --
done
"""


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    found = asked(
        "bash",
        tmp_path,
        BASH,
        *("mteval rep", "mteval run metrics=[bleu,chrfp", "mteval run 'metrics=[bleu,te", "mteval run --config-dir c"),
        *("mteval run experiment=qu", "mteval run zzz", "mteval run see"),
    )
    # After a word break (=) bash replaces what follows it, within quotes all that follows the quote.
    assert found == [
        ["report "],
        ["[bleu,chrfpp"],
        ["metrics=[bleu,ter"],
        ["configs/"],
        ["quick "],
        [""],
        ["seed="],
    ]


ZSH = """
compdef() { }
compadd() { shift $(( $# - 1 )); print -l -- "${(@P)1}" }
compset() { }
_files() { print files }
eval "$(mteval completion zsh)"
for line; do
    words=(${(z)line}) PREFIX=${${(z)line}[-1]} CURRENT=${#words}
    _mteval | grep .
    echo --
done
"""


def test_zsh_completes(tmp_path: Path) -> None:
    found = asked("zsh", tmp_path, ZSH, "mteval rep", "mteval run metrics=\\[bleu,chrfp", "mteval flag zzz")
    assert found == [["report"], ["metrics=[bleu,chrfpp"], ["files"]]


FISH = """
mteval completion fish | source
for line in $argv
    complete -C "$line"
    printf '%s\\n' --
end
"""


def test_fish_completes(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    found = asked(
        "fish",
        tmp_path,
        FISH,
        "mteval rep",
        "mteval run metrics=[bleu,chrfp",
        "mteval run evalset.path=te",
        "mteval flag te",
    )
    assert found == [["report"], ["metrics=[bleu,chrfpp"], ["evalset.path=texts/"], ["texts/"]]
