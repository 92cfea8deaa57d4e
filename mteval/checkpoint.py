"""Checkpoints: found in a folder, in the hub's cache or on the hub, and identified by what they hold."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from mteval import network
from mteval.checkpoint_files import damage
from mteval.errors import ConfigError, GatedError, UnavailableError
from mteval.needs import Need

TIMEOUT = 10.0
"""Seconds that the hub has to answer."""

_ELSEWHERE = "download it on a machine with access to the hub and give the folder as checkpoint"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TOKENIZER = (".spm", ".model", "tokenizer.json", "vocab.json", "vocab.txt")
_SETTINGS = (".json", ".spm", ".model", ".txt", ".jinja")
_INDEX = ".index.json"

Part = Literal["weights", "tokenizer", "code"]
PARTS: tuple[Part, ...] = ("weights", "tokenizer")
"""What a checkpoint holds beside its configuration; some on the hub hold only one of them. ``code`` is Python that some
bring along, which is used only where somebody says so."""

WITH_CODE: tuple[Part, ...] = (*PARTS, "code")


class Checkpoint:
    """A folder that holds a configuration, weights and a tokenizer.

    Attributes:
        name: its name on the hub, or the folder's own.
        folder: where it lies.
        parts: what of it is used.
    """

    def __init__(self, name: str, folder: Path, commit: str | None, parts: tuple[Part, ...] = PARTS) -> None:
        self.name = name
        self.folder = folder
        self._commit = commit
        self.parts = parts

    @cached_property
    def revision(self) -> str:
        """The hub's commit; for a folder, ``sha256:`` and sixteen hexadecimal digits of all its files that are used."""
        if self._commit is not None:
            return self._commit
        digest = hashlib.sha256()
        for name in used(_names(self.folder), self.parts):
            path = self.folder / name
            told = path.stat()
            digest.update(f"{name}\0{_sha256(path.resolve(), told.st_size, told.st_mtime_ns)}\n".encode())
        return f"sha256:{digest.hexdigest()[:16]}"


@lru_cache(maxsize=1024)
def _sha256(path: Path, size: int, changed: int) -> str:
    """A file's digest; the file is read once, however many systems share the checkpoint, unless it changes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find(checkpoint: str, revision: str | None, parts: tuple[Part, ...] = PARTS) -> Checkpoint:
    """Find a checkpoint, and download it if it is on the hub and not yet in the cache.

    A folder is taken as it is. What the hub has is asked for once, for ``TIMEOUT`` seconds at most; if it does not
    answer, what the cache has of that revision is used. A full commit that is in the cache is never asked for.

    Args:
        checkpoint: a folder, or a name on the hub such as ``facebook/m2m100_418M``.
        revision: a branch, tag or commit on the hub; ``None`` is its main branch.
        parts: what of it is needed.

    Raises:
        UnavailableError: it is not to be had, or a file is missing from it or cut short.
        GatedError: its licence must be accepted first.
        ConfigError: ``checkpoint`` is neither a folder nor a possible name, or a folder is given a revision.
    """
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise ConfigError("revision", f"{checkpoint} is a folder, which has no revisions", "leave revision out")
        if lack := _lack(folder, parts):
            raise UnavailableError(checkpoint, lack, "give a folder that save_pretrained or the hub's download wrote")
        return _whole(Checkpoint(folder.resolve().name, folder, None, parts), checkpoint)
    if folder.is_absolute() or checkpoint.startswith((".", "~")) or checkpoint.count("/") > 1:
        raise UnavailableError(checkpoint, "there is no such folder", "correct checkpoint, or name one on the hub")
    return _whole(_on_hub(checkpoint, revision, parts), checkpoint)


def _whole(found: Checkpoint, name: str) -> Checkpoint:
    """A checkpoint, once none of its files is seen to be cut short.

    Raises:
        UnavailableError: one is.
    """
    if problem := _damage(found.folder, found.parts):
        raise UnavailableError(name, problem, f"remove it from {found.folder}, and copy or download it again")
    return found


def _damage(folder: Path, parts: tuple[Part, ...]) -> str | None:
    return next((told for name in used(_names(folder), parts) if (told := damage(folder / name))), None)


def need(
    checkpoint: str,
    revision: str | None,
    bytes_per_weight: float = 4,
    gated: bool = False,
    parts: tuple[Part, ...] = PARTS,
) -> Need:
    """A checkpoint as something that must be there: found in a folder or in the hub's cache, without asking the hub.

    Args:
        bytes_per_weight: how a weight is held once it is loaded; files are taken to hold four bytes for each.
        gated: whether its licence must be accepted at the hub first.
        parts: what of it is needed.
    """
    folder = Path(checkpoint).expanduser()
    if folder.is_dir() or folder.is_absolute() or checkpoint.startswith((".", "~")) or checkpoint.count("/") > 1:
        lack = _lack(folder, parts) or _damage(folder, parts) if folder.is_dir() else "there is no such folder"
        memory = None if lack else _memory(folder, bytes_per_weight, parts)
        return Need("checkpoint", checkpoint, lack is None, lack or f"in {folder}", "correct checkpoint", memory=memory)
    cached = _in_cache(checkpoint, revision, parts)
    if cached is not None and (damaged := _damage(cached.folder, parts)):
        remedy = f"remove it from {cached.folder}, and copy or download it again"
        return Need("checkpoint", checkpoint, False, damaged, remedy)
    return Need(
        "checkpoint",
        checkpoint,
        cached is not None,
        f"in {cached.folder}" if cached else "not in the hub's cache",
        _ELSEWHERE,
        gated=gated,
        hub=checkpoint,
        revision=revision,
        memory=_memory(cached.folder, bytes_per_weight, parts) if cached else None,
    )


def _memory(folder: Path, bytes_per_weight: float, parts: tuple[Part, ...]) -> int | None:
    if "weights" not in parts:
        return None
    sizes = [(folder / name).stat().st_size for name in _weights(_names(folder)) if not name.endswith(_INDEX)]
    return int(sum(sizes) * bytes_per_weight / 4)


def used(names: Collection[str], parts: tuple[Part, ...] = PARTS) -> list[str]:
    """The files of a checkpoint that are read, sorted: safetensors weights, or PyTorch's own if it has no others."""
    weights = _weights(names) if "weights" in parts else []
    suffixes = (*_SETTINGS, ".py") if "code" in parts else _SETTINGS
    others = (name for name in names if name.endswith(suffixes) and "/" not in name and not name.endswith(_INDEX))
    return sorted({*weights, *others} - {"requirements.txt", "README.txt"})


def _weights(names: Collection[str]) -> list[str]:
    """The files that hold the weights, an index first; none if there are none."""
    for stem, suffix in (("model", "safetensors"), ("pytorch_model", "bin")):
        if f"{stem}.{suffix}" in names:
            return [f"{stem}.{suffix}"]
        if (index := f"{stem}.{suffix}{_INDEX}") in names:
            shard = re.compile(rf"{stem}-\d+-of-\d+\.{suffix}")
            return [index, *sorted(name for name in names if shard.fullmatch(name))]
    return []


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]


def _lack(folder: Path, parts: tuple[Part, ...]) -> str | None:
    """What a folder lacks to be a checkpoint, in words; ``None`` if it lacks nothing."""
    names = _names(folder)
    weights = _weights(names) if "weights" in parts else []
    if "config.json" not in names:
        return "the folder has no config.json"
    if not weights and "weights" in parts:
        return "the folder has no weights (model.safetensors or pytorch_model.bin)"
    if "tokenizer" in parts and not any(name.endswith(_TOKENIZER) for name in names):
        return "the folder has no tokenizer (tokenizer.json, vocab.json or a SentencePiece model)"
    if "code" in parts and (lack := _lack_of_code(folder, names)):
        return lack
    for name in used(names, parts):
        with (folder / name).open("rb") as file:
            if file.read(24) == b"version https://git-lfs.":
                return f"{name} is only Git's pointer to the real file (git lfs pull fetches that)"
    if weights and weights[0].endswith(_INDEX):
        try:
            shards = set(json.loads((folder / weights[0]).read_bytes())["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"{weights[0]} is not an index of weights"
        if missing := sorted(shards - set(names)):
            return f"the folder has no {missing[0]}, which {weights[0]} lists"
    return None


def _lack_of_code(folder: Path, names: Collection[str]) -> str | None:
    """Which module of its own a checkpoint names and does not bring along; ``None`` for none."""
    for settings in ("config.json", "tokenizer_config.json"):
        try:
            classes = json.loads((folder / settings).read_bytes())["auto_map"].values()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # it names none, or is broken, which is said when it is loaded
        for one in (one for given in classes for one in (given if isinstance(given, list) else [given])):
            module = f"{str(one).partition('.')[0]}.py"
            if one is not None and module not in names:
                return f"the folder has no {module}, the code that {settings} names"
    return None


def _on_hub(name: str, revision: str | None, parts: tuple[Part, ...]) -> Checkpoint:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        cached = _in_cache(name, revision, parts)
        if cached is not None and revision is not None and _COMMIT.fullmatch(revision):
            return cached
        if network.offline():
            if cached is None:
                raise UnavailableError(name, "is not in the hub's cache, and this run is offline", _ELSEWHERE)
            return cached
        try:
            info = HfApi().model_info(name, revision=revision, timeout=TIMEOUT)
            files = used([file.rfilename for file in info.siblings or ()], parts)
            folder = Path(snapshot_download(name, revision=revision, allow_patterns=files))
        except OSError:  # of which every failure of network, hub and disk is a kind
            if cached is None:
                raise
            return cached
    except HFValidationError:
        problem = f"{name!r} is neither a folder nor a name on the hub"
        raise ConfigError("checkpoint", problem, "write a folder, or a name such as facebook/m2m100_418M") from None
    except GatedRepoError as error:
        remedy = f"accept it at https://huggingface.co/{name} and log in with hf auth login, or give a folder"
        raise GatedError(name, "the hub gives it only to those who accepted its licence", remedy) from error
    except RevisionNotFoundError as error:
        raise UnavailableError(name, f"the hub has no revision {revision!r} of it", "correct revision") from error
    except RepositoryNotFoundError as error:
        remedy = "correct checkpoint, or log in with hf auth login if it is private"
        raise UnavailableError(name, "the hub has no such checkpoint, and there is no such folder", remedy) from error
    except OSError as error:
        raise UnavailableError(name, f"the hub cannot be reached ({type(error).__name__})", _ELSEWHERE) from error
    if lack := _lack(folder, parts):
        raise UnavailableError(name, lack.replace("the folder", "the checkpoint"), "choose another one")
    return Checkpoint(name, folder, folder.name, parts)


def _in_cache(name: str, revision: str | None, parts: tuple[Part, ...]) -> Checkpoint | None:
    """The checkpoint as it was downloaded before; ``None`` if it was not, or not all of it."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return Checkpoint(name, folder, folder.name, parts) if _lack(folder, parts) is None else None
