"""The way through, with tiny systems and metrics, and with ones that break their promises."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from mteval.comparison import Resampling
from mteval.errors import ConfigError, ContractError, MissingReferenceError
from mteval.evalsets.base import EvalSetReader
from mteval.evaluation import Evaluation
from mteval.garble.base import Detector, Evidence, Observations, Signal, Text, Verdict
from mteval.garble.detector import NoisyOr
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, Metric
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Bleu, Chrf
from mteval.needs import Need
from mteval.report.base import PairResult, SystemResult
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.store import Store
from mteval.systems.base import Output, System
from mteval.systems.canaries import Copy, Half
from mteval.systems.fakes import UpperCase
from mteval.systems.reference import Reference

PT_EN = LangPair("pt", "en")
SEGMENTS = (
    Segment("a:1", "O gato dorme.", "a", "set:1", references={"r": "The cat sleeps."}),
    Segment("a:2", "Menu", "a", "set:2", furniture=True),
    Segment("a:3", "O gato dorme.", "a", "set:3", references={"r": "The cat is asleep."}),
    Segment("b:1", "A casa é azul.", "b", "set:4", references={"r": "The house is blue."}),
)
GOOD = ("The cat sleeps.", "The cat is sleeping.", "The house is blue.")


class One(EvalSetReader):
    """Hands out one eval set."""

    def __init__(self, segments: tuple[Segment, ...] = SEGMENTS, **hypotheses: tuple[str, ...]) -> None:
        self.segments = segments
        self.hypotheses = {name: Hypotheses(name, texts) for name, texts in hypotheses.items()}

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        return EvalSet("set", pair, (Document("a", "pt"), Document("b", "pt")), self.segments, self.hypotheses)


def evaluation(
    systems: Mapping[str, System],
    metrics: Mapping[str, Metric] | None = None,
    reader: EvalSetReader | None = None,
    store: Path | None = None,
    signals: Mapping[str, Signal] | None = None,
    detector: Detector | None = None,
) -> Evaluation:
    return Evaluation(
        reader=reader or One(),
        pairs=[PT_EN],
        systems=systems,
        metrics={"length": LengthRatio()} if metrics is None else metrics,
        gate=Gate(),
        signals=signals or {},
        detector=detector or NoisyOr(),
        store=Store(store),
        resampling=Resampling(draws=20, seed=12345, trials=50),
    )


def by_name(result: PairResult) -> dict[str, SystemResult]:
    return {system.name: system for system in result.systems}


def test_scores_are_those_of_the_segments_that_count() -> None:
    reader = One(good=GOOD)
    (pair,) = evaluation({}, {"bleu": Bleu(), "chrf": Chrf()}, reader).run().pairs
    good = by_name(pair)["good"]
    references = [[s.references["r"] for s in SEGMENTS if not s.furniture]]
    assert good.scores["bleu"].score == sacrebleu.corpus_bleu(list(GOOD), references).score
    assert good.scores["chrf"].score == sacrebleu.corpus_chrf(list(GOOD), references).score
    assert good.scores["bleu"].segments == 3
    assert "nrefs:1" in good.scores["bleu"].signature
    low, high = good.scores["chrf"].interval or (0, 0)
    assert low <= (good.scores["chrf"].score or -1) <= high
    assert good.segment_scores["chrf"].scores[0] == 100.0


def test_a_documents_score_is_made_of_its_own_segments() -> None:
    (pair,) = (
        evaluation({"reference": Reference()}, {"chrf": Chrf(), "length": LengthRatio()}, One(good=GOOD)).run().pairs
    )
    found = by_name(pair)["good"].document_scores
    assert {name: list(one.scores) for name, one in found.items()} == {"chrf": ["a", "b"], "length": ["a", "b"]}
    alone = sacrebleu.corpus_chrf(list(GOOD[:2]), [["The cat sleeps.", "The cat is asleep."]]).score
    assert found["chrf"].scores == {"a": pytest.approx(alone), "b": 100.0}
    assert set(by_name(pair)["reference"].document_scores) == {"length"}


def test_order_in_which_a_system_and_a_metric_work_does_not_matter() -> None:
    (pair,) = evaluation({"upper": UpperCase()}).run().pairs
    upper = by_name(pair)["upper"]
    assert upper.hypotheses.texts == ("O GATO DORME.", "O GATO DORME.", "A CASA É AZUL.")
    assert upper.segment_scores["length"].scores == (1.0, 1.0, 1.0)


def test_canaries_run_last_and_the_reference_is_not_scored_against_itself() -> None:
    systems = {"copy": Copy(), "reference": Reference(), "half": Half(), "upper": UpperCase()}
    (pair,) = evaluation(systems, {"bleu": Bleu(), "length": LengthRatio()}).run().pairs
    assert [system.name for system in pair.systems] == ["upper", "reference", "copy", "half"]
    assert by_name(pair)["half"].hypotheses.texts[0] == "O GATO"
    assert set(by_name(pair)["reference"].scores) == {"length"}
    assert set(by_name(pair)["copy"].scores) == {"bleu", "length"}


def test_a_second_run_computes_nothing(tmp_path: Path) -> None:
    first, metric = UpperCase(), LengthRatio()
    before = evaluation({"upper": first}, {"length": metric}, store=tmp_path).run()
    assert (first.translated, metric.scored) == (3, 2)  # equal items are scored once
    second, again = UpperCase(), LengthRatio()
    after = evaluation({"upper": second}, {"length": again}, store=tmp_path).run()
    assert (second.translated, again.scored) == (0, 0)
    assert by_name(after.pairs[0])["upper"].scores == by_name(before.pairs[0])["upper"].scores
    np.testing.assert_array_equal(
        by_name(after.pairs[0])["upper"].segment_scores["length"].statistics,  # type: ignore[arg-type]
        by_name(before.pairs[0])["upper"].segment_scores["length"].statistics,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("damage", ["5", "[1]", "[1, [], null, false, 3]", '["x", [], null, 0]', "[" * 9999, "null"])
def test_what_is_damaged_in_the_store_is_computed_again(tmp_path: Path, damage: str) -> None:
    evaluation({"upper": UpperCase()}, store=tmp_path).run()
    for shard in tmp_path.rglob("*.jsonl"):
        keys = [json.loads(line)["key"] for line in shard.read_text("utf-8").splitlines()]
        shard.write_text("".join(f'{{"key": "{key}", "value": {damage}}}\n' for key in keys), encoding="utf-8")
    system, metric = UpperCase(), LengthRatio()
    (pair,) = evaluation({"upper": system}, {"length": metric}, store=tmp_path).run().pairs
    assert (system.translated, metric.scored) == (3, 2)
    assert by_name(pair)["upper"].segment_scores["length"].scores == (1.0, 1.0, 1.0)


class CutOff(UpperCase):
    """Stops after one segment, as a kill would make it."""

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        yield 0, Output(segments[0].source.upper())
        raise KeyboardInterrupt


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        evaluation({"upper": CutOff()}, store=tmp_path).run()
    whole = UpperCase()
    shelf = [file.parent for file in tmp_path.rglob("*.jsonl")]
    shelf[0].rename(shelf[0].with_name(shelf[0].name.replace("CutOff", "UpperCase")))
    evaluation({"upper": whole}, store=tmp_path).run()
    assert whole.translated == 1  # of two equal segments the first was kept, so both were there


class Broken(UpperCase):
    def __init__(self, given: list[tuple[int, str]]) -> None:
        super().__init__()
        self.given = given

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        yield from ((index, Output(text)) for index, text in self.given)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([(0, "a"), (1, "b")], r"gave 2 hypotheses for 3 segments \(none for b:1\)"),
        ([(0, "a"), (1, "b"), (1, "c"), (2, "d")], "hypothesis 2 of 3 twice"),
        ([(0, "a"), (1, "b"), (2, "c"), (3, "d")], "hypothesis 4 of 3"),
        ([(0, "a"), (1, "b"), (-1, "c")], "for no segment"),
        ([(0, "a"), (1, "\ud800"), (2, "c")], "half of a surrogate pair for segment a:3"),
    ],
)
def test_a_system_that_breaks_its_promise_is_named(given: list[tuple[int, str]], problem: str) -> None:
    with pytest.raises(ContractError, match=f"system broken: .*{problem}"):
        evaluation({"broken": Broken(given)}).run()


class BrokenMetric(LengthRatio):
    def __init__(self, given: list[tuple[int, float]]) -> None:
        super().__init__()
        self.given = given

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        for index, score in self.given:
            yield index, ItemScore(score, (score,))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([(0, 0.5)], "gave some items no score"),
        ([(0, 0.5), (2, 0.5)], "scored item 3 of 2"),
        ([(0, 0.5), (0, 0.5), (1, 0.5)], "scored item 1 twice"),
        ([(0, 0.5), (1, float("nan"))], "gave nan for the hypothesis “A CASA É AZUL.”"),
    ],
)
def test_a_metric_that_breaks_its_promise_is_named(given: list[tuple[int, float]], problem: str) -> None:
    with pytest.raises(ContractError, match=f"metric bad: {problem}|metric bad: .*{problem}"):
        evaluation({"upper": UpperCase()}, {"bad": BrokenMetric(given)}).run()


class Partial(LengthRatio):
    """Has no score for a hypothesis with the word CASA."""

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        for index, item in enumerate(items):
            yield index, ItemScore(None, ()) if "CASA" in item.hypothesis else ItemScore(0.5, (0.5,))


def test_a_segment_without_a_score_is_left_out_and_not_counted_as_zero(tmp_path: Path) -> None:
    for _ in range(2):  # computed, and from the store
        (pair,) = evaluation({"upper": UpperCase()}, {"some": Partial()}, store=tmp_path).run().pairs
        upper = by_name(pair)["upper"]
        assert upper.segment_scores["some"].scores == (0.5, 0.5, None)
        assert (upper.scores["some"].score, upper.scores["some"].segments) == (0.5, 2)
        assert upper.scores["some"].interval == (0.5, 0.5)


def test_a_missing_reference_is_named_before_anything_is_translated() -> None:
    bare = (*SEGMENTS[:3], Segment("b:1", "A casa é azul.", "b", "set:4"))
    system = UpperCase()
    with pytest.raises(MissingReferenceError, match=r"set:4: segment b:1 has no reference, and metric bleu needs one"):
        evaluation({"upper": system}, {"length": LengthRatio(), "bleu": Bleu()}, One(bare)).run()
    assert system.translated == 0
    evaluation({"upper": system}, {"length": LengthRatio()}, One(bare)).run()
    assert system.translated == 3


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"systems\.upper: the name is used twice"):
        evaluation({"upper": UpperCase()}, reader=One(upper=GOOD)).run()


def test_a_lang_pair_that_no_system_translates_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"systems: none translates pt-en"):
        evaluation({"copy": Copy(), "reference": Reference()}).run()


def test_a_canary_of_a_system_that_does_not_run_is_refused_before_anything_is_translated() -> None:
    upper = UpperCase()
    with pytest.raises(ConfigError, match=r"systems\.half\.of: no system uper runs in pt-en; name one of upper"):
        evaluation({"upper": upper, "half": Half("uper")}).run()
    assert upper.translated == 0


def test_a_reference_that_only_some_segments_have_is_left_out_aloud() -> None:
    some = (*SEGMENTS[:3], Segment("b:1", "A casa é azul.", "b", "set:4", references={"r": "Blue.", "s": "Blue!"}))
    result = evaluation({"upper": UpperCase()}, {"bleu": Bleu()}, One(some)).run()
    assert result.warnings == ("pt-en: reference s is left out, since only 1 of 3 segments have it",)


def test_a_metric_outside_its_lang_pairs_is_warned_of() -> None:
    metrics = {"mine": LengthRatio(("pt-en",)), "other": LengthRatio(("ro-en", "de-en")), "any": LengthRatio()}
    warning = "pt-en: length ratio was made for ro-en, de-en; its scores say little here"
    assert evaluation({"upper": UpperCase()}, metrics).run().warnings == (warning,)


class Spy(Signal):
    """Remembers what it was shown, and sees one thing everywhere."""

    def __init__(self) -> None:
        self.seen: list[Text] = []

    @property
    def family(self) -> str:  # type: ignore[override]
        return "surface"

    def blind(self, text: Text) -> str | None:
        return "not me" if text.document == "b" else None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        self.seen.append(text)
        yield Evidence(name, "surface", text.lines[0].segment, 0, 1, 0.5, "One thing.")


class Plain(Detector):
    def judge(self, text: Text, seen: Observations) -> Verdict:
        return Verdict(text.document, text.system, "suspect", 0.5, tuple(seen.evidence), seen.unseen)


def test_every_document_and_every_translation_is_judged() -> None:
    spy = Spy()
    systems = {"upper": UpperCase(), "reference": Reference()}
    (pair,) = evaluation(systems, {"bleu": Bleu()}, signals={"spy": spy}, detector=Plain()).run().pairs
    assert [(v.document, v.system, len(v.evidence), v.unseen) for v in pair.sources] == [
        ("a", None, 1, ()),
        ("b", None, 0, (("spy", "not me"),)),
    ]
    assert [v.system for s in pair.systems for v in s.verdicts] == ["upper", "upper", "reference", "reference"]
    source, upper, reference = spy.seen
    assert (source.language, source.source_language, source.lines[0].source) == ("pt", None, None)
    assert [line.text for line in source.lines] == ["O gato dorme.", "O gato dorme."]  # no furniture
    assert (upper.language, upper.source_language) == ("en", "pt")
    assert upper.lines[0].references == ("The cat sleeps.",)
    document = sacrebleu.corpus_bleu(["O GATO DORME."] * 2, [["The cat sleeps.", "The cat is asleep."]])
    assert upper.scores["bleu"] == document.score
    assert upper.lines[0].scores["bleu"] >= 0
    assert {mark.kind for mark in upper.lines[0].marks} <= {"copied", "wrong_language"}
    assert reference.lines[0].references == ()  # the reference is not judged by itself


def test_a_source_is_judged_with_what_ranked_systems_made_of_it() -> None:
    spy = Spy()
    systems = {"upper": UpperCase(), "reference": Reference(), "canary": Copy()}
    metrics = {"bleu": Bleu(), "ratio": LengthRatio()}
    evaluation(systems, metrics, signals={"spy": spy}, detector=Plain()).run()
    source, *translations = spy.seen
    assert source.translations == {"upper": ("O GATO DORME.", "O GATO DORME.")}
    assert source.translation_scores == {"ratio": {"upper": 1.0}}  # bleu needs a reference, which blames the system
    assert all(not text.translations for text in translations)
