"""Fuzzes one target by coverage: ``python -m fuzz TARGET [SECONDS]``; what breaks it is left in ``build/fuzz/TARGET``.

It needs ``pip install atheris``.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mteval", "translate"]):
    from fuzz.targets import SEEDS, TARGETS


def main(name: str, seconds: str = "60") -> None:
    warnings.simplefilter("ignore")
    folder = Path("build", "fuzz", name)
    (corpus := folder / "corpus").mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, ())):
        (corpus / f"seed{number}").write_bytes(seed)
        TARGETS[name](seed)  # so that loading models counts for no text's time
    options = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=4096", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz TARGET [SECONDS]; the targets are {', '.join(TARGETS)}")
    main(*sys.argv[1:])
