"""Parquet as it lands: every value as the text that says exactly the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.reading.landed_columns import iso, refuse_names

if TYPE_CHECKING:
    import pyarrow as pa

    from mlplatform.ml.file_format import FileFormat

_EXACT = 2.0**53  # below this a float is a whole number for certain


def read_parquet(content: bytes, name: str, file_format: FileFormat) -> pa.Table:
    """The rows as text columns, null and "" null.

    Numbers and dates are spelled as `file_format` declares it for text, so that a use case may have both:
    floats in the digits that give the same float again, times in ISO where no format is declared or the
    declared one would drop a part. Raises UnreadableFile, also for values that are not plain.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(
            f"{name} is a Parquet file that cannot be read: {error}. Write it again, it may be cut off."
        ) from None
    if not table.num_columns or not table.num_rows:
        raise UnreadableFile(f"{name} is a Parquet file without rows. Land a file with at least one row.")
    refuse_names(table.column_names, name)
    texts = [
        _text(table.column(at), f"{name}, column {column!r}", file_format)
        for at, column in enumerate(table.column_names)
    ]
    return pa.table(texts, names=table.column_names)


def _text(values: pa.ChunkedArray, where: str, file_format: FileFormat) -> pa.ChunkedArray:
    import pyarrow as pa

    kind = pa.types
    if kind.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if kind.is_string(values.type) or kind.is_large_string(values.type) or kind.is_string_view(values.type):
        return _checked_texts(values.cast(pa.string()), where)
    if kind.is_boolean(values.type) or kind.is_integer(values.type) or kind.is_null(values.type):
        return values.cast(pa.string())
    if kind.is_floating(values.type):
        return _with_decimal(_floats(values.cast(pa.float64())), file_format.decimal)
    if kind.is_decimal(values.type):
        return _with_decimal(_decimals(values), file_format.decimal)
    if kind.is_timestamp(values.type) or kind.is_date(values.type):
        return iso(values) if file_format.dates is None else _dates(values, file_format.dates)
    if kind.is_time(values.type):
        return iso(values)
    raise UnreadableFile(
        f"{where}: values of the type {values.type}. Write plain values: text, numbers, dates."
    )


def _checked_texts(texts: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    broken = pc.index(pc.match_substring(texts, "\0"), True).as_py()
    if broken >= 0:
        raise UnreadableFile(f"{where}, row {broken + 1}: a zero character. Write text without it.")
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _floats(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers without an exponent, which would not be taken for an exact one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = values.cast(pa.string())
    large = pc.greater_equal(pc.abs(values), 1e9)
    whole = pc.and_(large, pc.and_(pc.less_equal(pc.abs(values), _EXACT), pc.equal(pc.floor(values), values)))
    digits = pc.if_else(whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, digits, text)


def _decimals(values: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = values.cast(pa.string())
    if not pc.any(pc.match_substring(text, "E")).as_py():
        return text
    digits = [None if one is None else format(one, "f") for one in values.to_pylist()]
    return pa.chunked_array([pa.array(digits, pa.string())])


def _with_decimal(numbers: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return numbers if decimal == "." else pc.replace_substring(numbers, ".", decimal)


def _dates(times: pa.ChunkedArray, dates: str) -> pa.ChunkedArray:
    """In the declared format where that says all, else in ISO, which a contract then quarantines."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date(times.type):
        times = times.cast(pa.timestamp("us"))
    stamps = times.to_pandas()
    spelled = stamps.dt.strftime(dates)
    back = pd.to_datetime(spelled, format=dates, errors="coerce", utc=stamps.dt.tz is not None)
    return pc.if_else(pa.array(back == stamps), pa.array(spelled, pa.string()), iso(times))
