"""In which precision a COMET model computes, and what of it need not be computed."""

from __future__ import annotations

from typing import Any

SIGNED = {"fp32": "fp32", "bf16": "bf16-mixed", "fp16": "fp16"}
"""How signatures name each precision: of ``bf16``, that only some of the arithmetic is."""


def lower(model: Any, precision: str) -> Any:
    """A model that is on its device, in a precision; ``fp32`` is as it was loaded.

    ``bf16``: the matrices of the encoder's layers are kept in bfloat16, which autocast would cast again for each
    batch. What is added up, normalised, pooled and estimated stays in float32: only products lose precision.
    """
    import torch

    if precision == "fp16":
        return model.half()
    if precision == "bf16":
        for module in model.encoder.model.encoder.modules():
            if isinstance(module, torch.nn.Linear):
                module.to(torch.bfloat16)
        encoder = model.encoder
        encoder.forward = torch.autocast(model.device.type, torch.bfloat16, cache_enabled=False)(encoder.forward)
    return model
