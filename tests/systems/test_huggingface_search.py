"""Beam search of our own: the tokens that transformers' own loop finds, and sources that leave when they are done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mteval.systems import huggingface_fakes
from mteval.systems.huggingface_search import beam_search

FAMILIES = {"marian": 2, "m2m100": 0, "nllb": 1, "mbart50": 1, "t5": 4}
SOURCES = (
    "Às vezes, à tarde, põe-se o sol e tudo fica em silêncio.",
    *("O cão foi à praia.", "Olá", "Não sei.\nEle disse: não.", "nu", "Da, așa este!", "a b c d e f", "x", "O quê?"),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A checkpoint of each family."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads take ten times as long over models as tiny as these
    root = tmp_path_factory.mktemp("searched")
    yield {f: getattr(huggingface_fakes, f"write_{f}")(root / f, seed=seed) for f, seed in FAMILIES.items()}
    torch.set_num_threads(threads)


def found(folder: Path, count: int, most: int, own: bool) -> tuple[list[list[int]], list[int]]:
    """The token ids of the hypotheses without padding, and how many rows the decoder was given at each step."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder)
    rows: list[int] = []
    model.get_decoder().register_forward_pre_hook(
        lambda module, args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    first = None if folder.name in ("marian", "t5") else 7
    made = model.generate(
        **tokenizer(list(SOURCES), return_tensors="pt", padding=True),
        num_beams=4,
        num_return_sequences=count,
        max_new_tokens=most,
        forced_eos_token_id=None,
        early_stopping=False,
        forced_bos_token_id=first,
        custom_generate=beam_search if own else None,
    )
    padding = {tokenizer.pad_token_id, tokenizer.eos_token_id}
    return [[token for token in row if token not in padding] for row in made.tolist()], rows


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")
@pytest.mark.parametrize(("count", "most"), [(1, 40), (4, 40), (4, 6), (2, 1)])
@pytest.mark.parametrize("family", FAMILIES)
def test_equals_the_loop_of_transformers(folders: dict[str, Path], family: str, count: int, most: int) -> None:
    expected, _ = found(folders[family], count, most, own=False)
    own, rows = found(folders[family], count, most, own=True)
    assert own == expected
    assert len(own) == len(SOURCES) * count
    assert rows[0] == len(SOURCES)
    assert rows[1:2] in ([], [4 * len(SOURCES)])


@pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")
def test_sources_leave_when_they_are_done(folders: dict[str, Path]) -> None:
    _, theirs = found(folders["marian"], 1, 40, own=False)
    _, own = found(folders["marian"], 1, 40, own=True)
    assert set(theirs) == {4 * len(SOURCES)}
    assert own[1:] == sorted(own[1:], reverse=True)
    assert own[-1] < own[1]
    assert len(own) == len(theirs)
