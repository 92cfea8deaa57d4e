"""No config brings code in: not by ``_target_``, however it is hidden, nor by the part that Hydra builds itself."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from mteval import app
from mteval.building import build_options
from mteval.composition import compose
from mteval.config import build, build_metrics
from mteval.config_objects import build_node
from mteval.config_trust import check_trust
from mteval.errors import ConfigError, MtevalError, RunError
from mteval.metrics.base import Metric
from mteval.options import Option

Cli = Callable[..., tuple[int, str]]

SEGMENT = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {"a": "Good day"}}
BASE = ("evalset=jsonl", "lang_pairs=[ro-en]", "systems=[]", "metrics=[chrf]", "garble=[]", "evalset.path=set.jsonl")
LAUNCHER = "hydra_plugins.hydra_submitit_launcher.submitit_launcher"


class Touch:
    """Leaves a file when it is unpickled, which pandas' ``read_pickle`` does with whatever it is given."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval run`` in an empty folder, with an experiment file of a stranger's; gives exit code and errors."""
    monkeypatch.chdir(tmp_path)
    Path("set.jsonl").write_text(json.dumps(SEGMENT) + "\n", "utf-8")
    Path("evil.pickle").write_bytes(pickle.dumps(Touch()))

    def run(experiment: str, *arguments: str) -> tuple[int, str]:
        Path("mine/experiment").mkdir(parents=True, exist_ok=True)
        Path("mine/experiment/stranger.yaml").write_text(f"# @package _global_\n{experiment}\n", "utf-8")
        given = ["experiment=stranger"] if experiment else []
        overrides = ["store=null", "bootstrap_draws=10", *BASE, *given, *arguments]
        code = app.run(["--config-dir", "mine", *overrides])
        errors = capfd.readouterr().err
        assert not Path("pwned").exists()
        return code, errors

    return run


UNPICKLED = "{_target_: pandas.read_pickle, filepath_or_buffer: evil.pickle}"
IN_FILES = {
    "callback": (
        f"hydra: {{callbacks: {{x: {UNPICKLED}}}}}",
        "hydra.callbacks.x._target_: pandas.read_pickle is outside",
    ),
    "callback, nested": (
        f"hydra: {{callbacks: {{sweeps: {{x: [{UNPICKLED}]}}}}}}",
        "hydra.callbacks.sweeps.x[0]._target_: pandas.read_pickle is outside",
    ),
    "callback, by interpolation": (
        f"systems: {{x: {UNPICKLED}}}\nhydra: {{callbacks: {{x: '${{systems.x}}'}}}}",
        "hydra.callbacks.x: ${systems.x} could bring in anything",
    ),
    "callbacks, all by interpolation": (
        f"systems: {{x: {{y: {UNPICKLED}}}}}\nhydra: {{callbacks: '${{systems.x}}'}}",
        "hydra.callbacks: ${systems.x} could bring in anything",
    ),
    "callback, by a resolver": (
        "hydra: {callbacks: {x: '${oc.create:{_target_: os.mkdir, path: pwned}}'}}",
        "could bring in anything",
    ),
    "callback, a target by interpolation": (
        "hydra: {callbacks: {x: {_target_: '${oc.decode:os.mkdir}', path: pwned}}}",
        "could bring in anything",
    ),
    "callback, through a module of Hydra's": (
        "hydra: {callbacks: {x: {_target_: hydra.core.utils.os.mkdir, path: pwned}}}",
        "cannot import hydra.core.utils.os.mkdir",
    ),
    "callback, a function of Hydra's": (
        "hydra: {callbacks: {x: {_target_: hydra.utils.call, config: {_target_: os.mkdir, path: pwned}}}}",
        "hydra.utils.call is no class",
    ),
    "callback, another class of mteval's": (
        "hydra: {callbacks: {x: {_target_: mteval.files.write_text, path: pwned, text: x}}}",
        "mteval.files.write_text is outside hydra",
    ),
    "sweeper": (f"hydra: {{sweeper: {{params: {{x: {UNPICKLED}}}}}}}", "hydra.sweeper.params.x._target_: pandas"),
    "launcher": (
        f"hydra: {{launcher: {{_target_: {LAUNCHER}.os.getcwd}}}}",
        f"hydra.launcher._target_: cannot import {LAUNCHER}.os.getcwd",
    ),
    "logging, a factory": (
        "hydra: {job_logging: {root: {handlers: []}, formatters: {x: {(): pandas.read_pickle, "
        "filepath_or_buffer: evil.pickle}}}}",
        "hydra.job_logging.formatters.x.(): pandas.read_pickle is not for a config to call",
    ),
    "logging, a class": (
        "hydra: {hydra_logging: {root: {handlers: [x]}, "
        "handlers: {x: {class: subprocess.Popen, args: [mkdir, pwned]}}}}",
        "hydra.hydra_logging.handlers.x.class: subprocess.Popen is not for a config to call",
    ),
    "logging, an object": (
        "hydra: {job_logging: {root: {handlers: []}, formatters: {x: {validate: 'ext://os.system'}}}}",
        "ext://os.system is not for a config to name",
    ),
    "logging, a file anywhere": (
        "hydra: {job_logging: {root: {handlers: [x]}, handlers: {x: {class: logging.FileHandler, filename: pwned}}}}",
        "hydra.job_logging.handlers.x.filename: a log is not in the run's folder",
    ),
    "logging, a file out of the folder": (
        "hydra: {job_logging: {root: {handlers: [x]}, handlers: {x: {class: logging.FileHandler, "
        "filename: '${hydra.runtime.output_dir}/../pwned'}}}}",
        "a log is not in the run's folder",
    ),
    "environment": (
        "hydra: {job: {env_set: {PATH: evil}}}",
        "hydra.job.env_set.PATH: a file may not set the environment's PATH",
    ),
    "allow": (
        "allow: [subprocess]\nsystems: {x: {_target_: subprocess.Popen, args: [mkdir, pwned]}}",
        "allow: a file allows subprocess to bring code, which only the command line can",
    ),
    "system": (f"systems: {{x: {UNPICKLED}}}", "systems.x._target_: pandas.read_pickle is outside mteval"),
    "system, nested": (
        "systems: {x: {_target_: mteval.systems.stored.Stored, "
        "path: {a: [{_target_: os.system, command: mkdir pwned}]}}}",
        "systems.x.path.a[0]._target_: os.system is outside mteval",
    ),
    "system, by interpolation": (
        "systems: {x: {_target_: '${oc.decode:os.system}', command: mkdir pwned}}",
        "systems.x._target_: os.system is outside mteval",
    ),
    "system, through a module of ours": (
        "systems: {x: {_target_: mteval.files.os.mkdir, path: pwned}}",
        "cannot import mteval.files.os.mkdir",
    ),
    "system, in part": (
        "systems: {x: {_target_: mteval.systems.stored.Stored, _partial_: true, path: x}}",
        "systems.x._partial_: unknown key",
    ),
    "system, with arguments of Hydra's": (
        "systems: {x: {_target_: mteval.systems.stored.Stored, _args_: [x]}}",
        "systems.x._args_: unknown key",
    ),
    "system, with its nodes as they are": (
        "systems: {x: {_target_: mteval.systems.stored.Stored, _recursive_: false, path: x}}",
        "systems.x._recursive_: unknown key",
    ),
}


@pytest.mark.parametrize("name", IN_FILES)
def test_what_a_strangers_file_would_run_is_refused(cli: Cli, name: str) -> None:
    experiment, refused = IN_FILES[name]
    code, errors = cli(experiment)
    assert code == 2
    assert refused in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("more", [(), ("-m", "seed=1,2")], ids=["run", "sweep"])
def test_so_it_is_in_a_cell_of_a_sweep_alone(cli: Cli, more: tuple[str, ...]) -> None:
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/good.yaml").write_text("# @package _global_\nseed: 3\n", "utf-8")
    evil = "hydra: {job_logging: {root: {handlers: []}, formatters: {x: {(): os.mkdir, path: pwned}}}}"
    code, errors = cli(evil, "-m", "experiment=good,stranger")
    assert code == 2
    assert "os.mkdir is not for a config to call" in errors


@pytest.mark.parametrize(
    ("override", "refused"),
    [
        ("+hydra.callbacks.x={_target_: os.mkdir, path: pwned}", "os.mkdir is outside hydra"),
        ("+hydra.callbacks.x={_target_: builtins.exec, _args_: [x]}", "builtins.exec is outside hydra"),
        ("+hydra.sweeper.x={_target_: os.system, command: mkdir pwned}", "os.system is outside hydra"),
        ("+hydra.launcher.x={_target_: os.system, command: mkdir pwned}", "os.system is outside hydra"),
        ("+systems.x={_target_: os.system, command: mkdir pwned}", "os.system is outside mteval"),
        ("gate._target_=shutil.rmtree", "shutil.rmtree is outside mteval"),
    ],
)
def test_the_command_line_names_no_code_but_what_it_allows(cli: Cli, override: str, refused: str) -> None:
    code, errors = cli("", override)
    assert code == 2
    assert refused in errors


def test_an_option_that_says_how_to_build_it_allows_nothing_by_that() -> None:
    option = Option("metrics", "chrf", Path("chrf.yaml"), example=("allow=[os]",), entries=("chrf",))
    ((found),) = build_options([option], [], []).values()
    assert isinstance(found, ConfigError)
    assert "a file allows os to bring code" in str(found)


def test_packages_are_allowed_on_the_command_line(cli: Cli) -> None:
    assert build(compose(["systems=[reference]", "metrics=[]", "garble=[]", "report=[]", "allow=[tests]"], []))
    with pytest.raises(ConfigError, match="only the command line can"):
        compose(["allow=[tests]"], [], said=["allow=[test]"])
    code, errors = cli("allow: [tests]", "allow=[tests]")
    assert (code, errors) == (0, "")


HUGGING = "_target_: mteval.systems.huggingface.HuggingFace, checkpoint: x"
TRUSTING = f"{HUGGING}, trust_remote_code: true"
PICKLED = "_target_: mteval.metrics.comet.Comet, trust_pickled_code: [a.b, c]"


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        (f"systems: {{x: {{{TRUSTING}}}}}", []),
        (f"systems: {{x: {{{TRUSTING}}}}}", ["systems.y.trust_remote_code=true"]),
        (f"systems: {{x: {{{TRUSTING}}}}}", ["systems.x.trust_remote_code=false"]),
        (f"systems: {{x: {{{TRUSTING}}}}}", [f"+systems.y={{{TRUSTING}}}"]),
        (f"systems: {{x: {{{HUGGING}, trust_remote_code: '${{include_furniture}}'}}}}\ninclude_furniture: true", []),
        (f"systems: {{x: {{_target_: mteval.systems.mbr.Mbr, proposer: {{{TRUSTING}}}}}}}", []),
        (f"systems: {{x: {{{PICKLED}}}}}", []),
        (f"systems: {{x: {{{PICKLED}}}}}", ["systems.x.trust_pickled_code=[a.b.C]"]),
        (f"systems: {{x: {{{PICKLED}}}}}", ["systems.x.trust_pickled_code=[b]", "systems.x.trust_remote_code=true"]),
        (f"systems: {{x: {{{PICKLED}}}}}", ["systems.y.trust_pickled_code=[a.b,c]"]),
        (f"systems: {{x: {{{TRUSTING}}}}}", ["systems.x.trust_remote_code=[true]"]),
        (f"systems: {{x: {{{PICKLED}}}}}", ["+systems.x={trust_remote_code: true, trained_on: [a.b, c]}"]),
        ("systems: {x: {trust_pickled_code: ['${seed}']}}\nseed: a.b", ["systems.x.trust_pickled_code=['${seed}']"]),
        ("systems: {x: {trust_pickled_code: a.b}}", []),
    ],
)
def test_a_file_has_no_code_of_a_checkpoints_run(experiment: str, words: list[str]) -> None:
    given: Any = OmegaConf.to_container(OmegaConf.create(experiment), resolve=False)
    key = "trust_remote_code" if "trust_remote_code" in experiment else "trust_pickled_code"
    with pytest.raises(ConfigError, match=rf"^systems\.x\..*{key}: a file has code .* if you have read"):
        check_trust(given["systems"], "systems", words)


@pytest.mark.parametrize(
    "word",
    ["+systems.x.trust_pickled_code=[c,a.b]", f"+systems.x={{{PICKLED}}}", f"+systems={{x: {{{PICKLED}}}}}"],
)
def test_the_command_line_trusts_code_by_name(word: str) -> None:
    check_trust({"x": {"trust_pickled_code": ["a.b", "c"]}}, "systems", [word])
    check_trust({"x": {"trust_pickled_code": []}}, "systems", [])


@pytest.mark.parametrize(
    "word", [f"+systems.x={{{TRUSTING}}}", "++systems.x.trust_remote_code=True", f"+systems={{x: {{{TRUSTING}}}}}"]
)
def test_the_command_line_has(word: str) -> None:
    check_trust({"x": {"checkpoint": "x", "trust_remote_code": True}}, "systems", [word])
    check_trust({"x": {"checkpoint": "x", "trust_remote_code": False}}, "systems", [])


def test_a_checkpoint_that_a_strangers_file_trusts_is_not_loaded(cli: Cli) -> None:
    code, errors = cli(f"systems: {{x: {{{TRUSTING}}}}}")
    assert (code, "systems.x.trust_remote_code: a file has code that a checkpoint" in errors) == (2, True)


def test_a_job_runs_no_command_of_a_file_that_was_not_named_for_it(cli: Cli) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    Path("mine/hydra/launcher").mkdir(parents=True)
    own = f"_target_: {LAUNCHER}.SlurmLauncher\nsubmitit_folder: x\nsetup: [module load cuda]\n"
    Path("mine/hydra/launcher/ours.yaml").write_text(own, "utf-8")
    files, sneaked = [Path("mine").absolute()], "hydra.launcher.setup: a file may not say what a job runs"
    setup = "hydra: {launcher: {setup: [mkdir pwned]}}"
    assert sneaked in cli(setup, "-m", "hydra/launcher=submitit_slurm")[1]
    assert sneaked in cli(setup, "-m", "hydra/launcher=ours")[1]
    assert sneaked in cli("defaults: [{override /hydra/launcher: ours}]", "-m")[1]
    line = 'hydra: {launcher: {partition: "gpu\\nmkdir pwned"}}'
    assert "is more than one line, in a job's script" in cli(line, "-m", "hydra/launcher=submitit_slurm")[1]
    for said in (["hydra/launcher=ours"], ["hydra/launcher=submitit_slurm", "hydra.launcher.setup=[module load cuda]"]):
        assert compose([*said, "metrics=[chrf]"], files) is not None


def test_what_was_checked_is_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpolation that gives another text each time it is asked, as ``${now:%f}`` does, is asked once."""
    answers = iter(["mteval.metrics.lexical.Chrf", "os.system"])
    OmegaConf.register_new_resolver("fickle", lambda: next(answers), replace=True)
    good = compose(["metrics=[chrf]"], []).metrics.chrf
    answers = iter([str(good._target_), str(good._target_), "os.system", "os.system"])
    node = OmegaConf.create({"_target_": "${fickle:}"})
    assert isinstance(build_node(node, "metrics.x", Metric, ("mteval",)), Metric)


def test_a_runs_folder_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its record says is never resolved: it could send a key of the environment to where it likes."""
    monkeypatch.setenv("MY_API_KEY", "Verysecret_0123456789")
    config = compose([], [])
    target = "mteval.metrics.comet.Comet"
    plain = {"_target_": target, "checkpoint": "${oc.env:MY_API_KEY}"}
    try:
        shown = repr(vars(build_metrics(config, {"x": plain}, "run.json")["x"]))
    except MtevalError as error:
        shown = str(error)
    assert "Verysecret" not in shown
    for evil in ({"_target_": "os.system", "command": "mkdir pwned"}, {**plain, "x": {"_target_": "os.mkdir"}}):
        with pytest.raises(RunError, match="is outside mteval"):
            build_metrics(config, {"x": evil}, "run.json")
