"""What the store keeps of documents, of costs and of context."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mteval import reuse
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore
from mteval.metrics.fakes import LengthRatio
from mteval.needs import Need
from mteval.scoring import Items
from mteval.segment import Document, EvalSet, Segment
from mteval.signature import Signature
from mteval.store import Store
from mteval.systems.base import Output, System, SystemCard
from mteval.usage import Meter, Usage

PT_EN = LangPair("pt", "en")


def eval_set(*texts: str) -> EvalSet:
    segments = [Segment(f"{text[0]}:{n}", text, text[0], f"set:{n}") for n, text in enumerate(texts, start=1)]
    documents = dict.fromkeys(text[0] for text in texts)
    return EvalSet("set", PT_EN, tuple(Document(name, "pt") for name in documents), tuple(segments))


class Whole(System):
    """Numbers the segments of each document, and takes a request for each."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True, unit="document")

    def declines(self, eval_set: EvalSet) -> str | None:
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"system": "whole"})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        places: dict[str, int] = {}
        for position, segment in enumerate(segments):
            self.asked.append(segment.source)
            place = places[segment.document] = places.get(segment.document, 0) + 1
            yield position, Output(f"{place}", (f"notice {place}",), Usage(1, 10, 2, cost=0.5))

    def close(self) -> None:
        pass


def translated(system: System, found: EvalSet, store: Path) -> tuple[tuple[str, ...], Meter]:
    meter = Meter()
    return reuse.translate("s", system, found, {}, Store(store), lambda _: None, meter).texts, meter


def test_a_document_is_translated_whole_and_kept_whole(tmp_path: Path) -> None:
    system = Whole()
    texts, meter = translated(system, eval_set("a um", "a dois", "b um"), tmp_path)
    assert texts == ("1", "2", "1")
    assert meter.total == meter.spent == Usage(3, 30, 6, cost=1.5)
    system.asked.clear()
    # One segment of document a is another: all of a is asked for again, and none of b.
    texts, meter = translated(system, eval_set("a um", "a três", "b um"), tmp_path)
    assert (texts, system.asked) == (("1", "2", "1"), ["a um", "a três"])
    assert (meter.total.requests, meter.spent.requests) == (3, 2)
    system.asked.clear()
    assert translated(system, eval_set("b um", "a um", "a dois"), tmp_path)[0] == ("1", "1", "2")
    assert system.asked == []


def test_one_source_twice_in_a_document_has_two_hypotheses(tmp_path: Path) -> None:
    system = Whole()
    for _ in range(2):
        assert translated(system, eval_set("a um", "a um"), tmp_path)[0] == ("1", "2")
    assert system.asked == ["a um", "a um"]


def test_half_a_document_in_the_store_is_none(tmp_path: Path) -> None:
    system = Whole()
    translated(system, eval_set("a um", "a dois"), tmp_path)
    (shard,) = tmp_path.rglob("*.jsonl")
    shard.write_text(shard.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    system.asked.clear()
    assert translated(system, eval_set("a um", "a dois"), tmp_path)[0] == ("1", "2")
    assert system.asked == ["a um", "a dois"]


def test_what_an_earlier_version_kept_is_read(tmp_path: Path) -> None:
    system = Whole()
    translated(system, eval_set("a um"), tmp_path)
    (shard,) = tmp_path.rglob("*.jsonl")
    row = json.loads(shard.read_text("utf-8"))
    shard.write_text(json.dumps({"key": row["key"], "value": row["value"][:2]}) + "\n", "utf-8")
    system.asked.clear()
    assert translated(system, eval_set("a um"), tmp_path)[0] == ("1",)
    assert system.asked == []


class Shares(Whole):
    """Asks for equal segments once, and says so."""

    @property
    def card(self) -> SystemCard:  # type: ignore[override]
        return SystemCard(reusable=True)

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for position, segment in enumerate(segments):
            again = segment.source in [later.source for later in segments[position + 1 :]]
            yield position, Output("x", usage=Usage() if again else Usage(1, 10, 2))


def test_equal_sources_that_were_paid_for_once_count_once(tmp_path: Path) -> None:
    for made in (2, 0):
        _, meter = translated(Shares(), eval_set("a um", "a um", "b dois", "a um"), tmp_path)
        assert (meter.total.requests, meter.spent.requests) == (2, made)


class Judge(LengthRatio):
    """Charges for a score and says something of it."""

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:  # type: ignore[override]
        for position, found in super().score(items):
            yield position, replace(found, notices=("a sentence",), usage=Usage(1, 5, 1))


def test_notices_and_costs_of_scores_are_kept(tmp_path: Path) -> None:
    for made in (1, 0):
        meter = Meter()
        items = [Item("um", "one"), Item("um", "one")]
        scores = reuse.score("m", Judge(), items, 0, Store(tmp_path), lambda _: None, meter)
        assert scores[0].notices == ("a sentence",)
        assert (meter.total.requests, meter.spent.requests) == (1, made)


def test_context_is_of_the_same_document_and_part_of_the_key(tmp_path: Path) -> None:
    card = replace(LengthRatio().card, context=2)
    items = Items(eval_set("a 1", "a 2", "a 3", "b 1"), ("1", "2", "3", "4"), (), card)
    assert [[one.source for one in item.context] for item in items] == [[], ["a 1"], ["a 1", "a 2"], []]
    assert [one.hypothesis for one in items[2].context] == ["1", "2"]
    metric = LengthRatio()
    bare = [replace(item, context=()) for item in items]
    for some in (items, bare, items):
        reuse.score("m", metric, some, 0, Store(tmp_path), lambda _: None, Meter())
    assert metric.scored == 6  # four in context, and two more without


def test_languages_are_told_to_who_asks_and_part_of_the_key(tmp_path: Path) -> None:
    found = eval_set("a 1")
    (deaf,) = Items(found, ("1",), (), LengthRatio().card)
    (told,) = Items(found, ("1",), (), replace(LengthRatio().card, sees_languages=True))
    assert (deaf.pair, told.pair) == (None, PT_EN)
    metric = LengthRatio()
    for item in (deaf, told, replace(told, pair=LangPair("pt", "ro")), told):
        reuse.score("m", metric, [item], 0, Store(tmp_path), lambda _: None, Meter())
    assert metric.scored == 3
