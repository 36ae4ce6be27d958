"""Rows that keep a contract, made up from its rules alone: for tests that need no file.

They say nothing of the real world: columns are independent of one another, and of the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_MISSING_SHARE = 0.1
_KNOWN = {
    "isin", "greater_than_or_equal_to", "greater_than", "less_than_or_equal_to", "less_than", "in_range",
    "equal_to",
}  # fmt: skip


def made_up_rows(schema: Any, rows: int, seed: int) -> pd.DataFrame:
    """`rows` rows of a pandera schema, typed as it declares; the same arguments give the same rows.

    Knows ranges, `isin`, `unique` and `nullable` (a tenth of the rows is then missing). ValueError for
    another rule: a column that has one must be filled in by whoever knows it.
    """
    import numpy as np
    import pandas as pd

    from mlplatform.ml.contracts.typed_columns import as_declared

    rng = np.random.default_rng(seed)
    made = {name: _values(name, column, rows, rng) for name, column in schema.columns.items()}
    return as_declared(pd.DataFrame(made), schema)


def _values(name: str, column: Any, rows: int, rng: np.random.Generator) -> pd.Series:
    import pandas as pd

    from mlplatform.ml.contracts.coercion import kind_of

    facts: dict[str, Any] = {}
    for check in column.checks:
        if check.name not in _KNOWN:
            raise ValueError(f"column {name!r}: no values can be made up for the rule {check.name!r}")
        facts |= check.statistics or {}
    kind = kind_of(column.dtype)
    if "allowed_values" in facts or "value" in facts:
        allowed = list(facts.get("allowed_values", [facts.get("value")]))
        values = [allowed[at] for at in rng.integers(len(allowed), size=rows)]
    elif column.unique:
        first = int(facts.get("min_value", 1))
        values = [first + at if kind != "string" else f"{name}-{first + at}" for at in range(1, rows + 1)]
    else:
        values = _of_kind(kind, facts, rows, rng, zone=getattr(column.dtype.type, "tz", None))
    made = pd.Series(values, dtype=object)
    if column.nullable and not column.unique:
        made[rng.random(rows) < _MISSING_SHARE] = None
    return made


def _of_kind(kind: str, facts: dict[str, Any], rows: int, rng: np.random.Generator, zone: Any) -> list[Any]:
    import pandas as pd

    if kind == "bool":
        return [bool(one) for one in rng.integers(2, size=rows)]
    if kind == "datetime":
        start = pd.Timestamp("2020-01-01", tz=zone)
        return [start + pd.Timedelta(days=int(one)) for one in rng.integers(1000, size=rows)]
    if kind == "string":
        return [f"label {one}" for one in rng.integers(1, 6, size=rows)]
    low, high = facts.get("min_value"), facts.get("max_value")
    low = low if low is not None else (high - 100 if high is not None else 0)
    high = high if high is not None else low + 100
    if kind == "int":
        inside = [1 if high - low > 1 else 0] * 2  # bounds may be exclusive
        return [int(one) for one in rng.integers(low + inside[0], high - inside[1] + 1, size=rows)]
    return [float(one) for one in rng.uniform(low, high, size=rows)]
