"""The command line: its commands and their help. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys

USAGE = """\
usage: mteval COMMAND

Compare machine-translation systems, and find which translations and which
source texts are garbled.

commands:
  run     translate, score, judge, and write the leaderboard
  report  one leaderboard of runs that are done; nothing is scored again
  flag    say which of your own texts are garbled, and why

examples:
  mteval run                                     the five seed documents
  mteval run lang_pairs=[ro-en] metrics=[chrf]   choose options of a group
  mteval run --cfg job                           show the config, run nothing
  mteval run --help                              every group and its options
  mteval run evalset=jsonl evalset.path=FILE lang_pairs=[ro-en]
  mteval report runs/a runs/b +baseline=NAME     several runs, a sweep's folder
  mteval flag FILE...                            texts, or JSON Lines
  mteval flag --help                             what a FILE may hold

options:
  --help, -h   show this
  --version    show the version
"""


def main() -> None:
    """The entry point of the program.

    Exits with 0, 1 for a bug (or for what ``flag --fail-on`` found), 2 for what a user can mend, 130 for Ctrl-C.
    """
    arguments = sys.argv[1:]
    match arguments[:1]:
        case ["run" | "report" | "flag" as command]:
            try:
                if command == "run":
                    from mteval.app import run as work
                elif command == "report":
                    from mteval.report_command import report as work
                else:
                    from mteval.flag import flag as work
                code = work(arguments[1:])
            except KeyboardInterrupt:
                print("mteval: stopped", file=sys.stderr)
                code = 130
            sys.exit(code)
        case ["--version"]:
            from importlib.metadata import version

            print(version("mteval"))
        case [] | ["--help" | "-h" | "help"]:
            print(USAGE, end="")
        case [command, *_]:
            print(f"mteval: unknown command {command!r}; choose one of: run, report, flag", file=sys.stderr)
            sys.exit(2)


if __name__ == "__main__":
    main()
