"""The command line: its commands and their help. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Mapping

USAGE = """\
usage: mteval COMMAND

Compare machine-translation systems, and find which translations and which
source texts are garbled.

commands:
  run         translate, score, judge, and write the leaderboard
  report      one leaderboard of runs that are done; nothing is scored again
  meta        how well the metrics of runs agree with people
  stability   which conclusions of a run hold whatever is chosen
  sample      the segments of a run that are worth a person's time, as tasks
  import      what people judged of them, as gold scores
  flag        say which of your own texts are garbled, and why
  list        what there is to choose from: systems, metrics, eval sets, ...
  doctor      what this machine can run, and what is lacking for the rest
  init        a folder of configs of your own to start from
  store       what is kept between runs: its size, what no run uses, checksums
  completion  completion of commands, options and keys for your shell

examples:
  mteval run                                     the five seed documents
  mteval run lang_pairs=[ro-en] metrics=[chrf]   choose options of a group
  mteval run --cfg job                           show the config, run nothing
  mteval run --help                              every group and its options
  mteval run evalset=jsonl evalset.path=FILE lang_pairs=[ro-en]
  mteval report runs/a runs/b +baseline=NAME     several runs, a sweep's folder
  mteval flag FILE...                            texts, or JSON Lines
  mteval flag --help                             what a FILE may hold
  mteval list metrics                            every metric, one line each
  mteval doctor metrics=[comet22]                can it run here?
  mteval init mine                               then add --config-dir mine
  eval "$(mteval completion bash)"               or zsh, or fish

options:
  --help, -h   show this
  --version    show the version
"""


COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("mteval.app", "run"),
    "report": ("mteval.report_command", "report"),
    "meta": ("mteval.meta_command", "meta"),
    "stability": ("mteval.stability_command", "stability"),
    "sample": ("mteval.sample_command", "sample"),
    "import": ("mteval.import_command", "import_judgments"),
    "flag": ("mteval.flag", "flag"),
    "list": ("mteval.list_command", "list_options"),
    "doctor": ("mteval.doctor", "doctor"),
    "init": ("mteval.init_command", "init"),
    "store": ("mteval.store_command", "store"),
    "completion": ("mteval.completion", "completion"),
}
"""By name, the module and the function of each command, which takes the arguments and returns the exit code."""


def main() -> None:
    """The entry point of the program.

    Exits with 0, 1 for a bug (or for what ``flag --fail-on`` or ``doctor`` found), 2 for what a user can mend, 130 for
    Ctrl-C, 141 where the reader of its output has gone.
    """
    match sys.argv[1:]:
        case ["--version"]:
            from importlib.metadata import version

            print(version("mteval"))
        case [] | ["--help" | "-h" | "help"]:
            print(USAGE, end="")
        case [command, *arguments] if command in COMMANDS:
            module, function = COMMANDS[command]
            try:
                code = getattr(importlib.import_module(module), function)(arguments)
                sys.stdout.flush()
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its exit
                code = 141
            except KeyboardInterrupt:
                print("mteval: stopped", file=sys.stderr)
                code = 130
            gc.freeze()  # or Python looks through all that torch has made once more, a second long, before it exits
            sys.exit(code)
        case [command, *_]:
            import difflib

            close = difflib.get_close_matches(command, COMMANDS, n=1)
            remedy = f"did you mean {close[0]}? " if close else ""
            print(f"mteval: unknown command {command!r}; {remedy}choose one of: {', '.join(COMMANDS)}", file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main()
