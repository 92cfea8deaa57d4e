"""What was done, as the page tells it: how to do it again, with which versions, and how long each step took."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mteval.files import dump_json
from mteval.report.plain import words

_FOLDED = ("metrics", "pairs", "warnings")
"""What the page tells elsewhere."""


@dataclass(frozen=True)
class Done:
    """What a run's record says; each part is empty where the record does not say it.

    Attributes:
        command: one line for a shell that does the same again.
        facts: what was set and what it ran on, by name.
        packages: versions by package.
        seconds: by step, then of all together.
        more: what else there is, by name, as JSON.
    """

    command: str
    facts: Mapping[str, str]
    packages: Mapping[str, str]
    seconds: Mapping[str, str]
    more: Mapping[str, str]


def what_was_done(record: Mapping[str, Any]) -> Done:
    """Sort out a record, of which any part may be missing."""
    rest = {key: value for key, value in record.items() if key not in _FOLDED}
    environment = rest.pop("environment", None)
    rest.update(environment if isinstance(environment, Mapping) else {})
    command, packages, seconds = (rest.pop(key, None) for key in ("command", "packages", "seconds"))
    plain_facts = {key: value for key, value in rest.items() if isinstance(value, str | int | float)}
    return Done(
        command=_command(command),
        facts={words(key): _fact(value) for key, value in plain_facts.items()},
        packages={
            str(name): "not installed" if version is None else str(version)
            for name, version in (packages.items() if isinstance(packages, Mapping) else ())
        },
        seconds=_seconds(seconds),
        more={
            words(key): dump_json(value, indent=2)
            for key, value in rest.items()
            if key not in plain_facts and value is not None
        },
    )


def _command(command: object) -> str:
    if not isinstance(command, list | tuple) or not command:
        return ""
    program, *arguments = (str(word) for word in command)
    started = ["python", "-m", "mteval"] if program == "__main__.py" else program.split()  # `mteval run` is two words
    return shlex.join([*started, *arguments])


def _fact(value: str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _seconds(seconds: object) -> dict[str, str]:
    if not isinstance(seconds, Mapping):
        return {}
    times = {str(step): float(taken) for step, taken in seconds.items() if isinstance(taken, int | float)}
    shown = {step: f"{taken:.1f}" for step, taken in times.items()}
    return {**shown, "together": f"{sum(times.values()):.1f}"} if shown else {}
