"""Keys of a batch: what a contract declares `unique` must not stand twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplatform.ml.errors import Case, ContractBroken

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def refuse_doubles(frame: pd.DataFrame, landed: pa.Table, schema: Any, source_file: str, shown: int) -> None:
    """ContractBroken with up to `shown` cases for a key that stands twice, whatever else its rows break.

    `frame` holds typed rows of `landed`, its index their position there.
    """
    together = [schema.unique] if isinstance(schema.unique, str) else list(schema.unique or ())
    keys = [[name] for name, column in schema.columns.items() if column.unique] + [together]
    for key in keys:
        if not key or not set(key) <= set(frame.columns) or _increases(frame, key):
            continue
        present = frame[key].dropna()
        doubles = present[present.duplicated(keep=False)]
        if doubles.empty:
            continue
        names = ", ".join(key)
        places = doubles.sort_values(key, kind="stable").index[:shown]
        cases = [Case("is unique", names, _as_landed(landed, key, int(at)), int(at) + 1) for at in places]
        raise ContractBroken(
            f"{source_file}, rows {cases[0].row} and {cases[1].row}, column {names!r}: the key "
            f"{cases[0].value!r} stands more than once. Land the file without the double, or drop "
            "`unique` in the contract.",
            cases,
        )


def _increases(frame: pd.DataFrame, key: list[str]) -> bool:
    """Whether each key is greater than the one before, as running numbers are; nothing is twice then."""
    import pandas as pd

    numbers = frame[key[0]]
    if len(key) > 1 or not pd.api.types.is_numeric_dtype(numbers.dtype) or numbers.hasnans:
        return False
    values = numbers.to_numpy()
    return bool((values[1:] > values[:-1]).all())


def _as_landed(landed: pa.Table, columns: list[str], at: int) -> str | None:
    """What the file says in these columns of a row; the typed value may be spelled otherwise."""
    texts = [landed.column(name)[at].as_py() for name in columns]
    return texts[0] if len(texts) == 1 else ", ".join(map(str, texts))
