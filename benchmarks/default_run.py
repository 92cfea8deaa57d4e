"""Where the seconds of the default run go, with an empty store and with a full one.

    python -m benchmarks.default_run

``mteval run`` as a newcomer calls it, each time in a fresh process. The steps are those that ``run.json`` tells; what
comes before them (the interpreter, imports, composing and building) and after them (reports, the terminal, the exit)
is told by the clock as the process passes by.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks.timing import Finished, finish

# Runs the program, and writes when the evaluation and the delivery of its result began and ended.
_WATCHED = """
import json, sys, time
from mteval import __main__, delivery, evaluation
passed = {}
def watch(owner, name):
    function = getattr(owner, name)
    def watched(*given, **named):
        began = time.time()
        result = function(*given, **named)
        passed[name] = began, time.time()
        return result
    setattr(owner, name, watched)
watch(evaluation.Evaluation, "run")
watch(delivery, "deliver")
file = sys.argv.pop(1)
try:
    __main__.main()
finally:
    open(file, "w").write(json.dumps(passed))
"""
_WORK = ("translating", "scoring")
_STEPS = ("start-up", "read", "check", "translating", "gate", "scoring", "verdicts", "comparing", "reports", "exit")
_NAMES = {"translate": "translating", "score": "scoring", "judge": "verdicts", "compare": "comparing"}


def measured(store: Path, folder: Path) -> tuple[Finished, Mapping[str, float]]:
    """One default run, and the seconds of each of its steps."""
    output, passed = folder / "run", folder / "passed.json"
    command = ["run", f"store={store}", f"output={output}", "overwrite=true"]
    began = time.time()
    finished = finish([sys.executable, "-c", _WATCHED, str(passed), *command])
    ended = time.time()
    run, deliver = (json.loads(passed.read_text("utf-8"))[name] for name in ("run", "deliver"))
    found = dict.fromkeys(_STEPS, 0.0)
    for step, seconds in json.loads((output / "run.json").read_text("utf-8"))["seconds"].items():
        name = step.partition(" ")[0]
        if name != "report":
            found[_NAMES.get(name, name)] += seconds
    told = sum(found.values())
    # What lies between the steps of the evaluation, and between it and the reports, is counted with the reports.
    found |= {"start-up": run[0] - began, "reports": deliver[1] - run[0] - told, "exit": ended - deliver[1]}
    return finished, found


def _rounds(rounds: int) -> Iterator[tuple[tuple[Finished, Mapping[str, float]], tuple[Finished, Mapping[str, float]]]]:
    """With an empty store, and with the store that this filled."""
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as there:
            folder = Path(there)
            yield measured(folder / "store", folder), measured(folder / "store", folder)


def rest(steps: Mapping[str, float]) -> float:
    """What is neither translating nor scoring."""
    return sum(seconds for step, seconds in steps.items() if step not in _WORK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found = list(_rounds(options.rounds))
    empty, full = ([pair[at][1] for pair in found] for at in range(2))
    print("| step | first run, s | again, s |\n|---|---:|---:|")
    for step in _STEPS:
        print(f"| {step} | {median(one[step] for one in empty):.2f} | {median(one[step] for one in full):.2f} |")
    for name, told in (("whole", lambda one: sum(one.values())), ("neither translating nor scoring", rest)):
        print(f"| **{name}** | {median(map(told, empty)):.2f} | {median(map(told, full)):.2f} |")


if __name__ == "__main__":
    main()
