"""What must be there before a plug-in can work: found by looking, without a network and without loading anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

NeedKind = Literal["checkpoint", "data", "package", "program", "file", "key", "endpoint"]


@dataclass(frozen=True)
class Need:
    """One thing that must be on this machine, or in its reach.

    Attributes:
        kind: what sort of thing; ``data`` is a test set that is downloaded, ``key`` an environment variable that holds
            a secret, which is never read further than whether it is there.
        name: what it is called: ``Unbabel/wmt22-comet-da``, ``ctranslate2``, ``DEEPL_API_KEY``.
        found: whether it is there; ``None`` where only the network can tell.
        detail: what was found (``version 4.8.5``), or what is wrong with it; without a full stop.
        remedy: what to do where it is not found, without a full stop.
        gated: whether a licence must be accepted before it can be had.
        hub: its name on the model hub, where it comes from there.
        dataset: whether that name is a data set's, not a model's.
        revision: a branch, tag or commit there; ``None`` for the main branch.
        files: patterns (``*.safetensors``) of the files that are needed; none for all.
        memory: bytes that it takes when loaded, once, as far as that is known without loading it.
        copies: how many processes load it, as far as a setting says; they share what accelerators there are.
        url: where an endpoint answers.
    """

    kind: NeedKind
    name: str
    found: bool | None
    detail: str = ""
    remedy: str = ""
    gated: bool = False
    hub: str | None = None
    dataset: bool = False
    revision: str | None = None
    files: tuple[str, ...] = ()
    memory: int | None = None
    copies: int = 1
    url: str | None = None


def package(requirement: str, extra: str | None = None) -> Need:
    """A Python package, with the versions that will do.

    Args:
        requirement: as ``ctranslate2>=4.5,<5``.
        extra: the extra of mteval's that installs it; ``None`` if mteval itself does.
    """
    wanted = Requirement(requirement)
    what = f"mteval[{extra}]" if extra else requirement
    remedy = f"pip install '{what}'"
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return Need("package", wanted.name, False, "not installed", remedy)
    if not wanted.specifier.contains(version, prereleases=True):
        return Need("package", wanted.name, False, f"version {version}, and {wanted.specifier} is needed", remedy)
    return Need("package", wanted.name, True, f"version {version}")


def program(name: str, remedy: str) -> Need:
    """A program that must be on the path."""
    where = shutil.which(name)
    return Need("program", name, where is not None, where or "not on the path", remedy)


def file(path: Path, remedy: str) -> Need:
    """A file or folder of the user's."""
    return Need("file", str(path), path.exists(), "" if path.exists() else "no such file or folder", remedy)


def key(variable: str) -> Need:
    """An environment variable that holds a secret."""
    there = bool(os.environ.get(variable, "").strip())
    return Need("key", variable, there, "set" if there else "not set", f"export {variable}=…, never in a config")


def lacking(needs: Iterable[Need]) -> list[Need]:
    """Those that are known not to be there."""
    return [need for need in needs if need.found is False]
