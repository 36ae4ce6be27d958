"""Text as numbers, many values at once, by the rules that contracts read numbers by."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_POINT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(_POINT.pattern.replace(r"\.", ","))
_WITH_MARKS = re.compile(r"([^\w\s]{0,2}|[A-Z]{3})\s?[+-]?\d[\d.,' ]*\s?[^\d\s]{0,4}")


def as_numbers(values: Sequence[str], decimal: str = ".") -> pd.Series:
    """n values as float64, 0..n-1; NaN where a value is no number with this decimal sign."""
    import pandas as pd

    is_number = (_POINT if decimal == "." else _COMMA).fullmatch
    read = (float(one.replace(",", ".")) if is_number(one) else math.nan for one in values)
    return pd.Series([one if math.isfinite(one) else math.nan for one in read], dtype="float64")


def mostly(counts: pd.Series, readable: pd.Series) -> bool:
    """Whether what is not readable among the distinct values (rows per value) looks like slips of the pen.

    Few rows, and few spellings of them: a column of many zeros and two words has three labels, no numbers.
    """
    rows = counts.to_numpy()[readable.to_numpy()].sum()
    right = int(readable.sum())
    wrong = len(counts) - right
    return bool(right and rows >= 0.98 * counts.sum() and right >= 3 * wrong)


def look_like_numbers(texts: pd.Series) -> bool:
    """Whether these are numbers with marks or separators, which no contract reads: $740,333 or 76%."""
    given = texts.dropna().drop_duplicates()
    marked = given.map(lambda one: bool(_WITH_MARKS.fullmatch(one)) and not one.isdigit())
    marks = given.str.replace(r"[\d.,' +-]", "", regex=True).nunique()  # the same nearly everywhere
    return bool(marked.mean() >= 0.95 and marks <= 3)
