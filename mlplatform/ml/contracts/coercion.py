"""From landed text to the types a contract declares, one column at a time.

Values in plain digits are cast by Arrow as a whole column, the others are read one by one; words and times
are read once per distinct spelling. What cannot be read exactly is reported instead of becoming a silent
missing value, and a value means the same whatever stands in the other rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.text_columns import rows_with_other_bytes, without_rows

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    Coerced = tuple[pd.Series, np.ndarray]
    Read = Callable[[pa.ChunkedArray], Coerced]

_TRUE, _FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
# No underscores, no digits of other scripts, no hexadecimals: Python, pandas and Arrow disagree about them.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PLAIN = {"int": "^-?[0-9]{1,18}$", "float": r"^-?[0-9]{1,17}(\.[0-9]{1,17})?$"}
_PLAIN_CHARACTERS = {"int": b"0123456789-", "float": b"0123456789-+.eE"}
_SAMPLE, _MANY_ROWS = 10_000, 1000
_ASCII_BLANKS = " \t\r\n"
_FRACTION_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def kind_of(dtype: Any) -> str:
    """One of int, float, bool, datetime, string for a pandera data type; TypeError for another."""
    from pandera import dtypes

    kinds = {
        "bool": dtypes.is_bool,
        "int": dtypes.is_int,
        "float": dtypes.is_float,
        "datetime": dtypes.is_datetime,
    }
    for kind, is_kind in kinds.items():
        if is_kind(dtype):
            return kind
    if dtypes.is_string(dtype) or dtypes.is_category(dtype) or str(dtype) in ("object", "str"):
        return "string"
    raise TypeError(f"contracts know int, float, bool, str and datetime columns, not {dtype}")


def rule_of(dtype: Any, dates: str | None = None) -> str:
    """What a value must be to be read as `dtype`, in words for the quarantine.

    `dates` is how the files write dates; ISO if None.
    """
    kind = kind_of(dtype)
    if kind == "datetime" and dates is not None:
        has_zone, zone = "%z" in dates, _zone(dtype) is not None
        also = "" if has_zone == zone else " with zone" if zone else " without zone"
        return f"is a date written as {dates}{also}"
    if kind == "datetime":
        return f"is an ISO datetime {'with' if _zone(dtype) else 'without'} zone"
    if kind == "string" and _categories(dtype) is not None:
        return f"is one of {_categories(dtype)}"
    return f"is an {kind}" if kind == "int" else f"is a {kind}"


def coerce(text: pa.ChunkedArray, dtype: Any) -> Coerced:
    """The column as `dtype`'s kind, and a mask of the values that cannot be read so; both of length n.

    Integers come as nullable Int64, so that a missing value is still seen as one. A value that is readable
    but has no place in `dtype` (300 in int8, an unknown category, a zone where none is declared) is masked.
    """
    kind = kind_of(dtype)
    if kind == "string":
        return _strings(text, dtype)
    if kind == "bool":
        return _each_spelling_once(text, _bools)
    if kind == "datetime":
        return _each_spelling_once(text, lambda spellings: _datetimes(spellings, dtype))
    values, unreadable = _numbers(text, kind)
    beyond = _beyond(values, dtype, kind)
    return (values, unreadable) if beyond is None else (values.mask(beyond), unreadable | beyond)


def _each_spelling_once(text: pa.ChunkedArray, read: Read) -> Coerced:
    """What `read` makes of the column; where few spellings come again and again, of each of them once."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    sample = text.slice(0, _SAMPLE)
    if len(text) < _MANY_ROWS or pc.count_distinct(sample).as_py() * 2 > len(sample):
        return read(text)
    encoded = text.combine_chunks().dictionary_encode()
    missing = pa.array([None], encoded.dictionary.type)
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
    values, unreadable = read(pa.chunked_array([encoded.dictionary, missing]))
    return pd.Series(values.array.take(codes)), unreadable[codes]


def _strings(text: pa.ChunkedArray, dtype: Any) -> Coerced:
    import numpy as np

    values, categories = text.to_pandas(), _categories(dtype)
    if categories is None:
        return values, np.zeros(len(text), dtype=bool)
    unknown = (values.notna() & ~values.isin(categories)).to_numpy()
    return values.mask(unknown), unknown


def _bools(text: pa.ChunkedArray) -> Coerced:
    import pandas as pd

    given = text.to_pandas().astype(object)
    words = given.str.lower()
    values = pd.Series(pd.NA, index=given.index, dtype="boolean")
    values[words.isin(_TRUE)], values[words.isin(_FALSE)] = True, False
    return values, (given.notna() & values.isna()).to_numpy()


def _datetimes(text: pa.ChunkedArray, dtype: Any) -> Coerced:
    """ISO dates and times, with a zone exactly where `dtype` has one: no zone is guessed or thrown away."""
    import pandas as pd
    import pyarrow.compute as pc

    zone = _zone(dtype)
    unit = getattr(dtype.type, "unit", None) or pd.Series([], dtype=dtype.type).dt.unit
    digits = _FRACTION_DIGITS[unit]
    fraction = rf"(\.[0-9]{{1,{digits}}})?" if digits else ""
    time = rf"[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}{fraction})?"
    end = f"{time}(Z|[+-][0-9]{{2}}:?[0-9]{{2}})" if zone else f"({time})?"
    fits = pc.match_substring_regex(text, f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{end}$")
    given = text.to_pandas().astype(object)
    iso = given.where(pc.fill_null(fits, False).to_pandas())
    values = pd.to_datetime(iso, errors="coerce", format="ISO8601", utc=zone is not None)
    if unit == "ns":  # nanoseconds reach from 1677 to 2262
        bounds = (pd.Timestamp.min, pd.Timestamp.max)
        low, high = (bound.tz_localize("UTC") if zone else bound for bound in bounds)
        values = values.where((values >= low) & (values <= high))
    values = values.dt.as_unit(unit)
    return (values.dt.tz_convert(zone) if zone else values), (given.notna() & values.isna()).to_numpy()


def _numbers(text: pa.ChunkedArray, kind: str) -> Coerced:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    target = pa.int64() if kind == "int" else pa.float64()
    odd = rows_with_other_bytes(text, _PLAIN_CHARACTERS[kind])
    try:
        plain = without_rows(text, odd).cast(target)
    except pa.ArrowInvalid:
        odd = pc.indices_nonzero(pc.invert(pc.match_substring_regex(text, _PLAIN[kind]))).to_numpy()
        plain = without_rows(text, odd).cast(target)
    unreadable = np.zeros(len(text), dtype=bool)
    if kind == "int":
        values = plain.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    else:
        values = plain.to_pandas()
        unreadable |= np.isinf(values.to_numpy())  # too large for a float
    if len(odd):
        given = text.take(odd).combine_chunks().dictionary_encode()
        read = [
            _exact_int(one) if kind == "int" else _finite_float(one) for one in given.dictionary.to_pylist()
        ]
        one_by_one = pa.array(read, target).take(given.indices)
        values = values.copy()
        values[odd] = pd.array(one_by_one.to_pylist(), dtype=values.dtype)
        unreadable[odd] = pc.and_(given.is_valid(), one_by_one.is_null()).to_numpy(zero_copy_only=False)
    return (values.mask(unreadable) if kind == "float" and unreadable.any() else values), unreadable


def _exact_int(text: str) -> int | None:
    """36.0 is a whole number; 36.5, and what 64 bits cannot hold, are not.

    Neither is 1.23457E+11: spreadsheets shorten long numbers so, and the digits that were cut are lost.
    """
    text = text.strip(_ASCII_BLANKS)
    if not _NUMBER.fullmatch(text) or "e" in text.lower():
        return None
    number = Decimal(text)
    if number.adjusted() > 18 or number != number.to_integral_value():
        return None
    return int(number) if -(2**63) <= number < 2**63 else None


def _finite_float(text: str) -> float | None:
    text = text.strip(_ASCII_BLANKS)
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _beyond(values: pd.Series, dtype: Any, kind: str) -> np.ndarray | None:
    """Where a number is too large for the declared width, which a cast would wrap or turn into inf."""
    import numpy as np

    width = np.dtype(getattr(dtype.type, "numpy_dtype", dtype.type))
    if width in (np.dtype("int64"), np.dtype("float64")):
        return None
    limits = np.iinfo(width) if kind == "int" else np.finfo(width)
    outside = (values < limits.min) | (values > limits.max)
    return outside.fillna(False).to_numpy(dtype=bool)


def _zone(dtype: Any) -> Any:
    return getattr(dtype.type, "tz", None)


def _categories(dtype: Any) -> list[Any] | None:
    categories = getattr(dtype.type, "categories", None)
    return None if categories is None else list(categories)
