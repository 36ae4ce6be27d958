"""The fast way for requests: a contract's types and rules on plain Python values.

pandas and pandera take 10 ms for one row, nearly all of it for setting up columns. Here the usual kinds of
column and the built-in rules are applied to the values themselves. Only a clear yes is said: whatever is
missing, unreadable, out of the ordinary or breaks a rule is left to the full way, which finds the words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.coercion import kind_of
from mlplatform.ml.contracts.rules import is_by_value

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FEW_ROWS = 1000  # from about 4,000 rows on, pandera is the faster one
Rule = Callable[[Any], bool]
# Spellings that every reader reads alike; see `coercion`.
_INT = re.compile(r"-?[0-9]{1,18}")
_FLOAT = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,17})?")
_REMEMBERED = 1000


@dataclass(frozen=True)
class PlainColumn:
    """A column of int64, float64 or text with rules of single values; `dtype` is what pandas calls it."""

    name: str
    kind: str
    nullable: bool
    dtype: Any
    rules: tuple[Rule, ...] = ()

    def read(self, texts: list[str | None]) -> list[Any] | None:
        """The values, None where there is none; None instead of the list unless all are plainly good."""
        if not self.nullable and None in texts:
            return None
        if self.kind == "string":
            return texts if self.keeps(texts) else None
        spelling, number = (_INT, int) if self.kind == "int" else (_FLOAT, float)
        values: list[Any] = []
        for text in texts:
            if text is not None and not spelling.fullmatch(text):
                return None
            values.append(None if text is None else number(text))
        return values if self.keeps(values) else None

    def keeps(self, values: Sequence[Any]) -> bool:
        """Whether all values that are there keep every rule."""
        return all(rule(value) for value in values if value is not None for rule in self.rules)


@dataclass(frozen=True)
class PlainColumns:
    """The plain columns of a schema, and what is left of it: names of other columns, rules of other kinds.

    `further` are pairs of a rule and its column, None for a rule of the whole frame.
    """

    columns: dict[str, PlainColumn] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    further: tuple[tuple[Any, str | None], ...] = ()

    @classmethod
    def of(cls, schema: Any) -> PlainColumns:
        """What of a pandera schema can be done the fast way."""
        plain: dict[str, PlainColumn] = {}
        others: list[str] = []
        further: list[tuple[Any, str | None]] = []
        for name, column in schema.columns.items():
            found = _plain(name, column)
            rules = []
            for check in column.checks:
                rule = _value_rule(check, found) if found else None
                if rule:
                    rules.append(rule)
                elif not check.raise_warning:
                    further.append((check, name))
            if found:
                plain[name] = PlainColumn(found.name, found.kind, found.nullable, found.dtype, tuple(rules))
            else:
                others.append(name)
        frame_rules = [(check, None) for check in schema.checks if not check.raise_warning]
        return cls(plain, tuple(others), (*further, *frame_rules))

    def read(self, table: pa.Table) -> pd.DataFrame | None:
        """The plain columns that the table of texts has, typed, if every value is plainly good."""
        import pyarrow as pa

        arrow = {"int": pa.int64(), "float": pa.float64(), "string": pa.string()}
        arrays = {}
        for name, column in self.columns.items():
            if name in table.column_names:
                values = column.read(table.column(name).to_pylist())
                if values is None:
                    return None
                arrays[name] = pa.array(values, arrow[column.kind])
        return pa.table(arrays).to_pandas()

    def keep(self, frame: pd.DataFrame) -> bool:
        """Whether the plain columns of a typed frame have their types and keep their rules, plainly."""
        for name, column in self.columns.items():
            series = frame[name]
            if series.dtype != column.dtype:
                return False
            values = [None if _is_nan(value) else value for value in series.tolist()]
            if (not column.nullable and None in values) or not column.keeps(values):
                return False
        return True


def _plain(name: str, column: Any) -> PlainColumn | None:
    import pandas as pd
    import pyarrow as pa

    kind = kind_of(column.dtype)
    arrow = {"int": pa.int64(), "float": pa.float64(), "string": pa.string()}
    if kind not in arrow or column.default is not None:
        return None
    declared = pd.api.types.pandas_dtype(column.dtype.type)
    made = pa.table({name: pa.array([], arrow[kind])}).to_pandas()[name].dtype
    if made != declared or (kind == "int" and column.nullable):
        return None
    return PlainColumn(name, kind, column.nullable, declared)


def _value_rule(check: Any, column: PlainColumn) -> Rule | None:
    """The rule for one value that is there; None if it may look at more than that."""
    if not is_by_value(check) or check.raise_warning:
        return None
    bound = _comparison(check, column.kind)
    return bound or _remembered(check, column)


def _comparison(check: Any, kind: str) -> Rule | None:
    """Bounds of a number are compared directly: measurements seldom come twice, so nothing is remembered."""
    name, given = check._check_fn.__name__, check._check_kwargs
    bounds = [one for key, one in given.items() if key in ("min_value", "max_value")]
    # The same numbers as the whole column would be compared with: exact ones.
    exact = all(type(one) in (int, float) and abs(one) < 2**53 for one in bounds)
    if kind == "string" or not bounds or not exact or (kind == "int" and any(map(_is_broken, bounds))):
        return None
    low, high = given.get("min_value"), given.get("max_value")
    if name == "in_range":
        with_low, with_high = given.get("include_min", True), given.get("include_max", True)
        return lambda value: bool(
            (low <= value if with_low else low < value) and (value <= high if with_high else value < high)
        )
    rules: dict[str, Rule] = {
        "greater_than": lambda value: bool(value > low),
        "greater_than_or_equal_to": lambda value: bool(value >= low),
        "less_than": lambda value: bool(value < high),
        "less_than_or_equal_to": lambda value: bool(value <= high),
    }
    return rules.get(name)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_broken(number: float) -> bool:
    return number != int(number)


def _remembered(check: Any, column: PlainColumn) -> Rule:
    """pandera's own answer for the value, asked once. Only a yes is remembered."""
    good: set[Any] = set()

    def rule(value: Any) -> bool:
        if value in good:
            return True
        import pandas as pd

        kept = bool(check(pd.Series([value], dtype=column.dtype)).check_passed)
        if kept and len(good) < _REMEMBERED:
            good.add(value)
        return kept

    return rule
