"""What is said before a run: whole keys in errors, languages a metric does not know, judges of their own kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mteval.chat.client import ChatClient
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.lang import LangPair
from mteval.metrics.base import MetricCard
from mteval.metrics.fakes import LengthRatio
from mteval.plan import Plan, keys_of, warnings_of
from mteval.segment import Document, EvalSet, Segment
from mteval.systems.base import System
from mteval.systems.chat import Chat
from mteval.systems.fakes import UpperCase


def plan(pair: str, **systems: System) -> Plan:
    found = LangPair.parse(pair, "x")
    return Plan(EvalSet("set", found, (Document("d", found.source),), (Segment("1", "a", "d", "x:1"),)), systems, {})


def chat(model: str) -> Chat:
    return Chat(ChatClient(model, key=None), "{source}")


def test_a_key_is_told_whole() -> None:
    system = chat("m")
    whole = r"^systems\.one\.client\.key: not set; set it$"
    with pytest.raises(UnavailableError, match=whole), keys_of(system, "systems.one"):
        raise UnavailableError("client.key", "not set", "set it")
    for where in ("apertium", "my.jsonl:3", "systems.one.client.key", "metric COMET, key device", "lang.pairs"):
        with pytest.raises(MtevalError, match=f"^{where}: "), keys_of(system, "systems.one"):
            raise ConfigError(where, "is wrong", "mend it")


def card(**changes: object) -> dict[str, MetricCard]:
    return {"m": replace(LengthRatio(None).card, label="M", **changes)}  # type: ignore[arg-type]


def test_languages_that_a_metric_was_not_trained_on() -> None:
    known = card(languages=("pt", "en"))
    assert warnings_of([plan("pt_BR-en")], known) == ()
    (said,) = warnings_of([plan("ro-en")], known)
    assert said == "ro-en: M was not trained on ro; its scores say little here"
    (said,) = warnings_of([plan("ro-xh")], known)
    assert "not trained on xh and ro" in said
    assert warnings_of([plan("ro-en")], card(languages=("en",), sees_source=False)) == ()


def test_a_judge_of_the_systems_own_family() -> None:
    judge = card(model="gpt-4.1")
    systems: dict[str, System] = {"mine": chat("openai/gpt-4o-mini"), "other": chat("gemma-3-4b"), "upper": UpperCase()}
    (said,) = warnings_of([plan("pt-en", **systems)], judge)
    assert said == (
        "pt-en: M is judged by gpt-4.1, and mine translates with openai/gpt-4o-mini: both are of one family (GPT), "
        "and judges favour their own"
    )
    assert warnings_of([plan("pt-en", **systems)], card(model="claude-sonnet-4")) == ()
