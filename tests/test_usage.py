"""Usage adds up, and an unknown cost makes the sum unknown."""

from __future__ import annotations

from mteval.language_models import families_of
from mteval.usage import Meter, Usage, said


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


def test_what_was_used_is_said_in_a_line() -> None:
    whole, part = Usage(120, 34_000, 5_200, cost=0.1234), Usage(1, 300, 40, cost=0.00123)
    rows = [
        {"lang_pair": "pt-en", "system": "chat", "total": whole.row, "this_run": Usage().row},
        {"lang_pair": "pt-en", "metric": "judge", "total": whole.row, "this_run": part.row, "at_most": True},
        {"lang_pair": "pt-en", "system": "deepl", "total": Usage(2, characters=1234).row, "this_run": Usage().row},
        {"lang_pair": "ro-en", "system": "chat", "total": part.row, "this_run": part.row},
    ]
    assert said(rows, "pt-en") == (
        "chat: 120 requests, 34,000 tokens in, 5,200 out, 0.12 USD; of which this run 0",
        "judge (metric): at most 120 requests, 34,000 tokens in, 5,200 out, 0.12 USD; of which this run 1 request, "
        "300 tokens in, 40 out, 0.0012 USD",
        "deepl: 2 requests, 1,234 characters; of which this run 0",
    )
    assert said(rows, "ro-en", "these runs") == (
        "chat: 1 request, 300 tokens in, 40 out, 0.0012 USD; all in these runs",
    )
    assert said([], "pt-en") == ()
