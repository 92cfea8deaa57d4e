"""``mteval init``: a folder of configs of one's own to start from, which runs as it is."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import ConfigError, MtevalError, OutputError
from mteval.files import packaged, read_text, resolve, write_text

FOLDER = "mteval-configs"
"""Where it is written if no folder is named."""

_HELP = f"""\
Write a folder of configs of your own to start from: a system, an eval set, an
experiment and a few lines of text, which run as they are, without a network.

FOLDER is {FOLDER} unless it is named. What is there is never overwritten:
a folder that is not empty is refused.
"""
_NOTES = """\
exit codes: 0; 2 for what can be mended
"""


def init(arguments: Sequence[str]) -> int:
    """Write the folder, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    options = parsed(parser_of("mteval init", "[FOLDER]", _HELP, _NOTES, overrides=False), arguments, config_dirs=False)
    try:
        if len(options.given) > 1:
            raise ConfigError(options.given[1], "is a second folder", "name one")
        given = options.given[0] if options.given else FOLDER
        written = _write(resolve(given))
    except MtevalError as error:
        return fail(error)
    for name in written:
        print(f"{Path(given) / name}")
    print(f"\nRun it with: mteval run --config-dir {shlex.quote(given)} experiment=my_experiment")
    return 0


def _write(folder: Path) -> list[str]:
    """Write the starter's files, and give their names.

    Raises:
        OutputError: there is something already, or it cannot be written.
    """
    another = "name another folder"
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(str(folder), "there is a file of that name", another)
        if folder.is_dir() and any(folder.iterdir()):
            raise OutputError(str(folder), "the folder is not empty, and nothing is overwritten", another)
    except OSError as error:
        raise OutputError(str(folder), error.strerror or "cannot be read", another) from None
    starter = packaged("starter")
    names = sorted(str(file.relative_to(starter)) for file in starter.rglob("*") if file.is_file())
    for name in names:
        try:
            write_text(folder / name, read_text(starter / name))
        except OutputError as error:
            raise OutputError(error.where, error.problem, another) from None
    return names
