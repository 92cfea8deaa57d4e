from __future__ import annotations

import pytest

from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.segment import EvalSet, Segment
from mteval.systems.base import System
from mteval.systems.canaries import Copy, Half, Loop, Shuffle
from mteval.systems.reference import Reference

PT_EN = LangPair("pt", "en")
SOURCE = "O gato preto dorme na casa da minha tia todas as noites de inverno."
HYPOTHESIS = "The black cat sleeps in my aunt's house every single winter night."
SEGMENT = Segment("d:1", SOURCE, "d", "here", references={"a": "First.", "b": "Second."})


def spoil(system: System, hypothesis: str = HYPOTHESIS) -> str:
    ((index, output),) = system.translate(
        [SEGMENT], PT_EN, {"first": [hypothesis], "second": ["Other words entirely."]}
    )
    assert index == 0
    return output.text


def test_each_canary_is_nonsense_in_its_own_way() -> None:
    assert spoil(Copy()) == SOURCE
    assert spoil(Shuffle()) != HYPOTHESIS
    assert sorted(spoil(Shuffle()).split()) == sorted(HYPOTHESIS.split())
    assert spoil(Shuffle()) == spoil(Shuffle())
    assert spoil(Loop()) == "The black cat The black cat The black cat The black cat"
    assert spoil(Half()) == "The black cat sleeps in my"


def test_the_gate_sees_what_it_should_of_them() -> None:
    seen = {
        type(canary).__name__: {mark.kind for mark in Gate().marks(SOURCE, spoil(canary), PT_EN)}
        for canary in (Copy(), Shuffle(), Loop(), Half())
    }
    assert seen["Copy"] == {"copied", "wrong_language"}
    assert "looped" in seen["Loop"]


@pytest.mark.parametrize("canary", [Copy, Shuffle, Loop, Half])
def test_they_are_never_ranked_and_take_any_text(canary: type[Copy]) -> None:
    assert canary().card.kind == "canary"
    for text in ("", " ", "word"):
        assert isinstance(spoil(canary(), text), str)


def test_they_can_spoil_a_chosen_system() -> None:
    assert spoil(Half("second")) == "Other words"
    assert Half("second").card.builds_on == "second"


def test_the_reference_is_handed_out_as_an_upper_bound() -> None:
    assert (spoil(Reference()), spoil(Reference("b")), Reference().card.kind) == ("First.", "Second.", "reference")
    other = Segment("d:2", SOURCE, "d", "here", references={"b": "Third."})
    found = dict(Reference().translate([SEGMENT, other], PT_EN, {}))
    assert [found[0].text, found[1].text] == ["Second.", "Third."]  # one person's, not the first of each segment
    bare = EvalSet("set", PT_EN, (), ())
    assert Reference().declines(bare) == "the eval set has no reference"
    assert Reference("c").declines(bare) == "the eval set has no reference c"
