"""Apertium itself, installed by ``make test`` from Debian's packages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mteval.errors import ConfigError, ContractError, UnavailableError
from mteval.evalsets.documents import DocumentFolder
from mteval.lang import LangPair
from mteval.segment import EvalSet, Segment
from mteval.systems.apertium import Apertium, from_stream, to_stream

PT_EN, RO_EN = LangPair("pt", "en"), LangPair("ro", "en")
CHAINS = {"pt-en": ["pt-es", "spa-eng"], "ro-en": ["ro-es", "spa-eng"]}

# What the stream format, the lexicons and the tools between them give a meaning to.
MARKUP = st.sampled_from("[]{}^$/<>@\\*#~&+-_:;|'\"\n\r\t\0 .,\ue05e\ue05faeO1")

needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root"
)


def translate(texts: Sequence[str], pair: LangPair = PT_EN, **settings: object) -> list[str]:
    system = Apertium(CHAINS, **settings)  # type: ignore[arg-type]
    system.check(pair)
    segments = [Segment(str(index), text, "d", "here") for index, text in enumerate(texts)]
    found = dict(system.translate(segments, pair, {}))
    assert sorted(found) == list(range(len(texts)))
    return [found[index].text for index in range(len(texts))]


@needs_apertium
def test_it_translates() -> None:
    assert translate(["O presidente disse que a guerra é longa."]) == ["The president said that the war is long."]
    assert "president" in translate(["Președintele a vorbit."], RO_EN)[0].lower()
    assert translate(["Bom dia.", "Boa noite."], chunk=1) == translate(["Bom dia.", "Boa noite."])


@needs_apertium
def test_segment_boundaries_are_kept_whatever_the_text_holds() -> None:
    hard = [
        "[x] ^a$ {b} \\n <b>bom</b> / @ # ~ *",
        "",
        "[][",
        "]\n[",
        "^$",
        "[\n]",
        "a\0b",
        "\0",
        "Primeira linha.\nSegunda linha.",
        "\\",
        "[<STREAMCMD:FLUSH>]",
        "casa [[t:b:abc]]casa[[/]]",
        " ",
        ". . .",
        "\u2028\u00a0😀",
    ]
    sentinel = "O gato dorme."
    texts = [text for one in hard for text in (sentinel, one)] + [sentinel]
    found = translate(texts)
    alone = translate([sentinel])[0]
    assert alone == "The cat sleeps."
    assert found[::2] == [alone] * (len(hard) + 1)
    assert [one.count("\0") for one in found[1::2]] == [one.count("\0") for one in hard]
    assert found[1::2][8].count("\n") == 1


@needs_apertium
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(MARKUP | st.characters(codec="utf-8"), max_size=25), min_size=1, max_size=12))
def test_any_text_gives_one_hypothesis_a_segment(texts: list[str]) -> None:
    found = translate([*texts, "O gato dorme."])
    assert len(found) == len(texts) + 1
    assert found[-1] == "The cat sleeps."


@pytest.mark.slow
@needs_apertium
@pytest.mark.parametrize("chain", [["pt-es", "spa-eng"], ["por-cat", "cat-eng"], ["ro-es", "spa-eng"]])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(MARKUP | st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=20))
def test_any_text_gives_one_hypothesis_a_segment_through_every_chain(chain: list[str], texts: list[str]) -> None:
    segments = [Segment(str(index), text, "d", "here") for index, text in enumerate([*texts, "Kim."])]
    found = dict(Apertium({"pt-en": chain}).translate(segments, PT_EN, {}))
    assert sorted(found) == list(range(len(segments)))
    assert found[len(texts)].text == "Kim."


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_the_stream_format_gives_text_back(text: str) -> None:
    stream = to_stream(text)
    assert from_stream(stream) == text
    assert "\0" not in stream


def test_segments_that_ran_together_are_noticed() -> None:
    with pytest.raises(ContractError, match="a segment's end is missing"):
        from_stream("a b c")


@needs_apertium
@pytest.mark.parametrize(
    ("chain", "language"),
    [pytest.param(["por-cat", "cat-eng"], "pt", marks=pytest.mark.slow), (["ro-es", "spa-eng"], "ro")],
)
def test_a_hypothesis_does_not_depend_on_the_segments_around_it(chain: list[str], language: str) -> None:
    """Apertium's tagger remembers; the seeds show it in both chains if a process is shared."""
    pair = LangPair(language, "en")
    texts = [s.source for s in DocumentFolder("seeds", "package:seeds").load(pair, [PT_EN, RO_EN]).scored]
    system = Apertium({str(pair): chain})

    def hypotheses(texts: list[str]) -> dict[str, str]:
        segments = [Segment(str(index), text, "d", "here") for index, text in enumerate(texts)]
        return {texts[index]: output.text for index, output in system.translate(segments, pair, {})}

    whole = hypotheses(texts)
    assert hypotheses(texts[::-1]) == whole
    assert {text: hypotheses([text])[text] for text in texts[:12]} == {text: whole[text] for text in texts[:12]}


@needs_apertium
def test_it_translates_as_apertium_does_by_hand() -> None:
    """One segment alone, against ``apertium -u -f none`` for each mode."""
    for text in ("O presidente disse que a guerra é longa.", "Os dois países assinaram um acordo."):
        by_hand = text
        for mode in CHAINS["pt-en"]:
            command = ["apertium", "-u", "-f", "none", mode]
            stream = subprocess.run(command, input=to_stream(by_hand), capture_output=True, text=True, check=True)
            by_hand = from_stream(stream.stdout)
        assert translate([text]) == [by_hand]


@needs_apertium
def test_unknown_words_are_marked_on_demand() -> None:
    text = ["A palavra xyzzyq é nova."]
    assert "*" not in translate(text)[0]
    assert "*xyzzyq" in translate(text, mark_unknown=True)[0]


@needs_apertium
def test_the_signature_names_what_the_output_depends_on() -> None:
    one, other = Apertium(CHAINS), Apertium({"pt-en": ["por-cat", "cat-eng"]})
    assert "pt-es@" in str(one.signature(PT_EN))
    assert one.signature(PT_EN) != other.signature(PT_EN)
    assert one.signature(PT_EN) != Apertium(CHAINS, mark_unknown=True).signature(PT_EN)
    assert one.signature(PT_EN) == Apertium(CHAINS, chunk=3).signature(PT_EN)


def test_it_declines_other_lang_pairs() -> None:
    eval_set = EvalSet("x", LangPair("pt", "fr"), (), ())
    assert Apertium(CHAINS).declines(eval_set) == "no chain of Apertium modes for pt-fr"


def test_what_is_not_installed_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match=r"mode pt-tlh is not installed; install .* apertium-pt-tlh"):
        Apertium({"pt-en": ["pt-tlh"]}).check(PT_EN)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnavailableError, match="apertium-eng-spa apertium-es-pt"):
        Apertium(CHAINS).check(PT_EN)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="names no mode"):
        Apertium({"pt-en": []})
    with pytest.raises(ConfigError, match="unknown language code"):
        Apertium({"pt-xx": ["a"]})
    with pytest.raises(ConfigError, match="chunk"):
        Apertium(CHAINS, chunk=0)
