"""Contracts at work: rows that break a row rule are set aside with the reason, the rest goes on.

A row rule speaks of one row (its type, a missing value, a range, a category). A table rule speaks of the
whole batch (a missing column, a key that stands twice, too many bad rows) and refuses it with ContractBroken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.broken_rules import BrokenRule, Positions, cases_of, marked
from mlplatform.ml.contracts.coercion import kind_of
from mlplatform.ml.contracts.judging import Judgement, judge
from mlplatform.ml.contracts.keys import refuse_doubles
from mlplatform.ml.contracts.quarantine import quarantine_of
from mlplatform.ml.contracts.spelling import plain_spelling
from mlplatform.ml.contracts.typed_columns import as_declared, typed
from mlplatform.ml.errors import BrokenCode, Case, ContractBroken
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_HEADER_AGAIN = "is a row, not the header again"
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
    rules: Callable[[pd.DataFrame, Any], Judgement] = judge,
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
    plain = plain_spelling(landed, schema, file_format)
    frame, broken = _typed(landed, plain, schema, file_format.dates)
    refuse_doubles(frame, landed, schema, source_file, _SHOWN_CASES)
    good = as_declared(_without(frame, broken, landed.num_rows), schema)
    of_rules, of_table = rules(good.drop(columns=ROW_ID), schema)
    if of_table:
        _refuse_table(of_table, source_file)
    broken += of_rules
    bad = int(marked(broken, landed.num_rows).sum())
    if bad > max_quarantined_share * landed.num_rows:
        _refuse_too_many(bad, landed, broken, source_file, max_quarantined_share)
    quarantine = quarantine_of(landed, broken, source_file)
    return Validated(_without(good, of_rules, landed.num_rows).reset_index(drop=True), quarantine)


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
    quoted = [with_nearest(name, there) for name in missing]
    none_there = not set(there) & set(schema.columns) and quoted == [repr(name) for name in missing]
    headless = " Its first line does not look like a header, which must name the columns." * none_there
    raise ContractBroken(
        f"{source_file} lacks the column {', '.join(quoted)}.{headless} Add it, or change the contract; "
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


def _typed(
    landed: pa.Table, plain: pa.Table, schema: Any, dates: str | None
) -> tuple[pd.DataFrame, list[BrokenRule]]:
    """All rows but repeated headers, typed, and what is wrong with headers and values."""
    import numpy as np

    frame, broken = typed(plain, schema, dates)
    headers = _headers_again(landed)
    if not len(headers):
        return frame, broken
    broken = [BrokenRule(b.rule, b.column, np.setdiff1d(b.rows, headers)) for b in broken]
    return frame.drop(index=headers), [BrokenRule(_HEADER_AGAIN, None, headers), *broken]


def _headers_again(landed: pa.Table) -> Positions:
    """Rows whose every cell is its column's name, as where files were put one behind the other."""
    import numpy as np
    import pyarrow.compute as pc

    rows: Positions | None = None
    for name in landed.column_names:
        if name == ROW_ID or (rows is not None and not len(rows)):
            continue
        texts = landed.column(name) if rows is None else landed.column(name).take(rows)
        same = pc.indices_nonzero(pc.equal(texts, name)).to_numpy().astype(np.int64)
        rows = same if rows is None else rows[same]
    return np.zeros(0, dtype=np.int64) if rows is None else rows


def _without(frame: pd.DataFrame, broken: list[BrokenRule], landed_rows: int) -> pd.DataFrame:
    """The rows that break none of these; column by column, as pandas takes four times longer for a frame."""
    import pandas as pd

    if not broken:
        return frame
    keep = ~marked(broken, landed_rows)[frame.index]
    columns = {name: frame[name].array[keep] for name in frame}
    return pd.DataFrame(columns, index=frame.index[keep], copy=False)


def _refuse_table(cases: list[Case], source_file: str) -> None:
    first = cases[0]
    where = source_file if first.column is None else f"{source_file}, column {first.column!r}"
    said = "" if first.value in (None, "False") else f" ({first.value})"
    raise ContractBroken(
        f"{where} breaks {first.rule}{said}. Mend the file or the contract.", cases[:_SHOWN_CASES]
    )


def _refuse_too_many(
    bad: int, landed: pa.Table, broken: list[BrokenRule], source_file: str, limit: float
) -> None:
    cases = cases_of(broken, landed, _SHOWN_CASES)
    first = cases[0]
    in_column = f", column {first.column!r}, value {first.value!r}" if first.column else ""
    raise ContractBroken(
        f"{source_file}: {bad:,} of {landed.num_rows:,} rows break a rule, more than the {limit:.0%} that "
        f"may be quarantined; first: row {first.row}{in_column}, rule {first.rule!r}. "
        "Mend the file or the contract, or raise max_quarantined_share.",
        cases,
    )
