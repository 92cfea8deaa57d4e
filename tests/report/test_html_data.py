"""What the HTML report's scripts are given: packed data, charts counted beforehand, texts cut at evidence, parts."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from mteval.garble.base import Evidence
from mteval.report.base import RunResult
from mteval.report.fakes import METRICS, fake_result
from mteval.report.html_charts import charts_data
from mteval.report.html_explorer import divided, whole_parts
from mteval.report.html_pack import Offsets, pack
from mteval.report.html_record import what_was_done
from mteval.report.html_verdicts import readings
from mteval.report.judged import judgement
from mteval.report.leaderboard import leaderboard
from mteval.scores import SegmentScores


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def scored(kiwi: tuple[float | None, ...], bleu: tuple[float | None, ...]) -> RunResult:
    """The fake run, its first ranked system with other segment scores, the others with none."""
    (pair,) = fake_result().pairs
    systems = tuple(
        replace(
            system,
            segment_scores={"kiwi": SegmentScores("kiwi", "opus", kiwi), "bleu": SegmentScores("bleu", "opus", bleu)}
            if system.name == "opus"
            else {},
        )
        for system in pair.systems
    )
    return replace(fake_result(), pairs=(replace(pair, systems=systems),))


def charts(result: RunResult) -> Mapping[str, Any]:
    return charts_data(result.pairs[0], leaderboard(result)[0], METRICS)


def test_packed_data_is_the_data_in_letters_that_need_no_escaping() -> None:
    value = {"a": ["</script><!--", 'quote " \u202e', "ș", None, 1.5]}
    text = pack(value)
    assert unpacked(text) == {"a": ["</script><!--", 'quote " \ufffd', "ș", None, 1.5]}
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert pack(value) == text


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [("abc", 2, 2), ("abc", 7, 3), ("abc", -1, 0), ("a😀b", 1, 1), ("a😀b", 2, 3), ("a😀b", 3, 4), ("a😀b", 9, 4)],
)
def test_positions_are_counted_as_scripts_count(text: str, position: int, expected: int) -> None:
    assert Offsets(text)(position) == expected == len(text[: max(position, 0)].encode("utf-16-le")) // 2


def test_a_distribution_counts_every_score_once() -> None:
    found = charts(scored((0.1, 0.2, None, 0.9), (1.0, 2.0, 3.0, 400.0)))
    bleu, ter, kiwi = found["distributions"]
    assert [system["name"] for system in found["systems"]] == ["opus", "apertium", "silent", "human"]
    assert ter is None
    assert (sum(bleu["systems"][0]["counts"]), sum(kiwi["systems"][0]["counts"])) == (4, 3)
    assert kiwi["systems"][0]["quartiles"] == [0.1, 0.15, 0.2, 0.55, 0.9]
    assert kiwi["systems"][1] is None
    assert kiwi["low"] <= 0.11
    assert kiwi["low"] + kiwi["step"] * len(kiwi["systems"][0]["counts"]) >= 0.89


def test_metric_against_metric_counts_hypotheses_that_have_both_scores() -> None:
    (found,) = charts(scored((0.1, 0.2, None, 0.9), (10.0, 20.0, 30.0, 25.0)))["against"]
    assert (found["x"], found["y"]) == (0, 2)
    assert sum(count for *_, count in found["cells"][0]) == 3
    pearson, spearman = found["agreement"][0]
    assert spearman == 1.0
    assert pearson == pytest.approx(5.5 / (0.38 * 350 / 3) ** 0.5, abs=5e-5)
    assert found["agreement"][1] is None


def test_scores_that_are_all_the_same_have_a_chart_and_no_agreement() -> None:
    found = charts(scored((0.5, 0.5, 0.5, 0.5), (1.0, 2.0, 3.0, 4.0)))
    assert sum(found["distributions"][2]["systems"][0]["counts"]) == 4
    assert found["against"][0]["agreement"][0] is None


def test_sources_are_grouped_by_length_and_none_is_lost() -> None:
    found = charts(scored((0.1, 0.2, 0.4, 0.9), (1.0, 2.0, 3.0, 4.0)))["lengths"]
    assert sum(count for *_, count in found["groups"]) == 4
    assert all(low <= high for low, high, _ in found["groups"])
    assert all(high < low for (_, high, _), (low, *_) in pairwise(found["groups"]))
    counts = [count for *_, count in found["groups"]]
    means = found["means"][2][0]
    assert sum(mean * count for mean, count in zip(means, counts, strict=True)) == pytest.approx(1.6)


def test_texts_are_cut_where_evidence_starts_and_ends() -> None:
    result = fake_result()
    pair = result.pairs[0]
    found = readings(pair, judgement(pair, leaderboard(result)[0]))
    assert [one.document for one in found] == ["p1", "p2"]
    apertium = next(one for one in found[1].translations if one.judged.verdict.system == "apertium")
    line = apertium.lines[1]
    assert "".join(run.text for run in line.runs) == "Kim Kim Kim Kim disse que sim."
    assert [(run.text, run.evidence, run.ends) for run in line.runs] == [
        ("Kim Kim", (1, 3), (3,)),
        (" Kim Kim", (1,), (1,)),
        (" ", (), ()),
        ("disse que sim", (2,), (2,)),
        (".", (), ()),
    ]
    assert found[1].tally == "2 garbled, 1 suspect, 1 clean"


def test_of_a_long_document_what_bears_evidence_is_shown() -> None:
    result = fake_result()
    pair = result.pairs[0]
    first = pair.eval_set.scored[0]
    segments = tuple(replace(first, id=f"p1:{row}") for row in range(100))
    sources = (
        replace(pair.sources[0], evidence=tuple(_piece(f"p1:{row}") for row in (0, 50, 52)), segments=()),
        pair.sources[1],
    )
    pair = replace(pair, eval_set=replace(pair.eval_set, segments=segments), systems=(), sources=sources)
    table = leaderboard(replace(result, pairs=(pair,)))[0]
    reading = readings(pair, judgement(pair, table))[0].source
    assert reading is not None
    shown = [(line.segment, line.after_gap) for line in reading.lines]
    near = [(f"p1:{row}", row == 49) for row in (49, 50, 51, 52, 53)]
    assert shown == [("p1:0", False), ("p1:1", False), *near]
    assert reading.ends_early


def _piece(segment: str) -> Evidence:
    return Evidence("hyphen", "surface", segment, 0, 3, 0.5, "A sign.")


def test_parts_hold_every_segment_once_and_fit() -> None:
    result = fake_result()
    tables = leaderboard(result)
    (whole,) = whole_parts(result, tables)
    assert divided(result, tables, (whole,), len(whole.data)) == (whole,)
    parts = divided(result, tables, (whole,), len(whole.data) - 1)
    assert len(parts) > 1
    assert [row for part in parts for row in part.rows] == [0, 1, 2, 3]
    assert [one for part in parts for one in unpacked(part.data)["ids"]] == unpacked(whole.data)["ids"]
    assert parts[0].title == f"pt-en, tiny: segments 1 to {parts[0].rows.stop} of 4"
    assert len(divided(result, tables, (whole,), 1)) == 4  # a segment is never divided


def test_a_command_can_be_given_to_a_shell() -> None:
    done = what_was_done({"environment": {"command": ["__main__.py", "run", "lang_pairs=[pt-en]"]}})
    assert done.command == "python -m mteval run 'lang_pairs=[pt-en]'"
    assert what_was_done({}).command == ""
