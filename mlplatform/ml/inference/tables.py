"""A file nobody has described yet, read: its format, its rows as text, and facts about every column."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.inference.columns import Column, column_of_text
from mlplatform.ml.inference.text_files import delimiter_of, encoding_of, is_delimited
from mlplatform.ml.inference.value_spelling import Spelling, spelling_of, stripped
from mlplatform.ml.reading import ROW_ID, read_landed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BATCH = "described"


@dataclass(frozen=True)
class DescribedTable:
    """`landed` is the table as `read_landed` gives it, `remarks` say what was assumed about its spelling."""

    file: str
    landed: pa.Table
    file_format: FileFormat
    columns: Mapping[str, Column]
    remarks: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return int(self.landed.num_rows)

    def texts(self, name: str) -> pd.Series:
        """A column's text, row by row, 0..n-1: blanks cut off and words for nothing missing, as declared."""
        texts = self.landed.column(name).to_pandas().astype(object)
        if self.file_format.strip_blanks:
            texts = texts.str.strip()
        return texts.where(texts.notna() & ~texts.isin((*self.file_format.missing, "")), None)


def detect_format(path: Path, name: str | None = None, time: str | None = None) -> FileFormat:
    """How the file at `path` spells its values; UnreadableFile where it is no table. See `describe`."""
    return describe(path, name, time).file_format


def describe(path: Path, name: str | None = None, time: str | None = None) -> DescribedTable:
    """Read a file whose format nobody has declared; UnreadableFile where it is no table.

    `name` is what the file is called in messages. Of several formats of dates, the one of the column `time`
    is declared, else the most frequent one: a file has one format, other columns stay text.
    """
    name = name or path.name
    try:
        written: dict[str, Any] = {}
        if is_delimited(path):
            encoding = encoding_of(path)
            written = {"encoding": encoding, "delimiter": delimiter_of(path, encoding)}
    except (EOFError, zlib.error, gzip.BadGzipFile):
        pass  # reading it in earnest says what is wrong with the archive
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}. Name a file.") from None
    landed = read_landed(path, name, _BATCH, FileFormat(**written))
    texts = landed.drop_columns([ROW_ID])
    if not texts.num_rows:
        raise UnreadableFile(f"{name} has a header and no rows. Give a file with rows.")
    counts = {column: _counts(texts.column(column)) for column in texts.column_names}
    blank = {column for column in counts if texts.column(column).null_count}
    spelling = spelling_of(counts, blank)
    columns = {
        column: column_of_text(column, _given(one, spelling), texts.num_rows, spelling.decimal)
        for column, one in counts.items()
    }
    dates, remarks = _one_format_of_dates(columns, time)
    columns = {one.name: _readable(one, counts, spelling, dates) for one in columns.values()}
    file_format = FileFormat(
        **written,
        decimal=spelling.decimal,
        missing=spelling.missing,
        strip_blanks=spelling.strip_blanks,
        dates=dates,
    )
    if written.get("encoding") == "cp1252":
        remarks.append("The text is not UTF-8; it is taken for Windows' Western encoding (cp1252).")
    return DescribedTable(name, landed, file_format, columns, (*spelling.remarks, *remarks))


def _counts(text: pa.ChunkedArray) -> pd.Series:
    """Rows per distinct value, the values as index in the order of the file."""
    import pandas as pd

    found = text.drop_null().value_counts()
    return pd.Series(
        found.field("counts").to_numpy(), index=pd.Index(found.field("values").to_pylist(), dtype=object)
    )


def _given(counts: pd.Series, spelling: Spelling) -> pd.Series:
    given = stripped(counts) if spelling.strip_blanks and len(counts) else counts
    return given[~given.index.isin(spelling.missing)]


def _one_format_of_dates(columns: Mapping[str, Column], time: str | None) -> tuple[str | None, list[str]]:
    found = {one.name: one.dates for one in columns.values() if one.dates is not None}
    if not found:
        return None, []
    formats = [dates.format for dates in found.values()]
    chosen = found[time].format if time in found else max(formats, key=formats.count)
    remarks = [f"Dates in {name}: {one.doubt}." for name, one in found.items() if one.doubt]
    others = [name for name, dates in found.items() if dates.format != chosen]
    if others:
        remarks.append(
            f"Dates are written in several ways; {chosen or 'ISO'} is declared, so "
            f"{', '.join(others)} stays text."
        )
    return chosen, remarks


def _readable(
    column: Column, counts: Mapping[str, pd.Series], spelling: Spelling, dates: str | None
) -> Column:
    """The column, as text if its dates are not written as the file's dates are declared to be."""
    if column.dates is None or column.dates.format == dates:
        return column
    given = _given(counts[column.name], spelling)
    return Column(
        column.name, "str", column.rows, column.missing, len(given), longest=int(given.index.str.len().max())
    )
