"""Several runs become one, and what is not comparable is refused with what differs and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mteval.composition import compose
from mteval.config import build_metrics
from mteval.errors import ComparabilityError, RunError
from mteval.merging import merge
from mteval.recorded import Recorded, read_run, scored
from mteval.report.base import PairResult, RunResult
from mteval.report.leaderboard import leaderboard
from mteval.usage import Usage
from tests.recorded_runs import HYPOTHESES, made, words, write

ONLY = ("systems=[reference]", "garble=[spacing,doubled_words]")
OTHER = {"c": HYPOTHESES["a"], "b": HYPOTHESES["b"]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, RunResult]]:
    """Runs by name, in folders of these names."""
    folder = tmp_path_factory.mktemp("runs")
    differs = {**HYPOTHESES, "b": ("A cat.", "Rain.", "He did.", "No.")}
    found = {
        "first": made(folder / "first", words(), *ONLY),
        "others": made(folder / "others", words(), *ONLY, hypotheses=OTHER),
        "chrf": made(folder / "chrf", *ONLY, hypotheses=OTHER),
        "differs": made(folder / "differs", words(), *ONLY, hypotheses=differs),
        "ro": made(folder / "ro", words(), *ONLY, "lang_pairs=[ro-en]"),
        "bf16": made(folder / "bf16", words("bf16"), *ONLY, hypotheses=OTHER),
        "decimals": made(folder / "decimals", words(decimals=2), *ONLY, hypotheses=OTHER),
    }
    return {name: (folder / name, result) for name, result in found.items()}


@pytest.fixture
def read(runs: dict[str, tuple[Path, RunResult]]) -> Any:
    return lambda *names: [read_run(runs[name][0]) for name in names]


def changed(run: Recorded, **values: Any) -> Recorded:
    """A run whose one lang pair's eval set has other values."""
    (pair,) = run.result.pairs
    pair = replace(pair, eval_set=replace(pair.eval_set, **values))
    return replace(run, folder=Path("changed"), result=replace(run.result, pairs=(pair,)))


def finished(run: Recorded) -> RunResult:
    metrics = build_metrics(compose(["allow=[tests]"], []), run.result.record["metric_configs"], "run.json")
    return scored(run, metrics, run.resampling)


def names(pair: PairResult) -> list[str]:
    return [system.name for system in pair.systems]


def test_one_run_alone_stays_what_it_is(read: Any) -> None:
    (run,) = read("first")
    merged = merge([run])
    assert replace(merged.result, record={}) == replace(run.result, record={}, baseline=None)
    (origin,) = merged.result.record["merged_from"]
    assert (origin["folder"], origin["started"]) == (str(run.folder), run.result.record["started"])
    assert origin["mteval"]


def test_systems_of_several_runs_stand_in_one_table(read: Any, tmp_path: Path) -> None:
    merged = merge(read("first", "others"))
    (pair,) = merged.result.pairs
    assert names(pair) == ["a", "b", "c", "reference"]  # b and the reference are the same in both
    assert merged.result.warnings == ()
    assert list(pair.eval_set.hypotheses) == ["a", "b", "c"]
    result = finished(merged)
    (table,) = leaderboard(result)
    assert len(table.rows) == 4
    a, _, c, _ = result.pairs[0].systems
    assert a.scores["chrf"].score == c.scores["chrf"].score  # the same hypotheses under another name
    assert result.pairs[0].comparisons["words"].systems == ("a", "b", "c")
    result = replace(result, record={**read("first")[0].result.record, **result.record})
    write(result, tmp_path)
    again = read_run(tmp_path)
    assert finished(again).pairs[0].comparisons == result.pairs[0].comparisons


def test_lang_pairs_stand_one_after_another(read: Any) -> None:
    merged = merge(read("first", "ro"))
    assert [str(pair.eval_set.pair) for pair in merged.result.pairs] == ["pt-en", "ro-en"]
    assert set(merged.signatures) == {"pt-en", "ro-en"}
    assert len(finished(merged).pairs) == 2


def test_a_system_that_differs_has_a_name_for_each_run(read: Any) -> None:
    merged = merge(read("first", "differs", "others"))
    (pair,) = merged.result.pairs
    assert names(pair) == ["a", "b@first", "b@differs", "c", "reference"]
    first, differs = pair.systems[1:3]
    assert differs.hypotheses.system == differs.segment_scores["words"].system == differs.name
    assert {verdict.system for verdict in first.verdicts} == {"b@first"}
    assert first.recounted["gated"]["chrf"].system == "b@first"
    (warning,) = merged.result.warnings
    one, two, three = (run.folder for run in read("first", "differs", "others"))
    assert warning == (
        "system b is not the same in all runs, and has a name for each: "
        f"b@first of {one} and {three}, b@differs of {two}"
    )
    assert finished(merged).pairs[0].systems[2].scores["words"].system == "b@differs"


def test_runs_in_folders_of_one_name_are_told_apart_by_their_paths(read: Any, tmp_path: Path) -> None:
    first, differs = read("first", "differs")
    both = [replace(first, folder=tmp_path / "x" / "run"), replace(differs, folder=tmp_path / "y" / "run")]
    (pair,) = merge(both).result.pairs
    assert f"b@{tmp_path}/x/run" in names(pair)
    assert f"b@{tmp_path}/y/run" in names(pair)


def test_a_new_name_must_not_be_anothers(read: Any) -> None:
    first, differs = read("first", "differs")
    (pair,) = first.result.pairs
    system = replace(pair.systems[0], name="b@first", hypotheses=replace(pair.systems[0].hypotheses, system="b@first"))
    pair = replace(pair, systems=(system, *pair.systems[1:]), eval_set=replace(pair.eval_set, hypotheses={}))
    taken = replace(first, result=replace(first.result, pairs=(pair,)))
    with pytest.raises(RunError, match=r"first: holds a system b that would be called b@first, as another is; rename"):
        merge([taken, differs])


def test_a_metric_that_some_runs_lack_is_missing_for_their_systems(read: Any) -> None:
    for order in (("first", "chrf"), ("chrf", "first")):
        merged = merge(read(*order))
        assert set(merged.result.metrics) == {"chrf", "words"}
        assert merged.result.warnings == ("pt-en: words is missing for c: their runs did not score with it",)
        (pair,) = finished(merged).pairs
        by_name = {system.name: system for system in pair.systems}
        assert set(by_name["c"].scores) == {"chrf"}
        assert set(by_name["b"].scores) == {"chrf", "words"}  # from the run that has them
        assert by_name["b"].spans["words"]
        assert by_name["b"].recounted["gated"].keys() == {"chrf", "words"}
        assert pair.comparisons["words"].systems == ("a", "b") if order[0] == "first" else ("b", "a")


def refused(runs: list[Recorded]) -> str:
    with pytest.raises(ComparabilityError) as caught:
        merge(runs)
    return str(caught.value)


def test_a_metric_under_another_signature_is_refused(read: Any) -> None:
    first, bf16 = read("first", "bf16")
    assert refused([first, bf16]) == (
        f"metric words: was not made under one signature (precision: fp32 in {first.folder}, bf16 in {bf16.folder}); "
        "report these runs apart, or run one of them again with the other's settings"
    )
    ro, bf16 = read("ro", "bf16")
    assert "precision: fp32 in" in refused([ro, bf16])  # in another lang pair too
    newer = replace(first, signatures={"pt-en": {**first.signatures["pt-en"], "words": "nrefs:1|version:2:0"}})
    assert f"precision: fp32 in {first.folder}, not set in" in refused([first, newer])
    assert f"version: 1:2 in {first.folder}, 2:0 in" in refused([first, newer])


def test_lang_pairs_may_have_more_references_and_one_lang_pair_may_not(read: Any) -> None:
    first, ro = read("first", "ro")
    two = {"words": ro.signatures["ro-en"]["words"].replace("nrefs:1", "nrefs:2")}
    merge([first, replace(ro, signatures={"ro-en": two})])
    assert "(nrefs: 1 in" in refused([first, replace(first, folder=Path("x"), signatures={"pt-en": two})])


def test_a_metric_with_another_card_is_refused(read: Any) -> None:
    first, decimals = read("first", "decimals")
    assert refused([first, decimals]) == (
        f"metric words: is not one metric in all runs (decimals: 1 in {first.folder}, 2 in {decimals.folder}); "
        "report these runs apart"
    )


def test_another_eval_set_is_refused_and_its_first_difference_named(read: Any) -> None:
    first, others = read("first", "others")
    (pair,) = others.result.pairs
    segments, documents = pair.eval_set.segments, pair.eval_set.documents

    def line(**values: Any) -> str:
        found = refused([first, changed(others, **values)])
        start = f"{first.folder} and changed: pt-en is not the same eval set ("
        assert found.startswith(start)
        assert found.endswith("in changed); report these runs apart")
        return found.removeprefix(start).replace(f" in {first.folder}", "")

    def second(**values: Any) -> tuple[Any, ...]:
        return (segments[0], replace(segments[1], **values), *segments[2:])

    assert line(name="big").startswith("name: tiny, big in")
    assert line(segments=second(id="x")).startswith("a segment: d1:2.1, x in")
    assert line(segments=second(source="Outro.")).startswith("source of segment d1:2.1: “A chuva")
    assert ", “none” in" in line(segments=second(references={}))
    assert line(segments=second(references={"r": "Rain."})).startswith("reference r of segment d1:2.1: “The rain")
    assert line(segments=(*segments, replace(segments[0], id="new", furniture=True))).startswith("segments: 5, 6 in")
    assert line(documents=(*documents, replace(documents[0], id="d3"))).startswith("documents: d1, d2, d1, d2, d3 in")
    everything = (replace(segments[0], furniture=True), *segments[1:2], replace(segments[2], furniture=False))
    assert line(segments=(*everything, *segments[3:])).startswith("page furniture of segment d1:1.1: “False”, “True”")


def test_verdicts_on_sources_that_differ_are_the_first_runs(read: Any) -> None:
    first, others = read("first", "others")
    (pair,) = others.result.pairs
    one, two = pair.sources
    for sources, told in (
        ((one, replace(two, label="garbled")), "pt-en: source document d2 is suspect in "),
        ((one, replace(two, evidence=())), "pt-en: the evidence against source documents differs between "),
        ((), None),
    ):
        other = replace(others, result=replace(others.result, pairs=(replace(pair, sources=sources),)))
        merged = merge([first, other])
        assert merged.result.pairs[0].sources == first.result.pairs[0].sources
        assert [warning.startswith(told or "") for warning in merged.result.warnings] == [True] * bool(told)


def test_what_else_differs_is_said(read: Any) -> None:
    first, others = read("first", "others")
    (pair,) = others.result.pairs
    b = next(system for system in pair.systems if system.name == "b")
    scores = b.segment_scores["words"]
    drifted = replace(scores, scores=tuple(None if s is None else s + 0.5 for s in scores.scores))
    b2 = replace(
        b,
        segment_scores={**b.segment_scores, "words": drifted},
        verdicts=tuple(replace(verdict, label="garbled") for verdict in b.verdicts),
        optimised_with=("lexical",),
    )
    pair = replace(pair, systems=tuple(b2 if system is b else system for system in pair.systems))
    record = {**others.result.record, "environment": {"packages": {"mteval": "0.0.9"}}}
    other = replace(others, result=replace(others.result, pairs=(pair,), record=record, warnings=("Careful.",)))
    merged = merge([first, other]).result
    here, there = first.folder, others.folder
    version = first.result.record["environment"]["packages"]["mteval"]
    assert merged.warnings == (
        "Careful.",
        f"pt-en: the scores of b by words differ between {here} and {there}, by up to 0.5; those of {here} are kept",
        f"pt-en: the verdicts on b differ between {here} and {there}; those of {here} are kept",
        f"the runs were made by different versions of mteval: {version} in {here}, 0.0.9 in {there}",
    )
    kept = next(system for system in merged.pairs[0].systems if system.name == "b")
    assert kept.optimised_with == ("lexical",)
    assert kept.segment_scores["words"] == first.result.pairs[0].systems[1].segment_scores["words"]


def test_who_declined_is_told_unless_another_run_has_it(read: Any) -> None:
    first, others = read("first", "others")
    (pair,) = first.result.pairs
    pair = replace(pair, declined={"c": "no model", "d": "no model"})
    merged = merge([replace(first, result=replace(first.result, pairs=(pair,))), others])
    assert merged.result.pairs[0].declined == {"d": "no model"}


def with_usage(run: Recorded, rows: list[dict[str, Any]]) -> Recorded:
    return replace(run, result=replace(run.result, record={**run.result.record, "usage": rows}))


def used(kind: str, name: str, total: int, spent: int) -> dict[str, Any]:
    rows = {
        key: Usage(number, 10 * number, cost=0.5 * number).row
        for key, number in (("total", total), ("this_run", spent))
    }
    return {"lang_pair": "pt-en", kind: name, **rows}


def test_what_runs_used_is_put_together(read: Any) -> None:
    first, others, differs = read("first", "others", "differs")
    assert "usage" not in merge([first, others]).result.record
    one = with_usage(first, [used("system", "a", 4, 4), used("system", "b", 4, 4), used("metric", "words", 8, 8)])
    two = with_usage(others, [used("system", "b", 4, 0), used("system", "c", 3, 3), used("metric", "words", 8, 2)])
    rows = merge([one, two]).result.record["usage"]
    assert rows == [
        used("system", "a", 4, 4),
        used("system", "b", 4, 4),
        used("metric", "words", 16, 10) | {"at_most": True},  # b was scored in both
        used("system", "c", 3, 3),
    ]
    three = with_usage(differs, [used("system", "b", 9, 9)])
    named = [row["system"] for row in merge([one, three]).result.record["usage"] if "system" in row]
    assert named == ["a", "b@first", "b@differs"]
    twice = merge([one, with_usage(others, [used("system", "b", 4, 4)])]).result.record["usage"]
    assert used("system", "b", 8, 8) in twice  # without a common store both were paid

    merged = merge([one])
    (table,) = leaderboard(finished(merged))
    assert table.used[0] == "a: 4 requests, 40 tokens in, 0 out, 2.00 USD; all in these runs"
