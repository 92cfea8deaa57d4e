"""Data sets of the model hub, or files that ``datasets`` reads, as test sets: any, by the names of their columns."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import langcodes

from mteval.errors import ConfigError, DataError, ParityError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.hub_languages import fill, find
from mteval.evalsets.hub_loading import BUILDERS, Source, columns_of, value_of
from mteval.lang import LangPair, base_language, check_code
from mteval.needs import Need
from mteval.segment import Document, EvalSet, Segment

_COLUMNS = ("source", "document", "id", "origlang", "leave_out")
_MOST = 5  # how many ids an error names

_Row = tuple[int, Mapping[str, Any]]
"""A row, with its number from 1."""


class HubDataset(EvalSetReader):
    """Reads a split of a data set, a row a segment; no code of the data set's is ever run.

    ``config``, ``data_files``, the columns and the references may hold ``{source}``, ``{target}``, ``{lang_pair}`` and
    ``{alphabetical}`` (both codes in alphabetical order, joined by a hyphen). Where the data set has no such name, the
    one that says the same languages is taken: ``por_Latn`` for ``pt``, ``pt_BR`` for ``pt``, but never ``pt_BR`` for
    ``pt_PT``. A column may be in another: ``translation.pt``.

    Rows without ``columns.document`` are one document; a document whose rows are not together is several, ``ID (2)``.

    Args:
        path: the data set's name at the hub, a folder, or ``arrow``, ``csv``, ``json``, ``parquet`` or ``text`` for
            files of that format.
        columns: the columns of the ``source``, and optionally of the ``document``'s and the segment's ``id``, of
            ``origlang``, and of ``leave_out``: rows where it is true are no part of the test set.
        references: columns of references by name.
        name: the test set's name; ``None`` for the data set's.
        config: the config (subset); ``None`` for the only one.
        reference_config: the config that holds the references, where each language has one; rows are then joined by
            ``columns.id``.
        split: which split is read; ``test`` for files that have none.
        revision: a branch, tag or commit; ``None`` for ``main``.
        data_files: the files, where ``path`` is a folder or a format; patterns are possible.
        reference_files: those that hold the references, where they are others; joined by ``columns.id``.
        origlang: the language in which all of it was first written, where no column tells.
        source_language: the only language that the source column is in; ``None`` if that goes by the config.
        language_codes: how the data set writes a language, by the lang pair's code, as ``{es: es_MX}``.
        limit: read no more than so many rows, which the test set's name then says; ``None`` for all.
        streaming: read from the hub without keeping anything; ``false`` keeps the whole config in the cache, for use
            offline.
        gated: whether a licence must be accepted at the hub first.
    """

    def __init__(
        self,
        path: str,
        columns: Mapping[str, str | None],
        references: Mapping[str, str] | None = None,
        name: str | None = None,
        config: str | None = None,
        reference_config: str | None = None,
        split: str = "test",
        revision: str | None = None,
        data_files: Sequence[str] = (),
        reference_files: Sequence[str] = (),
        origlang: str | None = None,
        source_language: str | None = None,
        language_codes: Mapping[str, str] | None = None,
        limit: int | None = None,
        streaming: bool = True,
        gated: bool = False,
    ) -> None:
        for column in columns:
            if column not in _COLUMNS:
                raise ConfigError(f"columns.{column}", "unknown key", f"name one of {', '.join(_COLUMNS)}")
        self._columns = {key: column for key, column in columns.items() if column is not None}
        if "source" not in self._columns:
            raise ConfigError("columns.source", "has no value", "name the column of the source texts")
        if (reference_config or reference_files) and "id" not in self._columns:
            raise ConfigError("columns.id", "has no value", "name the column by which references are joined to sources")
        if limit is not None and limit < 1:
            raise ConfigError("limit", f"{limit} is no number of rows", "give at least 1, or null for all")
        if path in BUILDERS and not data_files:
            raise ConfigError("data_files", f"there are none, and {path} is a format", "name the files")
        self._path = path
        self._references = dict(references or {})
        self._name = name
        self._config, self._reference_config = config, reference_config
        self._split = split
        self._revision = revision
        self._data_files, self._reference_files = tuple(data_files), tuple(reference_files)
        self._origlang = None if origlang is None else check_code(origlang, "origlang")
        self._source_language = None if source_language is None else check_code(source_language, "source_language")
        self._codes = dict(language_codes or {})
        self._limit = limit
        self._streaming = streaming
        self._gated = gated

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        configs = dict.fromkeys((self._config, self._reference_config or self._config))
        files = dict.fromkeys((self._data_files, self._reference_files or self._data_files))
        wanted = [(config, of) for config in configs for of in files]
        found = []
        for config, of in wanted:
            source = self._source(pair, of)
            name = config
            if config is not None:
                try:
                    name = find(config, pair, self._codes, source.cached_configs, "config", "configs")
                except ConfigError:
                    name = fill(config, pair, self._codes)
            found.append(source.need(name))
        return tuple(found)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        if self._source_language and base_language(self._source_language) != base_language(pair.source):
            raise ConfigError(
                f"lang_pairs.{pair}",
                f"{self._path} is from {self._source_language} only",
                f"choose lang pairs whose source is {self._source_language}",
            )
        rows, where, cut = self._rows(pair, self._data_files, self._config)
        columns = self._found(self._columns, rows, pair, where, "columns")
        if "leave_out" in columns:
            rows = [row for row in rows if not self._value(row, columns["leave_out"], where)]
            if not rows:
                raise DataError(where, f"{columns['leave_out']} is true in every row", "set columns.leave_out=null")
        ids = self._ids(rows, columns, where)
        joined, there = rows, where
        if self._reference_config or self._reference_files:
            joined, there = self._joined(pair, ids, columns["id"])
        references = self._found(self._references, joined, pair, there, "references")
        documents: list[Document] = []
        segments: list[Segment] = []
        times: Counter[str] = Counter()
        last = None
        for row, reference, key in zip(rows, joined, ids, strict=True):
            given = self._text(row, columns["document"], where) if "document" in columns else self._title
            if given != last:
                times[given] += 1
                name = given if times[given] == 1 else f"{given} ({times[given]})"
                documents.append(Document(name, pair.source, origlang=self._language(row, columns, where)))
                last = given
            source = value_of(row[1], columns["source"])
            if not isinstance(source, str) or not source.strip():
                raise DataError(
                    f"{where}, row {row[0]}",
                    f"has no source text in {columns['source']}",
                    "choose another column, or leave the row out with columns.leave_out",
                )
            segments.append(
                Segment(
                    id=key if "id" in columns else f"{documents[-1].id}:{key}",
                    source=source,
                    document=documents[-1].id,
                    where=f"{where}, row {row[0]}",
                    references=self._texts(reference, references, there),
                )
            )
        title = f"{self._title} (first {self._limit})" if cut else self._title
        return EvalSet(title, pair, tuple(documents), tuple(segments))

    @property
    def _title(self) -> str:
        path = self._data_files[0] if self._path in BUILDERS else self._path
        return self._name or path.rstrip("/").rpartition("/")[2].split(".")[0]

    def _source(self, pair: LangPair, files: Sequence[str]) -> Source:
        filled = tuple(fill(one, pair, self._codes) for one in files)
        return Source(self._path, filled, self._revision, self._streaming, self._gated)

    def _rows(
        self, pair: LangPair, files: Sequence[str], config: str | None, limited: bool = True
    ) -> tuple[list[_Row], str, bool]:
        """The rows, where they are from, and whether there are more than the limit."""
        source = self._source(pair, files)
        name = None
        if config is not None:
            kind = "configs in the cache" if source.from_cache else "configs"
            name = find(config, pair, self._codes, source.configs, "config", kind)
        where = " ".join(filter(None, (self._path, name, *source.files, self._split)))
        most = None if self._limit is None or not limited else self._limit + 1
        rows = list(enumerate(itertools.islice(source.rows(name, self._split), most), start=1))
        if not rows:
            raise DataError(where, "holds no row", "choose another config or split")
        cut = most is not None and len(rows) == most
        return rows[: self._limit] if limited else rows, where, cut

    def _found(
        self, columns: Mapping[str, str], rows: Sequence[_Row], pair: LangPair, where: str, key: str
    ) -> dict[str, str]:
        """The columns as the rows have them."""
        known = columns_of(rows[0][1])
        try:
            return {
                name: find(column, pair, self._codes, known, f"{key}.{name}", "columns")
                for name, column in columns.items()
            }
        except ConfigError as error:
            raise ConfigError(error.where, f"{where}: {error.problem}", error.remedy) from None

    def _ids(self, rows: Sequence[_Row], columns: Mapping[str, str], where: str) -> list[str]:
        if "id" not in columns:
            return [str(number) for number, _ in rows]
        ids = [self._text(row, columns["id"], where) for row in rows]
        if len(set(ids)) < len(ids):
            twice = [key for key, count in Counter(ids).items() if count > 1]
            problem = f"{columns['id']} {', '.join(twice[:_MOST])} is there more than once"
            raise DataError(where, problem, "choose another column as columns.id, or none")
        return ids

    def _joined(self, pair: LangPair, ids: Sequence[str], column: str) -> tuple[list[_Row], str]:
        """The rows that hold the references, in the order of the sources."""
        rows, where, _ = self._rows(
            pair, self._reference_files or self._data_files, self._reference_config or self._config, limited=False
        )
        self._found({"id": column}, rows, pair, where, "columns")
        by_id = dict(zip(self._ids(rows, {"id": column}, where), rows, strict=True))
        wanted = set(ids)
        lacking = [key for key in ids if key not in by_id]
        more = [] if self._limit or "leave_out" in self._columns else [key for key in by_id if key not in wanted]
        if lacking or more:
            lack = f"lacks {len(lacking)} of {len(ids)} segments ({column} {', '.join(lacking[:_MOST])})"
            extra = f"has {len(more)} segments more than the source ({column} {', '.join(more[:_MOST])})"
            raise ParityError(where, lack if lacking else extra, "choose configs and splits that belong together")
        return [by_id[key] for key in ids], where

    def _value(self, row: _Row, column: str, where: str) -> Any:
        try:
            return value_of(row[1], column)
        except KeyError:
            names = ", ".join(columns_of(row[1]))
            raise DataError(f"{where}, row {row[0]}", f"has no {column}", f"its columns are {names}") from None

    def _text(self, row: _Row, column: str, where: str) -> str:
        """What a column that names something says, as text."""
        value = self._value(row, column, where)
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise DataError(f"{where}, row {row[0]}", f"{column} {value!r} is no name", "choose another column")
        return str(value)

    def _texts(self, row: _Row, references: Mapping[str, str], where: str) -> dict[str, str]:
        """A row's references by name; one that is empty or ``null`` is not there."""
        found = {name: self._value(row, column, where) for name, column in references.items()}
        for name, text in found.items():
            if text is not None and not isinstance(text, str):
                problem = f"{references[name]} holds a {type(text).__name__}, not a text"
                raise DataError(f"{where}, row {row[0]}", problem, f"choose another column as references.{name}")
        return {name: text for name, text in found.items() if text and text.strip()}

    def _language(self, row: _Row, columns: Mapping[str, str], where: str) -> str | None:
        """The language that a row was first written in."""
        if "origlang" not in columns:
            return self._origlang
        told = self._value(row, columns["origlang"], where)
        code = told.strip().replace("-", "_") if isinstance(told, str) else ""
        return code if code and code != "und" and langcodes.tag_is_valid(code) else None
