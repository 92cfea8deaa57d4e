"""No key and no password is in any file that a run writes, nor in what it says: whole runs, failing ones included."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mteval import app, report_command
from mteval.chat.fakes import Breaks, FakeEndpoint, Says, failing
from mteval.composition import compose
from mteval.config import build
from mteval.config_secrets import check_no_secrets, check_words
from mteval.errors import ConfigError
from mteval.systems.services_fakes import DeepLServer

SECRET = "sk-proj-Verysecret_0123456789"
DEEPL = "4fa1c0de-secret-5eed:fx"
HIDDEN = (SECRET, DEEPL, "Verysecret", "secret-5eed")

ROWS = [
    {"source": "Bună ziua, lume.", "references": {"r": "Good day, world."}},
    {"source": "Ce mai faci azi?", "references": {"r": "How are you today?"}},
]
BASE = ("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "metrics=[chrf]", "store=store", "seed=7")
CHAT = (
    *("systems=[chat]", "systems.chat.client.model=m", "systems.chat.client.key=TEST_KEY"),
    *("++systems.chat.client.attempts=2", "++systems.chat.client.backoff=0.01"),
)

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs ``mteval run`` in an empty folder with keys in the environment; gives the exit code and all it says."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("TEST_KEY", SECRET), ("DEEPL_API_KEY", DEEPL), ("NO_PROXY", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        code = app.run([*BASE, "bootstrap_draws=10", *arguments])
        said = capfd.readouterr()
        return code, said.out + said.err

    return run


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, links and hidden ones included, as it is and as what it packs."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        yield str(path), raw
        for unpack in (gzip.decompress, lzma.decompress, zlib.decompress):
            try:
                yield f"{path}, unpacked", unpack(raw)
            except (OSError, EOFError, lzma.LZMAError, zlib.error):
                continue
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as members:
                for name in members.namelist():
                    yield f"{path}/{name}", members.read(name)


def places_of_secrets(folder: Path) -> list[str]:
    """Where below a folder a secret stands, in a file or in its name, as it is or in base 64, as login headers have."""
    spelled = [form for text in HIDDEN for form in (text.encode(), base64.b64encode(text.encode()).rstrip(b"="))]
    return [name for name, raw in contents(folder) if any(one in name.encode() or one in raw for one in spelled)]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_bytes(gzip.compress(SECRET.encode()))
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x", f"key: {DEEPL}")
    (tmp_path / "b.json").write_text(f'"{base64.b64encode(SECRET.encode()).decode()}"', "utf-8")
    assert [name.rpartition("/")[2] for name in places_of_secrets(tmp_path)] == [".hidden, unpacked", "x", "b.json"]


def test_a_run_of_a_chat_model_and_of_deepl_keeps_no_key(cli: Cli, tmp_path: Path) -> None:
    with FakeEndpoint(lambda messages: Says(f"Key: {SECRET}"), key=SECRET) as endpoint, DeepLServer(DEEPL) as server:
        systems = f"+systems.d={{_target_: mteval.systems.deepl.DeepL, endpoint: '{server.url}'}}"
        code, said = cli(*CHAT, f"systems.chat.client.base_url={endpoint.url}", systems, "output=out")
        assert code == 0, said
        assert server.headers["Authorization"].endswith(DEEPL)
        assert len(endpoint.requests) == 2
    assert report_command.report(["out", "output=again"]) == 0
    assert (tmp_path / "out" / ".hydra" / "config.yaml").is_file()
    assert (tmp_path / "again" / "run.json").is_file()
    assert "***" in (tmp_path / "out" / "segments.jsonl").read_text("utf-8")
    assert places_of_secrets(tmp_path) == []
    assert not [one for one in HIDDEN if one in said]


FAILING = {
    "refused, with the key in the answer": Breaks(401, json.dumps({"error": {"message": f"Bad key: {SECRET}"}})),
    "an error page with the key": Breaks(500, f"<html>Authorization: Bearer {SECRET}</html>"),
    "sent elsewhere, with the key": Breaks(302, "", headers={"Location": f"http://127.0.0.1:9/?key={SECRET}"}),
    "a limit, with the key": failing(429, f"Limit of {SECRET}"),
    "an answer that is none": Breaks(200, f'{{"choices": "{SECRET}'),
    "cut": Breaks(200, f'{{"choices": "{SECRET}"}}', how="cut"),
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_sweep_of_failing_requests_keeps_no_key(cli: Cli, tmp_path: Path, kind: str) -> None:
    """A sweep, since its cells keep why they failed, and Hydra keeps what they were to do."""
    with FakeEndpoint(lambda messages: FAILING[kind]) as endpoint:
        code, said = cli("-m", *CHAT, f"systems.chat.client.base_url={endpoint.url}", "output=out", "seed=1")
    assert code == 2, said
    assert (tmp_path / "out" / "0" / "failed.json").is_file()
    assert (tmp_path / "out" / "multirun.yaml").is_file()
    assert places_of_secrets(tmp_path) == []
    assert not [one for one in HIDDEN if one in said]


def test_a_sweep_that_deepl_refuses_keeps_no_key(cli: Cli, tmp_path: Path) -> None:
    with DeepLServer("another") as server:  # whose refusal repeats the key
        system = f"+systems.d={{_target_: mteval.systems.deepl.DeepL, endpoint: '{server.url}'}}"
        code, said = cli("-m", "systems=[]", system, "output=out", "seed=1")
    assert (code, (tmp_path / "out" / "0" / "failed.json").is_file()) == (2, True), said
    assert places_of_secrets(tmp_path) == []
    assert not [one for one in HIDDEN if one in said]


GIVEN = [
    f"systems.chat.client.key={SECRET}",
    f"systems.chat.client.key='{SECRET}'",
    f"++systems.chat.client.key={SECRET},{SECRET}2",
    f"+systems.x={{_target_: mteval.systems.deepl.DeepL, key_variable: '{DEEPL}'}}",
    f"systems.chat.prompt='{SECRET} {{source}}'",
    f"+systems.chat.client.extra={{api_key: {SECRET}}}",
    f"systems.chat.client.base_url=https://me:{SECRET}@example.com/v1",
    "systems.chat.client.base_url=https://me:Verysecret@example.com/v1",
    "systems.chat.prompt='${oc.env:TEST_KEY} {source}'",
    f"++systems.chat.client.extra={{{SECRET}: 1}}",
]


@pytest.mark.parametrize("sweep", [False, True], ids=["run", "sweep"])
@pytest.mark.parametrize("given", GIVEN)
def test_a_key_that_is_given_is_refused_and_not_kept(cli: Cli, tmp_path: Path, given: str, sweep: bool) -> None:
    chosen = ["systems=[chat]", "systems.chat.client.model=m", "output=out"]
    code, said = cli(*(["-m", "seed=1,2"] if sweep else []), *chosen, given)
    assert code == 2, said
    assert not [one for one in HIDDEN if one in said]
    assert places_of_secrets(tmp_path) == []


def test_a_password_of_a_tracker_is_refused(cli: Cli, tmp_path: Path) -> None:
    uri = "tracking.mlflow.uri=http://me:Verysecret@127.0.0.1:9"
    code, said = cli("systems=[canaries]", "tracking=[mlflow]", uri, "output=out")
    assert code == 2
    assert "tracking.mlflow.uri: an address holds a password" in said
    assert "MLFLOW_TRACKING_PASSWORD" in said
    assert places_of_secrets(tmp_path) == []


@pytest.mark.parametrize("given", GIVEN)
def test_a_key_in_a_file_is_refused_too(cli: Cli, tmp_path: Path, given: str) -> None:
    """The same, as an experiment file would say it."""
    overrides = ["systems=[chat]", "systems.chat.client.model=m", "metrics=[chrf]", "garble=[]"]
    with pytest.raises(ConfigError) as raised:
        build(compose([*overrides, given], []))
    assert not [one for one in HIDDEN if one in str(raised.value)]


def test_what_is_no_secret_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "short")
    monkeypatch.setenv("SSH_KEY", "/home/me/.ssh/id")
    check_words(["systems.chat.client.key=OPENAI_API_KEY", "+systems.x={key: null, a: 1}", "output=/home/me/.ssh/id"])
    check_words(["systems.chat.client.key=A_KEY,B_KEY", "systems.chat.client.key='${oc.env:WHICH}'", "a=short"])
    check_words(["evalset.path=https://example.com:8080/a@b", "systems.chat.prompt='A: b@c {source}'"])
    check_no_secrets({"key": "OPENAI_API_KEY", "uri": "https://example.com/a:b@c", "n": [1, None, "x"]}, "systems")
