"""``mteval doctor``: what can run here, against a hub on this machine, machines that are too small, and no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mteval import doctor_network
from mteval.doctor import doctor
from mteval.doctor_fakes import HubServer
from tests.conftest import program
from tests.doctor.conftest import Cli

PLUG_IN = """
from dataclasses import replace
from mteval.needs import Need, key
from mteval.systems.fakes import UpperCase

class Asking(UpperCase):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def needs(self, pair):
        return (key("A_KEY"), Need("endpoint", "the service", None, url=self._url, remedy="start it"))
"""


def told(output: str) -> str:
    """What was printed, on one line."""
    return " ".join(output.split())


def parts(shown: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {part["name"]: part for part in json.loads(shown)["parts"]}
    return found


def fact(part: dict[str, Any], what: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in part["facts"] if one["what"].startswith(what))
    return found


def test_what_is_all_here_can_run_and_asks_nobody(examine: Cli, hub: HubServer) -> None:
    code, output, errors = examine(metrics=["chrf", "bleu"], systems=["reference"])
    assert (code, errors, hub.asked) == (0, "", [])
    assert output.endswith("Everything can run.\n")
    assert "✓  ready    chrf         needs nothing besides mteval" in output
    assert "set: 1 segment in 1 document, 1 reference; systems: other" in told(output)
    assert max(map(len, output.splitlines())) <= 80
    assert "\x1b" not in output


def test_downloads_are_sized_by_the_files_that_are_needed(examine: Cli, hub: HubServer) -> None:
    code, output, _ = examine("--json", systems=["nllb_600m"], metrics=["comet22"])
    found = parts(output)
    nllb, comet = (fact(found[name], "checkpoint") for name in ("nllb_600m", "comet22"))
    assert nllb["download"] == 2_000_002_000  # neither TensorFlow's weights nor the README
    assert comet["download"] == 3_000_000_500
    assert nllb["said"] == "a download of 2 GB at first use"
    assert fact(found["nllb_600m"], "memory")["said"].startswith("takes 2 GB; ")
    assert "5 GB to download" in found["disk"]["facts"][0]["said"]
    assert (found["hub"]["state"], code) == ("ready", 0)
    assert [path.partition("?")[0] for path in hub.asked].count("/api/models/Unbabel/wmt22-comet-da") == 1
    assert not any("resolve" in path or "auth-check" in path for path in hub.asked)


@pytest.mark.parametrize(("token", "code"), [(None, 1), ("bad", 1), ("good", 0)])
def test_whether_a_licence_was_accepted_is_asked_with_the_users_token(
    examine: Cli, hub: HubServer, token: str | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    given, output, _ = examine(metrics=["cometkiwi22"])
    assert given == code
    if code:
        assert "not in the hub's cache; gated, and this user has not accepted its licence" in told(output)
        assert f"→ accept it at {hub.url}/Unbabel/wmt22-cometkiwi-da and log in with hf auth login" in told(output)
        assert output.endswith("1 of 9 lacks something: cometkiwi22.\n")
    else:
        assert "3 GB at first use; gated, and this user has accepted its licence" in told(output)
    assert token is None or token not in output


def test_what_the_hub_does_not_have_or_tell(examine: Cli, hub: HubServer) -> None:
    system = "systems.nllb_600m.checkpoint"
    _, output, _ = examine(f"{system}=org/none", systems=["nllb_600m"])
    assert "the hub shows no such repository to this user" in told(output)
    _, output, _ = examine("+systems.nllb_600m.revision=v9", systems=["nllb_600m"])
    assert "the hub has no revision v9 of it" in told(output)
    code, output, _ = examine(f"{system}=org/untold", systems=["nllb_600m"])
    assert "a download of a size that the hub does not tell at first use" in told(output)
    assert "at least 0 bytes to download" in told(output)
    assert code == 0


def test_a_hub_that_is_slow_is_not_waited_for(examine: Cli, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_network, "HUB_SECONDS", 0.2)
    started = time.monotonic()
    code, output, _ = examine("systems.nllb_600m.checkpoint=org/silent", systems=["nllb_600m"])
    assert time.monotonic() - started < 1.5
    assert code == 1
    assert "cannot be reached" in told(output)
    assert "its size is not known" in told(output)


def test_no_hub_is_said_at_once(examine: Cli, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    code, output, _ = examine(systems=["nllb_600m"])
    assert code == 1
    assert "✗ lacking hub http://127.0.0.1:9: cannot be reached" in told(output)
    assert "not in the hub's cache, and the hub cannot be reached (ConnectionError); its size is not known" in told(
        output
    )


def test_a_disk_and_a_memory_that_are_too_small(examine: Cli, hub: HubServer) -> None:
    code, output, _ = examine("--json", "systems.nllb_600m.checkpoint=org/vast", systems=["nllb_600m"])
    found = parts(output)
    assert code == 1
    assert found["disk"]["state"] == "lacking"
    assert "100000 TB to download" in found["disk"]["facts"][0]["said"].replace("1e+05", "100000")
    memory = fact(found["nllb_600m"], "memory")
    assert memory["found"] is False
    assert "narrower precision" in memory["remedy"]


@pytest.mark.parametrize("how", ["offline=true", "HF_HUB_OFFLINE", "MTEVAL_OFFLINE"])
def test_offline_the_hub_is_never_asked(
    examine: Cli, hub: HubServer, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "=" not in how:
        monkeypatch.setenv(how, "1")
    given = [how] if "=" in how else []
    code, output, _ = examine(*given, systems=["nllb_600m"], metrics=["cometkiwi22"])
    assert (code, hub.asked) == (1, [])
    assert "not in the hub's cache, and this run is offline; its size is not known" in told(output)
    assert "not asked, since this run is offline" in told(output)
    assert json.loads(examine(*given, "--json")[1])["offline"] is True


def test_endpoints_are_asked_and_keys_are_never_shown(
    examine: Cli, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asking.py").write_text(PLUG_IN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("A_KEY", "a-secret")

    def asked(url: str, *more: str) -> tuple[int, str]:
        system = f"+systems.s={{_target_: asking.Asking, url: '{url}'}}"
        code, output, _ = examine("allow=[asking]", system, *more)
        assert "a-secret" not in output
        return code, told(output)

    code, output = asked(hub.url)
    assert code == 0
    assert f"key A_KEY; endpoint the service: {hub.url} answers (HTTP 401)" in output
    assert asked(hub.url, "offline=true")[0] == 0  # this machine itself is no network
    code, output = asked("http://127.0.0.1:9")
    assert code == 1
    assert "http://127.0.0.1:9 does not answer (Connection refused) → start it" in output
    code, output = asked("https://example.org", "offline=true")
    assert code == 1
    assert "endpoint the service: is not this machine's own, and this run is offline → set offline=false" in output
    monkeypatch.delenv("A_KEY")
    code, output = asked(hub.url)
    assert code == 1
    assert "key A_KEY: not set → export A_KEY=" in output


def test_lang_pairs_references_and_files_are_looked_at(examine: Cli) -> None:
    code, output, _ = examine("metrics.comet_qe_mini.pairs=[pt-en]", systems=["apertium_ca"], metrics=["comet_qe_mini"])
    assert "– unused apertium_ca not in ro-en: no chain of Apertium modes for ro-en" in told(output)
    assert "ro-en: COMET-QE-mini was made for pt-en; its scores say little here" in told(output)
    assert code == 0
    Path("set.jsonl").write_text('{"source": "Bună ziua."}\n', encoding="utf-8")
    code, output, _ = examine(metrics=["chrf"])
    assert code == 1
    assert "✗ lacking chrf set.jsonl:1: segment set:1 has no reference, and metric chrf needs one" in told(output)
    assert "no system translates it → choose one that does, with systems=[…]" in told(output)
    code, output, _ = examine("+systems.mine={_target_: mteval.systems.stored.Stored, path: none.txt}")
    assert "✗ lacking mine none.txt: no such file or folder → correct path" in told(output)
    code, output, _ = examine("evalset.path=none.jsonl", metrics=["chrf"])
    assert code == 1
    assert "none.jsonl: no such file or folder → correct evalset.path" in told(output)
    assert "not read, since none.jsonl is not here" in told(output)
    Path("set.jsonl").write_text("{\n", encoding="utf-8")
    code, output, _ = examine(metrics=["chrf"])
    assert (code, "set.jsonl:1: not JSON" in told(output)) == (1, True)


def test_every_option_is_examined_with_its_example(hub: HubServer, tmp_path: Path, capfd: Any) -> None:
    own = tmp_path / "systems" / "mine.yaml"
    own.parent.mkdir()
    own.write_text("# Mine\nmine:\n  _target_: mteval.systems.stored.Stored\n  path: none.txt\n", encoding="utf-8")
    (tmp_path / "systems" / "bad.yaml").write_text("# Bad\nbad:\n  _target_: mteval.gate.Gate\n", encoding="utf-8")
    code = doctor(["--all", "--json", "offline=true", "lang_pairs=[ro-en]", "--config-dir", str(tmp_path)])
    found = parts(capfd.readouterr().out)
    assert (code, hub.asked) == (1, [])
    assert {"apertium_es", "canary_loop", "comet22", "xcomet_xl", "jsonl", "seeds", "mine"} <= set(found)
    assert found["mine"]["state"] == "lacking"
    assert fact(found["bad"], "systems.bad._target_")["said"] == "mteval.gate.Gate is no System"
    assert found["huggingface"]["state"] == "unknown"
    assert found["huggingface"]["notes"][0].startswith("looked at with its example: systems.huggingface.checkpoint=")
    assert found["nllb_600m"]["state"] == "lacking"
    assert found["jsonl"]["state"] == "unknown"
    assert found["seeds"]["state"] == "ready"
    assert found["seeds_as_output"]["state"] == "unused"  # which has no Romanian


def test_a_config_that_is_wrong_is_the_error_of_a_run(examine: Cli) -> None:
    assert examine("metrics=[chrff]")[0] == 2
    code, output, errors = examine("--config-dir", "none")
    assert (code, output) == (2, "")
    assert errors.startswith("mteval: error: --config-dir: no such folder 'none'")
    assert examine("evalset.path=???")[2].startswith("mteval: error: evalset.path: has no value")


def test_nothing_is_written_and_no_neural_library_is_loaded(tmp_path: Path) -> None:
    """As a newcomer calls it: the default config, in a folder of one's own."""
    code = (
        "import sys; from mteval.doctor import doctor; code = doctor([])\n"
        "assert not {'torch', 'transformers', 'comet', 'pandas'} & set(sys.modules), 'heavy'\n"
        "sys.exit(code)"
    )
    environment = {**os.environ, "MTEVAL_STORE": str(tmp_path / "store"), "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert shown.stderr == ""
    assert shown.returncode == (0 if "Everything can run." in shown.stdout else 1)
    assert not list(tmp_path.iterdir())
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "✓  ready    comet_qe_mini" in shown.stdout


def test_a_console_without_these_letters_gets_others(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "MTEVAL_STORE": str(tmp_path)}
    shown = program("doctor", "systems=[stored]", "systems.stored.path=no.txt", "metrics=[chrf]", env=environment)
    assert shown.returncode == 1
    assert shown.stdout.isascii()
    assert "x  lacking  stored" in shown.stdout
    assert "+  ready    chrf" in shown.stdout
    assert "-> correct path" in shown.stdout
