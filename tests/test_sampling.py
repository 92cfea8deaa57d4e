"""Sampling: what is drawn from is what transformers draws from, and a row's draws are its own."""

from __future__ import annotations

import pytest

from mteval.errors import ConfigError
from mteval.sampling import Draws, Sampling, distribution, parse_sampling


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.5),
        Sampling(top_p=0.7),
        Sampling(epsilon_cutoff=0.02),
        Sampling(epsilon_cutoff=0.9),
        Sampling(temperature=1.5, top_p=0.9, epsilon_cutoff=0.01),
    ],
    ids=str,
)
def test_draws_from_what_transformers_draws_from(sampling: Sampling) -> None:
    import torch
    from transformers.generation.logits_process import (
        EpsilonLogitsWarper,
        TemperatureLogitsWarper,
        TopPLogitsWarper,
    )

    scores = torch.randn(20, 50, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3
    expected = TemperatureLogitsWarper(sampling.temperature)(None, scores)
    if sampling.top_p < 1:
        expected = TopPLogitsWarper(sampling.top_p)(None, expected)
    if sampling.epsilon_cutoff:
        expected = EpsilonLogitsWarper(sampling.epsilon_cutoff)(None, expected)
    chances, tokens = distribution(sampling, scores)
    found = torch.zeros_like(chances).scatter(-1, tokens, chances / chances.sum(-1, keepdim=True))
    assert torch.allclose(found, expected.softmax(-1), atol=1e-12)


def test_draws_are_as_frequent_as_they_are_likely() -> None:
    import torch

    chances = torch.tensor([0.5, 0.02, 0.3, 0.18, 0.0])
    scores = chances.log().repeat(20_000, 1)
    drawn = Draws(Sampling(seed=3), [("a text", number) for number in range(20_000)])(torch.empty(0), scores)
    counts = (drawn == 0).double().mean(0)
    assert torch.allclose(counts, chances.double(), atol=0.012)  # four standard deviations of the first
    assert ((drawn == 0).sum(-1) == 1).all()


def test_a_row_draws_the_same_whatever_stands_beside_it() -> None:
    import torch

    steps = torch.randn(8, 3, 30, generator=torch.Generator().manual_seed(2))
    rows = [("one", 0), ("one", 1), ("two", 0)]
    together = Draws(Sampling(seed=5), rows)
    found = torch.stack([together(torch.empty(0), scores).argmax(-1) for scores in steps])
    for index, row in enumerate(rows):
        alone = Draws(Sampling(seed=5), [row])
        assert [alone(torch.empty(0), s[index : index + 1]).argmax(-1).item() for s in steps] == found[
            :, index
        ].tolist()
    other = Draws(Sampling(seed=6), rows)
    assert (torch.stack([other(torch.empty(0), scores).argmax(-1) for scores in steps]) != found).any(0).all()


def test_settings_are_read() -> None:
    assert parse_sampling(None, "sampling") is None
    assert parse_sampling({}, "sampling") == Sampling()
    assert str(parse_sampling({"epsilon_cutoff": 0.02, "seed": 7}, "sampling")) == (
        "temperature=1,top_p=1,epsilon_cutoff=0.02,seed=7"
    )


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"temperature": 0}, "sampling.temperature"),
        ({"temperature": "1"}, "sampling.temperature"),
        ({"top_p": 1.5}, "sampling.top_p"),
        ({"top_p": True}, "sampling.top_p"),
        ({"epsilon_cutoff": -0.1}, "sampling.epsilon_cutoff"),
        ({"seed": 1.5}, "sampling.seed"),
        ({"top_k": 5}, "sampling.top_k"),
        ([1], "sampling"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, float], where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_sampling(settings, "sampling")
    assert caught.value.where == where
