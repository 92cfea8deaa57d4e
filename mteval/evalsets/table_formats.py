"""Tables as files hold them: CSV and TSV, whose cells are texts, and Parquet, whose cells have types."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mteval.errors import DataError
from mteval.files import read_bytes, read_lines, read_text

Format = Literal["csv", "tsv", "parquet"]

Cells = Mapping[str, object]
"""A row's cells by column name: texts, and in Parquet whatever the column holds; ``None`` for none."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Opened:
    """A table whose header is known.

    Attributes:
        header: the columns' names, no two of them the same.
        rows: given the columns that are wanted, all rows, each with its place.
    """

    header: Sequence[str]
    rows: Callable[[Collection[str]], Iterator[tuple[str, Cells]]]


def begins_with_bom(path: Path) -> bool:
    """Whether a byte order mark stands before the text, which is no part of it."""
    return read_bytes(path).startswith(_BOM)


def open_text(path: Path, delimiter: str, *, quoted: bool) -> Opened:
    """Open a table of texts.

    Args:
        quoted: whether there is quoting, as in RFC 4180; without it a line is a row, and every delimiter parts cells.

    Raises:
        DataError: there is no header, two columns have one name, or, while rows are read, one has more or fewer cells
            than the header or breaks the rules of quoting.
    """
    found = _quoted(path, delimiter) if quoted else _plain(path, delimiter)
    where, header = next(found, (str(path), ()))
    if not any(header):
        raise DataError(where, "there is no header", "write the names of the columns into the first line")
    _check_header(where, header)

    def rows(wanted: Collection[str]) -> Iterator[tuple[str, Cells]]:
        for where, cells in found:
            if len(cells) != len(header):
                said = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'} for {len(header)} columns"
                raise DataError(where, said, "correct the row's delimiters and quotation marks")
            yield where, {name: cell for name, cell in zip(header, cells, strict=True) if name in wanted}

    return Opened(header, rows)


def _plain(path: Path, delimiter: str) -> Iterator[tuple[str, Sequence[str]]]:
    for number, line in enumerate(read_lines(path), start=1):
        yield f"{path}:{number}", line.split(delimiter)


def _quoted(path: Path, delimiter: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The rows of a table with quoting, each with the place where it begins; cells may hold line breaks."""
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    while True:
        where = f"{path}:{reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            remedy = "double the quotation marks in a cell, or set evalset.quoted=false where there is no quoting"
            raise DataError(where, f"not a quoted table ({error}; the row begins here)", remedy) from None
        yield where, row


def open_parquet(path: Path) -> Opened:
    """Open a Parquet file; a field of a struct is a column, as ``translation.pt``.

    Raises:
        DataError: it is no Parquet, or two columns have one name.
    """
    import pyarrow.parquet

    raw = read_bytes(path)
    with _readable(path):
        file = pyarrow.parquet.ParquetFile(io.BytesIO(raw))
        header = list(_flat(file.schema_arrow.empty_table()).column_names)
    _check_header(str(path), header)

    def rows(wanted: Collection[str]) -> Iterator[tuple[str, Cells]]:
        chosen = [name for name in header if name in wanted]
        with _readable(path):
            batches = _flat(file.read(columns=chosen)).select(chosen).to_batches()
        number = 0
        for batch in batches:
            for cells in batch.to_pylist():
                number += 1
                yield f"{path}: row {number}", cells

    return Opened(header, rows)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(str(path), f"not Parquet that can be read ({said})", "write the file again") from None


def _flat(table: Any) -> Any:
    """A table whose structs are taken apart, however deep."""
    import pyarrow

    while any(pyarrow.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _check_header(where: str, header: Sequence[str]) -> None:
    for name, count in Counter(header).items():
        if count > 1:
            raise DataError(where, f"{count} columns are named {name!r}", "rename all but one")
