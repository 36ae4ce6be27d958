"""A contract's row rules, applied to the rows of a request.

Types and rules are those that a landed batch is judged by. Rules of a whole batch (a key stands once, a
share, anything that gives one answer for all rows) mean nothing for a request and are left out, and so is a
rule that needs the target, or what else is known only after the fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.contracts import refuse_unsupported, with_nearest
from mlplatform.ml.contracts.broken_rules import cases_of
from mlplatform.ml.contracts.plain_columns import FEW_ROWS, PlainColumns
from mlplatform.ml.contracts.typed_columns import as_declared, typed
from mlplatform.ml.errors import BrokenCode, Case
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SHOWN_CASES = 20


def judge_rows(table: pa.Table, contract: Any, unseen: Sequence[str]) -> pd.DataFrame:
    """The n rows of a request, typed exactly as `validate` types a batch, index 0..n-1, without `unseen`.

    `table` has text columns, blanks null. Raises BadRequest naming row, column, value and rule.
    Whoever has more than one request keeps a `RowRules`.
    """
    return RowRules(contract, unseen).judged(table)


class RowRules:
    """The row rules of a pandera raw contract. Nothing changes while it judges, so threads may share it.

    `unseen`: columns that a request has not, the target above all; rules that need them are left out.
    """

    def __init__(self, contract: Any, unseen: Sequence[str]) -> None:
        schema = contract.to_schema()
        refuse_unsupported(schema)
        self.unseen = tuple(unseen)
        self.schema = schema.remove_columns([name for name in self.unseen if name in schema.columns])
        self.columns: tuple[str, ...] = tuple(self.schema.columns)

    @cached_property
    def _plain(self) -> PlainColumns:
        return PlainColumns.of(self.schema)

    @cached_property
    def _checks(self) -> tuple[tuple[Any, str | None], ...]:
        """Every rule with its column, in the contract's order; those of several columns come last."""
        columns = self.schema.columns.items()
        of_columns = [(check, name) for name, column in columns for check in column.checks]
        of_frame = [(check, None) for check in self.schema.checks]
        return tuple(one for one in (*of_columns, *of_frame) if not one[0].raise_warning)

    def judged(self, table: pa.Table) -> pd.DataFrame:
        """See `judge_rows`."""
        self._refuse_missing_columns(table)
        frame = self._plainly_good(table) if table.num_rows <= FEW_ROWS else None
        return self._judged_in_full(table) if frame is None else frame

    def _refuse_missing_columns(self, table: pa.Table) -> None:
        there = table.column_names
        missing = [name for name in self.columns if name not in there]
        further = [name for name in there if name not in self.columns]
        required = [name for name in missing if self.schema.columns[name].required]
        if required:
            hints = ", ".join(with_nearest(name, further) for name in required)
            raise BadRequest(
                f"the request lacks the column {hints}. Give it in every row; null where it is unknown.",
                [Case("required column", name, None) for name in required],
            )
        further = [name for name in further if name not in self.unseen]
        if missing and further:  # an optional column, misspelled, would pass for an unknown value
            hints = ", ".join(with_nearest(name, missing) for name in further)
            raise BadRequest(
                f"the request has the unknown column {hints}. Leave it out or name it as the contract does.",
                [Case("no further column", name, None) for name in further],
            )

    def _plainly_good(self, table: pa.Table) -> pd.DataFrame | None:
        """The typed rows if nothing is wrong and nothing special, the fast way."""
        import pandas as pd

        frame = self._plain.read(table)
        if frame is None:
            return None
        others = [name for name in self._plain.others if name in table.column_names]
        if others:
            rest, unread = typed(_with_row_id(table.select(others)), self.schema)
            if unread:
                return None
            frame = pd.concat([frame, as_declared(rest[others], self.schema)], axis=1)
            frame = frame[[name for name in self.columns if name in frame]]
        if any(self._broken_rows(frame, *one) for one in self._plain.further):
            return None
        return frame

    def sorted_out(self, table: pa.Table, dates: str | None = None) -> tuple[pd.DataFrame, list[Case]]:
        """The typed rows that keep every rule, their index that of the table, and the cases of the others.

        `dates` is how dates were written before they became ISO, for the words of a broken rule.
        Raises BadRequest only for missing columns.
        """
        self._refuse_missing_columns(table)
        frame, unread = typed(_with_row_id(table), self.schema, dates)
        cases = cases_of(unread, table)
        bad = {case.row for case in cases}
        frame = frame.drop(columns=ROW_ID).drop(index=[row - 1 for row in bad if row is not None])
        frame = as_declared(frame, self.schema)
        broken = list(self._broken(frame, table))
        frame = frame.drop(index=[case.row - 1 for case in broken if case.row is not None], errors="ignore")
        return frame, sorted(cases + broken, key=self._place)

    def _judged_in_full(self, table: pa.Table) -> pd.DataFrame:
        frame, cases = self.sorted_out(table)
        if cases:
            raise _refusal(cases)
        return frame

    def _broken(self, frame: pd.DataFrame, table: pa.Table) -> Iterator[Case]:
        for check, name in self._checks:
            rule = str(check.name if check.error is None else check.error)
            for at in self._broken_rows(frame, check, name):
                value = None if name is None else table.column(name)[at].as_py()
                yield Case(rule, name, value, at + 1)

    def _broken_rows(self, frame: pd.DataFrame, check: Any, name: str | None) -> list[int]:
        """Positions of the rows that break one rule; none for a rule about all rows together."""
        if frame.empty or (name is not None and name not in frame):
            return []
        try:
            result = check(frame) if name is None else check(frame, name)
        except Exception as error:
            if any(f"'{column}'" in str(error) for column in self.unseen):
                return []
            raise BrokenCode(f"the rule {check.name!r} of {self.schema.name} fails: {error!r}") from error
        if result.check_passed or result.failure_cases is None:
            return []
        return [int(at) for at in result.failure_cases.index]

    def _place(self, case: Case) -> tuple[int, int]:
        at = self.columns.index(case.column) if case.column in self.columns else len(self.columns)
        return case.row or 0, at


def _with_row_id(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return table.append_column(ROW_ID, pa.array([str(at) for at in range(1, table.num_rows + 1)]))


def _refusal(cases: list[Case]) -> BadRequest:
    first = cases[0]
    if first.column is None:
        what = f"row {first.row} breaks the rule {first.rule!r}"
    elif first.value is None:
        what = f"row {first.row}, column {first.column!r}: no value, which breaks the rule {first.rule!r}"
    else:
        what = f"row {first.row}, column {first.column!r}: {first.value!r} breaks the rule {first.rule!r}"
    rest = f" {len(cases) - 1:,} more cases." if len(cases) > 1 else ""
    return BadRequest(f"{what}. Mend the row.{rest}", cases[:_SHOWN_CASES])
