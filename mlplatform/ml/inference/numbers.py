"""Text as numbers, many values at once, by the rules that contracts read numbers by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_POINT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_COMMA = _POINT.replace(r"\.", ",")


def as_numbers(values: Sequence[str], decimal: str = ".") -> pd.Series:
    """n values as float64, 0..n-1; NaN where a value is no number with this decimal sign."""
    import numpy as np
    import pandas as pd

    texts = pd.Series(list(values), dtype="str")
    plain = texts.str.fullmatch(_POINT if decimal == "." else _COMMA).fillna(False)
    written = texts if decimal == "." else texts.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(written.where(plain), errors="coerce").astype("float64")
    return numbers.mask(np.isinf(numbers))


def mostly(counts: pd.Series, readable: pd.Series) -> bool:
    """Whether what is not readable among the distinct values (rows per value) looks like slips of the pen.

    Few rows, and few spellings of them: a column of many zeros and two words has three labels, no numbers.
    """
    rows = counts.to_numpy()[readable.to_numpy()].sum()
    right = int(readable.sum())
    wrong = len(counts) - right
    return bool(right and rows >= 0.98 * counts.sum() and right >= 3 * wrong)
