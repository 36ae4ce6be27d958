"""Stored tables. Reading, damage is told apart from a disk or network that may recover."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.errors import DamagedSnapshot

if TYPE_CHECKING:
    import pyarrow as pa


def write_stored(table: pa.Table, path: Path) -> None:
    """A table as a Parquet file whose pages have checksums, without what pandas says of it."""
    import pyarrow.parquet as pq

    bare = table.replace_schema_metadata(None)
    pq.write_table(bare, path, compression="zstd", use_dictionary=_repeating(bare), write_page_checksum=True)


def read_stored(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A Parquet file as a table, the checksums of its pages compared.

    Raises DamagedSnapshot where the file is gone or its bytes are broken, OSError where reading failed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        reason = str(error)
    except OSError as error:
        if error.errno is not None:
            raise
        reason = str(error)  # Arrow says so of bytes that do not unpack
    stored = path.resolve()  # a training channel holds links, which are gone when the message is read
    raise DamagedSnapshot(f"{stored} cannot be read: {reason}. Run again to make it.", stored)


def _repeating(table: pa.Table) -> list[str]:
    """Columns whose values come again: elsewhere a dictionary is made only to be thrown away."""
    import pyarrow.compute as pc

    sample = table.slice(0, 10_000)
    return [
        name
        for name in table.column_names
        if pc.count_distinct(sample.column(name)).as_py() * 2 <= sample.num_rows
    ]
