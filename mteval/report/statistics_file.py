"""Writes ``statistics.npz``, and reads it: what scores are made of, so that all are made anew and nothing is scored."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from mteval.errors import RunError
from mteval.files import writing
from mteval.report.base import Counting, PairResult, Report, RunResult
from mteval.scores import Points, SegmentScores
from mteval.spilled import Spilled

Arrays = Mapping[str, NDArray[np.float64]]

_DAWN = (1980, 1, 1, 0, 0, 0)
"""The time of every member, the earliest that a ZIP file can hold, so that the same result gives the same bytes."""


class Statistics(Report):
    """Writes ``statistics.npz``, a NumPy archive of float64 arrays without pickles.

    A member is called ``LANG-PAIR/SYSTEM/METRIC/COUNTING``, each part percent-encoded: the segment statistics as
    ``mteval.scores.SegmentScores`` has them, a row a segment in the order of ``segments.jsonl`` (page furniture that
    was left out has none), NaN where there is no score. ``raw`` ones are there wherever something was scored, ``gated``
    and ``decoded`` ones where they are others; beside those, ``…/scores`` holds the segment scores that belong to them,
    NaN where there is none. The raw segment scores are in ``segments.jsonl``.
    """

    def write(self, result: RunResult, folder: Path) -> Path:
        path = folder / "statistics.npz"
        with writing(path) as file, zipfile.ZipFile(file, "w") as members:
            for name, array in (found for pair in result.pairs for found in _members(pair)):
                member = io.BytesIO()
                np.save(member, np.ascontiguousarray(array, np.float64), allow_pickle=False)
                about = zipfile.ZipInfo(f"{name}.npy", _DAWN)
                about.compress_type = zipfile.ZIP_DEFLATED
                members.writestr(about, member.getbuffer())
        return path


def read_statistics(path: Path) -> Arrays:
    """The arrays of a ``statistics.npz``, by name, in a file for temporary ones: of many runs they are large.

    Raises:
        RunError: it is not there, or it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: _spilled(archive[name]) for name in archive.files}
    except FileNotFoundError:
        raise RunError(str(path), "no such file", "run it again") from None
    except (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise RunError(str(path), f"is damaged ({error})", "copy the run's folder again, or run it again") from None


def _spilled(array: NDArray[np.float64]) -> NDArray[np.float64]:
    found = Spilled.empty(array.shape)
    found[...] = array
    return found


def raw_scores(arrays: Arrays, pair: str, system: str, metric: str, scores: Sequence[float | None]) -> SegmentScores:
    """One metric's scores of one system's segments, with their statistics.

    Args:
        scores: the segment scores, which are not in the archive.
    """
    return SegmentScores(metric, system, scores, arrays.get(_name(pair, system, metric, "raw")))


def recounted_scores(arrays: Arrays, pair: str, system: str, metric: str, counting: Counting) -> SegmentScores | None:
    """One metric's scores of one system's segments in another way of counting; ``None`` if they are the raw ones."""
    name = _name(pair, system, metric, counting)
    points = arrays.get(f"{name}/scores")
    if points is None:
        return None
    return SegmentScores(metric, system, Points(points), arrays.get(name))


def _members(pair: PairResult) -> Iterator[tuple[str, NDArray[np.float64]]]:
    of_pair = str(pair.eval_set.pair)
    for system in pair.systems:
        for metric, found in system.segment_scores.items():
            if found.statistics is not None:
                yield _name(of_pair, system.name, metric, "raw"), found.statistics.astype(np.float64, copy=False)
        for counting, by_metric in system.recounted.items():
            for metric, found in by_metric.items():
                name = _name(of_pair, system.name, metric, counting)
                if found.statistics is not None:
                    yield name, found.statistics.astype(np.float64, copy=False)
                yield f"{name}/scores", found.numbers


def _name(pair: str, system: str, metric: str, counting: Counting) -> str:
    return "/".join(quote(part, safe="") for part in (pair, system, metric, counting))
