"""DeepL's own client against a server on this machine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import deepl.http_client
import pytest

from mteval import reuse
from mteval.config import build
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Segment
from mteval.store import Store
from mteval.systems.deepl import DeepL
from mteval.systems.services_fakes import DeepLServer
from mteval.usage import Meter, Usage
from tests.test_configs import composed

PT_EN, EN_PT = LangPair("pt", "en"), LangPair("en", "pt")
SECRET = "4fa1c0de-secret-5eed:fx"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, no proxy before the loopback, and a client that does not wait between two tries."""
    monkeypatch.setenv("DEEPL_API_KEY", f" {SECRET}\n")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(deepl.http_client._BackoffTimer, "BACKOFF_INITIAL", 0.01)


def segments(texts: Sequence[str]) -> list[Segment]:
    return [Segment(f"d:{n}", text, "d", "here") for n, text in enumerate(texts)]


def translated(system: DeepL, texts: Sequence[str], pair: LangPair = PT_EN) -> list[str]:
    found = list(system.translate(segments(texts), pair, {}))
    assert sorted(position for position, _ in found) == list(range(len(texts)))
    return [dict(found)[position].text for position in range(len(texts))]


def test_it_translates_in_order_and_equal_sources_once() -> None:
    texts = ["um", "dois", "um", "", " \t", "três & <b>quatro</b> 😀", "dois"]
    with DeepLServer(SECRET) as server:
        system = DeepL(endpoint=server.url, batch_size=2)
        system.check(PT_EN)
        expected = [f"EN-US:{text.upper()}" if text.strip() else "" for text in texts]
        assert translated(system, texts) == expected
        assert [one["text"] for one in server.asked] == [["um", "dois"], ["três & <b>quatro</b> 😀"]]
        assert {one["source_lang"] for one in server.asked} == {"PT"}
        system.close()
        assert translated(system, ["um"]) == ["EN-US:UM"]


def test_settings_reach_the_service() -> None:
    with DeepLServer(SECRET) as server:
        system = DeepL(endpoint=server.url, formality="prefer_more", glossary="g-1", model_type="latency_optimized")
        translated(system, ["one"], EN_PT)
        (asked,) = server.asked
    wanted = {"formality": "prefer_more", "glossary_id": "g-1", "model_type": "latency_optimized", "source_lang": "EN"}
    assert wanted.items() <= asked.items()


@pytest.mark.parametrize(
    ("source", "target", "codes"),
    [
        ("pt", "en", ("PT", "EN-US")),
        ("por", "eng", ("PT", "EN-US")),
        ("pt_BR", "en_GB", ("PT", "EN-GB")),
        ("en", "pt", ("EN", "PT-PT")),
        ("en_GB", "pt_BR", ("EN", "PT-BR")),
        ("zh_Hans", "no", ("ZH", "NB")),
        ("no", "zh", ("NB", "ZH-HANS")),
        ("en", "zh_Hant", ("EN", "ZH-HANT")),
        ("en", "es", ("EN", "ES")),
    ],
)
def test_languages_have_deepls_codes(source: str, target: str, codes: tuple[str, str]) -> None:
    signature = dict(DeepL().signature(LangPair(source, target)).settings)
    assert (signature["source"], signature["target"]) == codes


def test_a_code_of_ones_own_goes_before() -> None:
    with DeepLServer(SECRET) as server:
        system = DeepL(endpoint=server.url, language_codes={"en": "EN-GB", "de": "DE"})
        assert translated(system, ["um"]) == ["EN-GB:UM"]
        system.check(LangPair("pt", "de"))  # not checked, as DeepL does not list all that it knows
        with pytest.raises(UnavailableError, match=r"does not translate into ca \(CA\); name one under language_codes"):
            system.check(LangPair("pt", "ca"))
        with pytest.raises(
            UnavailableError, match=r"does not translate from ca \(CA\); choose another system; it .* EN"
        ):
            system.check(LangPair("ca", "en"))
        with pytest.raises(ConfigError, match=r"has no formality for RO; write prefer_less"):
            DeepL(endpoint=server.url, formality="less").check(LangPair("pt", "ro"))
        DeepL(endpoint=server.url, formality="less").check(EN_PT)


def test_no_request_is_larger_than_deepl_takes() -> None:
    """The server refuses more than 50 texts and more than 128 KiB, as the real one does."""
    dice = random.Random(1)
    texts = [dice.choice(["é", "x", "漢", "😀", "\\", '"', "\n"]) * dice.randint(1, 3000) for _ in range(300)]
    with DeepLServer(SECRET) as server:
        assert translated(DeepL(endpoint=server.url), texts) == [
            f"EN-US:{text.upper()}" if text.strip() else "" for text in texts
        ]
        assert max(len(one["text"]) for one in server.asked) <= 50
        asked = [text for one in server.asked for text in one["text"]]
        assert asked == list(dict.fromkeys(text for text in texts if text.strip()))
        short = [f"texto {n}" for n in range(120)]
        server.asked.clear()
        translated(DeepL(endpoint=server.url), short)
        assert [len(one["text"]) for one in server.asked] == [50, 50, 20]


def test_a_segment_that_is_too_long_is_declined_before_anything_is_paid() -> None:
    texts = ["um", "漢" * 22_000]
    eval_set = EvalSet("set", PT_EN, (Document("d", "pt"),), tuple(segments(texts)))
    assert DeepL().declines(eval_set) == "segment d:1 has 132004 bytes, and 126976 are taken at once"
    assert DeepL().declines(replace(eval_set, segments=tuple(segments(["um", "漢" * 20_000])))) is None


@pytest.mark.parametrize("faults", [[429], [500, 503], [429, 500, 200, 429, 503]])
def test_a_fault_that_passes_loses_and_doubles_nothing(faults: list[int]) -> None:
    texts = [f"texto {n}" for n in range(7)]
    with DeepLServer(SECRET, faults) as server:
        system = DeepL(endpoint=server.url, batch_size=3, price=20)
        found = dict(system.translate(segments(texts), PT_EN, {}))
        assert [found[n].text for n in range(7)] == [f"EN-US:{text.upper()}" for text in texts]
        assert len(server.asked) == 3 + len([fault for fault in faults if fault != 200])
        usage = sum((output.usage for output in found.values()), Usage())
    assert usage == Usage(requests=3, characters=sum(map(len, texts)), cost=pytest.approx(49 * 20 / 1e6))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "deepl: there are too many requests, after five more tries; run again later; what is done is kept"),
        (500, "deepl: Unexpected status code: 500 .*; run again later"),
        (400, "deepl: Bad request, message: fault 400; run again later"),
        (403, "deepl: the key in DEEPL_API_KEY is not accepted; check it"),
        (456, "deepl: the quota of the key in DEEPL_API_KEY is used up; raise its limit or wait"),
    ],
)
def test_a_fault_that_stays_is_one_clear_error_and_keeps_what_is_done(status: int, message: str) -> None:
    texts = [f"texto {n}" for n in range(6)]
    eval_set = EvalSet("set", PT_EN, (Document("d", "pt"),), tuple(segments(texts)))
    store, meter = Store(None), Meter()
    with DeepLServer(SECRET, [200, *[status] * 6]) as server:
        outputs = DeepL(endpoint=server.url, batch_size=2).translate(segments(texts), PT_EN, {})
        assert [position for position, _ in islice(outputs, 2)] == [0, 1]
        with pytest.raises(UnavailableError, match=message) as caught:
            next(outputs)
        assert len(server.asked) == 1 + (6 if status in (429, 500) else 1)
        assert SECRET not in str(caught.value) + repr(caught.value)
        assert caught.value.__cause__ is None
        server.faults.clear()
        found = reuse.translate("deepl", DeepL(endpoint=server.url), eval_set, {}, store, lambda _: None, meter)
    assert found.texts == tuple(f"EN-US:{text.upper()}" for text in texts)
    assert meter.spent == Usage(requests=1, characters=42)


@pytest.mark.parametrize(("surplus", "gave"), [(-1, 2), (1, 4), (-3, 0)])
def test_a_wrong_number_of_translations_is_refused(surplus: int, gave: int) -> None:
    with DeepLServer(SECRET, surplus=surplus) as server:
        outputs = DeepL(endpoint=server.url).translate(segments(["um", "dois", "três"]), PT_EN, {})
        with pytest.raises(UnavailableError, match=f"deepl: gave {gave} translations of 3 texts"):
            list(outputs)


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with DeepLServer("another") as server:  # whose refusal repeats the key
        system = DeepL(endpoint=server.url)
        shown = [str(system.signature(PT_EN)), repr(system.needs(PT_EN)), repr(system.card)]
        for ask in (lambda: system.check(PT_EN), lambda: translated(system, ["um"])):
            with pytest.raises(MtevalError, match="not accepted") as caught:
                ask()
            shown.append(str(caught.value))
        monkeypatch.setenv("DEEPL_API_KEY", f"{SECRET}\nmore")  # which no header can hold
        with pytest.raises(UnavailableError, match="deepl: DEEPL_API_KEY holds white space") as caught:
            translated(DeepL(endpoint=server.url), ["um"])
        shown.append(str(caught.value))
    assert all("secret" not in text and "5eed" not in text for text in shown)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    package, key, endpoint = DeepL().needs(PT_EN)
    assert (package.name, package.found, key.name, key.found) == ("deepl", True, "DEEPL_API_KEY", True)
    assert (endpoint.kind, endpoint.found, endpoint.url) == ("endpoint", None, "https://api.deepl.com")
    monkeypatch.delenv("DEEPL_API_KEY")
    assert DeepL().needs(PT_EN)[1].found is False
    for ask in (lambda: DeepL().check(PT_EN), lambda: translated(DeepL(), ["um"])):
        with pytest.raises(
            UnavailableError, match=r"DEEPL_API_KEY.*not set; export DEEPL_API_KEY=…, never in a config"
        ):
            ask()


def test_a_run_without_a_network_asks_nothing_but_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    with pytest.raises(UnavailableError, match=r"deepl: needs api-free\.deepl\.com, and this run is offline"):
        DeepL().check(PT_EN)
    monkeypatch.setenv("DEEPL_API_KEY", "for-the-paid-one")
    with pytest.raises(UnavailableError, match=r"deepl: needs api\.deepl\.com, and this run is offline"):
        translated(DeepL(), ["um"])
    with DeepLServer("for-the-paid-one") as server:
        DeepL(endpoint=server.url).check(PT_EN)


def test_nobody_there_is_one_clear_error() -> None:
    with DeepLServer(SECRET) as server:
        url = server.url
    with pytest.raises(UnavailableError, match=r"deepl: Connection failed: .*; run again later"):
        translated(DeepL(endpoint=url), ["um"])


def test_the_signature_holds_what_changes_the_output() -> None:
    plain = DeepL().signature(PT_EN)
    for same in (DeepL(batch_size=3), DeepL(price=2.5), DeepL(key_variable="OTHER")):
        assert same.signature(PT_EN) == plain
    others = [
        DeepL(formality="less"),
        DeepL(glossary="g"),
        DeepL(model_type="quality_optimized"),
        DeepL(language_codes={"en": "EN-GB"}),
        DeepL(endpoint="https://deepl.example.com"),
    ]
    assert len({plain, *(other.signature(PT_EN) for other in others)}) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key_variable": SECRET}, "key_variable: is not the name of an environment variable; .* never the secret"),
        ({"endpoint": "api.deepl.com"}, "endpoint: 'api.deepl.com' is no address"),
        ({"endpoint": "http://api.deepl.com"}, "endpoint: http://api.deepl.com is not encrypted"),
        ({"formality": "rude"}, "formality: 'rude' is not one of its values; choose from default, more"),
        ({"model_type": "big"}, "model_type: 'big' is not one"),
        ({"glossary": ""}, "glossary: '' is not text"),
        ({"batch_size": 51}, "batch_size: 51 is not from 1 to 50"),
        ({"batch_size": 0}, "batch_size: 0 is not"),
        ({"price": -1}, "price: -1 is no price"),
        ({"language_codes": {"xx": "EN"}}, "language_codes: unknown language code"),
        ({"language_codes": {"en": ""}}, "language_codes.en: '' is not a code"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        DeepL(**settings)  # type: ignore[arg-type]
    assert "secret-5eed" not in str(caught.value)


def test_the_option_names_a_variable_and_no_key() -> None:
    run = build(composed("systems=[deepl]", "systems.deepl.language_codes={pt: PT-BR}", "systems.deepl.price=25"))
    assert isinstance(run.evaluation.systems["deepl"], DeepL)
    assert "secret" not in repr(run.config)
