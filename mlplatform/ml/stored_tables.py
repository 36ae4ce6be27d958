"""Reading stored tables: damage is told apart from a disk or network that may recover."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.ml.errors import DamagedSnapshot

if TYPE_CHECKING:
    import pyarrow as pa


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
