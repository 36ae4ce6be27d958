"""Facts about one column of text: what kind of values it holds, how many, from where to where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlplatform.ml.inference.dates import Dates, dates_of
from mlplatform.ml.inference.numbers import as_numbers, mostly

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["int", "float", "bool", "datetime", "str"]

_YES_NO = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})
_FEW = 50
_LONGEST_LABEL = 60
_LARGEST_CODE = 10**18


@dataclass(frozen=True)
class Column:
    """A column of n rows. `low` and `high` are numbers, or ISO days; None for text.

    `labels`: all distinct values if they are few, short and come again and again, in the order of the file;
    of whole numbers as well. `unreadable`: rows whose value is not of this kind, `odd` one such value.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    low: float | str | None = None
    high: float | str | None = None
    labels: tuple[str, ...] = ()
    longest: int = 0
    unreadable: int = 0
    odd: str = ""
    dates: Dates | None = None
    of_day: bool = False

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    @property
    def is_number(self) -> bool:
        """Whether it can be calculated with."""
        return self.kind in ("int", "float")

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.missing == 0 and self.unreadable == 0 and self.distinct == self.rows


def column_of_text(name: str, counts: pd.Series, rows: int, decimal: str) -> Column:
    """Facts from the rows per distinct value (`counts`, the values as index in the order of the file)."""
    values = [str(one) for one in counts.index]
    missing = rows - int(counts.sum())
    if not values:
        return Column(name, "str", rows, missing, 0)
    longest = max(map(len, values))
    if len(values) <= 6 and {one.lower() for one in values} in _YES_NO:  # Yes, yes and YES are one word
        return Column(name, "bool", rows, missing, 2, labels=tuple(values), longest=longest)
    number = _number_column(name, counts, rows, missing, decimal)
    if number is not None:
        return number
    dates = dates_of(values)
    if dates is not None:
        return _date_column(name, counts, rows, missing, dates)
    repeated = len(values) <= _FEW and counts.sum() >= 3 * len(values) and longest <= _LONGEST_LABEL
    return Column(
        name, "str", rows, missing, len(values), labels=tuple(values) if repeated else (), longest=longest
    )


def _number_column(name: str, counts: pd.Series, rows: int, missing: int, decimal: str) -> Column | None:
    values = [str(one) for one in counts.index]
    numbers = as_numbers(values, decimal)
    readable = numbers.notna()
    if not mostly(counts, readable) or _are_codes(values):
        return None
    wrong = [value for value, ok in zip(values, readable, strict=True) if not ok]
    numbers = numbers[readable]
    whole = bool((numbers == numbers.round()).all() and numbers.abs().max() < _LARGEST_CODE)
    # 1.0 and 0.0 are labels, or codes; 36.0 among many measured values may be 36.5 tomorrow
    written_whole = not any(decimal in value for value in values)
    is_int = whole and (written_whole or numbers.nunique() <= 2 or numbers.nunique() == rows)
    distinct = int(numbers.nunique())
    repeated = is_int and distinct <= _FEW and counts.sum() >= 3 * distinct
    labels = tuple(str(int(one)) for one in sorted(numbers.unique())) if repeated else ()
    return Column(
        name,
        "int" if is_int else "float",
        rows,
        missing,
        distinct,
        low=float(numbers.min()),
        high=float(numbers.max()),
        labels=labels,
        longest=max(map(len, values)),
        unreadable=int(counts[wrong].sum()) if wrong else 0,
        odd=wrong[0] if wrong else "",
    )


def _are_codes(values: list[str]) -> bool:
    """007 is a name made of digits: as a number it would be another one."""
    return any(len(one) > 1 and one[0] == "0" and one.isdigit() for one in values)


def _date_column(name: str, counts: pd.Series, rows: int, missing: int, dates: Dates) -> Column:
    import pandas as pd

    texts = counts.index.to_series()
    read = pd.to_datetime(texts, format=dates.format or "ISO8601", errors="coerce", utc=dates.zoned)
    wrong = list(texts[read.isna().to_numpy()])
    read = read.dropna()
    return Column(
        name,
        "datetime",
        rows,
        missing,
        int(read.nunique()),
        low=str(read.min().date()),
        high=str(read.max().date()),
        longest=int(texts.str.len().max()),
        unreadable=int(counts[wrong].sum()) if wrong else 0,
        odd=wrong[0] if wrong else "",
        dates=dates,
        of_day=bool((read != read.dt.normalize()).any()),
    )
