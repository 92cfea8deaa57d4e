"""What the README shows is what the program does."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from mteval import app, flag, report_command
from tests.conftest import program

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = sorted(
    {line.split("#")[0].strip() for line in README.splitlines() if re.match(r"(    )mteval run\b", line)}
    | {line.split("   ")[0].strip() for line in re.findall(r"    (mteval run [^#\n]+)", README)}
)


@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root")
def test_the_output_shown_is_that_of_the_default_run(default_run: tuple[Path, str]) -> None:
    shown = README.split("<!-- the default run's output -->\n```text\n")[1].split("\n```")[0]
    printed = "\n".join(line.rstrip() for line in default_run[1].splitlines())
    assert printed.startswith(shown + "\n\nro-en, seeds\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_composes(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine" / "systems").mkdir(parents=True)
    own = README.split("`mine/systems/opus_de.yaml`:\n\n```yaml\n")[1].split("```")[0]
    (tmp_path / "mine" / "systems" / "opus_de.yaml").write_text(own, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(command)[2:]
    if "--help" in arguments:
        with pytest.raises(SystemExit) as stopped:
            app.run(arguments)
        assert stopped.value.code in (None, 0)
        return
    swept = [argument.replace("shard=all/", "shard=1/").split(",")[0] for argument in arguments if argument != "-m"]
    cells = swept if "-m" in arguments else arguments
    assert app.run([*cells, *([] if "--cfg" in arguments else ["--cfg", "job"])]) == 0
    assert "_target_" in capfd.readouterr().out


def test_every_command_of_reports_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its runs are small ones: two systems in folders of their own, both in a sweep's, and one in two shards."""
    monkeypatch.chdir(tmp_path)
    hypotheses = {"runs/a": "SYSTEM", "runs/b": "other", "sweep/0": "first", "sweep/1": "second"}
    hypotheses |= {"sharded/1": "SYSTEM", "sharded/2": "SYSTEM"}
    for folder, system in hypotheses.items():
        row = {"source": "Bună ziua.", "references": {"r": "Good day."}, "hypotheses": {system: f"Good {system}."}}
        (tmp_path / "set.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row), "utf-8")
        settings = ("systems=[]", "metrics=[chrf]", "garble=[]", "store=null", "lang_pairs=[ro-en]")
        part = [f"shard={folder[-1]}/2"] if folder.startswith("sharded/") else []
        code = app.run(["evalset=jsonl", "evalset.path=set.jsonl", *settings, *part, f"output={folder}"])
        assert code == 0, capfd.readouterr().err
    commands = [line.split("#")[0] for line in README.splitlines() if line.startswith("    mteval report")]
    assert len(commands) >= 4
    for number, command in enumerate(commands):
        given = shlex.split(command)[2:]
        told = given if any(one.startswith("output=") for one in given) else [*given, f"output=report-{number}"]
        assert report_command.report(told) == 0, capfd.readouterr().err


@pytest.mark.parametrize(
    "command", re.findall(r"^    (mteval (?:list|doctor|completion)\b[^#\n]*)", README, re.MULTILINE)
)
def test_every_command_before_a_run_answers(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    shown = program(*shlex.split(command)[1:])
    assert shown.returncode in ((0, 1) if "doctor" in command else (0,)), shown.stderr
    assert shown.stderr == ""


def test_the_output_of_flag_is_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = re.findall(r"^`(mteval flag [^`]+)` prints:$", README, flags=re.MULTILINE)
    shown = README.split("<!-- the output of mteval flag -->\n```text\n")[1].split("```")[0]
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    assert flag.flag(shlex.split(command)[2:]) == 0
    assert capsys.readouterr().out == shown


def test_every_line_that_flag_reads_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r'^(\{"document": "d\d".*\})(?:  .*)?$', README, flags=re.MULTILINE)
    (tmp_path / "set.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert flag.flag(["--json", "--lang", "en", "--source-lang", "ro", str(tmp_path / "set.jsonl")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    judged = [(row["document"], row["system"], len(row["segments"])) for row in found]
    assert judged == [("d1", None, 2), ("d2", None, 1), ("d3", "a", 1), ("d4", None, 1), ("d4", "a", 1)]


def test_every_option_of_flag_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        flag.flag(["--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    section = README.split("## Flag texts without a run")[1].split("\n## ")[0]
    assert set(re.findall(r"(?<![-<!])--[a-z-]+", section)) <= known


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 8


def test_the_example_of_an_eval_set_is_read(tmp_path: Path) -> None:
    from mteval.evalsets.jsonl import JsonLines
    from mteval.lang import LangPair

    line = README.split("```json\n")[1].split("```")[0]
    assert set(json.loads(line)) == {"source", "document", "references", "hypotheses", "gold"}
    (tmp_path / "set.jsonl").write_text(line, encoding="utf-8")
    pair = LangPair("ro", "en")
    assert list(JsonLines(str(tmp_path / "set.jsonl")).load(pair, [pair]).hypotheses) == ["sys1"]


@pytest.mark.parametrize("group", ["systems", "metrics", "evalset", "lang_pairs", "tracking"])
def test_every_option_that_is_named_is_there(group: str) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{group}` |"))
    named = set(re.findall(r"`(\w[\w-]*)`", row.split("|")[2]))
    assert named
    assert named <= {file.stem for file in (ROOT / "configs" / group).glob("*.yaml")}


def test_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
