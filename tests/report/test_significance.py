"""What every report says of differences: ranks, marks, power, interference, entities, baselines and averages."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import mt_thresholds
import pytest
from rich.console import Console

from mteval.comparison import Resampling
from mteval.composition import compose
from mteval.config import build
from mteval.errors import ConfigError
from mteval.evalsets.base import EvalSetReader
from mteval.evaluation import Evaluation
from mteval.files import packaged, read_jsonl
from mteval.garble.detector import NoisyOr
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.metrics.base import Metric
from mteval.metrics.fakes import LengthRatio
from mteval.metrics.lexical import Bleu, Chrf, Ter
from mteval.needs import Need
from mteval.report.agreement import agreement, agreement_text
from mteval.report.average import average
from mteval.report.base import RunResult
from mteval.report.comma import Csv
from mteval.report.differences import differences, every_difference
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.leaderboard import leaderboard, views
from mteval.report.markdown import Markdown
from mteval.report.table import Row, Table
from mteval.report.terminal import show
from mteval.segment import Document, EvalSet, Hypotheses, Segment
from mteval.store import Store
from mteval.systems.canaries import Copy
from mteval.systems.reference import Reference

METRICS: Mapping[str, Metric] = {"bleu": Bleu(), "chrf": Chrf(), "ter": Ter(), "length": LengthRatio()}


def _worse(text: str, share: float, seed: str) -> str:
    chance = random.Random(seed + text)
    return " ".join("so" if chance.random() < share else word for word in text.split())


def _entities(text: str) -> str:
    for word in ("the", "of", "and"):
        text = text.replace(f" {word} ", f" &quot;{word}&quot; ")
    return text.replace("'", "&#39;")


class Tiny(EvalSetReader):
    """The seeds' references, garbled more and less; ``html`` is a little better than ``good``, had it no entities."""

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        rows = [row for f in sorted((packaged("references") / "ro-en").glob("*.jsonl")) for _, row in read_jsonl(f)]
        rows = rows if str(pair) == "ro-en" else rows[:20]
        texts = [str(row["reference"]) for row in rows]
        segments = [
            Segment(str(n), str(row["source"]), "d", f"set:{n}", references={"human": str(row["reference"])})
            for n, row in enumerate(rows)
        ]
        good = [_worse(text, 0.20, "a") for text in texts]
        given = {
            "good": good,
            "html": [_entities(_worse(text, 0.07, "b")) for text in texts],
            "twin": [_worse(text, 0.21, "k") for text in texts],
            "bad": ["" if n % 5 == 0 else _worse(text, 0.5, "d") for n, text in enumerate(texts)],
        }
        hypotheses = {name: Hypotheses(name, tuple(found)) for name, found in given.items()}
        return EvalSet("tiny", pair, (Document("d", "ro"),), tuple(segments), hypotheses)


@cache
def run(*pairs: str, **optimised_with: tuple[str, ...]) -> RunResult:
    return Evaluation(
        reader=Tiny(),
        pairs=[LangPair(*pair.split("-")) for pair in pairs or ("ro-en",)],
        systems={"reference": Reference(), "copy": Copy()},
        metrics=METRICS,
        gate=Gate(),
        signals={},
        detector=NoisyOr(),
        store=Store(None),
        resampling=Resampling(draws=200, seed=1, trials=500),
        optimised_with=optimised_with,
    ).run()


def table(result: RunResult | None = None) -> Table:
    return leaderboard(result or run())[0]


def row(found: Table, system: str) -> Row:
    return next(one for one in found.rows if one.system == system)


def terminal(result: RunResult, width: int = 80) -> str:
    console = Console(width=width, force_terminal=False, no_color=True, _environ={})
    with console.capture() as captured:
        show(result, console)
    return captured.get()


def test_systems_that_cannot_be_told_apart_share_a_rank() -> None:
    found = table()
    assert [(one.system, one.place, one.rank, one.rank_text) for one in found.ranked] == [
        ("twin", 1, 1, "1–3"),
        ("good", 2, 1, "1–3"),
        ("html", 3, 1, "1–3"),
        ("bad", 4, 4, "4"),
    ]
    assert [one.cells[0].mark for one in found.ranked] == ["", "†", "†", ""]
    assert found.lines == (3,)
    assert "38 segments, 500 trials, seed 1, p < 0.05 with Holm's correction for 6 pairs" in found.testing


def test_without_a_test_only_equal_scores_share_a_rank() -> None:
    (pair,) = run().pairs
    found = table(replace(run(), pairs=(replace(pair, comparisons={}),)))
    assert [one.rank_text for one in found.ranked] == ["1", "2", "3", "4"]
    assert found.testing == "Systems are ranked by BLEU; no difference was tested."


def test_what_entities_cost_a_system_is_said() -> None:
    (note,) = (note for note in table().notes if "HTML entities" in note)
    carrying = sum("&" in text for text in run().pairs[0].systems[1].hypotheses.texts)
    assert note.startswith(
        f"html: {carrying} of 38 segments carry HTML entities (&quot; for \", &#39; for '). With them "
    )
    decoded = views(run().pairs[0], run().metrics)["decoded", "all"]
    after, before = row(decoded, "html"), row(table(), "html")
    assert f"BLEU {after.cells[0].text} (not {before.cells[0].text})" in note
    assert (before.place, after.place) == (3, 1)
    assert "and place 1 (not 3) by BLEU, rank 1–3." in note


def test_decoded_scores_are_those_of_the_decoded_texts() -> None:
    (pair,) = run().pairs
    html = next(system for system in pair.systems if system.name == "html")
    plain = [text.replace("&#39;", "'").replace("&quot;", '"') for text in html.hypotheses.texts]
    references = [segment.references["human"] for segment in pair.eval_set.scored]
    import sacrebleu

    found = pair.views["decoded", "all"].scores["html"]["bleu"].score
    assert found == sacrebleu.corpus_bleu(plain, [references]).score


def test_failed_hypotheses_count_as_nothing_where_the_gate_counts() -> None:
    (pair,) = run().pairs
    gated = pair.views["gated", "all"].scores
    copied = next(system for system in pair.systems if system.name == "copy")
    assert copied.scores["length"].score == 1.0
    assert gated["copy"]["length"].score == 0.0
    assert gated["good"]["length"] == next(s for s in pair.systems if s.name == "good").scores["length"]
    (note,) = (note for note in table().notes if note.startswith("bad: if its hypotheses that are empty"))
    assert "the same place by BLEU (4)" in note


def test_a_metric_of_the_family_it_was_optimised_with_is_starred_and_does_not_rank() -> None:
    found = table(run(good=("chrf",)))
    assert found.headline == "length"  # BLEU, chrF and TER are of one family
    assert [cell.mark for cell in row(found, "good").cells[:3]] == ["*", "*", "*"]
    assert not row(found, "good").cells[0].best
    assert row(found, "twin").cells[0].best
    assert "good was optimised with chrf: its scores by that family are starred." in found.notes
    assert "BLEU does not rank here, since a system was optimised with its family." in found.notes
    assert "* the system was optimised" in found.legend


def test_where_every_metric_is_of_the_family_the_system_is_not_ranked() -> None:
    result = run(good=("bleu",))
    lexical = replace(result, metrics={name: result.metrics[name] for name in ("bleu", "ter")})
    found = table(lexical)
    assert found.headline == "bleu"
    assert (found.ranked[-1].system, found.ranked[-1].rank_text) == ("good", "–")
    assert "it is not ranked: every metric here is of it" in " ".join(found.notes)


def test_power_is_told_for_every_metric() -> None:
    (note,) = (note for note in table().notes if note.startswith("The smallest differences"))
    assert re.search(r"BLEU \d+\.\d\d, chrF2 \d+\.\d\d, TER \d+\.\d\d, length ratio 0\.\d{3}\.", note)


def test_differences_to_a_baseline() -> None:
    (pair,) = run().pairs
    found = differences(pair, table(), run().metrics, "twin")
    assert found is not None
    assert found.title == "Differences to twin"
    assert [(one.metric, one.system) for one in found.rows[:4]] == [
        ("bleu", "good"),
        ("bleu", "html"),
        ("bleu", "bad"),
        ("chrf", "good"),
    ]
    bleu = found.rows[2]
    scores = {one.system: one.cells[0].score for one in table().ranked}
    assert bleu.difference == pytest.approx((scores["bad"] or 0) - (scores["twin"] or 0))
    assert bleu.significant
    assert bleu.p_value == pytest.approx(3 / 501)
    assert bleu.agreement == pytest.approx(mt_thresholds.accuracy(-bleu.difference, "bleu") / 100)
    assert {one.agreement_text for one in found.rows if one.metric in ("ter", "length")} == {"uncalibrated"}


def test_a_baseline_that_does_not_run_in_a_lang_pair_is_said_to_be_absent(tmp_path: Path) -> None:
    (pair,) = run().pairs
    result = replace(run(), baseline="elsewhere")
    found = differences(pair, table(), result.metrics, "elsewhere")
    assert found is not None
    assert found.title == "Differences between neighbours (elsewhere is not compared here)"
    (written,) = json.loads(Json().write(result, tmp_path).read_text("utf-8"))["pairs"]
    assert written["baseline"] is None
    with Csv().write(result, tmp_path).open(encoding="utf-8", newline="") as file:
        assert {one["bleu_difference"] for one in csv.DictReader(file)} == {""}


def test_without_a_baseline_neighbours_are_compared() -> None:
    (pair,) = run().pairs
    found = differences(pair, table(), run().metrics, None)
    assert found is not None
    assert [(one.system, one.other) for one in found.rows] == [("twin", "good"), ("good", "html"), ("html", "bad")]
    assert all(one.difference > 0 for one in found.rows)
    every = every_difference(pair, table(), run().metrics)
    assert {name: len(one.rows) for name, one in every.items()} == dict.fromkeys(METRICS, 6)


def test_agreement_is_mt_thresholds_and_never_less_than_chance() -> None:
    bleu, comet = Bleu().card, replace(Bleu().card, thresholds="comet22", points=100)
    assert agreement(bleu, 1.0) == pytest.approx(0.63989, abs=1e-5)  # as its README says
    assert agreement(bleu, -1.0) == agreement(bleu, 1.0)
    assert agreement(comet, 0.0056) == pytest.approx(0.80, abs=0.01)  # Kocmi et al. 2024, table 2
    assert agreement(bleu, 0.0) == 0.5
    assert agreement(Ter().card, 1.0) is None
    assert agreement(Bleu(lowercase=True).card, 1.0) is None
    assert agreement(Chrf(word_order=2).card, 1.0) is None
    assert [agreement_text(one) for one in (None, 0.5, 0.816)] == ["uncalibrated", "chance", "82%"]


def test_the_checkpoints_that_have_a_fit_say_so() -> None:
    names = (
        "comet22",
        "cometkiwi22",
        "cometkiwi23_xl",
        "xcomet_xl",
        "comet_qe20",
        "comet_qe_mini",
        "bleu",
        "chrf",
        "ter",
    )
    config = compose([f"metrics=[{','.join(names)}]", "systems=[reference]", "garble=[]"], [])
    cards = {name: metric.card for name, metric in build(config).evaluation.metrics.items()}
    calibrated = {name for name, card in cards.items() if agreement(card, 0.01) is not None}
    assert calibrated == {"bleu", "chrf", "comet22", "cometkiwi22", "cometkiwi23_xl", "xcomet_xl"}
    with pytest.raises(ConfigError, match="thresholds"):
        build(compose(["metrics=[comet22]", "metrics.comet22.thresholds=comet99"], []))


def test_averages_are_over_all_pairs_into_one_language() -> None:
    result = run("ro-en", "pt-en")
    found = average(result)
    assert found is not None
    assert (found.title, found.pairs) == ("Average over ro-en, pt-en", ("ro-en", "pt-en"))
    tables = leaderboard(result)
    for one in found.ranked:
        means = [(row(tables[0], one.system).cells[at].score or 0) for at in range(4)]
        others = [(row(tables[1], one.system).cells[at].score or 0) for at in range(4)]
        expected = [(a + b) / 2 for a, b in zip(means, others, strict=True)]
        assert [cell.score for cell in one.cells] == pytest.approx(expected)
    scores = [one.cells[0].score or 0 for one in found.ranked]
    assert scores == sorted(scores, reverse=True)
    assert found.ranked[0].cells[0].best
    assert [one.system for one in found.unranked] == ["reference", "copy"]
    assert average(run("ro-en", "en-ro")) is None  # into different languages
    assert average(run()) is None


def _numbers(result: RunResult, folder: Path) -> dict[str, dict[tuple[str, str], dict[str, str]]]:
    """By format: each system's score and interval by each metric in the leaderboard of a lang pair, as text."""
    cards = result.metrics
    found: dict[str, dict[tuple[str, str], dict[str, str]]] = {"json": {}, "csv": {}, "markdown": {}, "latex": {}}
    for pair in json.loads(Json().write(result, folder).read_text("utf-8"))["pairs"]:
        for one in pair["systems"]:
            found["json"][pair["lang_pair"], one["system"]] = {
                name: f"{s['score']:.{cards[name].decimals}f}"
                for name, s in one["scores"].items()
                if s["score"] is not None
            } | {"rank": str(one["rank"] or "")}
    with Csv().write(result, folder).open(encoding="utf-8", newline="") as file:
        for one in csv.DictReader(file):
            if (one["documents"], one["counting"]) == ("all", "raw"):
                found["csv"][one["lang_pair"], one["system"]] = {
                    name: f"{float(one[name]):.{cards[name].decimals}f}" for name in cards if one[name]
                } | {"rank": one["rank"]}
    sections = re.split(r"^## ", Markdown().write(result, folder).read_text("utf-8"), flags=re.M)[1:]
    for section in sections:
        if (pair := section.split(",")[0].replace("\\", "")).startswith("Average"):
            continue
        for line in section.split("###")[0].splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) > 5 and re.fullmatch(r"[\d–]*", cells[0]) and cells[1] and not cells[1].startswith("*"):
                numbers = [re.sub(r"[*†]|\\\*| \[.*", "", cell) for cell in cells[2:6]]
                found["markdown"][pair, cells[1].split(" (")[0]] = {
                    name: text for name, text in zip(cards, numbers, strict=True) if text != "–"
                } | {"rank": cells[0].split("–")[0]}
    blocks = Latex().write(result, folder).read_text("utf-8").split(r"\begin{table}")[1:]
    for block in blocks:
        if not (label := re.search(r"\\label\{tab:(\w\w-\w\w)-tiny\}", block)):
            continue
        for line in block.split(r"\midrule", 1)[1].split(r"\bottomrule")[0].splitlines():
            cells = [cell.strip() for cell in line.strip().removesuffix(r"\\").split("&")]
            if len(cells) > 5 and cells[1]:  # the others hold intervals
                numbers = [
                    re.sub(r"\\textbf\{|\}|\\textdagger\{|\*|\{\\scriptsize.*", "", cell).strip() for cell in cells[2:6]
                ]
                found["latex"][label[1], cells[1].split(" (")[0]] = {
                    name: text for name, text in zip(cards, numbers, strict=True) if text != "--"
                } | {"rank": cells[0].split("--")[0]}
    return found


def test_every_format_carries_the_same_numbers(tmp_path: Path) -> None:
    numbers = _numbers(run("ro-en", "pt-en"), tmp_path)
    assert len(numbers["json"]) == 12
    assert {len(scores) for scores in numbers["json"].values()} == {2, 5}  # the reference has one score
    assert numbers["csv"] == numbers["json"]
    assert numbers["markdown"] == numbers["json"]
    assert numbers["latex"] == numbers["json"]


def test_every_format_shows_differences_and_averages(tmp_path: Path) -> None:
    result = replace(run("ro-en", "pt-en"), baseline="twin")
    written = {type(r).__name__: r.write(result, tmp_path).read_text("utf-8") for r in (Markdown(), Latex(), Json())}
    found = differences(result.pairs[0], table(result), result.metrics, "twin")
    assert found is not None
    mean = average(result)
    assert mean is not None
    shown = terminal(result)
    assert max(map(len, shown.splitlines())) <= 80
    for one in found.rows:
        sign, number = one.text[0], one.text[1:]
        assert one.text in written["Markdown"]
        assert one.text in shown
        assert (f"$-${number}" if sign == "-" else one.text) in written["Latex"]
    for text in (written["Markdown"], shown, written["Latex"]):
        assert "ifferences to twin" in text
        assert "Average over ro-en, pt-en" in text
        assert all(one.cells[0].text in text for one in mean.ranked)
    with Csv().write(result, tmp_path).open(encoding="utf-8", newline="") as file:
        sheet = list(csv.DictReader(file))
    whole = json.loads(written["Json"])
    baseline = {(one["system"], one["metric"]): one for one in whole["pairs"][0]["baseline"]}
    good = next(one for one in sheet if one["system"] == "good")
    assert float(good["bleu_difference"]) == baseline["good", "bleu"]["difference"]
    assert float(good["bleu_p"]) == baseline["good", "bleu"]["p_holm"]
    averaged = [one for one in sheet if one["documents"] == "average"]
    assert {one["lang_pair"] for one in averaged} == {"ro-en+pt-en"}
    assert float(averaged[0]["bleu"]) == whole["average"]["systems"][0]["scores"]["bleu"]["score"]


def test_every_view_is_in_json_and_csv(tmp_path: Path) -> None:
    (pair,) = json.loads(Json().write(run(), tmp_path).read_text("utf-8"))["pairs"]
    assert [(view["counting"], view["sources"]) for view in pair["views"]] == [("gated", "all"), ("decoded", "all")]
    assert pair["headline"] == "bleu"
    first = pair["comparisons"]["bleu"]["pairs"][0]
    assert (first["system"], first["other"], first["significant"]) == ("twin", "good", False)
    assert 0 < first["bootstrap_p"] <= 1 and 0 < first["randomisation_p"] <= 1
    with Csv().write(run(), tmp_path).open(encoding="utf-8", newline="") as file:
        assert {one["counting"] for one in csv.DictReader(file)} == {"raw", "gated", "decoded"}


def test_where_two_systems_leave_no_metric_free_the_note_says_so() -> None:
    result = run(good=("bleu",), bad=("other",))
    cards = {"bleu": result.metrics["bleu"], "chrf": replace(result.metrics["chrf"], family="other")}
    found = table(replace(result, metrics=cards))
    (said,) = [note for note in found.notes if note.startswith("good was optimised with")]
    assert said.endswith("and it is not ranked: no metric here is free of every system's.")
