"""What the UI shows of a table: columns, the first rows, where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.assets.checks import table
from mlplatform.resources.snapshots import Snapshot, Snapshots

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PREVIEW_ROWS = 5


def table_metadata(
    shown: pa.Table | pd.DataFrame, snapshot: Snapshot, snapshots: Snapshots, contract: Any = None
) -> dict[str, Any]:
    """Column schema (with the contract's descriptions and rules), preview and location."""
    import pyarrow as pa

    head = shown.slice(0, _PREVIEW_ROWS) if isinstance(shown, pa.Table) else pa.Table.from_pandas(
        shown.head(_PREVIEW_ROWS), preserve_index=False
    )  # fmt: skip
    schema = _column_schema(head, contract)
    as_text = dg.TableSchema([dg.TableColumn(column.name, "string") for column in schema.columns])
    return {
        "dagster/column_schema": schema,
        "preview": table(head.to_pylist(), as_text),
        "dagster/uri": dg.MetadataValue.path(str(snapshots.place(snapshot.path))),
    }


def _column_schema(head: pa.Table, contract: Any) -> dg.TableSchema:
    promised = contract.to_schema().columns if contract is not None else {}
    columns = []
    for name, dtype in zip(head.column_names, head.schema.types, strict=True):
        column = promised.get(name)
        columns.append(
            dg.TableColumn(
                name,
                str(dtype),
                description=column.description if column else None,
                constraints=_constraints(column) if column else None,
            )
        )
    return dg.TableSchema(columns)


def _constraints(column: Any) -> dg.TableColumnConstraints:
    rules = [str(check.error or check) for check in column.checks]
    return dg.TableColumnConstraints(nullable=column.nullable, unique=column.unique, other=rules)
