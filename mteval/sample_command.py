"""``mteval sample``: the segments of a run that are worth a person's time, as tasks for annotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import ConfigError, DataError, MtevalError, OutputError

if TYPE_CHECKING:
    from mteval.annotation.record import Kept
    from mteval.annotation.selection import Plan
    from mteval.recorded import Recorded

_HELP = """\
Choose the segments of a run that are worth a person's time, and write them as
tasks for annotation: for Label Studio, for Pearmut, and as a spreadsheet.

A stated share is drawn at random; from these alone means are estimated without
bias. The rest goes to the segments on which metrics disagree most, a verdict is
near its threshold, or the two best systems differ most. Systems are hidden, the
order is random, and a few items are checks: damaged ones, and repeated ones.
"""
_NOTES = """\
FOLDER/tasks is for the annotators, FOLDER/key.jsonl is not: it says which
system is which. mteval import FOLDER FILE ... reads their judgments back.

exit codes: 0; 2 for what can be mended; 130 for Ctrl-C
"""


def sample(arguments: Sequence[str]) -> int:
    """Choose segments, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    parser = parser_of("mteval sample", "RUN", _HELP, _NOTES, overrides=False)
    parser.add_argument("--segments", type=int, default=50, metavar="N", help="how many of each lang pair (50)")
    parser.add_argument("--random", type=float, default=0.3, metavar="SHARE", help="of them drawn at random (0.3)")
    parser.add_argument("--checks", type=float, default=0.1, metavar="SHARE", help="checks for each item (0.1)")
    parser.add_argument("--systems", default="", metavar="A,B", help="whose hypotheses are judged (all ranked ones)")
    parser.add_argument(
        "--protocol", choices=("esa", "mqm"), default="esa", help="errors and a score; or categories (esa)"
    )
    parser.add_argument("--spans", metavar="METRIC", help="whose error spans are filled in (the first that gives any)")
    parser.add_argument("--seed", type=int, default=12345, help="of everything random (12345)")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="where to; it must be new or empty"
    )
    options = parsed(parser, arguments, config_dirs=False)
    try:
        from mteval.annotation.selection import Plan

        if len(options.given) != 1:
            raise ConfigError("mteval sample", f"{len(options.given)} runs are named", "name one run's folder")
        for key, share in (("--random", options.random), ("--checks", options.checks)):
            if not 0 <= share <= 1:
                raise ConfigError(key, f"{share:g} is no share", "give one from 0 to 1")
        if options.segments < 1:
            raise ConfigError("--segments", f"{options.segments} is fewer than one", "give 1 or more")
        systems = tuple(filter(None, options.systems.split(",")))
        plan = Plan(options.segments, options.random, options.checks, systems, options.spans, seed=options.seed)
        kept = _kept(_run(options.given[0]), plan, options.protocol)
        _write(kept, options.protocol, options.output)
        _tell(kept, options.output)
    except MtevalError as error:
        return fail(error)
    return 0


def _run(given: str) -> Recorded:
    from mteval.files import resolve
    from mteval.recorded import read_run

    return read_run(resolve(given))


def _kept(run: Recorded, plan: Plan, protocol: str) -> list[Kept]:
    from mteval.annotation.record import Kept
    from mteval.annotation.selection import chosen, items, systems_of

    found = []
    for pair in run.result.pairs:
        names = [system.name for system in systems_of(pair, plan)]
        if lost := [name for name in plan.systems if name not in names]:
            there = ", ".join(system.name for system in pair.systems)
            raise ConfigError("--systems", f"{lost[0]} is not in {pair.eval_set.pair}", f"choose from {there}")
        if plan.spans is not None and plan.spans not in run.result.metrics:
            raise ConfigError(
                "--spans", f"{plan.spans} is no metric of the run", f"choose from {', '.join(run.result.metrics)}"
            )
        rows = chosen(pair, run.result.metrics, plan)
        places = {segment.id: row for row, segment in enumerate(pair.eval_set.scored) if row in rows}
        for item, key in items(pair, rows, plan):
            row = places[key.segment]
            texts = {system.name: system.hypotheses.texts[row] for system in systems_of(pair, plan)}
            references = dict(pair.eval_set.scored[row].references)
            found.append(Kept(item, key, references, texts, pair.eval_set.name, protocol))
    if not found:
        raise DataError(str(run.folder), "has no system whose hypotheses could be judged", "name some with --systems")
    return found


def _write(kept: Sequence[Kept], protocol: str, output: Path) -> None:
    from mteval.annotation import record
    from mteval.annotation.label_studio import LabelStudio
    from mteval.annotation.pearmut import Pearmut
    from mteval.annotation.sheet import Sheet

    if output.exists() and any(output.iterdir()):
        raise OutputError(str(output), "the folder is not empty", "choose another with --output, or empty it")
    try:
        (tasks := output / "tasks").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(output), error.strerror or str(error), "choose another with --output") from None
    items = [one.item for one in kept]
    for form in (LabelStudio(), Pearmut(), Sheet()):
        form.write(items, "mqm" if protocol == "mqm" else "esa", tasks)
    record.write(kept, output)


def _tell(kept: Sequence[Kept], output: Path) -> None:
    segments = {(one.key.lang_pair, one.key.segment): one.key.reason for one in kept if one.key.check is None}
    reasons = Counter(segments.values())
    checks = Counter(one.key.check for one in kept if one.key.check)
    print(f"{len(kept)} items on {len(segments)} segments: {', '.join(f'{n} {why}' for why, n in reasons.items())}")
    if checks:
        print(f"among them as checks: {', '.join(f'{n} {what}' for what, n in checks.items())}")
    print(f"for annotators: {output / 'tasks'}; not for them: {output / 'key.jsonl'}")
