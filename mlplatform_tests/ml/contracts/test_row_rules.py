import csv
import io
import json
from typing import Any, Optional

import numpy as np
import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.defs.job_change.contracts import RawEnrollee
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.contracts import validate
from mlplatform.ml.contracts.plain_columns import FEW_ROWS
from mlplatform.ml.contracts.row_rules import RowRules, judge_rows
from mlplatform.ml.errors import BrokenCode
from mlplatform.ml.faults import plant_faults

pytestmark = pytest.mark.filterwarnings("ignore::pandera.errors.SchemaWarning")  # one rule only warns
Field = pan.Field
Row = dict[str, str | None]


class Plain(pan.DataFrameModel):
    """Every kind of column and rule that has a fast way."""

    key: int = Field(unique=True, ge=-5)
    share: float = Field(nullable=True, in_range={"min_value": 0, "max_value": 1, "include_max": False})
    kind: str = Field(isin=["a", "b", "c\n"])
    code: str = Field(str_matches=r"^z\d*$", nullable=True)
    name: str = Field(nullable=True, str_length={"min_value": 2, "max_value": 3}, ne="no")
    low: int = Field(gt=0, notin=[7])
    high: float = Field(le=9.5, lt=10)
    target: int = Field(isin=[0, 1])


class Special(pan.DataFrameModel):
    """What has none: other types, rules of one's own, rules over several columns or the whole batch."""

    when: pd.Timestamp
    size: pd.Int64Dtype = Field(nullable=True, ge=1)
    small: np.int8
    yes: bool
    kind: pd.CategoricalDtype = Field(dtype_kwargs={"categories": ["a", "b"], "ordered": False})
    low: int = Field(ge=0)
    high: float = Field(nullable=True, default=5.0)
    word: Optional[str] = Field(nullable=True)  # noqa: UP045 - pandera reads it
    target: int

    class Config:
        coerce = True

    @pan.check("low", element_wise=True)
    @classmethod
    def is_even(cls, value: int) -> bool:
        return value % 2 == 0

    @pan.check("high", name="is_low")
    @classmethod
    def is_small(cls, values: pd.Series) -> pd.Series:
        return values < 100

    @pan.check("low", raise_warning=True)
    @classmethod
    def only_warns(cls, values: pd.Series) -> pd.Series:
        return values < 0

    @pan.dataframe_check(error="low is below high")
    @classmethod
    def low_below_high(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["low"] <= frame["high"]

    @pan.dataframe_check
    @classmethod
    def fits_the_target(cls, frame: pd.DataFrame) -> pd.Series:
        return frame["target"] >= 0

    @pan.dataframe_check
    @classmethod
    def has_many_kinds(cls, frame: pd.DataFrame) -> bool:
        return bool(frame["low"].nunique() > 1000)


CELLS: dict[Any, dict[str, list[str | None]]] = {
    Plain: {
        "key": ["1", "0", "-5", "-6", "007", "1.0", "1e3", "x", "+1", "9" * 19, None],
        "share": ["0", "0.5", "1", "-0.0", "1e-3", "nan", "inf", " 0.5", None],
        "kind": ["a", "b", "c", "A", "c\n", "", None],
        "code": ["z", "z1", "z٣", "z\n", "q", None],
        "name": ["yes", "no", "x", "é́", "long name", None],
        "low": ["1", "7", "0", "2.5", "9223372036854775807", None],
        "high": ["9.5", "9.51", "1e400", "-1", "10", None],
    },
    Special: {
        "when": ["2026-01-31", "2026-01-31T10:00:00", "2026-01-31T10:00:00Z", "soon", None],
        "size": ["1", "0", "x", None],
        "small": ["1", "127", "300", None],
        "yes": ["true", "no", "2", None],
        "kind": ["a", "c", None],
        "low": ["2", "3", "-2", "200", None],
        "high": ["5", "1", "100", "x", None],
        "word": ["w", None],
    },
}


def rows_for(contract: Any, most: int = 5) -> st.SearchStrategy[list[Row]]:
    cells = {name: st.sampled_from(values) for name, values in CELLS[contract].items()}
    # mostly good rows, or hardly any would reach the rules
    good = {name: st.just(values[0]) for name, values in CELLS[contract].items()}
    either = {name: st.one_of(good[name], good[name], good[name], cells[name]) for name in cells}
    return st.lists(st.fixed_dictionaries(either), min_size=1, max_size=most)


def table_of(rows: list[Row], **further: list[str]) -> pa.Table:
    names = list(rows[0])
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    return pa.table({**columns, **further})


def as_a_batch(rows: list[Row], contract: Any) -> tuple[pd.DataFrame, set[tuple[Any, ...]]]:
    """What `validate` makes of the same rows, each as a batch of its own: pandera is the judge there."""
    good, broken = [], set()
    for at, row in enumerate(rows):
        landed = table_of([row], target=["1"], row_id=["june:1"])
        contract_alone = _without_rules_of_the_batch(contract)
        result = validate(landed, contract_alone, source_file="june.csv", max_quarantined_share=1.0)
        good.append(result.rows.drop(columns=["row_id", "target"]))
        for line in result.quarantine.itertuples():
            for one in json.loads(line.broken_rules):
                broken.add((at + 1, one["column"], one["rule"], one["value"]))
    return pd.concat(good, ignore_index=True), broken


class _without_rules_of_the_batch:  # noqa: N801 - stands where a contract stands
    def __init__(self, contract: Any) -> None:
        self._schema = contract.to_schema()
        self._schema.checks = [one for one in self._schema.checks if one.name != "has_many_kinds"]

    def to_schema(self) -> Any:
        return self._schema


@pytest.mark.parametrize("contract", [Plain, Special])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_request_is_judged_as_a_batch_is(contract: Any, data: st.DataObject) -> None:
    rows = data.draw(rows_for(contract))
    expected, broken = as_a_batch(rows, contract)
    try:
        frame = judge_rows(table_of(rows), contract, ["target"])
    except BadRequest as refusal:
        assert {(c.row, c.column, c.rule, c.value) for c in refusal.cases} == set(
            sorted(broken, key=lambda one: one[0])[:20]
        )
    else:
        assert not broken
        pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize("contract", [Plain, Special])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_fast_way_says_yes_only_where_the_full_way_does(contract: Any, data: st.DataObject) -> None:
    table, rules = table_of(data.draw(rows_for(contract))), RowRules(contract, ["target"])
    fast = rules._plainly_good(table)
    if fast is not None:
        pd.testing.assert_frame_equal(fast, rules._judged_in_full(table))


def test_good_rows_take_the_fast_way() -> None:
    for contract, cells in CELLS.items():
        table = table_of([{name: values[0] for name, values in cells.items()}])
        assert RowRules(contract, ["target"])._plainly_good(table) is not None


def test_generated_rows_of_the_shipped_use_case_are_judged_alike() -> None:
    frame, _ = plant_faults(generate(rows=300, seed=5), RawEnrollee.to_schema(), share=0.2, seed=5)
    rules = RowRules(RawEnrollee, ["target"])
    lines = csv.DictReader(io.StringIO(frame.drop(columns="target").to_csv(index=False)))
    rows: list[Row] = [{name: text or None for name, text in line.items()} for line in lines]
    refused = 0
    for row in rows:
        table = table_of([row])
        fast = rules._plainly_good(table)
        try:
            full = rules._judged_in_full(table)
        except BadRequest:
            refused += 1
            assert fast is None
        else:
            assert fast is not None
            pd.testing.assert_frame_equal(fast, full)
    assert 0 < refused < 300


def test_rules_of_a_whole_batch_mean_nothing_for_a_request() -> None:
    rows = [{name: values[0] for name, values in CELLS[Plain].items()}] * 2
    assert list(judge_rows(table_of(rows), Plain, ["target"])["key"]) == [1, 1]


def test_many_rows_are_judged_as_few_are() -> None:
    row = {name: values[0] for name, values in CELLS[Plain].items()}
    many = judge_rows(table_of([row] * (FEW_ROWS + 1)), Plain, ["target"])
    few = judge_rows(table_of([row] * FEW_ROWS), Plain, ["target"])
    pd.testing.assert_frame_equal(many.iloc[:FEW_ROWS], few)


def good(contract: Any, **changes: str | None) -> Row:
    return {**{name: values[0] for name, values in CELLS[contract].items()}, **changes}


def refusal_of(*rows: Row, contract: Any = Plain) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        judge_rows(table_of(list(rows)), contract, ["target"])
    return caught.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "q"},
            "row 2, column 'kind': 'q' breaks the rule \"isin(['a', 'b', 'c\\\\n'])\". Mend the row.",
        ),
        ({"low": None}, "row 2, column 'low': no value, which breaks the rule 'is present'. Mend the row."),
        ({"low": "1.5"}, "row 2, column 'low': '1.5' breaks the rule 'is an int'. Mend the row."),
    ],
)
def test_a_refusal_names_row_column_value_and_rule(change: Row, message: str) -> None:
    assert str(refusal_of(good(Plain), good(Plain, **change))) == message


def test_a_rule_over_several_columns_names_the_row() -> None:
    refusal = refusal_of(good(Special, low="200", high="2"), contract=Special)
    assert str(refusal) == "row 1 breaks the rule 'low is below high'. Mend the row."


def test_cases_come_by_row_and_at_most_twenty() -> None:
    refusal = refusal_of(*[good(Plain, kind=None, low="x")] * 15)
    assert len(refusal.cases) == 20 and str(refusal).endswith("29 more cases.")
    assert [(case.row, case.column) for case in refusal.cases[:3]] == [(1, "kind"), (1, "low"), (2, "kind")]


def test_a_missing_column_is_named_with_what_was_probably_meant() -> None:
    row = good(Plain)
    row["knd"] = row.pop("kind")
    refusal = refusal_of(row)
    assert str(refusal).startswith("the request lacks the column 'kind' (did you mean 'knd'?).")


def test_an_optional_column_may_be_missing_but_not_misspelled() -> None:
    row = good(Special)
    del row["word"]
    assert "word" not in judge_rows(table_of([row]), Special, ["target"])
    assert "word" not in judge_rows(table_of([{**row, "target": "1"}]), Special, ["target"])
    refusal = refusal_of({**row, "wrod": "x"}, contract=Special)
    assert str(refusal).startswith("the request has the unknown column 'wrod' (did you mean 'word'?).")


class Failing(pan.DataFrameModel):
    key: int
    target: int

    @pan.check("key")
    @classmethod
    def looks_elsewhere(cls, values: pd.Series) -> pd.Series:
        raise KeyError("elsewhere")


def test_a_rule_that_fails_is_the_contracts_fault() -> None:
    with pytest.raises(BrokenCode, match="the rule 'looks_elsewhere' of Failing fails"):
        judge_rows(table_of([{"key": "1"}]), Failing, ["target"])
