import pytest

from mteval.errors import ConfigError
from mteval.garble.base import Line, Text
from mteval.garble.marks import STRENGTHS, GateMarks
from mteval.gate import Gate
from mteval.lang import LangPair


def gated(*pairs: tuple[str, str]) -> Text:
    gate, langs = Gate(), LangPair("pt", "en")
    lines = tuple(Line(f"d:{i}", h, source=s, marks=gate.marks(s, h, langs)) for i, (s, h) in enumerate(pairs, 1))
    return Text("d", "system", "en", "pt", lines)


def test_marks_become_evidence_with_their_span_and_message():
    text = gated(("Bom dia a todos os presentes.", ""), ("Ele disse que sim ontem.", "Ele disse que sim ontem."))
    found = list(GateMarks().look("gate_marks", text))
    assert [(e.segment, e.start, e.end) for e in found if e.strength == 1] == [("d:1", 0, 0)]
    copied = next(e for e in found if "source" in e.message)
    assert (copied.segment, copied.start, copied.end) == ("d:2", 0, len(text.lines[1].text))
    assert copied.strength == STRENGTHS["copied"]


def test_entities_are_left_to_their_own_signal():
    text = gated(("É o livro do João, disse ela ontem.", "It&#39;s the book of João, she said yesterday."))
    assert [mark.kind for mark in text.lines[0].marks] == ["html_entities"]
    assert list(GateMarks().look("gate_marks", text)) == []
    assert len(list(GateMarks(strengths={"html_entities": 0.2}).look("gate_marks", text))) == 1


def test_it_is_blind_to_sources():
    assert GateMarks().blind(Text("d", None, "pt", None, (Line("d:1", "Olá."),))) is not None


@pytest.mark.parametrize("strengths", [{"emtpy": 1.0}, {"empty": 2}])
def test_a_wrong_setting_is_named(strengths):
    with pytest.raises(ConfigError, match=r"garble\.gate_marks\.strengths\.em"):
        GateMarks(strengths=strengths)
