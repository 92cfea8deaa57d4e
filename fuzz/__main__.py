"""Fuzzes by coverage what reads, judges and reports text: ``python -m fuzz [TARGET ...] [--seconds 60]``.

An input that breaks a target, or that it takes over 5 seconds for, is left in ``build/fuzz/TARGET`` and ends that
target's turn; ``python -m fuzz.guided TARGET 1 FILE`` shows it again. It needs ``pip install atheris``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from fuzz.targets import TARGETS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz by coverage.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="how long each is fuzzed (default: 60)")
    given = parser.parse_args()
    if unknown := [name for name in given.targets if name not in TARGETS]:
        parser.error(f"{unknown[0]} is no target; there are {', '.join(TARGETS)}")
    broken = []
    for name in given.targets or TARGETS:
        command = [sys.executable, "-m", "fuzz.guided", name, str(given.seconds)]
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        runs = next((line.split()[-1] for line in found.stdout.splitlines() if "number_of_executed_units" in line), "?")
        print(f"{name}: {'broken' if found.returncode else 'nothing found'} in {runs} inputs", flush=True)
        if found.returncode:
            print(found.stdout, file=sys.stderr)
            broken.append(name)
    sys.exit(f"broken: {', '.join(broken)}; see build/fuzz" if broken else 0)


if __name__ == "__main__":
    main()
