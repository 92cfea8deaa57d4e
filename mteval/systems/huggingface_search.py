"""Beam search as ``transformers`` has it, hypothesis for hypothesis, without what it computes in vain.

``generate`` runs every source of a batch until the last is finished, encodes the source for each beam anew, and copies
the attention's memory of the source at every step though all beams of a source share it. Here sources leave the batch
once nothing can change their hypotheses, beams part after the first step, and that memory is copied when sources leave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_NEVER = -1.0e9  # the score of what is not there, as in transformers
_LEAVE = 8  # sources leave the batch when one in so many is finished: leaving copies what stays


@dataclass(frozen=True)
class _Beams:
    """Sources at hand (B) and their beams (K), the likeliest first.

    Attributes:
        source: which each is, [B].
        tokens, scores: of what is running, [B, K, length] and [B, K].
        found, found_scores, ended: finished hypotheses, [B, K, most], their scores, and which are there, [B, K].
        open: which may still find a better one, [B].
    """

    source: torch.Tensor
    tokens: torch.Tensor
    scores: torch.Tensor
    found: torch.Tensor
    found_scores: torch.Tensor
    ended: torch.Tensor
    open: torch.Tensor

    def of(self, sources: torch.Tensor) -> _Beams:
        """Those of some of the sources."""
        return _Beams(*(getattr(self, name)[sources] for name in self.__dataclass_fields__))


def beam_search(
    model: Any,
    input_ids: torch.Tensor,
    logits_processor: Any,
    stopping_criteria: Any,
    generation_config: Any,
    synced_gpus: bool = False,
    **model_kwargs: Any,
) -> torch.Tensor:
    """What ``generate(custom_generate=…)`` calls in place of its own loop, for a model with encoder and decoder.

    Of the decoding settings it knows beam size, hypotheses per source, length, token ids and forbidden tokens; scores
    are divided by length and search stops where ``early_stopping=False`` stops.

    Args:
        input_ids: the decoder's first tokens, [B × K, 1].
        logits_processor: forbids and forces tokens.

    Returns:
        Token ids, padded, [B × hypotheses, length].
    """
    import torch

    width, most = generation_config.num_beams, generation_config.max_length
    ends = generation_config._eos_token_tensor
    start = input_ids.shape[1]
    first = torch.arange(0, len(input_ids), width, device=input_ids.device)
    inputs = model._get_initial_cache_position(start, input_ids.device, _chosen(model_kwargs, first))
    beams = _begin(input_ids, width, most, int(generation_config._pad_token_tensor))
    finished: list[_Beams] = []
    while True:
        rows = beams.tokens.flatten(0, 1)
        if beams.tokens.shape[2] == start:  # all beams of a source are the same still
            rows = rows[::width]
        output = model(**model.prepare_inputs_for_generation(rows, **inputs), return_dict=True)
        inputs = model._update_model_kwargs_for_generation(output, inputs, is_encoder_decoder=True)
        likelihoods = torch.log_softmax(output.logits[:, -1, :].float(), dim=-1)
        del output
        likelihoods = logits_processor(rows, likelihoods)
        beams, parents = _step(beams, likelihoods, ends, start, most)
        if beams.tokens.shape[2] == most or not beams.open.any():
            finished.append(beams)
            break
        stay = beams.open.nonzero()[:, 0]
        leaving = len(beams.open) - len(stay)
        parted = len(rows) < parents.numel()
        if leaving * _LEAVE >= len(beams.open):
            finished.append(beams.of((~beams.open).nonzero()[:, 0]))
            beams, parents = beams.of(stay), parents[stay]
        else:
            leaving = 0
        _follow(inputs, parents.flatten() // (width if parted else 1), parted or leaving > 0)
        if parted or leaving:
            inputs = _chosen(inputs, parents.flatten() // (width if parted else 1))
    count = generation_config.num_return_sequences
    order = torch.cat([one.source for one in finished]).argsort()
    return torch.cat([one.found for one in finished])[order, :count].flatten(0, 1)


def _begin(input_ids: torch.Tensor, width: int, most: int, pad: int) -> _Beams:
    """Each source with its first tokens, of which only the first beam counts."""
    import torch

    tokens = input_ids.view(-1, width, input_ids.shape[1])
    scores = torch.zeros(tokens.shape[:2], device=input_ids.device)
    scores[:, 1:] = _NEVER
    return _Beams(
        source=torch.arange(len(tokens), device=input_ids.device),
        tokens=tokens,
        scores=scores,
        found=tokens.new_full((*tokens.shape[:2], most), pad),
        found_scores=torch.full_like(scores, _NEVER),
        ended=torch.zeros_like(scores, dtype=torch.bool),
        open=torch.ones(len(tokens), dtype=torch.bool, device=input_ids.device),
    )


def _step(
    beams: _Beams, likelihoods: torch.Tensor, ends: torch.Tensor, start: int, most: int
) -> tuple[_Beams, torch.Tensor]:
    """The beams a token later, and the row of the last step that each continues, [B, K].

    Args:
        likelihoods: of the next token, logarithms, [B × K, vocabulary], or [B, vocabulary] where beams are the same.
    """
    import torch

    sources, width, length = beams.tokens.shape
    words = likelihoods.shape[-1]
    likelihoods = likelihoods.view(sources, -1, words)
    if likelihoods.shape[1] == width:
        likelihoods += beams.scores[:, :, None]
    else:
        likelihoods = likelihoods + beams.scores[:, :, None]
    scores, places = likelihoods.view(sources, width * words).topk(max(2, 1 + len(ends)) * width)
    parents, tokens = places // words, places % words
    longer = torch.cat([_pick(beams.tokens, parents), tokens[:, :, None]], dim=2)
    stopped = torch.isin(tokens, ends) | (length + 1 >= most)

    running = scores + stopped.float() * _NEVER
    best = running.topk(width)[1]
    # Only the likeliest continuations may be hypotheses; the others are there so that enough beams go on.
    ended = stopped.clone()
    ended[:, width:] = False
    new = scores / (length + 1 - start) + (~beams.open)[:, None].float() * _NEVER + (~ended).float() * _NEVER
    padded = torch.cat([longer, beams.found[:, :1, length + 1 :].expand(-1, longer.shape[1], -1)], dim=2)
    kept = torch.cat([beams.found_scores, new], dim=1).topk(width)[1]
    found_scores = torch.cat([beams.found_scores, new], dim=1).gather(1, kept)
    found = _pick(torch.cat([beams.found, padded], dim=1), kept)
    ended = torch.cat([beams.ended, ended], dim=1).gather(1, kept)

    going = running.gather(1, best)
    hoped = going[:, :1] / (length + 1 - start)
    worst = torch.where(ended, found_scores.min(dim=1, keepdim=True)[0], _NEVER)
    after = replace(
        beams,
        tokens=_pick(longer, best),
        scores=going,
        found=found,
        found_scores=found_scores,
        ended=ended,
        open=beams.open & (hoped > worst).any(dim=1),
    )
    return after, parents.gather(1, best) + torch.arange(sources, device=places.device)[:, None] * width


def _pick(rows: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
    """Of each source's rows, [B, N, length], those that are named, [B, M]."""
    return rows.gather(1, which[:, :, None].expand(-1, -1, rows.shape[2]))


def _follow(inputs: dict[str, Any], rows: torch.Tensor, sources_change: bool) -> None:
    """Let the attention's memory follow the rows that go on; that of the source only where sources leave or part."""
    memory = inputs["past_key_values"]
    (memory if sources_change else memory.self_attention_cache).reorder_cache(rows)


def _chosen(inputs: dict[str, Any], rows: torch.Tensor) -> dict[str, Any]:
    """The model's inputs for some rows: of the encoder's output, and of which source tokens are padding."""
    encoded = inputs["encoder_outputs"]
    changed = type(encoded)(last_hidden_state=encoded.last_hidden_state[rows])
    return {**inputs, "encoder_outputs": changed, "attention_mask": inputs["attention_mask"][rows]}
