"""Shards of one eval set, run apart and reported on together: the same bytes as one run of the whole gives."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mteval import app, report_command
from mteval.lang import LangPair
from mteval.metrics.base import Item, ItemScore, Metric, MetricCard
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard

SAME = (
    *("leaderboard.json", "leaderboard.csv", "leaderboard.md", "leaderboard.tex"),
    *("segments.jsonl", "verdicts.jsonl", "statistics.npz"),
)
"""What must be the same; the page holds the run's record too, as ``run.json`` does."""

SOURCE = (
    "O gato preto está na casa . A chuva começou cedo e não parou . O líder norte -coreano prometeu . Kim Kim disse"
)
REFERENCE = "The black cat is in the house . The rain began early and did not stop . The leader promised . Kim said yes"
ODD = ("", "&quot;Yes&quot; he said.", "The cat the cat the cat the cat the cat the cat the cat.", "Yes &amp; no")
SIZES = (3, 1, 6, 2, 1, 4, 2)
"""Segments of the documents of pt-en; ro-en has the first two of them."""


class Hesitant(System):
    """Gives the source, and says something of every third segment."""

    @property
    def card(self) -> SystemCard:
        return SystemCard()

    def declines(self, eval_set: EvalSet) -> str | None:
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return ()

    def signature(self, pair: LangPair) -> Signature:
        return Signature.of({"system": "hesitant"})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for at, segment in enumerate(segments):
            told = ("it hesitated",) if len(segment.source) % 3 == 0 else ()
            yield at, Output(segment.source, told)

    def close(self) -> None:
        pass


class Talkative(Metric):
    """Words of the hypothesis; it says something of some, gives spans of some, and some have no score."""

    @property
    def card(self) -> MetricCard:
        return MetricCard("talkative", False, True, 0, 100, 1, "Apache-2.0")

    def check(self) -> None:
        pass

    def needs(self) -> tuple[Need, ...]:
        return ()

    def signature(self, references: int) -> Signature:
        return Signature.of({"version": "1"})

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, ItemScore]]:
        for at, item in enumerate(items):
            words = len(item.hypothesis.split())
            told = ("it had doubts",) if words % 2 else ()
            if words % 5 == 4:
                yield at, ItemScore(None, (), notices=told)
            else:
                spans = () if words % 3 else None
                yield at, ItemScore(words / 7, (words / 7,), spans, truncated=words > 7, notices=told)

    def aggregate(self, sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = sums[:, 0] / counts
        return scores

    def nothing(self, item: Item) -> ItemScore:
        return ItemScore(0.0, (0.0,))

    def close(self) -> None:
        pass


def rows(sizes: Sequence[int], pair: str, *, documents: bool = True) -> Iterator[dict[str, Any]]:
    """Segments with two references, a third that not all have, and hypotheses of all kinds."""
    chosen = random.Random(pair)
    for document, size in enumerate(sizes):
        for _ in range(size):
            words = chosen.randint(2, 9)
            source, one, two = (
                " ".join(chosen.choice(text.split()) for _ in range(words)) for text in (SOURCE, REFERENCE, REFERENCE)
            )
            kept = " ".join(word for word in one.split() if chosen.random() > 0.25)
            hypotheses = {name: chosen.choice([kept, kept, kept, source, one, *ODD]) for name in ("a", "b")}
            # The third reference is whole in some shards, and in the whole it is not.
            third = {"third": two} if document != 1 else {}
            yield {
                "lang_pair": pair,
                "source": source,
                "references": {"first": one, **third, "second": two},
                "hypotheses": hypotheses,
                **({"document": f"d{document}", "origlang": "pt" if document % 3 else "en"} if documents else {}),
            }


def write(path: Path, made: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made), encoding="utf-8")


MINE = "{_target_: tests.test_sharded_runs.%s}"
CHOSEN = (
    *("evalset=jsonl", "evalset.path=set.jsonl", "lang_pairs=[pt-en,ro-en]", "systems=[reference,canaries]"),
    *("metrics=[chrf,bleu,ter]", "allow=[tests]", f"+systems.hesitant={MINE % 'Hesitant'}"),
    f"+metrics.talkative={MINE % 'Talkative'}",
    "garble=[spacing,doubled_words,detached_hyphens,gate_marks,low_chrf,name_spellings,disagreement,missing_names]",
    *("bootstrap_draws=20", "significance.trials=50", "store=null", "report=[markdown,csv,json,latex]"),
)


def run(*arguments: str) -> int:
    return app.run([*CHOSEN, *arguments])


def report(arguments: list[str]) -> int:
    return report_command.report([*arguments, "allow=[tests]"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an eval set, and in ``whole`` a run of it."""
    folder = tmp_path_factory.mktemp("sharded")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write(Path("set.jsonl"), [*rows(SIZES, "pt-en"), *rows(SIZES[:2], "ro-en")])
        assert run("output=whole") == 0
    return folder


@pytest.fixture
def here(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(whole)
    return whole


@pytest.mark.parametrize("of", [1, 2, *(pytest.param(of, marks=pytest.mark.slow) for of in (3, 7)), 9])
def test_all_shards_together_are_the_whole(here: Path, of: int) -> None:
    formats = "report=[markdown,csv,json,latex,html]" if of == 9 else "report=[csv]"  # of empty shards too
    assert run("-m", f"shard=all/{of}", f"output=sweep{of}", formats) == 0
    parts = [json.loads(Path(f"sweep{of}/{at}/run.json").read_text("utf-8"))["pairs"][0] for at in range(of)]
    assert [part["eval_set"] for part in parts] == [f"set [shard {at}/{of}]" for at in range(1, of + 1)]
    assert sum(part["segments"] for part in parts) == sum(SIZES)
    assert of == 1 or all(part["segments"] < sum(SIZES) for part in parts)
    chosen = ["report=[markdown,csv,json,latex,html]", f"output=joined{of}"]
    assert report([f"sweep{of}", *chosen]) == 0
    for name in SAME:
        assert Path(f"joined{of}", name).read_bytes() == Path("whole", name).read_bytes(), name
    record = json.loads(Path(f"joined{of}/run.json").read_text("utf-8"))
    assert [one["folder"] for one in record["merged_from"]] == [f"sweep{of}/{at}" for at in range(of)]
    said = json.loads(Path("whole/run.json").read_text("utf-8"))
    assert record["pairs"] == said["pairs"]
    assert record["warnings"] == said["warnings"]


def test_the_set_has_what_could_differ(here: Path) -> None:
    """Or the test above would say little."""
    board = json.loads(Path("whole/leaderboard.json").read_text("utf-8"))
    assert any("third" in warning for warning in board["warnings"])
    pair = board["pairs"][0]
    assert {(view["counting"], view["sources"]) for view in pair["views"]} >= {
        ("gated", "all"),
        ("decoded", "all"),
        ("raw", "original"),
    }
    said = json.loads(Path("whole/run.json").read_text("utf-8"))["pairs"][0]
    notices = {row["system"]: row["notices"] for row in said["systems"]}
    assert any("it hesitated" in notice for notice in notices["hesitant"])
    assert any("it had doubts" in notice for notice in notices["hesitant"])
    assert any(row["truncated"] for row in said["systems"])
    assert pair["comparisons"]


def test_shards_join_other_systems_of_the_whole(here: Path) -> None:
    """A run of the whole by another system, and shards: one leaderboard."""
    write(Path("bare.jsonl"), [{**row, "hypotheses": {}} for row in rows(SIZES, "pt-en")])
    chosen = ("lang_pairs=[pt-en]", "evalset.path=bare.jsonl", "+evalset.name=set")
    assert run(*chosen, "systems=[]", "output=one") == 0
    other = f"+systems.other={MINE % 'Hesitant'}"
    assert run(*chosen, other, "~systems.hesitant", "systems=[]", "-m", "shard=1/2,2/2", "output=two") == 0
    assert report(["one", "two", "report=[json]", "output=both"]) == 0
    (pair,) = json.loads(Path("both/leaderboard.json").read_text("utf-8"))["pairs"]
    assert {row["system"] for row in pair["systems"]} == {"hesitant", "other"}
    assert pair["segments"] == sum(SIZES)


Refused = Callable[..., str]


@pytest.fixture
def refused(here: Path, capfd: pytest.CaptureFixture[str]) -> Refused:
    """What a command that must be refused says."""

    def said(command: Callable[[list[str]], int], *arguments: str) -> str:
        capfd.readouterr()
        assert command(list(arguments)) == 2
        return capfd.readouterr().err

    return said


@pytest.fixture(scope="module")
def parts(whole: Path) -> Path:
    """Shards 1 to 5 of 5, and the second of 3, of an eval set; and the first of 5 of another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(whole)
        few = ("lang_pairs=[pt-en]", "systems=[]", "metrics=[chrf]", "garble=[]", "report=[csv]")
        assert run(*few, "-m", "shard=all/5", "output=of5") == 0
        assert run(*few, "shard=2/3", "output=of3") == 0
        Path("other").mkdir()
        changed = list(rows(SIZES, "pt-en"))
        changed[-1]["hypotheses"]["a"] = "Something else."
        write(Path("other/set.jsonl"), changed)
        assert run(*few, "shard=1/5", "evalset.path=other/set.jsonl", "output=other5") == 0
    return whole


def test_missing_shards_are_named(parts: Path, refused: Refused) -> None:
    said = refused(report, "of5/0", "of5/3", "output=no")
    assert "shards 2–3 and 5 of 5 are missing" in said
    assert "shard 4/5 is missing" in refused(report, "of5/0", "of5/1", "of5/2", "of5/4", "output=no")
    assert "of 5 are missing" in refused(report, "of5/0", "output=no")
    assert not Path("no").exists()


def test_a_shard_twice_other_divisions_and_other_eval_sets_are_refused(parts: Path, refused: Refused) -> None:
    import shutil

    shutil.copytree("of5/2", "copy2", dirs_exist_ok=True)
    said = refused(report, "of5", "copy2", "output=no")
    assert "both are shard 3/5" in said
    assert "of5/2 and copy2" in said
    assert "not of one division" in refused(report, "of5", "of3", "output=no")
    said = refused(report, "other5", *(f"of5/{at}" for at in range(1, 5)), "output=no")
    assert "are not of one eval set (digest: " in said


@pytest.mark.parametrize("word", ["0/3", "4/3", "3", "1/0", "a/b", "-1/3", "1/2/3", "all/3"])
def test_what_is_no_shard_is_refused(refused: Refused, word: str) -> None:
    said = refused(app.run, *CHOSEN, f"shard={word}", "output=no")
    assert "shard" in said
    assert not Path("no").exists()


def test_one_document_is_cut_where_nothing_looks_at_documents(here: Path, refused: Refused) -> None:
    write(Path("one.jsonl"), rows(SIZES, "pt-en", documents=False))
    chosen = ("lang_pairs=[pt-en]", "evalset.path=one.jsonl", "metrics=[chrf,bleu]")
    said = refused(app.run, *CHOSEN, *chosen, "shard=1/2", "output=no")
    assert "one is one document" in said or "one pt-en is one document" in said
    assert "garble=[]" in said
    assert run(*chosen, "garble=[]", "output=one whole") == 0
    assert run(*chosen, "garble=[]", "-m", "shard=all/4", "output=one sweep") == 0
    assert report(["one sweep", "report=[markdown,csv,json,latex]", "output=one joined"]) == 0
    for name in SAME:
        assert Path("one joined", name).read_bytes() == Path("one whole", name).read_bytes(), name
