"""The client of chat models, against a real server that fails in every way it can."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from mteval import network
from mteval.chat.base import Conversation, Message, Reply
from mteval.chat.client import OPENAI, ChatClient
from mteval.chat.client_limits import backoff, retry_after
from mteval.chat.client_replies import Garbage, Price, read
from mteval.chat.client_thread import stream
from mteval.chat.fakes import Breaks, FakeEndpoint, Messages, Says, failing
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.usage import Usage

SECRET = "sk-proj-Verysecret_0123456789"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")  # which nobody may ask for this machine's own


def client(of: FakeEndpoint | str, **settings: Any) -> ChatClient:
    url = of if isinstance(of, str) else of.url
    return ChatClient(**{"model": "m", "base_url": url, "key": "TEST_KEY", "backoff": 0.01, "timeout": 5.0, **settings})


def conversations(count: int) -> list[Conversation]:
    return [[Message("system", "Shout."), Message("user", f"text {number}")] for number in range(count)]


def everything(found: Sequence[tuple[int, Reply]], count: int) -> None:
    """Make sure that each position has its own answer, once."""
    assert sorted(position for position, _ in found) == list(range(count))
    assert {position: reply.text for position, reply in found} == {n: f"TEXT {n}" for n in range(count)}


def test_answers_come_with_what_they_took() -> None:
    with FakeEndpoint(key=SECRET) as endpoint:
        found = list(client(endpoint, price={"input": 2.0, "output": 10}).ask(conversations(1)))
    everything(found, 1)
    assert found[0][1].usage == Usage(1, 3, 2, cost=pytest.approx((3 * 2 + 2 * 10) / 1e6))
    assert found[0][1].model == "m"
    assert endpoint.requests[0] == {
        "model": "m",
        "messages": [{"role": "system", "content": "Shout."}, {"role": "user", "content": "text 0"}],
        "temperature": 0.0,
    }


def test_decoding_is_told_and_what_is_null_is_not() -> None:
    settings = {"temperature": None, "top_p": 0.9, "max_tokens": 7, "seed": 3, "extra": {"top_k": 40, "stop": ["\n"]}}
    with FakeEndpoint() as endpoint:
        everything(list(client(endpoint, **settings).ask(conversations(1))), 1)
    said = {key: value for key, value in endpoint.requests[0].items() if key not in ("model", "messages")}
    assert said == {"top_p": 0.9, "max_tokens": 7, "seed": 3, "top_k": 40, "stop": ["\n"]}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_no_more_requests_at_once_than_allowed(concurrency: int) -> None:
    with FakeEndpoint(delay=0.05) as endpoint:
        everything(list(client(endpoint, concurrency=concurrency).ask(conversations(12))), 12)
    assert endpoint.most == concurrency
    assert len(endpoint.requests) == 12


HEADS = {"Content-Encoding": "gzip"}
HEALING = {
    "408": failing(408),
    "409": failing(409),
    "429": failing(429),
    "429 with Retry-After": failing(429, retry_after="0.2"),
    "500": failing(500),
    "502 as a page": Breaks(502, "<html>Bad Gateway</html>"),
    "503": failing(503),
    "529": failing(529),
    "silent": Breaks(how="silent"),
    "reset": Breaks(how="reset"),
    "cut": Breaks(body='{"choices": [{"message": {"content": "TEXT', how="cut"),
    "a page": Breaks(body="<html>Welcome</html>"),
    "no JSON": Breaks(body='{"choices": ['),
    "nothing": Breaks(body=""),
    "a list": Breaks(body="[1, 2]"),
    "no choices": Breaks(body="{}"),
    "empty choices": Breaks(body='{"choices": []}'),
    "two choices": Breaks(body=json.dumps({"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}] * 2})),
    "no message": Breaks(body='{"choices": [{"finish_reason": "stop"}]}'),
    "null": Breaks(body='{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}'),
    "a number": Breaks(body='{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}'),
    "an error that is called a success": Breaks(body='{"error": {"message": "upstream", "code": 502}}'),
    "an encoding that is not": Breaks(body="zz", headers=HEADS),
    "bytes that are no text": Breaks(body="\x00\x01"),
}


@pytest.mark.parametrize("fault", HEALING.values(), ids=HEALING.keys())
def test_what_heals_is_asked_again_and_nothing_is_lost_or_doubled(fault: Breaks) -> None:
    timeout = 0.4 if fault.how == "silent" else 5.0
    with FakeEndpoint(faults=[fault, fault]) as endpoint:
        found = list(client(endpoint, timeout=timeout, concurrency=3).ask(conversations(7)))
    everything(found, 7)
    assert len(endpoint.requests) == 7 + 2
    assert all(reply.usage.requests == 1 for _, reply in found)


FOR_GOOD = {
    "401": (failing(401, f"Incorrect API key: {SECRET}."), UnavailableError, "does not accept the key in TEST_KEY"),
    "402": (failing(402, "Pay."), UnavailableError, "does not allow the use of m (HTTP 402, “Pay.”)"),
    "403": (failing(403), UnavailableError, "does not allow the use of m"),
    "404": (failing(404, "no such model"), ConfigError, "client.model: "),
    "400": (failing(400, "temperature: must be 1"), ConfigError, "(HTTP 400, “temperature: must be 1”)"),
    "422": (Breaks(422, '{"detail": [{"msg": "wrong", "loc": []}]}'), ConfigError, "(HTTP 422, “wrong”)"),
    "301": (Breaks(301, "", {"Location": "https://else.where/v1"}), ConfigError, "HTTP 301 to https://else.where/v1"),
    "501": (failing(501), ConfigError, "HTTP 501"),
    "quota": (failing(429, "You exceeded.", code="insufficient_quota"), UnavailableError, "is used up (HTTP 429"),
    "tomorrow": (failing(429, retry_after="200000"), UnavailableError, "asks to wait 56 hours"),
    "called a success": (Breaks(body='{"error": {"message": "no", "code": 403}}'), UnavailableError, "“no”"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "kind", "said"), FOR_GOOD.values(), ids=FOR_GOOD.keys())
def test_what_does_not_heal_is_one_clear_error_at_once(fault: Breaks, kind: type[MtevalError], said: str) -> None:
    def model(messages: Messages) -> Says | Breaks:
        return fault if messages[-1]["content"] == "text 5" else Says(messages[-1]["content"].upper())

    found = []
    with FakeEndpoint(model) as endpoint, pytest.raises(kind) as raised:
        for one in client(endpoint, concurrency=1).ask(conversations(9), [f"segment s:{n}" for n in range(9)]):
            found.append(one)  # noqa: PERF402 (what comes before the error is what counts)
    everything(found, 5)  # all that came before
    assert len(endpoint.requests) == 6
    assert said in str(raised.value)
    assert "client" in raised.value.where
    assert SECRET not in str(raised.value) + repr(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_what_is_under_way_when_another_fails_is_handed_over() -> None:
    def model(messages: Messages) -> Says | Breaks:
        if messages[-1]["content"] == "text 0":
            return failing(400)
        time.sleep(0.2)
        return Says(messages[-1]["content"].upper())

    found = []
    with FakeEndpoint(model) as endpoint, pytest.raises(ConfigError, match="the request for conversation 1"):
        for one in client(endpoint, concurrency=4).ask(conversations(20)):
            found.append(one)  # noqa: PERF402
    assert sorted(position for position, _ in found) == [1, 2, 3]
    assert len(endpoint.requests) == 4  # and nothing more is asked


def test_who_waits_for_hours_is_waked_when_another_fails() -> None:
    def model(messages: Messages) -> Says | Breaks:
        if messages[-1]["content"] == "text 0":
            return failing(429, retry_after="7200")
        time.sleep(0.3)
        return failing(401)

    started = time.monotonic()
    with FakeEndpoint(model) as endpoint, pytest.raises(UnavailableError, match="does not accept the key"):
        list(client(endpoint, concurrency=2).ask(conversations(2)))
    assert time.monotonic() - started < 3


def test_attempts_come_to_an_end() -> None:
    with FakeEndpoint(lambda _: failing(500, "still down")) as endpoint:
        with pytest.raises(UnavailableError, match=r"no answer for conversation 1 in 4 attempts .*“still down”"):
            list(client(endpoint, attempts=4).ask(conversations(1)))
        assert len(endpoint.requests) == 4


def test_a_429_slows_everybody_down() -> None:
    with FakeEndpoint(faults=[failing(429, retry_after="0.8")], delay=0.2) as endpoint:
        everything(list(client(endpoint, concurrency=4).ask(conversations(12))), 12)
    first, *rest = sorted(endpoint.times)
    later = [at - first for at in rest if at - first > 0.4]
    assert len(later) >= 13 - 4  # all but those that were under way when it came
    assert min(later) >= 0.8


def test_who_is_told_to_wait_while_others_are_served_is_not_given_up() -> None:
    served = Counter[str]()

    def model(messages: Messages) -> Says | Breaks:
        text = messages[-1]["content"]
        served[text] += 1
        return failing(429) if text == "text 0" and len(served) < 12 else Says(text.upper())

    with FakeEndpoint(model) as endpoint:
        everything(list(client(endpoint, concurrency=2, attempts=3).ask(conversations(12))), 12)


def test_limits_are_kept() -> None:
    with FakeEndpoint() as endpoint:
        everything(list(client(endpoint, requests_per_minute=1200).ask(conversations(12))), 12)
    gaps = [later - sooner for sooner, later in zip(endpoint.times, endpoint.times[1:], strict=False)]
    assert endpoint.times[-1] - endpoint.times[0] >= 0.5
    assert sum(gap > 0.03 for gap in gaps) >= 9
    with FakeEndpoint() as endpoint:  # five words for each, so half a second for eleven of them
        everything(list(client(endpoint, tokens_per_minute=6000).ask(conversations(12))), 12)
    assert endpoint.times[-1] - endpoint.times[0] >= 0.45


def test_retry_after_is_understood_however_it_is_said() -> None:
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"retry-after": "7200.5"}) == 7200.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert 3598 < (retry_after({"Retry-After": formatdate(time.time() + 3600, usegmt=True)}) or 0) <= 3600
    assert retry_after({"Retry-After": formatdate(time.time() - 3600, usegmt=True)}) == 0
    assert retry_after({"Retry-After": "-3"}) == 0
    for nonsense in ("soon", "nan", "inf", "", "Fri, 99 Nov 9999 99:99:99 GMT"):
        assert retry_after({"Retry-After": nonsense}) is None
    assert retry_after({}) is None


def test_a_date_to_wait_for_is_waited_for() -> None:
    until = time.time() + 2  # a date has no fractions
    with FakeEndpoint(faults=[failing(503, retry_after=formatdate(until, usegmt=True))]) as endpoint:
        everything(list(client(endpoint).ask(conversations(1))), 1)
    assert time.time() >= int(until)


def test_waits_double_with_jitter() -> None:
    waits = [backoff(1.0, attempt) for attempt in (1, 2, 3, 4, 40)]
    assert all(half <= wait <= 2 * half for wait, half in zip(waits, (0.5, 1, 2, 4, 30), strict=True))
    assert len({backoff(1.0, 1) for _ in range(10)}) > 1


def test_samples_are_as_many_as_asked_for_whether_or_not_the_server_can_count() -> None:
    numbers = iter(range(1000))
    for knows_n in (True, False):
        with FakeEndpoint(lambda _: Says(f"s{next(numbers)}"), knows_n=knows_n) as endpoint:
            found = dict(client(endpoint, seed=5, temperature=1.0).sample(conversations(3), 4))
        assert {len({reply.text for reply in replies}) for replies in found.values()} == {4}
        requests = 3 if knows_n else 12
        assert len(endpoint.requests) == requests
        assert sum((reply.usage for replies in found.values() for reply in replies), Usage()).requests == requests
        if not knows_n:  # a seed that stayed the same would give the same again
            seeds = Counter(request["seed"] for request in endpoint.requests)
            assert seeds == {5: 3, 6: 3, 7: 3, 8: 3}


def test_a_server_that_refuses_several_answers_is_asked_for_one_at_a_time() -> None:
    with FakeEndpoint(faults=[failing(400, "n must be 1")]) as endpoint:
        ((_, replies),) = client(endpoint, temperature=1.0).sample(conversations(1), 3)
    assert [reply.text for reply in replies] == ["TEXT 0"] * 3
    assert [request.get("n") for request in endpoint.requests] == [3, None, None, None]


@pytest.mark.parametrize(
    ("said", "text", "ended", "notice"),
    [
        (Says("HALF", "length"), "HALF", "length", "the answer has no end after 9 tokens (max_tokens): it was cut"),
        (Says(None, "length"), "", "length", "the answer has no end after 9 tokens (max_tokens): it was cut"),
        (Says("SO", "content_filter"), "SO", "filtered", "the service's filter stopped the answer"),
        (Says(None, "stop", "I can't."), "", "refused", "the model refused: “I can't.”"),
        (Says("A", None), "A", "unknown", "the endpoint does not say that the answer is whole (finish_reason: None)"),
        (Says("A", "eos"), "A", "stop", ""),
        (Says("  A\n "), "  A\n ", "stop", ""),
        (Says("x\ud83dy"), "x\ufffdy", "stop", "the answer held half of a surrogate pair, which is no text: it stands "
         "there as U+FFFD"),
        (Says(f"your key is {SECRET}"), "your key is ***", "stop", "the answer held the key: it stands there as ***"),
        (failing(400, "filtered", code="content_filter"), "", "filtered",
         "the service's filter refused what was said (HTTP 400, “filtered”)"),
    ],
)  # fmt: skip
def test_why_an_answer_ended_is_told(said: Says | Breaks, text: str, ended: str, notice: str) -> None:
    with FakeEndpoint(lambda _: said) as endpoint:
        ((_, reply),) = client(endpoint, max_tokens=9).ask(conversations(1))
    assert (reply.text, reply.ended, reply.notices) == (text, ended, (notice,) if notice else ())


def test_an_empty_answer_is_asked_for_once_more_and_both_are_paid() -> None:
    with FakeEndpoint(lambda _: Says("")) as endpoint:
        ((_, reply),) = client(endpoint, price={"input": 1, "output": 1}).ask(conversations(1))
    assert (reply.text, reply.ended) == ("", "stop")
    assert len(endpoint.requests) == reply.usage.requests == 2
    assert reply.usage.input_tokens == 6


def test_what_the_service_does_not_count_is_not_guessed() -> None:
    with FakeEndpoint(counts=False) as endpoint:
        ((_, reply),) = client(endpoint, price={"input": 1, "output": 1}).ask(conversations(1))
    assert reply.usage == Usage(requests=1)


def test_content_in_parts_and_cached_tokens_are_read() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 60}}
    body = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}], "usage": usage}
    (reply,) = read(json.dumps(body).encode(), 1, Price(1.0, 2.0, cached=0.5), None)
    assert (reply.text, reply.usage.cost) == ("AB", pytest.approx((40 + 60 * 0.5 + 20) / 1e6))
    with pytest.raises(Garbage, match="content"):
        read(json.dumps({"choices": [{"message": {"content": parts[:1]}}]}).encode(), 1, None, None)


def test_the_key_is_in_no_error_no_log_and_nothing_that_is_shown() -> None:
    script = (
        "from mteval.chat.client import ChatClient; from mteval.chat.base import Message; import sys, traceback\n"
        "for url in sys.argv[1:]:\n"
        "    client = ChatClient('m', url, key='TEST_KEY', backoff=0.01, attempts=2)\n"
        "    print(client, vars(client), client.needs(), client.settings)\n"
        "    for act in (client.check, lambda: list(client.ask([[Message('user', 'x')]]))):\n"
        "        try: act()\n"
        "        except Exception as error: print(repr(error), error); traceback.print_exc()\n"
    )
    faults = (failing(401, f"Bearer {SECRET}"), failing(500, SECRET), Breaks(body=f"<html>{SECRET}</html>"))
    with ExitStack() as stack:
        endpoints = [stack.enter_context(FakeEndpoint(lambda _, fault=fault: fault)) for fault in faults]  # type: ignore[misc]
        endpoints.append(stack.enter_context(FakeEndpoint(key="another")))
        command = [sys.executable, "-c", script, *(endpoint.url for endpoint in endpoints)]
        log = {**os.environ, "OPENAI_LOG": "debug"}
        shown = subprocess.run(command, capture_output=True, text=True, check=True, env=log)
        assert [endpoint.headers[0]["authorization"] for endpoint in endpoints] == [f"Bearer {SECRET}"] * 4
    assert shown.stdout.count("does not accept the key in TEST_KEY") == 6
    assert "openai._base_client" in shown.stderr  # the SDK's log, which is on
    assert SECRET not in shown.stdout + shown.stderr


def test_a_server_that_wants_no_key_is_sent_none_and_nobody_is_told_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with FakeEndpoint() as endpoint:
        asks = client(endpoint, key=None)
        asks.check()
        everything(list(asks.ask(conversations(1))), 1)
    (sent,) = endpoint.headers
    assert SECRET not in str(sent)
    assert not {"authorization", "openai-organization", "openai-project", "x-stainless-os"} & set(sent)
    assert ChatClient("m").base_url == OPENAI


def test_check_finds_out_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEndpoint(key=SECRET) as endpoint:
        asks = client(endpoint)
        asks.check()
        asks.check()
        assert (endpoint.probes, endpoint.requests) == (1, [])
        monkeypatch.setenv("TEST_KEY", SECRET + "x")
        with pytest.raises(UnavailableError, match=r"client\.key: .* does not accept the key in TEST_KEY") as raised:
            client(endpoint).check()
        assert SECRET not in str(raised.value)
    with FakeEndpoint(models=None) as endpoint:
        client(endpoint).check()  # a server without such a list is there all the same
    with pytest.raises(UnavailableError, match=r"^client\.base_url: http://127\.0\.0\.1:9/v1 does not answer: .*start"):
        client("http://127.0.0.1:9/v1").check()
    for unset in ("", "  "):
        monkeypatch.setenv("TEST_KEY", unset)
        with pytest.raises(UnavailableError, match=r"^client\.key: .* TEST_KEY is not set; export TEST_KEY=…"):
            client("http://127.0.0.1:9/v1").check()
    monkeypatch.setenv("TEST_KEY", "geheim\u0142")
    with pytest.raises(UnavailableError, match="what TEST_KEY holds is no key") as raised:
        client("http://127.0.0.1:9/v1").check()
    assert "geheim" not in str(raised.value)


def test_offline_only_this_machine_is_asked() -> None:
    network.go_offline()
    with pytest.raises(UnavailableError, match="this run is offline"):
        client("https://api.example.org/v1").check()
    with pytest.raises(UnavailableError, match="this run is offline"):
        list(client("https://api.example.org/v1").ask(conversations(1)))
    with FakeEndpoint() as endpoint:
        asks = client(endpoint)
        asks.check()
        everything(list(asks.ask(conversations(2))), 2)


def test_needs_are_found_without_asking() -> None:
    package, key, endpoint = client("https://api.example.org/v1").needs()
    assert (package.kind, package.name, package.found) == ("package", "openai", True)
    assert (key.kind, key.name, key.found) == ("key", "TEST_KEY", True)
    assert (endpoint.kind, endpoint.name, endpoint.found) == ("endpoint", "api.example.org", None)
    assert endpoint.url == "https://api.example.org/v1"
    assert [need.kind for need in client("http://localhost:1/v1", key=None).needs()] == ["package", "endpoint"]


def test_settings_tell_endpoints_and_decoding_apart() -> None:
    one = client("https://api.example.org/v1/")
    assert one.settings["endpoint"] == "api.example.org/v1"
    assert SECRET not in str(one.settings)
    for other in (
        client("https://api.example.org/v2"),
        client("https://api.example.org/v1", model="m2"),
        client("https://api.example.org/v1", temperature=0.7),
        client("https://api.example.org/v1", temperature=None),
        client("https://api.example.org/v1", seed=1),
        client("https://api.example.org/v1", max_tokens=5),
        client("https://api.example.org/v1", extra={"top_k": 1}),
    ):
        assert other.settings != one.settings
    moved = [client(f"http://localhost:{port}/v1", endpoint="my server") for port in (1, 2)]
    assert moved[0].settings == moved[1].settings
    assert client("http://a/v1", temperature=0).settings == client("http://a/v1", temperature=0.0, key=None).settings


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ({"model": ""}, "client.model"),
        ({"key": "sk-abc"}, "client.key"),
        ({"key": "gsk_abcdefgh"}, "client.key"),
        ({"base_url": "localhost:8000/v1"}, "client.base_url"),
        ({"base_url": "ftp://localhost/v1"}, "client.base_url"),
        ({"base_url": "https://me:sesame@localhost/v1"}, "client.base_url"),
        ({"base_url": "https://localhost/v1?key=sesame"}, "client.base_url"),
        ({"base_url": "http://localhost:port/v1"}, "client.base_url"),
        ({"endpoint": ""}, "client.endpoint"),
        ({"temperature": 3}, "client.temperature"),
        ({"top_p": -1}, "client.top_p"),
        ({"max_tokens": 0}, "client.max_tokens"),
        ({"seed": 0.5}, "client.seed"),
        ({"extra": {"messages": []}}, "client.extra.messages"),
        ({"concurrency": 0}, "client.concurrency"),
        ({"attempts": 0}, "client.attempts"),
        ({"timeout": 0}, "client.timeout"),
        ({"requests_per_minute": 0}, "client.requests_per_minute"),
        ({"tokens_per_minute": float("nan")}, "client.tokens_per_minute"),
        ({"price": {"input": 1}}, "client.price"),
        ({"price": {"input": 1, "output": -1}}, "client.price.output"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        client("http://localhost:1/v1", **setting)
    assert raised.value.where == key
    for secret in ("sk-abc", "gsk_abcdefgh", "sesame"):
        assert secret not in str(raised.value)


def test_whoever_stops_listening_stops_the_asking() -> None:
    with FakeEndpoint(delay=0.1) as endpoint:
        asking = client(endpoint, concurrency=2).ask(conversations(100))
        next(asking)
        started = time.monotonic()
        asking.close()  # type: ignore[attr-defined]
        assert time.monotonic() - started < 1
        so_far = len(endpoint.requests)
        time.sleep(0.3)
        assert len(endpoint.requests) == so_far < 10


def test_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    script = (
        "from mteval.chat.client import ChatClient; from mteval.chat.base import Message; import signal, sys\n"
        # Where a shell started the tests in the background, this signal is ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "asks = ChatClient('m', sys.argv[1], key=None).ask([[Message('user', str(n))] for n in range(9)])\n"
        "try: list(asks)\n"
        "except KeyboardInterrupt: sys.exit(7)\n"
    )
    with FakeEndpoint(lambda _: Breaks(how="silent")) as endpoint:
        running = subprocess.Popen([sys.executable, "-c", script, endpoint.url])
        while not endpoint.requests:
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert running.wait(10) == 7
        assert time.monotonic() - started < 3


def test_a_mistake_in_what_runs_beside_is_not_swallowed() -> None:
    async def work(hand: Any) -> None:
        hand(1)
        raise ZeroDivisionError("mine")

    asking = stream(work)
    assert next(asking) == 1
    with pytest.raises(ZeroDivisionError, match="mine"):
        next(asking)
