from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from mteval import reuse
from mteval.config import build
from mteval.errors import ConfigError, ContractError
from mteval.evalsets.documents import DocumentFolder
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.metrics.comet import Comet
from mteval.metrics.comet_fakes import write_comet_checkpoint
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Chrf, Ter
from mteval.report.base import SystemResult
from mteval.report.ranking import interferes
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.signature import Signature
from mteval.store import Store
from mteval.systems.apertium import Apertium
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.canaries import Copy
from mteval.systems.fakes import TinyProposer, UpperCase
from mteval.systems.huggingface import HuggingFace
from mteval.systems.huggingface_fakes import write_marian
from mteval.systems.mbr import Mbr, Rerank
from mteval.systems.stored import Stored
from mteval.usage import Meter, Usage
from tests.test_configs import composed

PT_EN = LangPair("pt", "en")
SOURCES = [
    "O presidente disse que a guerra é longa.",
    "Os dois países assinaram um acordo em Pyongyang na quarta-feira.",
    "Casa.",
    "O gato dorme.",
    "Os dois países assinaram um acordo em Pyongyang na quarta-feira.",
    "A cidade tem muitas ruas, e a chuva não para.",
    "",
]
needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)


def segments(texts: Sequence[str] = SOURCES) -> list[Segment]:
    return [Segment(f"d:{n}", text, f"d{n // 3}", "here") for n, text in enumerate(texts)]


def outputs(system: System, texts: Sequence[str] = SOURCES) -> list[Output]:
    found = list(system.translate(segments(texts), PT_EN, {}))
    assert sorted(position for position, _ in found) == list(range(len(texts)))
    return [dict(found)[position] for position in range(len(texts))]


def texts_of(system: System, texts: Sequence[str] = SOURCES) -> list[str]:
    return [output.text for output in outputs(system, texts)]


def proposals(system: Proposer, count: int) -> list[list[str]]:
    found = dict(system.propose(segments(), PT_EN, count))
    return [[output.text for output in found[position]] for position in range(len(SOURCES))]


def first_best(pool: Sequence[str], worth: Sequence[float]) -> str:
    return pool[max(range(len(pool)), key=lambda at: (worth[at], -at))]


class Counting(Metric):
    """A metric that notes what it was asked for, around another one; it may say nothing of some hypotheses.

    Args:
        changed: what is other on its card.
    """

    def __init__(self, of: Metric, silent: Sequence[str] = (), **changed: Any) -> None:
        self._of = of
        self._changed = changed
        self._silent = silent
        self.asked: list[Item] = []

    @property
    def card(self) -> MetricCard:
        return replace(self._of.card, **self._changed)

    def check(self) -> None:
        self._of.check()

    def needs(self) -> tuple[()]:
        return ()

    def signature(self, references: int):  # type: ignore[no-untyped-def]
        return self._of.signature(references)

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        self.asked += items
        for position, found in self._of.score(items):
            nothing = items[position].hypothesis in self._silent
            yield position, replace(ItemScore(None, ()) if nothing else found, usage=Usage(requests=1, input_tokens=3))

    def aggregate(self, sums, counts):  # type: ignore[no-untyped-def]
        return self._of.aggregate(sums, counts)

    def nothing(self, item: Item) -> ItemScore | None:
        return self._of.nothing(item)

    def close(self) -> None:
        self._of.close()


class Fixed(TinyProposer):
    """Proposes what it is told to, whatever the source."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self.texts = texts

    def propose(  # type: ignore[override]
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        for index, _ in enumerate(segments):
            yield index, tuple(map(Output, self.texts[:count]))


@pytest.mark.parametrize("distinct", [100, 3])
def test_mbr_by_chrf_is_what_sacrebleu_says(distinct: int) -> None:
    """Brute force: every candidate against every other one, duplicates as often as they were drawn."""
    chrf, proposer = CHRF(), TinyProposer(distinct)
    found = texts_of(Mbr({"a": proposer, "b": UpperCase(), "c": TinyProposer(2)}, {"chrf": Chrf()}, count=5, chunk=2))
    pools = [
        [*first, source.upper(), *last]
        for first, source, last in zip(proposals(proposer, 5), SOURCES, proposals(TinyProposer(2), 5), strict=True)
    ]
    for pool, chosen in zip(pools, found, strict=True):
        assert len(pool) == 11
        worth = [
            math.fsum(chrf.sentence_score(one, [other]).score for at, other in enumerate(pool) if at != mine) / 10
            for mine, one in enumerate(pool)
        ]
        assert worth[pool.index(chosen)] == pytest.approx(max(worth), abs=1e-9)


def test_lower_is_better_where_the_metric_says_so() -> None:
    ter = TER()

    def choose(sign: int) -> list[str]:
        return [
            first_best(
                pool,
                [
                    sign * sum(ter.sentence_score(one, [other]).score for at, other in enumerate(pool) if at != mine)
                    for mine, one in enumerate(pool)
                ],
            )
            for pool in proposals(TinyProposer(), 4)
        ]

    assert texts_of(Mbr({"a": TinyProposer()}, {"ter": Ter()}, count=4)) == choose(-1) != choose(1)


def test_of_equally_good_candidates_the_first_is_taken() -> None:
    for texts in (("a b", "b a", "c d"), ("b a", "a b", "c d")):
        counting = Counting(LengthRatio())
        assert texts_of(Rerank({"p": Fixed(*texts)}, {"m": counting}, count=3), ["um dois"]) == [texts[0]]
        assert texts_of(Mbr({"p": Fixed(texts[2], texts[2], texts[0])}, {"m": Chrf()}, count=3), ["x"]) == [texts[2]]


def test_every_pair_is_scored_once_and_only_where_there_is_a_choice() -> None:
    metric = Counting(Chrf())
    system = Mbr({"p": Fixed("one two", "one", "one two", "three")}, {"m": metric}, count=4, chunk=1000)
    assert texts_of(system, ["um", "um", "dois"]) == ["one two"] * 3
    assert len(metric.asked) == len(set(metric.asked)) == 2 * (3 * 2 + 1)  # two sources; “one two” against itself too
    metric.asked.clear()
    assert texts_of(Mbr({"p": Fixed("same", "same")}, {"m": metric}, count=2), ["um"]) == ["same"]
    assert metric.asked == []


def test_what_the_metric_says_nothing_of_is_left_out() -> None:
    candidates = {"p": Fixed("one two", "one two three", "four")}
    silent = Counting(Chrf(), silent=["one two", "one two three"])
    (found,) = outputs(Mbr(candidates, {"m": silent}, count=3), ["um"])
    assert found.text == "four"
    assert found.notices == ("chrF2 gave 4 of 6 scores of candidates as none",)
    deaf = Counting(LengthRatio(), silent=["one two", "one two three", "four"])
    (found,) = outputs(Rerank(candidates, {"m": deaf}, count=3), ["um"])
    assert found.text == "one two"
    assert found.notices == ("length ratio gave 3 of 3 scores of candidates as none: the first candidate was taken",)


def test_all_candidates_are_paid_for_and_the_chosen_one_keeps_its_notices() -> None:
    (found,) = outputs(Mbr({"p": TinyProposer(), "u": UpperCase()}, {"m": Counting(Chrf())}, count=3), ["a b c d"])
    assert found.text in ("b c d", "a c d", "a b d")
    number = ("b c d", "a c d", "a b d").index(found.text) + 1
    assert found.notices == (f"p: proposal {number}",)
    assert found.usage == Usage(requests=3 + 12, output_tokens=12, input_tokens=36)


def test_memory_is_bounded_by_chunks_and_what_is_done_is_handed_on() -> None:
    proposer = TinyProposer()
    found = Mbr({"p": proposer}, {"m": Chrf()}, count=3, chunk=2).translate(segments(), PT_EN, {})
    assert next(found)[0] == 0
    assert proposer.proposed == 2 * 3
    assert [position for position, _ in found] == [1, 2, 3, 4, 5, 6]


class Whole(UpperCase):
    """Translates documents, and notes which segments it was handed together."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[list[str]] = []

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True, unit="document", optimised_with=("comet",), model="qwen/Qwen3-8B")

    def translate(  # type: ignore[override]
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        self.handed.append([segment.id for segment in segments])
        yield from super().translate(segments, pair, hypotheses)


def test_a_document_is_never_split_where_a_part_translates_documents() -> None:
    whole = Whole()
    system = Mbr({"w": whole, "p": TinyProposer()}, {"chrf": Chrf()}, count=2, chunk=2)
    assert system.card.unit == "document"
    outputs(system)
    assert whole.handed == [["d:0", "d:1", "d:2"], ["d:3", "d:4", "d:5"], ["d:6"]]
    assert system.card.optimised_with == ("chrF2", "comet")
    assert system.card.model == "Qwen3-8B"


def test_stored_hypotheses_can_be_candidates(tmp_path: Path) -> None:
    """A system that reads a file gives all of it, so it is never asked for a chunk."""
    for name, lines in {
        "a": ["one two", "x", "y"],
        "b": ["one", "x z", "y"],
        "c": ["one two three", "x z", "y"],
    }.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    stored = {name: Stored(str(tmp_path / f"{name}.txt")) for name in "abc"}
    system = Mbr(stored, {"chrf": Chrf()}, chunk=1)
    assert not system.card.reusable
    assert texts_of(system, ["um", "dois", "três"]) == ["one two three", "x z", "y"]
    documents = (Document("d", "pt"),)
    short = EvalSet("set", PT_EN, documents, tuple(Segment(f"d:{n}", "um", "d", "here") for n in range(3)))
    assert system.declines(short) is None
    assert texts_of(Rerank(stored, {"m": LengthRatio()}), ["12345678901234567890"] * 3)[0] == "one two three"


def test_it_goes_through_the_store() -> None:
    documents = tuple(Document(f"d{n}", "pt") for n in range(3))
    eval_set = EvalSet("set", PT_EN, documents, tuple(segments()))
    store, proposer, meter = Store(None), TinyProposer(), Meter()
    system = Mbr({"p": proposer}, {"chrf": Chrf()}, count=4)
    found = reuse.translate("mbr", system, eval_set, {}, store, lambda _: None, meter)
    assert found.texts == tuple(texts_of(system))
    assert meter.spent.requests == 4 * len(SOURCES)
    assert any(notice.startswith("segment d:0: p: proposal ") for notice in found.notices)


def test_the_signature_holds_every_part() -> None:
    def signature(**changed: object) -> str:
        settings = {"systems": {"p": TinyProposer(), "u": UpperCase()}, "metric": {"m": Chrf()}, "count": 4, **changed}
        return str(Mbr(**settings).signature(PT_EN))  # type: ignore[arg-type]

    plain = signature()
    assert "p(system:tiny-proposer,distinct:100,proposals:4)+u(system:upper-case,version:1)" in plain
    assert "nrefs:1" in plain
    assert signature(chunk=3) == plain
    others = [
        signature(count=5),
        signature(metric={"m": Chrf(word_order=2)}),
        signature(systems={"u": UpperCase(), "p": TinyProposer()}),
        signature(systems={"p": TinyProposer(3), "u": UpperCase()}),
        signature(systems={"p": TinyProposer()}),
        str(Rerank({"p": TinyProposer(), "u": UpperCase()}, {"m": LengthRatio()}, 4).signature(PT_EN)),
    ]
    assert len({plain, *others}) == 7


def result(system: System) -> SystemResult:
    chosen_by = system.card.optimised_with
    return SystemResult("s", "system", "", Hypotheses("s", ()), (), {}, {}, optimised_with=chosen_by)


def test_the_metric_it_chooses_by_is_starred_whatever_its_family() -> None:
    pool = {"p": TinyProposer()}
    by_chrf, by_length = Mbr(pool, {"m": Chrf()}), Rerank(pool, {"m": LengthRatio()})
    other = MetricCard("another", False, True, 0, 1, 3, "Apache-2.0")
    assert [interferes(card, result(by_chrf)) for card in (Chrf().card, Ter().card, LengthRatio().card)] == [
        True,
        True,
        False,
    ]
    assert [interferes(card, result(by_length)) for card in (LengthRatio().card, other, Chrf().card)] == [
        True,
        False,
        False,
    ]
    # A family that mteval does not know is known by its name, and one that a label hides is named beside it.
    theirs = Counting(LengthRatio(), label="kiwi", family="comet")
    assert Rerank(pool, {"m": theirs}).card.optimised_with == ("kiwi", "comet")


def test_a_decline_of_a_part_is_the_whole_systems() -> None:
    eval_set = EvalSet("set", LangPair("pt", "fr"), (), ())
    system = Mbr({"p": TinyProposer(), "apertium": Apertium({"pt-en": ["pt-es", "spa-eng"]})}, {"chrf": Chrf()})
    assert system.declines(eval_set) == "apertium: no chain of Apertium modes for pt-fr"
    mini = Rerank({"p": TinyProposer()}, {"m": LengthRatio(pairs=("pt-en",))})
    assert mini.declines(eval_set) == "length ratio, which it chooses by, was made for pt-en"
    assert mini.declines(replace(eval_set, pair=LangPair("por", "en"))) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"systems": {}}, "systems: names no system"),
        ({"systems": {"x": "chrf"}}, "systems.x: is no system"),
        ({"systems": {"x": Copy(), "p": TinyProposer()}}, "systems.x: is a canary"),
        ({"systems": {"u": UpperCase()}}, "systems: u gives one hypothesis"),
        ({"count": 1}, "systems: p gives one hypothesis"),
        ({"count": 0}, "count: 0 is not"),
        ({"chunk": 0}, "chunk: 0 is not"),
        ({"metric": {}}, "metric: names no metric"),
        ({"metric": {"a": Chrf(), "b": Chrf()}}, "metric: names 2: a, b"),
        ({"metric": {"m": LengthRatio()}}, "metric: length ratio sees no reference"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Mbr(**{"systems": {"p": TinyProposer()}, "metric": {"m": Chrf()}, **settings})  # type: ignore[arg-type]


def test_rerank_refuses_a_metric_that_needs_a_reference_and_both_refuse_one_with_context() -> None:
    with pytest.raises(ConfigError, match="chrF2 needs a reference, which a candidate does not have"):
        Rerank({"p": TinyProposer()}, {"m": Chrf()})
    looks_back = Counting(LengthRatio(), context=2)
    with pytest.raises(ConfigError, match="looks at 2 segments before each"):
        Rerank({"p": TinyProposer()}, {"m": looks_back})


class Careless(TinyProposer):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self._fault = fault

    def propose(  # type: ignore[override]
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        found = list(super().propose(segments, pair, count))
        if self._fault == "lost":
            found = found[1:]
        if self._fault == "doubled":
            found = [*found, found[0]]
        if self._fault == "none":
            found[0] = (found[0][0], ())
        yield from found


@pytest.mark.parametrize("fault", ["lost", "doubled", "none"])
def test_a_part_that_breaks_its_promise_is_named(fault: str) -> None:
    with pytest.raises(ContractError, match="system careless"):
        outputs(Mbr({"careless": Careless(fault)}, {"chrf": Chrf()}, count=3))


@needs_apertium
def test_mbr_over_apertium_is_what_sacrebleu_says() -> None:
    chains = {"es": ["pt-es", "spa-eng"], "ca": ["por-cat", "cat-eng"]}
    systems = {name: Apertium({"pt-en": chain}) for name, chain in chains.items()}
    texts = [s.source for s in DocumentFolder("seeds", "package:seeds").load(PT_EN, [PT_EN]).scored][:12]
    es, ca = (texts_of(system, texts) for system in systems.values())
    chrf = CHRF()
    expected = [
        first_best([a, b], [chrf.sentence_score(a, [b]).score, chrf.sentence_score(b, [a]).score])
        for a, b in zip(es, ca, strict=True)
    ]
    assert texts_of(Mbr(systems, {"chrf": Chrf()}), texts) == expected
    assert {tuple(es), tuple(ca), tuple(expected)} > {tuple(expected)}


@pytest.mark.parametrize("kind", ["referenceless", "regression"])
def test_real_checkpoints_choose_as_they_score(tmp_path: Path, kind: str) -> None:
    """Tiny checkpoints of a system and of COMET, through their own code."""
    write_marian(tmp_path / "mt")
    write_comet_checkpoint(tmp_path / "comet", kind)
    reference = kind == "regression"
    comet = Comet(
        checkpoint=str(tmp_path / "comet"), label="tiny", needs_reference=reference, licence="none", device="cpu"
    )
    marian = HuggingFace(str(tmp_path / "mt"), pairs=["pt-en"], beam_size=2, max_length=12, device="cpu")
    texts = ["a casa", "a rua da cidade", "tempo"]
    proposed = dict(marian.propose(segments(texts), PT_EN, 2))
    pools = [[*(one.text for one in proposed[at]), text.upper()] for at, text in enumerate(texts)]
    assert all(len(set(pool)) == 3 for pool in pools)
    system = (Mbr if reference else Rerank)({"mt": marian, "u": UpperCase()}, {"comet": comet}, count=2)
    system.check(PT_EN)
    for source, pool, chosen in zip(texts, pools, texts_of(system, texts), strict=True):
        if reference:
            items = [Item(source, a, (b,)) for i, a in enumerate(pool) for j, b in enumerate(pool) if i != j]
            scores = dict(comet.score(items))
            worth = [sum(scores[2 * i + j].score or 0.0 for j in range(2)) / 2 for i in range(3)]
        else:
            scores = dict(comet.score([Item(source, text) for text in pool]))
            worth = [scores[i].score or 0.0 for i in range(3)]
        assert worth[pool.index(chosen)] == pytest.approx(max(worth), abs=1e-6)
    assert "proposals:2" in str(system.signature(PT_EN))
    needs = {need.name for need in system.needs(PT_EN)}
    assert {str(tmp_path / "mt"), str(tmp_path / "comet")} <= needs
    system.close()


def test_a_metric_that_asks_is_told_the_languages() -> None:
    for told, asks in ((PT_EN, True), (None, False)):
        metric = Counting(Chrf(), sees_languages=asks)
        outputs(Mbr({"p": TinyProposer()}, {"m": metric}, count=2), ["um dois"])
        assert [item.pair for item in metric.asked] == [told, told]


def test_what_cannot_propose_so_many_says_so_before_anything_is_translated() -> None:
    class Shy(TinyProposer):
        def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:  # type: ignore[override]
            raise ConfigError("temperature", f"the {count} proposals would be one and the same", "raise it")

    with pytest.raises(ConfigError, match="the 4 proposals would be one and the same"):
        Mbr({"s": Shy()}, {"chrf": Chrf()}, count=4).check(PT_EN)


def test_options_are_nested_by_name() -> None:
    run = build(
        composed(
            "systems=[apertium_es,mbr_chrf,rerank_comet_qe_mini]",
            "systems@systems.mbr_chrf.systems=[apertium_es,nllb_600m]",
            "metrics@systems.mbr_chrf.metric=chrfpp",
            "systems.mbr_chrf.count=3",
        )
    )
    system = run.evaluation.systems["mbr_chrf"]
    assert isinstance(system, Mbr)
    assert system.card.optimised_with == ("chrF2++",)
    assert run.config["systems"]["mbr_chrf"]["systems"].keys() == {"apertium_es", "nllb_600m"}
    assert set(run.evaluation.systems) == {"apertium_es", "mbr_chrf", "rerank_comet_qe_mini"}
    assert set(run.evaluation.metrics) >= {"chrf", "bleu"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+systems.mbr_chrf.systems.apertium_es.chunk=0", r"systems\.mbr_chrf\.systems\.apertium_es\.chunk: 0 is too"),
        ("+systems.mbr_chrf.metric.chrf.beta=0", r"systems\.mbr_chrf\.metric\.chrf\.beta: 0 is too"),
        ("+systems.mbr_chrf.systems.apertium_es.modus=0", r"systems\.mbr_chrf\.systems\.apertium_es\.modus: unknown"),
        ("systems.mbr_chrf.count=0", r"systems\.mbr_chrf\.count: 0 is not"),
        (
            "metrics@systems.mbr_chrf.metric=comet_qe_mini",
            r"systems\.mbr_chrf\.metric: COMET-QE-mini sees",
        ),
        (
            "+systems.mbr_chrf.systems.x={_target_: os.system}",
            r"systems\.mbr_chrf\.systems\.x\._target_: os",
        ),
    ],
)
def test_a_wrong_nested_setting_is_named_by_its_key(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(composed("systems=[mbr_chrf]", override))
