"""From landed bytes to a table of text: nothing is guessed, nothing is dropped.

Types come later, from the contract: a value that cannot be read as its column's type is then a quarantined
row that still shows what the file really said.
"""

from __future__ import annotations

import codecs
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.naming import ROW_DIGITS, row_ids_prefix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

ROW_ID = "row_id"
csv.field_size_limit(sys.maxsize)  # a cell may be long
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}


def read_landed(path: Path, name: str, batch: str, file_format: FileFormat = PLAIN) -> pa.Table:
    """The file's rows as text columns plus `row_id` (batch and 1-based data row).

    `path` holds the landed bytes, `name` is what the file was called and stands in messages.
    Blank cells are null; blank lines are no rows. Raises UnreadableFile naming file and line.
    """
    import numpy as np
    import pyarrow as pa

    start = _refuse_other_formats(path, name)
    content = np.fromfile(path, dtype=np.uint8)
    _refuse_other_encodings(path, name)
    _refuse_other_delimiters(path, name)
    if not _plainly_quoted(content[3:] if start.startswith(codecs.BOM_UTF8) else content):
        _refuse_broken_rows(path, name)
    header = _checked_header(path, name)
    table = _parse(path, name, header)
    return table.append_column(ROW_ID, pa.chunked_array([_row_ids(batch, table.num_rows)]))


def _row_ids(batch: str, rows: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.utf8_lpad(pa.array(np.arange(1, rows + 1)).cast(pa.string()), width=ROW_DIGITS, padding="0")
    return pc.binary_join_element_wise(row_ids_prefix(batch), numbers, "")


def _refuse_other_formats(path: Path, name: str) -> bytes:
    """The first bytes of the file."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise UnreadableFile(f"{name} is empty. Land a CSV file with a header line and rows.")
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{name} is {kind}, not CSV text. Save it as CSV (UTF-8, commas).")
    return start


def _checked_header(path: Path, name: str) -> list[str]:
    """Column names from the first line, after the refusals that need no parsing of the rest."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows, [])
        has_rows = any(rows)  # a blank line is an empty list
    if not header:
        raise UnreadableFile(f"{name}, line 1: the line is blank, but it must name the columns. Delete it.")
    seen: set[str] = set()
    for column in header:
        if not column.strip() or column in seen:
            what = "a column without a name" if not column.strip() else f"column {column!r} stands twice"
            raise UnreadableFile(f"{name}, line 1: {what}. Give every column a name of its own.")
        seen.add(column)
    if ROW_ID in seen:
        raise UnreadableFile(f"{name}, line 1: a column is called '{ROW_ID}', which is reserved. Rename it.")
    if not has_rows:
        raise UnreadableFile(f"{name} has a header and no rows. Land a file with at least one row.")
    return header


def _refuse_other_delimiters(path: Path, name: str) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first_line = next(csv.reader([file.readline()]), [])
    for delimiter, kind in _OTHER_DELIMITERS.items():
        if len(first_line) == 1 and delimiter in first_line[0]:
            raise UnreadableFile(
                f"{name}, line 1: columns are separated by {kind}, commas are expected. "
                "Save the file with commas as delimiter."
            )


def _refuse_other_encodings(path: Path, name: str) -> None:
    line = 0
    with path.open("rb") as file:
        for block in iter(lambda: file.readlines(1 << 24), []):
            text = b"".join(block)
            try:
                text.decode("utf-8")
                broken = b"\0" in text
            except UnicodeDecodeError:
                broken = True
            if broken:
                for number, one in enumerate(block, start=line + 1):
                    _refuse_line(one, number, name)
            line += len(block)


def _refuse_line(text: bytes, number: int, name: str) -> None:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name}, line {number}: byte 0x{text[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from None
    if b"\0" in text:
        raise UnreadableFile(
            f"{name}, line {number}: a zero byte, so this is no UTF-8 text. Save the file as CSV (UTF-8)."
        )


def _plainly_quoted(content: np.ndarray) -> bool:
    """Whether quotes stand in pairs around whole cells only (or doubled within), as in nearly every file.

    Arrow also reads other files without a word, one with an unclosed quote for example, where the rest of the
    file becomes one cell and its rows are lost.
    """
    import numpy as np

    quotes = np.flatnonzero(content == ord('"'))
    if len(quotes) % 2:
        return False
    around = np.frombuffer(b'\n,\r"', dtype=np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = content[opening[opening > 0] - 1]
    after = content[closing[closing < len(content) - 1] + 1]
    return bool(np.isin(before, around).all() and np.isin(after, around).all())


def _refuse_broken_rows(path: Path, name: str) -> None:
    """Go through the file row by row, in order to name the first broken one; slow, so only when in doubt."""
    columns, line = 0, 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        while True:
            try:
                row = next(rows, None)
            except csv.Error as error:
                raise UnreadableFile(
                    f"{name}, line {line}: a quoted value does not end where it should ({error}). "
                    'Close the quote, or double a quote that belongs to the value ("").'
                ) from None
            if row is None:
                return
            columns = columns or len(row)
            if row and len(row) != columns:
                raise UnreadableFile(
                    f"{name}, line {line}: {len(row)} values where the header names {columns} columns "
                    f"({','.join(row)[:60]!r}). Mend that line, or quote values that contain commas."
                )
            line = rows.line_num + 1


def _parse(path: Path, name: str, header: list[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    # A blank is the only spelling of missing; words like NA stay text for the contract to judge.
    convert = pa_csv.ConvertOptions(
        column_types={column: pa.string() for column in header},
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    names = {"column_names": header, "skip_rows_after_names": 1}
    try:
        return pa_csv.read_csv(path, pa_csv.ReadOptions(**names), parse, convert)
    except pa.ArrowInvalid:
        _refuse_broken_rows(path, name)
    try:  # no row is broken, so one is longer than a block
        whole = min(path.stat().st_size + 1, 2**31 - 1)
        return pa_csv.read_csv(path, pa_csv.ReadOptions(block_size=whole, **names), parse, convert)
    except pa.ArrowInvalid as error:
        raise UnreadableFile(
            f"{name} cannot be read as CSV: {error}. Save it again as CSV (UTF-8, commas)."
        ) from None
