"""Fuzzes one target by coverage, in a process of its own: ``python -m fuzz.guided TARGET SECONDS``; see ``fuzz``."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mteval", "translate"]):
    from fuzz.targets import SEEDS, TARGETS

LONGEST = 5
"""Seconds that an input may take."""


def main(name: str, seconds: str) -> None:
    warnings.simplefilter("ignore")
    folder = Path("build", "fuzz", name)
    (corpus := folder / "corpus").mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, ())):
        (corpus / f"seed{number}").write_bytes(seed)
        TARGETS[name](seed)  # so that loading models counts for no text's time
    options = [f"-max_total_time={seconds}", f"-timeout={LONGEST}", "-rss_limit_mb=4096", "-max_len=4096"]
    quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *options, *quiet, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
