"""Loading what ``transformers`` reads from a checkpoint's folder, running no code of its own unless told to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteval.errors import UnavailableError

if TYPE_CHECKING:
    import torch

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
DEVICES = ("auto", "cpu", "cuda")

ANEW = "download it again, or choose another one"


def load(name: str, folder: Path, what: str, auto: Any, trust: bool | None = None, **settings: Any) -> Any:
    """What a class of ``transformers`` makes of a checkpoint.

    Args:
        name: the checkpoint's, for errors.
        folder: where it lies.
        what: the part that is loaded, for errors: ``tokenizer``.
        auto: the class, with ``from_pretrained``.
        trust: the user's ``trust_remote_code``, whether Python code that the checkpoint brings along is run; ``None``
            where they are not asked, and it is not.
        settings: of ``from_pretrained``.

    Raises:
        UnavailableError: its files are broken or do not belong together, or it cannot do without code of its own.
    """
    try:
        return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=trust is True, **settings)
    except Exception as error:  # sentencepiece, tokenizers, safetensors and transformers raise what they like
        if trust is not True and "trust_remote_code" in str(error):
            problem = f"its {what} needs Python code that the checkpoint brings along, which is not run"
            asked = "" if trust is None else ", or read that code and set trust_remote_code=true, which runs it"
            raise UnavailableError(name, problem, f"choose another one{asked}") from error
        reason = next(iter(str(error).strip().splitlines()), "")[:200]
        problem = f"its {what} cannot be loaded ({type(error).__name__}: {reason})"
        raise UnavailableError(name, problem, ANEW) from error


def load_weights(
    name: str, folder: Path, auto: Any, precision: str, device: torch.device, trust: bool | None = None
) -> Any:
    """The weights, ready to be used on a device.

    Args:
        name, folder, auto, trust: as for ``load``.
        precision: one of ``DTYPES``.

    Raises:
        UnavailableError: they are broken, or some are missing, which ``transformers`` would fill with random numbers.
    """
    import torch

    dtype = getattr(torch, DTYPES[precision])
    model, report = load(name, folder, "weights", auto, trust, dtype=dtype, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        problem = f"{len(missing)} of its weights are missing, {missing[0]} first"
        raise UnavailableError(name, problem, ANEW)
    return model.to(device).eval()


def find_device(choice: str) -> torch.device:
    """The device that one of ``DEVICES`` comes to here.

    Raises:
        UnavailableError: CUDA is asked for in vain.
    """
    import torch

    found = torch.cuda.is_available()
    if choice == "cuda" and not found:
        raise UnavailableError("device", "PyTorch finds no CUDA device here", "set it to cpu or auto")
    return torch.device("cuda" if found and choice != "cpu" else "cpu")


def free(device: torch.device) -> None:
    """Hand back what a device's memory no longer holds."""
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
