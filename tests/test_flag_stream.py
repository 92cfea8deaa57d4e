"""``mteval flag`` as a part of a pipe: when verdicts come, in how much memory, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mteval.composition import compose
from mteval.config import build_judges
from mteval.files import dump_json
from mteval.unjudged.base import Told
from mteval.unjudged.lines import read_json_lines

TEXT = "O presidente disse ontem que a reunião com os ministros foi muito boa para o país."
PAIR = {"source": "Bună ziua tuturor.", "hypothesis": "Good day to everyone."}


def test_a_metric_that_is_not_lexical_holds_back_no_more_than_a_window() -> None:
    metric = "+metrics.ratio={_target_: mteval.metrics.fakes.LengthRatio}"
    judges = build_judges(compose(["metrics=[]", metric, "garble=[]"], []))
    taken: list[str] = []

    def lines() -> Iterator[tuple[str, str]]:
        for number in range(1_000):
            taken.append(f"f:{number}")
            yield taken[-1], dump_json(PAIR)

    next(judges.judge(read_json_lines(lines(), "f", Told("en", "ro"))))
    assert len(taken) == 64


def test_the_first_verdict_is_there_before_the_input_ends() -> None:
    arguments = [sys.executable, "-m", "mteval", "flag", "--json", "--lang", "pt"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(dump_json({"text": TEXT}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["document"] == f"stdin:{number + 1}"
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_reader_that_goes_ends_it_quietly() -> None:
    line = dump_json({"text": TEXT}) + "\n"
    for arguments in (("--json",), ()):
        with subprocess.Popen(
            [sys.executable, "-m", "mteval", "flag", "--lang", "pt", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdin.write(line)
            process.stdin.flush()
            process.stdout.readline()
            process.stdout.close()
            process.stdin.write(line)
            process.stdin.close()
            assert (process.wait(60), process.stderr.read()) == (141, "")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_documents(tmp_path: Path) -> None:
    """At its peak, a pipe of 20,000 documents takes what one of 2,000 takes, of which the caches are full."""
    code = (
        "import resource, sys; from mteval.flag import flag; assert flag(sys.argv[1:]) == 0; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    arguments = ["--json", "--lang", "en", "garble=[doubled_words,spacing,foreign_letters]"]
    peaks = []
    for documents in (2_000, 20_000):
        with (
            (tmp_path / "out").open("wb") as out,
            subprocess.Popen(
                [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stderr is not None
            for number in range(documents):
                words = f"The {number} houses by river{number * 7919} are old, and and so are the mills."
                process.stdin.write(dump_json({"document": number, "text": words}).encode() + b"\n")
            process.stdin.close()
            peaks.append(int(process.stderr.read()))
            assert process.wait(60) == 0
        assert len((tmp_path / "out").read_bytes().splitlines()) == documents
    assert peaks[1] - peaks[0] < 8_000, f"kilobytes: {peaks}"  # a kilobyte kept of each document would be 18,000


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from mteval.flag import flag; assert flag(['--json', *sys.argv[1:]]) == 0; "
        "print(sorted({'torch', 'transformers', 'comet', 'datasets'} & set(sys.modules)))"
    )
    file = tmp_path / "set.jsonl"
    file.write_text(dump_json(PAIR | {"reference": "Hello to everyone."}), encoding="utf-8")
    shown = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
    code = (
        "import sys; sys.argv = ['mteval', '--help']; from mteval.__main__ import main; main(); print(len(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "say which of your own texts are garbled" in loaded
    assert int(loaded.splitlines()[-1]) < 100
