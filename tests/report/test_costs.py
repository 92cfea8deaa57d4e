"""What services cost is said in every page, and survives merging."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mteval import app, report_command
from mteval.chat.fakes import FakeEndpoint, Says
from mteval.report.costs import costs
from mteval.report.fakes import fake_result
from mteval.usage import Meter, Usage


def test_lines() -> None:
    meter = Meter()
    meter.count(Usage(1, 1200, 30, cost=0.5), made_now=False)
    row = {"lang_pair": "pt-en", "system": "chat"}
    result = replace(fake_result(), record={})

    def said(found: Meter) -> str:
        (line,) = costs(replace(result, record={"usage": [{**row, **(found.row or {})}]}))
        return line

    assert said(meter) == (
        "pt-en, chat: 1 request, 1,200 tokens in and 30 out, 0.50 USD; all of it is from the store, and this run paid "
        "nothing"
    )
    meter.count(Usage(1, 10, 1, cost=0.000123), made_now=True)
    assert said(meter).endswith("0.50 USD; of which this run 1 request, 10 tokens in and 1 out, 0.000123 USD")
    bare = Meter()
    bare.count(Usage(2, characters=40), made_now=True)
    assert said(bare) == "pt-en, chat: 2 requests, 40 characters, cost not known"
    assert costs(result) == ()


def test_a_run_tells_what_it_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    row = {"source": "Bună ziua.", "references": {"r": "Good day."}}
    (tmp_path / "set.jsonl").write_text(json.dumps(row), "utf-8")
    with FakeEndpoint(lambda messages: Says("Good day.")) as endpoint:
        given = ["evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[ro-en]", "metrics=[chrf]", "garble=[]"]
        given += ["systems=[vllm]", f"systems.vllm.client.base_url={endpoint.url}", "systems.vllm.client.model=m"]
        given += ["+systems.vllm.client.price={input: 1000000, output: 1000000}", "store=store"]

        assert app.run([*given, "output=one"]) == 0, capfd.readouterr().err
        first = capfd.readouterr().out
        assert app.run([*given, "output=two"]) == 0
        second = capfd.readouterr().out
    (line,) = [one for one in first.splitlines() if one.startswith("Used: ")]
    assert line.startswith("Used: ro-en, vllm: 1 request, ")
    assert line.endswith(" USD.")
    assert "this run paid nothing" in " ".join(second.split())
    for name in ("leaderboard.md", "leaderboard.html"):
        page = (tmp_path / "one" / name).read_text("utf-8")
        assert "Services used" in page
        assert "vllm: 1 request" in page
    assert report_command.report(["one", "two", "output=both"]) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert "Used: one: ro-en, vllm: 1 request" in told
    assert "Used: two: ro-en, vllm: 1 request" in told
