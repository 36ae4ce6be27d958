"""Judging typed rows by the rules of a contract.

pandera's lazy validation copies the frame and gathers every failing value with its words, which takes most of
its time even where nothing fails. Here each rule is asked by itself, of a whole column or, for text, of each
distinct value once, with pandera's own function; only what gives no plain answer row by row (a rule about the
whole batch, a rule that raises) goes through the lazy validation, which finds the words.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from mlplatform.ml.contracts.broken_rules import BrokenRule, each_once
from mlplatform.ml.contracts.rules import is_by_value, keeping_every_rule, name_of
from mlplatform.ml.errors import Case

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Rule: TypeAlias = tuple[Any, str | None]
Judgement: TypeAlias = tuple[list[BrokenRule], list[Case]]
_SAMPLE = 10_000


def judge(frame: pd.DataFrame, schema: Any) -> Judgement:
    """The broken row rules, in the contract's order (those of several columns first), and the table's cases.

    `frame` has the columns of the contract in their declared types; its index (ascending integers) says which
    rows of the landed table they are. The same answer as `judge_in_full`.
    """
    asked = _Asked(frame)
    broken: dict[int, BrokenRule] = {}
    unclear: list[Rule] = []
    if frame.empty:
        return [], []
    rules = rules_of(schema, frame)
    for place, (check, column) in enumerate(rules):
        rows = asked.broken_rows(check, column)
        if rows is None:
            unclear.append((check, column))
        elif len(rows):
            broken[place] = BrokenRule(name_of(check), column, rows)
    if not unclear:
        return each_once(broken.values()), []
    further, of_table = judge_in_full(frame, _with_only(schema, unclear))
    places = {(name_of(check), column): place for place, (check, column) in reversed([*enumerate(rules)])}
    placed = [*broken.items(), *((places[one.rule, one.column], one) for one in further)]
    return each_once(one for _, one in sorted(placed, key=lambda item: item[0])), of_table


def rules_of(schema: Any, frame: pd.DataFrame) -> list[Rule]:
    """Every check with its column, in the order of pandera's failure cases: checks of the frame first."""
    columns = [(name, column) for name, column in schema.columns.items() if name in frame]
    return [
        *((check, None) for check in schema.checks),
        *((check, name) for name, column in columns for check in column.checks),
    ]


def judge_in_full(frame: pd.DataFrame, schema: Any) -> Judgement:
    """`judge` by pandera's lazy validation of everything."""
    from pandera.errors import SchemaErrors

    if frame.empty:
        return [], []
    try:
        keeping_every_rule(frame, schema)
    except SchemaErrors as errors:
        return _of_rows(errors.failure_cases), _of_table(errors.failure_cases)
    return [], []


def _of_rows(failures: pd.DataFrame) -> list[BrokenRule]:
    import numpy as np

    found: dict[tuple[str, str | None], list[int]] = {}
    there = failures[failures["index"].notna()]
    for context, column, rule, index in zip(
        there["schema_context"], there["column"], there["check"], there["index"], strict=True
    ):
        of_frame = context == "DataFrameSchema"
        found.setdefault((str(rule), None if of_frame else str(column)), []).append(int(index))
    return [BrokenRule(rule, column, np.unique(rows)) for (rule, column), rows in found.items()]


def _of_table(failures: pd.DataFrame) -> list[Case]:
    cases = []
    for failure in failures[failures["index"].isna()].to_dict("records"):
        column = None if failure["schema_context"] == "DataFrameSchema" else failure["column"]
        value = failure["failure_case"]
        no = not isinstance(value, str) and value == 0  # pandas makes a number of False beside numbers
        shown = None if value is None else "False" if no else str(value)
        cases.append(Case(str(failure["check"]), column, shown))
    return list(dict.fromkeys(cases))


def _with_only(schema: Any, rules: Iterable[Rule]) -> Any:
    """The schema with no other rules, and no columns that have none of them."""
    found: dict[str | None, list[Any]] = {None: []}
    for check, column in rules:
        found.setdefault(column, []).append(check)
    only = copy.copy(schema)
    only.checks = found.pop(None)
    only.columns = {name: copy.copy(schema.columns[name]) for name in found if name is not None}
    for name, column in only.columns.items():
        column.checks, column.unique = found[name], False
    only.strict, only.ordered, only.add_missing_columns, only.unique = False, False, False, None
    return only


class _Asked:
    """Typed rows that answer which of them break a rule; text columns are boiled down to distinct values."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._distinct = cache(self._distinct_texts)

    def broken_rows(self, check: Any, column: str | None) -> np.ndarray | None:
        """Index labels of the rows that break it, ascending; None where pandera must find the words."""
        import numpy as np

        try:
            distinct = self._distinct(column) if column is not None and is_by_value(check) else None
            if distinct is None:
                # a copy of all columns costs by their number, and only a grouped rule needs the others
                alone = column is not None and check.groupby is None
                given = self._frame[[column]] if alone else self._frame.copy(deep=False)
                return _failing(check, given, column)
            codes, values = distinct
            wrong = _failing(check, values, None)
        except Exception:  # a rule that raises breaks the batch; pandera says so
            return None
        if wrong is None or not len(wrong):
            return wrong
        is_wrong = np.zeros(len(values) + 1, dtype=bool)
        is_wrong[wrong] = True
        return self._frame.index.to_numpy()[is_wrong[codes]]

    def _distinct_texts(self, column: str) -> tuple[np.ndarray, pd.Series] | None:
        """A code per row (-1 for a missing value) and the value of each code; None if there are many.

        Nearly distinct texts, such as identifiers, are asked faster one by one.
        """
        import pandas as pd
        import pyarrow as pa

        texts = self._frame[column]
        sample = texts.head(_SAMPLE)
        if not isinstance(texts.dtype, pd.StringDtype) or sample.nunique() * 2 > len(sample):
            return None
        arrow = pa.array(texts.array)  # of the series itself, Arrow would make Python strings
        chunks = arrow.chunks if isinstance(arrow, pa.ChunkedArray) else [arrow]
        encoded = pa.concat_arrays(chunks).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return codes, pd.Series(encoded.dictionary.to_pandas(), dtype=texts.dtype)


def _failing(check: Any, values: pd.DataFrame | pd.Series, column: str | None) -> np.ndarray | None:
    """Index labels of what fails; None where pandera gives no answer for each row, or a warning is due."""
    import numpy as np
    import pandas as pd

    result = check(values) if column is None else check(values, column)
    if result.check_passed:
        return np.zeros(0, dtype=np.int64)
    by_row = isinstance(result.check_output, pd.Series) and result.failure_cases is not None
    if not by_row or not len(result.failure_cases) or check.raise_warning:
        return None
    return result.failure_cases.index.to_numpy()
