"""Contracts at work: rows that break a row rule are set aside with the reason, the rest goes on.

A row rule speaks of one row (its type, a missing value, a range, a category). A table rule speaks of the
whole batch (a missing column, a key that stands twice, too many bad rows) and refuses it with ContractBroken.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlplatform.ml.coercion import coerce, kind_of
from mlplatform.ml.errors import Case, ContractBroken
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUARANTINE_COLUMNS = (ROW_ID, "source_file", "row", "rule", "column", "value", "broken_rules", "landed")
_KEY_RULES = ("field_uniqueness", "multiple_fields_uniqueness")
_SHOWN_CASES = 20


@dataclass(frozen=True)
class Validated:
    """A batch after its contract: `rows` typed with `row_id`, `quarantine` one line per row set aside."""

    rows: pd.DataFrame
    quarantine: pd.DataFrame

    def rows_per_rule(self) -> dict[str, int]:
        """How many rows each rule set aside, most first; the first broken rule of a row counts."""
        names = self.quarantine["column"] + ": " + self.quarantine["rule"]
        return {str(rule): int(rows) for rule, rows in names.value_counts().items()}


def validate(landed: pa.Table, contract: Any, *, source_file: str, max_quarantined_share: float) -> Validated:
    """Judge a batch of text columns by a pandera model.

    `landed` is the table of `read_landed`. Columns that the contract does not name are left behind
    (the raw snapshot keeps them). Rows in = rows + quarantine, always. Raises ContractBroken.
    """
    schema = contract.to_schema()
    _refuse_missing_columns(landed, schema, source_file)
    frame, cases = _typed(landed, schema)
    bad = {case.row for case in cases}
    good = frame.drop(index=[row - 1 for row in bad if row is not None])
    good = good.astype({name: column.dtype.type for name, column in schema.columns.items() if name in good})
    good, broken = _judged(good, schema, source_file)
    cases += broken
    quarantine = _quarantine(landed, cases, source_file)
    _refuse_too_many(len(quarantine), landed.num_rows, cases, source_file, max_quarantined_share)
    return Validated(good.reset_index(drop=True), quarantine)


def _refuse_missing_columns(landed: pa.Table, schema: Any, source_file: str) -> None:
    missing = [n for n, column in schema.columns.items() if column.required and n not in landed.column_names]
    if not missing:
        return
    there = [name for name in landed.column_names if name != ROW_ID]
    hints = []
    for name in missing:
        near = get_close_matches(name.lower(), [other.lower() for other in there], n=1)
        similar = next((other for other in there if near and other.lower() == near[0]), None)
        hints.append(f"{name!r}" + (f" (did you mean {similar!r}?)" if similar else ""))
    raise ContractBroken(
        f"{source_file} lacks the column {', '.join(hints)}. Add it, or change the contract; "
        f"the file has: {', '.join(there)}.",
        [Case("required column", name, None) for name in missing],
    )


def _typed(landed: pa.Table, schema: Any) -> tuple[pd.DataFrame, list[Case]]:
    """Typed columns with a 0..n-1 index, and a case for each value that has no such type or is missing."""
    import pandas as pd

    columns: dict[str, pd.Series] = {ROW_ID: landed.column(ROW_ID).to_pandas()}
    cases: list[Case] = []
    for name, column in schema.columns.items():
        if name not in landed.column_names:
            continue
        text = landed.column(name)
        values, unreadable = coerce(text, column.dtype)
        columns[name] = values
        rule = f"is a {kind_of(column.dtype)}"
        for position in unreadable.nonzero()[0]:
            cases.append(Case(rule, name, text[int(position)].as_py(), int(position) + 1))
        if not column.nullable:
            missing = values.isna().to_numpy() & ~unreadable
            cases += [Case("is present", name, None, int(at) + 1) for at in missing.nonzero()[0]]
    return pd.DataFrame(columns), cases


def _judged(frame: pd.DataFrame, schema: Any, source_file: str) -> tuple[pd.DataFrame, list[Case]]:
    """Rows that keep every rule of the contract, and the cases of those that do not."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return frame, []
    of_table = failures["index"].isna() | failures["check"].isin(_KEY_RULES)
    if of_table.any():
        cases = [_case(failure) for failure in failures[of_table].head(_SHOWN_CASES).to_dict("records")]
        raise ContractBroken(_table_message(cases, source_file), cases)
    cases = [_case(failure) for failure in failures.to_dict("records")]
    return frame.drop(index=failures["index"].unique()), cases


def _case(failure: dict[str, Any]) -> Case:
    value, index = failure["failure_case"], failure["index"]
    row = None if index is None or index != index else int(index) + 1
    return Case(str(failure["check"]), failure["column"], None if value is None else str(value), row)


def _table_message(cases: list[Case], source_file: str) -> str:
    first = cases[0]
    where = f", row {first.row}" if first.row else ""
    if first.rule in _KEY_RULES:
        what = f"column {first.column!r}: the key {first.value!r} stands more than once"
        return f"{source_file}{where}, {what}. Land the file without the double, or drop `unique` there."
    return f"{source_file}{where}, column {first.column!r} breaks {first.rule}. Mend the file or the contract."


def _quarantine(landed: pa.Table, cases: list[Case], source_file: str) -> pd.DataFrame:
    """One line per row set aside: its first broken rule, all of them as JSON, and the row as landed."""
    import pandas as pd
    import pyarrow as pa

    by_row: dict[int, list[Case]] = {}
    for case in cases:
        if case.row is not None:
            by_row.setdefault(case.row, []).append(case)
    rows = sorted(by_row)
    as_landed = landed.take(pa.array([row - 1 for row in rows], pa.int64())).to_pylist()
    lines = []
    for row, values in zip(rows, as_landed, strict=True):
        first, row_id = by_row[row][0], values.pop(ROW_ID)
        broken = [{"rule": c.rule, "column": c.column, "value": c.value} for c in by_row[row]]
        line = (row_id, source_file, row, first.rule, first.column, first.value)
        lines.append((*line, json.dumps(broken), json.dumps(values, ensure_ascii=False)))
    frame = pd.DataFrame(lines, columns=list(QUARANTINE_COLUMNS))
    text = [name for name in QUARANTINE_COLUMNS if name != "row"]
    return frame.astype({**dict.fromkeys(text, "string"), "row": "int64"})


def _refuse_too_many(bad: int, rows: int, cases: list[Case], source_file: str, limit: float) -> None:
    if bad <= limit * rows:
        return
    first = cases[0]
    raise ContractBroken(
        f"{source_file}: {bad:,} of {rows:,} rows break a rule, more than the {limit:.0%} that may be "
        f"quarantined; first: row {first.row}, column {first.column!r}, value {first.value!r}, rule "
        f"{first.rule!r}. Mend the file or the contract, or raise max_quarantined_share.",
        cases[:_SHOWN_CASES],
    )
