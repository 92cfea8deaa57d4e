"""Every metric that needs no network against people: ``python -m benchmarks.people DATA`` writes ``people.md``.

    python -m benchmarks.people FOLDER

The folder holds ``qe/PAIR.dev.jsonl.xz`` (MLQE-PE's direct assessments, CC0 1.0) and ``mqm/bio-PAIR.dev.jsonl.xz``
(Bio-MQM's annotations, Apache-2.0). Each set is run by ``mteval run`` and judged by ``mteval meta``, as anybody would;
the hypotheses of MLQE-PE have no references, so metrics that need one stay away from them. Verdicts on single segments
are judged beside the metrics: whether those that people found bad are called garbled.
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

LEXICAL = ("bleu", "chrf", "chrf1", "chrf3", "chrf_epsilon", "chrf_whitespace", "chrfpp", "ter")
QE = ("comet_qe_mini",)
_HERE = Path(__file__).parent
SEED, DRAWS = 12345, 1000


@dataclass(frozen=True)
class Set:
    """One test set in one lang pair.

    Attributes:
        arguments: how ``mteval run`` is told of it.
        metrics: what it is scored by.
        bad_at: a gold score as bad as this is that of a bad hypothesis.
        lower: whether less is better.
    """

    title: str
    pair: str
    arguments: tuple[str, ...]
    metrics: tuple[str, ...]
    bad_at: float
    lower: bool = False


def sets(data: Path, folder: Path) -> Iterator[Set]:
    """Every set of a folder of data.

    Args:
        folder: where to put what has to be written anew.
    """
    for file in sorted((data / "qe").glob("*.dev.jsonl.xz")):
        pair, rows = file.name.split(".")[0], [row for _, row in read_jsonl(file)]
        for gold, title, bad_at in (("da_z", "direct assessment", -1), ("hter", "HTER", 0.5)):
            if gold not in rows[0]:
                continue
            lines = folder / f"{pair}.{gold}.jsonl"
            with lines.open("w", encoding="utf-8") as stream:
                for row in rows:
                    one = {"source": row["source"], "hypotheses": {"nmt": row["hypothesis"]}}
                    stream.write(json.dumps({**one, "gold": {"nmt": row[gold]}}) + "\n")
            arguments = ("evalset=jsonl", f"evalset.path={lines}", "+evalset.name=mlqe-pe")
            yield Set(f"MLQE-PE dev, {title}", pair, arguments, QE, bad_at, lower=gold == "hter")
    for file in sorted((data / "mqm").glob("bio-*.dev.jsonl.xz")):
        pair = file.name.removeprefix("bio-").split(".")[0]
        arguments = ("evalset=mqm", f"evalset.path={file}", "evalset.name=bio-mqm", "evalset.complete=true")
        yield Set("Bio-MQM dev, MQM", pair, arguments, (*LEXICAL, *QE), -10)


def judge(one: Set, folder: Path) -> dict[str, Any]:
    """What ``mteval meta --json`` says of a set."""
    output = folder / one.pair / one.title.replace(", ", "-").replace(" ", "-")
    metrics = f"metrics=[{','.join(one.metrics)}]"
    more = [f"lang_pairs=[{one.pair}]", "systems=[]", "report=[json]", f"store={folder / 'store'}"]
    _mteval("run", *one.arguments, *more, metrics, f"output={output}", "bootstrap_draws=0", "significance.trials=0")
    asked = ["--json", "--draws", str(DRAWS), "--seed", str(SEED), f"--bad-at={one.bad_at:g}"]
    said = _mteval("meta", str(output), *asked, *(["--lower-is-better"] if one.lower else []))
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
        labels = list(judged["labels"].values())
        for name, label in judged["labels"].items():
            shown = label if labels.count(label) == 1 else f"{label} (`{name}`)"
            cells = [_cell(asked.get((level, what), {}).get(name)) for level, what, _ in COLUMNS]
            where = f"| {one.title} | {one.pair} | {judged['gold_scores']:,} | {len(judged['systems'])} "
            yield f"{where}| {shown} | {' | '.join(cells)} |"


def _cell(found: dict[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    interval = "" if found["low"] is None else f" ({found['low']:.2f}–{found['high']:.2f})"
    return f"{found['value']:.3f}{interval}"


def verdicts(found: Sequence[tuple[Set, dict[str, Any]]]) -> Iterator[str]:
    """Rows of Markdown: the verdicts on a set each."""
    yield "| set | lang pair | bad: gold score | bad | called garbled | of these bad | of bad found | ROC area | AP |"
    yield f"|---|---|---|{'---:|' * 6}"
    for one, judged in found:
        if (told := judged["garbled"]) is None:
            continue
        sign = "≥" if one.lower else "≤"
        flagged, hits, bad = told["flagged"], told["found"], told["bad"]
        area, average = (
            f"{told[what]:.3f}" + ("" if told[between] is None else " ({:.2f}–{:.2f})".format(*told[between]))
            for what, between in (("roc_area", "roc_interval"), ("average_precision", "precision_interval"))
        )
        counted = f"{bad:,} of {told['hypotheses']:,} | {flagged:,} | {f'{hits / flagged:.0%}' if flagged else '–'}"
        where = f"| {one.title} | {one.pair} | {sign} {f'{one.bad_at:g}'.replace('-', '−')}"
        yield f"{where} | {counted} | {hits / bad:.0%} | {area} | {average} |"


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
        "",
        "## Verdicts",
        "",
        "Verdicts on single segments, by the default signals and detector: the label garbled, and the probability. "
        "Bad is what people found much worse than most (direct assessment), had to change half of (HTER), or found two "
        "major errors in, or as much (MQM). A bad translation need not be garbled; AP is average precision.",
        "",
        *verdicts(found),
    ]
    (_HERE / "people.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
