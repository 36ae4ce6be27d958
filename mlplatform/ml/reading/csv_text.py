"""CSV as it lands: every cell as the file has it, or a refusal that names the line."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.reading.landed_columns import refuse_names

if TYPE_CHECKING:
    import pyarrow as pa

csv.field_size_limit(sys.maxsize)  # a cell may be long
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv(content: bytes, name: str, delimiter: str) -> pa.Table:
    """The rows as text columns, blank cells null; `content` is UTF-8. Raises UnreadableFile."""
    _refuse_other_delimiters(content, name, delimiter)
    if not _plainly_quoted(content, delimiter):
        _refuse_broken_rows(content, name, delimiter)
    table = _parse(content, name, delimiter, _checked_header(content, name, delimiter))
    _refuse_cut_end(content, name, table)
    return table


def _lines(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")


def _checked_header(content: bytes, name: str, delimiter: str) -> list[str]:
    """Column names from the first line, after the refusals that need no parsing of the rest."""
    rows = csv.reader(_lines(content), delimiter=delimiter, strict=True)
    header = next(rows, [])
    has_rows = any(rows)  # a blank line is an empty list
    if not header:
        raise UnreadableFile(f"{name}, line 1: the line is blank, but it must name the columns. Delete it.")
    refuse_names(header, f"{name}, line 1")
    if not has_rows:
        raise UnreadableFile(f"{name} has a header and no rows. Land a file with at least one row.")
    return header


def _refuse_other_delimiters(content: bytes, name: str, delimiter: str) -> None:
    first_text = _lines(content).readline()
    if first_text.lower().startswith("sep="):
        raise UnreadableFile(
            f"{name}, line 1: {first_text.strip()!r} is a note to a spreadsheet program. Delete that line; "
            "the delimiter is declared in the use case."
        )
    first_line = next(csv.reader([first_text], delimiter=delimiter), [])
    for other, kind in _DELIMITERS.items():
        if len(first_line) == 1 and other != delimiter and other in first_line[0]:
            raise UnreadableFile(
                f"{name}, line 1: columns are separated by {kind}, {_DELIMITERS[delimiter]} are expected. "
                f"Declare file=FileFormat(delimiter={other!r}) in the use case, or save the file with "
                f"{_DELIMITERS[delimiter]} as delimiter."
            )


def _plainly_quoted(content: bytes, delimiter: str) -> bool:
    """Whether quotes stand in pairs around whole cells only (or doubled within), as in nearly every file.

    Arrow also reads other files without a word, one with an unclosed quote for example, where the rest of the
    file becomes one cell and its rows are lost.
    """
    import numpy as np

    text = np.frombuffer(content, dtype=np.uint8)
    quotes = np.flatnonzero(text == ord('"'))
    if len(quotes) % 2:
        return False
    around = np.frombuffer(f'\n{delimiter}\r"'.encode(), dtype=np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    before = text[opening[opening > 0] - 1]
    after = text[closing[closing < len(text) - 1] + 1]
    return bool(np.isin(before, around).all() and np.isin(after, around).all())


def _refuse_broken_rows(content: bytes, name: str, delimiter: str) -> None:
    """Go through the file row by row, in order to name the first broken one; slow, so only when in doubt."""
    columns, line = 0, 1
    rows = csv.reader(_lines(content), delimiter=delimiter, strict=True)
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
                f"({delimiter.join(row)[:60]!r}). Mend that line, or quote values that contain "
                f"{_DELIMITERS[delimiter]}."
            )
        line = rows.line_num + 1


def _parse(content: bytes, name: str, delimiter: str, header: list[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    # A blank is the only spelling of missing; words like NA stay text for the contract to judge.
    convert = pa_csv.ConvertOptions(
        column_types={column: pa.string() for column in header},
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    parse = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    names = {"column_names": header, "skip_rows_after_names": 1}
    try:
        return pa_csv.read_csv(pa.BufferReader(content), pa_csv.ReadOptions(**names), parse, convert)
    except pa.ArrowInvalid:
        _refuse_broken_rows(content, name, delimiter)
    try:  # no row is broken, so one is longer than a block
        options = pa_csv.ReadOptions(block_size=min(len(content) + 1, 2**31 - 1), **names)
        return pa_csv.read_csv(pa.BufferReader(content), options, parse, convert)
    except pa.ArrowInvalid as error:
        raise UnreadableFile(
            f"{name} cannot be read as CSV: {error}. Save it again as CSV, as the use case declares it."
        ) from None


def _refuse_cut_end(content: bytes, name: str, table: pa.Table) -> None:
    """A file that stops without a line end where its last value should begin may have been cut there."""
    last = table.column(table.num_columns - 1)[-1].as_py()
    if content.endswith((b"\n", b"\r")) or (last or "").strip():
        return
    line = max(content.count(b"\n"), content.count(b"\r")) + 1
    raise UnreadableFile(
        f"{name}, line {line}: the file ends without a line end and without the last value, so it may have "
        "been cut off. Land the whole file; if it is whole, add a line end."
    )
