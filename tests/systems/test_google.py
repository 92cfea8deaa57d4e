"""Google's own client against a server on this machine."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from mteval.config import build
from mteval.errors import ConfigError, UnavailableError
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Segment
from mteval.systems.google import Google
from mteval.systems.services_fakes import GoogleServer
from mteval.usage import Usage
from tests.test_configs import composed

PT_EN = LangPair("pt", "en")


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy before the loopback, and nobody logged in."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for variable in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


def segments(texts: Sequence[str]) -> list[Segment]:
    return [Segment(f"d:{n}", text, "d", "here") for n, text in enumerate(texts)]


def translated(system: Google, texts: Sequence[str], pair: LangPair = PT_EN) -> list[str]:
    found = list(system.translate(segments(texts), pair, {}))
    assert sorted(position for position, _ in found) == list(range(len(texts)))
    return [dict(found)[position].text for position in range(len(texts))]


def test_it_translates_plain_text_in_order_and_equal_sources_once() -> None:
    texts = ["um", "dois", "um", "", "três & <b>\"quatro\"</b> '5' 😀", "dois"]
    with GoogleServer() as server:
        system = Google(project="mine", endpoint=server.url, batch_size=2)
        system.check(PT_EN)
        assert translated(system, texts) == [f"en:{text.upper()}" if text else "" for text in texts]
        assert [one["contents"] for one in server.asked] == [["um", "dois"], [texts[4]]]
        asked = server.asked[0]
        assert asked["path"] == "/v3/projects/mine/locations/global:translateText"
        assert (asked["mimeType"], asked["sourceLanguageCode"]) == ("text/plain", "pt")
        assert "Authorization" not in server.headers
        system.close()
        assert translated(system, ["um"]) == ["en:UM"]


def test_models_and_glossaries_reach_the_service() -> None:
    with GoogleServer() as server:
        system = Google(
            project="mine", location="us-central1", model="general/translation-llm", glossary="g", endpoint=server.url
        )
        system.check(PT_EN)
        assert translated(system, ["um"]) == ["en:UM"]  # what the glossary made, not what was made without it
        (asked,) = server.asked
    parent = "projects/mine/locations/us-central1"
    assert asked["model"] == f"{parent}/models/general/translation-llm"
    assert asked["glossaryConfig"]["glossary"] == f"{parent}/glossaries/g"


@pytest.mark.parametrize(
    ("source", "target", "codes"),
    [
        ("por", "eng", ("pt", "en")),
        ("en_GB", "pt_PT", ("en", "pt-PT")),
        ("zh_Hant", "zh_Hans", ("zh-TW", "zh-CN")),
        ("zh", "nb", ("zh-CN", "no")),
    ],
)
def test_languages_have_googles_codes(source: str, target: str, codes: tuple[str, str]) -> None:
    signature = dict(Google().signature(LangPair(source, target)).settings)
    assert (signature["source"], signature["target"]) == codes


def test_languages_that_google_does_not_list_are_named() -> None:
    with GoogleServer() as server:
        system = Google(endpoint=server.url, language_codes={"ca": "ca"})
        system.check(LangPair("ca", "en"))
        with pytest.raises(UnavailableError, match=r"does not translate en_GB \(en-GB\) here; name one under"):
            system.check(LangPair("pt", "en_GB"))


def test_no_request_is_larger_than_google_takes() -> None:
    """The server refuses more than 1024 texts and more than 30,000 characters, as the real one does."""
    dice = random.Random(1)
    texts = [dice.choice("éx漢") * dice.randint(1, 9000) for _ in range(60)]
    with GoogleServer() as server:
        system = Google(endpoint=server.url, batch_size=1024)
        assert translated(system, texts) == [f"en:{text.upper()}" for text in texts]
        asked = [text for one in server.asked for text in one["contents"]]
        assert asked == list(dict.fromkeys(texts))
        server.asked.clear()
        translated(system, [f"{n}" for n in range(1500)])
        assert [len(one["contents"]) for one in server.asked] == [1024, 476]
    eval_set = EvalSet("set", PT_EN, (Document("d", "pt"),), tuple(segments(["um", "x" * 30_001])))
    assert Google().declines(eval_set) == "segment d:1 has 30001 characters, and 30000 are taken at once"


@pytest.mark.parametrize("faults", [[429], [503], [500]])
def test_a_fault_that_passes_loses_and_doubles_nothing(faults: list[int]) -> None:
    texts = [f"texto {n}" for n in range(5)]
    with GoogleServer(faults) as server:
        found = dict(Google(endpoint=server.url, batch_size=3, price=20).translate(segments(texts), PT_EN, {}))
        assert [found[n].text for n in range(5)] == [f"en:{text.upper()}" for text in texts]
        assert len(server.asked) == 2 + len(faults)
    usage = sum((output.usage for output in found.values()), Usage())
    assert usage == Usage(requests=2, characters=35, cost=pytest.approx(35 * 20 / 1e6))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, r"google: the project's quota is used up \(.*Quota exceeded.*\); raise it, or run again later"),
        (500, "google: .*fault 500; run again later; what is done is kept in the store"),
        (403, r"google: the credentials are not accepted \(.*fault 403\); log in with gcloud"),
        (401, r"google: the credentials are not accepted"),
        (400, "google: .*fault 400; correct project, location, model, glossary or language_codes"),
        (404, "google: .*fault 404; correct project"),
    ],
)
def test_a_fault_that_stays_is_one_clear_error(status: int, message: str) -> None:
    texts = [f"texto {n}" for n in range(4)]
    with GoogleServer([200, *[status] * 40]) as server:
        outputs = Google(endpoint=server.url, batch_size=2, patience=0.2).translate(segments(texts), PT_EN, {})
        assert [position for position, _ in islice(outputs, 2)] == [0, 1]
        with pytest.raises(UnavailableError, match=message) as caught:
            next(outputs)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("surplus", "gave"), [(-1, 2), (1, 4), (-3, 0)])
def test_a_wrong_number_of_translations_is_refused(surplus: int, gave: int) -> None:
    with GoogleServer(surplus=surplus) as server:
        outputs = Google(endpoint=server.url).translate(segments(["um", "dois", "três"]), PT_EN, {})
        with pytest.raises(UnavailableError, match=f"google: gave {gave} translations of 3 texts"):
            list(outputs)


def test_nobody_there_is_one_clear_error() -> None:
    with GoogleServer() as server:
        url = server.url
    with pytest.raises(UnavailableError, match=r"google: .*; run again later"):
        translated(Google(endpoint=url, patience=0.2), ["um"])


def test_without_credentials_it_says_how_to_log_in() -> None:
    with pytest.raises(
        UnavailableError, match=r"google: no credentials: .*; log in with gcloud auth application-default"
    ):
        Google(project="mine").check(PT_EN)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, key, endpoint = Google().needs(PT_EN)
    assert (package.name, package.found) == ("google-cloud-translate", True)
    assert (key.kind, key.name, key.found) == (
        "key",
        "GOOGLE_APPLICATION_CREDENTIALS",
        None,
    )  # a machine at Google has its own
    assert (endpoint.kind, endpoint.found, endpoint.url) == ("endpoint", None, "https://translate.googleapis.com")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    assert Google().needs(PT_EN)[1].found is False
    (tmp_path / "account.json").write_text("{}", "utf-8")
    assert Google().needs(PT_EN)[1].found is True
    assert [need.kind for need in Google(endpoint="http://localhost:1").needs(PT_EN)] == ["package", "endpoint"]


def test_a_service_accounts_secret_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nSECRET", "client_email": "a@b"}
    (tmp_path / "account.json").write_text(json.dumps(account), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    with pytest.raises(UnavailableError, match="google: ") as caught:
        Google(project="mine").check(PT_EN)
    assert "SECRET" not in str(caught.value)


def test_a_run_without_a_network_asks_nothing_but_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    for ask in (lambda: Google(project="mine").check(PT_EN), lambda: translated(Google(project="mine"), ["um"])):
        with pytest.raises(UnavailableError, match=r"needs translate\.googleapis\.com, and this run is offline"):
            ask()
    with GoogleServer() as server:
        Google(endpoint=server.url).check(PT_EN)


def test_the_signature_holds_what_changes_the_output() -> None:
    plain = Google().signature(PT_EN)
    for same in (Google(project="mine"), Google(batch_size=3), Google(price=2, patience=1, timeout=1)):
        assert same.signature(PT_EN) == plain
    others = [
        Google(model="general/nmt"),
        Google(model="my-model", project="mine"),
        Google(location="us-central1"),
        Google(location="us-central1", glossary="g"),
        Google(language_codes={"pt": "pt-PT"}),
        Google(endpoint="https://translate-eu.googleapis.com"),
    ]
    assert len({plain, *(other.signature(PT_EN) for other in others)}) == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"project": ""}, "project: '' names nothing"),
        ({"location": None}, "location: None names nothing"),
        ({"model": "/x/"}, "model: '/x/' names nothing"),
        ({"glossary": "g"}, "location: a glossary is never global"),
        ({"endpoint": "http://example.com"}, "endpoint: http://example.com is not encrypted"),
        ({"batch_size": 1025}, "batch_size: 1025 is not from 1 to 1024"),
        ({"patience": 0}, "patience: 0 is no time"),
        ({"price": "1"}, "price: '1' is no price"),
        ({"language_codes": ["en"]}, "language_codes: .* is not a mapping"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Google(**settings)  # type: ignore[arg-type]


def test_the_option_is_built() -> None:
    run = build(composed("systems=[google]", "systems.google.model=general/nmt", "systems.google.price=20"))
    assert isinstance(run.evaluation.systems["google"], Google)
