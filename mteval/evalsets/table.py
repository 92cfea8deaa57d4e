"""An eval set in a table: CSV, TSV or Parquet, one segment a row, whose columns are named in the config."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from mteval.errors import ConfigError, DataError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.rows import Row, assembled, checked_origlang, is_of_pair, origlang_of
from mteval.evalsets.table_formats import Cells, Format, begins_with_bom, open_parquet, open_text
from mteval.files import resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SUFFIX = re.compile(r"\.(csv|tsv|parquet)(\.gz|\.xz)?$", re.IGNORECASE)
_REFERENCE = "reference"
_OPTIONAL = ("document", "id", "lang_pair", "origlang")
"""Columns that are read where they are there, under these names if the config gives no others."""


class Table(EvalSetReader):
    """Reads a CSV, TSV or Parquet file with a header, one segment a row.

    A file with the columns ``source`` and ``reference`` needs no settings. Columns that the config does not name are
    left alone, but for ``reference``, ``document``, ``id``, ``lang_pair`` and ``origlang``, which are read where they
    are there. In a table of several languages the settings may hold ``{source}`` and ``{target}``, as in
    ``source="{source}" references={ref: "{target}"}``.

    CSV has quoting (RFC 4180: a cell in quotation marks may hold delimiters, line breaks and doubled quotation marks);
    TSV has none: every tab parts two cells, and a quotation mark is a character like others. No cell is turned into
    something else: a text column of numbers is an error, and so is a score that is no number. An empty cell is no
    reference or no score of that segment, and an empty hypothesis.

    Args:
        path: the file (``.csv``, ``.tsv``, each also ``.gz`` or ``.xz``, or ``.parquet``); ``{lang_pair}``,
            ``{source}`` and ``{target}`` in it are filled in.
        source: the column of the source texts.
        references: columns by the reference's name; ``None`` for ``reference`` where it is there.
        hypotheses: columns by system.
        gold: columns of human scores by system.
        document, id, lang_pair: columns of names; ``None`` for the column of that name where it is there.
        origlang_column: the column of the languages that documents were first written in; ``None`` for ``origlang``
            where it is there.
        origlang: that language, where no column says it; ``None`` for unknown.
        name: the test set's name; ``None`` for the file's.
        format: ``csv``, ``tsv`` or ``parquet``; ``None`` for what the file's name says.
        delimiter: what parts cells; ``None`` for a comma in CSV and a tab in TSV.
        quoted: whether there is quoting; ``None`` for yes in CSV and no in TSV.
    """

    def __init__(
        self,
        path: str,
        source: str = "source",
        references: Mapping[str, str] | None = None,
        hypotheses: Mapping[str, str] | None = None,
        gold: Mapping[str, str] | None = None,
        document: str | None = None,
        id: str | None = None,  # noqa: A002
        lang_pair: str | None = None,
        origlang_column: str | None = None,
        origlang: str | None = None,
        name: str | None = None,
        format: str | None = None,  # noqa: A002
        delimiter: str | None = None,
        quoted: bool | None = None,
    ) -> None:
        self._path = path
        self._format = _format(path, format)
        if self._format == "parquet" and (delimiter is not None or quoted is not None):
            key = "delimiter" if delimiter is not None else "quoted"
            raise ConfigError(key, "Parquet has no delimiters and no quoting", "leave it out")
        if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
            raise ConfigError("delimiter", f"{delimiter!r} cannot part cells", "give one character, as ;")
        self._delimiter = delimiter or ("\t" if self._format == "tsv" else ",")
        self._quoted = self._format == "csv" if quoted is None else quoted
        self._columns = _Columns(
            source,
            _by_name("references", references),
            _by_name("hypotheses", hypotheses) or {},
            _by_name("gold", gold) or {},
            {
                what: column
                for what, column in zip(_OPTIONAL, (document, id, lang_pair, origlang_column), strict=True)
                if column is not None
            },
        )
        self._origlang = checked_origlang(origlang)
        self._name = name

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(resolve(pair.fill(self._path)), "correct evalset.path"),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        path = resolve(pair.fill(self._path))
        typed = self._format == "parquet"
        opened = open_parquet(path) if typed else open_text(path, self._delimiter, quoted=self._quoted)
        columns = self._columns.found(pair, opened.header, path)
        told = any("{lang_pair}" in text or "{target}" in text for text in (self._path, *self._columns.every))
        rows = []
        for where, cells in opened.rows(columns.every):
            if is_of_pair(where, columns.name(where, cells, "lang_pair"), pair, pairs, told=told):
                rows.append(columns.row(where, cells, typed=typed))
        if not rows:
            raise DataError(str(path), f"holds no segment of {pair}", "give rows below the header, or other lang_pairs")
        notices = []
        if not typed and begins_with_bom(path):
            notices.append(f"{path} begins with a byte order mark, which is left out: it is no part of the text")
        for name, column in (columns.references or {}).items():
            if not any(name in row.references for row in rows):
                notices.append(f"column {column!r} of {path} is empty, so there is no reference {name}")
        return assembled(self._name or _SUFFIX.sub("", path.name), pair, rows, self._origlang, notices)


@dataclass(frozen=True)
class _Columns:
    """Which columns hold what.

    Attributes:
        references: by name; ``None`` while it is not known whether there is a column of that name.
        named: columns of names, by what they name.
    """

    source: str
    references: Mapping[str, str] | None
    hypotheses: Mapping[str, str]
    gold: Mapping[str, str]
    named: Mapping[str, str]

    @property
    def every(self) -> frozenset[str]:
        """All columns that are read."""
        return frozenset(self._by_key.values())

    @property
    def _by_key(self) -> dict[str, str]:
        """All columns, by the config's key."""
        found = {"source": self.source}
        for key, group in (("references", self.references or {}), ("hypotheses", self.hypotheses), ("gold", self.gold)):
            found |= {f"{key}.{name}": column for name, column in group.items()}
        return found | {_key(what): column for what, column in self.named.items()}

    def found(self, pair: LangPair, header: Sequence[str], path: Path) -> _Columns:
        """The columns of one file in one lang pair, those that are read without being asked for among them.

        Raises:
            DataError: one that is asked for is not there, or one looks like a misspelt name of one that is not.
        """

        def filled(columns: Mapping[str, str]) -> dict[str, str]:
            return {name: pair.fill(column) for name, column in columns.items()}

        references = filled(self.references or {})
        named = filled(self.named)
        asked = _Columns(pair.fill(self.source), references, filled(self.hypotheses), filled(self.gold), named)
        for key, column in asked._by_key.items():
            if column not in header:
                there = ", ".join(map(repr, header))
                raise DataError(str(path), f"no column {column!r}; there are {there}", f"correct evalset.{key}")
        free = [name for name in header if name not in asked.every]
        for what in _OPTIONAL:
            if what not in named and _there(what, header, free, f"{_key(what)}=…", path):
                named[what] = what
        if self.references is None and _there(_REFERENCE, header, free, "references={reference: …}", path):
            references[_REFERENCE] = _REFERENCE
        return replace(asked, references=references, named=named)

    def row(self, where: str, cells: Cells, *, typed: bool) -> Row:
        """One row as a segment.

        Args:
            typed: whether numbers are numbers; if not, they are read from their texts.
        """
        references = {name: _text(where, cells, column) for name, column in (self.references or {}).items()}
        hypotheses = {name: _text(where, cells, column) for name, column in self.hypotheses.items()}
        gold = {name: _number(where, cells, column, typed=typed) for name, column in self.gold.items()}
        for name, hypothesis in hypotheses.items():
            if hypothesis is None:
                problem = f"column {self.hypotheses[name]!r} holds nothing, not even an empty text"
                raise DataError(where, problem, f"write an empty text where system {name} gave nothing")
        origlang = cells.get(self.named.get("origlang", ""))
        return Row(
            where=where,
            source=_text(where, cells, self.source) or "",
            document=self.name(where, cells, "document"),
            id=self.name(where, cells, "id"),
            references={name: text for name, text in references.items() if text is not None and text.strip()},
            hypotheses={name: text for name, text in hypotheses.items() if text is not None},
            gold={name: score for name, score in gold.items() if score is not None},
            origlang=None if origlang == "" else origlang_of(where, origlang),
        )

    def name(self, where: str, cells: Cells, what: str) -> str | None:
        """The name in one of the columns of names; ``None`` where there is no such column."""
        if what not in self.named:
            return None
        value = cells[self.named[what]]
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            problem = f"column {self.named[what]!r} holds {value!r}, which is no name"
            raise DataError(where, problem, "write a text or a whole number")
        return str(value)


def _key(what: str) -> str:
    """The config's key of a column of names."""
    return "origlang_column" if what == "origlang" else what


def _there(what: str, header: Sequence[str], free: Sequence[str], setting: str, path: Path) -> bool:
    """Whether there is a column of a name that nobody asked for; one that looks like it misspelt is refused."""
    if what not in header and (close := difflib.get_close_matches(what, free, 1, 0.8)):
        problem = f"column {close[0]!r} looks like {what!r}, and is not read under that name"
        raise DataError(str(path), problem, f"rename it, or choose it with evalset.{setting}")
    return what in header


def _format(path: str, given: str | None) -> Format:
    found = given
    if found is None:
        suffixes = [suffix for suffix in Path(path).suffixes if suffix not in (".gz", ".xz")]
        found = suffixes[-1].removeprefix(".").lower() if suffixes else ""
    for format_ in get_args(Format):
        if found == format_:
            known: Format = format_
            return known
    if given is not None:
        raise ConfigError("format", f"unknown format {given!r}", f"choose one of {', '.join(get_args(Format))}")
    raise ConfigError("path", f"{path} has an unknown format", "name a .csv, .tsv or .parquet file, or set format")


def _by_name(key: str, given: Mapping[str, str] | None) -> dict[str, str] | None:
    for name, column in (given or {}).items():
        if not isinstance(name, str) or not name or not isinstance(column, str):
            raise ConfigError(f"{key}.{name}", f"{column!r} is no column's name", "write NAME: COLUMN, in quotes")
    return None if given is None else dict(given)


def _text(where: str, cells: Cells, column: str) -> str | None:
    value = cells[column]
    if value is None:
        return None
    if not isinstance(value, str):
        problem = f"column {column!r} holds {value!r} ({type(value).__name__}), which is no text"
        raise DataError(where, problem, "write the column as text, or name another")
    if "\0" in value:
        raise DataError(where, f"column {column!r} holds a NUL character", "take it out: it belongs to no text")
    return value


def _number(where: str, cells: Cells, column: str, *, typed: bool) -> float | None:
    value = cells[column]
    if value is None or (value == "" and not typed):
        return None
    if isinstance(value, str) and not typed and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(where, f"column {column!r} holds {value!r}, which is no number", "write one, as 71.5")
    return float(value)
