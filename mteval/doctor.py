"""``mteval doctor``: what this machine can run of a config, before anything is loaded or downloaded."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import MtevalError

if TYPE_CHECKING:
    from mteval.config import Run
    from mteval.doctor_examine import Candidate
    from mteval.doctor_parts import Part

GROUPS = ("systems", "metrics", "evalset")
"""The groups whose options say what they need."""

_HELP = """\
Say what this machine can run of the config that mteval run would run with the
same overrides: what each system, each metric and the eval set needs, whether it
is there or can be had, and what to do where it cannot. Nothing is loaded,
downloaded or written.

The model hub is asked for sizes and licences of what is not yet here, and
endpoints whether they answer; with offline=true or HF_HUB_OFFLINE=1 nothing is
asked. Keys are never shown.
"""
_CONFIG = """\
KEY=VALUE overrides the config as in mteval run: systems=[nllb_600m] chooses
what is looked at.

exit codes: 0 if nothing is known to be lacking, 1 if something is, 2 for what
can be mended in the config
"""


def doctor(arguments: Sequence[str]) -> int:
    """Examine, with the command line's arguments.

    Returns:
        The exit code: 0, 1 if something lacks, or 2 for what a user can mend in the config.
    """
    parser = parser_of("mteval doctor", "", _HELP, _CONFIG)
    add = parser.add_argument
    add("--all", action="store_true", help="every option of systems, metrics and evalset, your own included")
    add("--json", action="store_true", help="one JSON object, with every fact")
    options = parsed(parser, arguments)
    try:
        parts = _examine(options.given, options.config_dir, everything=options.all)
    except MtevalError as error:
        return fail(error)
    lacking = any(part.state == "lacking" for part in parts)
    if options.json:
        _print_json(parts, 1 if lacking else 0)
    else:
        from rich.console import Console

        from mteval.doctor_text import show

        show(parts, Console())
    return 1 if lacking else 0


def _examine(overrides: Sequence[str], config_dirs: Sequence[Path], *, everything: bool) -> list[Part]:
    from mteval.composition import compose
    from mteval.config import build
    from mteval.doctor_examine import Examination
    from mteval.doctor_facts import Surroundings
    from mteval.doctor_ground import machine, versions
    from mteval.doctor_machine import devices, main_memory
    from mteval.doctor_network import ask_endpoints, ask_hub
    from mteval.doctor_parts import Fact, Part

    run = build(compose(overrides, config_dirs))  # which goes offline if the config says so
    chosen = _every_option(overrides, config_dirs) if everything else _chosen(run)
    examined = Examination(chosen, run.evaluation.reader, run.evaluation.pairs)
    needs = examined.needs
    found, told = devices()
    around = Surroundings(
        ask_hub(need for need in needs if need.found is not True),
        ask_endpoints(need.url for need in needs if need.url is not None and need.hub is None),
        found,
        main_memory(),
    )
    later = Fact("tracker", None, "is looked at when a run begins, before anything is translated")
    return [
        *examined.parts(around),
        *([] if everything else examined.pair_parts()),
        *(Part("tracking", name, (later,)) for name in run.trackers),
        *machine(needs, around, told, run.evaluation.store),
        *versions(),
    ]


def _chosen(run: Run) -> list[Candidate]:
    """What the run would run."""
    from mteval.doctor_examine import Candidate

    evaluation = run.evaluation
    return [
        *(Candidate("systems", name, system) for name, system in evaluation.systems.items()),
        *(Candidate("metrics", name, metric) for name, metric in evaluation.metrics.items()),
        Candidate("evalset", str(run.config["evalset"].get("name") or "evalset"), evaluation.reader),
    ]


def _every_option(overrides: Sequence[str], config_dirs: Sequence[Path]) -> list[Candidate]:
    """Every option of the groups that say what they need."""
    from mteval.building import build_options
    from mteval.doctor_examine import Candidate
    from mteval.options import options_of

    found = []
    for group in GROUPS:
        options = options_of(group, config_dirs)
        examples = {option.name: option.example for option in options}
        built = build_options(options, overrides, config_dirs)
        found += [Candidate(group, entry, one, examples[option]) for (option, entry), one in built.items()]
    return found


def _print_json(parts: Sequence[Part], code: int) -> None:
    from mteval import network
    from mteval.doctor_text import summary
    from mteval.files import dump_json

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as JSON is, whatever the terminal's letters
    found = {"exit_code": code, "summary": summary(parts), "offline": network.offline()}
    print(dump_json({**found, "parts": [part.row for part in parts]}, indent=2))
