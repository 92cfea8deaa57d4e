import math
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from mteval.errors import ConfigError, UnavailableError
from mteval.garble.base import Line, Text
from mteval.garble.fluency_causal import CausalModel

WORDS = ["<s>", "<unk>", "a", "clear", "line", "of", "text"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A real GPT-2, tiny, with random weights, that takes eight tokens."""
    folder: Path = tmp_path_factory.mktemp("gpt2")
    core = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", unk_token="<unk>").save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(WORDS), n_positions=8, n_embd=16, n_layer=1, n_head=2, bos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def text(*lines: str) -> Text:
    return Text("d", None, "en", None, tuple(Line(f"d:{i}", line) for i, line in enumerate(lines, 1)))


def log_probability(folder: Path, numbers: list[int]) -> float:
    network = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        loss = network(torch.tensor([numbers]), labels=torch.tensor([numbers])).loss
    return -float(loss)


def test_the_gauge_is_the_models_own_mean_log_probability(checkpoint):
    signal = CausalModel(str(checkpoint), low=-1.0, hopeless=-9.0)
    (gauge, empty) = signal.gauge(text("a clear line of text", ""))
    assert gauge == pytest.approx(log_probability(checkpoint, [0, 2, 3, 4, 5, 6]), abs=1e-5)
    assert empty is None


def test_a_line_longer_than_the_model_takes_goes_through_in_windows(checkpoint):
    signal = CausalModel(str(checkpoint), low=-1.0, hopeless=-9.0)
    numbers = [0, *([2, 3, 4, 5, 6] * 3)]
    (gauge,) = signal.gauge(text("a clear line of text " * 3))
    windows = [numbers[0:8], numbers[7:15], numbers[14:16]]
    total = sum(log_probability(checkpoint, window) * (len(window) - 1) for window in windows)
    assert gauge == pytest.approx(total / 15, abs=1e-5)


def test_unlikely_lines_show_evidence(checkpoint):
    (gauge,) = CausalModel(str(checkpoint), low=-1.0, hopeless=-9.0).gauge(text("a clear line"))
    signal = CausalModel(str(checkpoint), low=gauge + 1, hopeless=gauge - 1)
    (evidence,) = signal.look("causal", text("a clear line"))
    assert evidence.strength == pytest.approx(0.5)
    assert evidence.family == "fluency"
    assert not list(
        CausalModel(str(checkpoint), low=gauge - 1, hopeless=gauge - 2).look("causal", text("a clear line"))
    )
    assert math.isfinite(gauge)


def test_it_looks_at_the_languages_it_was_chosen_for(checkpoint):
    assert CausalModel(str(checkpoint), -1.0, -9.0, languages=["pt"]).blind(text("a line")) is not None
    assert CausalModel(str(checkpoint), -1.0, -9.0).blind(text("a line")) is None


def test_a_folder_that_holds_none_is_named(tmp_path):
    with pytest.raises(UnavailableError, match=tmp_path.name):
        CausalModel(str(tmp_path), low=-1.0, hopeless=-9.0).gauge(text("a line"))
    with pytest.raises(ConfigError, match="hopeless"):
        CausalModel(str(tmp_path), low=-1.0, hopeless=0.0)
