"""The default signals and detector, as configured, on the seeds, on texts by people, and on hostile texts."""

import re
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sentencex
import yaml

from mteval import judging
from mteval.garble.base import Detector, Line, Signal, Text, Verdict

ROOT = Path(__file__).parent.parent.parent


def build(settings: dict[str, Any]) -> Any:
    built = {key: build(v) if isinstance(v, dict) and "_target_" in v else v for key, v in settings.items()}
    module, _, kind = built.pop("_target_").rpartition(".")
    return getattr(import_module(module), kind)(**built)


def config(path: str) -> Any:
    return yaml.safe_load((ROOT / "configs" / f"{path}.yaml").read_text("utf-8"))


CHOSEN: list[str] = next(one["garble"] for one in config("run")["defaults"] if "garble" in one)
SIGNALS: dict[str, Signal] = {
    name: build(settings) for option in CHOSEN for name, settings in config(f"garble/{option}").items()
}
DETECTOR: Detector = build(config("detector/default"))


def judge(language: str, lines: list[str]) -> Verdict:
    text = Text("d", None, language, None, tuple(Line(f"d:{i}", line) for i, line in enumerate(lines, 1)))
    return judging.judge(text, SIGNALS, DETECTOR)


def seed(name: str) -> tuple[str, list[str]]:
    (path,) = (ROOT / "seeds").glob(f"{name}_*.txt")
    lines = path.read_text("utf-8").splitlines()
    body = {
        "002": [line for line in lines[3:] if line != "Foto: Profimedia"],
        "003": [line for line in lines if not line.startswith(("LEAVE A REPLY", "Please enter"))],
        "004": lines[:7],
    }.get(name, lines)
    language = "pt" if name in ("000", "003") else "ro"
    return language, [s for line in body if line.strip() for s in sentencex.segment(language, line.strip())]


def test_each_config_holds_one_signal_named_as_its_file():
    assert list(SIGNALS) == CHOSEN
    assert all(isinstance(signal, Signal) for signal in SIGNALS.values())


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("000", {"garbled"}),
        ("001", {"clean"}),
        ("002", {"clean"}),
        ("003", {"suspect", "garbled"}),
        ("004", {"clean"}),
    ],
)
def test_seeds(name, labels):
    assert judge(*seed(name)).label in labels


def test_the_garbled_seed_shows_evidence_of_several_signals_and_families():
    verdict = judge(*seed("000"))
    assert len({e.signal for e in verdict.evidence}) >= 4
    assert len({e.family for e in verdict.evidence}) >= 3
    _, lines = seed("000")
    shown = {lines[int(e.segment[2:]) - 1][e.start : e.end] for e in verdict.evidence if e.segment}
    assert {"norte -coreano", "Kim Kim"} <= shown


def test_hyphens_torn_off_in_a_good_text_never_make_it_garbled():
    for name in ("001", "002", "004"):
        language, lines = seed(name)
        verdict = judge(language, [re.sub(r"(?<=\w)-(?=\w)", " -", line) for line in lines])
        assert {e.family for e in verdict.evidence} - {"fluency"} == {"surface"}
        assert verdict.label == "suspect"


def test_with_its_hyphens_joined_again_the_garbled_seed_is_still_not_clean():
    language, lines = seed("000")
    joined = [re.sub(r"(?<=\w) -(?=\w)", "-", line) for line in lines]
    assert judge(language, joined).label in {"suspect", "garbled"}


PEOPLE = {
    "pt": [
        "A câmara municipal aprovou ontem, por unanimidade, o orçamento para o próximo ano.",
        "“Não houve surpresas”, disse a presidente aos jornalistas, à saída da sessão.",
        "O documento prevê obras nas escolas, a renovação do mercado e uma nova linha de autocarros.",
        "Os vereadores da oposição votaram a favor, mas pediram contas mais claras sobre a dívida.",
    ],
    "ro": [
        "Consiliul local a aprobat ieri, în unanimitate, bugetul pentru anul viitor.",
        "„N-au fost surprize”, a spus primarul la ieșirea din ședință.",
        "Documentul prevede lucrări la școli, renovarea pieței și o nouă linie de autobuz.",
        "Consilierii din opoziție au votat pentru, dar au cerut socoteli mai limpezi despre datorii.",
    ],
    "en": [
        "The town council yesterday passed next year's budget without a single vote against.",
        "“There were no surprises,” the mayor told reporters as she left the chamber.",
        "It pays for work on the schools, a new roof for the market and another bus line.",
        "Opposition members voted for it, but had had enough of vague answers about the debt.",
    ],
}


@pytest.mark.parametrize("language", PEOPLE)
def test_texts_by_people_show_nothing(language):
    verdict = judge(language, PEOPLE[language])
    assert verdict.label == "clean"
    assert verdict.evidence == ()


def test_what_cannot_be_seen_of_a_source_is_named():
    assert {"gate_marks", "untranslated_words", "low_chrf"} <= dict(judge("pt", PEOPLE["pt"]).unseen).keys()


@pytest.mark.parametrize(
    "line",
    ["a -b" * 10_000, "“„«" * 15_000, "”a" * 20_000, "a" + " " * 40_000, "A" + "a" * 40_000, "falaram e " * 4_000],
    ids=["hyphens", "opened", "closed", "spaces", "letters", "verbs"],
)
def test_long_hostile_lines_take_no_time(line):
    started = time.perf_counter()
    judge("pt", [line])
    assert time.perf_counter() - started < 5  # what grows with the square of the length takes minutes
