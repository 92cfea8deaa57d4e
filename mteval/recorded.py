"""A run read back from its folder: all that was found, from which every score is made anew and nothing is scored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mteval.comparison import Resampling
from mteval.errors import ComparabilityError, DataError, MtevalError, RunError
from mteval.files import parse_object, read_jsonl, read_text
from mteval.metrics.base import Metric
from mteval.rebuilding import Columns, card, pair_result
from mteval.recorded_lines import Row
from mteval.report.base import FailedCell, RunResult
from mteval.report.record import FILES, FORMAT, digest_of, resampling_of, sha256_of
from mteval.report.statistics_file import read_statistics
from mteval.run_folder import ITS_MARK, refuse_unfinished
from mteval.scoring import system_score, with_scores
from mteval.signature import difference

_AGAIN = "run it again"
_ORIGINAL = "put the original back, or run it again"
_OF_RECORD = {"format", "metrics", "pairs", "warnings", "baseline", "failed", "files", "digest"}
"""Keys of ``run.json`` that are not the run's own record, but made of the rest of its result."""


@dataclass(frozen=True)
class Recorded:
    """What a run's folder holds.

    Attributes:
        folder: where it is.
        result: all that was found, but for what follows from segment scores: systems have no scores, lang pairs no
            comparisons and no views. A segment's ``where`` is its line in ``segments.jsonl``; documents have no text.
        signatures: what each metric's scores were made under: by lang pair, by metric name.
        scores: the system scores that the run had: by lang pair, by system, by metric name.
        resampling: how it made intervals and tests.
    """

    folder: Path
    result: RunResult
    signatures: Mapping[str, Mapping[str, str]]
    scores: Mapping[str, Mapping[str, Mapping[str, float | None]]]
    resampling: Resampling


def read_run(folder: Path) -> Recorded:
    """Read a run back.

    Raises:
        RunError: it is half-written, was edited by hand, is damaged, or was written by another version.
        ComparabilityError: it holds scores of one metric that were made under different signatures.
    """
    try:
        record = _record(folder)
        _check_files(folder, record)
        return _rebuilt(folder, record)
    except (RunError, ComparabilityError):
        raise
    except OSError as error:
        raise RunError(str(folder), f"cannot be read ({error})", "check its permissions") from None
    except (MtevalError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = str(error) if isinstance(error, MtevalError) else f"{type(error).__name__}: {error}"
        raise RunError(str(folder), f"holds something else than mteval writes ({said})", _AGAIN) from None


def scored(run: Recorded, metrics: Mapping[str, Metric], resampling: Resampling) -> RunResult:
    """A run's result with all that follows from its segment scores.

    Args:
        metrics: what made the scores, by name; they combine statistics, and score nothing.
        resampling: how intervals and tests are made.
    """
    pairs = tuple(
        with_scores(pair, metrics, run.signatures[str(pair.eval_set.pair)], resampling) for pair in run.result.pairs
    )
    return replace(run.result, pairs=pairs)


def check_scores(run: Recorded, metrics: Mapping[str, Metric]) -> None:
    """Make sure that the scores that the run had are those that its segment statistics give.

    Raises:
        RunError: one is not; it names both.
    """
    alone = Resampling(draws=0, seed=0)
    for pair in run.result.pairs:
        name = str(pair.eval_set.pair)
        documents = list(pair.eval_set.documents_of_scored)
        for system in pair.systems:
            had = run.scores[name][system.name]
            for metric, found in system.segment_scores.items():
                now = system_score(found, metrics[metric], "", alone, documents).score
                if not _same(had.get(metric), now):
                    raise RunError(
                        str(run.folder / ITS_MARK),
                        f"gives {system.name} {_shown(had.get(metric))} by {metric} in {name}, "
                        f"but its segment statistics give {_shown(now)}",
                        "it was edited by hand or made by another version of the metric: run it again",
                    )


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def _shown(score: float | None) -> str:
    return "no score" if score is None else str(score)


def _record(folder: Path) -> dict[str, Any]:
    """What ``run.json`` says, once it is known to be whole and of a format that can be read."""
    path = folder / ITS_MARK
    if not folder.is_dir():
        raise RunError(str(folder), "no such folder", "check the path")
    if not path.is_file():
        refuse_unfinished(folder)
        raise RunError(str(folder), f"holds no run (there is no {ITS_MARK})", "name the folder of a run")
    with path.open("rb"):
        pass  # or it cannot be read at all
    try:
        record = parse_object(read_text(path), str(path))
    except DataError as error:
        raise RunError(str(path), f"is cut or damaged: {error.problem}", _ORIGINAL) from None
    found = record.get("format")
    if found is None:
        remedy = "run it again with this version; what the store holds is not made again"
        raise RunError(str(path), "was written by an earlier mteval, whose runs cannot be read back", remedy)
    if found != FORMAT:
        newer = isinstance(found, int) and found > FORMAT
        by = f"a newer mteval ({_version(record)})" if newer else "another mteval"
        remedy = "upgrade mteval" if newer else _AGAIN
        raise RunError(str(path), f"was written by {by}: its format is {found}, and {FORMAT} can be read", remedy)
    if record.get("digest") != digest_of(record):
        raise RunError(str(path), "was edited by hand or is damaged: its digest is not that of what it says", _ORIGINAL)
    return record


def _version(record: Row) -> str:
    try:
        return str(record["environment"]["packages"]["mteval"])
    except (KeyError, TypeError):
        return "of unknown version"


def _check_files(folder: Path, record: Row) -> None:
    files = record.get("files")
    for name in FILES:
        path = folder / name
        if not path.is_file():
            raise RunError(str(path), "is missing, and the run cannot be read back without it", _ORIGINAL)
        if not isinstance(files, dict) or files.get(name) != sha256_of(path):
            problem = f"was edited by hand, cut or damaged: its SHA-256 is not the one in {ITS_MARK}"
            raise RunError(str(path), problem, _ORIGINAL)


def _rebuilt(folder: Path, record: Row) -> Recorded:
    cards = {name: card(said) for name, said in record["metrics"].items()}
    columns = {said["lang_pair"]: Columns(folder / "segments.jsonl", said, list(cards)) for said in record["pairs"]}
    _read_lines(folder / "segments.jsonl", columns)
    verdicts: dict[str, list[Row]] = {}
    for _, row in read_jsonl(folder / "verdicts.jsonl"):
        verdicts.setdefault(row["lang_pair"], []).append(row)
    arrays = read_statistics(folder / "statistics.npz")
    result = RunResult(
        pairs=tuple(
            pair_result(said, columns[said["lang_pair"]], verdicts.get(said["lang_pair"], []), arrays)
            for said in record["pairs"]
        ),
        metrics=cards,
        record={key: value for key, value in record.items() if key not in _OF_RECORD},
        warnings=tuple(record["warnings"]),
        baseline=record["baseline"],
        failed=tuple(
            FailedCell(str(one["cell"]), tuple(map(str, one["overrides"])), str(one["reason"]))
            for one in record.get("failed", ())
        ),
    )
    return Recorded(
        folder,
        result,
        {said["lang_pair"]: _signatures(folder, said) for said in record["pairs"]},
        {said["lang_pair"]: said["scores"] for said in record["pairs"]},
        resampling_of(record),
    )


def _read_lines(path: Path, columns: Mapping[str, Columns]) -> None:
    """Hand each line of ``segments.jsonl`` to its lang pair."""
    place = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            row = parse_object(raw.decode("utf-8"), f"{path}:{number}")
            start, place = place, place + len(raw)
            if row["lang_pair"] in columns:
                columns[row["lang_pair"]].add(row, number, start, place)


def _signatures(folder: Path, said: Row) -> dict[str, str]:
    """Each metric's signature in one lang pair; a metric that scored nothing there has none."""
    signatures: dict[str, str] = {}
    for metric, found in said["metric_signatures"].items():
        for other in found[1:]:
            first, second = found[0]["systems"][0], other["systems"][0]
            raise ComparabilityError(
                f"{folder}: {said['lang_pair']}, metric {metric}",
                f"was made under different signatures: "
                f"{difference(found[0]['signature'], other['signature'], f'for {first}', f'for {second}')}",
                "score these systems under the same settings",
            )
        if found:
            signatures[metric] = found[0]["signature"]
    return signatures
