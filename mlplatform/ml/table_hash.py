"""The logical hash of a table: the same for the same data, whatever engine or file encoding holds it.

`docs/snapshots.md` defines the byte layout. The hash is the data version of every snapshot, so the definition
must never change silently: a change needs a new `_MAGIC` and makes every stored snapshot a new version.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_MAGIC = b"mlplatform.table/1\n"
_INT64_MAX = 2**63 - 1
_UINT32_MAX = 2**32 - 1
_MILLISECONDS_PER_DAY = 86_400_000


def table_hash(table: pa.Table, key: str = "row_id") -> str:
    """Hex sha256 of the logical table: columns by name, rows in the byte order of the key column.

    `key` names a column of unique strings without nulls. Column order, row order, chunking, integer and float
    width, dictionary encoding, time unit and the name of a time zone do not count; neither does the kind of
    missing value (null, NaN), nor the dtype of a column that holds no value at all.

    Reads each column once, in a vectorised way, and holds at most about two copies of one column at a time.
    Rows that stand in key order already are not sorted, which is several times faster.

    Raises `ValueError` for a key that is absent, null or not unique, for two columns of one name, and for
    values outside the layout's range (a string of 4 GiB, a time beyond 64-bit microseconds); `TypeError` for
    a key that is no string and for a column type that the layout has no kind for. Each names the column.
    """
    names: list[str] = table.column_names
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise ValueError(f"columns {doubles} occur more than once, so the table has no columns by name")
    order = _row_order(table, key)
    digest = hashlib.sha256(_MAGIC + struct.pack("<QQ", table.num_rows, len(names)))
    for name in sorted(names):  # by code point, which is also the order of the UTF-8 bytes
        encoded = name.encode()
        digest.update(struct.pack("<I", len(encoded)) + encoded)
        digest.update(_column_digest(name, table.column(name), order))
    return digest.hexdigest()


def frame_hash(frame: pd.DataFrame, key: str = "row_id") -> str:
    """`table_hash` of a frame; its index is ignored.

    Raises `TypeError` besides for column names that are no strings, and for a column of mixed objects.
    """
    import pyarrow as pa

    for name in frame.columns:
        if not isinstance(name, str):
            raise TypeError(f"column name {name!r} is a {type(name).__name__}; names must be strings")
    if not frame.columns.is_unique:
        doubles = sorted(set(frame.columns[frame.columns.duplicated()]))
        raise ValueError(f"columns {doubles} occur more than once, so the table has no columns by name")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, OverflowError) as error:  # Arrow's message ends with the column's name
        raise TypeError(f"a column has no single type: {'; '.join(map(str, error.args))}") from error
    return table_hash(table, key)


def _row_order(table: pa.Table, key: str) -> pa.Array | None:
    """Row numbers in key order, or None where the rows stand in key order already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if key not in table.column_names:
        raise ValueError(f"the key column {key!r} is absent; the columns are {table.column_names}")
    column = table.column(key)
    if table.num_rows == 0:
        return None
    if _kind(key, column.type) not in {"string", "empty"}:
        raise TypeError(f"the key column {key!r} must hold strings, not {column.type}")
    keys = _combined(column, pa.large_string())
    if keys.null_count:
        raise ValueError(f"the key column {key!r} holds {keys.null_count} nulls; each row needs a key")
    if _increases(keys):
        return None
    order = pc.sort_indices(keys)  # Arrow compares strings byte by byte
    keys = keys.take(order)
    if not _increases(keys):
        equal = pc.equal(keys[1:], keys[:-1])
        raise ValueError(
            f"the key column {key!r} is not unique: {keys[1:].filter(equal)[0].as_py()!r}"
            f" occurs more than once"
        )
    return order


def _increases(keys: pa.Array) -> bool:
    """Whether each key is greater than the one before it: then they are sorted and unique."""
    import pyarrow.compute as pc

    return len(keys) < 2 or bool(pc.all(pc.less(keys[:-1], keys[1:])).as_py())


def _kind(name: str, dtype: pa.DataType) -> str:
    """The logical kind of an Arrow type; `TypeError` where there is none."""
    from pyarrow import types

    if types.is_dictionary(dtype):
        return _kind(name, dtype.value_type)
    kinds = {
        "empty": types.is_null(dtype),
        "bool": types.is_boolean(dtype),
        "int": types.is_integer(dtype),
        "float": types.is_floating(dtype),
        "string": types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype),
        "time": types.is_timestamp(dtype),
        "date": types.is_date(dtype),
    }
    for kind, holds in kinds.items():
        if holds:
            return kind
    raise TypeError(
        f"column {name!r} has type {dtype}, which has no logical hash; use bool, int, float,"
        f" string, timestamp or date"
    )


def _column_digest(name: str, column: pa.ChunkedArray, order: pa.Array | None) -> bytes:
    """sha256 of one column: kind, missing rows, values in row order."""
    import numpy as np

    digest = hashlib.sha256()
    encode = {
        "bool": _encode_bool,
        "int": _encode_int,
        "float": _encode_float,
        "string": _encode_string,
        "time": _encode_time,
        "date": _encode_date,
    }.get(_kind(name, column.type))
    if encode is None or column.null_count == len(column):
        digest.update(b"-")
        return digest.digest()
    try:
        tag, present, pieces = encode(column, order)
    except (OverflowError, ValueError) as error:  # ArrowInvalid is a ValueError
        raise ValueError(f"column {name!r}: {error}") from error
    if present is not None and not present.any():
        digest.update(b"-")  # a float column of NaN only
        return digest.digest()
    digest.update(tag)
    if present is None or present.all():
        digest.update(b"\0")
    else:
        digest.update(b"\1" + np.packbits(present, bitorder="little").tobytes())
    for piece in pieces:
        digest.update(piece.astype(piece.dtype.newbyteorder("<"), copy=False).data)
    return digest.digest()


_Encoded = tuple[bytes, "np.ndarray[Any, Any] | None", list["np.ndarray[Any, Any]"]]
"""Kind byte; which rows hold a value (None: all do); the arrays to hash in turn, missing values 0."""


def _encode_bool(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import pyarrow as pa

    present, values = _numbers(_ordered(_combined(column, pa.bool_()), order).cast(pa.uint8()))
    return b"b", present, [values]


def _encode_int(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = _value_type(column)
    wide = plain == pa.uint64() and pc.max(_combined(column, plain)).as_py() > _INT64_MAX
    target = pa.uint64() if wide else pa.int64()
    present, values = _numbers(_ordered(_combined(column, target), order))
    return b"u" if wide else b"i", present, [values]


def _encode_float(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import numpy as np
    import pyarrow as pa

    floats = _ordered(_combined(column, pa.float64()), order)
    values = floats.to_numpy(zero_copy_only=False)  # null becomes NaN
    present = ~np.isnan(values)
    values = values + 0.0  # -0.0 becomes 0.0, and the caller's memory stays as it is
    if present.all():
        return b"f", None, [values]
    values[~present] = 0.0
    return b"f", present, [values]


def _encode_string(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    strings = _ordered(_combined(column, pa.large_string()), order)
    present = None if not strings.null_count else pc.is_valid(strings).to_numpy(zero_copy_only=False)
    if present is not None:
        strings = pc.fill_null(strings, "")  # Arrow allows bytes behind a null; they must not count
    buffers = strings.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int64)[strings.offset : strings.offset + len(strings) + 1]
    lengths = np.diff(offsets)
    if lengths.max() > _UINT32_MAX:
        raise ValueError("a string of 4 GiB or more has no place in the layout")
    text = np.frombuffer(buffers[2] or b"", dtype=np.uint8)[offsets[0] : offsets[-1]]
    return b"s", present, [lengths.astype(np.uint32), text]


def _encode_time(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import numpy as np
    import pyarrow as pa

    plain = _value_type(column)
    nanoseconds = plain.unit == "ns"
    target = plain if nanoseconds else pa.timestamp("us", plain.tz)
    present, ticks = _numbers(_ordered(_combined(column, target), order).cast(pa.int64()))
    tag = b"d" if plain.tz is None else b"t"
    rest: np.ndarray[Any, Any] = np.zeros(0)
    if nanoseconds:
        ticks, rest = np.divmod(ticks, 1000)
    if not rest.any():
        return tag, present, [ticks, np.zeros(1, np.uint8)]
    return tag, present, [ticks, np.ones(1, np.uint8), rest.astype(np.uint16)]


def _encode_date(column: pa.ChunkedArray, order: pa.Array | None) -> _Encoded:
    import numpy as np
    import pyarrow as pa

    plain = _value_type(column)
    narrow = pa.int32() if plain == pa.date32() else pa.int64()
    days = _ordered(_combined(column, plain), order).cast(narrow).cast(pa.int64())
    present, values = _numbers(days)
    if plain == pa.date64():
        values = np.floor_divide(values, _MILLISECONDS_PER_DAY)
    return b"D", present, [values]


def _value_type(column: pa.ChunkedArray) -> pa.DataType:
    from pyarrow import types

    return column.type.value_type if types.is_dictionary(column.type) else column.type


def _combined(column: pa.ChunkedArray, target: pa.DataType) -> pa.Array:
    """The column as one array of `target`, dictionaries replaced by their values; copied only if needed."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):  # cast the few values before there are many of them
        chunks = [chunk.dictionary.cast(target).take(chunk.indices) for chunk in column.chunks]
    else:
        chunks = column.cast(target).chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks or [pa.array([], target)])


def _ordered(values: pa.Array, order: pa.Array | None) -> pa.Array:
    return values if order is None else values.take(order)


def _numbers(values: pa.Array) -> tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any]]:
    """Which rows hold a value (None: all do), and the numbers, missing ones 0."""
    import pyarrow.compute as pc

    if not values.null_count:
        return None, values.to_numpy()
    return pc.is_valid(values).to_numpy(zero_copy_only=False), pc.fill_null(values, 0).to_numpy()
