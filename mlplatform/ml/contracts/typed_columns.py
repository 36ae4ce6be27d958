"""A landed table of text as typed columns, and the rows whose values have no such type or are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.broken_rules import BrokenRule
from mlplatform.ml.contracts.coercion import coerce, rule_of
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def typed(landed: pa.Table, schema: Any, dates: str | None = None) -> tuple[pd.DataFrame, list[BrokenRule]]:
    """Typed columns with a 0..n-1 index, and which values have no such type or are missing though required.

    `landed` has text columns and `row_id`, spelled plainly; `dates` is how the file wrote its dates, for the
    words of a broken rule. Integers are nullable here, see `as_declared`.
    """
    import pandas as pd

    columns: dict[str, pd.Series] = {ROW_ID: landed.column(ROW_ID).to_pandas()}
    broken: list[BrokenRule] = []
    for name, column in schema.columns.items():
        if name not in landed.column_names:
            continue
        values, unreadable = coerce(landed.column(name), column.dtype)
        if column.default is not None:
            values = values.mask(values.isna() & ~unreadable, column.default)
        columns[name] = values
        if unreadable.any():
            broken.append(BrokenRule(rule_of(column.dtype, dates), name, unreadable.nonzero()[0]))
        if not column.nullable and values.hasnans:
            missing = values.isna().to_numpy() & ~unreadable
            if missing.any():
                broken.append(BrokenRule("is present", name, missing.nonzero()[0]))
    return pd.DataFrame(columns, copy=False), broken


def as_declared(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """Rows without a missing or unreadable value, in exactly the types of the contract."""
    return frame.astype({name: column.dtype.type for name, column in schema.columns.items() if name in frame})
