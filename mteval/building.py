"""Options built by themselves, each as a run that chose it would build it; nothing is loaded or downloaded by that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mteval.composition import compose
from mteval.config import build_one
from mteval.errors import ConfigError, MtevalError
from mteval.evalsets.base import EvalSetReader
from mteval.metrics.base import Metric
from mteval.options import Option, is_list
from mteval.systems.base import System

Built = System | Metric | EvalSetReader

_BARE = ("systems=[]", "metrics=[]", "garble=[]", "report=[]", "tracking=[]")
"""A run of nothing, which is composed in a third of the time."""


def build_options(
    options: Sequence[Option], overrides: Sequence[str], config_dirs: Sequence[Path]
) -> dict[tuple[str, str], Built | MtevalError]:
    """Build options of one group, each with the overrides that its ``Example:`` gives.

    Args:
        options: of ``systems``, ``metrics`` or ``evalset``; hidden ones are left out.
        overrides: of the config, besides.

    Returns:
        By the option's name and that of the entry (the option's own again for an eval set): what was built, or why it
        cannot be.
    """
    readable = [option for option in options if not option.hidden]
    found: dict[tuple[str, str], Built | MtevalError]
    found = {(option.name, option.name): _unreadable(option) for option in readable if option.problem is not None}
    readable = [option for option in readable if option.problem is None]
    try:
        if len(readable) > 1 and all(option.entries for option in readable):  # one composition for all of them
            return {**found, **_build(readable, overrides, config_dirs)}
    except ConfigError:
        pass  # two of them do not go together, or one is broken: each alone says which
    for option in readable:
        try:
            found |= _build([option], overrides, config_dirs)
        except MtevalError as error:
            found[option.name, option.name] = error
    return found


def _build(
    options: Sequence[Option], overrides: Sequence[str], config_dirs: Sequence[Path]
) -> dict[tuple[str, str], Built | MtevalError]:
    group, names = options[0].group, ",".join(option.name for option in options)
    chosen = f"{group}=[{names}]" if is_list(group) else f"{group}={names}"
    examples = [override for option in options for override in option.example]
    config = compose([*_BARE, *overrides, chosen, *examples], config_dirs, said=overrides)
    found: dict[tuple[str, str], Built | MtevalError] = {}
    for option in options:
        entries = (option.name,) if not is_list(group) else option.entries or tuple(map(str, config[group]))
        for entry in entries:
            try:
                found[option.name, entry] = build_one(config, group, entry)
            except MtevalError as error:
                found[option.name, entry] = error
    return found


def _unreadable(option: Option) -> MtevalError:
    return ConfigError(f"{option.group}/{option.name}", option.problem or "cannot be read", "correct the file")
