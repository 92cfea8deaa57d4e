"""``mteval flag``: verdicts on texts without a run, as they come."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import MtevalError

if TYPE_CHECKING:
    from mteval.report.base import VerdictStream
    from mteval.unjudged.base import Told, Unjudged

STDIN = "stdin"
"""The name of standard input, in places and where a file is named."""

GROUPS = ("garble", "detector", "gate", "metrics", "offline", "allow")
"""The config's groups and keys that pass verdicts; those of a run alone are refused."""

_LABELS = ("clean", "suspect", "garbled")
_OVERRIDE = re.compile(r"(?:(?:\+{1,2})?(?=[^=]*=)|~)([A-Za-z_]\w*)(?:[.@/][^=]*)?(?:=.*)?", re.DOTALL)
_PIPE_CLOSED = 141
"""The exit code of a Unix tool whose reader has gone: 128 and the number of SIGPIPE."""

_HELP = """\
Say of each text whether it is clean, suspect or garbled, with the evidence.

A FILE is one of these (none, or -, is standard input):
  a text                a source document; a line is a paragraph
  a folder              its texts; a manifest.yaml in it is heeded
  JSON Lines            (.jsonl, .jsonl.gz, .jsonl.xz) one object a line:
    {"text": …}                    a source document, or a part of one
    {"lines": [ … ]}               its segments, already split
    {"source": …}                  one segment of a source document
    {"source": …, "hypothesis": …, "system": …, "reference": …}
                                   one segment of a translation; the last two
                                   may be left out
    {"source": …, "hypotheses": {SYSTEM: …}, "references": {NAME: …}}
                                   a line of an eval set: the source and each
                                   system's translation
A line may name its "document": consecutive lines of one name are one document,
and a name that comes again later is another document. Without it, each line is
a document, judged before the next is read. A line may have "language" and
"source_language", or "lang_pair"; a language that nobody tells is read from the
text, among the commonest of Europe, and a hypothesis in a wrong one is not seen
then. What has no .txt or .jsonl to its name is JSON Lines if it begins with {.
"""
_CONFIG = """\
KEY=VALUE overrides the config as in mteval run, in garble, detector, gate,
metrics, offline and allow: garble=[spacing,doubled_words],
detector.garbled=0.7. metrics=[chrf] is the default, and scores what has
references; a metric counts where a signal of garble looks at its scores.

exit codes: 0; 1 with --fail-on; 2 for what can be mended; 130 for Ctrl-C
"""


def flag(arguments: Sequence[str]) -> int:
    """Judge texts, with the command line's arguments.

    Returns:
        The exit code: 0, 1 for what ``--fail-on`` found, 2 for what a user can mend, 141 where the reader has gone.
    """
    options = _options(arguments)

    try:
        return _judge(options)
    except MtevalError as error:
        return fail(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains of the pipe at its exit
        return _PIPE_CLOSED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line, parsed; says what is wrong with it and exits with 2."""
    parser = parser_of("mteval flag", "[FILE ...]", _HELP, _CONFIG)
    add = parser.add_argument
    add("--lang", metavar="CODE", help="the language of texts and hypotheses that do not say theirs")
    add("--source-lang", metavar="CODE", help="the language of their sources; both are read from the text otherwise")
    add("--format", choices=("text", "jsonl"), help="what every FILE is, whatever its name")
    add("--json", action="store_true", help="one JSON object a document, with all evidence")
    add("--min", choices=_LABELS, default="clean", metavar="LABEL", help="show suspect (or garbled) and worse alone")
    add("--fail-on", choices=_LABELS[1:], metavar="LABEL", help="exit with 1 if any document is that or worse")
    return parsed(parser, arguments)


def _judge(options: argparse.Namespace) -> int:
    from mteval.composition import compose
    from mteval.config import build_judges
    from mteval.lang import check_code
    from mteval.unjudged.base import Told

    files, overrides = _files_and_overrides(options.given)
    told = Told(
        check_code(options.lang, "--lang") if options.lang is not None else None,
        check_code(options.source_lang, "--source-lang") if options.source_lang is not None else None,
    )
    judges = build_judges(compose(overrides, options.config_dir))
    judges.check()
    stream = _stream(options.json, several=len(files) > 1)
    doubted: set[str] = set()
    failed = False
    for text, verdict in judges.judge(_texts(files, options.format, told)):
        for doubt in judges.doubts(text):
            if doubt not in doubted:
                doubted.add(doubt)
                print(f"mteval: warning: {doubt}", file=sys.stderr)
        rank = _LABELS.index(verdict.label)
        stream.write(text, verdict, shown=rank >= _LABELS.index(options.min))
        failed = failed or (options.fail_on is not None and rank >= _LABELS.index(options.fail_on))
    stream.end()
    return 1 if failed else 0


def _files_and_overrides(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is given, as files and as overrides of the config; the default metrics go before those that are chosen.

    Raises:
        ConfigError: an override is of something that only a run has.
        DataError: a file is not there.
    """
    from mteval.errors import ConfigError, DataError
    from mteval.files import resolve

    files, overrides = [], []
    for one in given:
        found = None if Path(one).exists() else _OVERRIDE.fullmatch(one)
        if found is not None and found.group(1) in GROUPS:
            overrides.append(one)
        elif one == "-" or resolve(one).exists():
            files.append(one)
        elif found is None:
            raise DataError(one, "no such file", "check the path")
        else:
            raise ConfigError(one, f"neither a file nor a setting of {', '.join(GROUPS)}", "check the path or the key")
    if not files and sys.stdin.isatty():
        raise DataError("mteval flag", "no files", "name some, or pipe texts into it; see mteval flag --help")
    return files or ["-"], ["metrics=[chrf]", *overrides]


def _stream(as_json: bool, *, several: bool) -> VerdictStream:
    if as_json:
        from mteval.report.verdicts_stream import JsonStream

        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # as JSON is, whatever the terminal's letters
        return JsonStream(sys.stdout)
    from rich.console import Console

    from mteval.report.terminal_stream import TerminalStream

    return TerminalStream(Console(), sys.stdout, several=several)


def _texts(files: Sequence[str], form: str | None, told: Told) -> Iterator[Unjudged]:
    """Every file's texts, one file after the other."""
    from mteval.files import open_stream, resolve
    from mteval.unjudged.texts import read_text_folder

    for name in files:
        if name == "-":
            yield from _of_stream(sys.stdin.buffer, STDIN, form, told)
        elif (path := resolve(name)).is_dir():
            yield from read_text_folder(path, told)
        else:
            with open_stream(path) as file:
                yield from _of_stream(file, str(path), form or _form(path), told)


def _form(path: Path) -> str | None:
    """What a file's name says it holds; ``None`` if it says nothing."""
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".xz")]
    return {".txt": "text", ".jsonl": "jsonl"}.get(suffixes[-1]) if suffixes else None


def _of_stream(file: BinaryIO, name: str, form: str | None, told: Told) -> Iterator[Unjudged]:
    from mteval.files import stream_lines
    from mteval.unjudged.lines import read_json_lines
    from mteval.unjudged.texts import read_text_file

    lines: Iterable[tuple[str, str]] = stream_lines(file, name)
    if form is None:
        first = []
        for where, line in lines:
            first.append((where, line))
            if line.strip():
                break
        form = "jsonl" if first and first[-1][1].lstrip().startswith("{") else "text"
        lines = chain(first, lines)
    if form == "jsonl":
        yield from read_json_lines(lines, name, told)
    else:
        yield read_text_file(lines, name, told)
