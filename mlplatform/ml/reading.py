"""From landed bytes to a table of text: nothing is guessed, nothing is dropped.

Types come later, from the contract: a value that cannot be read as its column's type is then a quarantined
row that still shows what the file really said.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.naming import ROW_DIGITS, row_ids_prefix

if TYPE_CHECKING:
    import pyarrow as pa

ROW_ID = "row_id"
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
}


def read_landed(path: Path, name: str, batch: str) -> pa.Table:
    """The file's rows as text columns plus `row_id` (batch and 1-based data row).

    `path` holds the landed bytes, `name` is what the file was called and stands in messages.
    Blank cells are null. Raises UnreadableFile naming file and line.
    """
    import pyarrow as pa

    header = _checked_header(path, name)
    table = _parse(path, name, header)
    if table.num_rows == 0:
        raise UnreadableFile(f"{name} has a header and no rows. Land a file with at least one row.")
    if ROW_ID in header:
        raise UnreadableFile(f"{name}, line 1: a column is called '{ROW_ID}', which is reserved. Rename it.")
    return table.append_column(ROW_ID, pa.chunked_array([_row_ids(batch, table.num_rows)]))


def _row_ids(batch: str, rows: int) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.utf8_lpad(pa.array(range(1, rows + 1)).cast(pa.string()), width=ROW_DIGITS, padding="0")
    return pc.binary_join_element_wise(row_ids_prefix(batch), numbers, "")


def _checked_header(path: Path, name: str) -> list[str]:
    """Column names from the first line, after the refusals that need no parsing of the rest."""
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip():
        raise UnreadableFile(f"{name} is empty. Land a CSV file with a header line and rows.")
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{name} is {kind}, not CSV text. Save it as CSV (UTF-8, commas).")
    _refuse_other_encodings(path, name)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if len(header) == 1:
        for delimiter, kind in _OTHER_DELIMITERS.items():
            if delimiter in header[0]:
                raise UnreadableFile(
                    f"{name}, line 1: columns are separated by {kind}, commas are expected. "
                    "Save the file with commas as delimiter."
                )
    for column in header:
        if not column.strip() or header.count(column) > 1:
            what = "a column without a name" if not column.strip() else f"column {column!r} stands twice"
            raise UnreadableFile(f"{name}, line 1: {what}. Give every column a name of its own.")
    return header


def _refuse_other_encodings(path: Path, name: str) -> None:
    line = 0
    with path.open("rb") as file:
        for block in iter(lambda: file.readlines(1 << 24), []):
            try:
                b"".join(block).decode("utf-8")
            except UnicodeDecodeError:
                for number, text in enumerate(block, start=line + 1):
                    _refuse_line(text, number, name)
            line += len(block)


def _refuse_line(text: bytes, number: int, name: str) -> None:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name}, line {number}: byte 0x{text[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from None


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
    try:
        return pa_csv.read_csv(path, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        pass
    try:  # one thread counts the rows, so that the message can name the one that is broken
        one_thread = pa_csv.ReadOptions(use_threads=False)
        return pa_csv.read_csv(path, one_thread, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise UnreadableFile(f"{name}{_in_plain_words(str(error))}") from None


def _in_plain_words(arrow_message: str) -> str:
    found = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", arrow_message, re.DOTALL)
    if not found:
        return f" cannot be read as CSV: {arrow_message}. Save it again as CSV (UTF-8, commas)."
    row, expected, got, text = found.groups()
    return (
        f", line {row}: {got} values where the header names {expected} columns ({text.strip()[:60]!r}). "
        "Mend that line, or quote values that contain commas."
    )
