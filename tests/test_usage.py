"""Usage adds up, and an unknown cost makes the sum unknown."""

from __future__ import annotations

from mteval.language_models import families_of
from mteval.usage import Meter, Usage


def test_sums() -> None:
    one, two = Usage(1, 10, 5, 0, 0.5), Usage(2, 1, 1, 7, 0.25)
    assert one + two == Usage(3, 11, 6, 7, 0.75)
    assert one + Usage() == one
    assert Usage() + one == one
    assert (one + Usage(requests=1)).cost is None
    assert Usage() + Usage() == Usage()


def test_a_meter_tells_what_this_run_paid() -> None:
    meter = Meter()
    assert meter.row is None
    meter.count(Usage(1, 10, 5), made_now=False)
    meter.count(Usage(1, 1, 1, cost=0.1), made_now=True)
    assert meter.total == Usage(2, 11, 6)
    assert meter.spent == Usage(1, 1, 1, cost=0.1)
    assert Usage(**meter.row["this_run"]) == meter.spent  # type: ignore[index]


def test_families_of_language_models() -> None:
    assert families_of("gpt-4o-mini") == families_of("openai/o3") == {"GPT"}
    assert families_of("google/gemma-3-4b-it") & families_of("gemini-2.5-pro")
    assert families_of("Unbabel/TowerInstruct-Mistral-7B-v0.2") == {"Llama", "Mistral"}
    assert families_of("Qwen/Qwen3-8B") == {"Qwen"}
    assert families_of("my-own-model") == {"my-own-model"}
    assert not families_of("claude-sonnet-4") & families_of("gpt-5")
