"""How long translating takes, against transformers' ``generate`` at a fixed batch of 8 in the order of the file.

    python -m benchmarks.translating [--rounds 3] [--segments 200]

The checkpoint has the shape of OPUS-MT (``benchmarks/translating_checkpoint.py``), both sides a beam of 4 and 256 new
tokens at most. Ours is a whole run (``mteval run`` with chrF, without verdicts on what is garbled and without the
store), theirs a script that loads, translates and writes. In float32 the hypotheses must be the same, but for one in a
hundred, where two beams are as good as equal; through CTranslate2 in int8 they are others, and what it takes to convert
the checkpoint, which happens once, is counted in or not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import texts, timing

SEGMENTS, MOST = 200, 256
PEER = "`generate`, batches of 8"
DIFFERENT = 0.01


class Bench:
    """The inputs of both sides, in a folder of its own.

    Args:
        folder: to be written to.
        segments: how many.
    """

    def __init__(self, folder: Path, segments: int) -> None:
        self._folder = folder
        self._cache = folder / "cache"
        self._source, self._reference, _ = texts.write_lines(folder / "texts", texts.rows(segments, 0))
        self._checkpoint = folder / "checkpoint"
        # In a process of its own: the peak of memory that the kernel tells of a process begins with its parent's.
        timing.finish([sys.executable, "-m", "benchmarks.translating_checkpoint", str(self._checkpoint)])

    def theirs(self) -> timing.Finished:
        """Their script, from start to end."""
        script = str(Path(__file__).parent / "translating_peer.py")
        files = [str(self._checkpoint), str(self._source), str(self._folder / "theirs.txt"), str(MOST)]
        return timing.finish([sys.executable, script, *files])

    def ours(self, system: str, *settings: str) -> timing.Finished:
        """A run with one system, from start to end."""
        output = self._folder / "run"
        shutil.rmtree(output, ignore_errors=True)
        command = [sys.executable, "-m", "mteval", "run", f"output={output}", "lang_pairs=[ro-en]", "evalset=lines"]
        command += [f"evalset.source={self._source}", f"evalset.references={{r: {self._reference}}}"]
        command += [f"systems=[{system}]", f"systems.{system}.checkpoint={self._checkpoint}"]
        command += [f"systems.{system}.max_length={MOST}", *settings]
        return timing.finish([*command, "metrics=[chrf]", "garble=[]", "store=null"])

    def converted(self, anew: bool) -> timing.Finished:
        """A run through CTranslate2, which converts the checkpoint first if that is to be done anew."""
        if anew:
            shutil.rmtree(self._cache, ignore_errors=True)
        return self.ours("ctranslate2", f"systems.ctranslate2.cache={self._cache}")

    def check(self) -> None:
        """Make sure that both sides wrote the same.

        Raises:
            SystemExit: they did not.
        """
        with (self._folder / "run" / "segments.jsonl").open(encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream]
        own = [row["hypotheses"]["huggingface"] for row in rows]
        # Without split lines: U+2028 and its like do not end a line of the file.
        peers = (self._folder / "theirs.txt").read_text("utf-8").removesuffix("\n").split("\n")
        same = sum(mine.strip() == peer.strip() for mine, peer in zip(own, peers, strict=True))
        print(f"{same} of {len(own)} hypotheses are the same", file=sys.stderr)
        if len(own) - same > DIFFERENT * len(own):
            sys.exit(f"only {same} of {len(own)} hypotheses are the same")


def rows(rounds: int, segments: int = SEGMENTS) -> Iterator[str]:
    """The rows of the table of speed."""
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), segments)
        work = f"translating {segments} segments, OPUS-MT shape"
        pairs = timing.in_turn(lambda: bench.ours("huggingface"), bench.theirs, rounds)
        bench.check()
        yield timing.row(f"{work}, float32", PEER, pairs)
        bench.converted(anew=True)
        pairs = timing.in_turn(lambda: bench.converted(anew=False), bench.theirs, rounds)
        yield timing.row(f"{work}, CTranslate2 in int8", PEER, pairs)
        pairs = timing.in_turn(lambda: bench.converted(anew=True), bench.theirs, rounds)
        yield timing.row(f"{work}, CTranslate2 in int8, converting counted in", PEER, pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of runs of each row (default: 3)")
    parser.add_argument("--segments", type=int, default=SEGMENTS, help=f"how many segments (default: {SEGMENTS})")
    arguments = parser.parse_args()
    print(f"{timing.machine()}\n\n{timing.HEADER}", flush=True)
    for row in rows(arguments.rounds, arguments.segments):
        print(row, flush=True)


if __name__ == "__main__":
    main()
