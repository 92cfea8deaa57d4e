"""Marks and verdicts are kept in the store, and made again only where something has changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mteval import judging, reuse_judgements
from mteval.garble.base import Detector, Evidence, Family, Line, Signal, Text, Verdict
from mteval.garble.detector import NoisyOr
from mteval.garble.fluency import UnlikelyWords
from mteval.garble.repetition import DoubledWords
from mteval.garble.surface import Spacing
from mteval.gate import Gate, Mark
from mteval.lang import LangPair
from mteval.reuse_judgements import marks, verdicts
from mteval.segment import Document, EvalSet, Segment
from mteval.store import Store

PAIR = LangPair("pt", "en")
SOURCES = ("Bom dia a todos e a todas.", "O menino foi para a rua.", "A casa é grande.")
GOOD = ("Good morning to you all.", "The boy went to the street.", "The house is large.")
TEXTS = ("Good morning &quot;all&quot;.", "", "The house is large.")


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hypotheses that the gate looks at, and the documents that are judged."""
    found: list[str] = []
    gate, judge = Gate.marks_of, judging.judge

    def marks_of(self: Gate, sources: Sequence[str], hypotheses: Sequence[str], *rest: Any) -> Any:
        found.extend(hypotheses)
        return gate(self, sources, hypotheses, *rest)

    def judged(text: Text, *rest: Any) -> Verdict:
        found.append(text.document)
        return judge(text, *rest)

    monkeypatch.setattr(Gate, "marks_of", marks_of)
    monkeypatch.setattr(judging, "judge", judged)
    return found


def eval_set(pair: LangPair = PAIR) -> EvalSet:
    """Two documents whose segments stand in turn."""
    segments = tuple(Segment(str(number), source, f"d{number % 2}", "set") for number, source in enumerate(SOURCES))
    return EvalSet("set", pair, (Document("d0", "pt"), Document("d1", "pt")), segments, {})


def gated(store: Store, texts: Sequence[str] = TEXTS, **changes: Any) -> tuple[tuple[Mark, ...], ...]:
    return marks(changes.get("gate", Gate()), changes.get("eval_set", eval_set()), texts, store, lambda more: None)


def test_marks_are_those_of_the_gate_and_made_once(tmp_path: Path, looked: list[str]) -> None:
    expected = tuple(Gate().marks(source, text, PAIR) for source, text in zip(SOURCES, TEXTS, strict=True))
    assert [len(one) for one in expected] == [1, 1, 0]
    looked.clear()
    assert gated(Store(tmp_path)) == expected
    assert looked == [TEXTS[0], TEXTS[2], TEXTS[1]]  # document by document
    assert gated(Store(tmp_path)) == expected
    assert looked == [TEXTS[0], TEXTS[2], TEXTS[1]]


def test_a_document_with_another_hypothesis_is_looked_at_again(tmp_path: Path, looked: list[str]) -> None:
    gated(Store(tmp_path))
    looked.clear()
    assert gated(Store(tmp_path), [TEXTS[0], GOOD[1], TEXTS[2]])[1] == ()
    assert looked == [GOOD[1]]


@pytest.mark.parametrize(
    "changes", [{"gate": Gate(length_slack=3)}, {"eval_set": eval_set(LangPair("pt", "de"))}], ids=["setting", "pair"]
)
def test_another_setting_makes_the_gate_look_again(tmp_path: Path, looked: list[str], changes: dict[str, Any]) -> None:
    gated(Store(tmp_path))
    looked.clear()
    gated(Store(tmp_path), **changes)
    assert len(looked) == 3


def test_other_code_makes_everything_be_looked_at_again(
    tmp_path: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gated(Store(tmp_path))
    passed(Store(tmp_path))
    looked.clear()
    monkeypatch.setattr(reuse_judgements, "_code", lambda: "another")
    gated(Store(tmp_path))
    passed(Store(tmp_path))
    assert len(looked) == 5


def text(document: str, *lines: str, scores: Mapping[str, float] | None = None) -> Text:
    made = tuple(Line(str(number), line, SOURCES[0]) for number, line in enumerate(lines))
    return Text(document, "opus", "en", "pt", made, scores or {})


JUDGED = (text("a", "The the  house ,is large.", "It is new."), text("b", "A good morning to you all, my friends."))
SIGNALS: Mapping[str, Signal] = {"doubled": DoubledWords(), "spacing": Spacing()}


def passed(
    store: Store,
    texts: Sequence[Text] = JUDGED,
    signals: Mapping[str, Signal] = SIGNALS,
    detector: Detector = NoisyOr(),  # noqa: B008 - it is frozen
) -> tuple[Verdict, ...]:
    return verdicts(texts, signals, detector, store, lambda more: None)


def test_verdicts_are_those_of_the_detector_and_passed_once(tmp_path: Path, looked: list[str]) -> None:
    expected = passed(Store(None))
    assert len(expected[0].evidence) > 1
    looked.clear()
    assert passed(Store(tmp_path)) == expected
    assert looked == ["a", "b"]
    assert passed(Store(tmp_path)) == expected
    assert looked == ["a", "b"]


def test_what_changes_a_verdict_makes_it_be_passed_again(tmp_path: Path, looked: list[str]) -> None:
    passed(Store(tmp_path))
    looked.clear()
    scored = replace(JUDGED[1], scores={"chrf": 12.0})
    marked = replace(JUDGED[1], lines=(replace(JUDGED[1].lines[0], marks=(Mark("copied", "It is.", 0, 3),)),))
    passed(Store(tmp_path), [JUDGED[0], scored, marked])
    assert looked == ["b", "b"]
    passed(Store(tmp_path), signals={"doubled": DoubledWords()})
    passed(Store(tmp_path), detector=NoisyOr(scale=0.5))
    passed(Store(tmp_path), signals={"doubled": Spacing(), "spacing": DoubledWords()})
    assert looked[2:] == ["a", "b"] * 3


@dataclass(frozen=True)
class Own(Signal):
    """A user's own: what it does may change, and no code of mteval's with it."""

    words: list[str] = field(default_factory=list)

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        return iter(())


@pytest.mark.parametrize(
    "made", [lambda folder: Own(), lambda folder: UnlikelyWords(models=str(folder))], ids=["own signal", "own models"]
)
def test_what_may_change_unseen_is_never_kept(
    tmp_path: Path, looked: list[str], made: Callable[[Path], Signal]
) -> None:
    for _ in range(2):
        passed(Store(tmp_path / "store"), signals={"own": made(tmp_path)})
    assert looked == ["a", "b"] * 2
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "damage",
    [
        *(5, None, [1], {"0": 3}, {"0": [["odd", "", 0, 1]]}, {"9": []}, {"0": [["copied", 1, 0, 1]]}),
        *(["clean", "0.1", [], [], []], ["fine", 0.1, [], [], []], ["clean", 0.1, [], [], []]),
        ["clean", 0.1, [["x", "surface", "9", 0, 1, 0.5, ""]], [], [["0", "clean", 0.1], ["1", "clean", 0.1]]],
    ],
)
def test_what_is_damaged_is_made_again(tmp_path: Path, damage: object) -> None:
    expected = gated(Store(tmp_path)), passed(Store(tmp_path))
    for shard in tmp_path.rglob("*.jsonl"):
        rows = [json.loads(line) for line in shard.read_text("utf-8").splitlines()]
        shard.write_text("".join(json.dumps({**row, "value": damage}) + "\n" for row in rows), encoding="utf-8")
    assert (gated(Store(tmp_path)), passed(Store(tmp_path))) == expected
