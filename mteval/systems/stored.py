"""Hypotheses that were made elsewhere, from a file: text lines, TSV or JSON Lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mteval.errors import ConfigError, DataError, ParityError
from mteval.files import check_parity, read_bytes, read_jsonl, read_lines, resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard

_FORMATS = (".txt", ".tsv", ".jsonl")


class Stored(System):
    """Reads one hypothesis a segment, in order; page furniture that is not scored has none. Of a subset of an eval set
    it may hold the hypotheses of the whole one, or those of the subset alone.

    Args:
        path: the file; ``{lang_pair}``, ``{source}`` and ``{target}`` in it are filled in. ``.txt`` holds a hypothesis
            a line; ``.tsv`` has a header line and no quoting; ``.jsonl`` an object a line. Each may end in ``.gz`` or
            ``.xz``.
        column: the TSV column or JSON field that holds the hypothesis.
        source_column: the TSV column or JSON field that holds the source; where it is there, it must match.
    """

    def __init__(self, path: str, column: str = "hypothesis", source_column: str = "source") -> None:
        suffix = _suffix(Path(path))
        if suffix not in _FORMATS:
            raise ConfigError("stored.path", f"{path} has an unknown format", f"name a file in {', '.join(_FORMATS)}")
        self._path = path
        self._column = column
        self._source_column = source_column
        self._places: dict[LangPair, dict[str, int]] = {}

    @property
    def card(self) -> SystemCard:
        return SystemCard()

    def declines(self, eval_set: EvalSet) -> str | None:
        path = self._file(eval_set.pair)
        if path != resolve(self._path) and not path.exists():
            return f"no file {path}"
        rows = self._read(path)
        whole = eval_set.whole or eval_set
        if len(rows) == len(eval_set.scored):
            whole = eval_set
        start, size, name = 0, len(whole.scored), whole.name
        if (part := eval_set.part) is not None:  # of a shard there are the hypotheses of the whole
            start, size, name = part.start, part.segments, part.name
        check_parity(str(path), len(rows), size, "hypotheses", f"segments of {name}")
        for (where, _, source), segment in zip(rows[start : start + len(whole.scored)], whole.scored, strict=True):
            if source is not None and source.strip() != segment.source.strip():
                raise ParityError(
                    where,
                    f"its source is not that of segment {segment.id}",
                    "store one hypothesis a segment, in the order of the eval set",
                )
        self._places[eval_set.pair] = {segment.id: row for row, segment in enumerate(whole.scored, start)}
        return None

    def check(self, pair: LangPair) -> None:
        pass

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(self._file(pair), "correct path"),)

    def signature(self, pair: LangPair) -> Signature:
        path = self._file(pair)
        return Signature.of({"stored": path.name, "sha256": hashlib.sha256(read_bytes(path)).hexdigest()[:16]})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        rows, places = self._read(self._file(pair)), self._places.get(pair, {})
        for index, segment in enumerate(segments):
            _, hypothesis, _ = rows[places.get(segment.id, index)]
            yield index, Output(hypothesis)

    def close(self) -> None:
        pass

    def _file(self, pair: LangPair) -> Path:
        return resolve(pair.fill(self._path))

    def _read(self, path: Path) -> list[tuple[str, str, str | None]]:
        """Each line's place, hypothesis and, where the file has it, source."""
        match _suffix(path):
            case ".txt":
                return [(f"{path}:{n}", line, None) for n, line in enumerate(read_lines(path), start=1)]
            case ".tsv":
                return self._read_tsv(path)
            case _:
                return self._read_jsonl(path)

    def _read_tsv(self, path: Path) -> list[tuple[str, str, str | None]]:
        lines = read_lines(path)
        header = lines[0].split("\t") if lines else []
        if header.count(self._column) > 1:
            raise DataError(
                f"{path}:1", f"{header.count(self._column)} columns are named {self._column!r}", "rename one"
            )
        if self._column not in header:
            raise DataError(
                f"{path}:1",
                f"no column {self._column!r}",
                f"name one of {', '.join(header) or 'none'} as the system's column",
            )
        rows = []
        for number, line in enumerate(lines[1:], start=2):
            cells = line.split("\t")
            if len(cells) != len(header):
                raise DataError(
                    f"{path}:{number}", f"{len(cells)} cells for {len(header)} columns", "correct the line's tabs"
                )
            row = dict(zip(header, cells, strict=True))
            rows.append((f"{path}:{number}", row[self._column], row.get(self._source_column)))
        return rows

    def _read_jsonl(self, path: Path) -> list[tuple[str, str, str | None]]:
        rows = []
        for where, row in read_jsonl(path):
            hypothesis, source = row.get(self._column), row.get(self._source_column)
            if not isinstance(hypothesis, str):
                raise DataError(where, f"no text in {self._column!r}", "write the hypothesis there, or name its field")
            rows.append((where, hypothesis, source if isinstance(source, str) else None))
        return rows


def _suffix(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix in (".gz", ".xz") else path.suffix
