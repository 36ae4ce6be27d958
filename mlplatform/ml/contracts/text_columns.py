"""Looking at the bytes of Arrow text columns, many rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def rows_with_other_bytes(text: pa.ChunkedArray, allowed: bytes) -> np.ndarray:
    """Ascending positions of rows with a byte outside `allowed`; missing values may be among them."""
    import numpy as np
    import pyarrow as pa

    is_other = np.ones(256, dtype=bool)
    is_other[np.frombuffer(allowed, dtype=np.uint8)] = False
    found, start = [np.zeros(0, dtype=np.int64)], 0
    for chunk in text.cast(pa.large_string()).chunks:
        _, ends, data = chunk.buffers()
        offsets = np.frombuffer(ends, dtype=np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        if len(chunk):
            characters = np.frombuffer(data or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
            at = np.flatnonzero(is_other[characters]) + offsets[0]
            rows = np.searchsorted(offsets, at, side="right") - 1
            found.append(np.unique(rows) + start)
        start += len(chunk)
    return np.concatenate(found)


def without_rows(text: pa.ChunkedArray, rows: np.ndarray) -> pa.ChunkedArray:
    """The column with nothing in these rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(rows):
        return text
    keep = np.ones(len(text), dtype=bool)
    keep[rows] = False
    return pc.if_else(pa.array(keep), text, None)
