"""Chat models as systems, against a real server: what they are told, what becomes of their answers, and whole runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mteval import app, report_command
from mteval.chat.client import ChatClient
from mteval.chat.fakes import Breaks, FakeEndpoint, Messages, Says, failing
from mteval.errors import ConfigError, ParityError, UnavailableError
from mteval.files import read_jsonl
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Segment
from mteval.systems.base import Output
from mteval.systems.chat import Chat
from mteval.usage import Usage

PT_EN = LangPair("pt", "en")
SECRET = "sk-proj-Verysecret_0123456789"
PROMPT = "From {source_language} into {target_language}: {source}"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", SECRET)


def chat(of: FakeEndpoint | str, client: dict[str, Any] | None = None, **settings: Any) -> Chat:
    url = of if isinstance(of, str) else of.url
    asks = ChatClient(**{"model": "m", "base_url": url, "key": "TEST_KEY", "backoff": 0.01, **(client or {})})
    return Chat(**{"client": asks, "prompt": PROMPT, **settings})


def segments(*sources: str) -> list[Segment]:
    """Sources of documents that are named by their first letter."""
    return [Segment(f"{text[:1]}:{n}", text, text[:1], f"set:{n}") for n, text in enumerate(sources, start=1)]


def outputs(system: Chat, asked: list[Segment], pair: LangPair = PT_EN) -> list[Output]:
    found = list(system.translate(asked, pair, {}))
    assert sorted(position for position, _ in found) == list(range(len(asked)))
    return [output for _, output in sorted(found, key=lambda one: one[0])]


def last(messages: Messages) -> str:
    return messages[-1]["content"].rpartition(": ")[2]


def test_what_the_model_is_told() -> None:
    with FakeEndpoint() as endpoint:
        system = chat(
            endpoint,
            system_message="You know {target_language} and {{braces}}.",
            examples={"pt-en": [{"source": "Olá {você}.", "target": "Hello {you}."}], "ro-en": []},
            language_names={"pt": "European Portuguese"},
        )
        (found,) = outputs(system, segments("O {gato} {source} {{dorme}}. $1 \\1"))
    assert endpoint.requests[0]["messages"] == [
        {"role": "system", "content": "You know English and {braces}."},
        {"role": "user", "content": "From European Portuguese into English: Olá {você}."},
        {"role": "assistant", "content": "Hello {you}."},
        {"role": "user", "content": "From European Portuguese into English: O {gato} {source} {{dorme}}. $1 \\1"},
    ]
    assert found.text == "FROM EUROPEAN PORTUGUESE INTO ENGLISH: O {GATO} {SOURCE} {{DORME}}. $1 \\1"


def test_equal_sources_are_asked_for_once_and_empty_ones_never() -> None:
    with FakeEndpoint(lambda messages: Says(f"\n {last(messages).upper()}  ")) as endpoint:
        found = outputs(chat(endpoint), segments("a um", "  ", "a dois", "a um"))
    assert [output.text for output in found] == ["A UM", "", "A DOIS", "A UM"]
    assert sorted(map(last_of, endpoint.asked())) == ["a dois", "a um"]
    assert sum((output.usage for output in found), Usage()).requests == 2
    assert found[3].usage.requests == 1  # the last, which is the one that the store keeps


def last_of(text: str) -> str:
    return text.rpartition(": ")[2]


def test_refusals_filters_and_cuts_are_noticed() -> None:
    said = {
        "a": Says(None, refusal="I can't help with that."),
        "b": Says("So far", "content_filter"),
        "c": Says("And then", "length"),
    }
    with FakeEndpoint(lambda messages: said[last(messages)]) as endpoint:
        found = outputs(chat(endpoint, {"max_tokens": 2}), segments(*said))
    assert [output.text for output in found] == ["", "So far", "And then"]
    assert [output.notices for output in found] == [
        ("the model refused: “I can't help with that.”",),
        ("the service's filter stopped the answer",),
        ("the answer has no end after 2 tokens (max_tokens): it was cut",),
    ]


def test_a_hypothesis_can_be_extracted() -> None:
    said = {"a": Says("Sure!\n<t> The cat\nsleeps. </t> Bye."), "b": Says("The <t>cat")}
    with FakeEndpoint(lambda messages: said[last(messages)]) as endpoint:
        found = outputs(chat(endpoint, extract="(?s)<t>(.*?)</t>"), segments(*said))
        thinks = chat(endpoint, extract="(?s)^(?:.*</think>)?(.*)$")
        said["a"] = Says("<think>\nHm: <b>\n</think>\n\nThe cat.")
        (thought,) = outputs(thinks, segments("a"))
    assert [output.text for output in found] == ["The cat\nsleeps.", "The <t>cat"]
    assert found[1].notices == ("extract does not match the answer, which is taken whole: “The <t>cat”",)
    assert (thought.text, thought.notices) == ("The cat.", ())


def translated(messages: Messages, change: Callable[[str], str] = str.upper) -> Says:
    """What a model makes of a numbered document that does as it is told."""
    tag = re.findall(r"<(seg\w*) id=", messages[-1]["content"])[-1]
    body = re.findall(rf'<{tag} id="(\d+)">(.*?)</{tag}>', messages[-1]["content"], re.DOTALL)
    return Says("\n".join(f'<{tag} id="{number}">{change(text)}</{tag}>' for number, text in body))


WHOLE = {"unit": "document", "prompt": "{source_language}: {source}"}


def test_a_document_is_translated_whole() -> None:
    with FakeEndpoint(translated) as endpoint:
        system = chat(endpoint, **WHOLE, examples={"pt-en": [{"source": "Olá.", "target": "Hello."}]})
        found = outputs(system, segments("a um\ndois", "a </seg> dois", "b um", "a", "a </segx> três"))
    assert [output.text for output in found] == ["A UM\nDOIS", "A </SEG> DOIS", "B UM", "A", "A </SEGX> TRÊS"]
    assert len(endpoint.requests) == 2
    assert system.card.unit == "document"
    assert endpoint.requests[0]["messages"][1:] and "<seg " in endpoint.requests[0]["messages"][1]["content"]
    assert [output.usage.requests for output in found] == [1, 0, 1, 0, 0]


def test_equal_documents_are_asked_for_once() -> None:
    twice = [Segment(f"{name}:{n}", f"texto {n}", name, "x") for name in ("a", "b") for n in (1, 2)]
    with FakeEndpoint(translated) as endpoint:
        found = outputs(chat(endpoint, **WHOLE), twice)
    assert [output.text for output in found] == ["TEXTO 1", "TEXTO 2"] * 2
    assert len(endpoint.requests) == sum((output.usage for output in found), Usage()).requests == 1


BAD = {
    "one too few": '<seg id="1">A</seg>',
    "one too many": '<seg id="1">A</seg><seg id="2">B</seg><seg id="3">C</seg>',
    "one twice": '<seg id="1">A</seg><seg id="1">A</seg>',
    "out of order": '<seg id="2">B</seg><seg id="1">A</seg>',
    "joined": '<seg id="1">A <seg id="2">B</seg></seg>',
    "no end": '<seg id="1">A</seg><seg id="2">B',
    "no start": '<seg id="1">A</seg>B</seg>',
    "no tags": "A\nB",
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_an_answer_that_does_not_align_is_asked_for_again(answer: str) -> None:
    def model(messages: Messages) -> Says:
        return translated(messages[:1]) if len(messages) > 1 else Says(answer)

    with FakeEndpoint(model) as endpoint:
        found = outputs(chat(endpoint, **WHOLE), segments("a um", "a dois"))
    assert [output.text for output in found] == ["A UM", "A DOIS"]
    first, again = endpoint.requests
    assert again["messages"][:2] == [*first["messages"], {"role": "assistant", "content": answer}]
    assert "Answer again with exactly 2 segments" in again["messages"][2]["content"]
    assert found[0].usage.requests == 2  # both were paid


def test_a_document_that_never_aligns_is_an_error_after_the_others() -> None:
    def model(messages: Messages) -> Says:
        return translated(messages) if "b um" in str(messages[0]) else Says('<seg id="1">A</seg>')

    found = []
    with (
        FakeEndpoint(model) as endpoint,
        pytest.raises(ParityError, match=r"^document a: 2 answers of m did not give its 2 segments, .*1 segments, not"),
    ):
        for one in chat(endpoint, **WHOLE, attempts=2).translate(segments("a um", "a dois", "b um"), PT_EN, {}):
            found.append(one)  # noqa: PERF402 (what comes before the error is what counts)
    assert [(position, output.text) for position, output in found] == [(2, "B UM")]
    assert len(endpoint.requests) == 3


def test_what_stands_outside_the_numbers_is_noticed_and_a_refused_document_is_empty() -> None:
    def model(messages: Messages) -> Says:
        if "a um" in messages[0]["content"]:
            return Says(f"Here:\n{translated(messages).text}\nBye.")
        return Says(None, refusal="No.")

    with FakeEndpoint(model) as endpoint:
        found = outputs(chat(endpoint, **WHOLE), segments("a um", "a dois", "b um", "b dois"))
    assert [output.text for output in found] == ["A UM", "A DOIS", "", ""]
    assert found[0].notices == ("the answer holds text outside its segments, which is left out: “Here: Bye.”",)
    assert found[1].notices == ()
    assert found[2].notices == found[3].notices == ("the model refused: “No.” (of the whole document)",)


def test_samples_are_proposals() -> None:
    numbers = iter(range(1000))
    with FakeEndpoint(lambda messages: Says(f"{last(messages)} {next(numbers)}")) as endpoint:
        system = chat(endpoint, {"temperature": 1.0, "seed": 3})
        found = dict(system.propose(segments("a", "b", "a"), PT_EN, 4))
    assert sorted(found) == [0, 1, 2]
    assert {len({output.text for output in of_one}) for of_one in found.values()} == {4}
    assert [output.text for output in found[0]] == [output.text for output in found[2]]
    assert {request["n"] for request in endpoint.requests} == {4}
    assert system.signature_of_proposals(PT_EN, 4) != system.signature_of_proposals(PT_EN, 5)
    assert str(system.signature_of_proposals(PT_EN, 4)).endswith("|samples:4")
    cold = chat(endpoint)
    for act in (cold.signature_of_proposals, lambda pair, count: list(cold.propose(segments("a"), pair, count))):
        with pytest.raises(ConfigError, match=r"^client\.temperature: at temperature 0 the 2 proposals"):
            act(PT_EN, 2)


def test_samples_of_documents_are_read_each_by_itself() -> None:
    lock: Counter[str] = Counter()

    def model(messages: Messages) -> Says:
        lock["said"] += 1
        return Says("no") if lock["said"] == 2 else translated(messages[:1], lambda text: f"{text} {lock['said']}")

    with FakeEndpoint(model) as endpoint:
        found = dict(chat(endpoint, {"temperature": 1.0}, **WHOLE).propose(segments("a um", "a dois"), PT_EN, 3))
    assert [[output.text[-1] for output in found[row]] for row in (0, 1)] == [["1", "3", "4"]] * 2
    assert [request.get("n") for request in endpoint.requests] == [3, None]


def test_the_signature_holds_what_changes_the_output_and_not_the_key() -> None:
    url = "https://api.example.org/v1"
    first = chat(url, examples={"pt-en": [{"source": "a", "target": "b"}]})
    assert str(first.signature(PT_EN)).startswith("system:chat|endpoint:api.example.org/v1|model:m|temperature:0.0|")
    assert SECRET not in str(first.signature(PT_EN)) and "TEST_KEY" not in str(first.signature(PT_EN))
    others = [
        chat(url),
        chat(url, examples={"pt-en": [{"source": "a", "target": "c"}]}),
        chat(url, prompt=PROMPT + " "),
        chat(url, system_message="Be good."),
        chat(url, unit="document"),
        chat(url, extract="(.*)"),
        chat(url, extract="(.+)"),
        chat(url, language_names={"pt": "Brazilian"}),
        chat(url, {"model": "m2"}),
        chat(url, {"seed": 1}),
        chat("https://api.example.com/v1"),
    ]
    assert len({str(system.signature(PT_EN)) for system in (first, *others)}) == 1 + len(others)
    same = [chat(url, {"concurrency": 1, "key": None, "attempts": 9, "price": {"input": 1, "output": 1}}), chat(url)]
    assert len({system.signature(PT_EN) for system in same}) == 1
    assert first.signature(LangPair("ro", "en")) != first.signature(PT_EN)


def test_the_card_and_the_lang_pairs() -> None:
    system = chat("http://127.0.0.1:9/v1", pairs=["pt-en"])
    assert (system.card.reusable, system.card.unit, system.card.model) == (True, "segment", "m")
    assert [need.kind for need in system.needs(PT_EN)] == ["package", "key", "endpoint"]
    ro = EvalSet("set", LangPair("ro", "en"), (Document("a", "ro"),), tuple(segments("a")))
    assert system.declines(ro) == "m is set up for pt-en, not for ro-en"
    assert chat("http://127.0.0.1:9/v1").declines(ro) is None
    with pytest.raises(UnavailableError, match="does not answer"):
        system.check(PT_EN)
    with pytest.raises(ConfigError, match="no English name of"):
        chat("http://127.0.0.1:9/v1").check(LangPair("qaa", "en"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompt": ""}, "prompt: '' is no text"),
        ({"prompt": "Translate."}, "prompt: {source} is not in it"),
        ({"prompt": "{source} {sorce}"}, "prompt: {sorce} is no placeholder; use {source_language}, {target_language}"),
        ({"prompt": '{source} as {"json": 1}'}, 'prompt: {"json": 1} is no placeholder'),
        ({"prompt": "{source} }"}, "prompt: } is no placeholder"),
        ({"system_message": "{source}"}, "system_message: {source} is no placeholder"),
        ({"unit": "page"}, "unit: 'page' is not one of its values; choose from segment, document"),
        ({"attempts": 0}, "attempts: 0 is not"),
        ({"extract": "("}, "extract: '(' is no regular expression"),
        ({"extract": "a"}, "extract: 'a' has 0 groups"),
        ({"extract": "(a)(b)"}, "extract: '(a)(b)' has 2 groups"),
        ({"examples": {"pt": []}}, "examples.pt: 'pt' is not a lang pair"),
        ({"examples": {"pt-en": {"a": "b"}}}, "examples.pt-en: {'a': 'b'} is not a list"),
        ({"examples": {"pt-en": [{"source": "a"}]}}, "examples.pt-en[0]: {'source': 'a'} is no example"),
        ({"examples": {"pt-en": [{"source": "a", "target": " "}]}}, "examples.pt-en[0]: a side of it is no text"),
        ({"language_names": {"xx": "a"}}, "language_names: unknown language code 'xx'"),
        ({"language_names": {"pt": ""}}, "language_names.pt: '' is no name"),
        ({"pairs": ["pt"]}, "pairs: 'pt' is not a lang pair"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        chat("http://127.0.0.1:9/v1", **settings)
    assert str(raised.value).startswith(message)


def test_a_client_is_needed() -> None:
    with pytest.raises(ConfigError, match="client: int is no ChatClient"):
        Chat(client=5, prompt=PROMPT)  # type: ignore[arg-type]


# Whole runs.

TEXTS = [f"Frase número {number} do texto, com algumas palavras." for number in range(1, 13)]
SYSTEM = [
    *("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[pt-en]", "metrics=[chrf]", "bootstrap_draws=10"),
    *("systems=[chat]", "systems.chat.client.model=m", "systems.chat.client.key=TEST_KEY"),
    *("+systems.chat.client.backoff=0.01", "systems.chat.client.timeout=1", "store=store"),
    "systems.chat.client.price={input: 10, output: 20}",
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs ``mteval run`` on twelve segments; gives exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    rows = [
        {"source": text, "document": "ab"[n // 6], "references": {"r": text.upper()}} for n, text in enumerate(TEXTS)
    ]
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def start(endpoint: FakeEndpoint | str, *arguments: str) -> tuple[int, str, str]:
        url = endpoint if isinstance(endpoint, str) else endpoint.url
        code = app.run([*SYSTEM, f"systems.chat.client.base_url={url}", *arguments])
        return code, *capfd.readouterr()

    return start


def shout(messages: Messages) -> Says:
    return Says(messages[-1]["content"].rpartition("\n")[2].upper())


def hypotheses(folder: str) -> list[str]:
    return [row["hypotheses"]["chat"] for _, row in read_jsonl(Path(folder) / "segments.jsonl")]


def nothing_holds_the_key(*texts: str) -> None:
    files = [file for file in Path.cwd().rglob("*") if file.is_file()]
    assert len(files) > 2
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []
    assert SECRET not in "".join(texts)


FAULTS = [
    *(failing(429), failing(429, retry_after="0.1"), failing(500, SECRET), Breaks(how="reset"), Breaks(how="silent")),
    *(Breaks(body='{"choices": [{"message": {"content": "FRASE', how="cut"), Breaks(body=f"<html>{SECRET}</html>")),
    *(Breaks(body="[]"), Breaks(body='{"choices": []}'), Breaks(body="{"), Breaks(503, "")),
    Breaks(body='{"choices": [{"message": {"content": null}, "finish_reason": "stop"}]}'),
]


def test_a_run_loses_and_doubles_nothing_under_any_fault(run: Callable[..., Any]) -> None:
    with FakeEndpoint(shout, faults=FAULTS, key=SECRET) as endpoint:
        code, shown, errors = run(endpoint, "output=out")
    assert (code, errors) == (0, "")
    assert hypotheses("out") == [text.upper() for text in TEXTS]
    assert len(endpoint.requests) == len(TEXTS) + len(FAULTS)
    record = json.loads(Path("out/run.json").read_text("utf-8"))
    (used,) = record["usage"]
    told = "chat: 12 requests, 276 tokens in, 96 out, 0.0047 USD"
    assert f"Used by {told}; all in this run" in " ".join(shown.split())
    for page in ("md", "html"):
        assert f"{told}; all in this run" in Path(f"out/leaderboard.{page}").read_text("utf-8")
    assert (used["system"], used["total"]["requests"], used["this_run"]["requests"]) == ("chat", 12, 12)
    nothing_holds_the_key(shown, errors)


def test_a_run_that_failed_goes_on_from_there(run: Callable[..., Any]) -> None:
    bad: list[str] = [TEXTS[7]]

    def model(messages: Messages) -> Says | Breaks:
        text = messages[-1]["content"].rpartition("\n")[2]
        return failing(400, f"not for {SECRET}") if text in bad else Says(text.upper())

    with FakeEndpoint(model) as endpoint:
        code, shown, errors = run(endpoint, "output=out", "systems.chat.client.concurrency=1")
        assert (code, shown) == (2, "")
        assert errors.startswith("mteval: error: client: 127.0.0.1:")
        assert "refuses the request for segment b:8 (HTTP 400, “not for ***”)" in errors
        assert not Path("out").exists()
        assert len(endpoint.requests) == 8
        nothing_holds_the_key(shown, errors)
        bad.clear()
        endpoint.requests.clear()
        code, shown, _ = run(endpoint, "output=out")
        assert code == 0
        asked = [text.rpartition("\n")[2] for text in endpoint.asked()]
        assert sorted(asked) == sorted(TEXTS[7:])  # what is missing, and nothing else
        assert hypotheses("out") == [text.upper() for text in TEXTS]
        endpoint.requests.clear()
        assert run(endpoint, "output=again")[0] == 0
        assert endpoint.requests == []
    nothing_holds_the_key(shown, errors)


def test_a_run_of_whole_documents(run: Callable[..., Any]) -> None:
    fault = Breaks(body='{"choices": [{"message": {"content": "Sorry"}, "finish_reason": "stop"}]}')
    with FakeEndpoint(lambda messages: translated(messages[:1]), faults=[fault]) as endpoint:
        assert run(endpoint, "output=out", "systems.chat.unit=document")[0] == 0
        assert hypotheses("out") == [text.upper() for text in TEXTS]
        assert len(endpoint.requests) == 3  # two documents, one of them twice
        assert run(endpoint, "output=again", "systems.chat.unit=document")[0] == 0
        assert len(endpoint.requests) == 3


def test_an_endpoint_that_is_down_or_a_key_that_is_missing_stops_before_anything(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, shown, errors = run("http://127.0.0.1:9/v1", "output=out")
    assert (code, shown) == (2, "")
    assert errors.startswith("mteval: error: systems.chat.client.base_url: http://127.0.0.1:9/v1 does not answer")
    monkeypatch.delenv("TEST_KEY")
    _, _, errors = run("http://127.0.0.1:9/v1", "output=out")
    said = "mteval: error: systems.chat.client.key: the environment variable TEST_KEY is not set; export TEST_KEY"
    assert errors.startswith(said)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("systems.chat.client.temperature=3", "systems.chat.client.temperature: 3 is not between 0 and 2"),
        ("+systems.chat.client.tries=3", "systems.chat.client.tries: unknown key; did you mean price?"),
        ("systems.chat.client.concurency=3", "systems.chat.client.concurency: unknown key; "),
        ("systems.chat.client._target_=mteval.gate.Gate", "systems.chat.client.model: unknown key"),
        ("systems.chat.unit=page", "systems.chat.unit: 'page' is not one of its values"),
        ("systems.chat.client.key=sk-1", "systems.chat.client.key: it is not the name of an environment variable"),
    ],
)
def test_a_config_that_is_wrong_is_named_in_full(run: Callable[..., Any], override: str, message: str) -> None:
    code, _, errors = run("http://127.0.0.1:9/v1", override)
    assert code == 2
    assert message in errors


def test_what_a_run_used_is_told_again_by_later_runs_and_reports(run: Callable[..., Any]) -> None:
    with FakeEndpoint(shout) as endpoint:
        assert run(endpoint, "output=one")[0] == 0
        code, shown, _ = run(endpoint, "output=two")
        assert code == 0
        assert len(endpoint.requests) == 12
    told = "Used by chat: 12 requests, 276 tokens in, 96 out, 0.0047 USD; of which"
    assert f"{told} this run 0" in " ".join(shown.split())
    assert report_command.report(["two", "output=again"]) == 0
    assert f"{told[8:]} these runs 0" in Path("again/leaderboard.md").read_text("utf-8")
    assert report_command.report(["again", "output=anew"]) == 0  # a report is read back, too
    assert f"{told[8:]} these runs 0" in Path("anew/leaderboard.md").read_text("utf-8")
    assert report_command.report(["one", "two", "output=both"]) == 0
    (used,) = json.loads(Path("both/run.json").read_text("utf-8"))["usage"]
    assert (used["total"]["requests"], used["this_run"]["requests"]) == (12, 12)


@pytest.mark.slow
def test_a_thousand_refusals_do_not_flood_what_people_read(run: Callable[..., Any]) -> None:
    rows = [{"source": f"Frase {n}", "references": {"r": "x"}} for n in range(1000)]
    Path("set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    words = "I can't help with that. " * 100
    with FakeEndpoint(lambda _: Says(None, refusal=words)) as endpoint:
        code, shown, _ = run(endpoint, "output=out", "systems.chat.client.concurrency=32")
    assert code == 0
    assert shown.count("the model refused") == 5
    assert "995 more such notices are in run.json" in shown
    assert len(shown) < 10_000
    assert Path("out/leaderboard.md").read_text("utf-8").count("the model refused") == 5
    record = json.loads(Path("out/run.json").read_text("utf-8"))
    (system,) = record["pairs"][0]["systems"]
    assert len(system["notices"]) == 1000
