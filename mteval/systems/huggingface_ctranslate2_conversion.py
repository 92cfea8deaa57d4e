"""Checkpoints in CTranslate2's format: found as a folder, or converted from one of ``transformers`` and kept."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

from mteval.checkpoint import Checkpoint
from mteval.errors import OutputError, UnavailableError
from mteval.loading import find_device, load_weights
from mteval.needs import Need

PACKAGE = "ctranslate2>=4.5,<5"

_WEIGHTS = "model.bin"
_SETTINGS = (".json", ".txt", ".spm", ".model")
_TOKENIZER = (".spm", ".model", "tokenizer.json", "vocab.json")
_VOCABULARIES = tuple(f"{side}_vocabulary{suffix}" for side in ("shared", "target") for suffix in (".json", ".txt"))


def is_converted(checkpoint: str) -> bool:
    """Whether a checkpoint is a folder in CTranslate2's format."""
    return (Path(checkpoint).expanduser() / _WEIGHTS).is_file()


def _lack(folder: Path) -> str | None:
    """What a folder in CTranslate2's format lacks to be read and translated with, in words; ``None`` for nothing."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    if "config.json" not in names:
        return "the folder has no config.json"
    if not set(_VOCABULARIES) & set(names):
        return "the folder has no vocabulary (shared_vocabulary.json)"
    if not any(name.endswith(_TOKENIZER) for name in names):
        return "the folder has no tokenizer (copy the files of the checkpoint's own there)"
    return None


def find_converted(checkpoint: str) -> Checkpoint:
    """A folder in CTranslate2's format; its revision is a digest of all its files that are used.

    Raises:
        UnavailableError: a file is missing from it.
    """
    folder = Path(checkpoint).expanduser()
    if problem := _lack(folder):
        raise UnavailableError(checkpoint, problem, "convert it again, with --copy_files for the tokenizer's files")
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.name == _WEIGHTS or path.name.endswith(_SETTINGS)):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return Checkpoint(folder.resolve().name, folder, f"sha256:{digest.hexdigest()[:16]}")


def need_converted(checkpoint: str) -> Need:
    """A folder in CTranslate2's format as something that must be there."""
    folder = Path(checkpoint).expanduser()
    problem = _lack(folder)
    size = (folder / _WEIGHTS).stat().st_size
    return Need("checkpoint", checkpoint, problem is None, problem or f"in {folder}", "convert it again", memory=size)


def converted(checkpoint: Checkpoint, quantization: str, cache: Path) -> Path:
    """Where a checkpoint lies in CTranslate2's format; it is converted first if it is not there.

    Conversion takes the memory of the whole weights, once. It is whole or not there: it is written to another folder
    and then renamed, so that any number of processes share a cache.

    Args:
        checkpoint: one of ``transformers``.
        quantization: of the weights that are written, as CTranslate2 calls it.
        cache: the folder that keeps what is converted, each under its name, revision, quantization and the version of
            CTranslate2.

    Raises:
        UnavailableError: it cannot be converted, or its files are broken.
        OutputError: the cache cannot be written.
    """
    name = re.sub(r"[^\w.-]+", "--", checkpoint.name)
    revision = checkpoint.revision.removeprefix("sha256:")[:16]
    target = cache / f"{name}-{revision}-{quantization}-{version('ctranslate2')}"
    if (target / _WEIGHTS).is_file():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{target.name}.") as partial:
            made = Path(partial) / "converted"
            _convert(checkpoint, quantization, made)
            try:
                made.rename(target)
            except OSError:
                if not (target / _WEIGHTS).is_file():  # which another process wrote meanwhile
                    raise
    except OSError as error:
        problem = f"what is converted cannot be kept there ({error.strerror})"
        raise OutputError(str(cache), problem, "choose another folder with cache") from None
    return target


def _convert(checkpoint: Checkpoint, quantization: str, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter
    from transformers import AutoModelForSeq2SeqLM

    # The converter would take random numbers for weights that are missing.
    load_weights(checkpoint.name, checkpoint.folder, AutoModelForSeq2SeqLM, "fp32", find_device("cpu"))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
            converter = TransformersConverter(str(checkpoint.folder), trust_remote_code=False)
            converter.convert(str(target), quantization=quantization)
        path = target / "config.json"
        settings = json.loads(path.read_bytes())
        start = settings["decoder_start_token"]
        if settings["bos_token"] is None:  # as of an mBART-50, which needs none, but is not loaded without
            path.write_text(json.dumps(settings | {"bos_token": settings["eos_token"]}), "utf-8")
    except Exception as error:  # the converter and transformers raise what they like
        reason = next(iter(str(error).strip().splitlines()), "")[:200]
        problem = f"CTranslate2 cannot convert it ({type(error).__name__}: {reason})"
        raise UnavailableError(checkpoint.name, problem, "use HuggingFace (systems=[huggingface]) for it") from error
    if start is None:
        problem = "CTranslate2's converter takes it for one that begins with the target language, as mBART-25"
        raise UnavailableError(checkpoint.name, problem, "add its tokenizer_class to its config.json")


def vocabulary(folder: Path) -> frozenset[str]:
    """The tokens that a checkpoint in CTranslate2's format can write.

    Raises:
        UnavailableError: its vocabulary cannot be read.
    """
    path = next(folder / name for name in _VOCABULARIES if (folder / name).is_file())
    try:
        text = path.read_text("utf-8")
        return frozenset(json.loads(text) if path.suffix == ".json" else text.split("\n"))
    except (OSError, ValueError, TypeError) as error:
        raise UnavailableError(str(path), f"cannot be read ({type(error).__name__})", "convert it again") from None
