"""Contracts at work: rows that break a row rule are set aside with the reason, the rest goes on.

A row rule speaks of one row (its type, a missing value, a range, a category). A table rule speaks of the
whole batch (a missing column, a key that stands twice, too many bad rows) and refuses it with ContractBroken.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlplatform.ml.coercion import coerce, kind_of, rule_of
from mlplatform.ml.errors import BrokenCode, Case, ContractBroken
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.rules import keeping_every_rule

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUARANTINE_COLUMNS = (ROW_ID, "source_file", "row", "rule", "column", "value", "broken_rules", "landed")
_SHOWN_CASES = 20


@dataclass(frozen=True)
class Validated:
    """A batch after its contract: `rows` typed with `row_id`, `quarantine` one line per row set aside."""

    rows: pd.DataFrame
    quarantine: pd.DataFrame

    def rows_per_rule(self) -> dict[str, int]:
        """How many rows each rule set aside, most first; the first broken rule of a row counts."""
        names = (self.quarantine["column"] + ": ").fillna("") + self.quarantine["rule"]
        return {str(rule): int(rows) for rule, rows in names.value_counts().items()}


def validate(
    landed: pa.Table,
    contract: Any,
    *,
    source_file: str,
    max_quarantined_share: float,
    file_format: FileFormat = PLAIN,
) -> Validated:
    """Judge a batch of text columns by a pandera model.

    `landed` is the table of `read_landed`, spelled as `file_format` says. Columns that the contract does not
    name are left behind (the raw snapshot keeps them), unless it is strict. Rows in = rows + quarantine,
    always.
    Raises ContractBroken, and BrokenCode for a contract that cannot be kept row by row.
    """
    schema = contract.to_schema()
    refuse_unsupported(schema)
    _refuse_missing_columns(landed, schema, source_file)
    if schema.strict is True:
        _refuse_further_columns(landed, schema, source_file)
    frame, cases = typed(landed, schema)
    _refuse_doubles(frame, landed, schema, source_file)
    bad = {case.row for case in cases}
    good = frame.drop(index=[row - 1 for row in bad if row is not None])
    good, broken = _judged(as_declared(good, schema), landed, schema, source_file)
    cases += broken
    quarantine = _quarantine(landed, cases, source_file)
    _refuse_too_many(len(quarantine), landed.num_rows, cases, source_file, max_quarantined_share)
    return Validated(good.reset_index(drop=True), quarantine)


def refuse_unsupported(schema: Any) -> None:
    """BrokenCode for what pandera can say but a contract of landed rows cannot mean."""
    from pandas.api.extensions import ExtensionDtype

    limited = [c for one in (schema, *schema.columns.values()) for c in one.checks if c.n_failure_cases]
    parsing = [one for one in (schema, *schema.columns.values()) if one.parsers]
    wrong = {
        "rules for the index: a landed row has none": schema.index is not None,
        "a parser: it would change rows unseen; change them in build_features": bool(parsing),
        "drop_invalid_rows: rows would get lost; they are quarantined anyway": schema.drop_invalid_rows,
        "n_failure_cases: the other failing rows would pass": bool(limited),
    }
    for name, column in schema.columns.items():
        wrong[f"a pattern for column names ({name!r}): name each column"] = column.regex
        try:
            kind = kind_of(column.dtype)
        except TypeError as error:
            raise BrokenCode(f"{schema.name}, column {name!r}: {error}. Declare one of these.") from None
        holds_none = isinstance(column.dtype.type, ExtensionDtype) or kind not in ("int", "bool")
        wrong[
            f"column {name!r} as nullable {column.dtype}, which cannot hold a missing value: "
            "set `coerce = True` in its Config"
        ] = column.nullable and not holds_none
    for what, is_so in wrong.items():
        if is_so:
            raise BrokenCode(f"{schema.name} declares {what}.")


def _refuse_missing_columns(landed: pa.Table, schema: Any, source_file: str) -> None:
    missing = [n for n, column in schema.columns.items() if column.required and n not in landed.column_names]
    if not missing:
        return
    there = [name for name in landed.column_names if name != ROW_ID]
    hints = ", ".join(with_nearest(name, there) for name in missing)
    raise ContractBroken(
        f"{source_file} lacks the column {hints}. Add it, or change the contract; "
        f"the file has: {', '.join(there)}.",
        [Case("required column", name, None) for name in missing],
    )


def with_nearest(name: str, there: list[str]) -> str:
    """The quoted name, with the one of those that are there that was probably meant."""
    near = get_close_matches(name.lower(), [other.lower() for other in there], n=1)
    similar = next((other for other in there if near and other.lower() == near[0]), None)
    return f"{name!r}" + (f" (did you mean {similar!r}?)" if similar else "")


def _refuse_further_columns(landed: pa.Table, schema: Any, source_file: str) -> None:
    further = [name for name in landed.column_names if name not in schema.columns and name != ROW_ID]
    if further:
        raise ContractBroken(
            f"{source_file} has the column {', '.join(map(repr, further))}, which the strict {schema.name} "
            "does not name. Leave it out, or change the contract.",
            [Case("no further column", name, None) for name in further],
        )


def typed(landed: pa.Table, schema: Any) -> tuple[pd.DataFrame, list[Case]]:
    """Typed columns with a 0..n-1 index, and a case for each value that has no such type or is missing.

    `landed` has text columns and `row_id`; integers are nullable here, see `as_declared`.
    """
    import pandas as pd

    columns: dict[str, pd.Series] = {ROW_ID: landed.column(ROW_ID).to_pandas()}
    cases: list[Case] = []
    for name, column in schema.columns.items():
        if name not in landed.column_names:
            continue
        text = landed.column(name)
        values, unreadable = coerce(text, column.dtype)
        if column.default is not None:
            values = values.mask(values.isna() & ~unreadable, column.default)
        columns[name] = values
        for position in unreadable.nonzero()[0]:
            rule, value = rule_of(column.dtype), text[int(position)].as_py()
            cases.append(Case(rule, name, value, int(position) + 1))
        if not column.nullable:
            missing = values.isna().to_numpy() & ~unreadable
            cases += [Case("is present", name, None, int(at) + 1) for at in missing.nonzero()[0]]
    return pd.DataFrame(columns), cases


def as_declared(frame: pd.DataFrame, schema: Any) -> pd.DataFrame:
    """Rows without a missing or unreadable value, in exactly the types of the contract."""
    return frame.astype({name: column.dtype.type for name, column in schema.columns.items() if name in frame})


def _refuse_doubles(frame: pd.DataFrame, landed: pa.Table, schema: Any, source_file: str) -> None:
    """A key that stands twice is refused whatever else is wrong with its rows."""
    together = [schema.unique] if isinstance(schema.unique, str) else list(schema.unique or ())
    keys = [[name] for name, column in schema.columns.items() if column.unique] + [together]
    for key in keys:
        if not key or not set(key) <= set(frame.columns):
            continue
        present = frame[key].dropna()
        doubles = present[present.duplicated(keep=False)]
        if doubles.empty:
            continue
        names = ", ".join(key)
        shown = doubles.sort_values(key, kind="stable").index[:_SHOWN_CASES]
        cases = [Case("is unique", names, _as_landed(landed, key, int(at)), int(at) + 1) for at in shown]
        raise ContractBroken(
            f"{source_file}, rows {cases[0].row} and {cases[1].row}, column {names!r}: the key "
            f"{cases[0].value!r} stands more than once. Land the file without the double, or drop "
            "`unique` in the contract.",
            cases,
        )


def _as_landed(landed: pa.Table, columns: list[str], at: int) -> str | None:
    """What the file says in these columns of a row; the typed value may be spelled otherwise."""
    texts = [landed.column(name)[at].as_py() for name in columns]
    return texts[0] if len(texts) == 1 else ", ".join(map(str, texts))


def _judged(
    frame: pd.DataFrame, landed: pa.Table, schema: Any, source_file: str
) -> tuple[pd.DataFrame, list[Case]]:
    """Rows that keep every rule of the contract, and the cases of those that do not."""
    from pandera.errors import SchemaErrors

    if frame.empty:
        return frame, []
    try:
        keeping_every_rule(frame.drop(columns=ROW_ID), schema)
    except SchemaErrors as errors:
        failures = errors.failure_cases.to_dict("records")
    else:
        return frame, []
    cases = list(dict.fromkeys(_case(failure, landed) for failure in failures))
    of_table = [case for case in cases if case.row is None]
    if of_table:
        first = of_table[0]
        where = source_file if first.column is None else f"{source_file}, column {first.column!r}"
        said = "" if first.value in (None, "False") else f" ({first.value})"
        message = f"{where} breaks {first.rule}{said}. Mend the file or the contract."
        raise ContractBroken(message, of_table[:_SHOWN_CASES])
    return frame.drop(index=[case.row - 1 for case in cases if case.row is not None]), cases


def _case(failure: dict[str, Any], landed: pa.Table) -> Case:
    """A rule over several columns names none; one over the batch has no row."""
    rule, value, index = str(failure["check"]), failure["failure_case"], failure["index"]
    column = None if failure["schema_context"] == "DataFrameSchema" else failure["column"]
    if index is None or math.isnan(index):
        return Case(rule, column, None if value is None else str(value))
    return Case(rule, column, _as_landed(landed, [column], int(index)) if column else None, int(index) + 1)


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
    in_column = f", column {first.column!r}, value {first.value!r}" if first.column else ""
    raise ContractBroken(
        f"{source_file}: {bad:,} of {rows:,} rows break a rule, more than the {limit:.0%} that may be "
        f"quarantined; first: row {first.row}{in_column}, rule {first.rule!r}. "
        "Mend the file or the contract, or raise max_quarantined_share.",
        cases[:_SHOWN_CASES],
    )
