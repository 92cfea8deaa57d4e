from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from mteval.config import build
from mteval.errors import ConfigError, ContractError
from mteval.evalsets.documents import DocumentFolder
from mteval.lang import LangPair
from mteval.segment import Document, EvalSet, Segment
from mteval.systems.apertium import Apertium
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.canaries import Copy
from mteval.systems.chain import Chain
from mteval.systems.fakes import UpperCase
from mteval.usage import Usage
from tests.test_configs import composed

PT_EN, PT_ES, ES_EN = LangPair("pt", "en"), LangPair("pt", "es"), LangPair("es", "en")
needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)


def segments(texts: Sequence[str]) -> list[Segment]:
    return [
        Segment(f"d:{n}", text, f"d{n // 3}", "here", 1, 0, len(text), references={"r": "x"}, gold={"s": 1.0})
        for n, text in enumerate(texts)
    ]


def outputs(system: System, texts: Sequence[str], pair: LangPair = PT_EN) -> list[Output]:
    found = list(system.translate(segments(texts), pair, {}))
    assert sorted(position for position, _ in found) == list(range(len(texts)))
    return [dict(found)[position] for position in range(len(texts))]


class Tagging(UpperCase):
    """Puts the lang pair before each text, says so, and notes what it was handed."""

    def __init__(self, unit: str = "segment", reusable: bool = True, fault: str = "") -> None:
        super().__init__()
        self.unit, self.reusable, self.fault = unit, reusable, fault
        self.handed: list[list[Segment]] = []
        self.closed = 0
        self.checked: list[LangPair] = []

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=self.reusable, unit=self.unit)  # type: ignore[arg-type]

    def declines(self, eval_set: EvalSet) -> str | None:  # type: ignore[override]
        return "no French" if eval_set.pair.target == "fr" else None

    def check(self, pair: LangPair) -> None:  # type: ignore[override]
        self.checked.append(pair)

    def translate(  # type: ignore[override]
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        self.handed.append(list(segments))
        found = [
            (n, Output(f"{pair} {s.source}", (f"said {pair}",), Usage(1, characters=len(s.source), cost=0.5)))
            for n, s in enumerate(segments)
        ][::-1]
        yield from found[1:] if self.fault == "lost" else found
        if self.fault == "doubled":
            yield found[0]

    def close(self) -> None:  # type: ignore[override]
        self.closed += 1


def test_the_second_translates_what_the_first_made() -> None:
    first, second = Tagging(), Tagging()
    chain = Chain({"a": first}, {"b": second}, "es", chunk=2)
    found = outputs(chain, ["um", "dois", "três"])
    assert [output.text for output in found] == ["es-en pt-es um", "es-en pt-es dois", "es-en pt-es três"]
    assert found[1].notices == ("a (pt-es): said pt-es", "b (es-en): said es-en")
    assert found[1].usage == Usage(2, characters=len("dois") + len("pt-es dois"), cost=1.0)
    assert [[segment.id for segment in handed] for handed in second.handed] == [["d:0", "d:1"], ["d:2"]]
    given = second.handed[0][1]
    assert (given.source, given.id, given.document) == ("pt-es dois", "d:1", "d0")
    assert (given.start, given.end, given.references, given.gold) == (None, None, {}, {})
    chain.check(PT_EN)
    chain.close()
    assert (first.checked, second.checked, first.closed, second.closed) == ([PT_ES], [ES_EN], 1, 1)


@pytest.mark.parametrize(("first", "second"), [("document", "segment"), ("segment", "document")])
def test_documents_stay_whole_where_one_of_the_two_needs_them(first: str, second: str) -> None:
    parts = Tagging(first), Tagging(second)
    chain = Chain({"a": parts[0]}, {"b": parts[1]}, "es", chunk=1)
    assert chain.card == SystemCard(reusable=True, unit="document")
    outputs(chain, ["um", "dois", "três", "quatro"])
    for part in parts:
        assert [len(handed) for handed in part.handed] == [3, 1]


def test_a_part_that_is_not_reusable_gets_everything_at_once() -> None:
    first = Tagging(reusable=False)
    chain = Chain({"a": first}, {"b": Tagging()}, "es", chunk=1)
    assert not chain.card.reusable
    outputs(chain, ["um", "dois", "três", "quatro"])
    assert [len(handed) for handed in first.handed] == [4]


def test_a_chain_of_chains_works() -> None:
    inner = Chain({"a": Tagging()}, {"b": Tagging()}, "es")
    (found,) = outputs(Chain({"inner": inner}, {"c": Tagging()}, "fr"), ["um"])
    assert found.text == "fr-en es-fr pt-es um"
    assert found.notices == (
        "inner (pt-fr): a (pt-es): said pt-es",
        "inner (pt-fr): b (es-fr): said es-fr",
        "c (fr-en): said fr-en",
    )
    assert found.usage.requests == 3


def test_it_declines_what_one_of_the_two_declines() -> None:
    chain = Chain({"a": Tagging()}, {"b": Tagging()}, "es")
    eval_set = EvalSet("set", PT_EN, (Document("d0", "pt"),), tuple(segments(["um"])))
    assert chain.declines(eval_set) is None
    assert chain.declines(replace(eval_set, pair=LangPair("pt", "fr"))) == "b (es-fr): no French"
    assert chain.declines(replace(eval_set, pair=ES_EN)) == "es-en has es at one end already"
    assert chain.declines(replace(eval_set, pair=LangPair("spa", "en"))) == "spa-en has es at one end already"
    assert Chain({"a": Tagging()}, {"b": Tagging()}, "fr").declines(eval_set) == "a (pt-fr): no French"


def test_an_untranslated_text_between_is_told() -> None:
    class Copying(Tagging):
        def translate(  # type: ignore[override]
            self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
        ) -> Iterator[tuple[int, Output]]:
            yield from ((n, Output(segment.source)) for n, segment in enumerate(segments))

    long, short = outputs(Chain({"a": Copying()}, {"b": Tagging()}, "es"), ["um dois três quatro", "Pyongyang"])
    assert long.notices == ("a (pt-es): the text in es is the source itself", "b (es-en): said es-en")
    assert short.notices == ("b (es-en): said es-en",)


@pytest.mark.parametrize("fault", ["lost", "doubled"])
@pytest.mark.parametrize("broken", ["first", "second"])
def test_a_part_that_breaks_its_promise_is_named(fault: str, broken: str) -> None:
    parts = {name: {name: Tagging(fault=fault if name == broken else "")} for name in ("first", "second")}
    with pytest.raises(ContractError, match=f"system {broken} "):
        outputs(Chain(**parts, via="es"), ["um", "dois"])  # type: ignore[arg-type]


def test_the_signature_holds_both_and_the_language_between() -> None:
    def signature(first: str = "a", via: str = "es", chunk: int = 1) -> str:
        return str(Chain({first: UpperCase()}, {"b": UpperCase()}, via, chunk).signature(PT_EN))

    assert (
        signature() == "system:chain|via:es|first:a(system:upper-case,version:1)|second:b(system:upper-case,version:1)"
    )
    assert signature(chunk=5) == signature()
    assert len({signature(), signature(via="fr"), signature(first="c")}) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"first": {}}, "first: names no system"),
        ({"second": {"a": UpperCase(), "b": UpperCase()}}, "second: names 2: a, b"),
        ({"first": {"c": Copy()}}, "first.c: is a canary"),
        ({"via": "xx"}, "via: unknown language code"),
        ({"via": False}, 'via: YAML reads an unquoted no .* "no" in quotes'),
        ({"chunk": 0}, "chunk: 0 is not"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    given = {"first": {"a": UpperCase()}, "second": {"b": UpperCase()}, "via": "es", **settings}
    with pytest.raises(ConfigError, match=message):
        Chain(**given)  # type: ignore[arg-type]


@needs_apertium
def test_a_chain_of_two_is_apertiums_own_chain() -> None:
    """Through Spanish in two systems, against one system that goes through both modes: text by text."""
    eval_set = DocumentFolder("seeds", "package:seeds").load(PT_EN, [PT_EN])
    texts = [segment.source for segment in eval_set.scored][:15]
    chain = Chain({"a": Apertium({"pt-es": ["pt-es"]})}, {"b": Apertium({"es-en": ["spa-eng"]})}, "es", chunk=4)
    assert chain.declines(eval_set) is None
    chain.check(PT_EN)
    assert {need.name for need in chain.needs(PT_EN)} == {"apertium", "mode pt-es", "mode spa-eng"}
    one = Apertium({"pt-en": ["pt-es", "spa-eng"]})
    assert [output.text for output in outputs(chain, texts)] == [output.text for output in outputs(one, texts)]


def test_options_are_nested_by_name() -> None:
    run = build(composed("systems=[chain]", "systems@systems.chain.second=m2m100_418m", "systems.chain.via=fr"))
    found = run.config["systems"]["chain"]
    assert (list(found["first"]), list(found["second"]), found["via"]) == (["nllb_600m"], ["m2m100_418m"], "fr")
    assert isinstance(run.evaluation.systems["chain"], Chain)
