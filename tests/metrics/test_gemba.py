"""GEMBA's judges against a real server: what they are shown, and what becomes of their answers."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mteval import app
from mteval.chat.client import ChatClient
from mteval.chat.fakes import FakeEndpoint, Messages, Says, failing
from mteval.chat.turns import Turns
from mteval.errors import ConfigError, ContractError, MissingReferenceError, UnavailableError
from mteval.files import packaged
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, combined, stacked
from mteval.metrics.gemba import Gemba, GembaDa, GembaEsa, GembaMqm
from mteval.usage import Usage

PT_EN = LangPair("pt", "en")
SECRET = "sk-proj-Verysecret_0123456789"
ITEMS = [Item("Olá {mundo}.", text, ("Hello world.", "Hi world."), pair=PT_EN) for text in ("Hello.", "Bad", "Hello.")]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)


def settings(option: str) -> dict[str, Any]:
    """What an option of the config gives its judge, but for the client."""
    whole = yaml.safe_load((packaged("configs") / "metrics" / f"{option}.yaml").read_text("utf-8"))[option]
    return {key: value for key, value in whole.items() if key not in ("_target_", "client")}


def client(endpoint: FakeEndpoint, **changes: Any) -> ChatClient:
    given = {"model": "m", "base_url": endpoint.url, "key": "TEST_KEY", "backoff": 0.01, "attempts": 2, **changes}
    return ChatClient(**given)


def scores(metric: Gemba, items: list[Item] = ITEMS) -> list[ItemScore]:
    found = list(metric.score(items))
    assert sorted(position for position, _ in found) == list(range(len(items)))
    return [score for _, score in sorted(found, key=lambda one: one[0])]


def judge(messages: Messages) -> Says:
    return Says("Score: 40" if '"Bad"' in messages[-1]["content"] else "95")


def test_direct_assessment() -> None:
    with FakeEndpoint(judge) as endpoint:
        metric = GembaDa(client(endpoint, price={"input": 1, "output": 1}), **settings("gemba_da"))
        found = scores(metric)
    assert [one.score for one in found] == [95.0, 40.0, 95.0]
    assert [one.notices for one in found] == [(), (), ()]
    assert found[0].usage.cost
    assert len(endpoint.requests) == 2  # equal items are asked about once
    (shown,) = [r["messages"][0]["content"] for r in endpoint.requests if '"Bad"' in r["messages"][0]["content"]]
    assert shown.startswith("Score the following translation from Portuguese to English on a continuous scale")
    assert shown.endswith('Portuguese source: "Olá {mundo}."\nEnglish translation: "Bad"\nScore: ')
    statistics = stacked(found)
    assert statistics is not None
    assert combined(metric, statistics) == pytest.approx(230 / 3)
    assert (metric.card.low, metric.card.high, metric.card.needs_reference, metric.card.model) == (0, 100, False, "m")
    worst = metric.nothing(ITEMS[0])
    assert worst is not None
    assert worst.score == 0


def test_against_references_the_score_is_their_mean() -> None:
    def model(messages: Messages) -> Says:
        return Says("80" if "Hi world." in messages[-1]["content"] else "90")

    with FakeEndpoint(model) as endpoint:
        metric = GembaDa(client(endpoint), **settings("gemba_da_ref"))
        assert metric.card.needs_reference
        assert [one.score for one in scores(metric)] == [85.0, 85.0, 85.0]
        assert len(endpoint.requests) == 4
        assert scores(metric)[0].usage.requests == 2
        with pytest.raises(MissingReferenceError, match="item 1 has no reference"):
            scores(metric, [Item("a", "b", pair=PT_EN)])


def test_an_answer_that_cannot_be_read_is_no_score_and_says_so() -> None:
    with FakeEndpoint(lambda messages: Says("I think it is rather good.")) as endpoint:
        (first, *_) = scores(GembaDa(client(endpoint), **settings("gemba_da")))
    assert first.score is None
    assert first.statistics == ()
    assert first.notices == (
        "the judge's answer could not be read, so there is no score (“I think it is rather good.”)",
    )
    assert first.usage.requests == 1


def test_a_refusal_is_no_score() -> None:
    with FakeEndpoint(lambda messages: Says(None, refusal="I cannot.")) as endpoint:
        (first, *_) = scores(GembaDa(client(endpoint), **settings("gemba_da")))
    assert first.score is None
    assert any("I cannot." in notice for notice in first.notices)


def test_mqm() -> None:
    answer = 'Critical:\nno-error\nMajor:\naccuracy/omission - "mundo"\nMinor:\nstyle/awkward - "Hello"\n'
    with FakeEndpoint(lambda messages: Says(answer)) as endpoint:
        metric = GembaMqm(client(endpoint), **settings("gemba_mqm"))
        found = scores(metric)
    assert found[0].score == -6.0
    assert found[0].spans is not None
    assert [(s.start, s.end, s.category, s.severity) for s in found[0].spans] == [
        (6, 6, "accuracy/omission: mundo", "major"),
        (0, 5, "style/awkward", "minor"),
    ]
    messages = endpoint.requests[0]["messages"]
    assert [turn["role"] for turn in messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert messages[-1]["content"].startswith("Portuguese source:\n```Olá {mundo}.```\nEnglish translation:\n```")
    assert (metric.card.low, metric.card.high) == (-25, 0)
    with FakeEndpoint(lambda messages: Says("no-error")) as endpoint:
        (perfect, *_) = scores(GembaMqm(client(endpoint), **settings("gemba_mqm")))
    assert (perfect.score, perfect.spans) == (0.0, ())
    assert str(perfect.score) == "0.0"


def test_esa_marks_first_and_is_shown_what_it_marked() -> None:
    marks = 'Major:\nno-error\nMinor:\nfluency/grammar - "Hello"'

    def model(messages: Messages) -> Says:
        return Says("88" if "Annotated error spans" in messages[-1]["content"] else marks)

    with FakeEndpoint(model) as endpoint:
        found = scores(GembaEsa(client(endpoint), **settings("gemba_esa")))
    assert [one.score for one in found] == [88.0] * 3
    assert found[0].spans is not None
    assert [(span.start, span.end, span.severity) for span in found[0].spans] == [(0, 5, "minor")]
    assert found[0].usage.requests == 2
    second = endpoint.requests[-1]["messages"][-1]["content"]
    assert second.endswith(f"Annotated error spans:\n```{marks}```\nScore (0-100): ")


def test_esa_keeps_a_score_whose_spans_cannot_be_read() -> None:
    def model(messages: Messages) -> Says:
        return Says("88" if "Annotated error spans" in messages[-1]["content"] else "All is well!")

    with FakeEndpoint(model) as endpoint:
        (first, *_) = scores(GembaEsa(client(endpoint), **settings("gemba_esa")))
    assert (first.score, first.spans) == (88.0, None)
    assert first.notices == ("the judge's error spans could not be read (“All is well!”)",)


def test_what_changes_a_score_is_in_the_signature() -> None:
    with FakeEndpoint() as endpoint:
        one = GembaDa(client(endpoint), **settings("gemba_da"))
        others = [
            GembaDa(client(endpoint, model="other"), **settings("gemba_da")),
            GembaDa(client(endpoint, temperature=1.0), **settings("gemba_da")),
            GembaDa(client(endpoint), "x", [{"role": "user", "content": "{hypothesis}?"}]),
        ]
        signatures = [str(metric.signature(0)) for metric in (one, *others)]
    assert len(set(signatures)) == 4
    assert SECRET not in "".join(signatures)
    assert "nrefs" not in signatures[0]


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        ([], "messages"),
        ("text", "messages"),
        ([{"role": "user"}], r"messages\[0\]"),
        ([{"role": "boss", "content": "{hypothesis}"}], r"messages\[0\]"),
        ([{"role": "user", "content": "{hypothesis}"}, {"role": "assistant", "content": "x"}], r"messages\[1\]\.role"),
        ([{"role": "user", "content": "{hypothesis} {domain}"}], r"messages\[0\]\.content"),
        ([{"role": "user", "content": "{hypothesis} {"}], r"messages\[0\]\.content"),
        ([{"role": "user", "content": " "}], r"messages\[0\]\.content"),
        ([{"role": "user", "content": "nothing"}], "messages"),
    ],
)
def test_a_prompt_that_cannot_be_is_named(messages: Any, where: str) -> None:
    with FakeEndpoint() as endpoint, pytest.raises(ConfigError, match=f"^{where}: "):
        GembaDa(client(endpoint), "x", messages)


@pytest.mark.parametrize(
    ("option", "key", "digest"),
    [
        ("gemba_da", "messages", "a8cf830d50c377af"),
        ("gemba_da_ref", "messages", "08515beeda06be81"),
        ("gemba_esa", "messages", "cdbbe6a0d6037a87"),
        ("gemba_esa", "scoring", "0316f18d10dae1b0"),
        ("gemba_mqm", "messages", "90036af17441cd0d"),
    ],
)
def test_shipped_prompts_are_gembas_to_the_letter(option: str, key: str, digest: str) -> None:
    """The digests are those of the prompts as they were first shipped; a change of one makes another metric."""
    texts = {
        "source": "Olá {mundo} {{x}}.", "hypothesis": "Hello {source}", "reference": "Hi",
        "source_language": "Portuguese", "target_language": "English", "errors": "Major:\nno-error",
    }  # fmt: skip
    filled = Turns(settings(option)[key], key, tuple(texts), ("hypothesis",)).filled(texts)
    told = json.dumps([[turn.role, turn.content] for turn in filled], ensure_ascii=False)
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == digest


def test_languages_are_named_as_the_user_wants_and_must_have_a_name() -> None:
    told = [{"role": "user", "content": "{target_language}: {hypothesis}"}]
    nameless = [Item("a", "b", pair=LangPair("qaa", "en")), Item("a", "b", pair=LangPair("pt", "qaa"))]
    with FakeEndpoint(lambda messages: Says("50")) as endpoint:
        metric = GembaDa(client(endpoint), "x", told, language_names={"en": "Canadian English"})
        assert metric.signature(0) != GembaDa(client(endpoint), "x", told).signature(0)
        assert [one.score for one in scores(metric, [ITEMS[0], nameless[0]])] == [50.0, 50.0]  # no place for its name
        assert sorted(endpoint.asked()) == ["Canadian English: Hello.", "Canadian English: b"]
        with pytest.raises(ConfigError, match=r"^language_names: no English name of qaa is known"):
            scores(metric, [ITEMS[0], nameless[1]])
        assert len(endpoint.requests) == 2


def test_a_judge_that_is_told_no_languages_is_a_broken_promise() -> None:
    with FakeEndpoint() as endpoint, pytest.raises(ContractError, match="not told the languages"):
        scores(GembaDa(client(endpoint), **settings("gemba_da")), [Item("a", "b")])


def test_what_was_judged_before_an_endpoint_fails_is_kept() -> None:
    def model(messages: Messages) -> Any:
        return failing(500) if '"Bad"' in messages[-1]["content"] else Says("95")

    with FakeEndpoint(model) as endpoint:
        metric = GembaDa(client(endpoint), **settings("gemba_da"))
        found = []
        with pytest.raises(UnavailableError):
            for position, _ in metric.score(ITEMS):
                found.append(position)
    assert sorted(found) == [0, 2]


def test_a_run_with_a_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"source": f"Frase {n}.", "hypotheses": {"a": f"Sentence {n}.", "b": f"Sentense {n}."}} for n in range(1, 4)
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    monkeypatch.chdir(tmp_path)

    def model(messages: Messages) -> Says:
        text = messages[-1]["content"]
        if "Sentense 2" in text:
            return Says("A fine translation.")
        return Says("Minor:\nfluency/spelling - “Sentense”" if "Sentense" in text else "no-error")

    with FakeEndpoint(model, key=SECRET) as endpoint:
        given = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[pt-en]", "systems=[]", "metrics=[gemba_mqm]"]
        given += ["garble=[]", "store=store", f"metrics.gemba_mqm.client.base_url={endpoint.url}"]
        given += ["metrics.gemba_mqm.client.key=TEST_KEY", "metrics.gemba_mqm.client.model=m"]
        assert app.run([*given, "output=one"]) == 0, capfd.readouterr().err
        asked = len(endpoint.requests)
        assert asked == 6
        assert app.run([*given, "output=two"]) == 0, capfd.readouterr().err
        assert len(endpoint.requests) == asked  # all is in the store, what could not be read too
    record = json.loads((tmp_path / "one" / "run.json").read_text("utf-8"))
    (usage,) = record["usage"]
    assert usage["metric"] == "gemba_mqm"
    assert Usage(**usage["total"]) == Usage(**usage["this_run"])
    again = json.loads((tmp_path / "two" / "run.json").read_text("utf-8"))["usage"][0]
    assert (again["total"], again["this_run"]["requests"]) == (usage["total"], 0)
    (told,) = [row["notices"] for row in record["pairs"][0]["systems"] if row["system"] == "b"]
    assert [bool(re.search("metric gemba_mqm: .*A fine translation", one)) for one in told] == [True]
    lines = [json.loads(line) for line in (tmp_path / "one" / "segments.jsonl").read_text("utf-8").splitlines()]
    assert [line["scores"]["b"]["gemba_mqm"] for line in lines] == [-1.0, None, -1.0]
    assert lines[0]["spans"]["b"]["gemba_mqm"][0]["end"] == 8
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()
