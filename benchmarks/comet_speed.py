"""How long COMET takes over the hypotheses of four systems, against COMET's own program.

    python -m benchmarks.comet_speed --kind regression --segments 200 --rounds 3 --predict

Checkpoints have XLM-R's shapes and random weights. ``mteval run`` is timed whole, with nothing but this metric, and so
is its peer: ``comet-score``, which casts to half precision. Another is ``predict`` in full precision with the cache of
embeddings that ``comet-score`` turns on. In fp32, the scores of the first segments must be within 1e-4 of those of
``predict``; the scores of lower precisions are held against those in fp32, of all segments.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import checkpoints, texts
from benchmarks.timing import HEADER, Finished, Pairs, finish, row
from mteval.files import read_jsonl

SYSTEMS = 4
SEGMENTS = 400
CHECKED = 100  # of them, by predict
PEERS = ("`comet-score`", "`predict`, fp32")
_PREDICT = """
import json, sys
from pathlib import Path
from comet import load_from_checkpoint
ckpt, output, source, reference, *systems = sys.argv[1:]
read = lambda file: Path(file).read_text(encoding="utf-8").splitlines()
model = load_from_checkpoint(ckpt)
model.set_embedding_cache()
scores = []
for system in systems:
    texts = zip(read(source), read(system), read(reference), strict=True)
    samples = [{"src": one, "mt": two, "ref": three} for one, two, three in texts]
    scores.append(model.predict(samples, gpus=0, progress_bar=False).scores)
Path(output).write_text(json.dumps(scores))
"""


class Bench:
    """The files of one checkpoint and eval set, and the commands that score it.

    Args:
        folder: to be filled.
        kind, shape: as ``checkpoints.write`` takes them.
    """

    def __init__(self, folder: Path, kind: str, shape: str, segments: int) -> None:
        self._folder, self._kind = folder, kind
        self._ckpt = checkpoints.write(folder / "checkpoint", kind, shape)
        made = texts.rows(segments, SYSTEMS)
        self._first = texts.write_lines(folder / "first", made[:CHECKED])
        texts.write_jsonl(folder / "set.jsonl", made)
        self._all = texts.write_lines(folder / "lines", made)

    def run(self, name: str) -> Finished:
        """One of ``PEERS``, or ours in a precision."""
        if name not in PEERS:
            return self.ours(name)
        return self.comet_score() if name == PEERS[0] else self.predict(self._all)

    def ours(self, precision: str) -> Finished:
        """``mteval run`` with nothing but the metric."""
        needs = self._kind == "regression"
        metric = {
            "_target_": "mteval.metrics.comet.Comet",
            "checkpoint": str(self._ckpt),
            "label": "COMET",
            "needs_reference": str(needs).lower(),
            "licence": "Apache-2.0",
            "precision": precision,
            "device": "cpu",
        }
        settings = [
            "evalset=jsonl",
            f"evalset.path={self._folder / 'set.jsonl'}",
            "lang_pairs=[ro-en]",
            "systems=[]",
            "metrics=[]",
            *(f"+metrics.comet.{key}={value}" for key, value in metric.items()),
            "garble=[]",
            "report=[json]",
            "store=null",
            f"output={self._run(precision)}",
            "overwrite=true",
        ]
        return finish([sys.executable, "-m", "mteval", "run", *settings])

    def comet_score(self) -> Finished:
        """COMET's own program."""
        program = "from comet.cli.score import score_command; score_command()"
        source, reference, systems = self._all
        given = ["-s", str(source), "-t", *map(str, systems), "--model", str(self._ckpt), "--gpus", "0"]
        given += ["-r", str(reference)] if self._kind == "regression" else []
        return finish([sys.executable, "-c", program, *given, "--quiet"])

    def predict(self, lines: tuple[Path, Path, list[Path]]) -> Finished:
        """COMET's ``predict`` in full precision, system by system."""
        source, reference, systems = lines
        files = map(str, (self._ckpt, self._folder / "predict.json", source, reference, *systems))
        return finish([sys.executable, "-c", _PREDICT, *files])

    def predicted(self) -> NDArray[np.float64]:
        """What ``predict`` says of the first segments: shape [systems, ``CHECKED``], or fewer if there are fewer."""
        self.predict(self._first)
        return np.array(json.loads((self._folder / "predict.json").read_text()))

    def scores(self, precision: str) -> NDArray[np.float64]:
        """What ``ours`` has found: shape [systems, segments]."""
        rows = [one for _, one in read_jsonl(self._run(precision) / "segments.jsonl")]
        return np.array([[one["scores"][f"s{system + 1}"]["comet"] for one in rows] for system in range(SYSTEMS)])

    def _run(self, precision: str) -> Path:
        return self._folder / f"run-{precision}"


def rows(
    rounds: int,
    segments: int = SEGMENTS,
    shape: str = "base",
    kinds: tuple[str, ...] = tuple(checkpoints.KINDS),
    precisions: tuple[str, ...] = ("fp32", "bf16"),
    peers: tuple[str, ...] = PEERS[:1],
) -> Iterator[str]:
    """The table's rows, one for each kind, precision and peer; what is run in one round is compared with one another.

    Raises:
        SystemExit: a score is not ``predict``'s.
    """
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), kind, shape, segments)
            runs: dict[str, list[Finished]] = {name: [] for name in (*precisions, *peers)}
            for number in range(rounds):
                for name in list(runs)[:: -1 if number % 2 else 1]:
                    runs[name].append(bench.run(name))
            for precision in precisions:
                for name in peers:
                    pairs = Pairs(tuple(runs[precision]), tuple(runs[name]))
                    yield row(f"COMET {kind}, {shape}, {precision}, {segments} × {SYSTEMS}", name, pairs)
                    _say_rate(pairs, segments)
            _compare(bench, kind, precisions)


def _say_rate(pairs: Pairs, segments: int) -> None:
    """Tell how many hypotheses were scored a second, start and loading included."""
    rates = [
        segments * SYSTEMS / float(np.median([one.seconds for one in side])) for side in (pairs.ours, pairs.theirs)
    ]
    print(f"  hypotheses a second: mteval {rates[0]:.2f}, peer {rates[1]:.2f}", file=sys.stderr)


def _compare(bench: Bench, kind: str, precisions: tuple[str, ...]) -> None:
    """Tell how far the scores are from those of ``predict`` and of fp32; fail where they must be equal and are not."""
    official = bench.predicted()
    for precision in precisions:
        own = bench.scores(precision)
        most = _tell(f"{kind}, {precision}, {official.shape[1]} segments, against predict", own, official)
        if precision == "fp32" and most > 1e-4:
            sys.exit(f"{kind}: a score is {most:.1e} from that of COMET's predict")
        if precision != "fp32" and "fp32" in precisions:
            _tell(f"{kind}, {precision}, {own.shape[1]} segments, against fp32", own, bench.scores("fp32"))


def _tell(what: str, own: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Tell how far scores are from others, which may be of the first segments alone; return the most."""
    own = own[:, : other.shape[1]]
    most = float(np.abs(own - other).max())
    system = float(np.abs(own.mean(axis=1) - other.mean(axis=1)).max())
    pearson = float(np.corrcoef(own.ravel(), other.ravel())[0, 1])
    same = bool((own.mean(axis=1).argsort() == other.mean(axis=1).argsort()).all())
    print(
        f"  {what}: segments within {most:.1e}, Pearson {pearson:.6f}; systems within {system:.1e}, in "
        f"{'the same' if same else 'another'} order",
        file=sys.stderr,
        flush=True,
    )
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--shape", choices=checkpoints.SHAPES, default="base")
    parser.add_argument("--kind", choices=checkpoints.KINDS, action="append", help="all, if none is given")
    parser.add_argument("--predict", action="store_true", help="time COMET's predict in full precision too")
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), action="append", help="fp32 and bf16, if none")
    given = parser.parse_args()
    kinds = tuple(given.kind or checkpoints.KINDS)
    print(HEADER)
    precisions = tuple(given.precision or ("fp32", "bf16"))
    peers = PEERS if given.predict else PEERS[:1]
    for line in rows(given.rounds, given.segments, given.shape, kinds, precisions, peers):
        print(line, flush=True)


if __name__ == "__main__":
    main()
