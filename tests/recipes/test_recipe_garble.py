"""The recipe of the garble detector, on a small folder of data that the test makes."""

import json
import lzma
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mteval.garble.base import Line, Text
from mteval.garble.detector_calibrated import Calibrated
from mteval.garble.detector_calibration import Calibration, read
from mteval.garble.fluency import UnlikelyWords
from mteval.garble.fluency_wording import OddWording
from recipes.garble import calibrate, corpora, models, observe, train
from recipes.garble.corpora import Segment
from recipes.garble.damage import Damage
from recipes.garble.observe import Observed

NOUNS = ["house", "river", "market", "letter", "teacher", "garden", "window", "bridge"]
VERBS = ["sees", "finds", "leaves", "shows", "opens", "paints", "remembers", "crosses"]


def sentence(draw: random.Random) -> str:
    return f"The {draw.choice(NOUNS)} {draw.choice(VERBS)} the {draw.choice(NOUNS)} of the {draw.choice(NOUNS)}."


def people(count: int = 400) -> list[Segment]:
    draw = random.Random(1)
    return [Segment("en", f"corpus{i % 3}", "people", i // 100, False, sentence(draw)) for i in range(count)]


def by_rules(texts: list[Segment]) -> list[Segment]:
    return [
        Segment(
            s.language, s.origin, "pt-es-en", s.block, False, re.sub(r"\bthe (\w+) of\b", r"to the \1 from", s.text)
        )
        for s in texts
    ]


def test_what_is_trained_is_what_is_read_back_and_tells_the_kinds_apart(tmp_path):
    texts = people()
    made = models.train(texts, by_rules(texts), ["uma casa velha na margem do rio"] * 50)
    models.pack(made, tmp_path / "en.npz")
    lines = (
        Line("1", "The river shows the house of the market."),
        Line("2", "The river shows to the house from the market."),
    )
    text = Text("d", None, "en", None, lines)
    good, bad = OddWording("rule_based", models=str(tmp_path)).gauge(text)
    assert good < -1 < 1 < bad
    swapped = Text("d", None, "en", None, (lines[0], Line("2", "River the shows house the the of market.")))
    good, bad = UnlikelyWords(models=str(tmp_path)).gauge(swapped)
    assert good > bad + 0.5
    good, bad = OddWording("broken", models=str(tmp_path)).gauge(swapped)
    assert good < bad
    numbers = made.vocabulary.numbered([])
    assert made.trigrams.gains(numbers).shape == (1,)


def test_the_trigram_model_is_a_distribution_before_every_word():
    texts = people()
    made = models.train(texts, [], [])
    size = len(made.vocabulary)
    for context in (["<s>", "the"], ["the", "house"], ["of", "the"]):
        row = [made.vocabulary.numbers[word] for word in context]
        total = sum(np.exp(made.trigrams.gains([*row, word])[-1] + made.trigrams.plain[word]) for word in range(size))
        assert total == pytest.approx(1, abs=1e-6), context


def test_damage_changes_the_words_and_keeps_the_rest():
    texts = people(60)
    damage = Damage([s.text for s in texts], ["uma casa velha na margem do rio"])
    damaged = [damage(s, random.Random(i)) for i, s in enumerate(texts)]
    changed = [d.text != s.text for s, d in zip(texts, damaged, strict=True)]
    assert sum(changed) > 50
    assert all(d.maker == "damage" and d.text.endswith(".") for d in damaged)
    again = damage(texts[0], random.Random(0))
    assert again == damaged[0]


def observed(maker: str, garbled: bool, gauge: float, count: int = 40) -> list[Observed]:
    draw = np.random.default_rng(7)
    rows = []
    for language in ("pt", "ro", "en"):
        for words in (12, 40, 80, 200):
            for value in draw.normal(gauge, 0.7, count):
                means = {
                    "unlikely_words": 1 - value / 4,
                    "machine_wording": float(value),
                    "broken_wording": float(value),
                    "low_chrf": 60 - 8 * value,
                    **({"low_comet_qe_mini": 0.8 - value / 10} if language == "en" else {}),
                }
                segments = 1 if words < 30 else 3 if words < 100 else 8
                rows.append(Observed(language, maker, "corpus", segments, words, means, {}, garbled))
    return rows


def test_the_calibration_keeps_people_clean_and_finds_the_rest(tmp_path):
    texts = [
        *observed("people", False, -2.0),
        *observed("pt-es-en", True, 2.0),
        *observed("damage", True, 2.0),
        *observed("rated bad", True, 2.0),
    ]
    ways = calibrate.fit(texts)
    texts += [replace(one, means={k: v for k, v in one.means.items() if not k.startswith("low_")}) for one in texts]
    curves = calibrate.curves(texts, ways)
    for curve in curves.values():
        assert curve[0] == (0.0, 0.0)
        assert [share for _, share in curve] == sorted(share for _, share in curve)
    made = Calibration(ways, curves, calibrate.thresholds(texts, ways, curves))
    train.write(made, {}, tmp_path / "calibration.json")
    assert read(str(tmp_path / "calibration.json")) == made
    detector = Calibrated(calibration=str(tmp_path / "calibration.json"))
    labels = [detector.decide(calibrate.weighed(one, ways))[0] for one in texts]
    clean = [label == "clean" for label, one in zip(labels, texts, strict=True) if not one.garbled]
    found = [label == "garbled" for label, one in zip(labels, texts, strict=True) if one.garbled and one.words == 200]
    assert np.mean(clean) >= 1 - calibrate.MOST_SUSPECT
    assert np.mean(found) > 0.9
    figures = calibrate.figures(texts, detector)
    assert figures["labels"]["people"]["pt corpus"]["garbled"] <= 0.05
    assert figures["labels"]["garbled"]["pt damage"]["garbled"] > 0.9
    assert figures["expected_calibration_error"]["documents of 5 to 15 segments"] < 0.1


def test_the_calibration_error_is_the_mean_gap():
    p, bad = np.array([0.05, 0.05, 0.95, 0.95]), np.array([0.0, 0.0, 1.0, 0.0])
    assert calibrate.ece(p, bad, np.ones(4)) == pytest.approx(0.5 * 0.05 + 0.5 * 0.45)


def test_blocks_are_held_out_whole_and_documents_never_cross_them(tmp_path: Path):
    (tmp_path / "mono").mkdir()
    for name in ("pt", "ro", "en"):
        with lzma.open(tmp_path / "mono" / f"{name}.jsonl.xz", "wt", encoding="utf-8") as stream:
            for number in range(950):
                stream.write(json.dumps({"origin": "one", "text": f"{name} {number}"}) + "\n")
    for folder, names in (("parallel", ("pt-en", "ro-en")), ("qe", ("ro-en.train",)), ("systems", ())):
        (tmp_path / folder).mkdir()
        for name in names:
            lzma.open(tmp_path / folder / f"{name}.jsonl.xz", "wt").close()
    for pair in ("pt-en", "ro-en"):
        lzma.open(tmp_path / "systems" / f"flores-dev.{pair}.jsonl.xz", "wt").close()
    segments = list(corpora.people(tmp_path))
    assert len(segments) == 3 * 950
    assert {s.block for s in segments if s.held} == {2, 5, 8}
    for document in corpora.documents(segments, 5, 15, 1):
        assert len({(s.block, s.language) for s in document}) == 1
        numbers = [int(s.text.split()[1]) for s in document]
        assert numbers == list(range(numbers[0], numbers[0] + len(document)))


def test_what_is_garbled_is_known_of_every_maker():
    assert [observe.is_garbled(maker) for maker in ("people", "pt-en google", "rated good")] == [False] * 3
    assert [observe.is_garbled(maker) for maker in ("en-es-pt", "damage", "rated bad")] == [True] * 3
    assert observe.is_garbled("ro-en nllb") is None


def test_a_folder_without_data_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"mono/pt\.jsonl\.xz"):
        list(corpora.people(tmp_path))
