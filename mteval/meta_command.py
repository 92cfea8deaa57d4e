"""``mteval meta``: how well the metrics of runs agree with people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mteval.command_line import fail, parsed, parser_of, warn
from mteval.errors import ConfigError, DataError, MtevalError

if TYPE_CHECKING:
    from mteval.meta import Judged, Settings
    from mteval.metrics.base import MetricCard

_HELP = """\
Say how well metrics agree with people, from what runs' folders hold: nothing is
scored again. A RUN is the folder of a run whose eval set has gold scores, as
DA, MQM or ESA, and whose systems are those that people judged.
"""
_NOTES = """\
exit codes: 0; 2 for what can be mended; 130 for Ctrl-C
"""


def meta(arguments: Sequence[str]) -> int:
    """Judge metrics, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    parser = parser_of("mteval meta", "RUN ...", _HELP, _NOTES, overrides=False)
    parser.add_argument("--lower-is-better", action="store_true", help="of the gold scores, as of HTER")
    parser.add_argument("--bad-at", type=float, metavar="SCORE", help="judge verdicts: garbled should be gold this bad")
    parser.add_argument("--draws", type=int, default=1000, help="of intervals and tests; 0 for neither (1000)")
    parser.add_argument("--seed", type=int, default=12345, help="of the draws (default: 12345)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write meta.md and meta.json there")
    parser.add_argument("--json", action="store_true", help="print meta.json instead of tables")
    parser.add_argument("--allow", action="append", default=[], metavar="PACKAGE", help="whose metrics may be built")
    options = parsed(parser, arguments)
    try:
        if not options.given:
            raise ConfigError("mteval meta", "no run is named", "name a run's folder, or one that holds runs")
        if options.draws < 0:
            raise ConfigError("--draws", f"{options.draws} is less than none", "give 0 or more")
        from mteval.meta import Settings

        settings = Settings(not options.lower_is_better, options.draws, options.seed, bad_at=options.bad_at)
        judged, cards = _judged(options.given, settings, options.allow, options.config_dir)
        _deliver(judged, cards, settings, options.output, as_json=options.json)
    except MtevalError as error:
        return fail(error)
    return 0


def _judged(
    given: Sequence[str], settings: Settings, allow: Sequence[str], config_dirs: Sequence[Path]
) -> tuple[list[Judged], dict[str, MetricCard]]:
    from mteval.meta import judge
    from mteval.whole_runs import read_whole

    whole = read_whole(given, allow, config_dirs)
    warn(whole.failed)
    found = [judge(pair, whole.metrics, settings) for pair in whole.run.result.pairs]
    judged = [one for one in found if one is not None]
    if not judged:
        remedy = "run an eval set with gold scores, as evalset=mt_metrics_eval, or evalset=jsonl with gold in its lines"
        raise DataError(", ".join(given), "no lang pair has gold scores", remedy)
    return judged, {name: metric.card for name, metric in whole.metrics.items()}


def _deliver(
    judged: Sequence[Judged], cards: dict[str, MetricCard], settings: Settings, output: Path | None, *, as_json: bool
) -> None:
    from mteval import meta_report
    from mteval.files import dump_json, write_text

    everything = dump_json(meta_report.as_json(judged, cards, settings), indent=2)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_text(output / "meta.md", meta_report.markdown(judged, cards, settings))
        write_text(output / "meta.json", everything + "\n")
    if as_json:
        print(everything)
    else:
        _show(judged, cards, settings)


def _show(judged: Sequence[Judged], cards: dict[str, MetricCard], settings: Settings) -> None:
    from rich.console import Console

    from mteval import meta_report
    from mteval.report.terminal_screen import Screen

    screen = Screen(Console())
    for number, one in enumerate(judged):
        if number:
            screen.gap()
        screen.say(f"{one.pair}, {one.eval_set}", "bold")
        screen.say(meta_report.size(one))
        for table in meta_report.tables(one, cards, settings):
            grid = screen.grid()
            grid.add_column(table.title)
            for head in table.heads:
                grid.add_column(head, justify="right")
            for name, cells in table.rows:
                grid.add_row(screen.text(name), *(screen.text("\n".join(filter(None, cell))) for cell in cells))
            screen.gap()
            screen.print(grid)
            screen.gap()
            for note in table.notes:
                screen.say(note)
        if said := list(meta_report.garbled(one, settings)):
            screen.gap()
            screen.say(" ".join(said))
        for notice in one.notices:
            screen.say(notice)
