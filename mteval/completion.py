"""``mteval completion``: what a word on the command line may become, and scripts by which shells ask that."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mteval.files import packaged, read_text
from mteval.options import groups, is_list, options_of

SHELLS = ("bash", "zsh", "fish")

_HELP = """\
usage: mteval completion bash|zsh|fish

Print what makes a shell complete commands, options, groups, options of groups
(in lists too, as in metrics=[bleu,ch) and keys of the config:

  eval "$(mteval completion bash)"     in ~/.bashrc
  eval "$(mteval completion zsh)"      in ~/.zshrc, after compinit
  mteval completion fish | source      in ~/.config/fish/config.fish
"""

_OWN = ("--help", "--config-dir")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "run": (
        *("--help", "--hydra-help", "--version", "--cfg", "--resolve", "--package", "--run", "--multirun"),
        *("--shell-completion", "--config-path", "--config-name", "--config-dir", "--experimental-rerun", "--info"),
    ),
    "report": _OWN,
    "meta": (*_OWN, "--lower-is-better", "--bad-at", "--draws", "--seed", "--output", "--json", "--allow"),
    "stability": (*_OWN, "--tokenizers", "--precisions", "--output", "--json", "--allow"),
    "sample": (
        *("--help", "--segments", "--random", "--checks", "--systems", "--protocol", "--spans", "--seed", "--output"),
    ),
    "import": ("--help", "--output", "--without", "--seed"),
    "flag": (*_OWN, "--lang", "--source-lang", "--format", "--json", "--min", "--fail-on"),
    "list": (*_OWN, "--json"),
    "doctor": (*_OWN, "--all", "--json"),
    "init": ("--help",),
    "store": (*_OWN, "--json", "--days", "--delete", "--set-aside"),
    "completion": ("--help",),
}
"""By command, its options."""

VALUES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("run", "--cfg"): ("job", "hydra", "all"),
    ("run", "-c"): ("job", "hydra", "all"),
    ("run", "--info"): ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    ("run", "-i"): ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    ("sample", "--protocol"): ("esa", "mqm"),
    ("flag", "--format"): ("text", "jsonl"),
    ("flag", "--min"): ("clean", "suspect", "garbled"),
    ("flag", "--fail-on"): ("suspect", "garbled"),
}
"""By command and option, the values that it takes."""

_FOLDERS = ("--config-dir", "-cd")


def completion(arguments: Sequence[str]) -> int:
    """Print a shell's script, or what a line may become, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    match list(arguments):
        case [shell] if shell in SHELLS:
            print(read_text(packaged("shells") / f"{shell}.sh"), end="")
        case ["query", line]:
            for found in complete(line):
                print(found)
        case ["--help" | "-h"]:
            print(_HELP, end="")
        case _:
            remedy = f"choose one of {', '.join(SHELLS)}; see mteval completion --help"
            print(f"mteval: error: mteval completion: names no shell; {remedy}", file=sys.stderr)
            return 2
    return 0


def complete(line: str) -> list[str]:
    """What the last word of a command line may become, each without quotes; a space at its end says that it is whole.

    Args:
        line: from the program's name up to the cursor.

    Returns:
        None where it may be anything, as the name of a file.
    """
    _, *words = split(line)
    if not words:
        return []
    *before, word = words
    if not before:
        return [f"{name} " for name in (*OPTIONS, "--help", "--version") if name.startswith(word)]
    command, *arguments = before
    if command not in OPTIONS:
        return []
    if arguments and arguments[-1] in _FOLDERS:
        return _folders(word)
    if arguments and (values := VALUES.get((command, arguments[-1]))) is not None:
        return [f"{value} " for value in values if value.startswith(word)]
    if word.startswith("--config-dir="):
        return [f"--config-dir={folder}" for folder in _folders(word.removeprefix("--config-dir="))]
    if word.startswith("-"):
        return [f"{option} " for option in OPTIONS[command] if option.startswith(word)]
    if command == "list":
        return [f"{group} " for group in (*groups(), "evalsets") if group.startswith(word)]
    if command == "completion":
        return [f"{shell} " for shell in SHELLS if shell.startswith(word)]
    if command in ("init", "meta", "stability", "sample", "import"):
        return []
    if command == "store":
        return [] if arguments else [f"{one} " for one in ("ls", "gc", "verify") if one.startswith(word)]
    return _override(command, word, arguments)


def split(line: str) -> list[str]:
    """The words of a command line without their quotes, the last of them as far as it is written.

    A line that ends in white space has an empty last word; a quote may be left open.
    """
    words, quote, escaped = [""], "", False
    for letter in line:
        if escaped:
            words[-1] += letter
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            if letter == quote:
                quote = ""
            else:
                words[-1] += letter
        elif letter in "'\"":
            quote = letter
        elif not letter.isspace():
            words[-1] += letter
        elif words[-1]:
            words.append("")
    return words


def _override(command: str, word: str, arguments: Sequence[str]) -> list[str]:
    """What an override of the config may become."""
    dirs = _config_dirs(arguments)
    found = re.fullmatch(r"(\+{0,2}([A-Za-z_]\w*)(?:@\w*)?)=(.*)", word, re.DOTALL)
    if found is not None and found.group(2) in groups():
        key, group, value = found.groups()
        completed = _options(key, group, value, dirs)
    else:
        from mteval.completion_words import keys

        given = [argument for argument in arguments if re.match(r"~|\+{0,2}[A-Za-z_][\w.@/]*=", argument)]
        key, equals, value = word.partition("=")
        if equals:
            completed = _values(f"{key}=", value, keys(f"{key}=", given, dirs))
        else:
            completed = [_opened(one) for one in keys(word, given, dirs)]
            if not word.lstrip("+~"):  # Hydra's own keys are seldom meant
                completed = [one for one in completed if not one.startswith("hydra")]
    return [one for one in completed if _heeded(command, one)]


def _options(key: str, group: str, value: str, config_dirs: Sequence[Path]) -> list[str]:
    """A group's options, in a list where several can be chosen."""
    names = [option.name for option in options_of(group, config_dirs) if not option.hidden]
    if not is_list(group) or (value and not value.startswith("[")):
        return [f"{key}={name} " for name in names if name.startswith(value)]
    *chosen, part = value.removeprefix("[").split(",")
    before = f"{key}=[{''.join(f'{name},' for name in chosen)}"
    found = [f"{before}{name}" for name in names if name.startswith(part) and name not in chosen]
    return [*found, f"{before}{part}] "] if part in names else found


def _values(key: str, value: str, found: Iterable[str]) -> list[str]:
    """The value that a key has, or both truth values."""
    held = [one.removeprefix(key) for one in found]
    if held in (["true"], ["false"]):
        return [f"{key}{one} " for one in ("true", "false") if one.startswith(value)]
    return [f"{key}{one}" for one in held if one.startswith(value) and one != value]


def _opened(word: str) -> str:
    """A group whose options are chosen in a list, with the list's bracket."""
    group = word.removesuffix("=").lstrip("+")
    return f"{word}[" if word.endswith("=") and group in groups() and is_list(group) else word


def _heeded(command: str, word: str) -> bool:
    """Whether a command heeds an override."""
    heeded: Sequence[str]
    if command == "report":
        from mteval.report_command import KEYS

        heeded = KEYS
    elif command == "flag":
        from mteval.flag import GROUPS

        heeded = GROUPS
    else:
        return True
    return re.split(r"[.=@/]", word.lstrip("+~"))[0] in heeded


def _config_dirs(arguments: Sequence[str]) -> list[Path]:
    found = []
    for index, flag in enumerate(arguments):
        name, equals, given = flag.partition("=")
        if name in _FOLDERS:
            folder = Path(given if equals else "".join(arguments[index + 1 : index + 2])).expanduser()
            found += [folder] if folder.is_dir() else []
    return found


def _folders(word: str) -> list[str]:
    """The folders that a path may become, each with a slash at its end."""
    start, _, name = word.rpartition("/")
    above = Path(f"{start}/" if "/" in word else ".").expanduser()
    try:
        there = sorted(one.name for one in above.iterdir() if one.is_dir() and one.name.startswith(name))
    except OSError:
        return []
    shown = [one for one in there if name.startswith(".") or not one.startswith(".")]
    return [f"{start}/{one}/" if "/" in word else f"{one}/" for one in shown]
