"""The versions and the machine that a result was made with, for ``run.json``."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "mteval",
    "sacrebleu",
    "unbabel-comet",
    "transformers",
    "torch",
    "numpy",
    "hydra-core",
    "sentencex",
    "lingua-language-detector",
)
"""What a result can depend on."""


@cache
def version(package: str) -> str | None:
    """The installed version of a package; ``None`` if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def device() -> str:
    """The accelerator that neural systems and metrics could use; without them torch is not even loaded."""
    torch = sys.modules.get("torch")
    return str(torch.cuda.get_device_name()) if torch is not None and torch.cuda.is_available() else "cpu"


def environment() -> dict[str, Any]:
    """Python, platform, cores, package versions and the command line."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "device": device(),
        "packages": {package: version(package) for package in PACKAGES},
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }
