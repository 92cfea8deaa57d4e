"""``experiment=seeds_as_output``: as a system's output, seed 000 is worse than seed 003."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sacrebleu

from mteval.files import packaged, read_jsonl
from mteval.metrics.base import Item, Metric, combined
from mteval.metrics.lexical import Bleu, Chrf, Ter
from tests.conftest import program

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("seeds_as_output") / "run"
    shown = program("run", "experiment=seeds_as_output", "store=null", "bootstrap_draws=0", f"output={folder}")
    assert (shown.returncode, shown.stderr) == (0, "")
    return folder, shown.stdout


@pytest.fixture(scope="module")
def pair(finished: tuple[Path, str]) -> dict[str, Any]:
    """The only lang pair of the run's ``leaderboard.json``, its ``systems`` by name."""
    board = json.loads((finished[0] / "leaderboard.json").read_text("utf-8"))
    (found,) = board["pairs"]
    found["systems"] = {row["system"]: row for row in found["systems"]}
    found["warnings"] = board["warnings"]
    return dict(found)


@pytest.fixture
def scores(pair: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The seeds' scores by metric and document."""
    return dict(pair["systems"]["seed"]["document_scores"])


def test_the_seeds_are_the_only_ranked_system(pair: dict[str, Any]) -> None:
    assert (pair["lang_pair"], pair["documents"], pair["segments"]) == ("en-pt", 2, 32)
    assert {name: row["rank"] for name, row in pair["systems"].items()} == {"seed": 1, "reference": None}


def test_000_scores_below_003_by_every_metric(scores: dict[str, dict[str, float]]) -> None:
    assert scores["bleu"]["000"] < scores["bleu"]["003"] - 6
    assert scores["chrf"]["000"] < scores["chrf"]["003"] - 4
    assert scores["ter"]["000"] > scores["ter"]["003"] + 10  # edits: fewer are better
    assert scores["comet_qe_mini"]["000"] < scores["comet_qe_mini"]["003"] - 0.08


def test_a_documents_score_is_that_of_its_segments_alone(scores: dict[str, dict[str, float]]) -> None:
    for document in ("000", "003"):
        rows = [row for _, row in read_jsonl(packaged("references") / "post-edits" / "pt" / f"{document}.jsonl")]
        seed, post_edits = [row["source"] for row in rows], [[row["post_edit"] for row in rows]]
        assert scores["bleu"][document] == pytest.approx(sacrebleu.corpus_bleu(seed, post_edits).score)
        assert scores["chrf"][document] == pytest.approx(sacrebleu.corpus_chrf(seed, post_edits).score)
        assert scores["ter"][document] == pytest.approx(sacrebleu.corpus_ter(seed, post_edits).score)


def test_what_the_readme_says_of_chance(finished: tuple[Path, str]) -> None:
    """Whether 0 lies in the 95% bootstrap interval of the difference, segments resampled within each document."""
    rows = [row for _, row in read_jsonl(finished[0] / "segments.jsonl")]
    documents = [[row for row in rows if row["document"] == document] for document in ("000", "003")]
    assert [len(document) for document in documents] == [18, 14]

    def differs(statistics: list[Any], aggregate: Any) -> bool:
        random = np.random.default_rng(1)
        drawn = [[aggregate(s[random.integers(0, len(s), len(s))]) for s in statistics] for _ in range(1000)]
        low, high = np.percentile([two - one for one, two in drawn], [2.5, 97.5])
        return bool(low > 0 or high < 0)

    def lexical(metric: Metric) -> bool:
        items = [
            [Item(r["source"], r["hypotheses"]["seed"], tuple(r["references"].values())) for r in document]
            for document in documents
        ]
        found = [np.array([s.statistics for _, s in sorted(metric.score(one), key=lambda s: s[0])]) for one in items]
        return differs(found, partial(combined, metric))

    quality = [np.array([row["scores"]["seed"]["comet_qe_mini"] for row in document]) for document in documents]
    assert (lexical(Ter()), differs(quality, np.mean)) == (True, True)
    assert (lexical(Bleu()), lexical(Chrf())) == (False, False)


def test_000_gains_more_from_its_post_edit(pair: dict[str, Any], scores: dict[str, dict[str, float]]) -> None:
    people = pair["systems"]["reference"]["document_scores"]["comet_qe_mini"]
    gain = {document: people[document] - scores["comet_qe_mini"][document] for document in ("000", "003")}
    assert gain["000"] > gain["003"] + 0.05
    assert gain["000"] > 0.05


def test_the_sources_are_clean_and_the_seeds_are_not(pair: dict[str, Any]) -> None:
    assert {name: one["verdict"] for name, one in pair["sources"].items()} == {"000": "clean", "003": "clean"}
    assert pair["systems"]["seed"]["verdicts"]["000"] == "garbled"
    assert pair["systems"]["seed"]["verdicts"]["003"] != "clean"
    assert set(pair["systems"]["reference"]["verdicts"].values()) == {"clean"}


def test_a_metric_that_was_not_made_for_it_is_warned_of(pair: dict[str, Any]) -> None:
    assert any("COMET-QE-mini was made for pt-en, ro-en" in warning for warning in pair["warnings"])


def test_the_readme_shows_what_it_prints(finished: tuple[Path, str]) -> None:
    shown = README.split("<!-- the output of experiment=seeds_as_output -->\n```text\n")[1].split("\n```")[0]
    assert shown in "\n".join(line.rstrip() for line in finished[1].splitlines())
