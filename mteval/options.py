"""The options that there are: the files in each group's folder, of those that ship and of the user's own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mteval.errors import ConfigError, DataError
from mteval.files import packaged, read_text, read_yaml

WRAPPED = 120
"""Where a comment's lines are broken."""

_EXAMPLE = "Example: "


@dataclass(frozen=True)
class Option:
    """One file of a group.

    Attributes:
        group: as ``metrics``.
        name: what it is chosen by.
        file: where it lies.
        own: the folder of the user's own configs that it lies in; ``None`` if it ships.
        default: whether a run has it unless told otherwise.
        hidden: whether a file of the same name comes before it, so that it is never read.
        comment: all that its first comment says, a paragraph each; none of ``Example:``.
        example: overrides with which it can be built.
        entries: the names that it defines, where the group is a list; else none.
        problem: why it cannot be read; ``None`` if it can.
    """

    group: str
    name: str
    file: Path
    own: Path | None = None
    default: bool = False
    hidden: bool = False
    comment: tuple[str, ...] = ()
    example: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def about(self) -> str:
        """What it is: the first sentence of its comment."""
        first = self.comment[0] if self.comment else ""
        return re.split(r"(?<=[.!?])\s+(?=[A-Z“(])", first)[0].removesuffix(".")


def groups() -> list[str]:
    """The groups of the config, in the order of the root config."""
    return list(_defaults())


def is_list(group: str) -> bool:
    """Whether several options of a group are chosen together, as in ``metrics=[bleu,chrf]``."""
    return isinstance(_defaults()[group], list)


def group_named(given: str) -> str:
    """The group that a user means, in the singular or the plural.

    Raises:
        ConfigError: there is none of that name.
    """
    for group in groups():
        if given in (group, f"{group}s", group.removesuffix("s")):
            return group
    raise ConfigError(given, "there is no such group", f"choose one of {', '.join(groups())}")


def options_of(group: str, config_dirs: Sequence[Path] = ()) -> list[Option]:
    """The options of a group, sorted by name, those that ship first.

    Args:
        config_dirs: folders of the user's own options.
    """
    found: list[Option] = []
    for own in (None, *config_dirs):
        folder = (own or packaged("configs")) / group
        seen = {option.name for option in found}
        found += [_read(group, file, own, file.stem in seen) for file in sorted(folder.glob("*.yaml"))]
    return found


def strangers(config_dirs: Sequence[Path]) -> list[Path]:
    """Folders of configs of the user's own that are no group, so that nothing in them can be chosen."""
    known = {*groups(), "hydra"}
    return [
        folder
        for own in config_dirs
        for folder in sorted(own.iterdir())
        if folder.is_dir() and folder.name not in known and any(folder.glob("*.yaml"))
    ]


@lru_cache(maxsize=1)
def _defaults() -> dict[str, Any]:
    """By group, what the root config chooses: a name, a list of names, or nothing."""
    found: dict[str, Any] = {}
    for entry in read_yaml(packaged("configs") / "run.yaml")["defaults"]:
        if isinstance(entry, dict):
            found |= {group: chosen for group, chosen in entry.items() if not group.startswith("override ")}
    return found


def _read(group: str, file: Path, own: Path | None, hidden: bool) -> Option:
    chosen = _defaults()[group]
    default = not own and file.stem in (chosen if isinstance(chosen, list) else [chosen])
    try:
        comment, example = _comment(read_text(file))
        node = read_yaml(file)
    except DataError as error:
        return Option(group, file.stem, file, own, default, hidden, problem=f"{error.where}: {error.problem}")
    entries = tuple(str(name) for name in node if name != "defaults") if isinstance(node, dict) else ()
    return Option(group, file.stem, file, own, default, hidden, comment, example, entries if is_list(group) else ())


def _comment(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paragraphs of a file's first comment, and the overrides of its ``Example:`` lines.

    A line that the next one's first word (no address or path) would have made too long goes on in the next one.
    """
    paragraphs: list[str] = []
    example: list[str] = []
    before = ""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        said = line.removeprefix("#").strip()
        if said.startswith(_EXAMPLE):
            example += shlex.split(said.removeprefix(_EXAMPLE))
        if not said or said.startswith((_EXAMPLE, "@package")):
            before = ""
            continue
        first = said.split()[0]
        if before and "/" not in first and len(before) + 1 + len(first) > WRAPPED:
            paragraphs[-1] += f" {said}"
        else:
            paragraphs.append(said)
        before = line
    return tuple(paragraphs), tuple(example)
