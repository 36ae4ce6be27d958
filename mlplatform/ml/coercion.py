"""From landed text to the types a contract declares, one column at a time.

The fast way is Arrow's cast of the whole column. Where any value resists it, pandas decides value by value,
and whatever it cannot read exactly is reported instead of becoming a silent missing value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_TRUE, _FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")


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


def coerce(text: pa.ChunkedArray, dtype: Any) -> tuple[pd.Series, np.ndarray]:
    """The column as `dtype`'s kind, and a mask of the values that cannot be read so; both of length n.

    Integers come as nullable Int64, so that a missing value is still seen as one.
    """
    kind = kind_of(dtype)
    if kind == "string":
        return _strings(text)
    fast = _whole_column(text, kind)
    return fast if fast is not None else _value_by_value(text, kind)


def _strings(text: pa.ChunkedArray) -> tuple[pd.Series, np.ndarray]:
    import numpy as np

    return text.to_pandas(), np.zeros(len(text), dtype=bool)


def _whole_column(text: pa.ChunkedArray, kind: str) -> tuple[pd.Series, np.ndarray] | None:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    target = {"int": pa.int64(), "float": pa.float64()}.get(kind)
    if target is None:
        return None
    try:
        values = text.cast(target)
    except pa.ArrowInvalid:
        return None
    if kind == "int":
        return values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get), np.zeros(len(text), bool)
    # "nan" and "inf" are words, not measurements
    words = pc.fill_null(pc.invert(pc.is_finite(values)), False).to_numpy()
    series = values.to_pandas()
    series[words] = np.nan
    return series, words


def _value_by_value(text: pa.ChunkedArray, kind: str) -> tuple[pd.Series, np.ndarray]:
    import numpy as np
    import pandas as pd

    given = text.to_pandas().astype(object)
    present = given.notna().to_numpy()
    if kind == "datetime":
        values = pd.to_datetime(given, errors="coerce", format="ISO8601")
    elif kind == "bool":
        words = given.str.lower()
        values = pd.Series(pd.NA, index=given.index, dtype="boolean")
        values[words.isin(_TRUE)], values[words.isin(_FALSE)] = True, False
    else:
        numbers = pd.to_numeric(given, errors="coerce").astype("float64")
        values = numbers.where(np.isfinite(numbers))
        if kind == "int":  # 36.0 is a whole number; 36.5, and what a float cannot hold exactly, is not
            whole = values.notna() & (values % 1 == 0) & (values.abs() <= 2**53)
            values = values.where(whole).astype("Int64")
    return values, present & values.isna().to_numpy()
