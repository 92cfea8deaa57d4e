"""Tiny chat models, written to a folder, that load as the real families do.

Each function writes what a published checkpoint of its family holds: ``config.json``, ``generation_config.json``,
safetensors weights, a fast tokenizer and a chat template that treats messages as the family's does. The weights are
random, the same for the same seed, so that what they write is nonsense; those of ``write_reciting`` know one text.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

_LETTERS = (
    "\n ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()[]{}<>/&%-_|„”«»="
    "áàâãéêíóôõúüçăîșțşţÁÀÂÃÉÊÍÓÔÕÚÜÇĂÎȘȚ"
)
"""The letters that the tokenizers know; every other one is unknown to them."""

_CHAT_ML = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_THINKING = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
_GEMMA = (
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "<start_of_turn>{{ 'model' if message.role == 'assistant' else message.role }}\n"
    "{{ message.content | trim }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_TRANSLATE_GEMMA = (
    "{% set names = {'pt': 'Portuguese', 'pt-BR': 'Portuguese', 'ro': 'Romanian', 'en': 'English'} %}"
    "{{ bos_token }}{% for message in messages %}{% if message.role == 'assistant' %}<start_of_turn>model\n"
    "{{ message.content | trim }}<end_of_turn>\n"
    "{% elif message.role == 'user' and message.content is not string and message.content | length == 1 %}"
    "{% set asked = message.content[0] %}"
    "{% if asked.source_lang_code not in names or asked.target_lang_code not in names %}"
    "{{ raise_exception('language not supported') }}{% endif %}"
    "<start_of_turn>user\n{{ names[asked.source_lang_code] }} ({{ asked.source_lang_code }}) to "
    "{{ names[asked.target_lang_code] }} ({{ asked.target_lang_code }}):\n\n\n{{ asked.text | trim }}<end_of_turn>\n"
    "{% else %}{{ raise_exception('User role must provide content as a list of one mapping') }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
_SIZE = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_RANDOM = {"initializer_range": 0.5}


def write_llama(folder: Path, *, seed: int = 0, positions: int = 512, ends: bool = True) -> Path:
    """Write a Llama with ChatML, as TowerInstruct and EuroLLM-Instruct are: a system message is a turn.

    Args:
        folder: where to; made if need be.
        seed: of the weights.
        positions: how many tokens prompt and answer may have together.
        ends: whether its decoding settings name the end of a turn, which some published ones forget.

    Returns:
        ``folder``.
    """
    tokenizer = _tokenizer(("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"), _CHAT_ML, bos="<s>", eos="</s>")
    config = _module("transformers").LlamaConfig(
        **_SIZE, **_RANDOM, **_ids(tokenizer), max_position_embeddings=positions, num_key_value_heads=1
    )
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    _save(folder, tokenizer, config, seed, end, {"eos_token_id": [end, config.eos_token_id]} if ends else {})
    return folder


def write_qwen(folder: Path, *, seed: int = 0) -> Path:
    """Write a Qwen 3, whose chat template takes ``enable_thinking``; arguments as for ``write_llama``."""
    template = _CHAT_ML.replace("{{ bos_token }}", "").replace("{% endif %}", f"{_THINKING}{{% endif %}}")
    tokenizer = _tokenizer(
        ("<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"), template, eos="<|im_end|>", pad="<|endoftext|>"
    )
    config = _module("transformers").Qwen3Config(
        **_SIZE, **_RANDOM, **_ids(tokenizer), head_dim=16, num_key_value_heads=1, max_position_embeddings=512
    )
    own = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95}
    _save(folder, tokenizer, config, seed, config.eos_token_id, own)
    return folder


def write_gemma(folder: Path, *, seed: int = 0, translate: bool = False) -> Path:
    """Write a Gemma 3 with its image encoder, whose chat template takes no system message.

    Args:
        folder, seed: as for ``write_llama``.
        translate: write a TranslateGemma, whose chat template takes the source with both languages' codes.
    """
    special = ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "<image>", "<boi>", "<eoi>")
    template = _TRANSLATE_GEMMA if translate else _GEMMA
    tokenizer = _tokenizer(special, template, bos="<bos>", eos="<eos>", pad="<pad>")
    text = {
        **_SIZE,
        **_RANDOM,
        "vocab_size": len(tokenizer),
        "head_dim": 16,
        "query_pre_attn_scalar": 16,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "sliding_window": 16,
        "layer_types": ["sliding_attention", "full_attention"],
    }
    image = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    numbers = {name: tokenizer.convert_tokens_to_ids(f"<{name}>") for name in ("image", "boi", "eoi", "end_of_turn")}
    config = _module("transformers").Gemma3Config(
        text_config=text,
        vision_config={**image, "image_size": 28, "patch_size": 14},
        mm_tokens_per_image=1,
        image_token_index=numbers["image"],
        boi_token_index=numbers["boi"],
        eoi_token_index=numbers["eoi"],
        **{key: value for key, value in _ids(tokenizer).items() if key != "vocab_size"},
    )
    own = {"eos_token_id": [config.eos_token_id, numbers["end_of_turn"]], "do_sample": True, "top_k": 64}
    _save(folder, tokenizer, config, seed, numbers["end_of_turn"], own)
    return folder


def write_reciting(folder: Path, pieces: Sequence[str]) -> Path:
    """Write a Llama with ChatML that answers everything with one text.

    Args:
        folder: as for ``write_llama``.
        pieces: of the text, no two alike; each becomes a token.
    """
    import torch

    transformers = _module("transformers")
    special = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
    tokenizer = _tokenizer(special, _CHAT_ML, bos="<s>", eos="</s>", more=pieces)
    size = len(tokenizer)
    config = transformers.LlamaConfig(
        **_SIZE | {"hidden_size": size, "num_hidden_layers": 1},
        **_ids(tokenizer),
        head_dim=8,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
    )
    model = transformers.LlamaForCausalLM(config)
    chain = [tokenizer.convert_tokens_to_ids(one) for one in ("\n", *pieces, "<|im_end|>")]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for norm in (model.model.norm, *(layer.input_layernorm for layer in model.model.layers)):
            norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        for before, after in pairwise(chain):  # each token is followed by one other
            model.lm_head.weight[after, before] = 1.0
    model.generation_config.update(eos_token_id=chain[-1])
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(special: Sequence[str], template: str, more: Sequence[str] = (), **roles: str) -> Any:
    """A fast tokenizer of single letters, whatever they are, and control symbols, with a chat template."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    vocab = {piece: index for index, piece in enumerate([*special, *dict.fromkeys(_LETTERS), *more])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in special])
    return _module("transformers").PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        chat_template=template,
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
        **{f"{role}_token": token for role, token in roles.items()},
    )


def _ids(tokenizer: Any) -> dict[str, int | None]:
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def _save(folder: Path, tokenizer: Any, config: Any, seed: int, end: int, generation: dict[str, Any]) -> None:
    """Write weights drawn from ``seed`` (the caller's random state is left alone), tokenizer and decoding settings."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _module("transformers").AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # so that some answers end early, some late and some not at all
        model.get_output_embeddings().weight[end] *= 1.6
        for name, parameter in model.named_parameters():
            if "language_model" in name and "post_" in name:  # of a Gemma, which would else repeat what it reads
                parameter.fill_(10.0)
    model.generation_config.update(**generation)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _module(name: str) -> Any:
    """A module that is slow to import and declares no types."""
    return importlib.import_module(name)
