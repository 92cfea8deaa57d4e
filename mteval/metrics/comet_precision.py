"""In which precision a COMET model computes, and what of it need not be computed."""

from __future__ import annotations

from typing import Any

from mteval.metrics.comet_mapped import give_back, mapped

SIGNED = {"fp32": "fp32", "bf16": "bf16-mixed", "fp16": "fp16"}
"""How signatures name each precision: of ``bf16``, that only some of the arithmetic is."""


def lower(model: Any, precision: str) -> Any:
    """A model that is on its device, in a precision; ``fp32`` is as it was loaded.

    ``bf16``: the matrices of the encoder's layers are kept in bfloat16, which autocast would cast again for each
    batch. What is added up, normalised, pooled and estimated stays in float32: only products lose precision. The pages
    of the file that those matrices were mapped from are given back.
    """
    import torch

    if precision == "fp16":
        return model.half()
    if precision == "bf16":
        files = mapped()
        for module in model.encoder.model.encoder.modules():
            if isinstance(module, torch.nn.Linear):
                before = [(weight.data_ptr(), weight.nbytes) for weight in module.parameters()]
                module.to(torch.bfloat16)
                give_back(before, files)
            elif isinstance(getattr(module, "query", None), torch.nn.Linear):
                module.register_forward_pre_hook(_cast)
        encoder = model.encoder
        encoder.forward = torch.autocast(model.device.type, torch.bfloat16, cache_enabled=False)(encoder.forward)
    return model


def _cast(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What query, key and value are made of, cast once for the three of them."""
    import torch

    return (given[0].to(torch.bfloat16), *given[1:])
