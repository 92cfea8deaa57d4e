"""What commands share: options parsed with one way of refusing, and errors said in one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mteval.errors import MtevalError
from mteval.report.plain import plain

if TYPE_CHECKING:
    from mteval.report.base import FailedCell


def parser_of(
    command: str, operands: str, description: str, epilog: str, *, overrides: bool = True
) -> argparse.ArgumentParser:
    """A parser of a command whose operands are files or folders and overrides of the config, in any order.

    Args:
        command: as ``mteval flag``.
        operands: as its usage shows them; empty for none.
        overrides: whether it takes overrides of the config.
    """
    usage = [command, "[options]", *filter(None, [operands]), *(["[KEY=VALUE ...]"] if overrides else [])]
    parser = argparse.ArgumentParser(
        prog=command,
        usage=" ".join(usage),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument("given", nargs="*", help=argparse.SUPPRESS)
    return parser


def parsed(
    parser: argparse.ArgumentParser, arguments: Sequence[str], *, config_dirs: bool = True
) -> argparse.Namespace:
    """The command line, parsed, with the folders of the user's own options as the last of them.

    Says what is wrong with it and exits with 2.

    Args:
        config_dirs: whether it takes such folders.
    """
    if config_dirs:
        parser.add_argument(
            "--config-dir", action="append", default=[], type=Path, metavar="FOLDER", help="options of your own"
        )
    try:
        options, unknown = parser.parse_known_intermixed_args(arguments)
    except argparse.ArgumentError as error:
        _refuse(parser, error.argument_name or parser.prog, error.message)
    if unknown:
        _refuse(parser, unknown[0], "unknown option")
    return options


def warn(cells: Sequence[FailedCell]) -> None:
    """Say which cells of a sweep gave no result, and are not in what a command tells."""
    for cell in cells:
        print(plain(f"mteval: warning: {cell.sentence}"), file=sys.stderr)


def fail(error: MtevalError) -> int:
    """Say what a user can mend, and return the exit code for it."""
    print(f"mteval: error: {plain(str(error))}", file=sys.stderr)
    return 2


def _refuse(parser: argparse.ArgumentParser, where: str, problem: str) -> NoReturn:
    print(f"mteval: error: {where}: {problem}; see {parser.prog} --help", file=sys.stderr)
    sys.exit(2)
