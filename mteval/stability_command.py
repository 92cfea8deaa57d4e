"""``mteval stability``: which conclusions of a run hold whatever is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteval.command_line import fail, parsed, parser_of, warn
from mteval.errors import ConfigError, DataError, MtevalError

if TYPE_CHECKING:
    from mteval.metrics.base import Metric
    from mteval.recorded import Recorded
    from mteval.stability import Kind, Stability

_HELP = """\
Say which conclusions of a run hold whatever is chosen: the metric, the texts
(documents or segments drawn anew), whether the gate's failures count, whether
documents with a garbled source do, the tokenizer of BLEU, and the precision of
COMET. A conclusion is that one system is better than another, or that they
cannot be told apart. It is read from the run's folder; --tokenizers and
--precisions score its hypotheses anew.
"""
_NOTES = """\
exit codes: 0; 2 for what can be mended; 130 for Ctrl-C
"""
_TOKENIZERS = ("13a", "intl", "char", "none")
_PRECISIONS = ("fp32", "bf16")


def stability(arguments: Sequence[str]) -> int:
    """Judge a run's conclusions, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    parser = parser_of("mteval stability", "RUN", _HELP, _NOTES, overrides=False)
    parser.add_argument("--tokenizers", action="store_true", help=f"score BLEU by {', '.join(_TOKENIZERS)}")
    parser.add_argument("--precisions", action="store_true", help=f"score COMET in {' and '.join(_PRECISIONS)}")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="write stability.json and stability.html there")
    parser.add_argument("--json", action="store_true", help="print stability.json instead of tables")
    parser.add_argument("--allow", action="append", default=[], metavar="PACKAGE", help="whose metrics may be built")
    options = parsed(parser, arguments)
    try:
        if len(options.given) != 1:
            raise ConfigError("mteval stability", f"{len(options.given)} runs are named", "name one run's folder")
        found = _found(options)
        _deliver(found, options.output, as_json=options.json)
    except MtevalError as error:
        return fail(error)
    return 0


def _found(options: Any) -> list[Stability]:
    from mteval.recorded import scored
    from mteval.stability import rescoring, stability
    from mteval.whole_runs import read_whole

    whole = read_whole(options.given, options.allow, options.config_dir)
    warn(whole.failed)
    run, metrics = whole.run, whole.metrics
    ways = list(_ways(run, whole.build, tokenizers=options.tokenizers, precisions=options.precisions))
    result = scored(run, metrics, run.resampling)
    judged = [stability(pair, metrics, run.resampling, rescoring(ways)) for pair in result.pairs]
    found = [one for one in judged if one is not None]
    if not found:
        raise DataError(options.given[0], "no lang pair has two ranked systems", "name a run that compares systems")
    return found


def _ways(run: Recorded, build: Any, *, tokenizers: bool, precisions: bool) -> list[tuple[Kind, str, str, Metric]]:
    """The metrics of a run in other settings than its own."""
    ways: list[tuple[Kind, str, str, Metric]] = []
    configs: Mapping[str, Mapping[str, Any]] = run.result.record["metric_configs"]
    asked: Sequence[tuple[bool, str, Kind, str, Sequence[str]]] = (
        (tokenizers, "lexical.Bleu", "tokenizer", "tokenize", _TOKENIZERS),
        (precisions, "comet.Comet", "precision", "precision", _PRECISIONS),
    )
    for name, node in configs.items():
        for wanted, target, kind, key, values in asked:
            if wanted and str(node.get("_target_")).endswith(target):
                others = [value for value in values if value != node.get(key, values[0])]
                label = run.result.metrics[name].label
                ways += [(kind, f"{label} {one}", name, _changed(build, name, node, key, one)) for one in others]
    return ways


def _changed(build: Any, name: str, node: Mapping[str, Any], key: str, value: str) -> Metric:
    metric: Metric = build({name: {**node, key: value}}, "mteval stability")[name]
    return metric


def _deliver(found: Sequence[Stability], output: Path | None, *, as_json: bool) -> None:
    from mteval.files import dump_json, write_text
    from mteval.stability_page import page

    everything = dump_json([_json(one) for one in found], indent=2)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        write_text(output / "stability.json", everything + "\n")
        write_text(output / "stability.html", page(found))
    if as_json:
        print(everything)
    else:
        _show(found)


def _json(one: Stability) -> dict[str, Any]:
    conclusions = [
        {
            **asdict(conclusion),
            "outcomes": [
                {"kind": kind, "variant": name, "outcome": outcome}
                for (kind, name), outcome in conclusion.outcomes.items()
            ],
        }
        for conclusion in one.conclusions
    ]
    return {"lang_pair": one.pair, "eval_set": one.eval_set, "metric": one.metric, "conclusions": conclusions}


def _show(found: Sequence[Stability]) -> None:
    from rich.console import Console

    from mteval.report.terminal_screen import Screen
    from mteval.stability import WORDS

    screen = Screen(Console())
    for number, one in enumerate(found):
        if number:
            screen.gap()
        screen.say(f"{one.pair}, {one.eval_set}: conclusions by {one.metric}", "bold")
        screen.gap()
        grid = screen.grid()
        for head in ("Conclusion", "Changes with", "Order holds"):
            grid.add_column(head, justify="right" if head == "Order holds" else "left")
        for conclusion in one.conclusions:
            sign = ">" if conclusion.told_apart else "≈"
            changed = [
                f"{name}: {WORDS[outcome]}"
                for (_, name), outcome in conclusion.outcomes.items()
                if outcome is not None and outcome != "same"
            ]
            holds = "–" if conclusion.holds is None else f"{conclusion.holds:.0%}"
            cells = (f"{conclusion.better} {sign} {conclusion.worse}", ", ".join(changed) or "nothing", holds)
            grid.add_row(*map(screen.text, cells))
        screen.print(grid)
        screen.gap()
        for kind, told in _counted(one).items():
            screen.say(f"{kind}: {told}")
        screen.say(
            "lost: a difference is told no more; new: one is told that was not; REVERSED: the other is better. "
            "Order holds: in how many draws of the texts the one is before the other."
        )


def _counted(one: Stability) -> dict[str, str]:
    """For each kind of choice how many conclusions stay."""
    kept: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for conclusion in one.conclusions:
        for (kind, _), outcome in conclusion.outcomes.items():
            if outcome is not None:
                asked[kind] += 1
                kept[kind] += outcome == "same"
    return {kind: f"{kept[kind]} of {count} conclusions stay" for kind, count in asked.items()}
