"""From landed bytes to a table of text: nothing is guessed, nothing is dropped.

Types come later, from the contract: a value that cannot be read as its column's type is then a quarantined
row that still shows what the file really said.
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.naming import ROW_DIGITS, row_ids_prefix
from mlplatform.ml.reading.csv_text import read_csv
from mlplatform.ml.reading.json_lines import read_json_lines
from mlplatform.ml.reading.landed_columns import ROW_ID
from mlplatform.ml.reading.landed_text import utf8
from mlplatform.ml.reading.parquet_text import read_parquet

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROW_ID", "read_landed"]
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"SQLite format 3": "an SQLite database",
    b"<?xml": "an XML document",
    b"<!DOCTYPE": "a web page",
    b"<!doctype": "a web page",
    b"<html": "a web page",
}
_JSON_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*["}]')
_JSON_LIST = re.compile(rb"\s*\[\s*[\[{\]]")


def read_landed(path: Path, name: str, batch: str, file_format: FileFormat = PLAIN) -> pa.Table:
    """The file's rows as text columns plus `row_id` (batch and 1-based data row).

    CSV as `file_format` declares it; JSON lines, Parquet and gzip around any of them are known by their
    content. `path` holds the landed bytes, `name` is what the file was called and stands in messages.
    Blank cells are null; blank lines are no rows. Raises UnreadableFile naming file and line.

    One damage cannot be seen: a CSV file that was cut within its very last value looks like a whole one.
    Only checksums, or a format such as Parquet, gzip or JSON lines, tell.
    """
    import pyarrow as pa

    table = _table(_unpacked(path.read_bytes(), name), name, file_format)
    return table.append_column(ROW_ID, pa.chunked_array([_row_ids(batch, table.num_rows)]))


def _table(content: bytes, name: str, file_format: FileFormat) -> pa.Table:
    if content.startswith(_PARQUET):
        return read_parquet(content, name, file_format)
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            raise UnreadableFile(
                f"{name} is {kind}, not CSV text. Save it as CSV (UTF-8, commas), JSON lines or Parquet."
            )
    encoding = "utf-8" if _JSON_OBJECT.match(content) else file_format.encoding  # JSON is UTF-8
    text = utf8(content, name, encoding)
    if not text or text.isspace():
        raise UnreadableFile(f"{name} is empty. Land a CSV file with a header line and rows.")
    if _JSON_LIST.match(text):
        raise UnreadableFile(f"{name} is one JSON list. Write JSON lines: one object a line, no brackets.")
    if _JSON_OBJECT.match(text):
        return read_json_lines(text, name, file_format.decimal)
    return read_csv(text, name, file_format.delimiter)


def _unpacked(content: bytes, name: str) -> bytes:
    """What is in a gzip archive, or the content itself."""
    if not content.startswith(_GZIP):
        return content
    try:
        unpacked = gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableFile(
            f"{name} is a gzip archive that cannot be unpacked: {error}. Land it again, it may be cut off."
        ) from None
    if unpacked.startswith(_GZIP):
        raise UnreadableFile(f"{name} is a gzip archive in a gzip archive. Pack the file once.")
    return unpacked


def _row_ids(batch: str, rows: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.utf8_lpad(pa.array(np.arange(1, rows + 1)).cast(pa.string()), width=ROW_DIGITS, padding="0")
    return pc.binary_join_element_wise(row_ids_prefix(batch), numbers, "")
