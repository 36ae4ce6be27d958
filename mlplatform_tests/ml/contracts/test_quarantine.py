"""k bad rows of n: exactly n - k validated, k quarantined, each with its rule, column, value and row."""

import json
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest

from mlplatform.ml.contracts import Validated, validate

ROWS, BAD = 50, [2, 3, 17, 40, 49]  # 0-based
DAY = pd.Timestamp("2020-01-01")
CATEGORY = pd.CategoricalDtype(["a", "b"])
Check = pan.Check


def is_even(frame: pd.DataFrame) -> pd.Series:
    return frame["a"] % 2 == 0


def landed(texts: list[str | None]) -> pa.Table:
    others = pa.array(["x", *[None] * (len(texts) - 2), "ümlaut"], pa.string())
    ids = pa.array([f"june:{number:09}" for number in range(1, len(texts) + 1)])
    return pa.table({"a": pa.array(texts, pa.string()), "further": others, "row_id": ids})


def judged(column: Any, texts: list[str | None], of_frame: Any = None) -> Validated:
    schema = pan.DataFrameSchema({"a": column}, checks=of_frame)
    contract = SimpleNamespace(to_schema=lambda: schema)
    return validate(landed(texts), contract, source_file="june.csv", max_quarantined_share=0.5)


Column = pan.Column
KINDS = {
    "ge": (Column(int, Check.ge(5)), "5", "4", "greater_than_or_equal_to(5)"),
    "gt": (Column(int, Check.gt(5)), "6", "5", "greater_than(5)"),
    "le": (Column(float, Check.le(5)), "5.0", "5.01", "less_than_or_equal_to(5)"),
    "lt": (Column(float, Check.lt(5)), "4.9", "5", "less_than(5)"),
    "in_range": (Column(int, Check.in_range(1, 3)), "3", "4", "in_range(1, 3)"),
    "eq": (Column(int, Check.eq(1)), "1", "2", "equal_to(1)"),
    "ne": (Column(str, Check.ne("z")), "a", "z", "not_equal_to(z)"),
    "isin": (Column(str, Check.isin(["a", "b"])), "b", "c", "isin(['a', 'b'])"),
    "isin of numbers": (Column(int, Check.isin([0, 1])), "1", "2", "isin([0, 1])"),
    "notin": (Column(str, Check.notin(["c"])), "b", "c", "notin(['c'])"),
    "str_matches": (Column(str, Check.str_matches("^a.$")), "ab", "b", "str_matches('^a.$')"),
    "str_contains": (Column(str, Check.str_contains("b")), "ab", "a", "str_contains('b')"),
    "str_startswith": (Column(str, Check.str_startswith("a")), "ab", "b", "str_startswith('a')"),
    "str_endswith": (Column(str, Check.str_endswith("b")), "ab", "a", "str_endswith('b')"),
    "str_length": (Column(str, Check.str_length(1, 2)), "ab", "abc", "str_length(1, 2)"),
    "times": (Column(DAY.to_datetime64().dtype, Check.ge(DAY)), "2020-01-01", "2019-12-31",
              "greater_than_or_equal_to(2020-01-01 00:00:00)"),
    "labels": (Column(CATEGORY, Check.isin(["a"])), "a", "b", "isin(['a'])"),
    "int": (Column(int), "7", "7.5", "is an int"),
    "int of 64 bits": (Column(int), "7", "9223372036854775808", "is an int"),
    "int, shortened": (Column(int), "7.0", "1.23457E+11", "is an int"),
    "small int": (Column("int8"), "7", "128", "is an int"),
    "float": (Column(float), "7", "seven", "is a float"),
    "bool": (Column(bool), "yes", "perhaps", "is a bool"),
    "datetime": (Column("datetime64[ns]"), "2020-02-29", "2021-02-29", "is an ISO datetime without zone"),
    "category": (Column(CATEGORY), "a", "c", "is one of ['a', 'b']"),
    "presence of a number": (Column(float), "1", None, "is present"),
    "presence of an int": (Column(int), "1", None, "is present"),
    "presence of a text": (Column(str), "a", None, "is present"),
    "presence of a time": (Column("datetime64[ns]"), "2020-02-29", None, "is present"),
    "presence of a label": (Column(CATEGORY), "a", None, "is present"),
    "own rule for a column": (
        Column(int, Check(lambda values: values > 3, name="is_large")), "4", "3", "is_large"
    ),
    "own rule for a value": (
        Column(int, Check(lambda value: value > 3, element_wise=True, error="is large")), "4", "3", "is large"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_bad_rows_and_no_others_are_set_aside_with_what_they_broke(kind: str) -> None:
    column, good, bad, rule = KINDS[kind]
    result = judged(column, [bad if at in BAD else good for at in range(ROWS)])
    check_split(result, rule, "a", bad)


@pytest.mark.parametrize("nullable", [True, False])
def test_a_rule_over_several_columns_has_neither_column_nor_value(nullable: bool) -> None:
    column = Column("Int64", nullable=nullable)
    texts = [str(2 * at + (at in BAD)) for at in range(ROWS)]
    check_split(judged(column, texts, Check(is_even, name="is_even")), "is_even", None, None)


def check_split(result: Validated, rule: str, column: str | None, value: str | None) -> None:
    aside = result.quarantine
    assert len(result.rows) == ROWS - len(BAD) and len(aside) == len(BAD)
    assert list(aside["row"]) == [at + 1 for at in BAD]
    assert list(aside["row_id"]) == [f"june:{at + 1:09}" for at in BAD]
    assert not set(aside["row_id"]) & set(result.rows["row_id"])
    assert result.rows["row_id"].is_monotonic_increasing
    assert set(aside["source_file"]) == {"june.csv"} and set(aside["rule"]) == {rule}
    for line in aside.itertuples():
        found = [None if pd.isna(one) else one for one in (line.column, line.value)]
        assert found == [column, value]
        assert json.loads(line.broken_rules) == [{"rule": rule, "column": column, "value": value}]
        assert json.loads(line.landed)["further"] == ("ümlaut" if line.row == ROWS else None)
    assert result.rows_per_rule() == {f"{column}: {rule}" if column else rule: len(BAD)}


def test_a_repeated_header_is_no_row_even_where_every_column_is_text() -> None:
    names = pa.table(
        {
            "key": ["a", "key", "b", "key"],
            "kind": ["x", "kind", "kind", "kind"],
            "row_id": ["1", "2", "3", "4"],
        }
    )
    schema = pan.DataFrameSchema({"key": Column(str, unique=True), "kind": Column(str, Check.ne("kind"))})
    contract = SimpleNamespace(to_schema=lambda: schema)
    result = validate(names, contract, source_file="june.csv", max_quarantined_share=1)
    assert list(result.rows["key"]) == ["a"]
    assert list(zip(result.quarantine["row"], result.quarantine["rule"], strict=True)) == [
        (2, "is a row, not the header again"),
        (3, "not_equal_to(kind)"),
        (4, "is a row, not the header again"),
    ]
    assert result.quarantine["broken_rules"][0] == json.dumps(
        [{"rule": "is a row, not the header again", "column": None, "value": None}]
    )


def test_a_repeated_header_is_not_also_an_unreadable_number() -> None:
    table = landed(["1", "a", "x"]).drop_columns(["further"])
    schema = pan.DataFrameSchema({"a": Column(int)})
    contract = SimpleNamespace(to_schema=lambda: schema)
    result = validate(table, contract, source_file="june.csv", max_quarantined_share=1)
    assert list(result.quarantine["rule"]) == ["is a row, not the header again", "is an int"]
    assert [len(json.loads(one)) for one in result.quarantine["broken_rules"]] == [1, 1]


def test_half_of_the_rows_may_be_bad() -> None:
    texts = [str(at % 2) for at in range(2000)]
    result = judged(Column(int, [Check.gt(0), Check(lambda values: values > 0, name="own")]), texts)
    assert len(result.rows) == len(result.quarantine) == 1000
    assert set(result.rows["a"]) == {1}
    assert {len(json.loads(one)) for one in result.quarantine["broken_rules"]} == {2}
