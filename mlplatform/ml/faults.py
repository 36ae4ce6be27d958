"""Planted faults: damage rows on purpose, by what a contract forbids, and say which.

Good for every use case, since the contract says what would be wrong. Tests and demonstrations hold the list
of faults against what validation has found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pandera.pandas as pa
    from pandera.api.pandas.components import Column

    # Gives the damaged value, from a source of randomness and the value that stood there.
    Damage = Callable[[np.random.Generator, object], object]

# No reader of CSV files takes one of these for a number or for a missing value.
NOT_NUMBERS = ("twelve", "1O0", "12 hours", "?")
NOT_MATCHING = ("?{}", "???", "{} {}", "0")


class Option(NamedTuple):
    """One way to damage a row: the kind of fault, the column and how the value comes about."""

    fault: str
    column: str
    damage: Damage


def plant_faults(
    frame: pd.DataFrame, schema: pa.DataFrameSchema, share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Damage about `share` of the rows, one fault in each; `frame` itself stays as it is.

    Faults are `not_a_number`, `out_of_range` (ge, gt, le, lt, in_range), `unknown_category` (isin),
    `pattern_broken` (str_matches) and `missing` (not nullable), as far as the contract has such rules; each
    kind turns up about equally often, whatever the number of its columns. Unique columns are left alone,
    since a key that occurs twice concerns the table and not a row.

    Args:
        frame: n rows that keep the contract.
        schema: the contract; of a pandera model, `Model.to_schema()`.
        share: share of the rows to damage, 0 to 1; at least one row if above 0.
        seed: the same arguments give the same faults.

    Returns:
        The damaged frame, with columns of type object and index and columns as in `frame`, ready for
        `to_csv`; and the faults, one row each, with the columns row (1 for the first row of data), column,
        fault and value (as written; None for a missing one), sorted by row.

    Raises:
        ValueError: `share` is not in 0..1, or the contract has no rule that a row of `frame` could break.
    """
    import numpy as np
    import pandas as pd

    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, not {share}")
    options: dict[str, list[Option]] = {}
    for option in _options(frame, schema):
        options.setdefault(option.fault, []).append(option)
    count = 0 if share == 0 or frame.empty else max(1, round(share * len(frame)))
    if count and not options:
        raise ValueError("the contract has no rule for single rows of this frame: none can be damaged")

    rng = np.random.default_rng(seed)
    kinds = list(options)
    cells = {name: frame[name].to_numpy(dtype=object, copy=True) for name in frame.columns}
    faults: list[tuple[int, str, str, object]] = []
    for turn, row in enumerate(rng.choice(len(frame), size=count, replace=False).tolist() if count else []):
        choices = options[kinds[turn % len(kinds)]]
        fault, column, damage = choices[int(rng.integers(len(choices)))]
        value = damage(rng, cells[column][row])
        cells[column][row] = value
        faults.append((row + 1, column, fault, value))
    damaged = pd.DataFrame(cells, index=frame.index, columns=frame.columns, dtype=object)
    listed = pd.DataFrame(sorted(faults), columns=["row", "column", "fault", "value"])
    return damaged, listed.astype({"row": "int64", "column": object, "fault": object, "value": object})


def _options(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> list[Option]:
    """Every way in which a row of `frame` can break `schema`."""
    unique = {schema.unique} if isinstance(schema.unique, str) else set(schema.unique or ())
    return [
        option
        for name, column in schema.columns.items()
        if name in frame.columns and name not in unique and not column.unique
        for option in _column_options(name, column)
    ]


def _column_options(name: str, column: Column) -> list[Option]:
    """Every way in which a value of one column can break the contract."""
    from pandera.dtypes import is_int, is_numeric

    found = []
    if not column.nullable and column.default is None:
        found.append(Option("missing", name, lambda rng, old: None))
    if column.dtype is not None and is_numeric(column.dtype):
        found.append(Option("not_a_number", name, lambda rng, old: _pick(rng, NOT_NUMBERS)))
    for check in column.checks:
        # A check that only warns damages nothing.
        if check.raise_warning:
            continue
        facts = check.statistics or {}
        if check.name == "isin":
            found += _category_options(name, list(facts["allowed_values"]))
        elif check.name == "str_matches":
            found += _pattern_options(name, facts["pattern"])
        elif check.name in _RANGE_CHECKS:
            whole = column.dtype is not None and is_int(column.dtype)
            found += _range_options(name, facts.get("min_value"), facts.get("max_value"), whole=whole)
    return found


_RANGE_CHECKS = (
    "greater_than_or_equal_to",
    "greater_than",
    "less_than_or_equal_to",
    "less_than",
    "in_range",
)


def _range_options(name: str, low: object, high: object, *, whole: bool) -> list[Option]:
    """Values beyond each bound that is a finite number; whole ones, so that the type is right, if `whole`."""
    options = []
    for bound, sign, cut in ((low, -1, math.floor), (high, 1, math.ceil)):
        if isinstance(bound, (int, float)) and math.isfinite(bound):
            start: float = cut(bound) if whole else float(bound)
            # In proportion to the bound: next to a very large float, one more would be lost in rounding.
            step = max(1, abs(start))
            options.append(Option("out_of_range", name, _beyond(start, sign * step)))
    return options


def _beyond(start: float, step: float) -> Damage:
    """Damage that puts a value 1 to 9 steps away from `start`."""
    return lambda rng, old: start + step * int(rng.integers(1, 10))


def _category_options(name: str, allowed: list[Any]) -> list[Option]:
    """A category close to an allowed one: a longer label, or a number above all of them."""
    if allowed and all(isinstance(value, str) for value in allowed):
        unknown = [f"{value} (new)" for value in allowed if f"{value} (new)" not in allowed]
        return [Option("unknown_category", name, lambda rng, old: _pick(rng, unknown))]
    if allowed and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in allowed):
        return [Option("unknown_category", name, lambda rng, old: max(allowed) + int(rng.integers(1, 10)))]
    return []


def _pattern_options(name: str, pattern: str | re.Pattern[str]) -> list[Option]:
    """The old value, deformed until the pattern no longer fits; nothing if it fits everything that we try."""
    compiled = re.compile(pattern)
    fixed = [form for form in NOT_MATCHING if "{}" not in form and not compiled.match(form)]
    if not fixed:
        return []

    def deform(rng: np.random.Generator, old: object) -> object:
        formed = [form.format(old, old) for form in NOT_MATCHING]
        return _pick(rng, [text for text in formed if not compiled.match(text)])

    return [Option("pattern_broken", name, deform)]


def _pick(rng: np.random.Generator, values: list[str] | tuple[str, ...]) -> str:
    """One of the values, each as likely as the others."""
    return values[int(rng.integers(len(values)))]
