import json
from typing import Any, Optional

import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.config import config_context

from mlplatform.defs.job_change.contracts import RawEnrollee
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.contracts import Validated, validate
from mlplatform.ml.contracts.quarantine import QUARANTINE_COLUMNS
from mlplatform.ml.errors import BrokenCode, ContractBroken
from mlplatform.ml.faults import plant_faults
from mlplatform.ml.file_format import FileFormat

Field = pan.Field


class Measured(pan.DataFrameModel):
    key: int = Field(unique=True)
    share: float = Field(ge=0, le=1)
    kind: str = Field(isin=["a", "b"])
    code: str = Field(str_matches="^z", nullable=True)
    low: int
    high: int

    @pan.check("low", element_wise=True)
    @classmethod
    def is_even(cls, value: int) -> bool:
        return value % 2 == 0

    @pan.check("high")
    @classmethod
    def is_small(cls, values: pd.Series) -> pd.Series:
        return values < 100

    @pan.dataframe_check
    @classmethod
    def low_below_high(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["low"] <= frame["high"]


GOOD = {"share": "0.5", "kind": "a", "code": "zz", "low": "2", "high": "3"}


def landed(rows: list[dict[str, str | None]]) -> pa.Table:
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}
    return pa.table({**columns, "row_id": [f"june:{number:09}" for number in range(1, len(rows) + 1)]})


def judged(contract: Any, *rows: dict[str, str | None], share: float = 1.0) -> Validated:
    return validate(landed(list(rows)), contract, source_file="june.csv", max_quarantined_share=share)


def measured(*changes: dict[str, str | None], share: float = 1.0) -> Validated:
    rows = [{"key": str(number), **GOOD, **change} for number, change in enumerate(changes)]
    return judged(Measured, *rows, share=share)


def reasons(result: Validated) -> list[tuple[int, str | None, str, str | None]]:
    """(row, column, rule, value) of every broken rule."""
    return [
        (line.row, one["column"], one["rule"], one["value"])
        for line in result.quarantine.itertuples()
        for one in json.loads(line.broken_rules)
    ]


cell_choices = {
    "share": ["0.5", "1", "2", "-0.1", "x", "nan", "", "1e400"],
    "kind": ["a", "b", "c", ""],
    "code": ["z", "q", ""],
    "low": ["2", "2.0", "3", "2.5", "200", "x", ""],
    "high": ["3", "99", "100", "9007199254740993", ""],
}
generated_rows = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in cell_choices.items()}),
    min_size=1,
)


def keeps_the_contract(row: dict[str, str | None]) -> bool:
    """The contract once more, in plain Python."""
    try:
        share, low, high = float(row["share"] or "x"), float(row["low"] or "x"), int(row["high"] or "x")
    except ValueError:
        return False
    return (
        0 <= share <= 1
        and row["kind"] in ("a", "b")
        and (row["code"] or "z").startswith("z")
        and low % 2 == 0
        and low <= high < 100
    )


@given(generated_rows)
@settings(max_examples=60, deadline=None)
def test_every_row_is_validated_or_quarantined_and_nothing_else_happens(rows: list[dict[str, str]]) -> None:
    given_rows = [{"key": str(n), **{c: v or None for c, v in row.items()}} for n, row in enumerate(rows)]
    result = judged(Measured, *given_rows)
    ids = landed(given_rows).column("row_id").to_pylist()
    assert sorted([*result.rows["row_id"], *result.quarantine["row_id"]]) == ids
    expected = [id_ for id_, row in zip(ids, given_rows, strict=True) if keeps_the_contract(row)]
    assert list(result.rows["row_id"]) == expected
    as_landed = [json.loads(text) for text in result.quarantine["landed"]]
    assert as_landed == [given_rows[row - 1] for row in result.quarantine["row"]]
    assert sum(result.rows_per_rule().values()) == len(result.quarantine)


@pytest.mark.parametrize(
    ("change", "column", "rule", "value"),
    [
        ({"share": "x"}, "share", "is a float", "x"),
        ({"share": "nan"}, "share", "is a float", "nan"),
        ({"low": "2.5"}, "low", "is an int", "2.5"),
        ({"kind": None}, "kind", "is present", None),
        ({"share": None}, "share", "is present", None),
        ({"share": "2.50"}, "share", "less_than_or_equal_to(1)", "2.50"),
        ({"share": "-1"}, "share", "greater_than_or_equal_to(0)", "-1"),
        ({"kind": "c"}, "kind", "isin(['a', 'b'])", "c"),
        ({"code": "q"}, "code", "str_matches('^z')", "q"),
        ({"low": "1"}, "low", "is_even", "1"),
        ({"high": "100"}, "high", "is_small", "100"),
        ({"low": "8"}, None, "low_below_high", None),
    ],
)
def test_the_quarantine_says_which_rule_column_value_and_row(
    change: dict[str, str | None], column: str | None, rule: str, value: str | None
) -> None:
    result = measured({}, change, {})
    assert reasons(result) == [(2, column, rule, value)]
    assert list(result.rows["key"]) == [0, 2]
    line = result.quarantine.iloc[0]
    assert (line["row_id"], line["source_file"], line["rule"]) == ("june:000000002", "june.csv", rule)
    assert result.rows_per_rule() == {f"{column}: {rule}" if column else rule: 1}


def test_a_row_stands_once_in_the_quarantine_with_all_its_broken_rules() -> None:
    result = measured({"share": "2", "kind": "c"}, {"share": "x", "low": None})
    assert list(result.quarantine["row"]) == [1, 2]
    assert [(row, column) for row, column, _, _ in reasons(result)] == [
        (1, "share"),
        (1, "kind"),
        (2, "share"),
        (2, "low"),
    ]


def test_rules_of_other_rows_hold_when_a_column_has_unreadable_values() -> None:
    assert [row for row, *_ in reasons(measured({"share": "x"}, {"share": "7"}, {"kind": "c"}))] == [1, 2, 3]


def test_a_batch_without_bad_rows_has_an_empty_quarantine_of_the_same_columns() -> None:
    clean, dirty = measured({}, {}), measured({"kind": "c"}, {})
    assert len(clean.rows) == 2 and len(clean.quarantine) == 0
    assert tuple(clean.quarantine.columns) == tuple(dirty.quarantine.columns) == QUARANTINE_COLUMNS
    assert list(clean.quarantine.dtypes) == list(dirty.quarantine.dtypes)


@pytest.mark.parametrize("change", [{"share": "x"}, {"share": "7"}])
def test_a_batch_of_bad_rows_has_no_rows_but_their_types(change: dict[str, str]) -> None:
    result = measured(change, change)
    assert len(result.rows) == 0 and len(result.quarantine) == 2
    assert list(result.rows.dtypes) == list(measured({}).rows.dtypes)


def test_the_share_of_bad_rows_is_bounded() -> None:
    assert len(measured({"kind": "c"}, *[{}] * 9, share=0.1).quarantine) == 1
    with pytest.raises(ContractBroken) as caught:
        measured({"kind": "c"}, *[{}] * 9, share=0.09)
    message = str(caught.value)
    assert message.startswith("june.csv: 1 of 10 rows break a rule, more than the 9%")
    assert "row 1, column 'kind', value 'c', rule \"isin(['a', 'b'])\"" in message
    assert [(case.row, case.column, case.value) for case in caught.value.cases] == [(1, "kind", "c")]


def test_missing_columns_are_named_with_what_is_near() -> None:
    row = {"Key": "1", **{name: value for name, value in GOOD.items() if name != "share"}}
    with pytest.raises(ContractBroken) as caught:
        judged(Measured, row)
    assert "june.csv lacks the column 'key' (did you mean 'Key'?), 'share'" in str(caught.value)
    assert [case.column for case in caught.value.cases] == ["key", "share"]


def test_a_first_line_that_names_none_of_the_columns_is_no_header() -> None:
    with pytest.raises(ContractBroken) as caught:
        judged(Measured, {"110001": "110002", "Köln-Allee": "Ring", "0.5": "0.7"})
    assert "Its first line does not look like a header" in str(caught.value)
    assert "the file has: 110001, Köln-Allee, 0.5." in str(caught.value)
    for header in ({"KEY": "1", "x": "2"}, {"share": "1", "x": "2"}):
        with pytest.raises(ContractBroken) as caught:
            judged(Measured, header)
        assert "header" not in str(caught.value)


def test_an_unreadable_date_breaks_the_rule_of_the_declared_format() -> None:
    class Dated(pan.DataFrameModel):
        day: pd.Timestamp

    table = landed([{"day": "31.01.2015"}, {"day": "2015-01-31"}])
    spelled = FileFormat(dates="%d.%m.%Y")
    result = validate(table, Dated, source_file="june.csv", max_quarantined_share=1.0, file_format=spelled)
    assert reasons(result) == [(2, "day", "is a date written as %d.%m.%Y", "2015-01-31")]


@pytest.mark.parametrize("other", [{}, {"share": "7"}, {"share": "x"}])
def test_a_key_that_stands_twice_refuses_the_batch_whatever_else_is_wrong(other: dict[str, str]) -> None:
    with pytest.raises(ContractBroken) as caught:
        measured({"key": "7"}, {}, {"key": "07", **other})
    assert "june.csv, rows 1 and 3, column 'key': the key '7' stands more than once" in str(caught.value)
    assert [(case.row, case.value) for case in caught.value.cases] == [(1, "7"), (3, "07")]


def test_keys_of_several_columns() -> None:
    class Pairs(pan.DataFrameModel):
        team: str
        day: int

        class Config:
            unique = ["team", "day"]  # noqa: RUF012

    first = {"team": "x", "day": "1"}
    assert len(judged(Pairs, first, {**first, "day": "2"}).rows) == 2
    with pytest.raises(ContractBroken, match="rows 1 and 3, column 'team, day': the key 'x, 1'"):
        judged(Pairs, first, {**first, "team": "y"}, first)


def test_missing_values_are_no_doubles() -> None:
    class Optionally(pan.DataFrameModel):
        key: str = Field(unique=True, nullable=True)

    assert len(judged(Optionally, {"key": None}, {"key": None}, {"key": "1"}).rows) == 3


def test_a_check_over_the_whole_batch_refuses_it() -> None:
    class Total(pan.DataFrameModel):
        amount: int

        @pan.check("amount")
        @classmethod
        def adds_up(cls, values: pd.Series) -> bool:
            return bool(values.sum() == 10)

    class Table(pan.DataFrameModel):
        amount: int

        @pan.dataframe_check
        @classmethod
        def is_balanced(cls, frame: pd.DataFrame) -> bool:
            return bool(frame["amount"].sum() == 10)

    class Raising(pan.DataFrameModel):
        amount: int

        @pan.check("amount")
        @classmethod
        def explodes(cls, values: pd.Series) -> bool:
            raise RuntimeError("out of luck")

    assert len(judged(Total, {"amount": "4"}, {"amount": "6"}).rows) == 2
    with pytest.raises(ContractBroken, match=r"june.csv, column 'amount' breaks adds_up\. Mend"):
        judged(Total, {"amount": "4"})
    with pytest.raises(ContractBroken, match=r"june.csv breaks is_balanced\. Mend"):
        judged(Table, {"amount": "4"})
    with pytest.raises(ContractBroken, match=r"'amount' breaks explodes \(RuntimeError\(\"out of luck\"\)\)"):
        judged(Raising, {"amount": "4"})


def test_further_columns_and_their_order_do_not_count_unless_the_contract_is_strict() -> None:
    class Loose(pan.DataFrameModel):
        a: int
        b: int

    class Strict(Loose):
        class Config:
            strict = True

    rows = judged(Loose, {"further": "x", "b": "2", "a": "1"}).rows
    assert rows.to_dict("records") == [{"row_id": "june:000000001", "a": 1, "b": 2}]
    assert len(judged(Strict, {"a": "1", "b": "2"}).rows) == 1
    with pytest.raises(ContractBroken, match=r"june.csv has the column 'further', which the strict Strict"):
        judged(Strict, {"a": "1", "b": "2", "further": "x"})


def test_nullable_integers_booleans_defaults_aliases_and_optional_columns() -> None:
    class Rich(pan.DataFrameModel):
        count: int = Field(nullable=True, ge=0)
        flag: pd.BooleanDtype = Field(nullable=True)
        unit: str = Field(default="hours")
        level: int = Field(default=5)
        price: float = Field(alias="The price")
        maybe: Optional[int]  # noqa: UP045 (pandera reads it so)

        class Config:
            coerce = True

    empty = {"count": None, "flag": None, "unit": None, "level": None, "The price": "1"}
    rows = judged(Rich, empty, {**empty, "count": "9007199254740993", "level": "1"}).rows
    assert rows["count"].dtype == "Int64" and rows["count"].tolist() == [pd.NA, 9007199254740993]
    assert rows["unit"].tolist() == ["hours", "hours"] and rows["level"].tolist() == [5, 1]
    assert "maybe" not in rows
    bad = judged(Rich, {**empty, "count": "-1", "maybe": "1"}, {**empty, "level": "x", "maybe": "y"})
    assert [(row, column, value) for row, column, _, value in reasons(bad)] == [
        (1, "count", "-1"),
        (2, "level", "x"),
        (2, "maybe", "y"),
    ]


@pytest.mark.parametrize("setting", [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}])
def test_panderas_settings_do_not_switch_rules_off(setting: dict[str, Any]) -> None:
    with config_context(**setting):
        assert reasons(measured({"share": "2"})) == [(1, "share", "less_than_or_equal_to(1)", "2")]


class NullableInt(pan.DataFrameModel):
    a: int = Field(nullable=True)


class Pattern(pan.DataFrameModel):
    a: int = Field(alias="a_.+", regex=True)


class Parsing(pan.DataFrameModel):
    a: int

    @pan.dataframe_parser
    @classmethod
    def drop(cls, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["a"] > 0]


class Dropping(pan.DataFrameModel):
    a: int = Field(ge=0)

    class Config:
        drop_invalid_rows = True


class Limited(pan.DataFrameModel):
    a: int = Field(ge=0, n_failure_cases=1)


class Indexed(pan.DataFrameModel):
    a: int
    index: pan.typing.Index[int] = Field(ge=0)


class Money(pan.DataFrameModel):
    a: pan.Decimal


@pytest.mark.parametrize(
    ("contract", "what"),
    [
        (NullableInt, "column 'a' as nullable int64, which cannot hold a missing value"),
        (Pattern, "pattern for column names"),
        (Parsing, "parser"),
        (Dropping, "drop_invalid_rows"),
        (Limited, "n_failure_cases"),
        (Indexed, "index"),
        (Money, "column 'a': contracts know int, float"),
    ],
)
def test_what_a_contract_of_rows_cannot_mean_is_refused(contract: Any, what: str) -> None:
    with pytest.raises(BrokenCode, match=what) as caught:
        judged(contract, {"a": "-1"}, {"a": "-2"})
    assert str(caught.value).startswith(contract.__name__)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_faults_are_exactly_the_quarantine(seed: int) -> None:
    damaged, faults = plant_faults(generate(400, seed), RawEnrollee.to_schema(), 0.2, seed)
    texts = damaged.astype(object).where(damaged.notna(), None)
    rows = [
        {name: None if v is None else str(v) for name, v in row.items()} for row in texts.to_dict("records")
    ]
    result = judged(RawEnrollee, *rows)
    found = [(row, column, value) for row, column, _, value in reasons(result)]
    planted = [(f.row, f.column, None if f.value is None else str(f.value)) for f in faults.itertuples()]
    assert found == planted
    assert len(result.rows) == 400 - len(faults)


def test_the_real_data_keeps_the_contract(real_data: Any) -> None:
    texts = pd.read_csv(real_data / "job_change_train.csv", dtype=str, keep_default_na=False, na_values=[""])
    texts["target"] = texts["target"].str.removesuffix(".0")
    table = pa.Table.from_pandas(
        texts.assign(row_id=[f"r:{n:09}" for n in range(len(texts))]), preserve_index=False
    )
    result = validate(table, RawEnrollee, source_file="train", max_quarantined_share=0)
    assert len(result.rows) == len(texts)
