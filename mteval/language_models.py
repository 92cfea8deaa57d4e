"""Families of language models, by their names: a judge prefers what a model of its own family wrote.

Panickssery et al. 2024 ("LLM Evaluators Recognize and Favor Their Own Generations") and Zheng et al. 2023 measured it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "GPT": ("gpt", "chatgpt", "davinci", "o1", "o3", "o4"),
    "Claude": ("claude",),
    "Gemini and Gemma": ("gemini", "gemma", "translategemma", "palm"),
    "Llama": ("llama", "codellama", "vicuna", "alma", "towerinstruct", "towerbase"),
    "Mistral": ("mistral", "mixtral", "ministral", "magistral"),
    "Qwen": ("qwen", "qwq"),
    "DeepSeek": ("deepseek",),
    "EuroLLM": ("eurollm",),
    "Command and Aya": ("command", "aya", "c4ai"),
    "Phi": ("phi",),
    "Grok": ("grok",),
    "GLM": ("glm", "chatglm"),
    "SalamandraTA": ("salamandra",),
}
"""By family, how words in the names of its models begin."""


def families_of(model: str) -> frozenset[str]:
    """The families that a model's name shows, as ``Llama`` and ``Mistral`` of ``TowerInstruct-Mistral-7B``.

    Returns:
        Its own name, in small letters, if it shows none.
    """
    name = model.rpartition("/")[2].casefold()
    words = re.findall(r"[a-z]+(?:\d+)?", name)
    found = {
        family
        for family, beginnings in _FAMILIES.items()
        if any(word.startswith(beginnings) if len(word) > 2 else word in beginnings for word in words)
    }
    return frozenset(found or {name})
