"""Baselines: how the values of each column were spread over bins, to compare later rows with.

Bins are chosen once, on the rows that a model was trained (or judged) on, and stored as JSON. Counting new
rows is one pass over them and needs nothing of the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Kind = Literal["ranges", "numbers", "texts"]

BASELINE_FILE = "baseline.json"  # in a model's folder
PREDICTION = "prediction"

QUANTILE_BINS = 10
FEW_NUMBERS = 10
FREQUENT_TEXTS = 30
_FIRST_LOOK = 1000
OTHER, MISSING = "any other value", "no value"


@dataclass(frozen=True)
class Bins:
    """One column's bins and how many values fell into each.

    `ranges`: `marks` are the edges e1 < ... < ek between the bins up to e1, above e1 up to e2, ..., above ek.
    `numbers` and `texts`: `marks` are the values that have a bin of their own; one more takes all others.
    The last bin is always for missing values, so `counts` has len(marks) + 2 entries in every case.
    """

    kind: Kind
    marks: tuple[Any, ...]
    counts: tuple[int, ...]

    @property
    def labels(self) -> list[str]:
        """What each bin holds, in words."""
        if self.kind != "ranges":
            return [f"{mark:g}" if self.kind == "numbers" else str(mark) for mark in self.marks] + [
                OTHER,
                MISSING,
            ]
        if not self.marks:
            return ["any", MISSING]
        between = [f"{low:g} to {high:g}" for low, high in zip(self.marks, self.marks[1:], strict=False)]
        return [f"up to {self.marks[0]:g}", *between, f"above {self.marks[-1]:g}", MISSING]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"kind": self.kind, "marks": list(self.marks), "counts": list(self.counts)}


@dataclass(frozen=True)
class Baseline:
    """The bins of every column of n rows, by column name."""

    rows: int
    columns: Mapping[str, Bins]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the same rows give the same document."""
        return {"rows": self.rows, "columns": {name: bins.to_json() for name, bins in self.columns.items()}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Baseline:
        """What `to_json` gave."""
        columns = {
            name: Bins(one["kind"], tuple(one["marks"]), tuple(one["counts"]))
            for name, one in document["columns"].items()
        }
        return cls(document["rows"], columns)


def baseline_of(frame: pd.DataFrame) -> Baseline:
    """Bins for every column of `frame`, shape (n, columns), and their counts.

    Numbers, bools and times get up to ten ranges with about as many rows each, or one bin per value where
    there are no more than ten different ones. Everything else is text: its 30 most frequent values.
    """
    return Baseline(len(frame), {str(name): _bins_of(frame[name]) for name in frame.columns})


def counts(bins: Bins, column: pd.Series) -> NDArray[np.int64]:
    """How many of n new values fall into each bin, shape (len(bins.counts),); the sum is n.

    Values are read as the baseline's kind of values: text in a column of numbers counts as missing.
    """
    if bins.kind == "texts":
        return _text_counts(column, bins.marks)
    values = _numbers(column)
    return _range_counts(values, bins.marks) if bins.kind == "ranges" else _value_counts(values, bins.marks)


def _bins_of(column: pd.Series) -> Bins:
    kind, marks = _chosen(column)
    counted = counts(Bins(kind, marks, ()), column)
    return Bins(kind, marks, tuple(int(one) for one in counted))


def _chosen(column: pd.Series) -> tuple[Kind, tuple[Any, ...]]:
    import numpy as np
    from pandas.api import types

    if not (types.is_numeric_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype)):
        frequent = _texts(column).value_counts()
        # by frequency, then by name, so that ties do not depend on the order of the rows
        ranked = sorted(frequent.items(), key=lambda pair: (-pair[1], str(pair[0])))
        return "texts", tuple(str(value) for value, _ in ranked[:FREQUENT_TEXTS])
    values = _numbers(column)
    values = values[np.isfinite(values)]
    # the first rows mostly tell that there are many different values, which saves sorting all of them
    if len(np.unique(values[:_FIRST_LOOK])) <= FEW_NUMBERS:
        different = np.unique(values)
        if len(different) <= FEW_NUMBERS:
            return "numbers", tuple(float(one) for one in different)
    inner = np.maximum(np.arange(1, QUANTILE_BINS) * len(values) // QUANTILE_BINS - 1, 0)
    edges = np.unique(np.partition(values, inner)[inner])
    # nothing lies above the largest value: an edge there would make an empty bin
    return "ranges", tuple(float(one) for one in edges[edges < values.max()])


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    """Values as floats, NaN where missing; times as nanoseconds since 1970."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    if types.is_datetime64_any_dtype(column.dtype):
        times = pd.DatetimeIndex(column)
        utc = times.tz_convert("UTC").tz_localize(None) if times.tz is not None else times
        return np.where(utc.isna(), np.nan, utc.as_unit("ns").asi8.astype(float))
    if not types.is_numeric_dtype(column.dtype):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    return column.to_numpy(dtype=float, na_value=np.nan)


def _texts(column: pd.Series) -> pd.Series:
    """Values as they are, or as text where some are none; missing ones stay missing."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == "string":
        return column
    if pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty"):
        return column
    return column.astype(object).map(str, na_action="ignore")


def _range_counts(values: NDArray[np.float64], edges: tuple[Any, ...]) -> NDArray[np.int64]:
    """One comparison of all values per edge: for ten bins much faster than looking up each value's bin."""
    import numpy as np

    present = np.count_nonzero(values == values)  # noqa: PLR0124  (NaN is not equal to itself)
    above = np.array([present, *(np.count_nonzero(values > edge) for edge in edges), 0])
    return np.append(-np.diff(above), len(values) - present)


def _value_counts(values: NDArray[np.float64], marks: tuple[Any, ...]) -> NDArray[np.int64]:
    import numpy as np

    present = np.count_nonzero(values == values)  # noqa: PLR0124
    known = [np.count_nonzero(values == mark) for mark in marks]
    return np.array([*known, present - sum(known), len(values) - present], dtype=np.int64)


def _text_counts(column: pd.Series, marks: tuple[Any, ...]) -> NDArray[np.int64]:
    import numpy as np

    found: dict[str, int] = {}
    for value, count in _texts(column).value_counts().items():
        found[str(value)] = found.get(str(value), 0) + int(count)
    known, present = [found.get(mark, 0) for mark in marks], sum(found.values())
    return np.array([*known, present - sum(known), len(column) - present], dtype=np.int64)
