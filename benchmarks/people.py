"""Every metric that needs no network against people: ``python -m benchmarks.people DATA`` writes ``people.md``.

    python -m benchmarks.people FOLDER

The folder holds ``qe/PAIR.dev.jsonl.xz`` (MLQE-PE's direct assessments, CC0 1.0) and ``mqm/bio-PAIR.dev.jsonl.xz``
(Bio-MQM's annotations, Apache-2.0). Each set is run by ``mteval run`` and judged by ``mteval meta``, as anybody would;
the hypotheses of MLQE-PE have no references, so metrics that need one stay away from them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mteval.files import read_jsonl

LEXICAL = ("bleu", "chrf", "chrfpp", "spbleu_flores101", "ter")
QE = ("comet_qe_mini",)
_HERE = Path(__file__).parent
SEED, DRAWS = 12345, 1000


@dataclass(frozen=True)
class Set:
    """One test set in one lang pair.

    Attributes:
        arguments: how ``mteval run`` is told of it.
        metrics: what it is scored by.
    """

    title: str
    pair: str
    arguments: tuple[str, ...]
    metrics: tuple[str, ...]


def sets(data: Path, folder: Path) -> Iterator[Set]:
    """Every set of a folder of data.

    Args:
        folder: where to put what has to be written anew.
    """
    for file in sorted((data / "qe").glob("*.dev.jsonl.xz")):
        pair, lines = file.name.split(".")[0], folder / f"{file.name.split('.')[0]}.jsonl"
        with lines.open("w", encoding="utf-8") as stream:
            for _, row in read_jsonl(file):
                one = {"source": row["source"], "hypotheses": {"nmt": row["hypothesis"]}, "gold": {"nmt": row["da_z"]}}
                stream.write(json.dumps(one) + "\n")
        arguments = ("evalset=jsonl", f"evalset.path={lines}", "+evalset.name=mlqe-pe")
        yield Set("MLQE-PE dev, direct assessment", pair, arguments, QE)
    for file in sorted((data / "mqm").glob("bio-*.dev.jsonl.xz")):
        pair = file.name.removeprefix("bio-").split(".")[0]
        arguments = ("evalset=mqm", f"evalset.path={file}", "evalset.name=bio-mqm", "evalset.complete=true")
        yield Set("Bio-MQM dev, MQM", pair, arguments, (*LEXICAL, *QE))


def judge(one: Set, folder: Path) -> dict[str, Any]:
    """What ``mteval meta --json`` says of a set."""
    output = folder / one.pair / one.title.split(",")[0]
    metrics = f"metrics=[{','.join(one.metrics)}]"
    more = [f"lang_pairs=[{one.pair}]", "systems=[]", "garble=[]", "report=[json]", f"store={folder / 'store'}"]
    _mteval("run", *one.arguments, *more, metrics, f"output={output}", "bootstrap_draws=0", "significance.trials=0")
    said = _mteval("meta", str(output), "--json", "--draws", str(DRAWS), "--seed", str(SEED))
    found: dict[str, Any] = json.loads(said)["pairs"][0] | {"labels": json.loads(said)["metrics"]}
    return found


def _mteval(*arguments: str) -> str:
    found = subprocess.run([sys.executable, "-m", "mteval", *arguments], capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(f"mteval {' '.join(arguments)}\n{found.stderr}")
    return found.stdout


COLUMNS = (
    ("segment", "pearson", "Pearson"),
    ("segment", "spearman", "Spearman"),
    ("segment", "kendall", "Kendall"),
    ("segment", "accuracy", "Accuracy"),
    ("system", "soft accuracy", "Soft accuracy of systems"),
)


def table(found: Sequence[tuple[Set, dict[str, Any]]]) -> Iterator[str]:
    """Rows of Markdown: a metric on a set each."""
    heads = [head for *_, head in COLUMNS]
    yield f"| set | lang pair | gold scores | systems | metric | {' | '.join(heads)} |"
    yield f"|---|---|---:|---:|---|{'---:|' * len(heads)}"
    for one, judged in found:
        asked = {(q["level"], q["coefficient"]): q["metrics"] for q in judged["found"]}
        for name, label in judged["labels"].items():
            cells = [_cell(asked.get((level, what), {}).get(name)) for level, what, _ in COLUMNS]
            where = f"| {one.title} | {one.pair} | {judged['gold_scores']:,} | {len(judged['systems'])} "
            yield f"{where}| {label} | {' | '.join(cells)} |"


def _cell(found: dict[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    interval = "" if found["low"] is None else f" ({found['low']:.2f}–{found['high']:.2f})"
    return f"{found['value']:.3f}{interval}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with qe and mqm")
    given = parser.parse_args()
    if not (given.data / "qe").is_dir() or not (given.data / "mqm").is_dir():
        sys.exit(f"{given.data} has no folders qe and mqm: this benchmark needs MLQE-PE's and Bio-MQM's data")
    with tempfile.TemporaryDirectory() as there:
        found = []
        for one in sets(given.data, Path(there)):
            found.append((one, judge(one, Path(there))))
            print(f"{one.title}, {one.pair}: judged", file=sys.stderr)
    lines = [
        "# Metrics against people",
        "",
        "Made by `python -m benchmarks.people DATA` from MLQE-PE's dev sets (CC0 1.0) and Bio-MQM's (Apache-2.0): how "
        "well every metric that needs no network agrees with people, by `mteval meta`, with 95% confidence intervals. "
        "Kendall and accuracy (with tie calibration) are among the systems of each segment where there are several, "
        "and over all segments otherwise. COMET-QE-mini was trained on MLQE-PE's training sets, for pt-en and ro-en.",
        "",
        *table(found),
    ]
    (_HERE / "people.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
